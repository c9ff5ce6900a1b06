"""Polynomials fitted to samples of a function, and their derivatives at the centre with an error bar.

This is Richardson extrapolation as a regression: interpolating ever more samples, as Richardson's table does, is the
case without spare samples. With spare ones the samples tell their own noise, and it is averaged.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["SUSPECT", "Fit", "fit", "steepest"]

Vector: TypeAlias = NDArray[np.float64]

# Samples left over to tell the noise, at least.
SPARE = 3

# How many standard deviations make the error bar, by the number of spare samples: the quantiles of Student's t at
# 95 in 100, and a margin on them because the best of many fits is taken, which is often the luckiest.
MARGIN = 3.0
STUDENT = MARGIN * np.array([np.inf, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23])
# Residuals this many times what rounding accounts for are something else.
SUSPECT = 64
# The value is a rounded sum.
FINAL = 2 * 2.0**-52
# That of the factorisation, for values of size 1: it reproduces the polynomials to this only.
ARITHMETIC = 8 * 2.0**-52


@dataclass(frozen=True, slots=True)
class Fit:
    """A derivative of the polynomial that fits samples best, with its error bar, and what is said of the noise.

    `carried` is the part of the bar that noise accounts for, the rest is truncation. `radius` is the largest distance
    of a sample, `size` the largest value and `bend` that of what no polynomial of lower order explains, `noise` the
    standard deviation of what the polynomial leaves, `floor` what rounding alone accounts for, and `slope` the first
    derivative.
    """

    value: float
    error: float
    carried: float
    slope: float
    radius: float
    size: float
    bend: float
    noise: float
    floor: float

    def suspicious(self, spacing: float, times: float = SUSPECT) -> bool:
        """Whether it leaves so many times more over than rounding: that of the values, and of arguments on a grid.

        A function that rounds its argument, as sin(1e6 x) does, trembles by its slope times the spacing of arguments.
        """
        return self.noise > times * max(self.floor, spacing * abs(self.slope))


def fit(t: Sequence[float], v: Sequence[float], order: int, floor: float) -> Fit | None:
    """The derivative of given order at 0 of the polynomial through v(0) = 0 that fits the samples v(t) best.

    Of all degrees the one with the smallest error bar is taken. The bar of a degree is the noise that its residuals
    show, at least `floor`, carried through the weights that the derivative gives to the samples; and twice
    the larger of the next two terms, which is the truncation. Returns None if there are too few samples, or if one is
    not finite.

    The degrees cost one factorisation: in polynomials that are orthogonal over the samples the coefficients do not
    change with the degree. Source: G. E. Forsythe, J. SIAM 5(2), 1957, 74-88.
    """
    values = np.array([*v, 0.0])
    size = float(np.abs(values).max())
    count = len(values)
    if not math.isfinite(size) or count < order + 1 + SPARE:
        return None
    distances = np.array([*t, 0.0])
    radius = float(np.abs(distances).max())
    basis, triangle = np.linalg.qr(_chebyshev(distances / radius))
    scale = size or floor
    coefficients = basis.T @ (values / scale)
    # Row k: the k-th derivative at 0 of each orthonormal polynomial.
    derivatives = np.linalg.solve(triangle.T, _derivatives_at_zero(count, order)).T
    terms = coefficients * derivatives[1]
    size_of_weights = np.sqrt(np.cumsum(derivatives[1] ** 2))
    # Entry k is what a polynomial of degree order + k leaves over, and what it leaves out.
    spare = np.arange(count - 1 - order, SPARE - 1, -1)
    tails = np.sqrt(np.cumsum(coefficients[::-1] ** 2)[::-1][order + 1 : count - SPARE + 1] / spare)
    # Twice, because noise may hide a part of it.
    left_out = np.abs(terms[order + 1 :])
    omitted = 2 * np.maximum(left_out[:-1], left_out[1:])[: len(spare)]
    noises = np.maximum(tails, floor / scale)
    bars = (STUDENT[np.minimum(spare, 10)] * noises + ARITHMETIC) * size_of_weights[order : count - SPARE]
    best = int(np.argmin(bars + omitted))
    last = order + best + 1
    noise, carried = float(noises[best]), float(bars[best])
    bar = carried + float(omitted[best])
    value = float(terms[:last].sum())
    slope = float(coefficients[:last] @ derivatives[0, :last])
    value, bar, carried = value * scale, bar * scale, carried * scale
    # One distance after another: a power of them may overflow where the derivative does not.
    for _ in range(order):
        value, bar, carried = value / radius, bar / radius, carried / radius
    return Fit(
        value=value,
        error=bar + FINAL * abs(value),
        carried=carried + FINAL * abs(value),
        slope=slope / radius * scale,
        radius=radius,
        size=size,
        bend=float(np.linalg.norm(coefficients[order:])) * scale,
        noise=noise * scale,
        floor=floor,
    )


def steepest(order: int) -> float:
    """The largest derivative at 0 that a polynomial of two degrees more can have if it is within 1 from -1 to 1.

    >>> steepest(1)
    3.0
    """
    return float(abs(_derivatives_at_zero(order + 3, order)[order + 2, 1]))


def _chebyshev(u: Vector) -> Vector:
    # Columns T_0 .. T_(n-1) at the n places u: far better conditioned than powers.
    columns = np.empty((len(u), len(u)))
    columns[:, 0], columns[:, 1] = 1.0, u
    for j in range(2, len(u)):
        columns[:, j] = 2 * u * columns[:, j - 1] - columns[:, j - 2]
    return columns


@lru_cache(maxsize=256)
def _derivatives_at_zero(count: int, order: int) -> Vector:
    # T_j^(k)(0) for k = 1 and k = order, by the recurrence of T_j differentiated k times.
    table = np.zeros((order + 1, count))
    table[0, 0] = 1.0
    if order:
        table[1, 1] = 1.0
    for j in range(2, count):
        for k in range(order + 1):
            table[k, j] = 2 * k * table[k - 1, j - 1] - table[k, j - 2] if k else -table[k, j - 2]
    return np.ascontiguousarray(table[[1, order]].T)
