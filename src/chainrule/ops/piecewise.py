"""Operations that choose between values or round them: where, maximum, clip, abs, floor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.derivative import Constant, Elementwise, Select
from chainrule.core.domain import Domain, Kink
from chainrule.core.notation import Bars, Call
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, elementwise, join_dtypes, join_floating
from chainrule.ops import rules


def _larger_share(x: Any, y: Any) -> Any:
    # NumPy's heaviside takes a branch for each component, which costs ten times as much if they are not in order.
    share = np.asarray(np.greater(x, y)).astype(np.result_type(x, y, np.float16))
    tied = np.equal(x, y)
    return (share + np.asarray(tied, share.dtype) / 2 if np.count_nonzero(tied) else share)[()]


def _where(condition: Any, x: Any, y: Any) -> Any:
    # So does its where. What rules ask for is mostly x or 0, which the bits of x give without a branch.
    plain = type(x) is np.ndarray and type(condition) is np.ndarray and x.shape == condition.shape and x.size > 1024
    if not plain or type(y) is not float or y != 0 or condition.dtype != bool or x.dtype.char not in "fd":
        return np.where(condition, x, y)
    integer = np.int64 if x.dtype.char == "d" else np.int32
    mask = np.negative(np.ascontiguousarray(condition).view(np.int8).astype(integer))
    return np.bitwise_and(np.ascontiguousarray(x).view(integer), mask).view(x.dtype)


def _share_beside_nan(F: Any, x: Array, y: Array, larger: Array) -> Array:
    # fmax and fmin take the operand that is a number.
    return F.where(F.isnan(y), 1.0, F.where(F.isnan(x), 0.0, larger))


def _tie(name: str) -> Domain:
    return Domain(kinks=(
        Kink(lambda out, x, y: x == y, f"{name}(x, y) at x = y, where each derivative is taken as 1/2"),))


def _jumps(name: str, at: Callable[[Any], Any]) -> Domain:
    return Domain(kinks=(Kink(lambda out, x: at(x), f"{name}(x) at a jump, where the derivative is taken as 0"),))


_SIGN  = _jumps("sign",  lambda x: x == 0)
_FLOOR = _jumps("floor", lambda x: x == np.floor(x))
_CEIL  = _jumps("ceil",  lambda x: x == np.floor(x))
_TRUNC = _jumps("trunc", lambda x: (x == np.floor(x)) & (x != 0))
_ROUND = _jumps("round", lambda x: x - np.floor(x) == 0.5)

# 1 where x is the larger of x and y, 1/2 at a tie: the mean of the one-sided derivatives
larger_share = primitive("larger_share", evaluate=_larger_share, shape=elementwise,
                         dtype=lambda x, y: join_floating(x, y),
                         derivative=Constant(), rule=rules.STEP)

where = primitive("where", evaluate=np.where, shortcut=_where, shape=elementwise,
                  dtype=lambda condition, x, y: join_dtypes(x, y),
                  derivative=Select(), rule=rules.BRANCH,
                  examples=(example(np.array([True, False, True]), (3,), (3,)),
                            example(np.array([[True], [False]]), (3,), ()),
                            example(np.array(True), (2,), (2, 2)), example(np.array([], bool), (0,), (1,))))

maximum = primitive("maximum", evaluate=np.maximum, shape=elementwise,
                    derivative=Elementwise(lambda F, out, x, y: F.larger_share(x, y),
                                           lambda F, out, x, y: F.larger_share(y, x)),
                    notation=Call("max", latex=r"\max"), rule=rules.MAXIMUM, domain=_tie("max"))

minimum = primitive("minimum", evaluate=np.minimum, shape=elementwise,
                    derivative=Elementwise(lambda F, out, x, y: F.larger_share(y, x),
                                           lambda F, out, x, y: F.larger_share(x, y)),
                    notation=Call("min", latex=r"\min"), rule=rules.MINIMUM, domain=_tie("min"))

fmax = primitive("fmax", evaluate=np.fmax, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x, y: _share_beside_nan(F, x, y, F.larger_share(x, y)),
                                        lambda F, out, x, y: _share_beside_nan(F, y, x, F.larger_share(y, x))),
                 rule=rules.MAXIMUM, domain=_tie("fmax"))

fmin = primitive("fmin", evaluate=np.fmin, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x, y: _share_beside_nan(F, x, y, F.larger_share(y, x)),
                                        lambda F, out, x, y: _share_beside_nan(F, y, x, F.larger_share(x, y))),
                 rule=rules.MINIMUM, domain=_tie("fmin"))

# min(max(x, a), b), with the ties of these
clip = primitive("clip", evaluate=np.clip, shape=elementwise,
                 derivative=Elementwise(
                     lambda F, out, x, a, b: F.larger_share(x, a) * F.larger_share(b, F.maximum(x, a)),
                     lambda F, out, x, a, b: F.larger_share(a, x) * F.larger_share(b, F.maximum(x, a)),
                     lambda F, out, x, a, b: F.larger_share(F.maximum(x, a), b)),
                 rule=rules.CLIP,
                 domain=Domain(text="the lower bound is at most the upper one", kinks=(
                     Kink(lambda out, x, a, b: (x == a) | (x == b),
                          "clip(x) at a bound, where the derivative is taken as 1/2"),)),
                 examples=(example((3,), np.array(-0.93), np.array(1.07)),
                           example((2, 3), np.array([-0.9, -0.5, 0.1]), np.array(0.83)),
                           example((), np.array([-0.4]), np.array([[0.3]])),
                           example((0,), np.array(-1.0), np.array(1.0))))

abs = primitive("abs", evaluate=np.absolute, shape=elementwise,
                derivative=Elementwise(lambda F, out, x: F.sign(x)),
                notation=Bars(), rule=rules.ABSOLUTE_VALUE,
                domain=Domain(kinks=(Kink(lambda out, x: x == 0, "|x| at 0, where the derivative is taken as 0"),)))

copysign = primitive("copysign", evaluate=np.copysign, shape=elementwise,
                     derivative=Elementwise(lambda F, out, x, y: F.sign(x) * F.copysign(1.0, y),
                                            lambda F, out, x, y: F.zeros_like(y)),
                     rule=rules.SIGN_OF_ANOTHER,
                     domain=Domain(kinks=(
                         Kink(lambda out, x, y: x == 0, "copysign(x, y) at x = 0, where the derivative is taken as 0"),
                         Kink(lambda out, x, y: y == 0, "copysign(x, y) at y = 0, a jump"))))

heaviside = primitive("heaviside", evaluate=np.heaviside, shape=elementwise,
                      derivative=Elementwise(lambda F, out, x, y: F.zeros_like(x),
                                             lambda F, out, x, y: F.equal(x, 0.0)),
                      notation=Call("step"), rule=rules.STEP,
                      domain=Domain(kinks=(
                          Kink(lambda out, x, y: x == 0, "step(x) at 0, a jump, where the derivative is taken as 0"),)))

sign  = primitive("sign",  evaluate=np.sign,  shape=elementwise, derivative=Constant(), rule=rules.STEP, domain=_SIGN)
floor = primitive("floor", evaluate=np.floor, shape=elementwise, derivative=Constant(), rule=rules.STEP, domain=_FLOOR)
ceil  = primitive("ceil",  evaluate=np.ceil,  shape=elementwise, derivative=Constant(), rule=rules.STEP, domain=_CEIL)
trunc = primitive("trunc", evaluate=np.trunc, shape=elementwise, derivative=Constant(), rule=rules.STEP, domain=_TRUNC)
rint  = primitive("rint",  evaluate=np.rint,  shape=elementwise, derivative=Constant(), rule=rules.STEP, domain=_ROUND)

round = primitive("round", evaluate=np.round, shape=elementwise, derivative=Constant(), rule=rules.STEP,
                  examples=(example((3,), decimals=1), example((), decimals=0), example((2, 0), decimals=2)))
