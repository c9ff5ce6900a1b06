"""The inverses of trigonometric and hyperbolic functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chainrule.kernels.lowering.logarithm import log1p
from chainrule.kernels.lowering.polynomial import polynomial
from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector

# (arctan(t) - t) / t^3 by t^2 for |t| <= tan(pi / 8), and (arcsin(s) - s) / s^3 by s^2 for |s| <= 1/2: minimax
# polynomials for float64 and float32
_TANGENT = (-0.333333333333332, 0.1999999999995383, -0.14285714280221626, 0.11111110784734603, -0.0909089779457616,
            0.0769206086769597, -0.06663111381367455, 0.05847941684272738, -0.050395353203261384,
            0.03807026710880421, -0.017913281096068913)  # fmt: skip
_SINGLE_TANGENT = (-0.33333316, 0.19998486, -0.14243783, 0.10595485, -0.060820747)
_SINE = (0.16666666666665375, 0.0750000000034485, 0.044642856821939594, 0.030381959396801026, 0.02237175190991785,
         0.01735979601484336, 0.01388434711779093, 0.01217496270187929, 0.006503436603651911, 0.019594560231582535,
         -0.016327023068507498, 0.03198190756087916)  # fmt: skip
_SINGLE_SINE = (0.1666666, 0.07500512, 0.04451547, 0.031819846, 0.014393698, 0.037578307)

# pi / 2 is the sum of two numbers.
_QUARTER = (1.5707963267948966, 6.123233995736766e-17)
_SINGLE_QUARTER = (1.57079637, -4.37113883e-8)


def _quarter_turn(x: Vector) -> tuple[float, float]:
    return _SINGLE_QUARTER if x.single else _QUARTER


def _angle(y: Vector, x: Vector) -> Vector:
    """arctan(y / x) for y and x from 0 on, not both 0, not both infinite."""
    steep, middle = y > x * (math.sqrt(2.0) + 1.0), y * (math.sqrt(2.0) + 1.0) > x
    # The angle to the nearest of 0, pi / 4 and pi / 2.
    t = steep.select(-x, middle.select(y - x, y)) / steep.select(y, middle.select(y + x, x))
    z = t * t
    small = (t * z).times_plus(polynomial(z, _SINGLE_TANGENT if t.single else _TANGENT), t)
    high, low = _quarter_turn(x)
    base = steep.select(x.of(high), middle.select(x.of(high / 2), 0.0))
    rest = steep.select(x.of(low), middle.select(x.of(low / 2), 0.0))
    return base + (small + rest)


@lowered("arctan")
@shared()
def arctan(x: Vector) -> Vector:
    return _angle(x.abs(), x.of(1.0)).with_sign_of(x)


@lowered("arctan2")
@shared()
def arctan2(y: Vector, x: Vector) -> Vector:
    high, wide = y.abs(), x.abs()
    # The sum of the largest numbers would overflow; the quotient does not mind a common factor.
    scale = ((high > 1e37) | (wide > 1e37)).select(x.of(0.25), 1.0)
    high, wide = high * scale, wide * scale
    origin, corner = (high + wide).equals(0.0), high.equals(wide)
    wide = origin.select(1.0, (corner & ~origin).select(1.0, wide))
    high = origin.select(0.0, (corner & ~origin).select(1.0, high))
    angle = _angle(high, wide)
    turn, rest = _quarter_turn(x)
    angle = (x.bits() < 0).select(2 * turn - (angle - 2 * rest), angle)
    return (x.is_nan() | y.is_nan()).select(x + y, angle.with_sign_of(y))


def _chord(x: Vector) -> tuple[Vector, Vector]:
    """arcsin of |x| up to 1/2, and of sqrt((1 - |x|) / 2) beyond; and where that is."""
    a = x.abs()
    far = a > 0.5
    z = far.select((1.0 - a) * 0.5, a * a)
    s = far.select(z.sqrt(), a)
    return (s * z).times_plus(polynomial(z, _SINGLE_SINE if x.single else _SINE), s), far


@lowered("arcsin")
@shared()
def arcsin(x: Vector) -> Vector:
    chord, far = _chord(x)
    high, low = _quarter_turn(x)
    return far.select(high - (chord + chord - low), chord).with_sign_of(x)


@lowered("arccos")
@shared()
def arccos(x: Vector) -> Vector:
    chord, far = _chord(x)
    high, low = _quarter_turn(x)
    double = chord + chord
    beyond = (x < 0.0).select(2 * high - (double - 2 * low), double)
    return far.select(beyond, high - (chord.with_sign_of(x) - low))


_FAR = 2.0**28


@lowered("arcsinh")
@shared()
def arcsinh(x: Vector) -> Vector:
    a = x.abs()
    far = a > _FAR  # there it is log(2 |x|)
    square = a * a
    w = far.select(a - 1.0, a + square / (1.0 + (1.0 + square).sqrt()))
    return (log1p(w) + far.select(x.of(math.log(2.0)), 0.0)).with_sign_of(x)


@lowered("arccosh")
@shared()
def arccosh(x: Vector) -> Vector:
    t = x - 1.0
    far = x > _FAR
    w = far.select(t, t + (t * (t + 2.0)).sqrt())
    return log1p((x >= 1.0).select(w, math.nan)) + far.select(x.of(math.log(2.0)), 0.0)


@lowered("arctanh")
@shared()
def arctanh(x: Vector) -> Vector:
    a = x.abs()
    return (0.5 * log1p((a + a) / (1.0 - a))).with_sign_of(x)
