"""Keep the memory of freed arrays for the next ones.

A gradient frees what it recorded all at once. glibc then gives the memory back to the system, which clears it again
page by page for the next gradient: for arrays of 1e5 to 1e7 numbers that takes longer than the arithmetic. Here glibc
is told to keep up to `KEPT` bytes of it. Nothing happens on other systems, nor where the user has tuned the allocator
by an environment variable of glibc's, or set CHAINRULE_KEEP_MEMORY=0.

Source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

__all__ = ["KEPT", "keep_memory"]

KEPT = 256 * 2**20
_LARGEST = 32 * 2**20  # glibc's own bound for M_MMAP_THRESHOLD on 64 bits
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # from malloc.h


@cache
def keep_memory() -> bool:
    """Tell the allocator once; returns whether it took the hint."""
    tuned = any(name in os.environ for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"))
    if sys.platform != "linux" or tuned or os.environ.get("CHAINRULE_KEEP_MEMORY") == "0":
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018  another C library does not have it, and may lack mallopt
        return bool(library.mallopt(_MMAP_THRESHOLD, _LARGEST)) and bool(library.mallopt(_TRIM_THRESHOLD, KEPT))
    except (OSError, AttributeError):
        return False
