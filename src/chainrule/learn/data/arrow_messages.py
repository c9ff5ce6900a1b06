"""How large the messages of an Arrow stream are once they are expanded, from their headers alone.

A message is a mark, the length of its metadata, the metadata as a FlatBuffer, and a body. Each buffer in a compressed
body begins with its length when expanded. See https://arrow.apache.org/docs/format/Columnar.html, "Serialization and
Interprocess Communication", and Message.fbs there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["expanded_sizes"]

FILE_MARK = b"ARROW1"
CONTINUED = 0xFFFFFFFF
END = b"\xff\xff\xff\xff\0\0\0\0"
DICTIONARY, BATCH = 2, 3  # kinds of a message
METADATA = 2**26  # bytes that the metadata of a message may have


def expanded_sizes(file: BinaryIO, size: int) -> Iterator[int]:
    """The bytes of each message, expanded; raises `ValueError` where the file ends too early or makes no sense."""
    at = 8 if file.read(6) == FILE_MARK else 0
    if at:
        file.seek(max(at, size - len(FILE_MARK)))
        if file.read() != FILE_MARK:
            raise ValueError("it does not end as one, so it was cut short")
    while True:
        file.seek(at)
        head = file.read(8)
        if head == END or (len(head) >= 4 and not head[:4].strip(b"\0")):
            return
        if len(head) < 8:
            raise ValueError("it ends without the mark of its end, so it was cut short")
        mark, length = struct.unpack("<Ii", head)
        start = at + 8
        if mark != CONTINUED:  # streams written before version 0.15 have no mark
            length, start = mark, at + 4
        if not 0 < length <= min(METADATA, size - start):
            raise ValueError(f"a message at byte {at:,} says that its metadata has {length:,} bytes")
        file.seek(start)
        message = _Table(file.read(length))
        body = message.number(3, "<q")
        if not 0 <= body <= size - start - length:
            raise ValueError(f"the message at byte {at:,} has a body of {body:,} bytes, and the file ends before it")
        yield length + _expanded(file, message, start + length, body)
        at = start + length + body


def _expanded(file: BinaryIO, message: _Table, start: int, body: int) -> int:
    kind = message.number(1, "<B")
    if kind not in (DICTIONARY, BATCH):
        return body
    batch = message.table(2) if kind == BATCH else message.table(2).table(1)
    if not batch.place(3):  # no compression
        return body
    total = 0
    for offset, length in batch.pairs(2):
        if length < 8:
            continue
        file.seek(start + offset)
        expanded = int.from_bytes(file.read(8), "little", signed=True)
        if expanded < -1:
            raise ValueError(f"a buffer says that it expands to {expanded:,} bytes")
        total += length if expanded == -1 else expanded
    return total


class _Table:
    """A table of a FlatBuffer: fields by number."""

    def __init__(self, content: bytes, at: int | None = None) -> None:
        self.content = content
        self.at = self.read("<I", 0) if at is None else at
        self.fields = self.at - self.read("<i", self.at)

    def read(self, form: str, at: int) -> int:
        try:
            if at < 0:
                raise struct.error
            return int(struct.unpack_from(form, self.content, at)[0])
        except struct.error:
            raise ValueError("the metadata of a message is damaged") from None

    def place(self, field: int) -> int:
        """Where a field is; 0 if it is not there."""
        entry = 4 + 2 * field
        offset = self.read("<H", self.fields + entry) if entry < self.read("<H", self.fields) else 0
        return self.at + offset if offset else 0

    def number(self, field: int, form: str) -> int:
        at = self.place(field)
        return self.read(form, at) if at else 0

    def table(self, field: int) -> _Table:
        at = self.place(field)
        return _Table(self.content, at + self.read("<I", at))

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A vector of structs of two long numbers."""
        at = self.place(field)
        if not at:
            return
        at += self.read("<I", at)
        for i in range(min(self.read("<I", at), len(self.content) // 16)):
            yield self.read("<q", at + 4 + 16 * i), self.read("<q", at + 12 + 16 * i)
