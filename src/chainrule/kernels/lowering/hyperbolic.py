"""Hyperbolic functions, by exp and expm1 of -|x|, which neither overflow nor lose digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.kernels.lowering.exponential import half_exp, parts_below_0, quarter_expm1
from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


def _of_decay(x: Vector) -> tuple[Vector, Vector, Vector]:
    """h = exp(-|x|), h - 1 to all digits, and 1 / (1 + h^2): tanh and sech share them."""
    rest, power = parts_below_0(-x.abs())
    h = rest.times_plus(power, power)
    return h, rest.times_plus(power, power - 1.0), 1.0 / h.times_plus(h, 1.0)


@lowered("tanh")
@shared()
def tanh(x: Vector) -> Vector:
    # (1 - h^2) / (1 + h^2), by d = h - 1: h^2 - 1 = d^2 + 2 d
    _, d, inverse = _of_decay(x)
    return (d.times_plus(d, d + d) * inverse).with_sign_of(x)


@lowered("sinh")
@shared()
def sinh(x: Vector) -> Vector:
    e = quarter_expm1(x.abs())  # (E + E / (E + 1)) / 2 with E = 4 e
    half = e + e / (4.0 * e + 1.0)
    return (half + half).with_sign_of(x)


@lowered("cosh")
@shared()
def cosh(x: Vector) -> Vector:
    half = half_exp(x.abs())
    return half + 0.25 / half


@lowered("sech")
@shared()
def sech(x: Vector) -> Vector:
    h, _, inverse = _of_decay(x)
    return (h + h) * inverse
