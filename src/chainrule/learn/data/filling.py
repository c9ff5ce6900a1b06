"""A block of rows while it is filled from columns: X row by row, as losses take it, or each column by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "Filling", "finite"]

Columns = Sequence[NDArray[Any]]  # of some rows: those of X, and y behind them where there is a target

CACHED = 2**20  # bytes of X that are written column by column, so that each line of the cache is written to memory once


@final
class Filling:
    """Arrays with room for rows, and those that they have.

    Args:
        room: rows to make room for at first.
        width: columns of X.
        with_target: whether y comes behind them.
        dtype: of both.

    Attributes:
        rows: how many there are.
        y: the target, with room for more; None where there is none.
    """

    __slots__ = ("_X", "_width", "rows", "y")

    def __init__(self, room: int, width: int, with_target: bool, dtype: Any) -> None:
        self._width, self.rows = width, 0
        # Without a target nobody asks for rows: columns stay what they are.
        self._X: NDArray[Any] = np.empty((room, width) if with_target else (width, room), dtype)
        self.y: NDArray[Any] | None = np.empty(room, dtype) if with_target else None

    def take(self, columns: Columns, first: int, most: int | None = None) -> int:
        """Take rows from number `first` of some columns on, up to `most` altogether; returns how many."""
        count = len(columns[0]) - first
        if most is not None:
            count = min(count, most - self.rows)
        self._make_room(self.rows + count, most)
        at = self.rows
        if self.y is None:
            for j, column in enumerate(columns):
                self._X[j, at : at + count] = column[first : first + count]
        else:
            step = max(1, CACHED // (self._width * self._X.itemsize))
            for start in range(0, count, step):
                stop = min(start + step, count)
                rows = self._X[at + start : at + stop]
                for j in range(self._width):
                    rows[:, j] = columns[j][first + start : first + stop]
            self.y[at : at + count] = columns[-1][first : first + count]
        self.rows += count
        return count

    def pair(self) -> tuple[NDArray[Any], Any]:
        """X and y; y is None, and X made of the columns, where there is no target."""
        if self.y is None:
            return np.ascontiguousarray(self._X[:, : self.rows].T), None
        whole = self.rows == len(self.y)
        # An array that is kept must not hold much more memory than it shows.
        return (self._X, self.y) if whole else (self._X[: self.rows].copy(), self.y[: self.rows].copy())

    def separate(self) -> list[NDArray[Any]]:
        """Each column by itself."""
        return [column[: self.rows].copy() for column in self._X]

    def _make_room(self, rows: int, most: int | None) -> None:
        room = self._X.shape[0 if self.y is not None else 1]
        if rows <= room:
            return
        larger = max(rows, 2 * room) if most is None else min(max(rows, 2 * room), most)
        self._X = _longer(self._X, larger, 0 if self.y is not None else 1)
        self.y = None if self.y is None else _longer(self.y, larger, 0)


def _longer(array: NDArray[Any], length: int, axis: int) -> NDArray[Any]:
    """An array with more room along one axis, and what it has in front."""
    shape = list(array.shape)
    kept = [slice(None)] * array.ndim
    shape[axis], kept[axis] = length, slice(array.shape[axis])
    found = np.empty(shape, array.dtype)
    found[tuple(kept)] = array
    return found


def finite(values: NDArray[Any]) -> bool:
    """Whether all numbers are finite, asked by their sum, which is cheaper than a mask; the sum may overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum())) or bool(np.isfinite(values).all())
