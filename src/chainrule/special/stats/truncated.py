"""The normal distribution between two ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import plain_value
from chainrule.errors import ArgumentError
from chainrule.read.distributions import Continuous, log_of_rest

__all__ = ["truncnorm"]

F = evaluating
_LOG_ROOT_2_PI = math.log(2 * math.pi) / 2


class _TruncatedNormal(Continuous):
    """The standard normal distribution between `a` and `b`, moved by `loc` and stretched by `scale`.

    As in SciPy the ends are those of the standard form: of values from `low` to `high` they are (low - loc) / scale and
    (high - loc) / scale. They may be infinite. Far out in a tail nothing is lost.

    >>> from chainrule.special import stats
    >>> print(f"{stats.truncnorm.logpdf(50.1, 50.0, 51.0):.6f}")
    -1.092577
    """

    name = "truncnorm"
    shapes = ("a", "b")

    def _check(self, name: str, value: Any) -> None:
        if name == "scale":
            super()._check(name, value)
        self._require(name, value, ~np.isnan(value), "is a number")

    def _ends(self, *shapes: Array) -> tuple[Array, Array]:
        a, b = (plain_value(shape) for shape in shapes)
        if np.any(a >= b):
            raise ArgumentError("truncnorm: the parameter a is less than b, and here it is not")
        return shapes[0], shapes[1]

    def _inside(self, end: Array) -> Array:
        return end

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        return -0.5 * F.square(z) - _LOG_ROOT_2_PI - _log_between(*shapes)

    def _cdf(self, z: Array, *shapes: Array) -> Array:
        return F.exp(self._logcdf(z, *shapes))

    def _sf(self, z: Array, *shapes: Array) -> Array:
        return F.exp(self._logsf(z, *shapes))

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return self._log_part(True, z, *shapes)

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return self._log_part(False, z, *shapes)

    def _log_part(self, lower: bool, z: Array, a: Array, b: Array) -> Array:
        whole = _log_between(a, b)
        below, above = _log_between(a, z) - whole, _log_between(z, b) - whole
        part, rest = (below, above) if lower else (above, below)
        small = F.less(part, -math.log(2.0))  # the larger one by the smaller, which has the digits
        return F.where(small, part, F.log1p(-F.exp(F.where(small, -1.0, rest))))


def _log_between(a: Array, b: Array) -> Array:
    """The logarithm of the probability between a and b, by the tail that both lie in."""
    right = F.greater(a, 0.0)
    low, high = F.where(right, -b, a), F.where(right, -a, b)
    top = F.log_ndtr(high)
    return top + log_of_rest(top - F.log_ndtr(low))


truncnorm = _TruncatedNormal()
"""The truncated normal distribution: logpdf, pdf, cdf, sf, logcdf and logsf, each of (x, a, b, loc=0, scale=1)."""
