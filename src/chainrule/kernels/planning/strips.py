"""How many rows a strip has: a small model of the caches, to be tuned by measurement in this one place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.kernels.program import Product, ProductKind, Stage, Value

__all__ = ["in_memory", "strip_rows"]

_NARROW_BYTES = 20 << 10  # a strip of values of each row that stay in L1 from one stage to the next
_WIDE_BYTES = 512 << 10  # where products of matrices dominate: L2, since BLAS packs its own blocks
_WIDE = 16  # columns of a product from which on it is a product of matrices, and not of a few vectors
_LEAST, _MOST = 64, 4096
_SHORT = 32  # rows, where 64 of them do not fit: of float64 alone, which fill four registers
_WIDE_LEAST, _WIDE_MOST = 128, 512


def strip_rows(stages: Sequence[Stage]) -> int:
    """The rows of a strip, from shapes alone: a multiple of 64, or 32.

    What a strip keeps in the cache is what the stages have in memory at one time, and the caller's arrays that more
    than one stage reads.
    """
    wide = any(isinstance(stage, Product) and _columns(stage) >= _WIDE for stage in stages)
    budget, least, most = (_WIDE_BYTES, _WIDE_LEAST, _WIDE_MOST) if wide else (_NARROW_BYTES, _LEAST, _MOST)
    rows = budget // max(1, _row_bytes(stages)) // 64 * 64
    if not rows and not wide and all(value.dtype == np.float64 for stage in stages for value in in_memory(stage)):
        return _SHORT
    return min(most, max(least, rows))


def _row_bytes(stages: Sequence[Stage]) -> int:
    """The most that is in memory for one row at any time."""
    first: dict[Value, int] = {}
    last: dict[Value, int] = {}
    for i, stage in enumerate(stages):
        for value in in_memory(stage):
            first.setdefault(value, i)
            last[value] = i
    return max(
        (
            sum(value.size * value.dtype.itemsize for value in first if first[value] <= i <= last[value])
            for i in range(len(stages))
        ),
        default=0,
    )


def _columns(product: Product) -> int:
    if product.kind is ProductKind.OVER_ROWS:
        return min(product.left.size, product.right.size)
    return min(product.right.shape) if len(product.right.shape) == 2 else 1


def in_memory(stage: Stage) -> set[Value]:
    """The values by row that a stage reads or stores."""
    if isinstance(stage, Product):
        values = [stage.left, stage.right, stage.out]
    else:
        made = {assignment.target for assignment in stage.assignments}
        read = [x for assignment in stage.assignments for x in assignment.operands]
        read += [fold.source for fold in stage.folds] + [source for source, _ in stage.copies]
        values = [x for x in read if isinstance(x, Value) and x not in made]
        values += [*stage.stores, *(fold.out for fold in stage.folds), *(out for _, out in stage.copies)]
    return {value.base for value in values if value.by_row}
