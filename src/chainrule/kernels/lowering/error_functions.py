"""The error function and its relatives: the formulas and tables of the primitives, on vectors.

All but erf are computed in float64, as the primitives do it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from chainrule.kernels.lowering.exponential import exp_below_0, exp_of_sum
from chainrule.kernels.lowering.logarithm import log, log1p
from chainrule.kernels.lowering.polynomial import polynomial
from chainrule.kernels.lowering.table import floating, lowered, shared
from chainrule.ops.error_functions import _ERF_NEAR, _ERFC_FAR

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector

_ROOT_HALF, _ROOT_HALF_LOW = 0.7071067811865476, -4.833646656726457e-17
_NEAR = _ERF_NEAR[::-1]
_FAR = _ERFC_FAR[::-1]
_DOUBLE = np.dtype(np.float64)
# exp(x^2) erfc(x) by (x - 3) / (x + 3) for 1 <= x <= 6, to the digits that are left of it in erf(x): minimax
_TAIL = (0.17900115118138987, -0.32623356004305537, 0.2456038017120215, -0.15011593649829413, 0.0716658372693764,
         -0.024392499073200843, 0.0042691338566067305, 0.0007077271503929322, -0.000597081723553665,
         4.547567448069077e-05, 6.494414619408057e-05, -1.1755051332578972e-05, -8.407256449306656e-06)  # fmt: skip
# In float32 erf(x) is x + x p(x^2) up to 1, and 1 - exp(p(x)) from there: minimax polynomials by the Remez exchange.
_SINGLE_NEAR = (0.12837917, -0.37612626, 0.112836, -0.026854444, 0.0051895357, -0.0008020842, 7.889122e-05)
_SINGLE_FAR = (
    0.00018846805,
    -1.1295803,
    -0.6332164,
    -0.1084221,
    0.02521034,
    -0.0042052846,
    0.0004414726,
    -2.169761e-05,
)
# x sqrt(pi) exp(x^2) erfc(x) by 1 / (2 x^2), for x >= 27: 1 - y + 3 y^2 - 15 y^3 + ...
_ASYMPTOTIC = tuple((-1) ** n * math.prod(range(1, 2 * n, 2)) for n in range(8))


def _in_double(write: Callable[[Vector], Vector]) -> Callable[[Vector], Vector]:
    def wide(x: Vector) -> Vector:
        return write(x.to(_DOUBLE)).to(x.dtype)

    wide.__name__ = write.__name__
    return wide


def _erf_near(x: Vector) -> Vector:
    """erf for |x| <= 1."""
    return x.times_plus(polynomial(x * x, _NEAR), x)


def _erfc_scaled(x: Vector, divisor: Vector) -> Vector:
    """exp(x^2) erfc(x) for x >= 1/2, given 1 + 2 x: of that the digits count."""
    return polynomial((x - 4.0) / (x + 4.0), _FAR) / divisor


def _squared(a: Vector) -> tuple[Vector, Vector]:
    """r^2, which is exact, and a^2 - r^2, which is small."""
    r = (a * 1024.0).intrinsic("rint") * (1 / 1024)
    return r * r, (a - r) * (a + r)


@lowered("erf", operands=floating)
@shared()
def erf(x: Vector) -> Vector:
    a = x.abs()
    if x.single:
        near = x.times_plus(polynomial(x * x, _SINGLE_NEAR), x)
        tail = exp_below_0(polynomial(a.at_most(4.0), _SINGLE_FAR))
    else:
        near = _erf_near(x)
        far = a.at_least(1.0).at_most(6.0)
        tail = exp_below_0(-(far * far)) * polynomial((far - 3.0) / (far + 3.0), _TAIL)
    return (a < 1.0).select(near, (1.0 - tail).with_sign_of(x))


@shared()
def _erfc_in_double(x: Vector) -> Vector:
    a = x.abs().at_least(0.5).at_most(28.0)
    square, rest = _squared(a)
    scaled = _erfc_scaled(a, a + a + 1.0)
    tail = exp_of_sum(-square, -rest, scaled)
    far = (x < 0.0).select(2.0 - tail, tail)
    return (x.abs() < 0.65).select(1.0 - _erf_near(x), far)


@shared()
def _erfcx_in_double(x: Vector) -> Vector:
    a = x.abs()
    large = a.at_least(27.0)
    y = 0.5 / (large * large)
    series = polynomial(y, _ASYMPTOTIC) / (large * math.sqrt(math.pi))
    middle = a.at_least(0.5).at_most(27.0)
    scaled = (a > 27.0).select(series, _erfc_scaled(middle, middle + middle + 1.0))
    square, rest = _squared(a.at_most(30.0))
    power = exp_of_sum(square, rest, x.of(1.0))
    outer = (x < 0.0).select(power + power - scaled, scaled)
    return (x < -29.9).select(math.inf, (a < 0.5).select(power * (1.0 - _erf_near(x)), outer))


@lowered("erfc", operands=floating)
@_in_double
def erfc(x: Vector) -> Vector:
    return _erfc_in_double(x)


@lowered("erfcx", operands=floating)
@_in_double
def erfcx(x: Vector) -> Vector:
    return _erfcx_in_double(x)


@lowered("log_ndtr", operands=floating)
@shared()
@_in_double
def log_ndtr(x: Vector) -> Vector:
    low = x.at_most(0.0)
    tail = log(0.5 * _erfcx_in_double(low * -_ROOT_HALF)) - 0.5 * low * low
    # Above 0 by erfc(x / root 2). What the quotient is rounded by is put right to first order, or does not matter:
    # exp(-x^2 / 2) is taken of x itself.
    high = x.at_least(0.0).at_most(40.0)
    a = high * _ROOT_HALF
    lost = high.fused(a.of(_ROOT_HALF), -a) + high * _ROOT_HALF_LOW
    near = 1.0 - _erf_near(a) - 0.65 * lost
    square, rest = _squared(high)
    far = high.at_least(1.0)
    scaled = _erfc_scaled(far * _ROOT_HALF, far.times_plus(math.sqrt(2.0), 1.0))
    complement = (high < 1.1).select(near, exp_of_sum(-0.5 * square, -0.5 * rest, scaled))
    return (x < 0.0).select(tail, log1p(complement * -0.5))
