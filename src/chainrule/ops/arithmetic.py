"""Arithmetic: sums, products, quotients, powers, roots, remainders, casts."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Constant, Elementwise, Linear
from chainrule.core.domain import Domain, Interval, Kink
from chainrule.core.notation import Call, Fraction, Infix, Power, Precedence, Prefix, Root, Transparent
from chainrule.core.primitive import example, primitive
from chainrule.core.registry import building
from chainrule.core.shapes import Array, elementwise
from chainrule.ops import rules


def _power_by_base(F: Any, out: Array, x: Array, y: Array) -> Array:
    if type(y) in (int, float):
        if y == 0:
            return F.zeros_like(x)  # 0 * x**-1 would be NaN at 0
        return F.ones_like(x) if y == 1 else y * x ** (y - 1)
    nothing = F.logical_and(F.equal(x, 0.0), F.equal(y, 0.0))
    return F.where(nothing, 0.0, y * F.power(F.where(nothing, 1.0, x), y - 1))


def _power_by_exponent(F: Any, out: Array, x: Array, y: Array) -> Array:
    if type(x) in (int, float) and x > 0:
        logarithm = F.log(x)
        # Of a Python number the logarithm stays one: NumPy's float64 would promote float32.
        return out * (float(logarithm) if isinstance(logarithm, float) else logarithm)
    nothing = F.logical_and(F.equal(x, 0.0), F.greater(y, 0.0))
    return F.where(nothing, 0.0, out * F.log(F.where(nothing, 1.0, x)))


def _inverse(F: Any, y: Array) -> Array:
    # In a graph 1/3 stays a quotient, to be written as one; of values a Python number stays one.
    return F.divide(1, y) if F is building else 1 / y


def _not_zero(F: Any, x: Array) -> Array:
    return F.where(F.equal(x, 0.0), 1.0, x)


def _cast(x: Any, dtype: str) -> Any:
    return np.asarray(x).astype(dtype)[()]


_POWER = Domain((Interval(0.0), Interval()), text="a negative base takes integer exponents only", kinks=(
    Kink(lambda out, x, y: (x == 0) & (y < 1) & (y != 0), "x^y at x = 0 with y < 1, where the derivative is infinite"),
    Kink(lambda out, x, y: (x == 0) & (y == 0), "x^y at x = y = 0, where the derivative by x is taken as 0")))
_MODULUS = (Interval(), Interval(0.0))
_REMAINDERS = (example(np.array([2.3, -1.7, 0.4]), np.array([0.9, 0.7, -1.3])),
               example(np.array([[2.3], [-1.7]]), np.array([0.9, -0.75])),
               example(np.array(5.5), np.array(2.0)), example(np.array(-5.5), np.array(2.0)),
               example(np.zeros(0), np.array([2.0])))

add = primitive("add", evaluate=np.add, shape=elementwise,
                derivative=Elementwise(1, 1),
                notation=Infix("+", Precedence.SUM, associative=True), rule=rules.SUM)

subtract = primitive("subtract", evaluate=np.subtract, shape=elementwise,
                     derivative=Elementwise(1, -1),
                     notation=Infix("-", Precedence.SUM), rule=rules.DIFFERENCE)

negative = primitive("negative", evaluate=np.negative, shape=elementwise,
                     derivative=Elementwise(-1),
                     notation=Prefix("-"), rule=rules.MINUS)

positive = primitive("positive", evaluate=np.positive, shape=elementwise,
                     derivative=Elementwise(1),
                     notation=Transparent(), rule=rules.LINEAR_MAP)

multiply = primitive("multiply", evaluate=np.multiply, shape=elementwise,
                     derivative=Elementwise(lambda F, out, x, y: y,
                                            lambda F, out, x, y: x),
                     notation=Infix("*", Precedence.PRODUCT, associative=True), rule=rules.PRODUCT)

divide = primitive("divide", evaluate=np.divide, shape=elementwise,
                   derivative=Elementwise(lambda F, out, x, y: _inverse(F, y),
                                          lambda F, out, x, y: -out / y, saturates=(1,)),
                   notation=Fraction(), rule=rules.QUOTIENT,
                   domain=Domain(text="the divisor is not 0", kinks=(
                       Kink(lambda out, x, y: y == 0, "x / y at y = 0, a pole"),)))

reciprocal = primitive("reciprocal", evaluate=np.reciprocal, shape=elementwise,
                       derivative=Elementwise(lambda F, out, x: -F.square(out), saturates=(0,)),
                       notation=Power("-1"), rule=rules.RECIPROCAL,
                       domain=Domain((Interval(0.0),), text="negative numbers too; not 0", kinks=(
                           Kink(lambda out, x: x == 0, "1 / x at 0, a pole"),)))

square = primitive("square", evaluate=np.square, shape=elementwise,
                   derivative=Elementwise(lambda F, out, x: 2 * x),
                   notation=Power("2"), rule=rules.SQUARE)

power = primitive("power", evaluate=np.power, shape=elementwise,
                  derivative=Elementwise(_power_by_base, _power_by_exponent, saturates=(0, 1), overflows=True),
                  notation=Power(), rule=rules.POWER, domain=_POWER)

float_power = primitive("float_power", evaluate=np.float_power, shape=elementwise,
                        derivative=Elementwise(_power_by_base, _power_by_exponent, saturates=(0, 1), overflows=True),
                        notation=Power(), rule=rules.POWER, domain=_POWER)

sqrt = primitive("sqrt", evaluate=np.sqrt, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x: 0.5 / out),
                 notation=Root("sqrt", latex=r"\sqrt"), rule=rules.SQUARE_ROOT,
                 domain=Domain((Interval(0.0, closed=True),), kinks=(
                     Kink(lambda out, x: x == 0, "sqrt(x) at 0, where the derivative is infinite"),)))

cbrt = primitive("cbrt", evaluate=np.cbrt, shape=elementwise,
                 # by way of the root: x^(-2/3) is NaN for negative x
                 derivative=Elementwise(lambda F, out, x: 1 / (3 * F.square(out))),
                 notation=Root("cbrt", latex=r"\sqrt[3]", degree=3), rule=rules.CUBE_ROOT,
                 domain=Domain(kinks=(Kink(lambda out, x: x == 0, "cbrt(x) at 0, where the derivative is infinite"),)))

hypot = primitive("hypot", evaluate=np.hypot, shape=elementwise,
                  derivative=Elementwise(lambda F, out, x, y: x / _not_zero(F, out),
                                         lambda F, out, x, y: y / _not_zero(F, out)),
                  rule=rules.HYPOTENUSE,
                  domain=Domain(kinks=(
                      Kink(lambda out, x, y: out == 0, "hypot(x, y) at (0, 0), where the derivative is taken as 0"),)))

floor_divide = primitive("floor_divide", evaluate=np.floor_divide, shape=elementwise,
                         derivative=Constant(),
                         notation=Infix("//", Precedence.PRODUCT, latex=r"\mathbin{//}"), rule=rules.STEP,
                         domain=Domain(_MODULUS, kinks=(
                             Kink(lambda out, x, y: np.remainder(x, y) == 0, "x // y at a multiple of y, a jump"),)))

remainder = primitive("remainder", evaluate=np.remainder, shape=elementwise,
                      derivative=Elementwise(1, lambda F, out, x, y: -F.floor_divide(x, y)),
                      notation=Infix("%", Precedence.PRODUCT, latex=r"\bmod"), rule=rules.REMAINDER,
                      examples=_REMAINDERS,
                      domain=Domain(_MODULUS, text="the divisor is not 0", kinks=(
                          Kink(lambda out, x, y: out == 0,
                               "x mod y at a multiple of y, a jump, where the derivative by x is taken as 1"),)))

fmod = primitive("fmod", evaluate=np.fmod, shape=elementwise,
                 # the quotient that was subtracted is an integer: rint undoes the rounding of the division
                 derivative=Elementwise(1, lambda F, out, x, y: F.rint((out - x) / y)),
                 rule=rules.REMAINDER, examples=_REMAINDERS,
                 domain=Domain(_MODULUS, text="the divisor is not 0", kinks=(
                     Kink(lambda out, x, y: (out == 0) & (x != 0),
                          "fmod(x, y) at a multiple of y, a jump, where the derivative by x is taken as 1"),)))

cast = primitive("cast", evaluate=_cast, shape=elementwise, dtype=lambda x, dtype: np.dtype(dtype),
                 derivative=Linear(lambda F, g, out, x, dtype: F.cast_like(g, x)),
                 notation=Transparent(), rule=rules.LINEAR_MAP,
                 examples=tuple(example(shape, dtype="float64") for shape in ((3,), (), (2, 0))))

cast_discrete = primitive("cast_discrete", evaluate=_cast, shape=elementwise, dtype=lambda x, dtype: np.dtype(dtype),
                          derivative=Constant(),
                          notation=Call("cast"), rule=rules.STEP,
                          examples=tuple(example(s, dtype=d) for s in ((3,), (), (2, 0)) for d in ("int64", "bool")))
