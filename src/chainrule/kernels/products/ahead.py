"""Fetching the next strip of an array into the cache while a product works on this one.

The processor fetches ahead by itself as long as an array is read on and on. In a section it is read by one stage, and
then again, from the cache, by another: meanwhile memory would stand still. So the stages share in fetching the rows of
the next strip. Only products with vectors do; those with matrices compute for longer than memory takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import llvmlite.ir as ir

from chainrule.kernels import codegen
from chainrule.kernels.codegen import BYTE, POINTER, Context, Place
from chainrule.kernels.program import Product, ProductKind, Stage, Value

__all__ = ["Ahead", "fetch_nearby", "shares"]

_LINE = 64
_FLAG = ir.IntType(32)
_READ, _DATA = ir.Constant(_FLAG, 0), ir.Constant(_FLAG, 1)
_FIRST_LEVEL, _SECOND_LEVEL = ir.Constant(_FLAG, 3), ir.Constant(_FLAG, 2)


def shares(stages: Sequence[Stage], is_array: Callable[[Value], bool]) -> dict[Stage, tuple[int, int]]:
    """Which part of the next strip's rows each stage fetches: its number, and the number of parts.

    Args:
        stages: of a section by row.
        is_array: whether a value is by row and in memory of the caller.
    """
    readers: dict[Value, list[Stage]] = {}
    for stage in stages:
        if isinstance(stage, Product) and is_array(stage.left.base) and len(stage.left.shape) == 1 and _narrow(stage):
            readers.setdefault(stage.left.base, []).append(stage)
    return {
        stage: (number, len(found))
        for found in readers.values()
        if len(found) > 1
        for number, stage in enumerate(found)
    }


def _narrow(stage: Product) -> bool:
    columns = 1 if stage.kind is ProductKind.OVER_ROWS else 2
    return stage.kind is not ProductKind.EACH and len(stage.right.shape) < columns


@final
@dataclass(frozen=True, slots=True)
class Ahead:
    """What one stage fetches.

    Attributes:
        context: of the section.
        start: of its part of the next strip, a pointer.
        row_bytes: how much of it goes with each row that the stage works on.
    """

    context: Context
    start: ir.Value
    row_bytes: int

    @staticmethod
    def of(context: Context, stage: Product, left: Place) -> Ahead | None:
        """For the rows of the left operand, if the stage has a share."""
        number, parts = context.shares.get(stage, (0, 0))
        if not parts:
            return None
        row_bytes = left.row_stride * stage.left.dtype.itemsize
        offset = context.strip * row_bytes + context.strip * (row_bytes // parts) * number
        # Not in bounds: behind the last strip there is nothing, and fetching that does no harm.
        start = context.builder.gep(left.pointer, [codegen.index(offset)], source_etype=BYTE)
        return Ahead(context, start, row_bytes // parts)

    def emit(self, row: ir.Value, rows: int, piece: ir.Value | int = 0, pieces: int = 1) -> None:
        """Fetch what goes with so many rows, or one of so many equal pieces of it."""
        builder = self.context.builder
        size = -(-self.row_bytes * rows // pieces)
        offset = builder.mul(row, codegen.index(self.row_bytes))
        step = codegen.index(piece * size) if isinstance(piece, int) else builder.mul(piece, codegen.index(size))
        start = builder.gep(self.start, [builder.add(offset, step)], source_etype=BYTE)
        _fetch(self.context, start, size, _SECOND_LEVEL)


def fetch_nearby(context: Context, start: ir.Value, size: int) -> None:
    """Fetch what is needed at once, line after line, before it is read in another order."""
    _fetch(context, start, size, _FIRST_LEVEL)


def _fetch(context: Context, start: ir.Value, size: int, level: ir.Constant) -> None:
    """Fetch so many bytes into a level of the cache."""
    builder = context.builder
    kind = ir.FunctionType(ir.VoidType(), [POINTER, _FLAG, _FLAG, _FLAG])
    prefetch = context.declare("llvm.prefetch.p0", kind)
    for line in range(-(-size // _LINE)):
        pointer = builder.gep(start, [codegen.index(line * _LINE)], source_etype=BYTE)
        builder.call(prefetch, [pointer, _READ, level, _DATA])
