"""A table of numbers, read from a CSV file: features X and target y.

Reading is strict: what is not a rectangular table of finite numbers under distinct names is refused with its row and
column, since a cell that is guessed at trains a wrong model in silence. Rows are counted as records, the header being
row 1, which is how a spreadsheet shows them.
"""

from __future__ import annotations

import csv
import math
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError, DataError, LimitError
from chainrule.limits import LIMITS

__all__ = ["Table", "read_csv"]

BYTE_ORDER_MARKS = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\xef\xbb\xbf": "a byte order mark (BOM)",
}
SHOWN = 40  # characters of a cell or name that a message repeats


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table of N rows: `names` of the d features, `X` of shape (N, d) and `y` of shape (N,), both float64."""

    names: tuple[str, ...]
    X: NDArray[np.float64]
    y: NDArray[np.float64]


def read_csv(path: str | os.PathLike[str], target: str) -> Table:
    """Read a CSV file with a header, in UTF-8; the column `target` becomes y, the others X in their order.

    Numbers are written as in Python, without underscores; spaces around them are ignored. Raises `DataError` for a
    file that cannot be read, is empty, has no row of data, no column `target` or no other one, ragged rows, unnamed
    or duplicate columns, an unclosed quote, a NUL, another encoding or a byte order mark, or a cell that is not a
    finite number; and `LimitError` for a line, a number of columns or of cells beyond the limits. Memory and time
    are linear in the file.

    >>> from chainrule.learn import read_csv
    >>> table = read_csv("examples/diabetes.csv", target="y")
    >>> table.names[:3], table.X.shape, float(table.y.mean().round(4))
    (('age', 'sex', 'bmi'), (442, 10), 152.1335)
    """
    try:
        name = os.path.basename(os.fsdecode(path))
    except TypeError as error:
        raise ArgumentError(f"path must be the name of a file, not {type(path).__name__}") from error
    name = name if name.isprintable() else repr(name)
    if "\0" in os.fsdecode(path):
        raise DataError(f"{name}: cannot be read: a file name has no NUL")
    try:
        with open(path, "rb") as file:
            return _read(file, name, target)
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}") from error


def _read(file: BinaryIO, name: str, target: str) -> Table:
    records = _records(file, name)
    header = next(records, None)
    if header is None:
        raise DataError(f"{name}: the file is empty, expected a row of column names")
    names = _column_names(header, name)
    if not names:
        raise DataError(f"{name}, row 1: is blank, expected column names")
    wanted = _target(names, name, target)
    cells = array("d")
    gap = 0
    for row, record in enumerate(records, start=2):
        if not record:
            gap = gap or row
            continue
        if gap:
            raise DataError(f"{name}, row {gap}: is blank; remove it")
        if len(record) != len(names):
            raise DataError(f"{name}, row {row}: has {len(record)} cells, expected {len(names)} as in the header")
        _check("csv_cells", len(cells) + len(record), f"{name}, row {row}")
        _append(cells, record, names, f"{name}, row {row}")
    if not cells:
        raise DataError(f"{name}: has a header only, expected at least one row of numbers below it")
    values = np.frombuffer(cells).reshape(-1, len(names))
    features = [i for i in range(len(names)) if i != wanted]
    return Table(tuple(names[i] for i in features), np.ascontiguousarray(values[:, features]), values[:, wanted].copy())


def _append(cells: array[float], record: list[str], names: list[str], place: str) -> None:
    text = "".join(record)
    try:
        values = [float(cell) for cell in record]
    except ValueError:
        values = []
    # float() would also take 1_000 and the digits of other scripts.
    plain = text.isascii() and "_" not in text and max(map(len, record)) <= LIMITS.number_length
    if values and plain and all(map(math.isfinite, values)):
        cells.extend(values)
        return
    for cell, name in zip(record, names, strict=True):
        at = f"{place}, column {_shown(name)}"
        _check("number_length", len(cell), at)
        cells.append(_number(cell, at))


def _number(cell: str, place: str) -> float:
    if not cell.strip():
        raise DataError(f"{place}: is empty, expected a number; fill it in or remove the row")
    try:
        value = float(cell if cell.isascii() and "_" not in cell else "text")
    except ValueError:
        raise DataError(f"{place}: {_shown(cell)} is not a number") from None
    if not math.isfinite(value):
        raise DataError(f"{place}: {_shown(cell)} is not a finite number; remove the row or the column")
    return value


def _column_names(header: list[str], file: str) -> list[str]:
    names = [cell.strip() for cell in header]
    seen: dict[str, int] = {}
    for column, name in enumerate(names, start=1):
        if not name:
            raise DataError(f"{file}, row 1, column {column}: has no name")
        if name in seen:
            raise DataError(
                f"{file}, row 1, column {column}: the name {_shown(name)} is that of column {seen[name]} too"
            )
        seen[name] = column
    return names


def _target(names: list[str], file: str, target: str) -> int:
    if target not in names:
        near = get_close_matches(target, [n for n in names if len(n) <= 2 * SHOWN], n=1)
        shown = ", ".join(map(_shown, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        hint = f"; did you mean {_shown(near[0])}?" if near else ""
        if all(_is_number(n) for n in names):
            hint = "; the first row holds numbers: does the file lack its header?"
        raise DataError(f"{file}, row 1: there is no column {_shown(target)}, only {shown}{hint}")
    if len(names) == 1:
        raise DataError(f"{file}, row 1: has the target {_shown(target)} only, expected at least one other column")
    return names.index(target)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _records(file: BinaryIO, name: str) -> Iterator[list[str]]:
    """The records of a CSV file; each error of the csv module is given the row where it occurs."""
    row = 1
    lines = _Lines(file, name)
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    while True:
        first_line = lines.count + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            where = f"{name}, row {row} (line {first_line})"
            if "unexpected end of data" in str(error) or "field limit" in str(error):
                raise DataError(f"{where}: a quote is opened and never closed, or a cell has no end") from error
            raise DataError(f"{where}: is not CSV: {error}") from error
        yield record
        row += 1


class _Lines:
    """The lines of a file as text, each checked before it is handed on; never more than one line in memory."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name, self.count = file, name, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.file.readline(LIMITS.csv_line + 1)
        if not line:
            raise StopIteration
        self.count += 1
        place = f"{self.name}, line {self.count}"
        if self.count == 1:
            for mark, kind in BYTE_ORDER_MARKS.items():
                if line.startswith(mark):
                    raise DataError(f"{place}, column 1: the file begins with {kind}: save it as UTF-8 without BOM")
        if len(line) > LIMITS.csv_line:
            raise LimitError(f"{place}: the limit csv_line = {LIMITS.csv_line:,} bytes was hit: this line has more")
        # A comma inside quotes counts too: the limit is far above any table's, and the line is not split before.
        _check("csv_columns", line.count(b",") + 1, place)
        if b"\0" in line:
            column = line.index(b"\0") + 1
            raise DataError(f"{place}, character {column}: is a NUL: the file is not text in UTF-8 (UTF-16, perhaps)")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{place}, byte {error.start + 1}: is not UTF-8: save the file as UTF-8") from error


def _check(limit: str, size: int, place: str) -> None:
    try:
        LIMITS.check(limit, size)
    except LimitError as error:
        raise LimitError(f"{place}: {error}") from None


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")
