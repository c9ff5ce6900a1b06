"""Products of rows that lie in memory one after the other, as the user's arrays do: vectors along a row.

Every array is read once, several rows at a time; the results of as many rows as a register has lanes are put together
in registers, since whatever works on them next goes over the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import llvmlite.ir as ir

from chainrule.kernels import codegen
from chainrule.kernels.codegen import Place
from chainrule.kernels.products.ahead import Ahead, fetch_nearby
from chainrule.kernels.products.registers import Registers, tiles

__all__ = ["emit_dots", "emit_few_columns"]

# So many registers of right-hand sides are kept over all rows.
_KEPT = 8


def emit_dots(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    m: int,
    rows: ir.Value | int,
    ahead: Ahead | None = None,
) -> None:
    """out[r] = the sum over m of left[r, j] right[r, j].

    Args:
        registers: of the function that is being written.
        left: by row, item stride 1.
        right: fixed (row stride 0) or by row, item stride 1.
        out: one number for each row.
        m: how many components a row has.
        rows: how many rows.
        ahead: what to fetch meanwhile.
    """
    lanes = registers.lanes
    chunks, valid = divmod(m, lanes)
    parts = chunks + (valid > 0)
    kept: list[ir.Value] | None = None
    if right.row_stride == 0 and parts <= _KEPT:
        kept = [
            registers.load(registers.at(right.pointer, part * lanes), lanes, _valid(m, part, lanes))
            for part in range(parts)
        ]
    share = registers.shared(left, m) if right.row_stride == 0 else 1
    repeated = registers.repeated(registers.load(right.pointer, m), share) if share > 1 else None
    together = max(4, lanes)
    whole = (
        rows // together * together if isinstance(rows, int) else registers.builder.and_(rows, codegen.index(-together))
    )
    for first, stop, step in ((0, whole, together), (whole, rows, 1)):
        if first is stop or first == stop:
            continue
        with codegen.loop(registers.builder, first, stop, step, name="row") as row:
            pointers = [
                registers.at(registers.row(left, row.index), number * left.row_stride) for number in range(step)
            ]
            others = [
                registers.at(registers.row(right, row.index), number * right.row_stride)
                for number in range(step if right.row_stride else 1)
            ]
            fetch = partial(ahead.emit, row.index, step) if ahead is not None and step > 1 else None
            if repeated is not None and step > 1:
                if fetch is not None:
                    fetch()
                vectors = [registers.load(registers.at(pointers[0], part * lanes), lanes) for part in range(m)]
                sums = registers.neighbours([registers.builder.fmul(vector, repeated) for vector in vectors])
                registers.store_rows(sums, registers.row(out, row.index), out.row_stride, lanes)
                continue
            totals = _totals(registers, pointers, others, kept, m, fetch)
            pointer = registers.row(out, row.index)
            if step == 1:
                registers.store(registers.sum(totals[0]), pointer, 1)
            else:
                for start in range(0, step, lanes):
                    sums = registers.sums(totals[start : start + lanes])
                    at_out = registers.at(pointer, start * out.row_stride)
                    registers.store_rows(sums, at_out, out.row_stride, lanes)


def _valid(m: int, part: int, lanes: int) -> int:
    return min(lanes, m - part * lanes)


def _totals(
    registers: Registers,
    pointers: list[ir.Value],
    others: list[ir.Value],
    kept: list[ir.Value] | None,
    m: int,
    fetch: Callable[[ir.Value | int, int], None] | None,
) -> list[ir.Value]:
    """For each row a vector whose lanes sum to its result."""
    lanes = registers.lanes
    totals: list[ir.Value] = [registers.zero(lanes)] * len(pointers)

    def added(offset: ir.Value | int, totals: list[ir.Value], valid: int, factor: ir.Value | None) -> list[ir.Value]:
        made = []
        for number, pointer in enumerate(pointers):
            if factor is None or len(others) > 1:
                factor = registers.load(registers.at(others[number % len(others)], offset), lanes, valid)
            vector = registers.load(registers.at(pointer, offset), lanes, valid)
            made.append(registers.multiply_add(vector, factor, totals[number]))
        return made

    if kept is not None or m <= 2 * lanes:
        for part in range(-(-m // lanes)):
            if fetch is not None:
                fetch(part, -(-m // lanes))
            factor = kept[part] if kept is not None else None
            totals = added(part * lanes, totals, _valid(m, part, lanes), factor)
        return totals
    chunks, valid = divmod(m, lanes)
    with codegen.loop(registers.builder, 0, chunks * lanes, lanes, carried=totals, name="part") as part_of:
        if fetch is not None:
            fetch(registers.builder.udiv(part_of.index, codegen.index(lanes)), chunks)
        part_of.next = added(part_of.index, part_of.carried, lanes, None)
    totals = part_of.results
    return added(chunks * lanes, totals, valid, None) if valid else totals


def emit_few_columns(
    registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int], rows: ir.Value
) -> ir.Value:
    """out[r, c] = the sum over m of left[r, j] right[j, c]; squares of `left` are transposed in registers.

    Args:
        registers: of the function that is being written.
        left: by row, item stride 1.
        right: fixed (m, k).
        out: by row (k,).
        sizes: m, k.
        rows: how many rows.

    Returns:
        how many rows are done: those that fill registers.
    """
    m, k = sizes
    width = min(k, registers.count // 2)
    whole = registers.builder.and_(rows, codegen.index(-registers.lanes))
    for first, stop, size in tiles(k, width):
        with codegen.loop(registers.builder, first, stop, width, name="column") as column:
            at_right = registers.at(right.pointer, registers.scaled(column.index, right.strides[1]))
            at_out = registers.at(out.pointer, registers.scaled(column.index, out.strides[0]))
            tile = (Place(at_right, 0, right.strides), Place(at_out, out.row_stride, out.strides))
            with codegen.loop(registers.builder, 0, whole, registers.lanes, name="row") as row:
                _few_columns(registers, left, *tile, (m, size), row.index)
    return whole


def _few_columns(
    registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int], row: ir.Value
) -> None:
    """As many rows as a register has lanes."""
    m, k = sizes
    lanes = registers.lanes
    base = registers.row(left, row)

    def added(offset: ir.Value | int, totals: list[ir.Value], valid: int) -> list[ir.Value]:
        at_left = registers.at(base, offset)
        square = [registers.load(registers.at(at_left, i * left.row_stride), lanes, valid) for i in range(lanes)]
        at_right = registers.at(right.pointer, registers.scaled(offset, right.strides[0]))
        for number, vector in enumerate(registers.transposed(square)[:valid]):
            for column in range(k):
                pointer = registers.at(at_right, number * right.strides[0] + column * right.strides[1])
                totals[column] = registers.multiply_add(vector, registers.spread(pointer, lanes), totals[column])
        return totals

    totals: list[ir.Value] = [registers.zero(lanes)] * k
    chunks, valid = divmod(m, lanes)
    if chunks:
        with codegen.loop(registers.builder, 0, chunks * lanes, lanes, carried=totals, name="part") as part:
            # The rows of the next block; not in bounds, and it does no harm.
            size = -(-left.row_stride * lanes * registers.dtype.itemsize // chunks)
            further = registers.builder.mul(part.index, codegen.index(-(-size // lanes)))
            offset = registers.builder.add(further, codegen.index(size * chunks))
            fetch_nearby(registers.context, registers.builder.gep(base, [offset], source_etype=codegen.BYTE), size)
            part.next = added(part.index, list(part.carried), lanes)
        totals = list(part.results)
    if valid:
        totals = added(chunks * lanes, totals, valid)
    at_out = registers.row(out, row)
    for column in range(k):
        pointer = registers.at(at_out, column * out.strides[0])
        registers.store_rows(totals[column], pointer, out.row_stride, lanes)
