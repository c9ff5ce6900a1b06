"""Trigonometric and hyperbolic functions, their inverses, and the cardinal sine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import Domain, Interval, Kink
from chainrule.core.notation import Call
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, elementwise
from chainrule.ops import rules


def _sech(x: Any) -> Any:
    if np.iscomplexobj(x):
        return 1 / np.cosh(x)
    e = np.exp(np.copysign(x, -1.0))  # of -|x|: 1 / cosh would overflow on the way to 0
    below = e * e
    below += 1.0
    e += e
    e /= below
    return e


def _sinc_derivative(x: Any, order: int) -> Any:
    x = np.asarray(x) * 1.0
    u = np.pi * x
    # For j(u) = sin(u) / u: the power series of its derivative near 0, where the recurrence cancels,
    near = np.abs(u) < order + 1
    v = np.where(near, u, 0.0)
    first = (order + 1) // 2
    term = (-1.0) ** first * (v if order % 2 else np.ones_like(v))
    series = np.zeros_like(v)
    for k in range(first, first + 12 + 3 * order):
        series = series + term / (2 * k + 1)
        term = -term * v * v / ((2 * k - order + 1) * (2 * k - order + 2))
    # and elsewhere u j^(n) + n j^(n-1) = sin(u + n pi / 2), from u j = sin(u).
    w = np.where(near, 1.0, u)
    turn = np.pi * (x - 2 * np.round(np.real(x) / 2))
    waves = (np.sin(turn), np.cos(turn))
    recurrence = np.where(near, 0.0, waves[0]) / w
    for n in range(1, order + 1):
        recurrence = ((-1) ** (n // 2) * waves[n % 2] - n * recurrence) / w
    return np.pi**order * np.where(near, series, recurrence)[()]


def _distance(F: Any, x: Array, y: Array) -> Array:
    """The distance from the origin, 1 at the origin itself; squared it would underflow for small operands."""
    r = F.hypot(x, y)
    return F.where(F.equal(r, 0.0), 1.0, r)


def _of_y(F: Any, out: Array, y: Array, x: Array) -> Array:
    r = _distance(F, x, y)
    return x / r / r


def _of_x(F: Any, out: Array, y: Array, x: Array) -> Array:
    r = _distance(F, x, y)
    return -y / r / r


# What the inverses divide by: (1 - x)(1 + x) and not 1 - x^2, which cancels near 1. Of complex numbers the root
# is taken from the result: on a branch cut only it knows the side, which is the sign of a zero that 1 - x has not.


def _is_complex(x: Array) -> bool:
    return np.dtype(x.dtype).kind == "c"


def _cosine(F: Any, out: Array, x: Array) -> Array:
    return F.cos(out) if _is_complex(x) else F.sqrt((1 - x) * (1 + x))


def _sine(F: Any, out: Array, x: Array) -> Array:
    return F.sin(out) if _is_complex(x) else F.sqrt((1 - x) * (1 + x))


def _hyperbolic_cosine(F: Any, out: Array, x: Array) -> Array:
    return F.cosh(out) if _is_complex(x) else F.hypot(1.0, x)


def _hyperbolic_sine(F: Any, out: Array, x: Array) -> Array:
    return F.sinh(out) if _is_complex(x) else F.sqrt(x - 1) * F.sqrt(x + 1)


def _ends(name: str) -> Domain:
    return Domain((Interval(-1.0, 1.0, closed=True),), kinks=(
        Kink(lambda out, x: np.abs(x) == 1, f"{name}(x) at 1 and -1, where the derivative is infinite"),))


sin = primitive("sin", evaluate=np.sin, shape=elementwise,
                derivative=Elementwise(lambda F, out, x: F.cos(x)),
                notation=Call("sin", latex=r"\sin"), rule=rules.SINE)

cos = primitive("cos", evaluate=np.cos, shape=elementwise,
                derivative=Elementwise(lambda F, out, x: -F.sin(x)),
                notation=Call("cos", latex=r"\cos"), rule=rules.COSINE)

def _at_pole(out: Any, x: Any) -> Any:
    # No float is a pole: 1 / |tan(x)| is the distance to it, here within the rounding of x.
    return np.abs(out) * np.abs(x) * np.finfo(np.asarray(out).dtype).eps >= 1


tan = primitive("tan", evaluate=np.tan, shape=elementwise,
                derivative=Elementwise(lambda F, out, x: 1 + F.square(out)),
                notation=Call("tan", latex=r"\tan"), rule=rules.TANGENT,
                domain=Domain((Interval(-math.pi / 2, math.pi / 2),), text="all numbers but the odd multiples of pi/2",
                              kinks=(Kink(_at_pole, "tan(x) within a rounding of an odd multiple of pi/2, a pole"),)))

arcsin = primitive("arcsin", evaluate=np.arcsin, shape=elementwise,
                   derivative=Elementwise(lambda F, out, x: 1 / _cosine(F, out, x)),
                   notation=Call("arcsin", latex=r"\arcsin"), rule=rules.ARCSINE, domain=_ends("arcsin"))

arccos = primitive("arccos", evaluate=np.arccos, shape=elementwise,
                   derivative=Elementwise(lambda F, out, x: -1 / _sine(F, out, x)),
                   notation=Call("arccos", latex=r"\arccos"), rule=rules.ARCCOSINE, domain=_ends("arccos"))

arctan = primitive("arctan", evaluate=np.arctan, shape=elementwise,
                   derivative=Elementwise(lambda F, out, x: 1 / (1 + F.square(x))),
                   notation=Call("arctan", latex=r"\arctan"), rule=rules.ARCTANGENT)

arctan2 = primitive("arctan2", evaluate=np.arctan2, shape=elementwise,
                    derivative=Elementwise(_of_y, _of_x),
                    notation=Call("atan2"), rule=rules.POLAR_ANGLE,
                    domain=Domain(kinks=(
                        Kink(lambda out, y, x: (x == 0) & (y == 0),
                             "atan2(y, x) at (0, 0), where the derivative is taken as 0"),
                        Kink(lambda out, y, x: (x < 0) & (y == 0), "atan2(y, x) on the negative x-axis, a jump"))))

sinh = primitive("sinh", evaluate=np.sinh, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x: F.cosh(x), overflows=True),
                 notation=Call("sinh", latex=r"\sinh"), rule=rules.HYPERBOLIC_SINE)

cosh = primitive("cosh", evaluate=np.cosh, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x: F.sinh(x), overflows=True),
                 notation=Call("cosh", latex=r"\cosh"), rule=rules.HYPERBOLIC_COSINE)

tanh = primitive("tanh", evaluate=np.tanh, shape=elementwise,
                 # sech(x)^2 and not 1 - out^2, which has lost all digits by x = 19
                 derivative=Elementwise(lambda F, out, x: F.square(F.sech(x))),
                 notation=Call("tanh", latex=r"\tanh"), rule=rules.HYPERBOLIC_TANGENT)

sech = primitive("sech", evaluate=_sech, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x: -out * F.tanh(x)),
                 notation=Call("sech", latex=r"\operatorname{sech}"), rule=rules.HYPERBOLIC_SECANT)

arcsinh = primitive("arcsinh", evaluate=np.arcsinh, shape=elementwise,
                    derivative=Elementwise(lambda F, out, x: 1 / _hyperbolic_cosine(F, out, x)),
                    notation=Call("arsinh", latex=r"\operatorname{arsinh}"), rule=rules.AREA_SINE)

arccosh = primitive("arccosh", evaluate=np.arccosh, shape=elementwise,
                    derivative=Elementwise(lambda F, out, x: 1 / _hyperbolic_sine(F, out, x)),
                    notation=Call("arcosh", latex=r"\operatorname{arcosh}"), rule=rules.AREA_COSINE,
                    domain=Domain((Interval(1.0, closed=True),), kinks=(
                        Kink(lambda out, x: x == 1, "arcosh(x) at 1, where the derivative is infinite"),)))

arctanh = primitive("arctanh", evaluate=np.arctanh, shape=elementwise,
                    derivative=Elementwise(lambda F, out, x: 1 / ((1 - x) * (1 + x))),
                    notation=Call("artanh", latex=r"\operatorname{artanh}"), rule=rules.AREA_TANGENT,
                    domain=Domain((Interval(-1.0, 1.0),), kinks=(
                        Kink(lambda out, x: np.abs(x) == 1, "artanh(x) at 1 and -1, a pole"),)))

sinc = primitive("sinc", evaluate=np.sinc, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x: F.sinc_derivative(x, order=1)),
                 notation=Call("sinc", latex=r"\operatorname{sinc}"), rule=rules.CARDINAL_SINE,
                 examples=tuple(example(shape) for shape in ((3,), (), (2, 3), (1,), (0,))))

# The textbook quotient (cos(pi x) - sinc(x)) / x is NaN at 0 and cancels near it, and so do all further derivatives.
sinc_derivative = primitive("sinc_derivative", evaluate=_sinc_derivative, shape=elementwise,
                            derivative=Elementwise(lambda F, out, x, order: F.sinc_derivative(x, order=order + 1)),
                            notation=Call("sinc_derivative"), rule=rules.CARDINAL_SINE_AGAIN,
                            examples=tuple(example(s, order=n) for s in ((3,), (), (2, 3), (0,)) for n in (1, 2)))

deg2rad = primitive("deg2rad", evaluate=np.deg2rad, shape=elementwise,
                    derivative=Elementwise(lambda F, out, x: math.pi / 180),
                    rule=rules.UNIT)

rad2deg = primitive("rad2deg", evaluate=np.rad2deg, shape=elementwise,
                    derivative=Elementwise(lambda F, out, x: 180 / math.pi),
                    rule=rules.UNIT)
