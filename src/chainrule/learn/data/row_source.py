"""A source over what readers give: what their columns become, learnt in a pass where there are categories; blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.core.plain_numbers import whole_number
from chainrule.errors import ArgumentError, DataError, LimitError
from chainrule.learn.data.cells import DATES
from chainrule.learn.data.csv_text import check, is_number
from chainrule.learn.data.encoding import SHOWN, Column, ColumnKind, Encoding, Rows, listed, shown
from chainrule.learn.data.filling import Columns, Filling
from chainrule.learn.data.missing import Clean, complete_rows
from chainrule.learn.data.reader import Chunk, Reader
from chainrule.learn.data.source import ROWS, Arrays, Source, Table
from chainrule.limits import LIMITS

__all__ = ["Choices", "RowSource", "choices"]

APART = 32  # columns of X that a program takes one by one
FEW = 20  # texts that may all be different


@dataclass(frozen=True, slots=True)
class Choices:
    """What is read, and as what.

    Attributes:
        target: the column that becomes y.
        columns: the features; all but the target where it is None.
        categorical: columns that hold categories, whatever they seem to hold.
        drop: whether rows with missing values are left out.
        all_levels: whether the first level of a category has a column too.
        dtype: of what is yielded.
        encoding: how the columns become numbers, where that is known already.
    """

    target: str | None = None
    columns: Sequence[str] | None = None
    categorical: Collection[str] = ()
    drop: bool = False
    all_levels: bool = False
    dtype: Any = np.float64
    encoding: Encoding | None = None


class RowSource(Source):
    """Rows of one reader or of several with the same columns."""

    __slots__ = ("_encoding", "_readers", "_rows", "choices", "plan")

    def __init__(self, readers: Sequence[Reader], choices: Choices) -> None:
        self._readers, self.choices = tuple(readers), choices
        self._rows: int | None = None
        first = self._readers[0]
        for other in self._readers[1:]:
            _same_columns(first, other)
        known = choices.encoding
        if known is not None:
            columns = [*known.columns, *([known.target] if known.target and choices.target else [])]
            self._encoding: Encoding | None = (
                known if choices.target else Encoding(known.columns, None, known.all_levels)
            )
            for column in columns:
                column_among(first.names, column.name, first.name)
            self.plan = {column.name: column.kind for column in columns}
        else:
            self.plan = _plan(first, choices)
            self._encoding = None
        for reader in self._readers:
            reader.require(self.plan)

    def __repr__(self) -> str:
        files = self._readers[0].name if len(self._readers) == 1 else f"{len(self._readers)} files"
        rows = "rows not counted yet" if self.rows is None else f"{self.rows:,} rows"
        target = "" if self.target is None else f", target {self.target!r}"
        return f"Source({files}, {len(self.plan)} columns, {rows}{target})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns of X; of categories they are known after a pass, which is made here."""
        return self.encoding.names

    @property
    def target(self) -> str | None:
        """The column that is y."""
        return self.choices.target

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, in the order in which they are read."""
        return tuple(reader.path for reader in self._readers if reader.path)

    @property
    def rows(self) -> int | None:
        """How many rows there are; None as long as no pass has counted them."""
        if self._rows is None and not self.choices.drop:
            counts = [reader.rows for reader in self._readers]
            known = [count for count in counts if count is not None]
            return sum(known) if len(known) == len(counts) else None
        return self._rows

    @property
    def encoding(self) -> Encoding:
        """How the columns became numbers; the levels of categories are learnt in one pass over all rows."""
        if self._encoding is None:
            self._encoding = self._learnt()
        return self._encoding

    def blocks(self, size: int = ROWS) -> Iterator[Arrays]:
        """One pass over the rows, `size` of them in each block and what is left in the last."""
        return self._blocks(whole_number(size, "size"))

    @property
    def in_columns(self) -> bool:
        """Files are columns: where they are few, nothing is gained by writing them row by row."""
        return self.target is not None and len(self.encoding.names) <= APART

    def columns(self) -> Iterator[tuple[NDArray[Any], ...]]:
        """See `Source.columns`: as the readers give them, without a copy where they have the dtype."""
        for columns in self._columns():
            yield tuple(column.astype(self.choices.dtype, copy=False) for column in columns)

    def table(self) -> Table:
        """All rows in memory; raises `LimitError` where they have more than `Limits.data_cells` cells."""
        found: list[Columns] = []
        rows, width = 0, len(self.encoding.names)
        too_many = f"{self._readers[0].name}: all rows do not fit in a table, blocks() may do"
        check("data_cells", (self.rows or 0) * (width + 1), too_many)
        for columns in self._columns():
            rows += len(columns[0])
            check("data_cells", rows * (width + 1), too_many)
            found.append(columns)
        filled = Filling(rows, width, self.target is not None, self.choices.dtype)
        for columns in found:
            filled.take(columns, 0)
        return Table(self.names, *filled.pair(), self.target, self.encoding)

    def parts(self, size: int) -> Sequence[Source]:
        """See `Source.parts`; what is learnt of categories is learnt here, from all rows."""
        known = replace(self.choices, columns=None, categorical=(), encoding=self.encoding)
        pieces = [piece for reader in self._readers for piece in reader.pieces(whole_number(size, "size"))]
        return [RowSource([piece], known) for piece in pieces]

    def _chunks(self) -> Iterator[Chunk]:
        for reader in self._readers:
            yield from reader.chunks(self.plan)

    def _clean(self) -> Iterator[Clean]:
        count = 0
        for rows, columns in complete_rows(self._chunks(), self.choices.drop):
            count += len(rows.numbers)
            yield rows, columns
        if not count:
            raise DataError(f"{self._readers[0].name}: no row has all its values")
        self._rows = count

    def _columns(self) -> Iterator[Columns]:
        """The columns of X, and y behind them where there is a target, as many rows at a time as the readers give."""
        encoding, dtype = self.encoding, self.choices.dtype
        for rows, columns in self._clean():
            found = encoding.features(columns, rows, dtype)
            if encoding.target is not None:
                found.append(encoding.outcome(columns, rows, dtype))
            yield found

    def _blocks(self, size: int) -> Iterator[Arrays]:
        width, with_target, yielded = len(self.encoding.names), self.target is not None, 0
        block: Filling | None = None
        for columns in self._columns():
            first, count = 0, len(columns[0])
            while first < count:
                if block is None:
                    # Not more room than for what is left: a size may be far beyond it.
                    left = self.rows - yielded if self.rows is not None else size if yielded else 0
                    block = Filling(min(size, max(left, count - first)), width, with_target, self.choices.dtype)
                first += block.take(columns, first, size)
                if block.rows == size:
                    yield self._block(block)
                    yielded += size
                    block = None
        if block is not None:
            yield self._block(block)

    def _block(self, filled: Filling) -> Arrays:
        return filled.pair() if filled.y is not None else dict(zip(self.names, filled.separate(), strict=True))

    def _learnt(self) -> Encoding:
        levels: dict[str, set[str]] = {name: set() for name, kind in self.plan.items() if kind is ColumnKind.CATEGORY}
        if levels:
            for rows, columns in self._clean():
                for name, found in levels.items():
                    # Rows that are left out may have had levels of their own.
                    used = np.flatnonzero(np.bincount(columns[name].codes))
                    found.update(columns[name].levels[i] for i in used)
                    _few_levels(name, len(found), rows)
            for name, found in levels.items():
                _recurring_levels(name, len(found), self._rows or 0, self._readers[0].name, name == self.target)
        columns_of = {name: Column(name, kind, tuple(sorted(levels.get(name, ())))) for name, kind in self.plan.items()}
        target = self.choices.target
        features = tuple(column for name, column in columns_of.items() if name != target)
        encoding = Encoding(features, None if target is None else columns_of[target], self.choices.all_levels)
        if not encoding.names:
            raise DataError(f"{self._readers[0].name}: every column is constant, so there is nothing to learn from")
        return encoding


def choices(
    target: str | None,
    columns: Sequence[str] | None,
    categorical: Collection[str],
    missing: str,
    all_levels: bool,
    dtype: Any,
    encoding: Encoding | None,
) -> Choices:
    """What is read, from the arguments of a user; raises `ArgumentError` where they make no sense."""
    if missing not in ("refuse", "drop"):
        raise ArgumentError(f"missing must be 'refuse' or 'drop', not {missing!r}")
    if isinstance(columns, str) or isinstance(categorical, str):
        raise ArgumentError("columns and categorical must be sequences of names, not one text")
    try:
        number = np.dtype(dtype)
    except TypeError:
        number = np.dtype(object)
    if number not in (np.float64, np.float32):
        raise ArgumentError(f"dtype must be float64 or float32, not {dtype!r}")
    if encoding is not None:
        known = None if encoding.target is None else encoding.target.name
        if target not in (None, known):
            raise ArgumentError(f"the target of the encoding is {known!r}, not {target!r}")
        if columns is not None or categorical:
            raise ArgumentError("the encoding says what the columns are: leave out columns and categorical")
    return Choices(target, columns, tuple(categorical), missing == "drop", bool(all_levels), number, encoding)


def column_among(names: Sequence[str], wanted: str, file: str) -> None:
    """Raise `DataError` if a column is not there; the message says which are, and which may have been meant."""
    if wanted in names:
        return
    near = get_close_matches(wanted, [name for name in names if len(name) <= 2 * SHOWN], n=1)
    hint = f"; did you mean {shown(near[0])}?" if near else ""
    if len(names) == 1:
        hint = "; cells are separated by a comma, a semicolon, a tab or a bar"
    if all(map(is_number, names)):
        hint = "; the first row holds numbers: does the file lack its header?"
    raise DataError(f"{file}: there is no column {shown(wanted)}, only {listed(names)}{hint}")


def _plan(reader: Reader, choices: Choices) -> dict[str, ColumnKind]:
    """The columns that are read, in the order of the file or of `columns`, the target with them."""
    name, names, target = reader.name, reader.names, choices.target
    wanted = list(dict.fromkeys(names if choices.columns is None else choices.columns))
    for column in (*([] if target is None else [target]), *wanted, *choices.categorical):
        column_among(names, column, name)
    if target is not None and not [column for column in wanted if column != target]:
        raise DataError(f"{name}: has the target {shown(target)} only, expected at least one other column")
    if target is not None and target not in wanted:
        wanted.append(target)
    found = reader.kinds()
    plan: dict[str, ColumnKind] = {}
    for column in wanted:
        kind = ColumnKind.CATEGORY if column in choices.categorical else found[column]
        if isinstance(kind, str):
            numbers = "numbers of it, such as days since the first one" if kind == DATES else "numbers of it"
            raise DataError(
                f"{name}, column {shown(column)}: holds {kind}; leave it out with columns=, or make {numbers}"
            )
        plan[column] = kind
    return plan


def _same_columns(first: Reader, other: Reader) -> None:
    if set(other.names) == set(first.names):
        return
    lacking = [name for name in first.names if name not in set(other.names)]
    added = [name for name in other.names if name not in set(first.names)]
    what = f"lacks {listed(lacking)}" if lacking else f"has {listed(added)} too"
    raise DataError(f"{other.name}: {what}; the columns are those of {first.name} in every file")


def _few_levels(column: str, count: int, at: Rows) -> None:
    try:
        LIMITS.check("levels", count)
    except LimitError as error:
        raise LimitError(
            f"{at.file}, column {shown(column)}: {error}; it looks like an identifier or free text: leave it out with "
            "columns="
        ) from None


def _recurring_levels(column: str, count: int, rows: int, file: str, target: bool) -> None:
    if count > FEW and 2 * count > rows:
        raise DataError(
            f"{file}, column {shown(column)}: has {count:,} different texts in {rows:,} rows; it looks like an "
            f"identifier or free text{', not like classes' if target else ': leave it out with columns='}"
        )
