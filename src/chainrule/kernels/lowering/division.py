"""Division with a remainder, with the signs of NumPy: the remainder has that of the divisor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.kernels.lowering.table import lowered

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


def _fmod(x: Vector, y: Vector) -> Vector:
    return x.each("fmodf" if x.single else "fmod", y)


def _safe_divisor(x: Vector, y: Vector) -> Vector:
    # A division of integers that has no result is trapped by the machine: by 0, and of the lowest number by -1.
    unsafe = y.equals(0)
    if x.dtype.kind == "i":
        unsafe = unsafe | (y.equals(-1) & x.equals(x.of(1) << (8 * x.dtype.itemsize - 1)))
    return unsafe.select(1, y)


@lowered("floor_divide", kinds="iuf")
def floor_divide(x: Vector, y: Vector) -> Vector:
    if x.dtype.kind != "f":
        safe = _safe_divisor(x, y)
        quotient = x.quotient(safe)
        if x.dtype.kind == "i":
            rest = x.rest(safe)
            quotient = (rest.differs(0) & ((rest ^ safe) < 0)).select(quotient - 1, quotient)
        return y.equals(0).select(0, quotient)
    rest = _fmod(x, y)
    quotient = (x - rest) / y
    quotient = (rest.differs(0) & ((y < 0) ^ (rest < 0))).select(quotient - 1.0, quotient)
    whole = quotient.intrinsic("floor")
    whole = (quotient - whole > 0.5).select(whole + 1.0, whole)
    ratio = x / y
    whole = quotient.equals(0).select(ratio.of(0.0).with_sign_of(ratio), whole)
    return y.equals(0).select(ratio, whole)


@lowered("remainder", kinds="iuf")
def remainder(x: Vector, y: Vector) -> Vector:
    if x.dtype.kind != "f":
        safe = _safe_divisor(x, y)
        rest = x.rest(safe)
        if x.dtype.kind == "i":
            rest = (rest.differs(0) & ((rest ^ safe) < 0)).select(rest + safe, rest)
        return y.equals(0).select(0, rest)
    rest = _fmod(x, y)
    signed = ((y < 0) ^ (rest < 0)).select(rest + y, rest)
    return y.equals(0).select(rest, rest.equals(0).select(rest.of(0.0).with_sign_of(y), signed))


@lowered("fmod", kinds="iuf")
def fmod(x: Vector, y: Vector) -> Vector:
    if x.dtype.kind == "f":
        return _fmod(x, y)
    return y.equals(0).select(0, x.rest(_safe_divisor(x, y)))
