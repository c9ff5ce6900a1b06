"""Symmetric distributions with other tails than the normal one, and the half of one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.distributions import Continuous, Invertible, log1p_of_square, of_tail

__all__ = ["cauchy", "gennorm", "halfcauchy", "laplace", "logistic", "t"]

F = evaluating
_LOG_2 = math.log(2.0)


class _Laplace(Invertible):
    """The Laplace distribution, of density exp(-|z|) / 2 with z = (x - loc) / scale; it has a kink at `loc`.

    >>> from chainrule.special import stats
    >>> print(f"{stats.laplace.logpdf(3.0):.6f}")
    -3.693147
    """

    name = "laplace"

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return -F.abs(z) - _LOG_2

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        tail = 0.5 * F.exp(-F.abs(z))
        return F.where(F.less(z, 0.0), tail, 1.0 - tail)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return self._cdf(-z)

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return F.where(F.less(z, 0.0), z - _LOG_2, F.log1p(-0.5 * F.exp(-F.abs(z))))

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return self._logcdf(-z)

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        low = F.less(q, 0.5)
        return F.where(low, F.log(2.0 * F.where(low, q, 0.5)), -F.log(2.0 - 2.0 * F.where(low, 0.5, q)))


class _Logistic(Invertible):
    """The logistic distribution, whose distribution function is expit(z) with z = (x - loc) / scale.

    >>> from chainrule.special import stats
    >>> print(f"{stats.logistic.logsf(800.0):.1f}")
    -800.0
    """

    name = "logistic"

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_expit(z) + F.log_expit(-z)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.expit(z)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.expit(-z)

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_expit(z)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return F.log_expit(-z)

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        return F.logit(q)


class _Cauchy(Invertible):
    """The Cauchy distribution, of density 1 / (pi (1 + z^2)) with z = (x - loc) / scale.

    >>> from chainrule.special import stats
    >>> print(f"{stats.cauchy.cdf(-1e10):.4e}")
    3.1831e-11
    """

    name = "cauchy"

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return -log1p_of_square(z, 1.0) - math.log(math.pi)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.arctan2(1.0, -z) / math.pi

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.arctan2(1.0, z) / math.pi

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return self._logsf(-z)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return of_tail(z, 1e8, lambda z: -F.log(z) - math.log(math.pi), super()._logsf)

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        middle = F.tan(math.pi * (q - 0.5))
        end = F.minimum(q, 1.0 - q)  # there 1/2 - q would have lost its digits
        tail = F.sign(q - 0.5) / F.tan(math.pi * F.where(F.less(end, 0.25), end, 0.25))
        return F.where(F.less(end, 0.25), tail, middle)


class _HalfCauchy(Invertible):
    """The modulus of a value of the Cauchy distribution.

    >>> from chainrule.special import stats
    >>> print(f"{stats.halfcauchy.sf(1e10):.4e}")
    6.3662e-11
    """

    name = "halfcauchy"
    support = (0.0, math.inf)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return math.log(2 / math.pi) - log1p_of_square(z, 1.0)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.arctan(z) / (math.pi / 2)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.arctan2(1.0, z) / (math.pi / 2)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return of_tail(z, 1e8, lambda z: math.log(2 / math.pi) - F.log(z), super()._logsf)

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        low = F.less(q, 0.5)  # near 1, 1 - q keeps the digits
        tail = 1.0 / F.tan(math.pi / 2 * (1.0 - F.where(low, 0.5, q)))
        return F.where(low, F.tan(math.pi / 2 * F.where(low, q, 0.5)), tail)


class _GeneralizedNormal(Continuous):
    """The distribution of density proportional to exp(-|z|^beta): Laplace's for beta = 1, a normal one for 2.

    >>> from chainrule.special import stats
    >>> print(f"{stats.gennorm.logpdf(0.5, 3.0):.6f}")
    -0.704956
    """

    name = "gennorm"
    shapes = ("beta",)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        (beta,) = shapes
        return F.log(0.5 * beta) - F.gammaln(1.0 / beta) - F.power(F.abs(z), beta)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        tail = 0.5 * F.gammaincc(1.0 / shapes[0], F.power(F.abs(z), shapes[0]))
        return F.where(F.less(z, 0.0), tail, 1.0 - tail)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return self._cdf(-z, *shapes)


class _Student(Continuous):
    """Student's t distribution with `df` degrees of freedom, a positive number.

    The derivative by df is exact also of the distribution function; for a large df, where it is of the order of df^-2,
    that of logpdf loses as many digits as 1 / df has zeros.

    >>> from chainrule.special import stats
    >>> print(f"{stats.t.logpdf(0.0, 1e10):.10f}")
    -0.9189385332
    """

    name = "t"
    shapes = ("df",)

    def _check(self, name: str, value: Any) -> None:
        super()._check(name, value)
        if name == "df":
            self._require(name, value, ~np.isinf(value), "is finite, and for an infinite one it is norm")

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        (df,) = shapes
        spread = -0.5 * (df + 1.0) * log1p_of_square(z, df)
        return spread - F.betaln(0.5 * df, 0.5) - 0.5 * F.log(df)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.stdtr(shapes[0], z)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.stdtr(shapes[0], -z)

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return self._logsf(-z, *shapes)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        (df,) = shapes
        a = 0.5 * df

        def far(z: Array) -> Array:
            # half of the incomplete beta function of x = df / z^2, by its series: 1 + a x' / (2 (a + 1)) + ...
            x = df / z / z
            x = x / (1.0 + x)
            series = x * a * (0.5 / (a + 1.0) + 0.375 * x / (a + 2.0))
            power = a * (F.log(df) - 2.0 * F.log(z) - F.log1p(df / z / z))
            return power - F.log(df) - F.betaln(a, 0.5) + F.log1p(series)

        return of_tail(z, 1e4 * F.sqrt(df), far, lambda z: super(_Student, self)._logsf(z, df))


laplace = _Laplace()
"""The Laplace distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

logistic = _Logistic()
"""The logistic distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

cauchy = _Cauchy()
"""The Cauchy distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

halfcauchy = _HalfCauchy()
"""The half-Cauchy distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

gennorm = _GeneralizedNormal()
"""The generalized normal distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, beta, loc=0, scale=1)."""

t = _Student()
"""Student's t distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, df, loc=0, scale=1)."""
