"""Distributions of angles."""

from __future__ import annotations

import math
from typing import Any

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.distributions import Density

__all__ = ["vonmises", "wrapcauchy"]

F = evaluating
_LOG_2_PI = math.log(2 * math.pi)


class _VonMises(Density):
    """The von Mises distribution of angles around `loc`, of density proportional to exp(kappa cos z).

    >>> from chainrule.special import stats
    >>> print(f"{stats.vonmises.logpdf(0.1, 1e6):.6f}")
    -4989.845905
    """

    name = "vonmises"
    shapes = ("kappa",)

    def _check(self, name: str, value: Any) -> None:
        if name == "kappa":
            self._require(name, value, ~(value < 0), "is at least 0")
        else:
            super()._check(name, value)

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        # cos z - 1 by the half angle, and i0 without its exponential: nothing overflows or cancels
        return -2.0 * shapes[0] * F.square(F.sin(0.5 * z)) - F.log(F.i0e(shapes[0])) - _LOG_2_PI


class _WrappedCauchy(Density):
    """The Cauchy distribution wrapped around a circle, of angles from 0 to 2 pi; `c` lies between 0 and 1.

    >>> from chainrule.special import stats
    >>> print(f"{stats.wrapcauchy.pdf(0.5, 0.3):.6f}")
    0.257043
    """

    name = "wrapcauchy"
    shapes = ("c",)
    support = (0.0, 2 * math.pi)

    def _check(self, name: str, value: Any) -> None:
        super()._check(name, value)
        if name == "c":
            self._require(name, value, value < 1, "is less than 1")

    def _logpdf(self, z: Array, *shapes: Array) -> Array:
        (c,) = shapes
        spread = F.square(1.0 - c) + 4.0 * c * F.square(F.sin(0.5 * z))
        return F.log1p(-c) + F.log1p(c) - F.log(spread) - _LOG_2_PI


vonmises = _VonMises()
"""The von Mises distribution: logpdf and pdf, each of (x, kappa, loc=0, scale=1)."""

wrapcauchy = _WrappedCauchy()
"""The wrapped Cauchy distribution: logpdf and pdf, each of (x, c, loc=0, scale=1)."""
