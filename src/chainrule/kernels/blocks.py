"""Chunks of rows: how many rows each has, and the order in which their sums are put together.

Both follow from shapes and the number of rows alone, never from the number of threads, so the bits of a sum do too.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np

from chainrule.kernels.program import Program, Section

__all__ = ["CHUNKS", "add_up", "chunk_rows", "totals_bytes"]

CHUNKS = 64  # at most, of all rows
_TOTALS = 32 * 2**20  # bytes, of all chunks together
_CHUNK = 64 * 2**10  # bytes of rows, below which a chunk is not worth its sums


def chunk_rows(program: Program, rows: int) -> int:
    """How many rows of `rows` one chunk has; the last chunk has what is left.

    A multiple of the longest strip: at most 64 chunks, of at least 64 KB, and so few that their sums take at most
    32 MB.
    """
    strip = max([section.strip for section in program.sections if section.by_row], default=1) or 1
    totals = max(map(totals_bytes, program.sections), default=0)
    most = max(1, min(CHUNKS, _TOTALS // totals if totals else CHUNKS))
    least = max(ceil(rows / most), ceil(_CHUNK / row_bytes(program)), 1)
    return ceil(least / strip) * strip


def row_bytes(program: Program) -> int:
    """What a row of all arrays by row takes in memory; at least 1."""
    values = {*program.inputs, *(value for value, _ in program.constants), *program.outputs}
    return max(1, sum(value.size * value.dtype.itemsize for value in values if value.by_row))


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
    distance = 1
    while distance < chunks:
        for into in range(0, chunks - distance, 2 * distance):
            merge(into, into + distance)
        distance *= 2
