"""The files of a data set: which they are, what they hold by their first bytes, and whether they have changed."""

from __future__ import annotations

import glob
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from chainrule.errors import ArgumentError, DataError, LimitError
from chainrule.limits import LIMITS

__all__ = ["DataFile", "data_files"]

Paths = str | bytes | os.PathLike[str] | os.PathLike[bytes] | Sequence[str | os.PathLike[str]]

GZIP = b"\x1f\x8b"
UNREADABLE = {
    b"PK\x03\x04": "a zip archive, an Excel workbook or an .npz file: save it as CSV UTF-8, each array with np.save",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV UTF-8",
    b"BZh": "compressed by bzip2: expand it first, or use gzip",
    b"\xfd7zXZ": "compressed by xz: expand it first, or use gzip",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: expand it first, or use gzip",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database: export the table as CSV",
}
HARMLESS = 2**20  # bytes that may come out of a gzip file before its ratio is looked at


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file as it was when it was first looked at.

    Attributes:
        path: where it is.
        name: what messages call it.
        size: in bytes.
        changed: when it was last written, in nanoseconds.
        begins: its first bytes.
    """

    path: str
    name: str
    size: int
    changed: int
    begins: bytes

    @staticmethod
    def of(path: str) -> DataFile:
        """The file at a path; raises `DataError` if it cannot be read or is no regular file."""
        name = os.path.basename(path.rstrip("/")) or path
        name = name if name.isprintable() else repr(name)
        if "\0" in path:
            raise DataError(f"{name}: cannot be read: a file name has no NUL")
        try:
            with open(path, "rb", buffering=0, opener=_without_waiting) as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise DataError(f"{name}: cannot be read: it is no regular file; save what it gives to a file")
                begins = file.read(16)
        except OSError as error:
            raise DataError(f"{name}: cannot be read: {error.strerror or error}") from error
        for mark, kind in UNREADABLE.items():
            if begins.startswith(mark):
                raise DataError(f"{name}: is {kind}")
        # Whole, so that it is the same file after a change of folder, and in another process.
        return DataFile(os.path.abspath(path), name, status.st_size, status.st_mtime_ns, begins)

    @property
    def compressed(self) -> bool:
        """Whether it is gzip."""
        return self.begins.startswith(GZIP)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Its bytes, expanded where it is gzip; a file that is damaged or no longer the same is a `DataError`."""
        try:
            with open(self.path, "rb") as file:
                self.verify()
                if self.compressed:
                    yield io.BufferedReader(_Expanded(file, self.name), 2**17)
                else:
                    yield file
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.verify()
            raise DataError(f"{self.name}: the gzip data is cut short or damaged: {error}") from error
        except OSError as error:
            raise DataError(f"{self.name}: cannot be read: {error.strerror or error}") from error

    def verify(self) -> None:
        """Raise `DataError` if the file is no longer what it was."""
        try:
            status = os.stat(self.path)
        except OSError as error:
            raise DataError(f"{self.name}: is gone while it is read: {error.strerror}") from error
        if status.st_size != self.size:
            change = f"its size was {self.size:,} bytes and is {status.st_size:,}"
        elif status.st_mtime_ns != self.changed:
            change = "it was written to"
        else:
            return
        raise self.different(change)

    def different(self, change: str) -> DataError:
        """The error for a file that is not what it was."""
        return DataError(f"{self.name}: has changed since it was first read: {change}; read it again, or read a copy")


def data_files(paths: Paths) -> tuple[DataFile, ...]:
    """The files that a path, a pattern such as "part-*.csv" or a sequence of paths names, patterns sorted by name."""
    try:
        one = isinstance(paths, (str, bytes, os.PathLike))
        given = [os.fsdecode(paths)] if one else [os.fsdecode(path) for path in paths]  # type: ignore[arg-type,union-attr]
    except TypeError as error:
        raise ArgumentError(
            f"path must be the name of a file, a pattern or a sequence of names, not {type(paths).__name__}"
        ) from error
    if not given:
        raise ArgumentError("path is an empty sequence, expected the name of a file")
    found: list[str] = []
    for path in given:
        # A file may have the name of a pattern: what exists is meant.
        if not glob.has_magic(path) or "\0" in path or os.path.lexists(path):
            found.append(path)
            continue
        matches = sorted(match for match in glob.iglob(path, recursive=True) if os.path.isfile(match))
        if not matches:
            raise DataError(f"{path}: no file has a name of this pattern")
        found += matches
    try:
        LIMITS.check("data_files", len(found))
    except LimitError as error:
        raise LimitError(f"{given[0]}: {error}") from None
    return tuple(map(DataFile.of, found))


class _Expanded(io.RawIOBase):
    """What comes out of a gzip file, which is refused where it expands beyond all measure."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name, self.count = file, name, 0
        self.gzip = gzip.GzipFile(fileobj=file, mode="rb")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self.gzip.read1(len(buffer))
        self.count += len(found)
        if self.count > HARMLESS:
            ratio = self.count // max(self.file.tell(), 1)
            try:
                LIMITS.check("gzip_ratio", ratio)
            except LimitError:
                raise LimitError(
                    f"{self.name}: the limit gzip_ratio = {LIMITS.gzip_ratio} was hit: this file expands to more than "
                    f"{ratio} times its size; expand it yourself if you trust it"
                ) from None
        buffer[: len(found)] = found
        return len(found)


def _without_waiting(path: str, flags: int) -> int:
    # Opening a pipe that nobody writes to would wait for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
