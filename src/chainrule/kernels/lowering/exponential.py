"""The exponential function: the argument reduced by multiples of ln 2, a polynomial, and the power of 2 put back.

exp(x) = 2^n exp(r) with |r| <= ln(2) / 2; n is found by adding a number so large that the sum is rounded to an
integer, which then stands in the last bits of the sum (Cody and Waite 1980, Software Manual for the Elementary
Functions; the rounding is that of Muller et al. 2018, Handbook of Floating-Point Arithmetic, section 10.3). The
polynomials are minimax ones of exp(r) - 1 - r, divided by r^2, made by the exchange algorithm of Remez.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from chainrule.kernels.lowering.polynomial import polynomial
from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@final
@dataclass(frozen=True, slots=True)
class _Format:
    """What depends on the precision.

    Attributes:
        rounder: 1.5 times the power of 2 from which on floating numbers are integers, and twice the bias of exponents.
        high, low: ln 2 = high + low, high with so few digits that its product with n is exact.
        mantissa: how many bits the exponent is shifted by.
        bias: what is added to an exponent.
        least, most: beyond these the result is 0 and infinite.
        tail: coefficients of (exp(r) - 1 - r) / r^2.
    """

    rounder: float
    high: float
    low: float
    mantissa: int
    bias: int
    least: float
    most: float
    tail: tuple[float, ...]


_DOUBLE = _Format(
    1.5 * 2.0**52 + 2046, 0.6931471803691238, 1.9082149292705877e-10, 52, 1023, -746.0, 710.0,
    (0.5000000000000006, 0.16666666666666588, 0.041666666666576466, 0.008333333333389733, 0.001388888893166707,
     0.0001984126971871263, 2.480150514273558e-05, 2.755740768480659e-06, 2.762609281799164e-07,
     2.505377603808667e-08))  # fmt: skip
_SINGLE = _Format(
    1.5 * 2.0**23 + 254, 0.693359375, -2.12194440e-4, 23, 127, -104.0, 89.0,
    (0.49999997, 0.16666543, 0.0416672, 0.0083665475, 0.0013882519))  # fmt: skip


def format_of(x: Vector) -> _Format:
    return _SINGLE if x.single else _DOUBLE


def reduced(x: Vector) -> tuple[Vector, Vector]:
    """The rounded sum, whose last bits are n + 2 bias, and r = x - n ln 2."""
    f = format_of(x)
    total = x.times_plus(1 / math.log(2.0), f.rounder)
    n = total - f.rounder
    return total, n.times_plus(-f.low, n.times_plus(-f.high, x))


def scaled(x: Vector, total: Vector) -> Vector:
    """x 2^n, rounded once also where it is subnormal or too large, of the rounded sum with n."""
    f = format_of(x)
    at_once = x.scaled(total - f.rounder)
    if at_once is not None:
        return at_once
    bits = total.bits()
    half = bits.shifted(1)  # the power of 2 itself may be beyond the range of numbers; its root is not
    rest = bits - half
    return x * (half << f.mantissa).float() * (rest << f.mantissa).float()


def _of_reduced(r: Vector) -> Vector:
    """exp(r) - 1."""
    return (r * r).times_plus(polynomial(r, format_of(r).tail), r)


@lowered("exp")
@shared()
def exp(x: Vector) -> Vector:
    f = format_of(x)
    total, r = reduced(x.at_most(f.most).at_least(f.least))
    return scaled(_of_reduced(r) + 1.0, total)


@shared()
def exp_of_sum(x: Vector, rest: Vector, factor: Vector) -> Vector:
    """factor exp(x + rest) for |rest| < 0.03, which x may have no digits for, and a factor of moderate size."""
    f = format_of(x)
    total, r = reduced(x.at_most(f.most).at_least(f.least))
    return scaled(_of_reduced(r + rest).times_plus(factor, factor), total)


@lowered("exp2")
@shared()
def exp2(x: Vector) -> Vector:
    f = format_of(x)
    x = x.at_most(1.0 + f.most / math.log(2.0)).at_least(f.least / math.log(2.0) - 1.0)
    total = x + f.rounder
    r = (x - (total - f.rounder)) * math.log(2.0)
    return scaled(_of_reduced(r) + 1.0, total)


@shared()
def half_exp(x: Vector) -> Vector:
    """exp(x) / 2, which is finite a little further."""
    f = format_of(x)
    total, r = reduced(x.at_most(f.most + 1.0).at_least(f.least))
    return scaled(_of_reduced(r) + 1.0, total - 1.0)


def _expm1(x: Vector, down: int) -> Vector:
    """expm1(x) / 2^down, for x from -40 on to where 2^(n - down) is a number."""
    f = format_of(x)
    total, r = reduced(x)
    power = (total.bits() - (f.bias + down) << f.mantissa).float()
    return _of_reduced(r).times_plus(power, power - 2.0**-down)


@lowered("expm1")
@shared()
def expm1(x: Vector) -> Vector:
    half = _expm1(x.at_most(format_of(x).most).at_least(-40.0), 1)
    return (half + half).with_sign_of(x)


def parts_below_0(x: Vector) -> tuple[Vector, Vector]:
    """exp(r) - 1 and 2^n, of which exp(x) and expm1(x) are made for x <= 0.

    Functions of one operand that are all made of these have them in common.
    """
    total, r = reduced(x.at_least(format_of(x).least))
    return _of_reduced(r), scaled(x.of(1.0), total)


def exp_below_0(x: Vector) -> Vector:
    """exp for x <= 0."""
    rest, power = parts_below_0(x)
    return rest.times_plus(power, power)


@shared()
def quarter_expm1(x: Vector) -> Vector:
    """expm1(x) / 4 for x >= 0."""
    return _expm1(x.at_most(format_of(x).most + 0.5), 2)
