"""Distributions of positive numbers: the exponential, the gamma and what is made of it."""

from __future__ import annotations

import math

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.distributions import Continuous, Invertible, log_of_rest

__all__ = ["chi2", "expon", "gamma", "invgamma"]

F = evaluating
_LOG_2 = math.log(2.0)


class _Exponential(Invertible):
    """The exponential distribution with mean `scale`.

    >>> from chainrule.special import stats
    >>> stats.expon.logsf(1000.0)
    np.float64(-1000.0)
    """

    name = "expon"
    support = (0.0, math.inf)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return -z

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return -F.expm1(-z)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.exp(-z)

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return log_of_rest(z)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return -z

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        return -F.log1p(-q)


def _gamma_density(z: Array, a: Array) -> Array:
    return F.power(z, a - 1.0) * F.exp(-z - F.gammaln(a))


class _Gamma(Continuous):
    """The gamma distribution of shape `a`, with mean a scale.

    Its log density does not cancel for a large a, and the derivatives by a are exact, those of the distribution
    function too.

    >>> from chainrule.special import stats
    >>> print(f"{stats.gamma.logpdf(1e10, 1e10):.10f}")
    -12.4318639982
    """

    name = "gamma"
    shapes = ("a",)
    support = (0.0, math.inf)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gamma_density(shapes[0], z)

    def _vanishing(self, z: Array, *shapes: Array) -> Array:
        return F.logical_and(F.equal(z, 0.0), F.greater(shapes[0], 1.0))

    def _power(self, z: Array, *shapes: Array) -> Array:
        return _gamma_density(z, shapes[0])

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.gammainc(shapes[0], z)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.gammaincc(shapes[0], z)

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gammainc(shapes[0], z)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gammaincc(shapes[0], z)


class _ChiSquared(Continuous):
    """The chi-squared distribution with `df` degrees of freedom, a positive number.

    >>> from chainrule.special import stats
    >>> print(f"{stats.chi2.sf(3.841459, 1):.6f}")
    0.050000
    """

    name = "chi2"
    shapes = ("df",)
    support = (0.0, math.inf)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gamma_density(0.5 * shapes[0], 0.5 * z) - _LOG_2

    def _vanishing(self, z: Array, *shapes: Array) -> Array:
        return F.logical_and(F.equal(z, 0.0), F.greater(shapes[0], 2.0))

    def _power(self, z: Array, *shapes: Array) -> Array:
        return 0.5 * _gamma_density(0.5 * z, 0.5 * shapes[0])

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.gammainc(0.5 * shapes[0], 0.5 * z)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.gammaincc(0.5 * shapes[0], 0.5 * z)

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gammainc(0.5 * shapes[0], 0.5 * z)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gammaincc(0.5 * shapes[0], 0.5 * z)


class _InverseGamma(Continuous):
    """The distribution of scale / G for a G of the gamma distribution of shape `a`.

    >>> from chainrule.special import stats
    >>> print(f"{stats.invgamma.cdf(1.0, 2.0):.6f}")
    0.735759
    """

    name = "invgamma"
    shapes = ("a",)
    support = (math.ulp(0.0), math.inf)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gamma_density(shapes[0], 1.0 / z) - 2.0 * F.log(z)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.gammaincc(shapes[0], 1.0 / z)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.gammainc(shapes[0], 1.0 / z)

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gammaincc(shapes[0], 1.0 / z)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return F.log_gammainc(shapes[0], 1.0 / z)


expon = _Exponential()
"""The exponential distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

gamma = _Gamma()
"""The gamma distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, a, loc=0, scale=1)."""

chi2 = _ChiSquared()
"""The chi-squared distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, df, loc=0, scale=1)."""

invgamma = _InverseGamma()
"""The inverse gamma distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, a, loc=0, scale=1)."""
