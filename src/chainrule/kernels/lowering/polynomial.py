"""Polynomials, and the parts of a floating number, that the functions below share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


# From this length on the two halves of a polynomial are summed side by side.
_LONG = 8


def polynomial(x: Vector, coefficients: Sequence[float]) -> Vector:
    """c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule.

    Its steps wait for each other, and the machine works on the next components meanwhile; of a long one too many would
    wait, so that even and odd powers are taken apart, for one multiplication more.
    """
    if len(coefficients) >= _LONG:
        square = x * x
        even, odd = polynomial(square, coefficients[::2]), polynomial(square, coefficients[1::2])
        return odd.times_plus(x, even)
    total = x.of(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total.times_plus(x, c)
    return total
