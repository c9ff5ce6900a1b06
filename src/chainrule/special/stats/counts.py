"""Distributions of counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.distributions import Discrete, Mass

__all__ = ["bernoulli", "betabinom", "binom", "geom", "nbinom", "poisson"]

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

    def _vanishing(self, k: Array, *shapes: Array) -> Array:
        return F.logical_and(F.equal(shapes[0], 0.0), F.greater(k, 0.0))

    def _power(self, k: Array, *shapes: Array) -> Array:
        return F.power(shapes[0], k) * F.exp(-shapes[0] - F.gammaln(k + 1.0))

    def _cdf(self, k: Array, *shapes: Array) -> Array:
        return F.gammaincc(k + 1.0, shapes[0])

    def _sf(self, k: Array, *shapes: Array) -> Array:
        return F.gammainc(k + 1.0, shapes[0])

    def _logcdf(self, k: Array, *shapes: Array) -> Array:
        return F.log_gammaincc(k + 1.0, shapes[0])

    def _logsf(self, k: Array, *shapes: Array) -> Array:
        return F.log_gammainc(k + 1.0, shapes[0])


class _Binomial(Discrete):
    """The number of successes in `n` trials, each of probability `p`.

    Its log probability does not cancel for a large n.

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
        return F.log_beta_density(k + 1.0, n - k + 1.0, p) - F.log(n + 1.0)

    def _vanishing(self, k: Array, *shapes: Array) -> Array:
        n, p = shapes
        never = F.logical_and(F.equal(p, 0.0), F.greater(k, 0.0))
        return F.logical_or(never, F.logical_and(F.equal(p, 1.0), F.less(k, n)))

    def _power(self, k: Array, *shapes: Array) -> Array:
        n, p = shapes
        ways = F.gammaln(n + 1.0) - F.gammaln(k + 1.0) - F.gammaln(n - k + 1.0)
        return F.power(p, k) * F.power(1.0 - p, n - k) * F.exp(ways)

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


class _Geometric(Discrete):
    """The number of trials, each of probability `p`, up to the first success and with it.

    >>> from chainrule.special import stats
    >>> print(f"{stats.geom.pmf(3, 0.25):.6f}")
    0.140625
    """

    name = "geom"
    shapes = ("p",)
    first = 1.0

    def _check(self, name: str, value: Any) -> None:
        self._require(name, value, (value > 0) & (value <= 1), "is positive and at most 1")

    def _logpmf(self, k: Array, *shapes: Array) -> Array:
        return _times_log(k - 1.0, 1.0 - shapes[0]) + F.log(shapes[0])

    def _cdf(self, k: Array, *shapes: Array) -> Array:
        return -F.expm1(k * F.log1p(-shapes[0]))

    def _sf(self, k: Array, *shapes: Array) -> Array:
        return F.exp(k * F.log1p(-shapes[0]))

    def _logsf(self, k: Array, *shapes: Array) -> Array:
        return k * F.log1p(-shapes[0])


class _NegativeBinomial(Discrete):
    """The number of failures before success number `n`, a positive number, in trials of probability `p`.

    >>> from chainrule.special import stats
    >>> print(f"{stats.nbinom.pmf(2, 3.5, 0.4):.6f}")
    0.114753
    """

    name = "nbinom"
    shapes = ("n", "p")

    def _check(self, name: str, value: Any) -> None:
        if name == "n":
            super()._check(name, value)
        else:
            self._require(name, value, (value > 0) & (value <= 1), "is positive and at most 1")

    def _logpmf(self, k: Array, *shapes: Array) -> Array:
        n, p = shapes
        return F.log_beta_density(n, k + 1.0, p) + F.log(p) - F.log(n + k)

    def _cdf(self, k: Array, *shapes: Array) -> Array:
        return F.betainc(shapes[0], k + 1.0, shapes[1])

    def _sf(self, k: Array, *shapes: Array) -> Array:
        return F.betaincc(shapes[0], k + 1.0, shapes[1])


class _BetaBinomial(Mass):
    """The number of successes in `n` trials whose probability has the beta distribution of the shapes `a` and `b`.

    >>> from chainrule.special import stats
    >>> print(f"{stats.betabinom.pmf(2, 5, 2.0, 3.0):.6f}")
    0.238095
    """

    name = "betabinom"
    shapes = ("n", "a", "b")

    def _check(self, name: str, value: Any) -> None:
        if name == "n":
            self._require(name, value, (value >= 0) & (value == np.floor(value)), "is a whole number of at least 0")
        else:
            super()._check(name, value)

    def _last(self, *shapes: Array) -> Array:
        return shapes[0]

    def _logpmf(self, k: Array, *shapes: Array) -> Array:
        n, a, b = shapes
        ways = -F.betaln(n - k + 1.0, k + 1.0) - F.log(n + 1.0)
        return ways + F.betaln(k + a, n - k + b) - F.betaln(a, b)


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

geom = _Geometric()
"""The geometric distribution, from 1 on: logpmf, pmf, cdf, sf, logcdf and logsf, each of (k, p, loc=0)."""

nbinom = _NegativeBinomial()
"""The negative binomial distribution: logpmf, pmf, cdf, sf, logcdf and logsf, each of (k, n, p, loc=0)."""

betabinom = _BetaBinomial()
"""The beta-binomial distribution: logpmf and pmf, each of (k, n, a, b, loc=0)."""
