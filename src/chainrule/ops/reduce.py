"""Reductions over axes. `axis` is a tuple of non-negative ints, `keepdims` a bool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.axes import AxisRule, reduction
from chainrule.core.cotangent import Mask, Piece
from chainrule.core.derivative import Constant, Linear, Reduction
from chainrule.core.domain import Domain, Kink
from chainrule.core.labels import Folding, Labels
from chainrule.core.primitive import example, primitive
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.core.shapes import Array, Dtype, Shape, elementwise, reduced_shape
from chainrule.ops import rules

_AXES = (example((2, 3), axis=(0,), keepdims=False), example((2, 3), axis=(0, 1), keepdims=True),
         example((2, 3, 2), axis=(1,), keepdims=True), example((), axis=(), keepdims=False),
         example((1, 3), axis=(0,), keepdims=False), example((2, 0), axis=(0,), keepdims=False))
_EMPTY = (example((0, 3), axis=(0,), keepdims=False),)


@dataclass(frozen=True)
class _Position(AxisRule):
    """The axis `axis` (an int) is searched for a position in it."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return reduced_shape(shapes[0], (parameters["axis"],), parameters["keepdims"])

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        own = super().labels(shapes, {**parameters, "keepdims": True}).operands
        return Labels(own, own[0] if parameters["keepdims"] else tuple([i for i in own[0] if i is not None]))


def _summed(x: Dtype, **_: Any) -> Dtype:
    """NumPy sums small integers and booleans in its default integer."""
    dtype = np.dtype(x)
    return np.sum(np.zeros(1, dtype)).dtype if dtype.kind in "biu" else dtype


def _averaged(x: Dtype, **_: Any) -> Dtype:
    dtype = np.dtype(x)
    return np.dtype(float) if dtype.kind in "biu" else dtype


def _of_operand(x: Dtype, **_: Any) -> Dtype:
    return np.dtype(x)


def _boolean(x: Dtype, **_: Any) -> Dtype:
    return np.dtype(bool)


def _index(x: Dtype, **_: Any) -> Dtype:
    return np.dtype(np.intp)


def _other_factors(F: Any, x: Array, axis: tuple[int, ...]) -> Array:
    """For each component the product of all others: never P / x, which a zero among them would spoil."""
    if not axis:
        return F.ones_like(x)
    *rest, last = axis
    others = F.prod_others(x, axis=last)
    return others * _other_factors(F, F.prod(x, axis=(last,), keepdims=True), tuple(rest)) if rest else others


def _attained(F: Any, out: Array, x: Array, axis: tuple[int, ...], keepdims: bool) -> Array:
    return F.equal(x, F.expand_dims(out, axis=axis) if axis and not keepdims else out)


def _shared(F: Any, v: Array, out: Array, x: Array, axis: tuple[int, ...], keepdims: bool) -> Array:
    """Components that tie for the extremum share equally."""
    attained = _attained(F, out, x, axis, keepdims)
    return v / F.cast_like(F.count_nonzero(attained, axis=axis, keepdims=keepdims), x)


class _Extremum(Reduction):
    """On plain arrays what attains an extremum is looked for once, and the cotangent of a large array is a piece."""

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Any]:
        (x,) = record.values
        if F is not plain or cotangent.dtype != x.dtype:
            return super().pull(F, record, cotangent, mask)
        axis, keepdims = record.parameters["axis"], record.parameters["keepdims"]
        attained = _attained(F, record.value, x, axis, keepdims)
        if x.size >= 4096 and cotangent.size == 1 and np.count_nonzero(attained) == 1:
            position = np.unravel_index(attained.argmax(), x.shape)
            return [Piece(cotangent.reshape(())[()], position, x)]
        share = cotangent / F.count_nonzero(attained, axis=axis, keepdims=keepdims).astype(x.dtype)
        if axis and not keepdims:
            share = F.expand_dims(share, axis=axis)
        if x.size >= 4096 and not np.isnan(record.value).any():  # a NaN is attained nowhere
            index = attained.nonzero()
            return [Piece(np.broadcast_to(share, x.shape)[index], index, x)]
        return [share * attained]


def _deviation(F: Any, out: Array, x: Array, axis: tuple[int, ...], **_: Any) -> Array:
    return x - F.mean(x, axis=axis, keepdims=True)


def _per_freedom(F: Any, v: Array, out: Array, x: Array, axis: tuple[int, ...], ddof: float, **_: Any) -> Array:
    return v / (F.size(x, axis=axis) - ddof if ddof else F.size(x, axis=axis))


def _per_spread(F: Any, v: Array, out: Array, x: Array, axis: tuple[int, ...], keepdims: bool, ddof: float) -> Array:
    # Where all components are equal, one of them says how large they are. What rounding has left of the deviations is
    # divided by infinity there, which gives the documented value 0.
    if 0 in x.shape:
        return v
    one = slice(0, 1) if keepdims else 0
    pattern = tuple([one if i in axis else slice(None) for i in range(x.ndim)])
    if F is plain:  # the same, with less work for small arrays
        return _per_freedom(F, v / np.where(_spreads(out, x[pattern]), out, np.inf), out, x, axis, ddof)
    spread = F.where(F.equal(F.spreads(out, F.getitem(x, pattern=pattern)), 0), np.inf, out)
    return _per_freedom(F, v / spread, out, x, axis, ddof)


def _tied(out: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    extremum = out if keepdims else np.expand_dims(out, axis)
    return np.sum(x == extremum, axis=axis, keepdims=keepdims) > 1


def _spreads(out: Any, x: Any) -> Any:
    # The mean of equal numbers may be off by the last digit, and so then are the deviations.
    return out > 4 * np.finfo(out.dtype).eps * np.abs(x)


def _no_spread(out: Any, x: Any, axis: tuple[int, ...], keepdims: bool, **_: Any) -> Any:
    size = np.max(np.abs(x), axis=axis, keepdims=keepdims, initial=0)
    return np.logical_not(np.isnan(out) | _spreads(np.asarray(out), size))


def _var_by_folds(F: Any, x: Array, axis: tuple[int, ...], keepdims: bool, ddof: float) -> Array:
    freedom = F.maximum(F.size(x, axis=axis) - ddof, 0) if ddof else F.size(x, axis=axis)
    return F.sum(F.square(x - F.mean(x, axis=axis, keepdims=True)), axis=axis, keepdims=keepdims) / freedom


_TIES = Domain(kinks=(Kink(_tied, "the extremum is attained more than once: the components that tie share equally"),))
_NO_SPREAD = Domain(kinks=(Kink(_no_spread, "all components are equal: the derivative of std is taken as 0"),))


# NumPy's own functions are wrappers around these.
def _sum(x: Any, axis: tuple[int, ...], keepdims: Any) -> Any:
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


def _mean(x: Any, axis: tuple[int, ...], keepdims: Any) -> Any:
    x = x if isinstance(x, np.ndarray) else np.asarray(x)
    if x.dtype.char not in "dD" or not x.size:
        return np.mean(x, axis=axis, keepdims=keepdims)
    total = np.add.reduce(x, axis=axis, keepdims=keepdims)
    return total / (x.size // (total.size or 1))


def _count(x: Any, axis: tuple[int, ...], keepdims: Any) -> Any:
    if type(x) is not np.ndarray or x.dtype != bool:
        return np.count_nonzero(x, axis=axis, keepdims=keepdims)
    return np.add.reduce(x, axis=axis, keepdims=keepdims, dtype=np.intp)


def _max(x: Any, axis: tuple[int, ...], keepdims: Any) -> Any:
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims)


def _min(x: Any, axis: tuple[int, ...], keepdims: Any) -> Any:
    return np.minimum.reduce(x, axis=axis, keepdims=keepdims)


def _argmax(x: Any, axis: int, keepdims: bool) -> Any:
    return np.argmax(x, axis=axis, keepdims=keepdims)


def _argmin(x: Any, axis: int, keepdims: bool) -> Any:
    return np.argmin(x, axis=axis, keepdims=keepdims)


sum = primitive("sum", evaluate=np.sum, shortcut=_sum, folding=Folding.SUM, shape=reduction, dtype=_summed,
                derivative=Linear(lambda F, g, out, x, axis, keepdims:
                                  F.expand_like(g, x, axis=axis, keepdims=keepdims)),
                rule=rules.LINEAR_MAP, examples=(*_AXES, *_EMPTY))

mean = primitive("mean", evaluate=np.mean, shortcut=_mean, folding=Folding.MEAN, shape=reduction, dtype=_averaged,
                 derivative=Linear(lambda F, g, out, x, axis, keepdims:
                                   F.expand_like(g / F.size(x, axis=axis), x, axis=axis, keepdims=keepdims)),
                 rule=rules.LINEAR_MAP, examples=_AXES)

prod = primitive("prod", evaluate=np.prod, folding=Folding.PRODUCT, shape=reduction, dtype=_summed,
                 derivative=Reduction(lambda F, out, x, axis, keepdims: _other_factors(F, x, axis)),
                 rule=rules.PRODUCT_OF_ALL,
                 examples=(*_AXES, *_EMPTY, example(np.array([2.0, 0.0, 3.0]), axis=(0,), keepdims=False),
                           example(np.array([[0.0, 0.0, 3.0], [1.0, 2.0, 0.0]]), axis=(0, 1), keepdims=False),
                           example(np.array([[0.0, 0.0, 3.0], [1.0, 2.0, 0.0]]), axis=(1,), keepdims=True)))

max = primitive("max", evaluate=np.max, shortcut=_max, folding=Folding.MAX, shape=reduction, dtype=_of_operand,
                derivative=_Extremum(_attained, scale=_shared), rule=rules.EXTREMUM, domain=_TIES, examples=_AXES)

min = primitive("min", evaluate=np.min, shortcut=_min, folding=Folding.MIN, shape=reduction, dtype=_of_operand,
                derivative=_Extremum(_attained, scale=_shared), rule=rules.EXTREMUM, domain=_TIES, examples=_AXES)

var = primitive("var", evaluate=np.var, by_folds=_var_by_folds, shape=reduction, dtype=_averaged,
                derivative=Reduction(_deviation, scale=lambda F, v, *operands, **parameters:
                                     2 * _per_freedom(F, v, *operands, **parameters)),
                rule=rules.VARIANCE,
                examples=(*(example(*e.operands, **e.parameters, ddof=0) for e in _AXES),
                          example((2, 3), axis=(0, 1), keepdims=False, ddof=1),
                          example((4,), axis=(0,), keepdims=True, ddof=1.5)))

std = primitive("std", evaluate=np.std, shape=reduction, dtype=_averaged,
                by_folds=lambda F, x, **parameters: F.sqrt(_var_by_folds(F, x, **parameters)),
                derivative=Reduction(_deviation, scale=_per_spread), rule=rules.VARIANCE, domain=_NO_SPREAD,
                examples=(example((2, 3), axis=(0,), keepdims=False, ddof=0),
                          example((2, 3), axis=(0, 1), keepdims=True, ddof=1),
                          example((2, 3, 2), axis=(1,), keepdims=True, ddof=0),
                          example((2, 0), axis=(0,), keepdims=False, ddof=0)))

spreads = primitive("spreads", evaluate=_spreads, shape=elementwise, dtype=lambda *_: np.dtype(bool),
                    derivative=Constant(), rule=rules.STEP)

all = primitive("all", evaluate=np.all, folding=Folding.ALL, shape=reduction, dtype=_boolean,
                derivative=Constant(), rule=rules.STEP, examples=(*_AXES, *_EMPTY))

any = primitive("any", evaluate=np.any, folding=Folding.ANY, shape=reduction, dtype=_boolean,
                derivative=Constant(), rule=rules.STEP, examples=(*_AXES, *_EMPTY))

count_nonzero = primitive("count_nonzero", evaluate=np.count_nonzero, shortcut=_count, shape=reduction,
                          folding=Folding.SUM, dtype=_index, derivative=Constant(), rule=rules.STEP,
                          examples=(*_AXES, *_EMPTY))

_ONE_AXIS = (example((2, 3), axis=1, keepdims=False), example((2, 3, 2), axis=1, keepdims=True),
             example((1,), axis=0, keepdims=False), example((2, 0), axis=0, keepdims=False))

argmax = primitive("argmax", evaluate=_argmax, shape=_Position(), dtype=_index,
                   derivative=Constant(), rule=rules.STEP, examples=_ONE_AXIS)

argmin = primitive("argmin", evaluate=_argmin, shape=_Position(), dtype=_index,
                   derivative=Constant(), rule=rules.STEP, examples=_ONE_AXIS)
