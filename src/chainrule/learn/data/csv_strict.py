"""The strict reader of CSV: each cell by itself, with Python's own csv module, so that what is wrong has its place."""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from chainrule.errors import DataError, LimitError
from chainrule.learn.data.cells import BOOLEANS
from chainrule.learn.data.csv_text import Lines, found_text, is_number, records
from chainrule.learn.data.encoding import ColumnKind, Texts, place, shown
from chainrule.learn.data.reader import Chunk, Plan, RawColumn

__all__ = ["StrictReader"]

CELLS = 200_000  # of a chunk


@dataclass(slots=True, eq=False)
class StrictReader:
    """Converts records to numbers and texts, and remembers where in the file it is.

    Attributes:
        names: the columns of the file.
        plan: the columns that are wanted.
        missing: the cells that mean a missing value.
        decimal: what stands before the fraction of a number.
        row: the row of the next record.
        gap: a blank row that was seen; 0 if there was none. It may only stand at the end.
    """

    names: Sequence[str]
    plan: Plan
    missing: Collection[str]
    decimal: str = "."
    row: int = 2
    gap: int = 0
    _numeric: bool = field(init=False)

    def __post_init__(self) -> None:
        wanted = tuple(self.plan) == tuple(self.names)
        self._numeric = wanted and self.decimal == "." and set(self.plan.values()) == {ColumnKind.NUMBER}

    def chunks(self, lines: Lines) -> Iterator[Chunk]:
        """All rows of some lines."""
        most = max(1, CELLS // len(self.names))
        cells, rows, first, count = self._empty(), array("d"), self.row, 0
        problem: DataError | LimitError | None = None
        try:
            for record in records(lines, self.row):
                row, self.row = self.row, self.row + 1
                if not record:
                    self.gap = self.gap or row
                    continue
                self._read(record, place(lines.name, row), cells, rows)
                count += 1
                if count == most:
                    yield self._chunk(lines.name, first, count, cells, rows)
                    cells, rows, first, count = self._empty(), array("d"), self.row, 0
        except (DataError, LimitError) as error:
            problem = error
        if count:
            yield self._chunk(lines.name, first, count, cells, rows)
        # What is wrong comes after the rows before it, however these are cut into chunks.
        if problem is not None:
            raise problem

    def refuse_gap(self, name: str) -> None:
        """Raise `DataError` if a blank row has gone before, as it does when another row follows."""
        if self.gap:
            raise DataError(f"{name}, row {self.gap}: is blank; remove it")

    def _empty(self) -> dict[str, _Cells]:
        return {} if self._numeric else {name: _Cells() for name in self.plan}

    def _read(self, record: Sequence[str], at: str, cells: dict[str, _Cells], rows: array[float]) -> None:
        if self.gap:
            self.refuse_gap(at.rpartition(", row ")[0])
        if len(record) != len(self.names):
            raise DataError(f"{at}: has {len(record)} cells, expected {len(self.names)} as in the header")
        if self._numeric and (values := _numbers(record)):
            rows.extend(values)
            return
        for name, cell in zip(self.names, record, strict=True):
            kind = self.plan.get(name)
            if kind is None:
                continue
            text = cell.strip()
            if kind is ColumnKind.CATEGORY:
                cells[name].add_text(None if text in self.missing else text)
                continue
            value = math.nan if text in self.missing else self._value(text, kind, f"{at}, column {shown(name)}", name)
            if self._numeric:
                rows.append(value)
            else:
                cells[name].numbers.append(value)

    def _value(self, text: str, kind: ColumnKind, at: str, name: str) -> float:
        if kind is ColumnKind.BOOLEAN:
            if text not in BOOLEANS:
                raise DataError(f"{at}: {shown(text)} is neither true nor false")
            return BOOLEANS[text]
        written = text if self.decimal == "." else text.replace(".", "_").replace(self.decimal, ".")
        if not is_number(written):
            raise found_text(text, at, name, self.decimal)
        value = float(written)
        if not math.isfinite(value):
            raise DataError(f"{at}: {shown(text)} is not a finite number; remove the row or the column")
        return value

    def _chunk(self, name: str, first: int, count: int, cells: dict[str, _Cells], rows: array[float]) -> Chunk:
        if self._numeric:
            values = np.frombuffer(rows, count=count * len(self.names)).reshape(count, len(self.names))
            return Chunk(name, first, count, {column: values[:, i] for i, column in enumerate(self.names)})
        return Chunk(
            name, first, count, {column: found.column(self.plan[column], count) for column, found in cells.items()}
        )


class _Cells:
    """The cells of one column so far."""

    def __init__(self) -> None:
        self.numbers, self.codes, self.levels = array("d"), array("i"), dict[str, int]()

    def add_text(self, text: str | None) -> None:
        self.codes.append(-1 if text is None else self.levels.setdefault(text, len(self.levels)))

    def column(self, kind: ColumnKind, count: int) -> RawColumn:
        if kind is ColumnKind.CATEGORY:
            return Texts(np.frombuffer(self.codes, np.int32, count), list(self.levels))
        return np.frombuffer(self.numbers, np.float64, count)


def _numbers(record: Sequence[str]) -> list[float]:
    """A record of clean numbers, the common case; empty where a cell needs a closer look."""
    try:
        values = list(map(float, record))
    except ValueError:
        return []
    text = "".join(record)
    return values if text.isascii() and "_" not in text and all(map(math.isfinite, values)) else []
