"""What the functions of `chainrule.special` share: their arguments as arrays of floating-point numbers, and axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.shapes import Array
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError

__all__ = ["Axis", "axes", "floating"]

Axis = int | tuple[int, ...] | None


def floating(x: Any) -> Array:
    """A traced value as it is, numbers and lists of them as a plain array; integers become float64."""
    if isinstance(x, Traced):
        return x
    array = np.asarray(x)
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
