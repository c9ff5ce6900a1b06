"""CSV as text: lines that are checked before they are handed on, records with their rows, header and separator.

Rows are counted as records, the header being row 1, which is how a spreadsheet shows them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from chainrule.errors import ArgumentError, DataError, LimitError
from chainrule.learn.data.encoding import shown
from chainrule.limits import LIMITS

__all__ = ["Lines", "check", "column_names", "found_text", "is_number", "records", "separator_of"]

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
UTF8_MARK = b"\xef\xbb\xbf"
SAVE_AS = "save it as UTF-8 (in Excel: CSV UTF-8)"


class Lines:
    """The lines of a file as text, each checked before it is handed on; never more than one line in memory.

    Attributes:
        count: how many lines were handed on.
        pending: bytes that come before what the file still holds.
    """

    def __init__(self, file: BinaryIO, name: str, separator: str = ",", count: int = 0, pending: bytes = b"") -> None:
        self.file, self.name, self.separator, self.count = file, name, separator.encode(), count
        self.pending = io.BytesIO(pending)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._read()
        if not line:
            raise StopIteration
        self.count += 1
        at = f"{self.name}, line {self.count}"
        if self.count == 1:
            if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise DataError(f"{at}, column 1: the file begins with UTF-16 text: {SAVE_AS}")
            line = line.removeprefix(UTF8_MARK)
        if len(line) > LIMITS.csv_line:
            raise LimitError(f"{at}: the limit csv_line = {LIMITS.csv_line:,} bytes was hit: this line has more")
        # A separator inside quotes counts too: the limit is far above any table's, and the line is not split before.
        check("data_columns", line.count(self.separator) + 1, at)
        if b"\0" in line:
            character = line.index(b"\0") + 1
            raise DataError(f"{at}, character {character}: is a NUL: the file is not text, or is UTF-16: {SAVE_AS}")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{at}, byte {error.start + 1}: is not UTF-8: {SAVE_AS}") from error

    def _read(self) -> bytes:
        line = self.pending.readline(LIMITS.csv_line + 1)
        if not line.endswith(b"\n") and len(line) <= LIMITS.csv_line:
            line += self.file.readline(LIMITS.csv_line + 1 - len(line))
        return line


def records(lines: Lines, row: int = 1) -> Iterator[list[str]]:
    """The records from a row on; each error of the csv module is given the row where it occurs."""
    reader = csv.reader(lines, strict=True, skipinitialspace=True, delimiter=lines.separator.decode())
    while True:
        first_line = lines.count + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            where = f"{lines.name}, row {row} (line {first_line})"
            if "unexpected end of data" in str(error) or "field limit" in str(error):
                raise DataError(f"{where}: a quote is opened and never closed, or a cell has no end") from error
            raise DataError(f"{where}: is not CSV: {error}") from error
        yield record
        row += 1


def column_names(header: Sequence[str], file: str) -> tuple[str, ...]:
    """The names in a header, which must be there and differ."""
    names = tuple(cell.strip() for cell in header)
    if not names:
        raise DataError(f"{file}, row 1: is blank, expected column names")
    seen: dict[str, int] = {}
    for column, name in enumerate(names, start=1):
        if not name:
            raise DataError(f"{file}, row 1, column {column}: has no name")
        if name in seen:
            raise DataError(
                f"{file}, row 1, column {column}: the name {shown(name)} is that of column {seen[name]} too"
            )
        seen[name] = column
    # Years may be names; what has a fraction is data.
    if all(map(is_number, names)) and not all(name.isdecimal() for name in names):
        raise DataError(f"{file}, row 1: holds numbers, expected column names: does the file lack its header?")
    return names


def separator_of(given: str | None, first: bytes, file: str) -> str:
    """The separator that was given, or the one by which the first line falls into most columns."""
    if given is not None:
        if given not in SEPARATORS:
            known = ", ".join(f"{mark!r} ({name})" for mark, name in SEPARATORS.items())
            raise ArgumentError(f"separator must be one of {known}, not {given!r}")
        return given
    counts: dict[str, int] = {}
    for separator in SEPARATORS:
        try:
            counts[separator] = len(next(records(Lines(io.BytesIO(first), file, separator)), []))
        except DataError:
            counts[separator] = 0
    return max(counts, key=lambda separator: counts[separator])


def is_number(text: str) -> bool:
    """Whether a cell is a number as Python writes it; float() would also take 1_000 and the digits of other scripts."""
    try:
        float(text if text.isascii() and "_" not in text else "text")
    except ValueError:
        return False
    return True


def check(limit: str, size: int, at: str) -> None:
    """Hold a size to a limit; the error says where it was hit."""
    try:
        LIMITS.check(limit, size)
    except LimitError as error:
        raise LimitError(f"{at}: {error}") from None


def found_text(cell: str, at: str, column: str, decimal: str) -> DataError:
    """The error for a text in a column of numbers, with the way out that the text suggests."""
    hint = f"; if the column holds categories, pass categorical=[{shown(column)}]"
    if is_number(cell.replace(",", "").replace(".", "")):
        comma = "" if decimal == "," else "pass decimal=',' if the comma stands before the fraction; "
        hint = f"; {comma}write thousands without separators"
    return DataError(f"{at}: {shown(cell)} is not a number{hint}")
