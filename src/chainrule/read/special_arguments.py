"""What the functions of `chainrule.special` share: their arguments as arrays of floating-point numbers, and axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.shapes import Array
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError, TraceError

__all__ = ["Axis", "axes", "fixed", "floating", "real"]

Axis = int | tuple[int, ...] | None


def floating(x: Any) -> Array:
    """A traced value as it is, numbers and lists of them as a plain array; integers become float64."""
    if isinstance(x, Traced):
        return x.astype(np.float64) if x.dtype.kind in "biu" else x
    try:
        array = np.asarray(x)
    except ValueError:  # rows of different lengths
        raise ArgumentError(f"expected numbers, not {x!r:.60}") from None
    if array.dtype.kind not in "biufc":
        raise ArgumentError(f"expected numbers, not {x!r:.60}")
    # Of small integers NumPy computes functions in half precision.
    return array.astype(np.float64) if array.dtype.kind in "biu" else array


def axes(x: Array, axis: Axis) -> tuple[int, ...]:
    """An axis, several, or None for all as different non-negative numbers in rising order."""
    if axis is None:
        return tuple(range(x.ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    found = tuple(a + x.ndim if a < 0 else a for a in given)
    if any(not 0 <= a < x.ndim for a in found) or len(set(found)) < len(found):
        raise ArgumentError(
            f"axis {axis} of an array of shape {x.shape}: expected an axis from {-x.ndim} to {x.ndim - 1}"
        )
    return tuple(sorted(found))


def real(x: Any) -> Array:
    """As `floating`, for a function of real numbers; raises `ArgumentError` for complex ones."""
    array = floating(x)
    if array.dtype.kind == "c":
        raise ArgumentError("expected real numbers, not complex ones: the function is defined for these alone here")
    return array


def fixed(value: Any, what: str, least: int | None = None) -> Any:
    """A parameter by which there is no derivative, as a Python number; with `least` a whole one, no smaller than that.

    Raises:
        TraceError: it is traced.
        ArgumentError: it is no single number, or not a whole one.
    """
    if isinstance(value, Traced):
        raise TraceError(
            f"there is no derivative by {what}\n"
            "  take it as a constant with chainrule.value, or let chainrule.numeric_rule differentiate by differences"
        )
    if np.ndim(value) or np.asarray(value).dtype.kind not in "iuf":
        raise ArgumentError(f"{what} is one real number, not {value!r:.60}: call the function once for each, and stack")
    number = np.asarray(value).item()
    if not np.isfinite(number):
        raise ArgumentError(f"{what} is a finite number, not {number}")
    if least is not None and (number != int(number) or number < least):
        raise ArgumentError(f"{what} is a whole number of at least {least}, not {value!r:.60}")
    return int(number) if number == int(number) else number
