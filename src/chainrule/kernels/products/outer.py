"""Sums over rows of outer products, as they end a gradient: out (m, k) += the sum over r of left[r] right[r]^T."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import llvmlite.ir as ir

from chainrule.kernels import codegen
from chainrule.kernels.codegen import Place
from chainrule.kernels.products.ahead import Ahead
from chainrule.kernels.products.registers import Registers, tiles

__all__ = ["emit_dots_over_rows", "emit_outer"]

_TOGETHER = 4  # sums that hide how long the pipeline is


def emit_outer(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    sizes: tuple[int, int],
    rows: ir.Value | int,
    ahead: Ahead | None = None,
) -> None:
    """Vectors along the components of `left`, whose rows lie one after the other; numbers of `right` in all lanes.

    Args:
        registers: of the function that is being written.
        left: by row (m,), item stride 1.
        right: by row (k,), any strides.
        out: fixed (m, k), any strides; is added to.
        sizes: m, k.
        rows: how many.
        ahead: what to fetch meanwhile.
    """
    m, k = sizes
    if k == 1 and right.row_stride == 1 and registers.shared(left, m) > 1:
        done = _short_rows(registers, left, right, out, m, rows, ahead)
        left, right = (replace(x, pointer=registers.row(x, done)) for x in (left, right))
        rows = registers.builder.sub(codegen.index(rows) if isinstance(rows, int) else rows, done)
        ahead = None
    parts, columns = _tile(registers, m, k)
    lanes = registers.lanes
    wide = parts * lanes
    for m_first, m_stop, m_size in tiles(m, wide):
        with codegen.loop(registers.builder, m_first, m_stop, wide, name="part") as part:
            at_left = registers.at(left.pointer, part.index)
            part_out = registers.at(out.pointer, registers.scaled(part.index, out.strides[0]))
            for k_first, k_stop, k_size in tiles(k, columns):
                with codegen.loop(registers.builder, k_first, k_stop, columns, name="column") as column:
                    at_right = registers.at(right.pointer, registers.scaled(column.index, right.strides[0]))
                    at_out = registers.at(part_out, registers.scaled(column.index, out.strides[1]))
                    _outer_tile(
                        registers,
                        Place(at_left, left.row_stride, left.strides),
                        Place(at_right, right.row_stride, right.strides),
                        Place(at_out, 0, out.strides),
                        (m_size, k_size),
                        rows,
                        partial(
                            ahead.emit,
                            piece=registers.builder.udiv(part.index, codegen.index(wide)),
                            pieces=-(-m // wide),
                        )
                        if ahead is not None
                        else None,
                    )


def _short_rows(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    m: int,
    rows: ir.Value | int,
    ahead: Ahead | None,
) -> ir.Value:
    """Rows of which several lie in one register, each with a number; how many are done: those that fill registers."""
    builder, lanes, share = registers.builder, registers.lanes, registers.shared(left, m)
    step = _TOGETHER * share
    whole = builder.and_(codegen.index(rows) if isinstance(rows, int) else rows, codegen.index(-step))
    with codegen.loop(builder, 0, whole, step, carried=[registers.zero(lanes)] * _TOGETHER, name="rows") as several:
        if ahead is not None:
            ahead.emit(several.index, step)
        at_left, at_right = registers.row(left, several.index), registers.row(right, several.index)
        made = []
        for part, total in enumerate(several.carried):
            vector = registers.load(registers.at(at_left, part * lanes), lanes)
            numbers = registers.load(registers.at(at_right, part * share), share)
            made.append(registers.multiply_add(vector, registers.repeated(numbers, 1, each=m), total))
        several.next = made
    totals = several.results
    while len(totals) > 1:
        totals = [builder.fadd(a, b) for a, b in zip(totals[::2], totals[1::2], strict=True)]
    total, width = totals[0], lanes
    while width > m:
        width //= 2
        total = builder.fadd(registers.part(total, 0, width), registers.part(total, width, width))
    for lane in range(m):
        _add_number(registers, registers.at(out.pointer, lane * out.strides[0]), registers.lane(total, lane))
    return whole


def _tile(registers: Registers, m: int, k: int) -> tuple[int, int]:
    """Registers along m and columns of k that one pass over the rows sums: as few loads for each product as can be."""
    room = registers.count - 8
    needed = -(-m // registers.lanes)
    best = (float("inf"), 1, 1)
    for parts in range(1, min(needed, room) + 1):
        for columns in range(1, min(k, max(1, room // parts)) + 1):
            number = -(-needed // parts) * -(-k // columns)
            # Every load takes some time even where products take more.
            loads = parts + columns
            cost = number * (max(parts * columns, loads, 4) + loads / 5)
            best = min(best, (cost, parts, columns))
    return best[1], best[2]


def _outer_tile(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    sizes: tuple[int, int],
    rows: ir.Value | int,
    fetch: Callable[[ir.Value, int], None] | None,
) -> None:
    m, k = sizes
    lanes = registers.lanes
    valid = [min(lanes, m - start) for start in range(0, m, lanes)]
    number = len(valid) * k
    # Fewer sums than the pipeline is deep are split over neighbouring rows.
    together = max(1, min(4, 8 // number))

    def added(row: ir.Value, further: int, totals: list[ir.Value]) -> list[ir.Value]:
        base = registers.at(registers.row(left, row), further * left.row_stride)
        vectors = [registers.load(registers.at(base, part * lanes), lanes, count) for part, count in enumerate(valid)]
        other = registers.at(registers.row(right, row), further * right.row_stride)
        made = []
        for column in range(k):
            factor = registers.spread(registers.at(other, column * right.strides[0]), lanes)
            for part, vector in enumerate(vectors):
                made.append(registers.multiply_add(vector, factor, totals[column * len(valid) + part]))
        return made

    totals: list[ir.Value] = [registers.zero(lanes)] * (number * together)
    first: ir.Value | int = 0
    builder = registers.builder
    if together > 1:
        stop = rows // together * together if isinstance(rows, int) else builder.and_(rows, codegen.index(-together))
        with codegen.loop(builder, 0, stop, together, carried=totals, name="rows") as several:
            if fetch is not None:
                fetch(several.index, together)
            several.next = [
                total
                for further in range(together)
                for total in added(several.index, further, several.carried[further * number : (further + 1) * number])
            ]
        totals = several.results
        while len(totals) > number:
            half = len(totals) // 2
            totals = [builder.fadd(a, b) for a, b in zip(totals[:half], totals[half:], strict=True)]
        first = stop
    with codegen.loop(builder, first, rows, carried=totals, name="row") as row:
        if fetch is not None and together == 1:
            fetch(row.index, 1)
        row.next = added(row.index, 0, row.carried)
    for part, count in enumerate(valid):
        _add_columns(
            registers,
            row.results[part :: len(valid)],
            registers.at(out.pointer, part * lanes * out.strides[0]),
            out.strides,
            count,
        )


def _add_columns(
    registers: Registers, columns: list[ir.Value], pointer: ir.Value, strides: tuple[int, ...], count: int
) -> None:
    """Add vectors to the columns of a matrix that are one register high, of which so many lanes are valid."""
    lanes = registers.lanes
    down, along = strides
    if down == 1 or count == 1:
        for number, column in enumerate(columns):
            _add_vector(registers, registers.at(pointer, number * along), column, count)
    elif along == 1 and len(columns) > 1:
        for first in range(0, len(columns), lanes):
            square = columns[first : first + lanes]
            width = len(square)
            square += [registers.zero(lanes)] * (lanes - width)
            for number, line in enumerate(registers.transposed(square)[:count]):
                _add_vector(registers, registers.at(pointer, number * down + first), line, width)
    else:
        for number, column in enumerate(columns):
            for lane in range(count):
                offset = number * along + lane * down
                _add_number(registers, registers.at(pointer, offset), registers.lane(column, lane))


def _add_vector(registers: Registers, pointer: ir.Value, vector: ir.Value, count: int) -> None:
    before = registers.load(pointer, registers.lanes, count)
    registers.store(registers.builder.fadd(before, vector), pointer, registers.lanes, count)


def _add_number(registers: Registers, pointer: ir.Value, number: ir.Value) -> None:
    before = registers.load(pointer, 1)
    registers.store(registers.builder.fadd(before, number), pointer, 1)


def emit_dots_over_rows(
    registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int], rows: ir.Value | int
) -> None:
    """Vectors along the rows: of each component all rows lie one after the other.

    Args:
        registers: of the function that is being written.
        left: by row (m,), row stride 1.
        right: by row (k,), row stride 1.
        out: fixed (m, k), any strides; is added to.
        sizes: m, k.
        rows: how many.
    """
    m, k = sizes
    height, width = _squarish(m, k, registers.count - 8)
    builder = registers.builder
    for m_first, m_stop, m_size in tiles(m, height):
        with codegen.loop(builder, m_first, m_stop, height, name="item") as item:
            at_left = registers.at(left.pointer, registers.scaled(item.index, left.strides[0]))
            item_out = registers.at(out.pointer, registers.scaled(item.index, out.strides[0]))
            for k_first, k_stop, k_size in tiles(k, width):
                with codegen.loop(builder, k_first, k_stop, width, name="column") as column:
                    at_right = registers.at(right.pointer, registers.scaled(column.index, right.strides[0]))
                    at_out = registers.at(item_out, registers.scaled(column.index, out.strides[1]))
                    _dots_tile(
                        registers,
                        Place(at_left, 1, left.strides),
                        Place(at_right, 1, right.strides),
                        Place(at_out, 0, out.strides),
                        (m_size, k_size),
                        rows,
                    )


def _squarish(m: int, k: int, room: int) -> tuple[int, int]:
    """The sides of a tile with room for its sums: few loads, and no narrow tile left over at the end."""
    sides = [(a, b) for a in range(1, min(m, room) + 1) for b in range(1, min(k, room // a) + 1)]

    def cost(sides: tuple[int, int]) -> float:
        a, b = sides
        return -(-m // a) * -(-k // b) * (max(a * b, 8) + (a + b) / 2) * (1 + 0.1 * (m % a > 0) + 0.1 * (k % b > 0))

    return min(sides, key=cost)


def _sums(registers: Registers, vectors: list[ir.Value]) -> list[ir.Value]:
    """The sum of the lanes of each vector."""
    lanes = registers.lanes
    found: list[ir.Value] = []
    for first in range(0, len(vectors), lanes):
        some = vectors[first : first + lanes]
        if len(some) < 3:
            found += [registers.sum(vector) for vector in some]
            continue
        sums = registers.sums(some + [registers.zero(lanes)] * (lanes - len(some)))
        found += [registers.lane(sums, lane) for lane in range(len(some))]
    return found


def _dots_tile(
    registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int], rows: ir.Value | int
) -> None:
    m, k = sizes
    builder = registers.builder

    def added(row: ir.Value, lanes: int, totals: list[ir.Value]) -> list[ir.Value]:
        at_left = registers.at(left.pointer, row)
        at_right = registers.at(right.pointer, row)
        factors = [registers.load(registers.at(at_right, c * right.strides[0]), lanes) for c in range(k)]
        made = []
        for i in range(m):
            vector = registers.load(registers.at(at_left, i * left.strides[0]), lanes)
            made += [registers.multiply_add(vector, factor, totals[i * k + c]) for c, factor in enumerate(factors)]
        return made

    lanes = registers.lanes
    stop = rows // lanes * lanes if isinstance(rows, int) else builder.and_(rows, codegen.index(-lanes))
    zeros: list[ir.Value] = [registers.zero(lanes)] * (m * k)
    with codegen.loop(builder, 0, stop, lanes, carried=zeros, name="rows") as several:
        several.next = added(several.index, lanes, several.carried)
    sums = _sums(registers, several.results)
    with codegen.loop(builder, stop, rows, carried=sums, name="row") as row:
        row.next = added(row.index, 1, row.carried)
    for i in range(m):
        for c in range(k):
            _add_number(
                registers, registers.at(out.pointer, i * out.strides[0] + c * out.strides[1]), row.results[i * k + c]
            )
