"""The logistic function and its relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.kernels.lowering.exponential import exp
from chainrule.kernels.lowering.library import log1p
from chainrule.kernels.lowering.piecewise import maximum, minimum
from chainrule.kernels.lowering.table import floating, lowered

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@lowered("expit", operands=floating)
def expit(x: Vector) -> Vector:
    e = exp(-x.abs())
    return (x >= 0).select(x.of(1.0), e) / (1.0 + e)


@lowered("log_expit", operands=floating)
def log_expit(x: Vector) -> Vector:
    return minimum(x, x.of(0.0)) - log1p(exp(-x.abs()))


@lowered("softplus", operands=floating)
def softplus(x: Vector) -> Vector:
    return maximum(x, x.of(0.0)) + log1p(exp(-x.abs()))


@lowered("logaddexp")
def logaddexp(x: Vector, y: Vector) -> Vector:
    equal = x.equals(y)  # of infinities the difference is NaN
    distance = equal.select(0.0, (x - y).abs())
    return maximum(x, y) + log1p(exp(-distance))


@lowered("sech")
def sech(x: Vector) -> Vector:
    e = exp(-x.abs())
    return (e + e) / (e * e + 1.0)
