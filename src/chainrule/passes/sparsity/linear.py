"""The sparsity of a linear map of which only its products with vectors are known: found by asking it a few questions.

A map that takes components from other places, such as an index, is found from the numbers 1 to n, and held against a
random vector: two linear maps that agree there are the same, but for a chance of zero. So is one of which the transpose
does, such as a sum. Any other is asked about groups of components: an entry is where each of four groupings, of about
the square root of n groups, has its group. What is found may be more than there is, and never less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.passes.sparsity.boolean import Indices, Pattern, from_places, picked, spread

__all__ = ["LinearMap", "places_of"]

Vector = NDArray[np.float64]
LinearMap = Callable[[Vector], Any]

_FEW = 512  # columns that are asked about one by one
_SAMPLE = 15  # rows that tell whether it is worth asking


def places_of(forward: LinearMap, back: LinearMap, rows: int, columns: int, limit: int) -> Pattern | None:
    """Where the matrix of a linear map may have entries, or None where that is more than `limit`.

    Args:
        forward: the product with a vector of `columns` numbers.
        back: the product of the transpose with a vector of `rows` numbers.
    """
    if not rows or not columns:
        return picked(np.full(rows, -1), columns)
    labels = _labels(forward, columns)
    if labels is not None:
        return picked(labels, columns)
    labels = _labels(back, rows)
    if labels is not None:
        return spread(labels, rows)
    if rows * columns > limit and _is_dense(back, rows, limit):
        return None
    return _by_groups(forward, rows, columns, limit)


def _is_dense(back: LinearMap, rows: int, limit: int) -> bool:
    """Whether half of the rows, as a sample of them shows, have more entries than there may be in all."""
    entries = []
    for row in np.random.default_rng(4).integers(0, rows, _SAMPLE):
        unit = np.zeros(rows)
        unit[row] = 1.0
        entries.append(np.count_nonzero(back(unit)))
    return bool(np.median(entries) * rows / 2 > 2 * limit)


def _labels(product: LinearMap, columns: int) -> Indices | None:
    """For each row the only column with an entry, -1 for a row without; None where some row has several."""
    scale = product(np.ones(columns))
    if np.iscomplexobj(scale):
        return None
    numbered = product(np.arange(1.0, columns + 1))
    values = np.random.default_rng(0).standard_normal(columns)
    mixed = product(values)
    nothing = scale == 0
    with np.errstate(divide="ignore", invalid="ignore"):
        labels = np.where(nothing, 0, np.rint(numbered / scale) - 1)
    if not np.isfinite(labels).all() or (labels < 0).any() or (labels >= columns).any():
        return None
    found = labels.astype(np.intp)
    rounding: Any = 64 * max(np.finfo(scale.dtype).eps, np.finfo(np.float64).eps) * np.abs(scale)
    if (np.abs(mixed - scale * values[found]) > rounding).any() or numbered[nothing].any():
        return None
    return np.where(nothing, -1, found)


def _by_groups(product: LinearMap, rows: int, columns: int, limit: int) -> Pattern | None:
    index = np.arange(columns)
    values = np.random.default_rng(1).uniform(1.0, 2.0, columns)
    if columns <= _FEW:
        which, row = _reached(product, index, values)
        return from_places(row, which, (rows, columns)) if row.size <= limit else None
    width = int(np.ceil(np.sqrt(columns)))
    high_group, high_row = _reached(product, index // width, values)
    low_group, low_row = _reached(product, index % width, values)
    low_count = np.bincount(low_row, minlength=rows)
    order = np.argsort(low_row, kind="stable")
    low_group, start = low_group[order], np.concatenate([[0], np.cumsum(low_count)])
    repeats = low_count[high_row]
    if repeats.sum() > limit:
        return None
    row = np.repeat(high_row, repeats)
    offset = np.arange(row.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    column = np.repeat(high_group, repeats) * width + low_group[start[row] + offset]
    row, column = row[column < columns], column[column < columns]
    # Of the crossings of a row of groups with a column of groups most are no entries: groupings at random tell which.
    for seed in (2, 3):
        groups = np.random.default_rng(seed).integers(0, width, columns)
        group, found = _reached(product, groups, values)
        kept = np.isin(row * width + groups[column], found * width + group)
        row, column = row[kept], column[kept]
    return from_places(row, column, (rows, columns))


def _reached(product: LinearMap, groups: Indices, values: Vector) -> tuple[Indices, Indices]:
    """The pairs of a group of columns and a row in which it has an entry."""
    which: list[Indices] = []
    found: list[Indices] = []
    for group in range(int(groups.max()) + 1):
        row = np.flatnonzero(product(np.where(groups == group, values, 0.0)))
        which.append(np.full(row.size, group))
        found.append(row)
    return np.concatenate(which), np.concatenate(found)
