"""Distributions on an interval."""

from __future__ import annotations

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.distributions import Continuous, Invertible

__all__ = ["beta", "uniform"]

F = evaluating


class _Uniform(Invertible):
    """The uniform distribution on the interval from `loc` to `loc + scale`.

    >>> from chainrule.special import stats
    >>> stats.uniform.cdf(3.0, 2.0, 4.0)
    np.float64(0.25)
    """

    name = "uniform"
    support = (0.0, 1.0)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return 0.0 * z

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return z

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return 1.0 - z

    def _ppf(self, q: Array, *shapes: Array) -> Array:
        return q


class _Beta(Continuous):
    """The beta distribution with the shapes `a` and `b`.

    Its log density does not cancel for large shapes, and the derivatives by them are exact, also of the distribution
    function.

    >>> from chainrule.special import stats
    >>> print(f"{stats.beta.cdf(0.5, 2.0, 3.0):.4f}")
    0.6875
    """

    name = "beta"
    shapes = ("a", "b")
    support = (0.0, 1.0)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return F.log_beta_density(*shapes, z)

    def _vanishing(self, z: Array, *shapes: Array) -> Array:
        a, b = shapes
        low = F.logical_and(F.equal(z, 0.0), F.greater(a, 1.0))
        return F.logical_or(low, F.logical_and(F.equal(z, 1.0), F.greater(b, 1.0)))

    def _power(self, z: Array, *shapes: Array) -> Array:
        a, b = shapes
        return F.power(z, a - 1.0) * F.power(1.0 - z, b - 1.0) * F.exp(-F.betaln(a, b))

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.betainc(*shapes, z)

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.betaincc(*shapes, z)


uniform = _Uniform()
"""The uniform distribution: logpdf, pdf, cdf, sf, logcdf, logsf and ppf, each of (x, loc=0, scale=1)."""

beta = _Beta()
"""The beta distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, a, b, loc=0, scale=1)."""
