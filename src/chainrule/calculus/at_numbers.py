"""Derivatives of formulas run as emitted source: what `source` shows is what is computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from chainrule.calculus.compiled import Compiled

__all__ = ["OFTEN", "emitted_at_numbers"]

OFTEN = 50  # calls with arrays of one kind, after which code is emitted for them


def emitted_at_numbers(function: Callable[..., Any], f: Any) -> Callable[..., Any]:
    """The function itself; that of a formula `f` runs as plain Python where every argument is a float.

    It is not traced again at each call, which takes a hundred times as long for one number. Arrays go to the function
    as it is, until there were many of the same shapes and dtypes: then they go to NumPy code, which computes and warns
    as the function does. Keywords and anything else go to the function as it is.
    """
    if not isinstance(f, str):
        return function
    # A kernel says nothing where NumPy warns, and nobody has asked for one here.
    compiled = Compiled(function, smallest=math.inf, patience=OFTEN)

    @wraps(function)
    def at_numbers(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            return function(*args, **kwargs)
        found = compiled.in_short(*args)
        if found is not NotImplemented:
            return found
        kinds = {type(x) for x in args}
        if kinds <= {float, np.float64}:
            return compiled(*map(float, args))
        if kinds <= {float, np.float64, np.ndarray}:
            return compiled(*args)
        return function(*args)

    return at_numbers
