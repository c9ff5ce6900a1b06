"""Sums, products, quotients and square roots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.kernels.lowering.table import floating, lowered, unchanged

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@lowered("add", kinds="biuf")
def add(x: Vector, y: Vector) -> Vector:
    return x | y if x.dtype.kind == "b" else x.contracted("add", y)


@lowered("subtract", kinds="iuf")
def subtract(x: Vector, y: Vector) -> Vector:
    return x.contracted("sub", y)


@lowered("multiply", kinds="biuf")
def multiply(x: Vector, y: Vector) -> Vector:
    return x & y if x.dtype.kind == "b" else x.contracted("mul", y)


@lowered("negative", kinds="iuf")
def negative(x: Vector) -> Vector:
    return -x


@lowered("positive", "conj", kinds="iuf")
def positive(x: Vector) -> Vector:
    return x


@lowered("copy", "real", kinds="biuf", operands=unchanged)
def copy(x: Vector) -> Vector:
    return x


@lowered("imag", kinds="iuf", operands=unchanged)
def imag(x: Vector) -> Vector:
    return x.of(0)


@lowered("divide")
def divide(x: Vector, y: Vector) -> Vector:
    return x / y


@lowered("divide_no_nan", operands=floating)
def divide_no_nan(x: Vector, y: Vector) -> Vector:
    return y.equals(0).select(0.0, x / y)


@lowered("reciprocal")
def reciprocal(x: Vector) -> Vector:
    return 1.0 / x


@lowered("square", kinds="iuf")
def square(x: Vector) -> Vector:
    return x.contracted("mul", x)


@lowered("sqrt")
def sqrt(x: Vector) -> Vector:
    return x.sqrt()


@lowered("deg2rad")
def deg2rad(x: Vector) -> Vector:
    return x * (math.pi / 180)


@lowered("rad2deg")
def rad2deg(x: Vector) -> Vector:
    return x * (180 / math.pi)
