"""The matrix products of the BLAS that NumPy itself runs on, for code compiled here.

Each goes by a name of its own, `chainrule_dgemm` for `cblas_dgemm`, whatever the library calls it, and takes CBLAS's
arguments with 64-bit integers. Source: the interface of CBLAS, netlib.org/blas/blast-forum/cblas.tgz.
"""

from __future__ import annotations

import ctypes
import platform
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, final

import numpy as np

__all__ = ["addresses", "available", "single_threaded"]

_FUNCTIONS = ("gemm", "gemv", "ger", "syrk", "symm", "trsm", "dot", "axpy")
# NumPy's wheels, other builds of OpenBLAS, Apple's Accelerate, MKL: those with 64-bit integers.
_WIDE = ("scipy_cblas_{}64_", "cblas_{}64_", "cblas_{}$NEWLAPACK$ILP64", "cblas_{}_64")
_NARROW = ("scipy_cblas_{}", "cblas_{}")
_THREADS = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
)


class _Control(NamedTuple):
    """How many threads the library uses."""

    get: Callable[[], int]
    set: Callable[[int], None]


def available() -> bool:
    """Whether NumPy's BLAS was found; without it products run on code of chainrule's own."""
    return bool(addresses())


@cache
def addresses() -> Mapping[str, int]:
    """Where each function is in this process: `chainrule_dgemm` and so on; empty where there is none."""
    for library in _libraries():
        found = {
            f"chainrule_{letter}{name}": address
            for letter in "ds"
            for name in _FUNCTIONS
            if (address := _address(library, f"{letter}{name}"))
        }
        if "chainrule_dgemm" in found and "chainrule_sgemm" in found:
            return MappingProxyType(found)
    return MappingProxyType({})


def _libraries() -> Iterator[Any]:
    """NumPy's extension module, whose symbols include those of what it is linked to, then what is loaded by itself."""
    paths = [np._core._multiarray_umath.__file__]  # type: ignore[attr-defined]
    try:
        from threadpoolctl import threadpool_info

        paths += [entry["filepath"] for entry in threadpool_info() if entry["user_api"] == "blas"]
    except ImportError:
        pass  # it only widens the search
    for path in paths:
        try:
            yield ctypes.CDLL(path)
        except OSError:
            continue


def _address(library: Any, function: str) -> int:
    patterns = _WIDE + (_NARROW if _takes_wide_integers(sys.platform, platform.machine()) else ())
    for pattern in patterns:
        found = getattr(library, pattern.format(function), None)
        if found is not None:
            return ctypes.cast(found, ctypes.c_void_p).value or 0
    return 0


def _takes_wide_integers(system: str, machine: str) -> bool:
    """Whether a function of 32-bit integers can be called with 64-bit ones that are small.

    It can where each argument has a register or 8 bytes of the stack to itself, least byte first; Apple packs them.
    """
    return machine.lower() in ("x86_64", "amd64") or (machine.lower() in ("aarch64", "arm64") and system != "darwin")


@cache
def _control() -> _Control | None:
    for library in _libraries():
        for getter, setter in _THREADS:
            get, set_ = getattr(library, getter, None), getattr(library, setter, None)
            if get is not None and set_ is not None:
                get.restype, get.argtypes = ctypes.c_int, []
                set_.restype, set_.argtypes = None, [ctypes.c_int]
                return _Control(get, set_)
    return None


@final
class _SingleThreaded:
    """The number of threads is the library's own and one for the process, so its users are counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = 1

    def __enter__(self) -> None:
        control = _control()
        if control is None:
            return
        with self._lock:
            if self._users == 0:
                self._before = control.get()
                if self._before != 1:
                    control.set(1)
            self._users += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        control = _control()
        if control is None:
            return
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._before != 1:
                control.set(self._before)


_SINGLE = _SingleThreaded()


def single_threaded() -> _SingleThreaded:
    """A context in which BLAS runs on the thread that calls it; may be nested, and entered by several threads."""
    return _SINGLE
