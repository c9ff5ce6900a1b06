"""Functions of this process that compiled code may call, by name: the C library, its vector math, Python, BLAS."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from chainrule.kernels import blas

__all__ = ["address_of", "known_symbol"]


def known_symbol(name: str) -> bool:
    """Whether code that calls a function of this name can be linked here.

    Args:
        name: of libm (`erf`), libmvec (`_ZGVdN4v_sin`, see `vector_bytes` for what the machine can run), or a
            `chainrule_dgemm`.
    """
    return address_of(name) != 0


@cache
def address_of(name: str) -> int:
    """Where the function is in this process, or 0."""
    if name.startswith("chainrule_"):
        return blas.addresses().get(name, 0)
    for library in _libraries():
        found = getattr(library, name, None)
        if found is not None:
            return ctypes.cast(found, ctypes.c_void_p).value or 0
    return 0


@cache
def _libraries() -> tuple[Any, ...]:
    return (*_loaded(_names(sys.platform)), ctypes.pythonapi)


def _names(system: str) -> tuple[str | None, ...]:
    """What is searched, first to last; None is what the process has loaded already."""
    if system == "win32":
        return ("ucrtbase", "msvcrt")
    return (None, "libm.so.6", "libmvec.so.1") if system == "linux" else (None,)


def _loaded(names: tuple[str | None, ...]) -> Iterator[Any]:
    for name in names:
        try:
            yield ctypes.CDLL(name)
        except OSError:
            continue
