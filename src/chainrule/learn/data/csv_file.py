"""A CSV file, plain or gzip: its header and separator, and a pass over its rows by the fast or the strict reader.

The fast reader takes pieces that are cut between records. Where it gives up, the strict reader takes the same piece,
and finds the row and the column of what is wrong, or that nothing is.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import BinaryIO

import numpy as np

from chainrule.errors import DataError
from chainrule.learn.data.cells import MISSING, kind_of
from chainrule.learn.data.csv_fast import FastReader
from chainrule.learn.data.csv_strict import StrictReader
from chainrule.learn.data.csv_text import Lines, column_names, records, separator_of
from chainrule.learn.data.encoding import ColumnKind
from chainrule.learn.data.files import DataFile
from chainrule.learn.data.reader import Chunk, Plan, Reader
from chainrule.limits import LIMITS

__all__ = ["CSVFile"]

PIECE = 4 * 2**20  # bytes
EXPANDED = 8 * 2**20  # bytes of a compressed file that are expanded to see by how much it grows
SAMPLE = 1000  # rows by which it is decided what a column holds


class CSVFile(Reader):
    """A CSV file with a header.

    Args:
        file: the file.
        separator: what stands between cells; found in the header where it is None.
        decimal: what stands before the fraction of a number.
        missing: the cells that mean a missing value.
    """

    __slots__ = ("_sample", "decimal", "file", "missing", "name", "names", "rows", "separator")

    def __init__(
        self,
        file: DataFile,
        separator: str | None = None,
        decimal: str = ".",
        missing: Collection[str] = MISSING,
    ) -> None:
        self.file, self.name, self.decimal, self.missing = file, file.name, decimal, missing
        self.rows: int | None = None
        with file.open() as content:
            first = content.readline(LIMITS.csv_line + 1)
            if not first:
                raise DataError(f"{file.name}: the file is empty, expected a row of column names")
            self.separator = separator_of(separator, first, file.name)
            lines = Lines(content, file.name, self.separator, pending=first)
            found = records(lines)
            self.names = column_names(next(found), file.name)
            self._sample = list(itertools.islice(found, SAMPLE))
            if file.compressed:
                content.read(EXPANDED)  # a bomb goes off here, before the strict reader has gone through its rows
        if not any(self._sample):
            raise DataError(f"{file.name}: has a header only, expected at least one row of numbers below it")

    @property
    def path(self) -> str:
        """Where the file is."""
        return self.file.path

    def kinds(self) -> Mapping[str, ColumnKind | str]:
        """What each column seems to hold, from the first rows."""
        whole = [record for record in self._sample if len(record) == len(self.names)]
        columns = zip(*whole, strict=True) if whole else ((),) * len(self.names)
        return {name: kind_of(cells, self.missing) for name, cells in zip(self.names, columns, strict=True)}

    def chunks(self, plan: Plan) -> Iterator[Chunk]:
        """One pass over the rows."""
        strict = StrictReader(self.names, plan, self.missing, self.decimal)
        count = 0
        with self.file.open() as content:
            lines = Lines(content, self.file.name, self.separator)
            if column_names(next(records(lines), []), self.file.name) != self.names:
                raise self.file.different("its header is another")
            for chunk in self._pass(content, lines, strict, plan):
                self.file.verify()
                count += chunk.count
                yield chunk
        self.file.verify()
        if self.rows is not None and count != self.rows:
            raise self.file.different(f"it had {self.rows:,} rows and has {count:,}")
        self.rows = count

    def _pass(self, content: BinaryIO, lines: Lines, strict: StrictReader, plan: Plan) -> Iterator[Chunk]:
        fast = FastReader(self.names, plan, self.missing, self.separator, self.decimal)
        if not fast.available():
            yield from strict.chunks(lines)
            return
        name, count = self.file.name, lines.count
        while piece := content.read(PIECE):
            piece, whole = _completed(piece, content, self.separator.encode())
            if not whole:
                yield from strict.chunks(Lines(content, name, self.separator, count, piece))
                return
            found = fast.columns(piece)
            if found is None:
                yield from strict.chunks(Lines(_NOTHING, name, self.separator, count, piece))
            else:
                strict.refuse_gap(name)
                rows, columns = found
                yield Chunk(name, strict.row, rows, columns)
                strict.row += rows
            count += piece.count(b"\n") if found is None or b'"' in piece else found[0]


class _Nothing:
    """A file with nothing in it: a piece has its end before it."""

    def readline(self, size: int = -1) -> bytes:
        return b""


_NOTHING: BinaryIO = _Nothing()  # type: ignore[assignment]


def _completed(piece: bytes, content: BinaryIO, separator: bytes) -> tuple[bytes, bool]:
    """A piece up to the end of a record, and whether it surely ends there."""
    parts = [piece]
    if not piece.endswith(b"\n"):
        begun = len(piece) - piece.rfind(b"\n") - 1
        parts.append(content.readline(max(0, LIMITS.csv_line + 1 - begun)))
        if begun + len(parts[-1]) > LIMITS.csv_line:
            return b"".join(parts), False
    quotes = sum(part.count(b'"') for part in parts if b'"' in part)
    extra = 0
    while quotes % 2 and extra <= LIMITS.csv_line:
        line = content.readline(LIMITS.csv_line + 1)
        if not line:
            break
        parts.append(line)
        extra += len(line)
        quotes += line.count(b'"')
    piece = b"".join(parts)
    return piece, not quotes or _quoted_by_the_book(piece, separator[0])


def _quoted_by_the_book(piece: bytes, separator: int) -> bool:
    """Whether every quote in a piece stands where a cell begins or ends, or is doubled.

    Then every second one opens, and a piece with an even number of them ends outside.
    """
    content = np.frombuffer(piece, np.uint8)
    at = np.flatnonzero(content == ord('"'))
    if len(at) % 2:
        return False
    padded = np.concatenate([[ord("\n")], content[at[0] :], [ord("\n")]])
    opening, closing = at[::2] - at[0], at[1::2] - at[0]
    before, after = padded[opening], padded[closing + 2]
    if at[0] and content[at[0] - 1] not in (separator, ord("\n")):
        return False
    opens = (before == separator) | (before == ord("\n")) | (before == ord('"'))
    closes = (after == separator) | (after == ord("\n")) | (after == ord("\r")) | (after == ord('"'))
    return bool(opens.all() and closes.all())
