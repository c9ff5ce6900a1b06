"""Arrays in .npy files, larger than memory perhaps, as a source of rows in blocks.

Rows are read from their place in the file, as a memory map would do it; but if another program cuts a mapped file
short, reading on ends the process, and here it is an error.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from tokenize import TokenError
from typing import Any, BinaryIO, final

import numpy as np
from numpy.typing import NDArray

from chainrule.core.plain_numbers import whole_number
from chainrule.errors import DataError
from chainrule.learn.data.csv_text import check
from chainrule.learn.data.encoding import Encoding
from chainrule.learn.data.files import DataFile
from chainrule.learn.data.filling import finite
from chainrule.learn.data.source import ROWS, Arrays, Source, Table

__all__ = ["NPY", "ArrayFiles"]

NPY = b"\x93NUMPY"


@final
class ArrayFiles(Source):
    """Arrays in .npy files, whose rows lie along the first axis.

    Args:
        files: those of each array, by its name; the rows of several files follow one another.
        by_name: whether a block is a dict of arrays by name, and not a tuple of them.
        dtype: that floating-point numbers are converted to; None leaves them as they are.

    Raises:
        DataError: a file is no whole .npy file of numbers, or the arrays do not fit together.
    """

    __slots__ = ("_arrays", "_by_name", "_dtype", "_span")

    def __init__(self, files: Mapping[str, Sequence[DataFile]], by_name: bool, dtype: Any = None) -> None:
        self._arrays = {name: tuple(map(_header, parts)) for name, parts in files.items()}
        self._by_name, self._dtype = by_name, dtype
        for parts in self._arrays.values():
            for other in parts[1:]:
                _same_rows(parts[0], other)
        (first, rows), *others = ((parts[0].file.name, _rows(parts)) for parts in self._arrays.values())
        for name, count in others:
            if count != rows:
                raise DataError(f"{name}: has {count:,} rows, and {first} has {rows:,}; they belong together")
        if not rows:
            raise DataError(f"{first}: has no rows, expected at least one")
        self._span = range(rows)

    def __repr__(self) -> str:
        shapes = ", ".join(
            f"{name} {parts[0].dtype} {(self.rows, *parts[0].shape[1:])}" for name, parts in self._arrays.items()
        )
        return f"Source({shapes})"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays; X and y of those that are taken by position."""
        return tuple(self._arrays)

    @property
    def target(self) -> None:
        """None: arrays are passed on as they are."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, array after array."""
        return tuple(part.file.path for parts in self._arrays.values() for part in parts)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._span)

    @property
    def encoding(self) -> Encoding:
        """Raises `DataError`: arrays of numbers have no columns that were encoded."""
        raise DataError(f"{self._first}: arrays of numbers have no columns that were encoded")

    def table(self) -> Table:
        """Raises `DataError`: arrays are no table."""
        raise DataError(f"{self._first}: arrays are no table; np.load reads them whole, and blocks() block by block")

    def blocks(self, size: int = ROWS) -> Iterator[Arrays]:
        """One pass over the rows, `size` of them in each block and what is left in the last."""
        return self._blocks(whole_number(size, "size"))

    def parts(self, size: int) -> Sequence[Source]:
        """See `Source.parts`."""
        found = []
        for first in self._span[:: whole_number(size, "size")]:
            part = copy.copy(self)
            part._span = range(first, min(first + size, self._span.stop))
            found.append(part)
        return found

    @property
    def _first(self) -> str:
        return next(iter(self._arrays.values()))[0].file.name

    def _blocks(self, size: int) -> Iterator[Arrays]:
        with ExitStack() as stack:
            opened = {
                name: [(part, stack.enter_context(part.file.open())) for part in parts]
                for name, parts in self._arrays.items()
            }
            for first in self._span[::size]:
                last = min(first + size, self._span.stop)
                found = {name: self._read(parts, first, last) for name, parts in opened.items()}
                yield found if self._by_name else tuple(found.values())

    def _read(self, parts: Sequence[tuple[_Header, BinaryIO]], first: int, last: int) -> NDArray[Any]:
        """Rows first to last - 1 of an array."""
        pieces, start = [], 0
        for header, content in parts:
            begin, end = max(first - start, 0), min(last - start, header.shape[0])
            if begin < end:
                pieces.append(self._converted(header, header.read(content, begin, end), begin))
                header.file.verify()
            start += header.shape[0]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _converted(self, header: _Header, values: NDArray[Any], row: int) -> NDArray[Any]:
        if values.dtype.kind not in "fc":
            return values
        if not finite(values):
            at = np.argwhere(~np.isfinite(values))[0]
            place = ", ".join(str(int(i)) for i in (at[0] + row, *at[1:]))
            raise DataError(f"{header.file.name}, at [{place}]: {values[tuple(at)]} is not a finite number")
        if self._dtype is None or values.dtype.kind == "c" or values.dtype == self._dtype:
            return values
        with np.errstate(over="ignore"):
            found = values.astype(self._dtype)
        if not finite(found):
            raise DataError(f"{header.file.name}: a number is too large for {self._dtype}; leave out dtype")
        return found


@final
@dataclass(frozen=True, slots=True)
class _Header:
    """What a .npy file says of its array, held to what is there.

    Attributes:
        file: the file.
        shape: of the array.
        dtype: of the array in the file; other machines may have written its bytes in another order.
        fortran: whether the first axis varies fastest.
        start: where its numbers begin.
    """

    file: DataFile
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int

    def read(self, content: BinaryIO, first: int, last: int) -> NDArray[Any]:
        """Some of the rows, in the byte order of this machine."""
        found = np.empty((last - first, *self.shape[1:]), self.dtype)
        size = self.dtype.itemsize
        if self.fortran and len(self.shape) > 1:
            columns = np.empty((math.prod(self.shape[1:]), last - first), self.dtype)
            for j, column in enumerate(columns):
                self._fill(content, self.start + (j * self.shape[0] + first) * size, column)
            found[...] = columns.T.reshape(found.shape, order="F")
        else:
            self._fill(content, self.start + first * math.prod(self.shape[1:]) * size, found)
        return found.astype(self.dtype.newbyteorder("="), copy=False)

    def _fill(self, content: BinaryIO, at: int, array: NDArray[Any]) -> None:
        content.seek(at)
        view = memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        while view:
            count = content.readinto(view)  # type: ignore[attr-defined]
            if not count:
                self.file.verify()
                raise DataError(f"{self.file.name}: is no whole .npy file: it ends too early")
            view = view[count:]


def _header(file: DataFile) -> _Header:
    if not file.begins.startswith(NPY):
        raise DataError(f"{file.name}: is no .npy file, and arrays are read from such; np.save writes one")
    with file.open() as content:
        try:
            version = np.lib.format.read_magic(content)
            if version == (1, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_1_0(content)
            elif version == (2, 0):
                shape, fortran, dtype = np.lib.format.read_array_header_2_0(content)
            else:
                raise ValueError(f"its format {version[0]}.{version[1]} is for arrays with named fields")
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, TokenError) as error:
            raise DataError(f"{file.name}: is no whole .npy file: {f'{error}'.partition(chr(10))[0][:200]}") from error
        start = content.tell()
    if dtype.kind not in "biufc":
        what = "Python objects" if dtype.kind == "O" else f"values of dtype {dtype}"
        raise DataError(f"{file.name}: holds {what:.100}, expected numbers")
    if not shape:
        raise DataError(f"{file.name}: holds one number, expected rows of them")
    wanted, found = math.prod(shape) * dtype.itemsize, file.size - start
    if min(shape) < 0 or wanted != found:
        raise DataError(
            f"{file.name}: is no whole .npy file: its array of shape {shape} takes {wanted:,} bytes, and has {found:,}"
        )
    check("batch_bytes", math.prod(shape[1:]) * dtype.itemsize, f"{file.name}, a row")
    return _Header(file, shape, dtype, fortran, start)


def _same_rows(first: _Header, other: _Header) -> None:
    for what, mine, its in (("rows of shape", first.shape[1:], other.shape[1:]), ("dtype", first.dtype, other.dtype)):
        if mine != its:
            raise DataError(f"{other.file.name}: has {what} {its}, and {first.file.name} has {mine}")


def _rows(parts: Sequence[_Header]) -> int:
    return sum(part.shape[0] for part in parts)
