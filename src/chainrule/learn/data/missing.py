"""Missing values: where they are, how many, and rows without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError, LimitError
from chainrule.learn.data.encoding import Rows, Texts, shown
from chainrule.learn.data.filling import finite
from chainrule.learn.data.reader import Chunk

__all__ = ["Clean", "complete_rows"]

COUNTED = 1_000_000  # rows behind the first missing value that are looked at to say how many there are

Clean = tuple[Rows, Mapping[str, Any]]


def complete_rows(chunks: Iterator[Chunk], drop: bool) -> Iterator[Clean]:
    """The rows that have all their values; where others are not to be dropped, they are counted and refused."""
    gaps: _Gaps | None = None
    while True:
        try:
            chunk = next(chunks, None)
        except (DataError, LimitError):
            if gaps is None:
                raise
            break  # the missing value comes first
        if chunk is None or (gaps is not None and gaps.rows > COUNTED):
            break
        found = ((name, _missing(column)) for name, column in chunk.columns.items() if name not in chunk.complete)
        missing = {name: where for name, where in found if where is not None}
        rows = Rows(chunk.file, range(chunk.row, chunk.row + chunk.count))
        if gaps is not None or (missing and not drop):
            gaps = gaps or _Gaps(rows, missing, chunk.columns)
            gaps.add(missing, chunk.count)
        elif missing:
            keep = np.flatnonzero(~np.logical_or.reduce(list(missing.values())))
            columns = {name: _taken(column, keep) for name, column in chunk.columns.items()}
            yield Rows(chunk.file, np.arange(chunk.row, chunk.row + chunk.count)[keep]), columns
        else:
            yield rows, chunk.columns
    if gaps is not None:
        raise gaps.error()


class _Gaps:
    """The first missing value, and how many there are from its chunk on."""

    def __init__(self, at: Rows, missing: Mapping[str, NDArray[np.bool_]], columns: Iterable[str]) -> None:
        first = {name: int(np.argmax(where)) for name, where in missing.items()}
        column = min(first, key=lambda name: first[name])
        self.place = at.place(first[column], column)
        # All columns, so that those of equal counts stand in the order of the file.
        self.rows, self.counts = 0, Counter(dict.fromkeys(columns, 0))

    def add(self, missing: Mapping[str, NDArray[np.bool_]], rows: int) -> None:
        self.rows += rows
        self.counts.update({name: int(where.sum()) for name, where in missing.items()})

    def error(self) -> DataError:
        worst = [(name, count) for name, count in self.counts.most_common() if count]
        columns = ", ".join(f"{shown(name)} {count:,}" for name, count in worst[:10])
        more = f" and {len(worst) - 10:,} more columns" if len(worst) > 10 else ""
        return DataError(
            f"{self.place}: the value is missing; missing values by column: {columns}{more}. Fill them in, choose "
            "other columns with columns=, or leave out the rows with missing='drop'"
        )


def _missing(column: Any) -> NDArray[np.bool_] | None:
    if isinstance(column, Texts):
        where = column.codes < 0
        return where if where.any() else None
    if finite(column):
        return None
    where = np.isnan(column)
    return where if where.any() else None


def _taken(column: Any, rows: NDArray[np.intp]) -> Any:
    return Texts(column.codes[rows], column.levels) if isinstance(column, Texts) else column[rows]
