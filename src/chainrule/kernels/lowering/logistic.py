"""The logistic function and its relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.kernels.lowering.exponential import exp
from chainrule.kernels.lowering.logarithm import log1p_of_part
from chainrule.kernels.lowering.piecewise import maximum, minimum
from chainrule.kernels.lowering.table import floating, lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@lowered("expit", operands=floating)
@shared()
def expit(x: Vector) -> Vector:
    e = exp(-x.abs())
    return (x >= 0).select(x.of(1.0), e) / (1.0 + e)


@lowered("log_expit", operands=floating)
@shared()
def log_expit(x: Vector) -> Vector:
    return minimum(x, x.of(0.0)) - log1p_of_part(exp(-x.abs()))


@lowered("softplus", operands=floating)
@shared()
def softplus(x: Vector) -> Vector:
    return maximum(x, x.of(0.0)) + log1p_of_part(exp(-x.abs()))


@lowered("logaddexp")
@shared()
def logaddexp(x: Vector, y: Vector) -> Vector:
    equal = x.equals(y)  # of infinities the difference is NaN
    distance = equal.select(0.0, (x - y).abs())
    return maximum(x, y) + log1p_of_part(exp(-distance))
