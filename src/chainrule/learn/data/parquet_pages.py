"""How large the pages of a Parquet file are once they are expanded, from its footer and the headers of its pages.

Both are Thrift in its compact protocol, read here into dicts from the number of a field to its value. pyarrow would
give the sizes in the footer, but not those of pages, and a forged footer can end the process that asks it. See
parquet.thrift in https://github.com/apache/parquet-format and the compact protocol in Apache Thrift's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

__all__ = ["expanded_pages"]

MARK = b"PAR1"
HEADER = 2**16  # bytes that the header of a page may have; statistics of long texts stand in it
DEPTH = 20  # of structs in structs; Parquet's have half of that
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12

# Fields of parquet.thrift.
ROW_GROUPS, COLUMNS, META_DATA = 4, 1, 3
COMPRESSED_SIZE, DATA_PAGE, DICTIONARY_PAGE = 7, 9, 11
PAGE_EXPANDED, PAGE_COMPRESSED = 2, 3


def expanded_pages(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """For each page the number of its row group and of its column, from 1, and its bytes when expanded.

    Raises `ValueError` where the file ends too early or makes no sense.
    """
    file.seek(max(0, size - 8))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != MARK:
        raise ValueError("it does not end as one, so it was cut short")
    if length > size - 12:
        raise ValueError(f"it says that its footer has {length:,} bytes")
    file.seek(size - 8 - length)
    footer = _Compact(file.read(length)).struct()
    for group, row_group in enumerate(_list(footer, ROW_GROUPS), start=1):
        for column, chunk in enumerate(_list(row_group, COLUMNS), start=1):
            meta = chunk.get(META_DATA)
            if not isinstance(meta, dict):
                continue  # of an encrypted column, which pyarrow refuses
            # Of no rows there may be a dictionary and no page of data.
            at = min((offset for offset in (meta.get(DATA_PAGE, 0), meta.get(DICTIONARY_PAGE, 0)) if offset), default=0)
            end = at + meta.get(COMPRESSED_SIZE, 0)
            if not 0 < at <= end <= size:
                raise ValueError(f"row group {group} says that it has a column at byte {at:,} up to {end:,}")
            while at < end:
                file.seek(at)
                header = _Compact(file.read(HEADER))
                page = header.struct()
                expanded, compressed = page.get(PAGE_EXPANDED, -1), page.get(PAGE_COMPRESSED, -1)
                if expanded < 0 or compressed < 0:
                    raise ValueError(f"the page at byte {at:,} has no size")
                yield group, column, expanded
                at += header.at + compressed


def _list(struct: dict[int, Any], field: int) -> list[dict[int, Any]]:
    found = struct.get(field, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ValueError("its footer makes no sense")
    return found


class _Compact:
    """Values in Thrift's compact protocol, one after another."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        if depth > DEPTH:
            raise ValueError("its metadata is nested too deep")
        found: dict[int, Any] = {}
        field = 0
        while kind := self._byte():
            field = field + (kind >> 4) if kind >> 4 else self._zigzag()
            found[field] = self._value(kind & 15, depth, inside=False)
        return found

    def _value(self, kind: int, depth: int, inside: bool) -> Any:
        if kind in (TRUE, FALSE):
            # In a list a boolean has a byte of its own; in a struct it is its type.
            return self._byte() == TRUE if inside else kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == DOUBLE:
            return self._skip(8)
        if kind == BINARY:
            return self._skip(self._varint())
        if kind in (LIST, SET):
            return self._items(depth)
        if kind == STRUCT:
            return self.struct(depth + 1)
        # No map stands in a footer or in the header of a page.
        raise ValueError(f"its metadata has a value of the unknown kind {kind}")

    def _items(self, depth: int) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._varint()
        if count > len(self.content) - self.at:
            raise ValueError("its metadata says that a list is longer than itself")
        return [self._value(head & 15, depth, inside=True) for _ in range(count)]

    def _byte(self) -> int:
        if self.at >= len(self.content):
            raise ValueError("its metadata ends too early")
        self.at += 1
        return self.content[self.at - 1]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("its metadata has a number without an end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, length: int) -> None:
        self.at += length
        if self.at > len(self.content):
            raise ValueError("its metadata ends too early")
