"""An index that takes from each row its own component, as z[np.arange(N), labels], written by comparisons.

The index np.arange(N) says that a row is read for itself, and the other one which of its components. Compared with the
numbers 0 ... K - 1, a label picks by `where`, which any block of rows can do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.graph import Guard, Node
from chainrule.core.index import ARRAY
from chainrule.core.registry import building
from chainrule.core.shapes import Shape, broadcast_shapes
from chainrule.ops import indexing

__all__ = ["by_comparison"]

F = building


@dataclass(frozen=True, slots=True)
class _Index:
    """An index of which every array but one counts the components of an axis.

    Attributes:
        shape: of the array that is indexed.
        block: the shape that the arrays of the index have together.
        own: for each axis of the block the axis of the array that it counts, or None.
        labelled: the axis of the array that the labels pick from.
        rest: the axes of the array that are taken as they are.
        labels: what is picked.
        first: whether the block stands in front in what is selected, and not at the place of its axes.
    """

    shape: Shape
    block: Shape
    own: tuple[int | None, ...]
    labelled: int
    rest: tuple[int, ...]
    labels: Node

    @property
    def classes(self) -> int:
        return self.shape[self.labelled]

    @property
    def order(self) -> tuple[int, ...]:
        """The axes of the array in the order block, rest, labelled."""
        return (*(axis for axis in self.own if axis is not None), *self.rest, self.labelled)

    @property
    def at(self) -> int:
        """Where in what is selected the axes of the block begin."""
        indexed = {axis for axis in (*self.own, self.labelled) if axis is not None}
        first = min(indexed)
        together = max(indexed) - first + 1 == len(indexed)
        return sum(axis < first for axis in self.rest) if together else 0

    def chosen(self) -> Node:
        """Booleans of the axes block, rest (of size 1) and labelled: which component a label names."""
        labels = F.where(F.less(self.labels, 0), F.add(self.labels, self.classes), self.labels)
        lead = len(self.block) - labels.ndim
        behind = range(len(self.block), len(self.block) + len(self.rest) + 1)
        labels = F.expand_dims(labels, axis=(*range(lead), *behind))
        return F.equal(labels, np.arange(self.classes))

    def guard(self) -> Guard:
        """The labels are in range."""
        outside = F.logical_or(F.less(self.labels, -self.classes), F.greater_equal(self.labels, self.classes))
        return Guard(F.any(outside, axis=tuple(range(outside.ndim)), keepdims=False), False)

    def spread(self, x: Node) -> Node:
        """The array with its axes in the order block, rest, labelled."""
        moved = _transposed(x, self.order)
        new = [i for i, axis in enumerate(self.own) if axis is None]
        return F.expand_dims(moved, axis=tuple(new)) if new else moved

    def region(self, value: Node) -> Node:
        """What is written where the index selects, with the axes of the block in front."""
        rank, end = len(self.block) + len(self.rest), self.at + len(self.block)
        if not 0 < value.ndim < rank:
            axes = (*range(self.at, end), *range(self.at), *range(end, rank))
            return _transposed(value, axes) if value.ndim == rank else value
        return self.region(F.expand_dims(value, axis=tuple(range(rank - value.ndim))))

    def selected(self, value: Node) -> Node:
        """Back from block and rest to the order of what the index selects."""
        size = len(self.block)
        rest = range(size, size + len(self.rest))
        return _transposed(value, (*rest[: self.at], *range(size), *rest[self.at :]))


def by_comparison(node: Node) -> tuple[Node, Guard] | None:
    """A reading or writing by such an index without it, valid where the labels are in range.

    Args:
        node: any node.

    Returns:
        An equal node, and what has to hold; None where the node is nothing of the kind.
    """
    if node.primitive not in _REWRITTEN:
        return None
    start, kinds, rewritten = _REWRITTEN[node.primitive]
    index = _index(node.operands[0].shape, node.operands[start:], node.parameters["pattern"])
    if index is None or np.dtype(node.dtype).kind not in kinds:
        return None
    found = rewritten(index, *node.operands[:start])
    return None if found is None else (found, index.guard())


def _index(shape: Shape, arrays: tuple[Node, ...], pattern: tuple[Any, ...]) -> _Index | None:
    if ARRAY not in pattern or any(entry not in (ARRAY, Ellipsis, slice(None)) for entry in pattern):
        return None
    full = [slice(None)] * (len(shape) - sum(entry is not Ellipsis for entry in pattern))
    at = pattern.index(Ellipsis) if Ellipsis in pattern else len(pattern)
    entries = (*pattern[:at], *full, *pattern[at + 1 :])
    block = broadcast_shapes(*(array.shape for array in arrays))
    own: list[int | None] = [None] * len(block)
    labelled: list[tuple[int, Node]] = []
    for axis, array in zip((i for i, entry in enumerate(entries) if entry == ARRAY), arrays, strict=True):
        counted = _counts(array, shape[axis])
        place = None if counted is None else counted + len(block) - array.ndim
        if place is not None and own[place] is None and block[place] == shape[axis]:
            own[place] = axis
        else:
            labelled.append((axis, array))
    if len(labelled) != 1 or all(axis is None for axis in own):
        return None
    rest = tuple(i for i, entry in enumerate(entries) if entry != ARRAY)
    return _Index(shape, block, tuple(own), labelled[0][0], rest, labelled[0][1])


def _counts(array: Node, size: int) -> int | None:
    """The axis along which a constant counts 0, 1, 2, ..., and is as long as that."""
    if not array.is_constant or array.shape.count(1) < array.ndim - 1:
        return None
    value = np.asarray(array.parameters["value"])
    if value.size != size or size < 2 or not np.array_equal(value.ravel(), np.arange(size)):
        return None
    return array.shape.index(size)


def _transposed(x: Node, axes: tuple[int, ...]) -> Node:
    return x if axes == tuple(range(len(axes))) else F.transpose(x, axes=axes)


def _last_axis(x: Node) -> Node:
    return F.expand_dims(x, axis=(x.ndim,)) if x.ndim else x


def _read(index: _Index, x: Node) -> Node:
    picked = F.where(index.chosen(), index.spread(x), 0)
    return index.selected(F.sum(picked, axis=(picked.ndim - 1,), keepdims=False))


def _scattered(index: _Index, like: Node, value: Node) -> Node:
    if isinstance(value.dtype, type):
        value = F.cast(value, dtype=np.dtype(value.dtype).name)
    placed = F.where(index.chosen(), _last_axis(index.region(value)), 0)
    again = tuple(i for i, axis in enumerate(index.own) if axis is None)
    total = F.sum(placed, axis=again, keepdims=False) if again else placed
    back = _transposed(total, tuple(index.order.index(axis) for axis in range(len(index.order))))
    return F.broadcast_like(back, like) if back.shape != like.shape else back


def _written(index: _Index, x: Node, value: Node) -> Node | None:
    if None in index.own:
        return None
    over = _last_axis(index.region(value))
    new = F.where(index.chosen(), over, index.spread(x))
    back = _transposed(new, tuple(index.order.index(axis) for axis in range(len(index.order))))
    return F.cast_like(back, x) if back.dtype != x.dtype else back


def _is_written(index: _Index, x: Node) -> Node | None:
    """No place is written twice where every array but the labels counts."""
    if None in index.own or index.rest:
        return None
    chosen = index.chosen()
    return F.any(chosen, axis=(chosen.ndim - 1,), keepdims=False)


# The operand at which the arrays of the index begin, kinds of dtypes, and how it is written otherwise.
_REWRITTEN: Mapping[Any, tuple[int, str, Callable[..., Node | None]]] = {
    indexing.getitem: (1, "f", _read),
    indexing.scatter: (2, "f", _scattered),
    indexing.set_item: (2, "fb", _written),
    indexing.last_written: (1, "b", _is_written),
}
