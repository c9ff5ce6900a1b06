"""Derivatives of formulas at single numbers run as emitted source: what `source` shows is what is computed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from chainrule.calculus.compiled import Compiled

__all__ = ["emitted_at_numbers"]


def emitted_at_numbers(function: Callable[..., Any], f: Any) -> Callable[..., Any]:
    """The function itself; that of a formula `f` runs as plain Python where every argument is a float.

    It is not traced again at each call, which takes a hundred times as long for one number. Arrays, keywords and
    anything else go to the function as it is, since code for arrays is made for one shape.
    """
    if not isinstance(f, str):
        return function
    compiled = Compiled(function)

    @wraps(function)
    def at_numbers(*args: Any, **kwargs: Any) -> Any:
        if kwargs or not all(type(x) is float or type(x) is np.float64 for x in args):
            return function(*args, **kwargs)
        return compiled(*map(float, args))

    return at_numbers
