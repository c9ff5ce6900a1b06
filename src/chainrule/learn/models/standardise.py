"""Columns centred and scaled for the descent, and the coefficients carried back to the scale of the user's data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Standardisation", "standardisation"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Standardisation:
    """Z = (X / unit - centre) / spread, a column at a time.

    Attributes:
        unit: a power of two near the largest size of a column, so that no sum of its values overflows; shape (d,).
        centre: the mean of X / unit, or 0 where the origin is kept; shape (d,).
        spread: the standard deviation of X / unit, 1 for a constant column; shape (d,).
    """

    unit: Array
    centre: Array
    spread: Array

    def __call__(self, X: Array) -> Array:
        """X on the scale of the descent; shape (N, d)."""
        return (X / self.unit - self.centre) / self.spread

    def restore(self, Z: Array) -> Array:
        """What `self(X)` came from."""
        return (Z * self.spread + self.centre) * self.unit

    @property
    def scale(self) -> Array:
        """One step of Z, in units of X; shape (d,)."""
        return self.spread * self.unit

    def to_user(self, w: Array, b: Array | float) -> tuple[Array, Array]:
        """The weights and the bias on X of the map Z w + b; w has the shape (d,) or (d, k)."""
        per_unit = (w.T / self.spread).T
        return (per_unit.T / self.unit).T, b - self.centre @ per_unit


def standardisation(
    X: Array, weights: Array | None = None, *, centred: bool = True, ridge: float = 0.0
) -> Standardisation:
    """The scale on which the mean squares of all columns are 1, the curvature of a penalty counted in.

    With ridge = r a column is divided by sqrt(var + r): the Hessian of mean((y - X w - b)^2)/2 + r sum(w^2)/2 then has
    a unit diagonal, whatever the units of X are, and so a descent in w * scale suffers from no
    choice of them.

    Args:
        X: the columns, finite, shape (N, d).
        weights: of the rows, positive, shape (N,).
        centred: whether to subtract the mean; without an intercept the origin has to stay.
        ridge: the penalty's curvature per row, in units of X.
    """
    largest = np.max(np.abs(X), axis=0)
    # The exponent of the largest double is 1024, one more than a power of two may have.
    unit = np.ldexp(1.0, np.clip(np.frexp(largest)[1], -1000, 1000))
    scaled = X / unit
    centre = np.average(scaled, axis=0, weights=weights) if centred else np.zeros(X.shape[1])
    if centred:
        # The mean of equal numbers may be off by a rounding, which would be blown up to a column of ones.
        constant = np.min(scaled, axis=0) == np.max(scaled, axis=0)
        centre = np.where(constant, scaled[0], centre)
    variance = np.average((scaled - centre) ** 2, axis=0, weights=weights)
    spread = np.hypot(np.sqrt(variance), np.sqrt(ridge) / unit)
    return Standardisation(unit, centre, np.where(spread > 0, spread, 1.0))
