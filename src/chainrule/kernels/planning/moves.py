"""Operations that move components or axes, with the rows taken out: most of them become strides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from chainrule.core.shapes import Shape
from chainrule.kernels.planning.items import NoCodeError
from chainrule.kernels.planning.parts import Handler, Part, Parts, item_shape, rows_of
from chainrule.ops import indexing, like, shape

__all__ = ["BASIC_INDEX", "MOVES"]

_WHOLE = slice(None)


def _transpose(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,), axes = operands, parameters["axes"]
    item = parts.items.permuted(x.item, x.item_axes(axes))
    return Part(item, tuple(x.shape[a] for a in axes), None if x.axis is None else axes.index(x.axis))


def _reshaped(parts: Parts, x: Part, new: Shape) -> Part:
    """Rows stay rows where as many components stand before them as before, and there are as many of them."""
    if x.axis is None:
        return parts.part(x.item, new, None)
    before, count = prod(x.shape[: x.axis]), x.shape[x.axis]
    places = [j for j, n in enumerate(new) if n == count and prod(new[:j]) == before]
    places = [j for j in places if prod(new[j + 1 :]) * before * count == prod(new)] or places
    if not places:
        raise NoCodeError(f"a reshape from {x.shape} to {new} takes rows apart")
    return parts.part(x.item, new, parts.hint if parts.hint in places else places[0])


def _reshape(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,) = operands
    return _reshaped(parts, x, shape.reshape.shape.infer([x.shape], parameters))


def _reshape_like(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    x, leader = operands
    parts.hint = leader.axis if parts.hint is None else parts.hint
    return _reshaped(parts, x, leader.shape)


def _squeeze(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,), axis = operands, parameters["axis"]
    if x.axis in axis:
        raise NoCodeError("the axis of the rows is squeezed")
    rows = None if x.axis is None else x.axis - sum(a < x.axis for a in axis)
    return parts.part(x.item, tuple(n for i, n in enumerate(x.shape) if i not in axis), rows)


def _expand_dims(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,), axis = operands, parameters["axis"]
    return _inserted(parts, x, axis)


def _inserted(parts: Parts, x: Part, axis: Sequence[int]) -> Part:
    """New axes of size 1 at these places of the result."""
    places = [i for i in range(x.ndim + len(axis)) if i not in axis]
    new = [1] * (x.ndim + len(axis))
    for place, n in zip(places, x.shape, strict=True):
        new[place] = n
    return parts.part(x.item, tuple(new), None if x.axis is None else places[x.axis])


def _spread(parts: Parts, x: Part, new: Shape, rows: int | None) -> Part:
    """A value broadcast to a shape; what is fixed is the same for each row."""
    if x.axis is not None:
        rows = x.axis + len(new) - x.ndim
    item = parts.aligned(x, new, rows)
    return Part(parts.items.repeated(item, item_shape(new, rows)), new, rows)


def _broadcast_to(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,) = operands
    return _spread(parts, x, shape.broadcast_to.shape.infer([x.shape], parameters), parts.hint)


def _broadcast_like(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    x, leader = operands
    return _spread(parts, x, leader.shape, leader.axis)


def _expand_like(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x, leader), axis = operands, parameters["axis"]
    if not parameters["keepdims"] and x.ndim:
        x = _inserted(parts, x, axis)
    return _spread(parts, x, leader.shape, leader.axis)


def _cast_like(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    x, leader = operands
    return Part(parts.items.cast(x.item, leader.dtype), x.shape, x.axis)


def _filled(value: int) -> Handler:
    def handler(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        (x,) = operands
        number = parts.items.number(value, x.dtype)
        return Part(parts.items.repeated(number, x.item.shape), x.shape, x.axis)

    return handler


def _size(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,), axis = operands, parameters["axis"]
    count = parts.number(prod(x.shape[a] for a in axis if a != x.axis))
    if x.axis not in axis:
        return count
    rows = Part(parts.items.rows, (), None)
    return parts.F.multiply(rows, count) if count.item.parameters["value"] != 1 else rows


def _concatenate(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    axis = parameters["axis"]
    new = shape.concatenate.shape.infer([x.shape for x in operands], parameters)
    return _joined(parts, shape.concatenate, operands, new, rows_of(operands), axis)


def _stack(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    axis = parameters["axis"]
    rows = rows_of(operands)
    new = shape.stack.shape.infer([x.shape for x in operands], parameters)
    return _joined(parts, shape.stack, operands, new, rows if rows is None else rows + (axis <= rows), axis)


def _joined(parts: Parts, primitive: Any, operands: Sequence[Part], new: Shape, rows: int | None, axis: int) -> Part:
    if rows == axis or (rows is not None and any(x.axis is None for x in operands)):
        raise NoCodeError(f"{primitive.name} along the rows is no value of each row")
    behind = axis if rows is None else axis - (axis > rows)
    item = parts.items.joined(primitive, [x.item for x in operands], {"axis": behind})
    return parts.part(item, new, rows)


def _expanded_index(pattern: tuple[Any, ...], ndim: int) -> list[Any]:
    """A pattern with an entry for each axis and each new one; an ellipsis is written out."""
    given = sum(entry is not None and entry is not Ellipsis for entry in pattern)
    full = [_WHOLE] * (ndim - given)
    if Ellipsis not in pattern:
        return [*pattern, *full]
    at = pattern.index(Ellipsis)
    return [*pattern[:at], *full, *pattern[at + 1 :]]


def _without_rows(entries: Sequence[Any], rows: int | None, count: int) -> tuple[list[Any], int | None]:
    """An index without its entry for the rows, which has to take all of them; and where the rows are in the result."""
    if rows is None:
        return list(entries), None
    axes = [i for i, entry in enumerate(entries) if entry is not None]
    place = axes[rows]
    entry = entries[place]
    if type(entry) is not slice or entry.indices(count) != (0, count, 1) or entry.stop not in (None, count):
        raise NoCodeError("some of the rows are taken out")
    kept = sum(type(entry) is not int for entry in entries[:place])
    return [*entries[:place], *entries[place + 1 :]], kept


def _getitem(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    x = operands[0]
    entries, rows = _without_rows(
        _expanded_index(parameters["pattern"], x.ndim), x.axis, 0 if x.axis is None else x.shape[x.axis]
    )
    item = x.item
    if any(entry != _WHOLE for entry in entries):
        item = parts.items.moved(indexing.getitem, item, {"pattern": tuple(entries)})
    new = list(item.shape)
    if rows is not None:
        new.insert(rows, x.shape[x.axis or 0])
    return Part(item, tuple(new), rows)


def _into(primitive: Any) -> Callable[..., Part]:
    """A write of a part into a copy, or into zeros."""

    def handler(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        x, value = operands
        rows = x.axis
        entries, behind = _without_rows(
            _expanded_index(parameters["pattern"], x.ndim), rows, 0 if rows is None else x.shape[rows]
        )
        if rows is None and value.axis is not None:
            raise NoCodeError("values of each row are written into a fixed array")
        region = indexing.getitem.shape.infer([x.shape], parameters)
        surplus = value.ndim - len(region)
        if surplus > 0:  # leading axes of size 1
            value = parts.part(value.item, value.shape[surplus:], None if value.axis is None else value.axis - surplus)
        if value.axis is not None and value.axis + len(region) - value.ndim != behind:
            raise NoCodeError("rows are written elsewhere")
        item = parts.aligned(value, region, behind)
        item = item if primitive is indexing.scatter else parts.items.cast(item, x.dtype)
        written = parts.items.joined(primitive, [x.item, item], {"pattern": tuple(entries)})
        return parts.part(written, x.shape, rows)

    return handler


MOVES: Mapping[Any, Handler] = {
    shape.transpose: _transpose,
    shape.reshape: _reshape,
    shape.reshape_like: _reshape_like,
    shape.squeeze: _squeeze,
    shape.expand_dims: _expand_dims,
    shape.broadcast_to: _broadcast_to,
    shape.concatenate: _concatenate,
    shape.stack: _stack,
    like.broadcast_like: _broadcast_like,
    like.expand_like: _expand_like,
    like.cast_like: _cast_like,
    like.zeros_like: _filled(0),
    like.ones_like: _filled(1),
    like.size: _size,
}
BASIC_INDEX: Mapping[Any, Handler] = {
    indexing.getitem: _getitem,
    indexing.set_item: _into(indexing.set_item),
    indexing.scatter: _into(indexing.scatter),
}
