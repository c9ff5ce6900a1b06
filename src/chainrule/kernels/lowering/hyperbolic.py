"""Hyperbolic functions, by expm1 of a negative argument, which neither overflows nor loses digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.kernels.lowering.exponential import exp, expm1_below_0, half_exp, quarter_expm1
from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@lowered("tanh")
@shared()
def tanh(x: Vector) -> Vector:
    e = expm1_below_0(x.abs() * -2.0)
    return (-e / (e + 2.0)).with_sign_of(x)


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
    e = exp(-x.abs())
    return (e + e) / (e * e + 1.0)
