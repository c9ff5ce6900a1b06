"""Sine, cosine, tangent, and the cardinal sine.

The argument is reduced by multiples of pi (of pi/2 for the tangent) in three parts, of which the first two have so few
digits that their products are exact (Cody and Waite 1980); what is left is right to the last place for |x| < 2^20.
Larger arguments, which are rare, are given to the C library. float32 is computed in float64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from chainrule.kernels.lowering.polynomial import polynomial
from chainrule.kernels.lowering.table import floating, lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector

_DOUBLE = np.dtype(np.float64)
_PI = (3.1415926534682512, 1.2154201012607932e-10, 4.044532497591901e-21)
_LARGE = 2.0**20
_ROUNDER = 1.5 * 2.0**52

# sin(r) / r - 1 by r^2 for |r| <= pi/2 and for |r| <= pi/4, and (cos(r) - 1 + r^2 / 2) / r^4: minimax polynomials
_SINE = (-0.16666666666666666, 0.008333333333333194, -0.00019841269841208996, 2.7557319211097714e-06,
         -2.5052106869087573e-08, 1.6058939514844204e-10, -7.642986410727089e-13, 2.7211204143218426e-15)  # fmt: skip
_SHORT_SINE = (-0.1666666666666663, 0.008333333333322084, -0.00019841269829561114, 2.755731361118685e-06,
               -2.5050746116113677e-08, 1.5896131950523776e-10)  # fmt: skip
_SHORT_COSINE = (0.0416666666666666, -0.0013888888888874094, 2.4801587289462872e-05, -2.7557314346506915e-07,
                 2.087572244984331e-09, -1.1359603630558072e-11)  # fmt: skip


def _less_multiple(x: Vector, n: Vector) -> Vector:
    """x - n pi."""
    for part in _PI:
        x = n.times_plus(-part, x)
    return x


def _sine_of_small(r: Vector) -> Vector:
    z = r * r
    return r * z.times_plus(polynomial(z, _SINE), 1.0)


def _flipped(x: Vector, last_bit: Vector) -> Vector:
    """x, or -x where the last bit of an integer is set."""
    return (x.bits() ^ (last_bit << 63)).float()


@shared()
def _sine_in_double(x: Vector) -> Vector:
    total = x.times_plus(1 / math.pi, _ROUNDER)
    r = _less_multiple(x, total - _ROUNDER)
    return _flipped(_sine_of_small(r), total.bits()).rescued(x, x.abs() >= _LARGE, "sin")


@shared()
def _cosine_in_double(x: Vector) -> Vector:
    # by the odd multiples of pi / 2, so that the sine of what is left is the cosine but for the sign
    total = x.times_plus(1 / math.pi, -0.5) + _ROUNDER
    r = _less_multiple(x, total - (_ROUNDER - 1.0) - 0.5)
    return _flipped(_sine_of_small(r), ~total.bits()).rescued(x, x.abs() >= _LARGE, "cos")


@shared()
def _tangent_in_double(x: Vector) -> Vector:
    total = x.times_plus(2 / math.pi, _ROUNDER)
    n = total - _ROUNDER
    first, second, third = (-part / 2 for part in _PI)
    above = n.times_plus(first, x)
    r = n.times_plus(second, above)
    # What this sum and the next one are rounded by: the tangent changes faster than its operand.
    low = n.times_plus(third, n.times_plus(second, above - r))
    r, before = r + low, r
    low = before - r + low
    z = r * r
    sine = (r * z).times_plus(polynomial(z, _SHORT_SINE), r)
    cosine = (z * z).times_plus(polynomial(z, _SHORT_COSINE), 1.0 - 0.5 * z)
    sine, cosine = low.times_plus(cosine, sine), low.times_plus(-sine, cosine)
    bits = total.bits()
    odd = (bits & 1).differs(0)
    quotient = odd.select(cosine, sine) / odd.select(sine, cosine)
    return x.equals(0.0).select(x, _flipped(quotient, bits)).rescued(x, x.abs() >= _LARGE, "tan")


@lowered("sin")
def sin(x: Vector) -> Vector:
    return _sine_in_double(x.to(_DOUBLE)).to(x.dtype)


@lowered("cos")
def cos(x: Vector) -> Vector:
    return _cosine_in_double(x.to(_DOUBLE)).to(x.dtype)


@lowered("tan")
def tan(x: Vector) -> Vector:
    return _tangent_in_double(x.to(_DOUBLE)).to(x.dtype)


@lowered("sinc", operands=floating)
def sinc(x: Vector) -> Vector:
    y = x.equals(0.0).select(1e-20, x) * math.pi
    return sin(y) / y
