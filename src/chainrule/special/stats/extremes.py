"""Distributions of extremes and of heavy tails: Gumbel, Weibull and Pareto."""

from __future__ import annotations

import math

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.distributions import Invertible, log_of_rest

__all__ = ["gumbel_l", "gumbel_r", "pareto", "weibull_min"]

F = evaluating


class _GumbelRight(Invertible):
    """The Gumbel distribution of largest values, with the distribution function exp(-exp(-z)).

    >>> from chainrule.special import stats
    >>> print(f"{stats.gumbel_r.logcdf(-5.0):.6f}")
    -148.413159
    """

    name = "gumbel_r"

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return -z - F.exp(-z)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.exp(-F.exp(-z))

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return -F.expm1(-F.exp(-z))

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return -F.exp(-z)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        # exp(-z) itself is 0 from z = 746 on, and its logarithm is not
        far = F.greater(z, 40.0)
        return F.where(far, -z, log_of_rest(F.exp(-F.where(far, 40.0, z))))

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        return -F.log(-F.log(q))


class _GumbelLeft(Invertible):
    """The Gumbel distribution of smallest values, the mirror image of `gumbel_r`.

    >>> from chainrule.special import stats
    >>> print(f"{stats.gumbel_l.logsf(5.0):.6f}")
    -148.413159
    """

    name = "gumbel_l"

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return z - F.exp(z)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return -F.expm1(-F.exp(z))

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.exp(-F.exp(z))

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        far = F.less(z, -40.0)
        return F.where(far, z, log_of_rest(F.exp(F.where(far, -40.0, z))))

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return -F.exp(z)

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        return F.log(-F.log1p(-q))


class _Weibull(Invertible):
    """The Weibull distribution of smallest values with the shape `c`, with the survival function exp(-z^c).

    >>> from chainrule.special import stats
    >>> print(f"{stats.weibull_min.logsf(100.0, 1.5):.1f}")
    -1000.0
    """

    name = "weibull_min"
    shapes = ("c",)
    support = (0.0, math.inf)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        (c,) = shapes
        flat = F.logical_and(F.equal(c, 1.0), F.equal(z, 0.0))  # 0^0 is 1
        return F.log(c) + (c - 1.0) * F.log(F.where(flat, 1.0, z)) - F.power(z, c)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return -F.expm1(-F.power(z, shapes[0]))

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.exp(-F.power(z, shapes[0]))

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return -F.power(z, shapes[0])

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        return F.power(-F.log1p(-q), 1.0 / shapes[0])


class _Pareto(Invertible):
    """The Pareto distribution with the shape `b`, with the survival function z^-b from z = 1 on.

    >>> from chainrule.special import stats
    >>> print(f"{stats.pareto.sf(10.0, 2.0):.4f}")
    0.0100
    """

    name = "pareto"
    shapes = ("b",)
    support = (1.0, math.inf)
    inner = 2.0

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        (b,) = shapes
        return F.log(b) - (b + 1.0) * F.log(z)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return -F.expm1(-shapes[0] * F.log(z))

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.power(z, -shapes[0])

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return -shapes[0] * F.log(z)

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        return F.exp(-F.log1p(-q) / shapes[0])


gumbel_r = _GumbelRight()
"""The Gumbel distribution of maxima: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

gumbel_l = _GumbelLeft()
"""The Gumbel distribution of minima: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

weibull_min = _Weibull()
"""The Weibull distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, c, loc=0, scale=1)."""

pareto = _Pareto()
"""The Pareto distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, b, loc=0, scale=1)."""
