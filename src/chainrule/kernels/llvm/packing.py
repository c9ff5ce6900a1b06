"""Arrays by row with axes of their own, copied so that the row is innermost, and back.

A square of components is read as vectors of neighbours in one row, transposed in registers, and written as vectors of
one component in neighbouring rows. The last square overlaps the one before it where the components do not fill it, and
rows that do not fill one are copied one by one: nothing beyond the last row is touched.
"""

from __future__ import annotations

from collections.abc import Sequence

import llvmlite.ir as ir

from chainrule.kernels.codegen import Context, Place, at, element_type, index, lane_numbers, loop, unspecified
from chainrule.kernels.program import Value

__all__ = ["pack", "unpack"]

_ROWS = 8  # of a square at most: two vectors hold what is mixed in one step


def pack(context: Context, value: Value, array: Place, packed: Place) -> None:
    """Copy the rows of this strip from an array, row after row, to memory with the row innermost."""
    context.builder.comment(f"pack {value!r}: the row innermost")
    _copied(context, value, array, packed, into=True)


def unpack(context: Context, value: Value, array: Place, packed: Place) -> None:
    """Copy the rows of this strip back into the array."""
    context.builder.comment(f"unpack {value!r}: row after row")
    _copied(context, value, array, packed, into=False)


def _copied(context: Context, value: Value, array: Place, packed: Place, into: bool) -> None:
    builder = context.builder
    rows = min(_ROWS, max(2, context.width // value.dtype.itemsize))
    columns = min(rows, 1 << (value.size.bit_length() - 1))
    pitch = _pitch(value, packed)
    full = builder.and_(context.count, index(-rows), name="full")
    with loop(builder, 0, full, rows, name="row") as row, loop(builder, 0, value.size, columns, name="c") as column:
        least = builder.icmp_signed("<", column.index, index(value.size - columns))
        first = builder.select(least, column.index, index(value.size - columns))
        near = _at(builder, value, array.pointer, (row.index, value.size), (first, 1))
        far = _at(builder, value, packed.pointer, (row.index, 1), (first, pitch))
        if into:
            vectors = [
                _load(builder, at(builder, near, value.dtype, i * value.size), value, columns) for i in range(rows)
            ]
            for i, vector in enumerate(_transposed(builder, vectors, columns)):
                _store(builder, vector, at(builder, far, value.dtype, i * pitch), value)
        else:
            starts = [at(builder, far, value.dtype, i * pitch) for i in range(columns)]
            vectors = [_load(builder, start, value, rows) for start in starts]
            for i, vector in enumerate(_transposed(builder, vectors, rows)):
                _store(builder, vector, at(builder, near, value.dtype, i * value.size), value)
    with loop(builder, full, context.count, name="row") as row, loop(builder, 0, value.size, name="c") as column:
        near = _at(builder, value, array.pointer, (row.index, value.size), (column.index, 1))
        far = _at(builder, value, packed.pointer, (row.index, 1), (column.index, pitch))
        source, target = (near, far) if into else (far, near)
        _store(builder, _load(builder, source, value, 1), target, value)


def _pitch(value: Value, packed: Place) -> int:
    """From one component to the next: the smallest of the strides, along an axis that has several components."""
    return min(stride for stride, size in zip(packed.strides, value.shape, strict=True) if size > 1)


def _at(
    builder: ir.IRBuilder, value: Value, pointer: ir.Value, row: tuple[ir.Value, int], column: tuple[ir.Value, int]
) -> ir.Value:
    steps = [i if stride == 1 else builder.mul(i, index(stride)) for i, stride in (row, column)]
    return at(builder, pointer, value.dtype, builder.add(*steps))


def _load(builder: ir.IRBuilder, pointer: ir.Value, value: Value, lanes: int) -> ir.Value:
    # A bool stays the byte that it is in memory.
    kind = element_type(value.dtype)
    return builder.load(pointer, align=value.dtype.itemsize, typ=kind if lanes == 1 else ir.VectorType(kind, lanes))


def _store(builder: ir.IRBuilder, vector: ir.Value, pointer: ir.Value, value: Value) -> None:
    builder.store(vector, pointer, align=value.dtype.itemsize)


def _transposed(builder: ir.IRBuilder, vectors: Sequence[ir.Value], lanes: int) -> list[ir.Value]:
    """The transpose of a matrix in registers: n vectors of m lanes, both powers of two, become m of n.

    Components are numbered by the bits of row and column; a perfect shuffle of them all turns these bits by one place,
    so that after one for each bit of the row the two have changed places.
    """
    count = len(vectors)
    found = list(vectors)
    length = lanes
    while length < count:
        found = [_shuffled(builder, a, b, range(2 * length)) for a, b in zip(found[::2], found[1::2], strict=True)]
        length *= 2
    half = len(found) // 2
    for _ in range(count.bit_length() - 1 if half else 0):
        mixed = [lane + other for lane in range(length) for other in (0, length)]
        found = [
            _shuffled(builder, found[i], found[i + half], mixed[part : part + length])
            for i in range(half)
            for part in (0, length)
        ]
    if length == count:
        return found
    return [_part(builder, vector, first, count) for vector in found for first in range(0, length, count)]


def _shuffled(builder: ir.IRBuilder, a: ir.Value, b: ir.Value, lanes: Sequence[int]) -> ir.Value:
    if not isinstance(a.type, ir.VectorType):
        pair = builder.insert_element(unspecified(ir.VectorType(a.type, 2)), a, _lane(0))
        return builder.insert_element(pair, b, _lane(1))
    return builder.shuffle_vector(a, b, lane_numbers(lanes))


def _part(builder: ir.IRBuilder, vector: ir.Value, first: int, count: int) -> ir.Value:
    if count == 1:
        return builder.extract_element(vector, _lane(first))
    return _shuffled(builder, vector, unspecified(vector.type), range(first, first + count))


def _lane(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(32), number)
