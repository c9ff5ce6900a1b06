"""Memory that kernels work in: aligned, and kept between calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

import numpy as np

__all__ = ["ALIGNMENT", "Area", "Kept", "aligned_copy", "rounded"]

ALIGNMENT = 64  # of every area that a kernel is given: a line of the cache, a vector of AVX-512
_KEPT = 8  # areas of one size, for as many threads of the user's at once
_LARGE = 16 * 2**20  # bytes, above which one area is kept and no more


def rounded(size: int) -> int:
    """The size of an area, such that the next one after it is aligned too."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@final
class Area:
    """So many bytes, aligned.

    Attributes:
        bytes: as an array; its content is arbitrary at first.
        address: of the first byte.
    """

    __slots__ = ("address", "bytes")

    def __init__(self, size: int) -> None:
        memory = np.empty(size + ALIGNMENT, np.uint8)
        address = memory.ctypes.data
        start = -address % ALIGNMENT
        self.bytes = memory[start : start + size]
        self.address = address + start

    def array(self, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        """The array that lies in it at an offset."""
        return np.ndarray(shape, dtype, self.bytes, offset)


def aligned_copy(content: np.ndarray[Any, Any]) -> Area:
    """An area with the bytes of an array, which may have come from elsewhere."""
    area = Area(content.nbytes)
    area.bytes[...] = content
    return area


@final
class Kept:
    """Areas of one size that come and go: nobody else has one while it is in use."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free: list[Area] = []
        self._most = 1 if size > _LARGE else _KEPT

    @contextmanager
    def taken(self, count: int) -> Iterator[list[Area]]:
        """So many areas, for a while."""
        areas = [self.take() for _ in range(count)]
        try:
            yield areas
        finally:
            for area in areas:
                self.give_back(area)

    def take(self) -> Area:
        """An area that is now the caller's."""
        try:  # asking and then taking could meet another thread that does the same
            return self._free.pop()
        except IndexError:
            return Area(self.size)

    def give_back(self, area: Area) -> None:
        """Keep an area for the next call, if there are not enough of them already."""
        if len(self._free) < self._most:
            self._free.append(area)
