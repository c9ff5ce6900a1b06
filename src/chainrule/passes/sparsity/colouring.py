"""Colourings: which columns of a sparse matrix can be measured together, because no row has entries in two of them.

Sources: Curtis, Powell and Reid (1974), On the estimation of sparse Jacobian matrices, for columns; Gebremedhin, Manne
and Pothen (2005), What color is your Jacobian?, for star colourings of symmetric matrices; Goldfarb and Toint (1984),
Optimal estimation of Jacobian and Hessian matrices that arise in finite difference calculations, for grids; Coleman
and Verma (1998), The efficient computation of sparse Jacobian matrices using automatic differentiation, for rows and
columns together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from chainrule.passes.sparsity.boolean import Indices, Pattern, picked

__all__ = ["Plan", "colour_columns", "plan", "star_colouring", "symmetric_plan"]

NONE = -1
_STENCIL = 32  # so many distances between the row and the column of an entry at most are those of a grid
_SAMPLE = 200  # rows


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How a Jacobian is measured: columns of one colour by one tangent, rows of one colour by one cotangent.

    Attributes:
        columns: the colour of each column, -1 where it takes no part.
        rows: the colour of each row, -1 where it takes no part.
        rows_first: whether an entry whose row and column both have a colour is read from its row, else from its column.
    """

    columns: Indices
    rows: Indices
    rows_first: bool = True

    @property
    def forward(self) -> int:
        """How many tangents it takes."""
        return int(self.columns.max(initial=NONE)) + 1

    @property
    def reverse(self) -> int:
        """How many cotangents it takes."""
        return int(self.rows.max(initial=NONE)) + 1

    @property
    def cost(self) -> int:
        return self.forward + self.reverse


def colour_columns(pattern: Pattern) -> Indices:
    """A colour for each column, no two of one colour with entries in one row; -1 for an empty column.

    Greedy, in the order of the columns and in that of their degrees, or periodic, for a grid: whichever has the fewest.
    """
    by_column = pattern.tocsc()
    pointers, rows = by_column.indptr.tolist(), by_column.indices.tolist()
    least = int(np.diff(pattern.tocsr().indptr).max(initial=0))
    best = _greedy(range(pattern.shape[1]), pointers, rows, pattern.shape)
    if best.max(initial=NONE) + 1 > least:  # no colouring has fewer colours than the longest row has entries
        degrees = np.diff(by_column.indptr)
        other = _greedy(np.argsort(-degrees, kind="stable").tolist(), pointers, rows, pattern.shape)
        if other.max() < best.max():
            best = other
    for colours in range(max(least, 2), int(best.max(initial=NONE)) + 1):
        periodic = _periodic(pattern.tocsr(), colours)
        if periodic is not None:
            return np.where(np.diff(by_column.indptr) > 0, periodic, NONE)
    return best


def _periodic(pattern: Pattern, count: int) -> Indices | None:
    """The column j = (.., k, i) of a grid coloured by i + s k + .. modulo `count`, if that separates the rows.

    How wide the grid is shows in how far the entries of a row are apart.
    """
    rows, columns = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr)), pattern.indices
    apart = np.unique(np.abs(columns - rows))
    widths = apart[apart > 1].tolist()
    if apart.size > _STENCIL:
        return None
    index = np.arange(pattern.shape[1])
    some = slice(0, int(pattern.indptr[min(_SAMPLE, pattern.shape[0])]))
    grids = [(), *((w,) for w in widths), *((w, v) for w in widths for v in widths if v > w and v % w == 0)]
    for grid in grids:
        for slopes in product(range(count), repeat=len(grid)):
            steps = list(zip(slopes, grid, strict=True))
            # Most colourings fail in the first rows, and there can be thousands to try: the others see none of them.
            if _separates(rows[some], _on_grid(columns[some], steps, count), count):
                colours = _on_grid(index, steps, count)
                if _separates(rows, colours[columns], count):
                    return colours
    return None


def _on_grid(index: Indices, steps: Sequence[tuple[int, int]], count: int) -> Indices:
    found: Indices = (index + sum(s * (index // w) for s, w in steps)) % count
    return found


def _separates(rows: Indices, colours: Indices, count: int) -> bool:
    return bool(np.bincount(rows * count + colours, minlength=1).max() <= 1)


def _greedy(order: Iterable[int], pointers: Sequence[int], rows: Sequence[int], shape: tuple[int, int]) -> Indices:
    # The colours that the columns of a row have so far, as the bits of a Python integer.
    taken = [0] * shape[0]
    colours = [NONE] * shape[1]
    for column in order:
        own = rows[pointers[column] : pointers[column + 1]]
        if not own:
            continue
        forbidden = 0
        for row in own:
            forbidden |= taken[row]
        bit = ~forbidden & (forbidden + 1)
        colours[column] = bit.bit_length() - 1
        for row in own:
            taken[row] |= bit
    return np.array(colours, np.intp)


def star_colouring(pattern: Pattern) -> Indices:
    """A colour for each column of a symmetric pattern such that every entry can be read from its row or its column.

    No two neighbours have the same colour, and every path of four vertices has three; -1 for an empty column.
    Gebremedhin, Manne and Pothen (2005), section 4, with sets of colours as the bits of integers.
    """
    pointers, indices = pattern.indptr.tolist(), pattern.indices.tolist()
    size = pattern.shape[0]
    neighbours = [[w for w in indices[pointers[v] : pointers[v + 1]] if w != v] for v in range(size)]
    empty = [pointers[v] == pointers[v + 1] for v in range(size)]
    bits = [0] * size  # the colour of each vertex as a bit; 0 for none yet
    once, twice = [0] * size, [0] * size  # the colours of at least one neighbour, and of at least two
    behind = [0] * size  # the colours of the neighbours x with another neighbour of the colour of this vertex
    only: dict[tuple[int, int], int] = {}  # for a vertex and a colour in `once` alone the neighbour that has it
    for v in range(size):
        if empty[v]:
            continue
        forbidden = once[v]
        for w in neighbours[v]:
            colour = bits[w]
            if not colour:
                continue
            if colour & twice[v]:  # w - v - x with equal ends: v may not have a colour of what lies behind them
                forbidden |= once[w]
            forbidden |= behind[w]  # v - w - x - y where y has the colour of w
        bit = ~forbidden & (forbidden + 1)
        bits[v] = bit
        # `behind` is kept up and not gathered: that would take the square of the degree of a vertex in the middle.
        for w in neighbours[v]:
            if bits[w] & twice[v]:
                behind[w] |= bit
            if not once[w] & bit:
                once[w] |= bit
                only[w, bit] = v
                continue
            behind[v] |= bits[w]
            if not twice[w] & bit:
                twice[w] |= bit
                behind[only.pop((w, bit))] |= bits[w]
    return np.array([bit.bit_length() - 1 for bit in bits], np.intp)


def plan(pattern: Pattern) -> Plan:
    """Colours for the columns, for the rows, or for both: whichever needs the fewest products with the Jacobian.

    A row of many entries makes a colour for each of them; measured by a cotangent of its own it makes one. So the
    densest rows, or columns, may be taken out of the other's colouring.
    """
    found = _without_dense_rows(pattern)
    transposed = pattern.T.tocsr()
    if int(_least(transposed).min()) < found.cost:
        other = _without_dense_rows(transposed)
        if other.cost < found.cost:
            return Plan(other.rows, other.columns, rows_first=False)
    return found


def symmetric_plan(pattern: Pattern) -> Plan:
    """Colours for the columns of a symmetric matrix, of which an entry may be read from its row or from its column."""
    rows = np.full(pattern.shape[0], NONE)
    found = Plan(star_colouring(pattern), rows)
    if int(np.diff(pattern.indptr).max(initial=0)) < found.cost:  # without the use of symmetry there may be fewer
        other = Plan(colour_columns(pattern), rows)
        return other if other.cost < found.cost else found
    return found


def _least(pattern: Pattern) -> Indices:
    """For each number of dense rows that are measured apart how many colours there are at least."""
    degrees = np.sort(np.diff(pattern.indptr))[::-1]
    return np.append(degrees, 0) + np.arange(degrees.size + 1)


def _without_dense_rows(pattern: Pattern) -> Plan:
    least = _least(pattern)
    apart = int(np.argmin(least))
    none = np.full(pattern.shape[0], NONE)
    if not apart:
        return Plan(colour_columns(pattern), none)
    rows = none.copy()
    dense = np.argsort(-np.diff(pattern.indptr), kind="stable")[:apart]
    rows[dense] = colour_columns(pattern[dense].T.tocsr())
    others = np.where(rows == NONE, np.arange(rows.size), NONE)
    found = Plan(colour_columns(picked(others, rows.size) @ pattern), rows)
    if least[0] < found.cost:
        together = Plan(colour_columns(pattern), none)
        return together if together.cost < found.cost else found
    return found
