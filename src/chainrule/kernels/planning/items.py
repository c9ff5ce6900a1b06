"""Nodes with the rows taken out: one row's share of every value, in the few operations that loops are made of.

What is left is elementwise operations that there is code for, folds over axes, matrix products, moves of axes and
components, and calls of NumPy on fixed values. A sum over the rows ends a pass over the data, so its result is a leaf
here, and `Items.totals` says what is summed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, final

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.primitive import Primitive
from chainrule.core.shapes import Shape, broadcast_shapes, elementwise
from chainrule.errors import ChainruleError
from chainrule.kernels.planning import strides
from chainrule.kernels.program import FoldKind
from chainrule.ops import arithmetic, indexing, like, products, reduce, shape
from chainrule.passes.equal import node_key

__all__ = ["FOLDS", "ComputedIn", "Items", "NoCodeError", "NotPlannedError", "Total", "concrete"]

FOLDS: Mapping[Primitive, FoldKind] = {
    reduce.sum: FoldKind.SUM,
    reduce.prod: FoldKind.PRODUCT,
    reduce.max: FoldKind.MAX,
    reduce.min: FoldKind.MIN,
    reduce.any: FoldKind.ANY,
    reduce.all: FoldKind.ALL,
}
ComputedIn = Callable[[Primitive, Sequence[Any], Mapping[str, Any]], Sequence[np.dtype[Any]] | None]
_OF_KIND = {kind: primitive for primitive, kind in FOLDS.items()}
_VIEWS = frozenset({shape.transpose, shape.reshape, shape.broadcast_to, indexing.getitem})
_SAME = frozenset({shape.copy, like.stop_gradient, arithmetic.positive})
_FOLDED = 4096  # components of an array of constants that is computed while planning
_SUPPORTED = "biuf"


class NotPlannedError(ChainruleError):
    """No part of a graph is worth compiling; the message says why."""


class NoCodeError(NotPlannedError):
    """A value of each row is computed by an operation that there is no code for; the message names it."""


@final
@dataclass(frozen=True, eq=False, slots=True)
class Total:
    """What is summed over the rows: a fold of values, or a sum of outer products.

    Attributes:
        kind: how components are put together.
        source: the value of each row; of outer products the left one.
        axes: of the source that are folded too.
        right: of outer products the right one, else None.
    """

    kind: FoldKind
    source: Node
    axes: tuple[int, ...] = ()
    right: Node | None = None

    @property
    def parts(self) -> tuple[Node, ...]:
        """What is needed of each row."""
        return (self.source,) if self.right is None else (self.source, self.right)


def concrete(dtype: Any) -> np.dtype[Any]:
    """The dtype that components have in memory; raises `NotPlannedError` for one that there is no code for."""
    found = np.dtype(dtype)
    if found.kind not in _SUPPORTED or (found.kind == "f" and found.itemsize not in (4, 8)) or not found.isnative:
        raise NotPlannedError(f"there are no kernels for {found}")
    return found


@final
class Items:
    """Builds the nodes; equal ones are one.

    Args:
        computed_in: the dtypes that the operands of an elementwise operation are converted to; None where there is no
            code for it.

    Attributes:
        rows: the number of rows.
        totals: for each leaf that is a sum over rows what is summed.
        calls: the fixed nodes that NumPy computes.
        names: the user's names for nodes.
        refused: what has to be false, else an index is out of range.
    """

    def __init__(self, computed_in: ComputedIn) -> None:
        self._computed_in = computed_in
        self._nodes: dict[Any, Node] = {}
        self._by_row: dict[Node, bool] = {}
        self._level: dict[Node, int] = {}
        self.totals: dict[Node, Total] = {}
        self.calls: set[Node] = set()
        self.names: dict[Node, str] = {}
        self.refused: list[Node] = []
        self._layouts: dict[Node, tuple[Node, strides.Layout]] = {}
        self.rows = self.leaf((), int, name="the number of rows")
        self._of_count = {self.rows}  # what is known from the number of rows alone

    def leaf(self, shape: Shape, dtype: Any, by_row: bool = False, level: int = 0, name: str = "") -> Node:
        """A value that is given."""
        concrete(dtype)
        node = Node(None, (), {}, shape, dtype, name)
        self._by_row[node], self._level[node] = by_row, level
        return node

    def by_row(self, node: Node) -> bool:
        """Whether there is one such value for each row."""
        return self._by_row[node]

    def level(self, node: Node) -> int:
        """How many passes over the rows have to be over before it can be computed."""
        return self._level[node]

    def number(self, value: Any, dtype: Any = None) -> Node:
        """A constant: a number, or an array of numbers."""
        if dtype is None:
            dtype = type(value) if type(value) in (bool, int, float) else np.asarray(value).dtype
        concrete(dtype)
        weak = isinstance(dtype, type) and np.ndim(value) == 0
        value = dtype(value) if weak else np.asarray(value, dtype)[()]
        if np.ndim(value) == 0:
            key: Any = ("number", str(dtype), repr(value))
        else:
            content = value.tobytes() if value.size <= _FOLDED else id(value)
            key = ("array", str(dtype), value.shape, content)
        made = dtype if weak else np.dtype(dtype)
        return self._kept(key, (), lambda: Node(None, (), {"value": value}, np.shape(value), made))

    def apply(self, primitive: Primitive, operands: Sequence[Node], parameters: Mapping[str, Any]) -> Node:
        """An elementwise operation, with the casts that NumPy makes written out."""
        if primitive in _SAME:
            return operands[0]
        found, dtype = primitive.infer(operands, parameters)
        concrete(dtype)
        if all(operand.is_constant for operand in operands) and prod(found) <= _FOLDED:
            return self._evaluated(primitive, operands, parameters, dtype)
        if primitive.shape is not elementwise:
            return self.call(primitive, operands, parameters)
        plain = [_unrepeated(operand) for operand in operands]
        if primitive is arithmetic.divide and self._by_row[plain[0]] and plain[1] in self._of_count:
            # The number of rows is no number that 1 / N overflows for, and each row saves a division.
            inverse = self.apply(primitive, (self.number(1.0), plain[1]), {})
            return self.apply(arithmetic.multiply, (operands[0], self.cast(inverse, dtype)), {})
        small = broadcast_shapes(*(operand.shape for operand in plain))
        if primitive in (arithmetic.cast, arithmetic.cast_discrete):
            return self.repeated(self.cast(plain[0], dtype), found)
        taken = self._computed_in(primitive, [operand.dtype for operand in plain], parameters)
        if taken is None:
            return self.call(primitive, operands, parameters)
        tight = tuple(n for n in small if n != 1)  # so that loops over 4 and over 4 x 1 are the same
        cast = [self._tightened(self.cast(operand, kind), small) for operand, kind in zip(plain, taken, strict=True)]
        made = self._made(primitive, cast, parameters, tight, concrete(dtype))
        return self.repeated(self.reshaped(made, small), found)

    def _tightened(self, node: Node, small: Shape) -> Node:
        """The value without the axes of size 1 that are so in all operands."""
        behind = len(small) - len(node.shape)
        return self.reshaped(node, tuple(n for i, n in enumerate(node.shape) if small[behind + i] != 1))

    def call(self, primitive: Primitive, operands: Sequence[Node], parameters: Mapping[str, Any]) -> Node:
        """What NumPy computes on fixed values; raises `NoCodeError` where an operand is by row."""
        if any(self._by_row[operand] for operand in operands):
            raise NoCodeError(f"there is no code for {primitive.name} of values of each row")
        found, dtype = primitive.infer(operands, parameters)
        node = self._made(primitive, operands, parameters, found, dtype)
        self.calls.add(node)
        return node

    def cast(self, node: Node, dtype: Any) -> Node:
        """The value in another dtype; a weak one becomes what it stands for."""
        wanted = concrete(dtype)
        if node.is_constant and node.shape == ():
            return self.number(np.asarray(node.parameters["value"]).astype(wanted)[()], wanted)
        if concrete(node.dtype) == wanted:
            return node
        return self._made(arithmetic.cast, (node,), {"dtype": str(wanted)}, node.shape, wanted)

    def repeated(self, node: Node, shape_: Shape) -> Node:
        """The value broadcast to a shape."""
        if node.shape == shape_:
            return node
        return self.moved(shape.broadcast_to, _unrepeated(node), {"shape": shape_})

    def reshaped(self, node: Node, shape_: Shape) -> Node:
        """The components in C order in another shape; copied where no strides can say so."""
        while node.primitive is shape.reshape:
            node = node.operands[0]
        if node.shape == shape_:
            return node
        if node.primitive is shape.broadcast_to and prod(node.operands[0].shape) == 1:
            return self.repeated(self.reshaped(node.operands[0], ()), shape_)
        if strides.reshaped(self.layout(node)[1], node.shape, shape_) is None:
            node = self.copied(node)
        return self.moved(shape.reshape, node, {"shape": shape_})

    def layout(self, node: Node) -> tuple[Node, strides.Layout]:
        """The node in whose memory a value lies, and how."""
        found = self._layouts.get(node)
        if found is None:
            found = self._layouts[node] = self._looked_at(node)
        return found

    def is_view(self, node: Node) -> bool:
        """Whether it is only another look at the memory of its operand."""
        return node.primitive in _VIEWS and node not in self.calls

    def _looked_at(self, node: Node) -> tuple[Node, strides.Layout]:
        if not self.is_view(node):
            return node, (0, strides.contiguous(node.shape))
        (inner,) = node.operands
        base, layout = self.layout(inner)
        if node.primitive is shape.transpose:
            return base, strides.permuted(layout, node.parameters["axes"])
        if node.primitive is shape.broadcast_to:
            return base, strides.repeated(layout, inner.shape, node.shape)
        if node.primitive is indexing.getitem:
            return base, strides.indexed(layout, inner.shape, node.parameters["pattern"])
        found = strides.reshaped(layout, inner.shape, node.shape)
        assert found is not None  # else it would be one of a copy
        return base, found

    def copied(self, node: Node, by_row: bool = False) -> Node:
        """The value in memory of its own, by row where it is or where that is asked for."""
        by_row = by_row or self._by_row[node]
        made = self._made(shape.copy, (node,), {"by_row": by_row}, node.shape, node.dtype)
        self._by_row[made] = by_row
        return made

    def permuted(self, node: Node, axes: tuple[int, ...]) -> Node:
        """The axes in another order."""
        if axes == tuple(range(len(axes))):
            return node
        return self.moved(shape.transpose, node, {"axes": axes})

    def moved(self, primitive: Primitive, node: Node, parameters: Mapping[str, Any]) -> Node:
        """A view: the same components elsewhere."""
        found = primitive.shape.infer([node.shape], parameters)
        if node.is_constant and prod(found) <= max(_FOLDED, prod(node.shape)):
            return self._evaluated(primitive, (node,), parameters, node.dtype)
        return self._made(primitive, (node,), parameters, found, node.dtype)

    def joined(self, primitive: Primitive, operands: Sequence[Node], parameters: Mapping[str, Any]) -> Node:
        """An array that is put together from parts: the primitive says how."""
        found, dtype = primitive.infer(operands, parameters)
        if all(operand.is_constant for operand in operands) and prod(found) <= _FOLDED:
            return self._evaluated(primitive, operands, parameters, dtype)
        return self._made(primitive, operands, parameters, found, dtype)

    def folded(self, kind: FoldKind, node: Node, axes: tuple[int, ...]) -> Node:
        """A fold over axes of one row's share."""
        if not axes:
            return node
        while node.primitive is _OF_KIND[kind] and node not in self.calls:
            node, axes = node.operands[0], _both(axes, node.parameters["axis"], node.operands[0].ndim)
        primitive, parameters = _OF_KIND[kind], {"axis": axes, "keepdims": False}
        found = primitive.shape.infer([node.shape], parameters)
        return self._made(primitive, (node,), parameters, found, node.dtype)

    def over_rows(self, kind: FoldKind, node: Node, axes: tuple[int, ...]) -> Node:
        """A fold over the rows, and over axes of each row's share."""
        if not self._by_row[node]:
            node = self.folded(kind, node, axes)
            if kind is FoldKind.SUM:
                return self.apply(arithmetic.multiply, (node, self.cast(self.rows, node.dtype)), {})
            return self.apply(arithmetic.power, (node, self.rows), {}) if kind is FoldKind.PRODUCT else node
        while node.primitive is _OF_KIND[kind]:
            node, axes = node.operands[0], _both(axes, node.parameters["axis"], node.operands[0].ndim)
        shape_ = tuple(n for i, n in enumerate(node.shape) if i not in axes)
        key = ("over rows", kind, node, axes)
        return self._total(key, Total(kind, node, axes), shape_, node)

    def outer_over_rows(self, left: Node, right: Node) -> Node:
        """The sum over rows of left (m,) times right () or (k,), both by row."""
        left, right = self._in_memory(left), self._in_memory(right)
        key = ("outer", left, right)
        return self._total(key, Total(FoldKind.SUM, left, (), right), left.shape + right.shape, left)

    def product(self, left: Node, right: Node) -> Node:
        """A matrix product as `Product` has it."""
        left, right = self._in_memory(left), self._in_memory(right)
        found, dtype = products.matmul.infer((left, right), {})
        return self._made(products.matmul, (left, right), {}, found, concrete(dtype))

    def _in_memory(self, node: Node) -> Node:
        """The value, copied if it is repeated: products read what has strides."""
        steps = self.layout(node)[1][1]
        repeated = any(step == 0 and n > 1 for step, n in zip(steps, node.shape, strict=True))
        return self.copied(node) if repeated or (node.is_constant and node.shape == ()) else node

    def _total(self, key: Any, total: Total, shape_: Shape, like: Node) -> Node:
        level = 1 + max(self._level[part] for part in total.parts)

        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = self.leaf(shape_, like.dtype, level=level)
            self.totals[found] = total
        return found

    def _evaluated(
        self, primitive: Primitive, operands: Sequence[Node], parameters: Mapping[str, Any], dtype: Any
    ) -> Node:
        key = ("evaluated", node_key(primitive, operands, parameters))
        if key not in self._nodes:
            with np.errstate(all="ignore"):
                value = primitive.evaluate(*(operand.parameters["value"] for operand in operands), **parameters)
            self._nodes[key] = self.number(value, dtype)
        return self._nodes[key]

    def _made(
        self, primitive: Primitive, operands: Sequence[Node], parameters: Mapping[str, Any], shape_: Shape, dtype: Any
    ) -> Node:
        key = node_key(primitive, operands, parameters)
        return self._kept(key, operands, lambda: Node(primitive, tuple(operands), parameters, shape_, dtype))

    def _kept(self, key: Any, operands: Sequence[Node], make: Callable[[], Node]) -> Node:
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = make()
            self._by_row[found] = any(self._by_row[operand] for operand in operands)
            self._level[found] = max((self._level[operand] for operand in operands), default=0)
            if operands and all(operand.is_constant or operand in self._of_count for operand in operands):
                self._of_count.add(found)
        return found


def _both(axes: tuple[int, ...], inner: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """The axes that are folded in all where `axes` of what is left are folded after `inner`."""
    left = [i for i in range(ndim) if i not in inner]
    return tuple(sorted({*inner, *(left[axis] for axis in axes)}))


def _unrepeated(node: Node) -> Node:
    while node.primitive is shape.broadcast_to:
        node = node.operands[0]
    return node
