"""Norms of vectors. At 0 a norm has a kink; the derivative is taken as 0 there."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.axes import reduction
from chainrule.core.derivative import Elementwise, Reduction
from chainrule.core.domain import Domain, Interval, Kink
from chainrule.core.notation import Bars, Fraction
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, elementwise
from chainrule.ops import rules

NORM = Rule("derivative of the norm", "d ||u|| = u^T du / ||u||; of the p-norm sum sign(u) (|u| / ||u||)^(p-1) du")


def _divide_no_nan(x: Any, y: Any) -> Any:
    zero = np.equal(y, 0)
    return np.where(zero, 0, np.divide(x, np.where(zero, 1, y)))[()]


def _divide_numbers_no_nan(x: Any, y: Any) -> Any:
    if not isinstance(y, np.generic) or np.ndim(x):
        return _divide_no_nan(x, y)
    quotient = x / (y or type(y)(1))
    return quotient if y else np.zeros_like(quotient)[()]


# The quotient that the gradient of a norm is: 0 where the norm is 0, and so are all its derivatives there.
divide_no_nan = primitive("divide_no_nan", evaluate=_divide_no_nan, shortcut=_divide_numbers_no_nan,
                          shape=elementwise,
                          derivative=Elementwise(lambda F, out, x, y: F.divide_no_nan(1.0, y),
                                                 lambda F, out, x, y: -F.divide_no_nan(out, y)),
                          notation=Fraction(), rule=rules.QUOTIENT,
                          domain=Domain((Interval(), Interval(0.0, closed=True)),
                                        kinks=(Kink(lambda out, x, y: np.equal(y, 0),
                                                    "x / 0 is taken as 0, and so are its derivatives"),)))


def _norm_partial(F: Any, out: Array, x: Array, axis: tuple[int, ...], keepdims: bool, ord: float) -> Array:
    if ord == 2:
        return x  # divided by the norm in `_norm_scale`
    norm = F.expand_like(out, x, axis=axis, keepdims=keepdims)
    return F.sign(x) * F.power(F.divide_no_nan(F.abs(x), norm), ord - 1)


def _norm(x: Any, axis: tuple[int, ...], keepdims: bool, ord: float) -> Any:
    x = np.asarray(x)
    if ord != 2 or len(axis) != x.ndim or x.dtype.kind != "f":
        return np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)
    flat = x.ravel(order="K")  # one pass, as numpy.linalg.norm does it for a whole array
    norm = np.sqrt(flat.dot(flat))
    return np.reshape(norm, (1,) * len(axis)) if keepdims and axis else norm


def _norm_scale(F: Any, v: Array, out: Array, x: Array, axis: tuple[int, ...], keepdims: bool, ord: float) -> Array:
    return F.divide_no_nan(v, out) if ord == 2 else v


def _norm_by_folds(F: Any, x: Array, axis: tuple[int, ...], keepdims: bool, ord: float) -> Array:
    if ord == 2:
        return F.sqrt(F.sum(F.square(x), axis=axis, keepdims=keepdims))
    return F.power(F.sum(F.power(F.abs(x), ord), axis=axis, keepdims=keepdims), 1 / ord)


norm = primitive("norm", evaluate=_norm, by_folds=_norm_by_folds, shape=reduction,
                 derivative=Reduction(_norm_partial, scale=_norm_scale),
                 notation=Bars("||"), rule=NORM,
                 domain=Domain(kinks=(Kink(lambda out, x, axis, keepdims, ord: np.equal(out, 0),
                                           "the norm at 0: its derivative is taken as 0"),)),
                 examples=tuple(example(x, axis=axis, keepdims=keepdims, ord=ord) for x, axis, keepdims, ord in (
                     ((3,), (0,), False, 2), ((2, 3), (0, 1), False, 2), ((2, 3), (1,), True, 2), ((), (), False, 2),
                     ((2, 3, 2), (0, 2), True, 2), ((1, 3), (0,), False, 2), ((0,), (0,), False, 2),
                     ((4,), (0,), False, 4), ((2, 3), (0,), False, 2.5), ((2, 3), (0, 1), True, 3),
                     ((2, 0), (0,), True, 3))))
