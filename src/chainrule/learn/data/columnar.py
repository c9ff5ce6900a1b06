"""Parquet, Feather and Arrow files, by pyarrow: columns with types, batch by batch.

Rows are counted from 1, as these files have no header. What such a file says of its own sizes is held to the limits
before anything is expanded, and to what is found afterwards.
"""

from __future__ import annotations

import copy
import importlib
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, DataError, LimitError, MissingExtraError
from chainrule.learn.data.ahead import ahead
from chainrule.learn.data.arrow_messages import expanded_sizes
from chainrule.learn.data.cells import MISSING
from chainrule.learn.data.csv_text import check, column_names
from chainrule.learn.data.encoding import ColumnKind, place, shown
from chainrule.learn.data.files import DataFile
from chainrule.learn.data.filling import finite
from chainrule.learn.data.parquet_pages import expanded_pages
from chainrule.learn.data.reader import Chunk, Plan, Reader
from chainrule.learn.data.typed_columns import kind_of_type, numbers, texts

__all__ = ["ArrowFile", "ParquetFile"]

CELLS = 2**18  # of a chunk


class TypedFile(Reader):
    """A file whose columns have types."""

    __slots__ = ("_first", "_kinds", "file", "missing", "name", "names", "rows")

    FORMAT: str
    AHEAD: int  # batches that are decoded while one is used

    def __init__(self, file: DataFile, missing: Collection[str] = MISSING) -> None:
        require_pyarrow(file.name)
        self.file, self.name, self.missing = file, file.name, missing
        self.rows: int | None = None
        self._first = 0  # rows of the file before those that are read
        with self._explained():
            schema = self._inspected()
            check("data_columns", len(schema), file.name)
            self.names = column_names(schema.names, file.name) if len(schema) else ()
            self._kinds = {name: kind_of_type(schema.field(name).type) for name in self.names}
        if not self.names or self.rows == 0:
            raise DataError(f"{file.name}: has no {'rows' if self.names else 'columns'}, expected at least one")

    @property
    def path(self) -> str:
        """Where the file is."""
        return self.file.path

    def kinds(self) -> Mapping[str, ColumnKind | str]:
        """What each column holds, by its type."""
        return self._kinds

    def require(self, plan: Plan) -> None:
        """Raise `DataError` where a column cannot be read as what is wanted."""
        for name, kind in plan.items():
            if kind is not ColumnKind.CATEGORY and self._kinds[name] not in (ColumnKind.NUMBER, ColumnKind.BOOLEAN):
                raise DataError(f"{self.name}, column {shown(name)}: holds {_said(self._kinds[name])}, not numbers")

    def chunks(self, plan: Plan) -> Iterator[Chunk]:
        """One pass over the rows."""
        first, most = self._first, max(1, CELLS // max(len(plan), 1))
        count = first
        self.file.verify()
        with self._explained():
            for batch in ahead(self._checked(list(plan), most), self.AHEAD):
                self.file.verify()
                for start in range(0, batch.num_rows, most):
                    part = batch.slice(start, most)
                    yield self._chunk(part, plan, count + 1)
                    count += part.num_rows
        self.file.verify()
        count -= first
        if self.rows is not None and count != self.rows:
            raise DataError(f"{self.file.name}: is damaged: it should have {self.rows:,} rows and has {count:,}")
        self.rows = count

    def _checked(self, columns: list[str], most: int) -> Iterator[Any]:
        """Batches whose offsets and texts are what they should be, so that nothing outside of them is read."""
        for batch in self._batches(columns, most):
            batch.validate(full=True)
            yield batch

    def _chunk(self, batch: Any, plan: Plan, row: int) -> Chunk:
        columns: dict[str, Any] = {}
        complete: set[str] = set()
        for name, kind in plan.items():
            column = batch.column(batch.schema.names.index(name))
            if kind is ColumnKind.CATEGORY:
                columns[name] = texts(column, self.missing)
                continue
            columns[name] = values = numbers(column)
            if finite(values):
                complete.add(name)
            elif np.isinf(values).any():
                first = int(np.argmax(np.isinf(values)))
                raise DataError(f"{place(self.file.name, row + first, name)}: {values[first]} is not a finite number")
        return Chunk(self.file.name, row, batch.num_rows, columns, complete)

    @abstractmethod
    def _inspected(self) -> Any:
        """The schema, after the sizes have been held to the limits; sets `rows` where the file says how many."""

    @abstractmethod
    def _batches(self, columns: list[str], most: int) -> Iterator[Any]:
        """Record batches with at least these columns."""

    @contextmanager
    def _explained(self) -> Iterator[None]:
        arrow = importlib.import_module("pyarrow")
        try:
            yield
        except ChainruleError:
            raise
        except MemoryError as error:
            raise LimitError(f"{self.file.name}: needs more memory than there is: {_first_line(error)}") from error
        except (arrow.ArrowException, OSError, ValueError, TypeError, OverflowError) as error:
            self.file.verify()
            if "crypt" in str(error):
                raise DataError(f"{self.file.name}: is encrypted; write it without encryption") from error
            raise DataError(f"{self.file.name}: is no whole {self.FORMAT} file: {_first_line(error)}") from error


class ParquetFile(TypedFile):
    """A Parquet file, or some of its row groups."""

    __slots__ = ("_groups", "_sizes")

    _groups: range
    _sizes: tuple[int, ...]  # rows of each group

    FORMAT, AHEAD = "Parquet", 4

    def _open(self, texts: Collection[str] = ()) -> Any:
        parquet = importlib.import_module("pyarrow.parquet")
        # Texts stay positions in a dictionary: a text that is repeated takes its place once. Without buffers for whole
        # row groups, memory holds a page of each column at a time.
        return parquet.ParquetFile(self.file.path, read_dictionary=list(texts), buffer_size=2**18, pre_buffer=False)

    def _inspected(self) -> Any:
        if self.file.begins.startswith(b"PARE"):
            raise DataError(f"{self.file.name}: is encrypted; write it without encryption")
        with open(self.file.path, "rb") as footer:
            for group, column, size in expanded_pages(footer, self.file.size):
                check("batch_bytes", size, f"{self.file.name}, row group {group}, column {column}, a page")
        with self._open() as content:
            metadata = content.metadata
            if metadata.num_rows < 0:
                raise DataError(f"{self.file.name}: is damaged: it says that it has {metadata.num_rows} rows")
            self.rows = metadata.num_rows
            check("data_columns", metadata.num_columns, self.file.name)
            self._groups = range(metadata.num_row_groups)
            self._sizes = tuple(metadata.row_group(i).num_rows for i in self._groups)
            return content.schema_arrow

    def _batches(self, columns: list[str], most: int) -> Iterator[Any]:
        categories = [name for name in columns if self._kinds[name] is ColumnKind.CATEGORY]
        with self._open(categories) as content:
            groups = list(self._groups)
            yield from content.iter_batches(batch_size=most, row_groups=groups, columns=columns, use_threads=True)

    def pieces(self, size: int) -> Sequence[Reader]:
        """Groups of rows that follow one another, as many as have `size` rows together."""
        found: list[Reader] = []
        begun, rows = self._groups.start, 0
        first = self._first
        for group in self._groups:
            rows += self._sizes[group]
            if rows and (rows >= size or group == self._groups[-1]):
                piece = copy.copy(self)
                piece._groups, piece._first, piece.rows = range(begun, group + 1), first, rows
                found.append(piece)
                begun, first, rows = group + 1, first + rows, 0
        return found


class ArrowFile(TypedFile):
    """A Feather file, or an Arrow file or stream."""

    __slots__ = ()

    FORMAT, AHEAD = "Arrow", 1  # whose batches are as large as whoever wrote them liked

    @contextmanager
    def _open(self) -> Iterator[Any]:
        arrow, ipc = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.ipc")
        # Not a memory map: if another program cut the file short, reading on would end the process.
        with arrow.OSFile(self.file.path) as file:
            if self.file.begins.startswith(b"ARROW1"):
                file.seek(8)  # behind the mark, an Arrow file is a stream
            yield ipc.open_stream(file)

    def _inspected(self) -> Any:
        with open(self.file.path, "rb") as content:
            for i, size in enumerate(expanded_sizes(content, self.file.size), start=1):
                check("batch_bytes", size, f"{self.file.name}, message {i}")
        with self._open() as stream:
            return stream.schema

    def _batches(self, columns: list[str], most: int) -> Iterator[Any]:
        with self._open() as stream:
            for batch in stream:
                yield batch.select(columns)


def require_pyarrow(name: str) -> None:
    """Raise `MissingExtraError` with the install command if pyarrow is not installed."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        way = 'pip install "chainrule[data]"'
        raise MissingExtraError(f"{name} is read by pyarrow, which is not installed: {way}") from error


def _said(kind: ColumnKind | str) -> str:
    return kind if isinstance(kind, str) else "texts"


def _first_line(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    return text[:200] or type(error).__name__
