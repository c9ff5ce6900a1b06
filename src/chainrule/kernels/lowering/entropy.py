"""Terms of entropies: x log(x / y) and its relatives, with their limits where an operand is 0."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.kernels.lowering.logarithm import log, log_beside, rest_of_log
from chainrule.kernels.lowering.table import floating, lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@lowered("entr", operands=floating)
@shared()
def entr(x: Vector) -> Vector:
    outside = (x < 0.0).select(-math.inf, x.equals(0.0).select(0.0, x))
    return (x > 0.0).select(-x * log(x), outside)


def _brought_near_1(x: Vector) -> tuple[Vector, Vector]:
    """x times a power of 2, and its exponent: so that quotients neither overflow nor underflow."""
    edge, shift = (60, 80) if x.single else (500, 600)
    small, large = x < 2.0**-edge, x > 2.0**edge
    scale = small.select(x.of(2.0**shift), large.select(x.of(2.0**-shift), 1.0))
    exponent = small.select(x.of(shift), large.select(x.of(-shift), 0.0))
    return x * scale, exponent


def _log_ratio(x: Vector, y: Vector) -> Vector:
    """ln(x / y) for positive numbers whose quotient may overflow."""
    (near_x, up), (near_y, down) = _brought_near_1(x), _brought_near_1(y)
    return log_beside(near_x / near_y, (x - y) / y, down - up)


def _terms(x: Vector, y: Vector, inside: Vector, at_0: Vector) -> Vector:
    unknown = x.is_nan() | y.is_nan()
    outside = (x.equals(0.0) & (y >= 0.0)).select(at_0, unknown.select(x.of(math.nan), math.inf))
    return ((x > 0.0) & (y > 0.0)).select(inside, outside)


@lowered("rel_entr", operands=floating)
@shared()
def rel_entr(x: Vector, y: Vector) -> Vector:
    return _terms(x, y, x * _log_ratio(x, y), x.of(0.0))


@lowered("kl_div", operands=floating)
@shared()
def kl_div(x: Vector, y: Vector) -> Vector:
    # Near x = y by v = (x - y) / (x + y), as the primitive does it: the logarithm is 2 artanh(v), and the terms that
    # cancel are taken together.
    difference, total = x - y, x + y
    near = (difference.abs() * 3.0 < total) & (total < math.inf)
    v = near.select(difference / total, 0.0)
    series = difference * v + x * rest_of_log(v)
    far = x.times_plus(_log_ratio(x, y) - 1.0, y + (x - x))  # of an infinite x it is NaN, as in NumPy
    return _terms(x, y, near.select(series, far), y)
