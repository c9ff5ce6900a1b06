"""What chooses between values or rounds them. NaN passes through all but fmax, fmin and where, as in NumPy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.shapes import join_dtypes
from chainrule.kernels.lowering.table import Dtypes, floating, joined, lowered, unchanged

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


def _condition_and_values(condition: Any, x: Any, y: Any) -> Dtypes:
    values = np.dtype(join_dtypes(x, y))
    return np.dtype(bool), values, values


@lowered("where", kinds="b", operands=_condition_and_values)
def where(condition: Vector, x: Vector, y: Vector) -> Vector:
    return condition.select(x, y)


def _is_number(x: Vector) -> bool:
    number = x.number()
    return number is not None and number == number


def _extreme(x: Vector, y: Vector, larger: bool) -> Vector:
    if _is_number(x):
        x, y = y, x
    # A comparison with NaN is false, so that y is taken: right where x is the NaN only if y is NaN too, or known not
    # to be one. Then the other order serves.
    first, second = (y, x) if _is_number(y) else (x, y)
    chosen = (first > second if larger else first < second).select(first, second)
    return chosen if x.dtype.kind != "f" or first is y else x.is_nan().select(x, chosen)


@lowered("maximum", kinds="biuf")
def maximum(x: Vector, y: Vector) -> Vector:
    return _extreme(x, y, True)


@lowered("minimum", kinds="biuf")
def minimum(x: Vector, y: Vector) -> Vector:
    return _extreme(x, y, False)


@lowered("fmax", kinds="biuf")
def fmax(x: Vector, y: Vector) -> Vector:
    larger = (x > y).select(x, y)
    return larger if x.dtype.kind != "f" else y.is_nan().select(x, larger)


@lowered("fmin", kinds="biuf")
def fmin(x: Vector, y: Vector) -> Vector:
    smaller = (x < y).select(x, y)
    return smaller if x.dtype.kind != "f" else y.is_nan().select(x, smaller)


@lowered("clip", kinds="iuf", operands=joined)
def clip(x: Vector, low: Vector, high: Vector) -> Vector:
    return minimum(maximum(x, low), high)


@lowered("relu", operands=floating)
def relu(x: Vector) -> Vector:
    return maximum(x, x.of(0.0))


@lowered("larger_share", operands=floating)
def larger_share(x: Vector, y: Vector) -> Vector:
    return (x > y).select(x.of(1.0), x.equals(y).select(x.of(0.5), 0.0))


@lowered("abs", "abs_complex", kinds="biuf")
def absolute(x: Vector) -> Vector:
    return x if x.dtype.kind in "bu" else x.abs()


@lowered("angle", operands=floating)
def angle(x: Vector) -> Vector:
    return x.is_nan().select(x, (x.bits() < 0).select(x.of(math.pi), 0.0))


@lowered("copysign")
def copysign(x: Vector, y: Vector) -> Vector:
    return x.with_sign_of(y)


@lowered("heaviside")
def heaviside(x: Vector, y: Vector) -> Vector:
    step = (x > 0).select(x.of(1.0), x.equals(0).select(y, 0.0))
    return x.is_nan().select(x, step)


@lowered("sign", kinds="iuf")
def sign(x: Vector) -> Vector:
    of_number = (x > 0).select(x.of(1), 0)
    if x.dtype.kind == "u":
        return of_number
    of_number = (x < 0).select(-1, of_number)
    return of_number if x.dtype.kind == "i" else x.is_nan().select(x, of_number)


def _rounded(x: Vector, intrinsic: str) -> Vector:
    return x.intrinsic(intrinsic) if x.dtype.kind == "f" else x


@lowered("floor", kinds="biuf")
def floor(x: Vector) -> Vector:
    return _rounded(x, "floor")


@lowered("ceil", kinds="biuf")
def ceil(x: Vector) -> Vector:
    return _rounded(x, "ceil")


@lowered("trunc", kinds="biuf")
def trunc(x: Vector) -> Vector:
    return _rounded(x, "trunc")


@lowered("rint")
def rint(x: Vector) -> Vector:
    return _rounded(x, "rint")


@lowered("round", operands=unchanged)
def round_(x: Vector, decimals: int = 0) -> Vector:
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return rint(x * scale) / scale
    return rint(x / scale) * scale if decimals else rint(x)
