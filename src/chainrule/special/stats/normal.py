"""The normal distribution, its half, and the distribution whose logarithm is normal."""

from __future__ import annotations

import math

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.distributions import Continuous, Invertible

__all__ = ["halfnorm", "lognorm", "norm"]

F = evaluating
_LOG_ROOT_2_PI = math.log(2 * math.pi) / 2
_ROOT_2 = math.sqrt(2.0)


class _Norm(Invertible):
    """The normal distribution: mean `loc`, standard deviation `scale`.

    Its logarithms keep their digits in both tails, and so do their derivatives.

    >>> from chainrule.special import stats
    >>> print(f"{stats.norm.logcdf(-40.0):.6f}")
    -804.608442
    """

    name = "norm"

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return -0.5 * F.square(z) - _LOG_ROOT_2_PI

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return 0.5 * F.erfc(z / -_ROOT_2)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return 0.5 * F.erfc(z / _ROOT_2)

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_ndtr(z)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return F.log_ndtr(-z)

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        return F.ndtri(q)


class _HalfNorm(Continuous):
    """The modulus of a normal value with mean 0: `scale` is the standard deviation of that.

    >>> from chainrule.special import stats
    >>> print(f"{stats.halfnorm.cdf(1.0):.6f}")
    0.682689
    """

    name = "halfnorm"
    support = (0.0, math.inf)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return -0.5 * F.square(z) + math.log(2.0) - _LOG_ROOT_2_PI

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.erf(z / _ROOT_2)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.erfc(z / _ROOT_2)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        near = F.less(z, 1.0)  # there the two terms of the other form cancel
        by_cdf = F.log1p(-F.erf(F.where(near, z, 0.0) / _ROOT_2))
        return F.where(near, by_cdf, F.log_ndtr(-F.where(near, 1.0, z)) + math.log(2.0))


class _LogNorm(Continuous):
    """The distribution of exp(s Z) scale for a standard normal Z: `s` is the standard deviation of the logarithm.

    >>> from chainrule.special import stats
    >>> print(f"{stats.lognorm.cdf(1.0, 0.5):.6f}")
    0.500000
    """

    name = "lognorm"
    shapes = ("s",)
    support = (math.ulp(0.0), math.inf)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        (s,) = shapes
        log = F.log(z)
        return -0.5 * F.square(log / s) - log - F.log(s) - _LOG_ROOT_2_PI

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return 0.5 * F.erfc(F.log(z) / (-_ROOT_2 * shapes[0]))

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return 0.5 * F.erfc(F.log(z) / (_ROOT_2 * shapes[0]))

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_ndtr(F.log(z) / shapes[0])

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return F.log_ndtr(-F.log(z) / shapes[0])


norm = _Norm()
"""The normal distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

halfnorm = _HalfNorm()
"""The half-normal distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, loc=0, scale=1)."""

lognorm = _LogNorm()
"""The log-normal distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, s, loc=0, scale=1)."""
