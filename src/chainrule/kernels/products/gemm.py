"""Matrix products by the BLAS that NumPy runs on, where the strides of the operands are those of matrices.

Values by row in scratch memory are matrices stored by columns, the user's arrays matrices stored by rows, so no operand
is copied for it. Source: CBLAS, netlib.org/blas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import llvmlite.ir as ir

from chainrule.kernels import blas, codegen
from chainrule.kernels.codegen import INDEX, POINTER
from chainrule.kernels.products.registers import Registers

__all__ = ["Matrix", "emit_gemm", "fits_gemm"]

_ENUM = ir.IntType(32)
_BY_COLUMNS = ir.Constant(_ENUM, 102)
_AS_IT_IS, _TRANSPOSED = ir.Constant(_ENUM, 111), ir.Constant(_ENUM, 112)


@final
@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix in memory.

    Attributes:
        pointer: to its first component.
        strides: of rows and columns, in components.
        sizes: rows and columns, the most there can be.
        counts: rows and columns; constants but for the rows of a strip.
    """

    pointer: ir.Value
    strides: tuple[int, int]
    sizes: tuple[int, int]
    counts: tuple[ir.Value, ir.Value]

    @property
    def transpose(self) -> Matrix:
        """The same memory with rows and columns exchanged."""
        return Matrix(self.pointer, self.strides[::-1], self.sizes[::-1], self.counts[::-1])

    @property
    def leading(self) -> int | None:
        """The leading dimension of the matrix stored by columns; None if it is not stored so."""
        rows, columns = self.sizes
        if rows > 1 and self.strides[0] != 1:
            return None
        least = max(1, rows)
        if columns <= 1:
            return max(least, self.strides[1])
        return self.strides[1] if self.strides[1] >= least else None

    @property
    def is_stored(self) -> bool:
        """Whether BLAS can take it, as it is or transposed."""
        return self.leading is not None or self.transpose.leading is not None


def fits_gemm(left: Matrix, right: Matrix, out: Matrix) -> bool:
    """Whether there is a BLAS that can take the three as they lie."""
    return blas.available() and left.is_stored and right.is_stored and out.is_stored


def emit_gemm(registers: Registers, left: Matrix, right: Matrix, out: Matrix, add: bool) -> None:
    """out = left @ right, or out += left @ right; all three fit (`fits_gemm`)."""
    if out.leading is None:
        left, right, out = right.transpose, left.transpose, out.transpose
    number = codegen.register_type(registers.dtype)
    kinds = [_ENUM] * 3 + [INDEX] * 3 + [number, POINTER, INDEX, POINTER, INDEX, number, POINTER, INDEX]
    name = f"chainrule_{'d' if registers.dtype.itemsize == 8 else 's'}gemm"
    function = registers.context.declare(name, ir.FunctionType(ir.VoidType(), kinds))
    (form, lead), (other_form, other_lead) = _form(left), _form(right)
    assert out.leading is not None
    arguments = [_BY_COLUMNS, form, other_form, out.counts[0], out.counts[1], left.counts[1]]
    arguments += [ir.Constant(number, 1.0), left.pointer, lead, right.pointer, other_lead]
    arguments += [ir.Constant(number, float(add)), out.pointer, codegen.index(out.leading)]
    registers.builder.call(function, arguments)


def _form(matrix: Matrix) -> tuple[ir.Constant, ir.Constant]:
    """Whether BLAS is to transpose what it finds, and the leading dimension."""
    if matrix.leading is not None:
        return _AS_IT_IS, codegen.index(matrix.leading)
    leading = matrix.transpose.leading
    assert leading is not None
    return _TRANSPOSED, codegen.index(leading)
