"""The logistic function and its relatives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.kernels.lowering.exponential import exp2, exp_below_0
from chainrule.kernels.lowering.logarithm import log1p_of_part, log_beside
from chainrule.kernels.lowering.piecewise import maximum, minimum
from chainrule.kernels.lowering.table import floating, lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@lowered("expit", operands=floating)
@shared()
def expit(x: Vector) -> Vector:
    e = exp_below_0(-x.abs())
    return (x >= 0).select(x.of(1.0), e) * (1.0 / (1.0 + e))


@lowered("log_expit", operands=floating)
@shared()
def log_expit(x: Vector) -> Vector:
    return minimum(x, x.of(0.0)) - log1p_of_part(exp_below_0(-x.abs()))


@lowered("softplus", operands=floating)
@shared()
def softplus(x: Vector) -> Vector:
    return maximum(x, x.of(0.0)) + log1p_of_part(exp_below_0(-x.abs()))


@lowered("logaddexp")
@shared()
def logaddexp(x: Vector, y: Vector) -> Vector:
    equal = x.equals(y)  # of infinities the difference is NaN
    distance = equal.select(0.0, (x - y).abs())
    return maximum(x, y) + log1p_of_part(exp_below_0(-distance))


@lowered("logaddexp2")
@shared()
def logaddexp2(x: Vector, y: Vector) -> Vector:
    equal = x.equals(y)
    distance = equal.select(0.0, (x - y).abs())
    return maximum(x, y) + log1p_of_part(exp2(-distance)) * (1 / math.log(2.0))


@lowered("logit", operands=floating)
@shared()
def logit(x: Vector) -> Vector:
    # Of x / (1 - x), or just below 1/2 of its inverse; and near 1 by |2 x - 1| / (1 - x), in which then nothing is
    # rounded but the quotient.
    low, rest = (x < 0.5) & (x > 0.25), 1.0 - x
    divisor = low.select(x, rest)
    of_odds = log_beside(low.select(rest, x) / divisor, (x + x - 1.0).abs() / divisor)
    return low.select(-of_odds, of_odds)
