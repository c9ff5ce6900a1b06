"""Powers: x^y = exp(y log(x)), with the logarithm to half as many digits again, since y may be large.

float32 is computed in float64, which has those digits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from chainrule.kernels.lowering.exponential import exp, exp_of_sum
from chainrule.kernels.lowering.logarithm import log, log_in_two
from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector

_DOUBLE = np.dtype(np.float64)


@lowered("power", "float_power")
def power(x: Vector, y: Vector) -> Vector:
    exponent = y.number()
    if exponent is not None and exponent.is_integer() and -4 <= exponent <= 8:
        return _multiplied_out(x, int(exponent))
    if exponent == 0.5:
        return x.sqrt()
    if x.single:
        return _power_in_double(x.to(_DOUBLE), y.to(_DOUBLE)).to(x.dtype)
    return _power(x, y)


def _multiplied_out(x: Vector, exponent: int) -> Vector:
    if exponent == 0:
        return x.of(1.0)  # of NaN too
    if exponent < 0:  # the reciprocal first: the power of it overflows only where the result does
        x, exponent = 1.0 / x, -exponent
    square, total = x, None
    while exponent:
        if exponent & 1:
            total = square if total is None else total * square
        exponent >>= 1
        square = square * square
    assert total is not None
    return total


@shared()
def _power_in_double(x: Vector, y: Vector) -> Vector:
    """The power to the digits of float32."""
    return _with_cases(x, y, exp(_without_unit(x, y, y * log(x.abs()))))


@shared()
def _power(x: Vector, y: Vector) -> Vector:
    a = x.abs()
    high, low = log_in_two(a)
    high = a.equals(0.0).select(-math.inf, (a < math.inf).select(high, a))
    product = _without_unit(x, y, y * high)
    rest = y.fused(high, -product) + y * low
    counts = (product.abs() < 800.0) & product.differs(0.0)  # it may be NaN elsewhere
    return _with_cases(x, y, exp_of_sum(product, counts.select(rest, 0.0), x.of(1.0)))


def _without_unit(x: Vector, y: Vector, exponent: Vector) -> Vector:
    """The exponent of e, 0 where the base is 1, whatever y is, or -1 with an infinite y."""
    unit = x.equals(1.0) | (x.equals(-1.0) & y.abs().equals(math.inf))
    return unit.select(0.0, exponent)


def _with_cases(x: Vector, y: Vector, of_modulus: Vector) -> Vector:
    """The power, of that of |x|: negative for odd y, NaN for what is no integer; and 1 for y = 0."""
    half = 0.5 * y
    whole = y.intrinsic("trunc").equals(y)
    odd = whole & half.intrinsic("trunc").differs(half)
    signed = ((x.bits() < 0) & odd).select(-of_modulus, of_modulus)
    undefined = (x < 0.0) & (x > -math.inf) & ~whole & ~y.is_nan()
    return y.equals(0.0).select(1.0, undefined.select(math.nan, signed))
