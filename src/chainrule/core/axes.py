"""The shape rules that most primitives share: reductions, operations along an axis, shapes to follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from chainrule.core.labels import Labels, aligned_labels, repeated_labels, reshaped_labels, unused
from chainrule.core.shapes import Array, Shape, ShapeRule, aligned, broadcast_shapes, reduced_shape, stacked

__all__ = ["AxisRule", "along_axis", "expanded", "follows_first", "follows_second", "reduction", "scalar_of_shape"]


class AxisRule(ShapeRule):
    """Of a primitive with a parameter `axis`, an int or a tuple of them: of a stack it means the axis behind."""

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        axis = parameters["axis"]
        behind = tuple(a + 1 for a in axis) if isinstance(axis, tuple) else axis + 1
        return apply(*stacked(F, operands, batched), **{**parameters, "axis": behind})

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        axis = _tuple(parameters["axis"])
        rank = len(self.infer(shapes, parameters))
        own = [tuple([None if i in axis else i for i in range(len(shape))]) for shape in shapes]
        return Labels(tuple(own), tuple([None if i in axis else i for i in range(rank)]))


def _tuple(axis: Any) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)


@dataclass(frozen=True)
class _Reduction(AxisRule):
    """The axes named by `axis` (a tuple of non-negative ints) are consumed, or kept with size 1 by `keepdims`."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return reduced_shape(shapes[0], parameters["axis"], parameters["keepdims"])

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        axis, axes = parameters["axis"], range(len(shapes[0]))
        kept = (None if i in axis else i for i in axes if parameters["keepdims"] or i not in axis)
        return Labels((tuple(axes),), tuple(kept))


@dataclass(frozen=True)
class _AlongAxis(AxisRule):
    """The shape stays; components mix along the axis `axis` (an int or a tuple of non-negative ints)."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return shapes[0]


@dataclass(frozen=True)
class _Follows(ShapeRule):
    """The result has the shape of one operand, whatever that shape is when it is evaluated."""

    leader: int

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return shapes[self.leader]

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        if len(operands) == 1:
            return apply(*operands, **parameters)
        x, like = stacked(F, operands, batched)
        if self.leader == 0:
            return apply(x, like, **parameters)  # of the other one only the dtype counts
        rank = np.ndim(like)
        x, like = aligned(F, (x, like), (True, True))
        out = apply(x, like, **parameters)
        # A leader of fewer axes (a sum down to its shape) was given axes of size 1 behind the batch axis.
        return F.squeeze(out, axis=tuple(range(1, 1 + np.ndim(like) - rank))) if np.ndim(like) > rank else out

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        axes = tuple(range(len(shapes[self.leader])))
        if self.leader == 0:
            return Labels((axes, *map(unused, shapes[1:])), axes, tuple(range(1, len(shapes))))
        shape, like = shapes
        count, wanted = prod(shape), prod(like)
        if count == wanted:
            found = reshaped_labels(shape, like)
        elif count > wanted or len(shape) > len(like):  # a sum: what the result does not have has a label of its own
            behind = len(shape) - len(like)
            gone = (i < behind or like[i - behind] != n for i, n in enumerate(shape))
            own = tuple([("gone", i) if lost else i - behind for i, lost in enumerate(gone)])
            found = Labels((own,), tuple([i if i in own else None for i in axes]))
        else:
            found = repeated_labels(shape, like)
        result = tuple([None if label is None else i for i, label in enumerate(found.result)])
        return Labels((found.operands[0], result), result, (1,))


@dataclass(frozen=True)
class _Expanded(AxisRule):
    """The inverse of a reduction: the result has the shape of the second operand; `axis` is what was consumed."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        broadcast_shapes(reduced_shape(shapes[1], parameters["axis"], parameters["keepdims"]), shapes[0])
        return shapes[1]

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        (shape, like), axis, keepdims = shapes, parameters["axis"], parameters["keepdims"]
        axes = tuple(range(len(like)))
        left = [None if i in axis else i for i in axes if keepdims or i not in axis]
        return Labels((aligned_labels(shape, reduced_shape(like, axis, keepdims), left), axes), axes, (1,))


@dataclass(frozen=True)
class _ScalarOfShape(AxisRule):
    """A number that is known from the shape alone: the same for every member of a batch."""

    batches_result = False

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return ()

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return Labels((unused(shapes[0]),), (), (0,))


reduction = _Reduction()
along_axis = _AlongAxis()
follows_first = _Follows(0)
follows_second = _Follows(1)
expanded = _Expanded()
scalar_of_shape = _ScalarOfShape()
