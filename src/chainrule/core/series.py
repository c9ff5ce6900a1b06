"""Pieces that several entries evaluate with, in NumPy alone: differences that do not cancel, and Stirling's series.

Each stands alone, since emitted code takes its text along. There it stands beside the user's names: hence the
underscores.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__: list[str] = []  # taken by name, for entries alone

# B_2 / (1 2), B_4 / (3 4), ...
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)


def _factorial(n: Any) -> Any:
    total = 1
    for k in range(2, n + 1):
        total = total * k
    return total


def _stirling_rest(x: Any) -> Any:
    # x >= 8: ln Gamma(x) - ((x - 1/2) ln x - x + ln(2 pi) / 2)
    y = 1 / (x * x)
    total: Any = 0.0
    for n in range(len(_STIRLING), 0, -1):
        total = total * y + _STIRLING[n - 1]
    return total / x


def _log_ratio(x: Any, y: Any) -> Any:
    # ln(x / y) for positive numbers whose quotient may overflow
    near = np.abs(x - y) < 0.5 * np.abs(y)
    quotient = np.where(near, (x - y) / np.where(near, y, 1.0), 0.0)
    return np.where(near, np.log1p(quotient), np.log(np.where(near, 1.0, x)) - np.log(np.where(near, 1.0, y)))[()]


def _deviance(x: Any, y: Any) -> Any:
    # x ln(x / y) - x + y, for x > 0 and y > 0: near x = y by v = (x - y) / (x + y), in which the series has odd
    # powers only (Loader 2000, Fast and accurate computation of binomial probabilities)
    near = np.abs(x - y) < 0.1 * (x + y)
    v = np.where(near, (x - y) / np.where(near, x + y, 1.0), 0.0)
    total: Any = 0.0
    for n in range(11, 0, -1):
        total = (total + 1 / (2 * n + 1)) * v * v
    series = (x - y) * v + 2 * x * v * total
    return np.where(near, series, x * _log_ratio(x, np.where(near, x, y)) - x + y)[()]


def _log_gamma_density(a: Any, x: Any) -> Any:
    # (a - 1) ln x - x - ln Gamma(a): from a = 16 on by Loader's saddle point, with the large terms taken together;
    # below by the recurrence of the gamma function
    dtype = np.result_type(a, x, 1.0)
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    with np.errstate(all="ignore"):
        raised, product = np.where(a < 16, a, 16.0), np.ones(a.shape)
        for _ in range(16):
            product = product * np.where(raised < 16, raised, 1.0)
            raised = np.where(raised < 16, raised + 1, raised)
        large = np.where(a < 16, raised, a)
        rest = _stirling_rest(large) + 0.5 * np.log(2 * np.pi / large)
        gammaln = large * np.log(large) - large + rest - np.log(product)
        t = np.where((x > 0) & np.isfinite(x), x, 1.0)
        out = np.where(a < 16, (a - 1) * np.log(t) - t - gammaln, -_deviance(large, t) - rest - np.log(t))
        end = np.where(a == 1, 0.0, np.where(a > 1, -np.inf, np.inf))
        out = np.where(x == 0, end, np.where(x == np.inf, -np.inf, out))
        return np.where((a > 0) & (x >= 0), out, np.nan).astype(dtype)[()]


def _exp_minus_1_minus(w: Any) -> Any:
    # exp(w) - 1 - w
    small = np.where(np.abs(w) < 0.5, w, 0.0)
    total: Any = 0.0
    for n in range(16, 1, -1):
        total = (total + 1.0) * small / n
    return np.where(np.abs(w) < 0.5, total * small, np.expm1(w) - w)


def _half_line(ndim: Any, size: Any) -> Any:
    # nodes and weights, along a first axis, for integrals from 0 to infinity of what decays like exp(-s): the
    # trapezoidal rule in v for s = exp(v - exp(-v)) (Takahasi and Mori 1974); few at a time for many numbers
    step, width = 1 / 24, max(1, 50000 // max(size, 1))
    blocks = []
    for first in range(-90, 186, width):
        v = step * np.arange(first, min(first + width, 186)).reshape(-1, *[1] * ndim)
        s = np.exp(v - np.exp(-v))
        blocks.append((s, step * s * (1 + np.exp(-v))))
    return blocks
