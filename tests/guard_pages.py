"""Arrays that end, or begin, where memory that must not be touched does: a step too far is a crash."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

import numpy as np
import pytest

guarded = pytest.mark.skipif(sys.platform == "win32", reason="pages are protected with mprotect")


def fenced(array: np.ndarray[Any, Any], before: bool = False) -> np.ndarray[Any, Any]:
    """A copy in C order, with a page behind it (or before it) that can neither be read nor written.

    The pages live as long as the array.
    """
    page = mmap.PAGESIZE
    size = -(-max(array.nbytes, 1) // page) * page
    memory = mmap.mmap(-1, size + 2 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for fence in (start, start + page + size):
        assert protect(fence, page, mmap.PROT_READ * 0) == 0
    offset = page if before else page + size - array.nbytes
    copy = np.frombuffer(memory, array.dtype, array.size, offset).reshape(array.shape)
    copy[...] = array
    return copy
