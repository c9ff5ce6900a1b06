"""Reading and writing components: operands are the array, what is written, and the arrays of the index.

`pattern` is the static part of an index, with "#" where the next array stands (see `core.index`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.cotangent import Mask, Masked, Piece, both
from chainrule.core.derivative import Constant, Elementwise, Linear
from chainrule.core.index import is_basic
from chainrule.core.index_axes import indexed, into_first, written
from chainrule.core.labels import Folding
from chainrule.core.notation import Filled, Subscript
from chainrule.core.primitive import example, primitive
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule
from chainrule.errors import ShapeError, TraceError
from chainrule.ops import rules


@dataclass(frozen=True)
class _Counted(ShapeRule):
    """As many results as components that are not zero."""

    depends_on_values = True

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        raise ShapeError("the number of components that are not zero is not known before they are computed")

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        raise TraceError(
            "a boolean index selects as many components as are True, which may differ from example to example\n"
            "  keep the shape: np.where(mask, x, 0.0) for x[mask], or map with a Python loop"
        )


def _getitem(x: Any, *arrays: Any, pattern: tuple[Any, ...]) -> Any:
    if not arrays:
        return x[pattern]
    rest = iter(arrays)
    return x[tuple([next(rest) if part == "#" else part for part in pattern])]


def _scatter(like: Any, g: Any, *arrays: Any, pattern: tuple[Any, ...]) -> Any:
    out = np.zeros(np.shape(like), np.asarray(g).dtype)
    if arrays:
        rest = iter(arrays)
        np.add.at(out, tuple([next(rest) if part == "#" else part for part in pattern]), g)
    else:
        out[pattern] = g
    return out if out.ndim else out[()]


def _set_item(x: Any, value: Any, *arrays: Any, pattern: tuple[Any, ...]) -> Any:
    out = np.array(x)
    if arrays:
        rest = iter(arrays)
        out[tuple([next(rest) if part == "#" else part for part in pattern])] = value
    else:
        out[pattern] = value
    return out if out.ndim else out[()]


def _last_written(x: Any, *arrays: Any, pattern: tuple[Any, ...]) -> Any:
    rest = iter(arrays)
    index = tuple([next(rest) if part == "#" else part for part in pattern])
    writer = np.zeros(np.shape(x), np.intp)
    shape = np.shape(writer[index])
    order = np.arange(int(np.prod(shape))).reshape(shape)
    writer[index] = order
    return writer[index] == order


def _nonzero(x: Any, axis: int) -> Any:
    return np.nonzero(x)[axis]


def _of_first(x: Dtype, *_: Any, **__: Any) -> Dtype:
    return np.dtype(x)


def _of_second(x: Dtype, g: Dtype, *_: Any, **__: Any) -> Dtype:
    return np.dtype(g)


def _boolean(*_: Any, **__: Any) -> Dtype:
    return np.dtype(bool)


def _value_transpose(F: Any, g: Array, out: Array, x: Array, value: Array, *arrays: Array,
                     pattern: tuple[Any, ...]) -> Array:
    taken = F.getitem(g, *arrays, pattern=pattern)
    if not is_basic(pattern):  # where integers repeat, NumPy keeps the last of the values written
        taken = F.where(F.last_written(x, *arrays, pattern=pattern), taken, 0.0)
    if value.ndim > taken.ndim:  # NumPy lets a value have surplus leading axes of size 1
        taken = F.expand_dims(taken, axis=tuple(range(value.ndim - taken.ndim)))
    return taken


_WHOLE = ((Ellipsis,), (slice(None),))


class _Reading(Linear):
    """Linear in the array read; on plain arrays the cotangent of the part stays a piece until they are summed."""

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Any]:
        x, *arrays = record.values
        if F is not plain or mask is not None or cotangent.dtype != x.dtype or not x.ndim:
            return super().pull(F, record, cotangent, mask)
        rest = iter(arrays)
        index = tuple([next(rest) if part == "#" else part for part in record.parameters["pattern"]])
        return [Piece(cotangent, index, x), *[None] * len(arrays)]


class _Overwrite(Linear):
    """Linear in the array and in what is written; what was there before is masked out, as `where` masks a branch."""

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        before = record.operands[0]
        pattern = record.parameters["pattern"]
        if before is not None and pattern in _WHOLE:
            operands = (None, *record.operands[1:])
            record = Record(record.primitive, operands, record.values, record.value, record.parameters)
        contributions = list(super().pull(F, record, cotangent, mask))
        # A mask is for the partials that it keeps from being NaN or infinite; a chain of writes needs none.
        if contributions[0] is not None and before is not None and before.primitive is not None \
                and isinstance(before.primitive.derivative, Elementwise):
            kept = F.set_item(F.equal(F.zeros_like(record.values[0]), 0), False, *record.values[2:], pattern=pattern)
            passed = Mask(kept) if mask is None else Mask(both(F, kept, mask.branch), mask.reached)
            contributions[0] = Masked(contributions[0], passed)
        return contributions


_I = np.array([2, 0, 2])
_J = np.array([1, 1, 0])
_COLUMN = np.array([[0], [1]])
_NONE = np.array([], np.intp)
_BASIC: tuple[tuple[Shape, tuple[Any, ...]], ...] = (
    ((4,), (1,)), ((4,), (slice(1, 3),)), ((4,), (slice(None, None, -2),)), ((4,), (slice(3, 1),)), ((), ()),
    ((), (Ellipsis,)), ((3, 4), (-1,)), ((3, 4), (slice(None), 2)), ((3, 4), (Ellipsis, slice(0, 2))),
    ((3, 4), (None, 1, Ellipsis, None)), ((3, 4), (2, 3)), ((0, 3), (slice(None), 1)), ((1, 3), (0,)))
_ADVANCED: tuple[tuple[Shape, tuple[Any, ...], tuple[Any, ...]], ...] = (
    ((3,), ("#",), (_I,)), ((3, 4), ("#",), (_I,)), ((4, 3), (slice(None), "#"), (_I,)), ((3, 2), ("#", "#"), (_I, _J)),
    ((3, 2), ("#", "#"), (_COLUMN, _J)), ((3, 4, 2), ("#", slice(1, 3), "#"), (_I, _J)),
    ((4, 3, 2), (slice(None), "#", "#"), (_I, _J)), ((3, 4, 3), (1, slice(None), "#"), (_I,)),
    ((2, 3, 4), (slice(None), "#", None, 2), (_I,)), ((3, 2), ("#", Ellipsis), (_COLUMN,)),
    ((4, 3, 2), (slice(None), "#", Ellipsis, "#"), (_I, _J)),
    ((3, 2), ("#",), (_NONE,)), ((3, 2), (None, "#", slice(None, None, -1)), (_I,)), ((3, 4), ("#", 2), (_I,)),
    ((3,), ("#",), (np.array(1),)))
_READS = (*(example(x, pattern=p) for x, p in _BASIC), *(example(x, *a, pattern=p) for x, p, a in _ADVANCED))


def _region(shape: Shape, arrays: tuple[Any, ...], pattern: tuple[Any, ...]) -> Shape:
    return indexed.infer([shape, *(np.shape(a) for a in arrays)], {"pattern": pattern})


getitem = primitive("getitem", evaluate=_getitem, shape=indexed, dtype=_of_first,
                    derivative=_Reading(
                        lambda F, g, out, x, *arrays, pattern: F.scatter(x, g, *arrays, pattern=pattern),
                                        rearranges=True),
                    notation=Subscript(), rule=rules.LINEAR_MAP, examples=_READS)

# Into zeros of the shape of the first operand, adding where an index repeats: the transpose of reading.
scatter = primitive("scatter", evaluate=_scatter, folding=Folding.SUM, shape=into_first, dtype=_of_second,
                    derivative=Linear(None, lambda F, g, out, like, x, *arrays, pattern:
                                      F.getitem(g, *arrays, pattern=pattern)),
                    notation=Filled("scatter"), rule=rules.LINEAR_MAP,
                    examples=(*(example(x, _region(x, (), p), pattern=p) for x, p in _BASIC),
                              *(example(x, _region(x, a, p), *a, pattern=p) for x, p, a in _ADVANCED)))

set_item = primitive("set_item", evaluate=_set_item, shape=into_first, dtype=_of_first,
                     derivative=_Overwrite(lambda F, g, out, x, value, *arrays, pattern:
                                           F.set_item(g, 0.0, *arrays, pattern=pattern),
                                           _value_transpose),
                     rule=rules.LINEAR_MAP,
                     examples=(*(example(x, _region(x, (), p), pattern=p) for x, p in _BASIC),
                               *(example(x, _region(x, a, p), *a, pattern=p) for x, p, a in _ADVANCED),
                               example((3, 4), (), pattern=(1,)), example((3, 4), (1, 1, 4), pattern=(slice(1, 3),)),
                               example((3, 4), (1,), pattern=(Ellipsis,)), example((3, 4), (3, 1), _I, pattern=("#",))))

last_written = primitive("last_written", evaluate=_last_written, shape=written, dtype=_boolean,
                         derivative=Constant(), rule=rules.STEP, examples=_READS)

nonzero = primitive("nonzero", evaluate=_nonzero, shape=_Counted(),
                    derivative=Constant(), rule=rules.STEP,
                    examples=(example((3,), axis=0), example(np.array([[True, False], [True, True]]), axis=1)))
