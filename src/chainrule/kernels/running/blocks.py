"""Chunks of rows: how many rows each has, and the order in which their sums are put together.

Both follow from shapes and the number of rows alone, never from the number of threads, so the bits of a sum do too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, prod

import numpy as np

from chainrule.kernels.program import Map, Product, ProductKind, Program, Section, Stage

__all__ = [
    "CHUNKS",
    "add_up",
    "chunk_rows",
    "fixed_work",
    "levels",
    "most_rows",
    "row_bytes",
    "row_work",
    "totals_bytes",
]

CHUNKS = 64  # at most, as long as a chunk has no more than _LONGEST bytes
_TOTALS = 32 * 2**20  # bytes, of all chunks together
_LONGEST = 16 * 2**20  # bytes of rows, that a chunk may be copied, and that a Ctrl-C waits for
_SHORTEST = 2e4  # nanoseconds of work, below which a chunk is not worth its call
_COMPONENT, _BYTE, _FLOP = 0.4, 0.1, 0.03  # nanoseconds: an elementwise operation, memory, a product
_SUM_BYTE = 0.5  # nanoseconds to set the sums of a chunk to zero and to put them together with those of another
_WORTH_SUMS = 16  # so many times as long a chunk takes, if there are chunks for some cores then
_FEW = 16


def chunk_rows(program: Program, rows: int) -> int:
    """How many rows of `rows` one chunk has; the last chunk has what is left.

    A multiple of the longest strip: at most 64 chunks, or chunks of at most 16 MB, so few that their sums take at most
    32 MB and little of the time, and each worth a call.
    """
    strip = max([section.strip for section in program.sections if section.by_row], default=1) or 1
    totals = max(map(totals_bytes, program.sections), default=0)
    most = max(CHUNKS, ceil(rows * row_bytes(program) / _LONGEST))
    if totals:
        most = max(1, min(most, _TOTALS // totals))
    work = row_work(program)
    worth = min(ceil(_WORTH_SUMS * _SUM_BYTE * totals / work), ceil(rows / _FEW))
    least = max(ceil(rows / most), ceil(_SHORTEST / work), worth, 1)
    return ceil(least / strip) * strip


def row_bytes(program: Program) -> int:
    """What a row of all arrays by row takes in memory; at least 1."""
    values = {*program.inputs, *(value for value, _ in program.constants), *program.outputs}
    return max(1, sum(value.size * value.dtype.itemsize for value in values if value.by_row))


def row_work(program: Program) -> float:
    """About how many nanoseconds a row takes on one thread, in all sections together."""
    stages = [stage for section in program.sections if section.by_row for stage in section.stages]
    return row_bytes(program) * _BYTE + sum(map(_work, stages))


def fixed_work(program: Program) -> float:
    """About how many nanoseconds the sections take that do not run over the rows."""
    stages = [stage for section in program.sections if not section.by_row for stage in section.stages]
    return sum(map(_work, stages))


def most_rows(program: Program, work: float) -> int:
    """How many rows can be done in about so many nanoseconds, all of them in chunks of the same size."""
    most = int(work / row_work(program)) if program.has_rows else 0
    chunk = chunk_rows(program, 1)
    return most if chunk_rows(program, most) == chunk else min(most, chunk)


def _work(stage: Stage) -> float:
    if isinstance(stage, Map):
        return _COMPONENT * (len(stage.assignments) + len(stage.folds)) * prod(stage.shape)
    return 2 * _FLOP * stage.left.size * stage.right.size / max(1, _inner(stage))


def _inner(stage: Product) -> int:
    """The length of the axis that a product sums over, within a row."""
    return 1 if stage.kind is ProductKind.OVER_ROWS or not stage.left.shape else stage.left.shape[-1]


def totals_bytes(section: Section) -> int:
    """What the sums of a section take, as they are added up: float32 may be summed in float64."""
    return sum(value.size * max(value.dtype.itemsize, np.dtype(np.float64).itemsize) for value, _ in section.totals)


def add_up(chunks: int, merge: Callable[[int, int], None]) -> None:
    """Put the sums of all chunks together in those of chunk 0, by a tree: `merge(into, other)` joins two.

    Level by level, chunk k takes chunk k + 2**level for each k that is a multiple of 2**(level + 1).

    >>> add_up(5, lambda into, other: print(into, "+", other))
    0 + 1
    2 + 3
    0 + 2
    0 + 4
    """
    for pairs in levels(chunks):
        for into, other in pairs:
            merge(into, other)


def levels(chunks: int) -> Iterator[list[tuple[int, int]]]:
    """The pairs of each level of the tree, which may be put together in any order, or at once."""
    distance = 1
    while distance < chunks:
        yield [(into, into + distance) for into in range(0, chunks - distance, 2 * distance)]
        distance *= 2
