"""Which parts of a decomposition are read, and which of its vectors: what nobody reads need not be known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.core.graph import Node
from chainrule.core.packed import Part
from chainrule.core.record import Record
from chainrule.core.traced import plain_value

__all__ = ["parts_read", "vectors_read"]


def parts_read(records: Sequence[Record], start: Record) -> frozenset[str] | None:
    """The parts of a packed result that later records take out of it; None where it is wanted as a whole."""
    found = set()
    for record in records:
        if start in record.operands:
            if record.primitive is None or not isinstance(record.primitive.derivative, Part):
                return None
            found.add(record.parameters["name"])
    return frozenset(found) or None


def vectors_read(records: Sequence[Record], start: Record, parts: Sequence[str]) -> tuple[int, ...] | None:
    """The columns of some parts that are read, as far as indices without arrays tell; None is all of them."""
    found: set[int] = set()
    # What holds whole vectors, and the axis that counts them, from the last.
    holding: dict[Record, int] = {}
    for record in records:
        taken = [holding[operand] for operand in record.operands if operand in holding]
        if start in record.operands:
            if record.primitive is None or not isinstance(record.primitive.derivative, Part):
                return None
            if record.parameters["name"] in parts:
                holding[record] = -1
        elif taken:
            (axis,) = taken[:1]
            name = "" if record.primitive is None else record.primitive.name
            if name in ("copy", "conj"):
                holding[record] = axis
            elif name == "transpose" and _of_matrices(record.parameters["axes"]):
                holding[record] = -3 - axis
            elif name == "getitem" and (columns := _indexed(record, axis)) is not None:
                found.update(columns)
            else:
                return None
    return tuple(sorted(found))


def _of_matrices(axes: Sequence[int]) -> bool:
    n = len(axes)
    return tuple(axes) == (*range(n - 2), n - 1, n - 2)


def _indexed(record: Record, axis: int) -> Sequence[int] | None:
    """The places along one axis that an index of ints and slices takes."""
    pattern: tuple[Any, ...] = record.parameters["pattern"]
    value = record.values[0]
    shape = value.shape if isinstance(value, Node) else plain_value(value).shape
    if not all(type(entry) in (int, slice) or entry is Ellipsis for entry in pattern):
        return None
    if Ellipsis in pattern:
        at = pattern.index(Ellipsis)
        filling = [slice(None)] * (len(shape) - len(pattern) + 1)
        pattern = (*pattern[:at], *filling, *pattern[at + 1 :])
    pattern = (*pattern, *[slice(None)] * (len(shape) - len(pattern)))
    entry, size = pattern[axis], shape[axis]
    return [entry % size] if type(entry) is int else range(*entry.indices(size))
