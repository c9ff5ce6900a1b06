"""NumPy's functions that make an array after the form of another: a traced one can be written into."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.read.arguments import cast

__all__: list[str] = []

F = evaluating


def _shaped(made: Any, dtype: Any, shape: Any) -> Any:
    """An array of equal components in another shape and dtype."""
    if shape is not None:
        sizes = tuple(operator.index(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,)))
        made = F.broadcast_to(made, shape=sizes)
    return cast(made, dtype)


def _zeros(a: Any, shape: Any) -> Any:
    zeros = F.zeros_like(a)
    # Of another shape: the sum of zeros is one zero, whatever the size of a.
    return zeros if shape is None else F.sum(zeros, axis=tuple(range(a.ndim)), keepdims=False)


@answers(np.zeros_like, np.empty_like)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    return _shaped(_zeros(a, shape), dtype, shape)


@answers(np.ones_like)
def _ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    return _shaped(F.ones_like(_zeros(a, shape)), dtype, shape)


@answers(np.full_like)
def _full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    return F.set_item(zeros_like(a, dtype, shape=shape), fill_value, pattern=(...,))


@answers(np.copy)
def _copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    return F.copy(a)
