"""How columns become numbers: what each holds, and a column of zeros and ones for each level of a category."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DataError

__all__ = ["Column", "ColumnKind", "Encoding", "Rows", "Texts", "listed", "place", "shown"]

SHOWN = 40  # characters of a cell or name that a message repeats


class ColumnKind(Enum):
    """What a column holds."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of the data holds.

    Attributes:
        name: its name in the data.
        kind: what it holds: numbers, booleans that are read as 0 and 1, or a category.
        levels: the texts of a category, sorted.

    >>> import chainrule as cr
    >>> cr.data.read("examples/diabetes.csv").encoding.columns[0]
    Column(name='age', kind=<ColumnKind.NUMBER: 'number'>, levels=())
    """

    name: str
    kind: ColumnKind = ColumnKind.NUMBER
    levels: tuple[str, ...] = ()

    def positions(self, texts: Texts, at: Rows) -> NDArray[np.intp]:
        """Where each text stands among the levels; a text that is none of them is named by its row."""
        index = {level: i for i, level in enumerate(self.levels)}
        lookup = np.array([index.get(level, -1) for level in texts.levels] or [-1], dtype=np.intp)
        found = lookup[texts.codes]
        if (found < 0).any():
            first = int(np.argmax(found < 0))
            level = texts.levels[texts.codes[first]]
            near = get_close_matches(level[:SHOWN], self.levels, n=1)
            hint = f"did you mean {shown(near[0])}?" if near else f"its levels are {listed(self.levels)}"
            raise DataError(f"{at.place(first, self.name)}: {shown(level)} is no level that the encoding knows; {hint}")
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of texts: for each row a position in `levels`, -1 where it is missing."""

    codes: NDArray[np.int32]
    levels: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Where rows stand: the name of the file, and the row of each of them there."""

    file: str
    numbers: Sequence[int] | NDArray[np.intp]

    def place(self, index: int, column: str) -> str:
        """The place of a cell, for a message."""
        return place(self.file, int(self.numbers[index]), column)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the columns of a data set became numbers, to be applied to new data in the same way.

    A category of k levels becomes k - 1 columns of zeros and ones, named "colour=red": a row of the first level has
    zeros in all of them, since with all k columns an intercept could not be told from them. `all_levels` keeps k.

    Attributes:
        columns: the features in the order of X.
        target: the column that is y; None where there is none.
        all_levels: whether the first level of a category has a column too.

    >>> import chainrule as cr
    >>> source = cr.data.read("examples/diabetes.csv", target="y")
    >>> again = cr.data.Encoding.from_json(source.encoding.to_json())
    >>> again == source.encoding
    True
    """

    columns: tuple[Column, ...]
    target: Column | None = None
    all_levels: bool = False
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [name for column in self.columns for name, _ in self._parts(column)]
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise DataError(f"two columns of X would be named {shown(name)}: rename a column or a level")
            seen.add(name)
        object.__setattr__(self, "names", tuple(names))

    def features(self, columns: Mapping[str, Any], at: Rows, dtype: Any) -> list[NDArray[Any]]:
        """The columns of X from raw ones, without missing values; `at` says where the rows stand.

        Numbers are the raw columns themselves where they have the dtype, and the columns of a category are booleans.
        """
        found: list[NDArray[Any]] = []
        for column in self.columns:
            values = columns[column.name]
            if column.kind is ColumnKind.CATEGORY:
                values = column.positions(values, at)
                found += [values == level for _, level in self._parts(column)]
            else:
                found.append(_fitting(values, dtype, column, at))
        return found

    def outcome(self, columns: Mapping[str, Any], at: Rows, dtype: Any) -> NDArray[Any]:
        """y from raw columns: the numbers themselves, or the positions of the classes."""
        if self.target is None:
            raise AssertionError("asked for y without a target")
        values = columns[self.target.name]
        if self.target.kind is ColumnKind.CATEGORY:
            values = self.target.positions(values, at)
        return _fitting(values, dtype, self.target, at)

    def to_json(self) -> str:
        """The encoding as one JSON object."""
        return json.dumps(
            {
                "columns": [_record(column) for column in self.columns],
                "target": None if self.target is None else _record(self.target),
                "all_levels": self.all_levels,
            },
            ensure_ascii=False,
        )

    @staticmethod
    def from_json(text: str) -> Encoding:
        """The encoding that `to_json` wrote; raises `DataError` for anything else."""
        try:
            record = json.loads(text)
            target = record["target"]
            return Encoding(
                tuple(_column(column) for column in record["columns"]),
                None if target is None else _column(target),
                bool(record["all_levels"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"this is no encoding that to_json wrote: {error}") from None

    def _parts(self, column: Column) -> Iterator[tuple[str, int | None]]:
        """The columns of X that a column becomes, each with the position of its level."""
        if column.kind is not ColumnKind.CATEGORY:
            yield column.name, None
            return
        for i, level in enumerate(column.levels):
            if i or self.all_levels:
                yield f"{column.name}={level}", i


def shown(text: str) -> str:
    """A cell or a name in a message: quoted, and not too long."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")


def listed(names: Sequence[str]) -> str:
    """The first of many names."""
    return ", ".join(map(shown, names[:10])) + (f" and {len(names) - 10:,} more" if len(names) > 10 else "")


def place(name: str, row: int, column: str | None = None) -> str:
    """Where a message points: the file, the row, the column."""
    return f"{name}, row {row}" + (f", column {shown(column)}" if column is not None else "")


def _fitting(values: NDArray[Any], dtype: Any, column: Column, at: Rows) -> NDArray[Any]:
    """Numbers in another dtype, which must be able to hold them."""
    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore"):
        found = values.astype(dtype)
    if not np.isfinite(found).all():
        first = int(np.argmin(np.isfinite(found)))
        place = at.place(first, column.name)
        raise DataError(f"{place}: {values[first]:g} is too large for {np.dtype(dtype).name}; use dtype='float64'")
    return found


def _record(column: Column) -> dict[str, Any]:
    return {"name": column.name, "kind": column.kind.value, "levels": list(column.levels)}


def _column(record: Mapping[str, Any]) -> Column:
    return Column(str(record["name"]), ColumnKind(record["kind"]), tuple(str(level) for level in record["levels"]))
