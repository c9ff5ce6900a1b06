"""Values of a graph as items with the place of their rows: what tables of operations take apart and put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from chainrule.core.graph import Node
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import Shape, broadcast_shapes, elementwise
from chainrule.kernels.planning.items import Items, NoCodeError

__all__ = ["Handler", "Part", "Parts", "item_shape", "rows_of"]


@final
@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """A value of the graph.

    Attributes:
        item: one row's share of it; the same for every row where the item is fixed.
        shape: in the graph, with as many rows as it was traced with.
        axis: which axis is the rows, or None.
    """

    item: Node
    shape: Shape
    axis: int | None

    @property
    def dtype(self) -> Any:
        """Of the value; weak where it is weak in the graph."""
        return self.item.dtype

    @property
    def ndim(self) -> int:
        """How many axes it has, with that of the rows."""
        return len(self.shape)

    def item_axes(self, axes: Sequence[int]) -> tuple[int, ...]:
        """Axes of the value as axes of the item; that of the rows is left out."""
        rows = len(self.shape) if self.axis is None else self.axis
        return tuple(a - (a > rows) for a in axes if a != rows)


Handler = Callable[["Parts", Sequence[Part], Mapping[str, Any]], Part]


@final
class Parts:
    """Applies primitives to parts.

    Args:
        items: where their items are built.
        table: for primitives that are not elementwise, or that are taken apart, how it is done.

    Attributes:
        F: every primitive as a function of parts and numbers, for what is taken apart.
        hint: which axis of the next result is the rows, where shapes leave it open.
        exponentials: for items that are logarithms of something how that is computed without an exponential.
    """

    def __init__(self, items: Items, table: Mapping[Primitive, Handler]) -> None:
        self.items = items
        self.F = _Functions(self)
        self.hint: int | None = None
        self.exponentials: dict[Node, Callable[[], Part]] = {}
        self._table = table

    def apply(self, primitive: Primitive, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        """The result of an operation; raises `NoCodeError` where it cannot be computed row by row."""
        handler = self._table.get(primitive)
        if handler is not None:
            return handler(self, operands, parameters)
        if primitive.shape is elementwise:
            return self.elementwise(primitive, operands, parameters)
        return self.called(primitive, operands, parameters)

    def elementwise(self, primitive: Primitive, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        """An elementwise operation; operands are aligned by their last axes, wherever the rows are among them."""
        shape = broadcast_shapes(*(x.shape for x in operands))
        axis = rows_of(operands)
        items = [self.aligned(x, shape, axis) for x in operands]
        item = self.items.apply(primitive, items, parameters)
        return self.part(self.items.repeated(item, item_shape(shape, axis)), shape, axis)

    def called(self, primitive: Primitive, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        """An operation that NumPy computes, of fixed values."""
        for x in operands:
            if x.axis is not None:
                raise NoCodeError(f"there is no code for {primitive.name} of values of each row")
        item = self.items.call(primitive, [x.item for x in operands], parameters)
        return Part(item, item.shape, None)

    def aligned(self, x: Part, shape: Shape, axis: int | None) -> Node:
        """The item of an operand of an operation that broadcasts: without the axis that stands against the rows."""
        if axis is None or x.axis is not None:
            return x.item
        place = axis - (len(shape) - x.ndim)
        if place < 0:
            return x.item
        return self.items.reshaped(x.item, x.shape[:place] + x.shape[place + 1 :])

    def part(self, item: Node, shape: Shape, axis: int | None) -> Part:
        """A part of an item whose components are in the order of the shape."""
        return Part(self.items.reshaped(item, item_shape(shape, axis)), shape, axis)

    def number(self, value: Any, dtype: Any = None) -> Part:
        """A number, or a fixed array of numbers, as a part."""
        item = self.items.number(value, dtype)
        return Part(item, item.shape, None)


class _Functions:
    """Every primitive as a function of parts; numbers may stand among them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._primitives = primitives()

    def __getattr__(self, name: str) -> Callable[..., Part]:
        primitive = self._primitives[name]

        def function(*operands: Any, **parameters: Any) -> Part:
            parts = [x if isinstance(x, Part) else self._parts.number(x) for x in operands]
            return self._parts.apply(primitive, parts, parameters)

        return function


def rows_of(operands: Sequence[Part]) -> int | None:
    """Which axis is the rows in what operands broadcast to."""
    most = max(x.ndim for x in operands)
    found = {x.axis + most - x.ndim for x in operands if x.axis is not None}
    if len(found) > 1:
        raise NoCodeError("rows stand against different axes")
    return found.pop() if found else None


def item_shape(shape: Shape, axis: int | None) -> Shape:
    """The shape without the rows."""
    return shape if axis is None else shape[:axis] + shape[axis + 1 :]
