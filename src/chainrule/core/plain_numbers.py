"""Settings that are one number: a count, a rate. What is given is checked, and becomes Python's."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError

__all__ = ["positive_number", "whole_number"]

_TRUTHS = (bool, np.bool_)


def whole_number(value: Any, name: str, least: int = 1, most: int | None = None) -> int:
    """A whole number as Python's; raises `ArgumentError` for what is none, or out of range.

    >>> whole_number(True, "steps")
    Traceback (most recent call last):
        ...
    chainrule.errors.ArgumentError: steps is True, expected a whole number, 1 or more
    """
    try:
        found = None if isinstance(value, _TRUTHS) else operator.index(value)
    except TypeError:
        found = None
    if found is None or found < least or (most is not None and found > most):
        expected = f", {least} or more" if most is None else f" from {least:,} to {most:,}"
        raise ArgumentError(f"{name} is {value!r:.60}, expected a whole number{expected}")
    return found


def positive_number(value: Any, name: str, expected: str = "a positive number") -> float:
    """A positive finite number as Python's; raises `ArgumentError` for anything else, a number in a text too.

    >>> positive_number(np.float32(0.5), "learning_rate")
    0.5
    """
    try:
        if type(value) is not float and (
            isinstance(value, bool | np.bool_ | str | bytes) or np.ndim(value) or np.iscomplexobj(value)
        ):
            raise TypeError
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(f"{name} is {value!r:.60}, expected {expected}") from None
    if not 0 < found < math.inf:
        raise ArgumentError(f"{name} is {found:g}, expected {expected.replace('positive', 'positive finite', 1)}")
    return found
