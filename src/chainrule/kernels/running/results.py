"""Memory for large results: what one result leaves behind is the next one's.

The system gives new memory page by page, cleared, and for an array of many megabytes that takes as long as a kernel.
So the memory of a result is kept when nothing looks at it any more, up to `KEPT` bytes in all, for a result of the same
size. CHAINRULE_KEEP_MEMORY=0 turns this off.
"""

from __future__ import annotations

import math
import os
import threading
from typing import Any, final

import numpy as np

from chainrule.core.memory import KEPT
from chainrule.core.shapes import Shape

__all__ = ["new_array"]

_LARGE = 2**20  # bytes, below which the allocator of the C library keeps memory by itself


def new_array(shape: Shape, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An array for a result: its numbers are arbitrary, and its memory is nobody else's as long as anything uses it."""
    size = math.prod(shape) * dtype.itemsize
    if size < _LARGE or os.environ.get("CHAINRULE_KEEP_MEMORY") == "0":
        return np.empty(shape, dtype)
    memory = _kept.take(size)
    if memory is None:
        memory = np.empty(size, np.uint8).view(_Memory)
    return np.ndarray(shape, dtype, memory.view(_Lent))


@final
class _Memory(np.ndarray[Any, Any]):
    """Memory that is kept. NumPy takes the base of a base, but only as far as types are its own."""


@final
class _Lent(np.ndarray[Any, Any]):
    """The base of a result, and so of all its views: it goes when the last of them goes."""

    def __del__(self) -> None:
        if type(self.base) is _Memory:
            _kept.give_back(self.base)


@final
class _Kept:
    def __init__(self) -> None:
        self._free: list[_Memory] = []
        self.start_anew()

    def start_anew(self) -> None:
        """Also in a child of `fork`, where another thread may have held the lock, and is gone."""
        # A finalizer may run in the middle of `take`, on the same thread.
        self._lock = threading.RLock()

    def take(self, size: int) -> _Memory | None:
        with self._lock:
            sizes = [len(memory) for memory in self._free]
            if size not in sizes:
                return None
            found = self._free.pop(sizes.index(size))
            if len(found) == size:  # no finalizer has come between
                return found
            self._free.append(found)
            return None

    def give_back(self, memory: _Memory) -> None:
        """Keep it; what was kept longest goes, where there is too much."""
        with self._lock:
            self._free.append(memory)
            while sum(map(len, self._free)) > KEPT:
                self._free.pop(0)


_kept = _Kept()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_kept.start_anew)
