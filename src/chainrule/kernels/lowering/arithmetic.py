"""Sums, products, quotients, roots and powers."""

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


@lowered("power", "float_power")
def power(x: Vector, y: Vector) -> Vector:
    exponent = y.number()
    if exponent is not None and exponent.is_integer() and abs(exponent) <= 4:
        return _multiplied_out(x, int(exponent))
    if exponent == 0.5:
        return x.sqrt()
    return x.each("powf" if x.single else "pow", y)


def _multiplied_out(x: Vector, exponent: int) -> Vector:
    if exponent == 0:
        return x.of(1.0)  # of NaN too
    if exponent < 0:  # the reciprocal first: the power of it overflows only where the result does
        x = 1.0 / x
    squared = x * x
    return {1: x, 2: squared, 3: squared * x, 4: squared * squared}[abs(exponent)]


@lowered("deg2rad")
def deg2rad(x: Vector) -> Vector:
    return x * (math.pi / 180)


@lowered("rad2deg")
def rad2deg(x: Vector) -> Vector:
    return x * (180 / math.pi)
