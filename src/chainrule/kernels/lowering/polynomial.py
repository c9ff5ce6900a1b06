"""Polynomials, and the parts of a floating number, that the functions below share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


def polynomial(x: Vector, coefficients: Sequence[float]) -> Vector:
    """c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule.

    Its steps wait for each other, but the machine works on the next components meanwhile, and no other order has fewer.
    """
    total = x.of(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total.times_plus(x, c)
    return total
