"""What the fields of a frozen record of settings may be; each check names the record and the field."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.plain_numbers import whole_number
from chainrule.errors import ArgumentError

__all__ = ["count", "nonnegative", "positive", "share"]

MOST = 10**12  # of what is counted


def share(record: Any, *names: str) -> None:
    """Raise `ArgumentError` unless each of these fields is a number from 0 up to 1, and not 1."""
    _number(record, names, lambda value: 0 <= value < 1, "a number from 0 up to 1, and not 1")


def positive(record: Any, *names: str) -> None:
    """Raise `ArgumentError` unless each of these fields is a positive finite number."""
    _number(record, names, lambda value: 0 < value < math.inf, "a positive finite number")


def nonnegative(record: Any, *names: str) -> None:
    """Raise `ArgumentError` unless each of these fields is a finite number, 0 or more."""
    _number(record, names, lambda value: 0 <= value < math.inf, "a finite number, 0 or more")


def count(record: Any, *names: str) -> None:
    """Raise `ArgumentError` unless each of these fields is a whole number, 1 or more, and no absurd one."""
    for name in names:
        whole = whole_number(getattr(record, name), f"{type(record).__name__}: {name}", 1, MOST)
        object.__setattr__(record, name, whole)


def _number(record: Any, names: tuple[str, ...], fits: Callable[[float], bool], expected: str) -> None:
    for name in names:
        value = getattr(record, name)
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise _refused(record, name, expected)
        if (isinstance(value, int) and abs(value) > 1e300) or not fits(float(value)):
            raise _refused(record, name, expected)
        # A NumPy number would widen float32 parameters, and print as one.
        object.__setattr__(record, name, float(value))


def _refused(record: Any, name: str, expected: str) -> ArgumentError:
    return ArgumentError(f"{type(record).__name__}: {name} is {getattr(record, name)!r:.60}, expected {expected}")
