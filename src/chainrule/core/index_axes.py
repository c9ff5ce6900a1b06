"""Where the axes of an indexed array go: NumPy's rules for basic and advanced indices, for shapes and for batching.

An index is a pattern (see `core.index`) with its arrays. Advanced indices, arrays and ints beside them, share one block
of axes in the result: in their place if they stand side by side, else in front.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.index import ARRAY
from chainrule.core.labels import Label, Labels, aligned_labels
from chainrule.core.shapes import Array, Shape, ShapeRule, broadcast_shapes
from chainrule.errors import ShapeError

__all__ = ["indexed", "indexed_shape", "into_first", "written"]

Pattern = tuple[Any, ...]
_BATCH = "batch"


def indexed_shape(shape: Shape, arrays: Sequence[Shape], pattern: Pattern) -> Shape:
    """The shape of x[index] for an x of the given shape; raises `ShapeError` where the index does not fit."""
    entries = _expanded(pattern, len(shape))
    block = broadcast_shapes(*arrays)
    sizes: dict[Hashable, int] = {("block", i): n for i, n in enumerate(block)}
    remaining = iter(shape)
    for position, entry in enumerate(entries):
        if entry is None:
            sizes[position] = 1
        elif entry is not Ellipsis:
            size = next(remaining)
            if type(entry) is slice:
                sizes[position] = len(range(*entry.indices(size)))
            elif type(entry) is int and not -size <= entry < size:
                raise ShapeError(f"index {entry} is out of bounds for an axis of size {size}")
    return tuple(sizes[label] for label in _arranged(entries, [("block", i) for i in range(len(block))]))


def _expanded(pattern: Pattern, ndim: int) -> Pattern:
    """The pattern with an entry for each axis: the Ellipsis, or the missing end, as full slices.

    An Ellipsis that stands for no axis is kept, because it still keeps advanced indices apart.
    """
    given = sum(entry is not None and entry is not Ellipsis for entry in pattern)
    if given > ndim:
        raise ShapeError(f"{given} indices for an array of {ndim} dimensions")
    full = [slice(None)] * (ndim - given)
    if Ellipsis not in pattern or not full:
        return (*pattern, *full)
    at = pattern.index(Ellipsis)
    return (*pattern[:at], *full, *pattern[at + 1 :])


def _arranged(entries: Pattern, block: Sequence[Hashable]) -> list[Hashable]:
    """The axes of the result in order: the position of each slice and new axis, and the block of the advanced ones."""
    kept = [i for i, entry in enumerate(entries) if entry is None or type(entry) is slice]
    if ARRAY not in entries:
        return list(kept)
    advanced = [i for i, entry in enumerate(entries) if type(entry) is int or entry == ARRAY]
    first, last = advanced[0], advanced[-1]
    if last - first + 1 > len(advanced):
        return [*block, *kept]
    return [*(i for i in kept if i < first), *block, *(i for i in kept if i > last)]


@dataclass(frozen=True)
class _BatchedIndex:
    """An index that takes one more axis in front, and the order of the axes before and after."""

    pattern: Pattern
    arrays: list[Array]
    found: list[Hashable]
    wanted: list[Hashable]

    def to_front(self, F: Any, x: Array) -> Array:
        """What the batched index selects, with the batch axis first and the others as without a batch."""
        return self._moved(F, x, self.found, self.wanted)

    def from_front(self, F: Any, x: Array) -> Array:
        return self._moved(F, x, self.wanted, self.found)

    @staticmethod
    def _moved(F: Any, x: Array, given: list[Hashable], wanted: list[Hashable]) -> Array:
        return x if given == wanted else F.transpose(x, axes=tuple(given.index(label) for label in wanted))


def _batched_index(
    F: Any, pattern: Pattern, ndim: int, arrays: Sequence[Array], batched: Sequence[bool], x_batched: bool, count: int
) -> _BatchedIndex:
    entries = _expanded(pattern, ndim)
    ranks = [np.ndim(a) - many for a, many in zip(arrays, batched, strict=True)]
    most = max(ranks, default=0)
    block: list[Hashable] = [("block", i) for i in range(most)]
    wanted: list[Hashable] = [_BATCH, *_arranged(entries, block)]
    if not any(batched):
        found = [
            _BATCH if label == 0 else label - 1 if isinstance(label, int) else label
            for label in _arranged((slice(None), *entries), block)
        ]
        return _BatchedIndex((slice(None), *entries), list(arrays), found, wanted)
    moved = [
        F.expand_dims(a, axis=tuple(range(1, 1 + most - rank))) if many and rank < most else a
        for a, many, rank in zip(arrays, batched, ranks, strict=True)
    ]
    if not x_batched:
        return _BatchedIndex(entries, moved, _arranged(entries, [_BATCH, *block]), wanted)
    rows = np.arange(count).reshape(count, *[1] * most)
    found = [label - 1 if isinstance(label, int) else label for label in _arranged((ARRAY, *entries), [_BATCH, *block])]
    return _BatchedIndex((ARRAY, *entries), [rows, *moved], found, wanted)


def _count(operands: Sequence[Array], batched: Sequence[bool]) -> int:
    return next(np.shape(x)[0] for x, many in zip(operands, batched, strict=True) if many)


def _stacked(F: Any, x: Array, many: bool, count: int) -> Array:
    return x if many else F.broadcast_to(x, shape=(count, *np.shape(x)))


def _labels(shape: Shape, arrays: Sequence[Shape], pattern: Pattern) -> tuple[Labels, Shape]:
    """The labels of x, of the arrays, and of what the index selects; and the shape of that."""
    block = broadcast_shapes(*arrays)
    inside: list[Hashable] = [("block", i) for i in range(len(block))]
    own: list[Label] = []
    kept: dict[Hashable, Label] = {}
    entries = _expanded(pattern, len(shape))
    for position, entry in enumerate(entries):
        if entry is not None and entry is not Ellipsis:
            kept[position] = len(own) if type(entry) is slice and _is_whole(entry, shape[len(own)]) else None
            own.append(kept[position])
    arranged = [label if label in inside else kept.get(label) for label in _arranged(entries, inside)]
    given = [aligned_labels(array, block, inside) for array in arrays]
    return Labels((tuple(own), *given), tuple(arranged)), indexed_shape(shape, arrays, pattern)


def _is_whole(entry: slice, size: int) -> bool:
    """Whether a slice takes an axis as it is; one that could take more of a longer axis does so only by chance."""
    return entry.start in (None, 0) and entry.stop in (None, size) and entry.step in (None, 1)


@dataclass(frozen=True)
class _Indexed(ShapeRule):
    """x[index]: operands x and the arrays of the index."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return indexed_shape(shapes[0], shapes[1:], parameters["pattern"])

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        x, *arrays = operands
        many = batched[0]
        index = _batched_index(
            F, parameters["pattern"], np.ndim(x) - many, arrays, batched[1:], many, _count(operands, batched)
        )
        return index.to_front(F, apply(x, *index.arrays, pattern=index.pattern))

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return _labels(shapes[0], shapes[1:], parameters["pattern"])[0]


@dataclass(frozen=True)
class _IntoFirst(ShapeRule):
    """A write at x[index]: operands x, what is written, and the arrays of the index; the result has the shape of x."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        region = indexed_shape(shapes[0], shapes[2:], parameters["pattern"])
        value = shapes[1][max(0, len(shapes[1]) - len(region)) :]  # surplus leading axes, of size 1, go
        if any(n not in (1, m) for n, m in zip(reversed(value), reversed(region), strict=False)):
            raise ShapeError(f"a value of shape {shapes[1]} cannot be written where the index selects {region}")
        return shapes[0]

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        x, value, *arrays = operands
        count = _count(operands, batched)
        x = _stacked(F, x, batched[0], count)
        shape, pattern = np.shape(x)[1:], parameters["pattern"]
        single = [np.shape(a)[many:] for a, many in zip(arrays, batched[2:], strict=True)]
        region = indexed_shape(shape, single, pattern)
        value = _stacked(F, value, batched[1], count)
        surplus = np.ndim(value) - 1 - len(region)
        if surplus > 0:
            value = F.squeeze(value, axis=tuple(range(1, 1 + surplus)))
        elif surplus < 0:
            value = F.expand_dims(value, axis=tuple(range(1, 1 - surplus)))
        if np.shape(value) != (count, *region):
            value = F.broadcast_to(value, shape=(count, *region))
        index = _batched_index(F, pattern, len(shape), arrays, batched[2:], True, count)
        return apply(x, index.from_front(F, value), *index.arrays, pattern=index.pattern)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        found, region = _labels(shapes[0], shapes[2:], parameters["pattern"])
        own, arrays = found.operands[0], found.operands[1:]
        value = shapes[1][max(0, len(shapes[1]) - len(region)) :]
        surplus = (None,) * (len(shapes[1]) - len(value))
        return Labels((own, (*surplus, *aligned_labels(value, region, found.result)), *arrays), own)


@dataclass(frozen=True)
class _Written(ShapeRule):
    """Something known of each place that x[index] names: operands x and the arrays of the index."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return indexed_shape(shapes[0], shapes[1:], parameters["pattern"])

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        count = _count(operands, batched)
        # Each example has its own places, even where all index the same array.
        x = _stacked(F, operands[0], batched[0], count)
        return indexed.batch(F, apply, (x, *operands[1:]), (True, *batched[1:]), parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        found, _ = _labels(shapes[0], shapes[1:], parameters["pattern"])
        block = {label for own in found.operands[1:] for label in own}
        mixed = tuple([None if label in block else label for label in found.result])
        return Labels((found.operands[0], *((None,) * len(own) for own in found.operands[1:])), mixed, (0,))


indexed = _Indexed()
into_first = _IntoFirst()
written = _Written()
