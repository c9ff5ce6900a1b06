"""The shape rules that most primitives share: reductions, operations along an axis, shapes to follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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


@dataclass(frozen=True)
class _Reduction(AxisRule):
    """The axes named by `axis` (a tuple of non-negative ints) are consumed, or kept with size 1 by `keepdims`."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return reduced_shape(shapes[0], parameters["axis"], parameters["keepdims"])


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


@dataclass(frozen=True)
class _Expanded(AxisRule):
    """The inverse of a reduction: the result has the shape of the second operand; `axis` is what was consumed."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        broadcast_shapes(reduced_shape(shapes[1], parameters["axis"], parameters["keepdims"]), shapes[0])
        return shapes[1]


@dataclass(frozen=True)
class _ScalarOfShape(AxisRule):
    """A number that is known from the shape alone: the same for every member of a batch."""

    batches_result = False

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return ()


reduction = _Reduction()
along_axis = _AlongAxis()
follows_first = _Follows(0)
follows_second = _Follows(1)
expanded = _Expanded()
scalar_of_shape = _ScalarOfShape()
