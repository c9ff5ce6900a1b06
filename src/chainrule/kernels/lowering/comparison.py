"""Comparisons and logic, and what asks for kinds of numbers: NaN, infinities, signs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from chainrule.kernels.lowering.table import floating, lowered

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@lowered("less", kinds="biuf")
def less(x: Vector, y: Vector) -> Vector:
    return x < y


@lowered("less_equal", kinds="biuf")
def less_equal(x: Vector, y: Vector) -> Vector:
    return x <= y


@lowered("greater", kinds="biuf")
def greater(x: Vector, y: Vector) -> Vector:
    return x > y


@lowered("greater_equal", kinds="biuf")
def greater_equal(x: Vector, y: Vector) -> Vector:
    return x >= y


@lowered("equal", kinds="biuf")
def equal(x: Vector, y: Vector) -> Vector:
    return x.equals(y)


@lowered("not_equal", kinds="biuf")
def not_equal(x: Vector, y: Vector) -> Vector:
    return x.differs(y)


def _truth(x: Vector) -> Vector:
    return x if x.dtype.kind == "b" else x.differs(0)


@lowered("logical_and", kinds="biuf")
def logical_and(x: Vector, y: Vector) -> Vector:
    return _truth(x) & _truth(y)


@lowered("logical_or", kinds="biuf")
def logical_or(x: Vector, y: Vector) -> Vector:
    return _truth(x) | _truth(y)


@lowered("logical_xor", kinds="biuf")
def logical_xor(x: Vector, y: Vector) -> Vector:
    return _truth(x) ^ _truth(y)


@lowered("logical_not", kinds="biuf")
def logical_not(x: Vector) -> Vector:
    return ~_truth(x)


@lowered("isnan")
def isnan(x: Vector) -> Vector:
    return x.is_nan()


@lowered("isinf")
def isinf(x: Vector) -> Vector:
    return x.abs().equals(math.inf)


@lowered("isfinite")
def isfinite(x: Vector) -> Vector:
    return x.abs() < math.inf


@lowered("signbit")
def signbit(x: Vector) -> Vector:
    return x.bits() < 0


@lowered("unsaturated", operands=floating)
def unsaturated(x: Vector, out: Vector) -> Vector:
    return ~(isinf(x) & isfinite(out))


@lowered("spreads", operands=floating)
def spreads(out: Vector, x: Vector) -> Vector:
    return out > x.abs() * (4 * float(np.finfo(x.dtype).eps))
