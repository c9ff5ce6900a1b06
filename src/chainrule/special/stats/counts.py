"""Distributions of counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.distributions import Discrete

__all__ = ["bernoulli", "binom", "poisson"]

F = evaluating


class _Poisson(Discrete):
    """The Poisson distribution with mean `mu`.

    Its log probability does not cancel for a large mu.

    >>> from chainrule.special import stats
    >>> print(f"{stats.poisson.logpmf(10**10, 1e10):.10f}")
    -12.4318639982
    """

    name = "poisson"
    shapes = ("mu",)

    def _check(self, name: str, value: Any) -> None:
        self._require(name, value, ~(value < 0), "is at least 0")

    def _logpmf(self, k: Array, *shapes: Array) -> Array:
        return F.log_gamma_density(k + 1.0, shapes[0])

    def _cdf(self, k: Array, *shapes: Array) -> Array:
        return F.gammaincc(k + 1.0, shapes[0])

    def _sf(self, k: Array, *shapes: Array) -> Array:
        return F.gammainc(k + 1.0, shapes[0])


class _Binomial(Discrete):
    """The number of successes in `n` trials, each of probability `p`.

    >>> from chainrule.special import stats
    >>> print(f"{stats.binom.pmf(2, 4, 0.5):.4f}")
    0.3750
    """

    name = "binom"
    shapes = ("n", "p")

    def _check(self, name: str, value: Any) -> None:
        if name == "n":
            self._require(name, value, (value >= 0) & (value == np.floor(value)), "is a whole number of at least 0")
        else:
            self._require(name, value, (value >= 0) & (value <= 1), "lies between 0 and 1")

    def _last(self, *shapes: Array) -> Array:
        return shapes[0]

    def _logpmf(self, k: Array, *shapes: Array) -> Array:
        n, p = shapes
        ways = -F.betaln(n - k + 1.0, k + 1.0) - F.log(n + 1.0)
        return ways + _times_log(k, p) + _times_log(n - k, 1.0 - p)

    def _cdf(self, k: Array, *shapes: Array) -> Array:
        return F.betaincc(k + 1.0, shapes[0] - k, shapes[1])

    def _sf(self, k: Array, *shapes: Array) -> Array:
        return F.betainc(k + 1.0, shapes[0] - k, shapes[1])


class _Bernoulli(Discrete):
    """1 with probability `p`, and 0 else.

    >>> from chainrule.special import stats
    >>> stats.bernoulli.pmf(1, 0.25)
    np.float64(0.25)
    """

    name = "bernoulli"
    shapes = ("p",)

    def _check(self, name: str, value: Any) -> None:
        self._require(name, value, (value >= 0) & (value <= 1), "lies between 0 and 1")

    def _last(self, *shapes: Array) -> Array:
        return 1.0

    def _logpmf(self, k: Array, *shapes: Array) -> Array:
        return _times_log(k, shapes[0]) + _times_log(1.0 - k, 1.0 - shapes[0])

    def _cdf(self, k: Array, *shapes: Array) -> Array:
        return 1.0 - shapes[0] + 0.0 * k

    def _sf(self, k: Array, *shapes: Array) -> Array:
        return shapes[0] + 0.0 * k


def _times_log(k: Array, p: Array) -> Array:
    """k ln p, which is 0 for k = 0 also where p is 0, with derivative 0."""
    counted = F.not_equal(k, 0.0)
    return k * F.log(F.where(counted, p, 1.0))


poisson = _Poisson()
"""The Poisson distribution: logpmf, pmf, cdf, sf, logcdf and logsf, each of (k, mu, loc=0)."""

binom = _Binomial()
"""The binomial distribution: logpmf, pmf, cdf, sf, logcdf and logsf, each of (k, n, p, loc=0)."""

bernoulli = _Bernoulli()
"""The Bernoulli distribution: logpmf, pmf, cdf, sf, logcdf and logsf, each of (k, p, loc=0)."""
