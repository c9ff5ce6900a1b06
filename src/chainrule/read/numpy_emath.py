"""NumPy's functions with an automatic domain, `numpy.emath`: complex where the real function is not defined.

Which of the two it is depends on values, as in NumPy: a branch that the trace records.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.read.arguments import array

__all__: list[str] = []


def _wide(x: Any, outside: Callable[[Any], Any]) -> Any:
    """The array, a complex one where a real component is outside of the domain."""
    x = array(x)
    if x.dtype.kind != "c" and bool(np.any(outside(x))):
        return x.astype(np.result_type(x.dtype, np.complex64))
    return x


def _negative(x: Any) -> Any:
    return np.less(x, 0)


def _beyond_one(x: Any) -> Any:
    return np.greater(np.abs(x), 1)


def _widened(function: Callable[[Any], Any], outside: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(_wide(x, outside))


for _name, _outside in {
    "sqrt": _negative,
    "log": _negative,
    "log2": _negative,
    "log10": _negative,
    "arccos": _beyond_one,
    "arcsin": _beyond_one,
    "arctanh": _beyond_one,
}.items():
    answers(getattr(np.emath, _name))(_widened(getattr(np, _name), _outside))


@answers(np.emath.logn)
def _logn(n: Any, x: Any) -> Any:
    return np.log(_wide(x, _negative)) / np.log(_wide(n, _negative))


@answers(np.emath.power)
def _power(x: Any, p: Any) -> Any:
    p = array(p)
    if p.dtype.kind in "iu" and bool(np.any(_negative(p))):
        p = p.astype(float)
    return np.power(_wide(x, _negative), p)
