"""Products by vertical operations: the same component of many rows in a register, as scratch memory holds them.

Also what every other layout falls back to, one row at a time: any strides, any sizes.
"""

from __future__ import annotations

import llvmlite.ir as ir

from chainrule.kernels import codegen
from chainrule.kernels.codegen import Place
from chainrule.kernels.products.registers import Registers, tiles

__all__ = ["emit_rows", "emit_rows_one_by_one"]


def emit_rows(
    registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int, int], rows: ir.Value | int
) -> None:
    """out[r] (p, k) = left[r] (p, m) @ right[r] (m, k) for all rows; what is fixed has row stride 0.

    Args:
        registers: of the function that is being written.
        left: row stride and strides of (p, m).
        right: row stride and strides of (m, k).
        out: row stride and strides of (p, k); shares no memory with the operands.
        sizes: p, m, k.
        rows: how many; a number where they are known.
    """
    lanes = registers.lanes
    columns = max(1, min(sizes[2], 6, registers.count - 8))
    height = 1 << (min(4, (registers.count - 8) // columns).bit_length() - 1)
    first: ir.Value | int = 0
    for step in sorted({height * lanes, lanes, 1}, reverse=True):
        if isinstance(rows, int):
            stop: ir.Value | int = rows // step * step
            if stop == first:
                continue
        elif step == 1:
            stop = rows
        elif step == height * lanes:
            stop = registers.builder.and_(rows, codegen.index(-step))
        else:
            continue  # the rows of a short strip are too few to matter
        _block_of_rows(registers, left, right, out, sizes, first, stop, step)
        first = stop


def emit_rows_one_by_one(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    sizes: tuple[int, int, int],
    first: ir.Value,
    stop: ir.Value | int,
) -> None:
    """The same for the few rows from `first` on that fill no register."""
    _block_of_rows(registers, left, right, out, sizes, first, stop, 1)


def _block_of_rows(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    sizes: tuple[int, int, int],
    first: ir.Value | int,
    stop: ir.Value | int,
    step: int,
) -> None:
    """Rows first, first + step, ...; so many at once."""
    p, _, k = sizes
    lanes = min(registers.lanes, step)
    height = step // lanes
    width = max(1, min(k, (registers.count - 8) // height if step > 1 else 4))
    with codegen.loop(registers.builder, first, stop, step, name="row") as row:
        at_left = registers.row(left, row.index)
        at_right = registers.row(right, row.index)
        at_out = registers.row(out, row.index)
        with codegen.loop(registers.builder, 0, p, name="item") as item:
            item_left = registers.at(at_left, registers.scaled(item.index, left.strides[0]))
            item_out = registers.at(at_out, registers.scaled(item.index, out.strides[0]))
            for first_column, last, size in tiles(k, width):
                with codegen.loop(registers.builder, first_column, last, width, name="column") as column:
                    tile_right = registers.at(at_right, registers.scaled(column.index, right.strides[1]))
                    tile_out = registers.at(item_out, registers.scaled(column.index, out.strides[1]))
                    tile = (
                        Place(item_left, left.row_stride, left.strides),
                        Place(tile_right, right.row_stride, right.strides),
                        Place(tile_out, out.row_stride, out.strides),
                    )
                    _tile(registers, *tile, sizes[1], size, height, lanes)


def _tile(
    registers: Registers, left: Place, right: Place, out: Place, m: int, width: int, height: int, lanes: int
) -> None:
    """So many columns of `height` registers of rows, over all of m."""
    zero = registers.zero(lanes)
    with codegen.loop(registers.builder, 0, m, carried=[zero] * (height * width), name="inner") as inner:
        at_left = registers.at(left.pointer, registers.scaled(inner.index, left.strides[1]))
        at_right = registers.at(right.pointer, registers.scaled(inner.index, right.strides[0]))
        factors = [
            registers.load_rows(registers.at(at_left, part * lanes * left.row_stride), left.row_stride, lanes)
            for part in range(height)
        ]
        totals = []
        for column in range(width):
            at_column = registers.at(at_right, column * right.strides[1])
            weight = registers.load_rows(at_column, right.row_stride, lanes)
            for part in range(height):
                if part and right.row_stride:
                    weight = registers.load_rows(
                        registers.at(at_column, part * lanes * right.row_stride), right.row_stride, lanes
                    )
                totals.append(registers.multiply_add(factors[part], weight, inner.carried[column * height + part]))
        inner.next = totals
    for column in range(width):
        at_column = registers.at(out.pointer, column * out.strides[1])
        for part in range(height):
            pointer = registers.at(at_column, part * lanes * out.row_stride)
            registers.store_rows(inner.results[column * height + part], pointer, out.row_stride, lanes)
