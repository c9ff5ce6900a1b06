"""Which kernel computes a product: by its kind, its sizes, and how its operands lie in memory."""

from __future__ import annotations

from dataclasses import replace

import llvmlite.ir as ir

from chainrule.core.shapes import Shape
from chainrule.kernels import codegen
from chainrule.kernels.codegen import Context, Place
from chainrule.kernels.products.ahead import Ahead
from chainrule.kernels.products.blocked import Blocked, Factor
from chainrule.kernels.products.gemm import Matrix, emit_gemm, fits_gemm
from chainrule.kernels.products.horizontal import emit_dots, emit_few_columns
from chainrule.kernels.products.outer import emit_dots_over_rows, emit_outer
from chainrule.kernels.products.packing import packed_by_row, packed_fixed
from chainrule.kernels.products.registers import Registers
from chainrule.kernels.products.vertical import emit_rows, emit_rows_one_by_one
from chainrule.kernels.program import Product, ProductKind

__all__ = ["emit_product"]

# From so many multiplications for a row on a matrix is worth to be put side by side, panel by panel, before it is used.
_WORTH_PANELS = 512
_WORTH_BLAS = 1 << 15  # multiplications of a product without rows
_WIDE = 12  # components and columns, with fewer of which registers would stay empty


def emit_product(context: Context, stage: Product) -> None:
    """Write the code of a product into a section.

    Args:
        context: the section function; by row, its strip has `context.count` rows.
        stage: the product. What is summed over rows is added to where `out` lies.
    """
    if stage.out.size == 0:
        return
    registers = Registers(context, stage.out.dtype)
    left, right, out = (context.place(value) for value in (stage.left, stage.right, stage.out))
    shapes = (stage.left.shape, stage.right.shape)
    ahead = Ahead.of(context, stage, left)
    match stage.kind:
        case ProductKind.OVER_ROWS:
            _over_rows(registers, left, right, out, shapes, ahead)
        case ProductKind.ROWS:
            _rows(registers, *_as_matrices(left, right, out, shapes), _sizes(shapes), ahead)
        case ProductKind.EACH:
            _each(registers, *_as_matrices(left, right, out, shapes), _sizes(shapes))
        case ProductKind.FIXED:
            _fixed(registers, *_as_matrices(left, right, out, shapes), _sizes(shapes))


def _sizes(shapes: tuple[Shape, Shape]) -> tuple[int, int, int]:
    """p, m, k of (p, m) @ (m, k), vectors taken for matrices of one row or column."""
    left, right = shapes
    return left[0] if len(left) == 2 else 1, left[-1], right[1] if len(right) == 2 else 1


def _as_matrices(left: Place, right: Place, out: Place, shapes: tuple[Shape, Shape]) -> tuple[Place, Place, Place]:
    """The places with the strides of (p, m), (m, k) and (p, k)."""
    of_out = out.strides
    if len(shapes[1]) == 1:
        right = replace(right, strides=(*right.strides, 0))
        of_out = (*of_out, 0)
    if len(shapes[0]) == 1:
        left = replace(left, strides=(0, *left.strides))
        of_out = (0, *of_out)
    return left, right, replace(out, strides=of_out)


def _rows(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    sizes: tuple[int, int, int],
    ahead: Ahead | None,
) -> None:
    context = registers.context
    p, m, k = sizes
    rows = context.count
    if not (left.row_stride == 1 or m <= 1 or left.strides[1] == 1):
        left = packed_by_row(registers, left, (p, m), rows)
    if _is_wide(m, k):
        if _rows_blocked(registers, left, right, out, (m, k)).fits:
            with codegen.loop(registers.builder, 0, p, name="item") as item:
                of_left = registers.at(left.pointer, registers.scaled(item.index, left.strides[0]))
                of_out = registers.at(out.pointer, registers.scaled(item.index, out.strides[0]))
                item_left, item_out = replace(left, pointer=of_left), replace(out, pointer=of_out)
                _rows_blocked(registers, item_left, right, item_out, (m, k)).emit()
            return
        if not _fixed_matrix(right, (m, k)).is_stored:
            right = packed_fixed(registers, right, (m, k))
        matrices = [
            Matrix(
                place.pointer, (place.row_stride, place.strides[1]), (context.strip, size), (rows, codegen.index(size))
            )
            for place, size in ((left, m), (out, k))
        ]
        if fits_gemm(matrices[0], _fixed_matrix(right, (m, k)), matrices[1]):
            with codegen.loop(registers.builder, 0, p, name="item") as item:
                row_left, row_out = (
                    replace(
                        matrix, pointer=registers.at(matrix.pointer, registers.scaled(item.index, place.strides[0]))
                    )
                    for matrix, place in zip(matrices, (left, out), strict=True)
                )
                emit_gemm(registers, row_left, _fixed_matrix(right, (m, k)), row_out, add=False)
            return
    if left.row_stride == 1 or m == 0:
        emit_rows(registers, left, right, out, sizes, rows)
        return
    if k == 1 and right.strides[0] != 1:
        right = packed_fixed(registers, right, (m, k))
    with codegen.loop(registers.builder, 0, p, name="item") as item:
        item_left, item_out = (
            Place(
                registers.at(place.pointer, registers.scaled(item.index, place.strides[0])),
                place.row_stride,
                place.strides[1:],
            )
            for place in (left, out)
        )
        _rows_side_by_side(registers, item_left, right, item_out, (m, k), rows, ahead)


def _is_wide(m: int, k: int) -> bool:
    return m * k >= _WORTH_PANELS and min(m, k) >= _WIDE


def _rows_blocked(registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int]) -> Blocked:
    """Vectors go along the rows if these are side by side, else along the columns of the right matrix."""
    m, k = sizes
    rows = registers.context.count
    by_row = Factor(left.pointer, (left.row_stride, left.strides[1]))
    fixed = Factor(right.pointer, (right.strides[0], right.strides[1]))
    result = Factor(out.pointer, (out.row_stride, out.strides[1]))
    if left.row_stride == out.row_stride == 1:
        return Blocked(registers, fixed.transpose, by_row.transpose, result.transpose, (k, m, rows), m, add=False)
    return Blocked(registers, by_row, fixed, result, (rows, m, k), m, add=False)


def _rows_side_by_side(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    sizes: tuple[int, int],
    rows: ir.Value,
    ahead: Ahead | None,
) -> None:
    """Rows (m,) that lie one after the other, times (m, k)."""
    m, k = sizes
    if k == 1:
        emit_dots(registers, left, Place(right.pointer, 0, right.strides[:1]), out, m, rows, ahead)
        return
    done = emit_few_columns(registers, left, right, out, sizes, rows)
    matrix_left, matrix_out = (Place(place.pointer, place.row_stride, (0, *place.strides)) for place in (left, out))
    emit_rows_one_by_one(registers, matrix_left, right, matrix_out, (1, m, k), done, rows)


def _fixed_matrix(place: Place, sizes: tuple[int, int]) -> Matrix:
    return Matrix(
        place.pointer, (place.strides[0], place.strides[1]), sizes, (codegen.index(sizes[0]), codegen.index(sizes[1]))
    )


def _each(registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int, int]) -> None:
    p, m, k = sizes
    rows = registers.context.count
    contiguous = left.strides[1] == right.strides[0] == 1
    if p == k == 1 and contiguous and left.row_stride != 1 and right.row_stride != 1 and 2 * m >= registers.lanes:
        emit_dots(registers, left, right, out, m, rows)
        return
    emit_rows(registers, left, right, out, sizes, rows)


def _over_rows(
    registers: Registers,
    left: Place,
    right: Place,
    out: Place,
    shapes: tuple[Shape, Shape],
    ahead: Ahead | None,
) -> None:
    context = registers.context
    rows = context.count
    (m,), k = shapes[0], shapes[1][0] if shapes[1] else 1
    if not shapes[1]:
        right = replace(right, strides=(0,))
        out = replace(out, strides=(*out.strides, 0))
    if not (left.row_stride == 1 or (left.strides[0] == 1 and m > 1)):
        left = packed_by_row(registers, left, (m,), rows)
    if not (right.row_stride == 1 or (right.strides[0] == 1 and k > 1)):
        right = packed_by_row(registers, right, (k,), rows)
    if _is_wide(m, k):
        matrices = [
            Matrix(
                place.pointer, (place.strides[0], place.row_stride), (size, context.strip), (codegen.index(size), rows)
            )
            for place, size in ((left, m), (right, k))
        ]
        total = _fixed_matrix(out, (m, k))
        blocked = _over_rows_blocked(registers, left, right, out, (m, k))
        if blocked.fits:
            blocked.emit()
            return
        if fits_gemm(matrices[0], matrices[1].transpose, total):
            emit_gemm(registers, matrices[0], matrices[1].transpose, total, add=True)
            return
    if left.row_stride == 1 and right.row_stride == 1:
        emit_dots_over_rows(registers, left, right, out, (m, k), rows)
    elif left.row_stride != 1:
        emit_outer(registers, left, right, out, (m, k), rows, ahead)
    else:
        emit_outer(registers, right, left, replace(out, strides=out.strides[::-1]), (k, m), rows)


def _over_rows_blocked(registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int]) -> Blocked:
    """Vectors go along the components of what has these side by side."""
    m, k = sizes
    context = registers.context
    first = Factor(left.pointer, (left.row_stride, left.strides[0]))
    second = Factor(right.pointer, (right.row_stride, right.strides[0]))
    total = Factor(out.pointer, (out.strides[0], out.strides[1]))
    if left.row_stride != 1:
        turned = (k, context.count, m)
        return Blocked(registers, second.transpose, first, total.transpose, turned, context.strip, add=True)
    return Blocked(registers, first.transpose, second, total, (m, context.count, k), context.strip, add=True)


def _fixed(registers: Registers, left: Place, right: Place, out: Place, sizes: tuple[int, int, int]) -> None:
    p, m, k = sizes
    if p * m * k >= _WORTH_BLAS and min(sizes) >= 8:
        left, right = (
            place if _fixed_matrix(place, shape).is_stored else packed_fixed(registers, place, shape)
            for place, shape in ((left, (p, m)), (right, (m, k)))
        )
        matrices = (_fixed_matrix(left, (p, m)), _fixed_matrix(right, (m, k)), _fixed_matrix(out, (p, k)))
        if fits_gemm(*matrices):
            emit_gemm(registers, *matrices, add=False)
            return
    if k > 1 or p == 1:
        # Vectors go along the axis of `out` that lies side by side: the transposed product has it for its rows.
        left, right, out, p, k = _transposed(right), _transposed(left), _transposed(out), k, p
    # Each row of the left matrix is now a row of the data, so to speak: (m,) @ (m, k) for p of them.
    row_left = Place(left.pointer, left.strides[0], (0, left.strides[1]))
    row_out = Place(out.pointer, out.strides[0], (0, out.strides[1]))
    if k == 1 and row_left.strides[1] == 1 and m > 1:
        if right.strides[0] != 1:
            right = packed_fixed(registers, right, (m, k))
        other = Place(right.pointer, 0, right.strides[:1])
        emit_dots(registers, Place(row_left.pointer, row_left.row_stride, (1,)), other, row_out, m, p)
    else:
        emit_rows(registers, row_left, right, row_out, (1, m, k), p)


def _transposed(place: Place) -> Place:
    return replace(place, strides=place.strides[::-1])
