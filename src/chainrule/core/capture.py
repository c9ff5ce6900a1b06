"""Constants that a trace meets: kept as they were when they were used, because users reuse buffers.

A small array is copied. A large one is kept by reference with a digest of its content, compared before a derivative is
computed: a full copy of every data set would cost more than the derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, OperandError, TraceError

__all__ = ["Captured", "capture"]

SMALL = 2048  # elements: below it a copy costs less than a digest
_BLOCK = 4093


def _digest(array: np.ndarray[Any, Any]) -> bytes:
    """Sums of the array's bits over the rows and over the columns of a table of `_BLOCK` columns.

    The rows show any single change, and a common one (x *= 2, x *= -1) since their length is odd: even multiples of
    high bits would cancel. The columns show a change of order within a row. A cryptographic hash takes ten times as
    long, and longer than the derivative.
    """
    bits = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    whole = bits[: bits.size // 8 * 8].view(np.uint64)
    table = whole[: whole.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    sums = (np.add.reduce(table, axis=1), np.add.reduce(table, axis=0))
    return b"".join(part.tobytes() for part in (*sums, whole[table.size :], bits[whole.size * 8 :]))


class Captured:
    """The large arrays that one trace uses without differentiating them."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[int, tuple[np.ndarray[Any, Any], bytes]] = {}

    def add(self, array: np.ndarray[Any, Any]) -> None:
        if id(array) not in self._seen:
            self._seen[id(array)] = (array, _digest(array))

    def check(self) -> None:
        """Raise a `TraceError` if one of the arrays was written to since it was used."""
        for array, digest in self._seen.values():
            if _digest(array) != digest:
                raise TraceError(
                    f"an array of shape {array.shape} was changed after the function had used it, "
                    "so its derivative can no longer be computed\n"
                    "  use a new array for each step instead of writing into the same one, or pass a copy: x.copy()"
                )


def _writeable(array: Any) -> bool:
    """Whether somebody may write into the array's memory: a read-only view can look into an array that is not."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    return False


_SCALARS = (bool, int, float, complex)


def capture(value: Any, captured: Captured) -> Any:
    """A constant operand as the trace keeps it; raises `OperandError` for what is not numeric."""
    array = value
    if type(value) is not np.ndarray:
        if type(value) in _SCALARS or isinstance(value, np.generic):
            return value
        if isinstance(value, np.ma.MaskedArray):
            raise ArgumentError(
                "masked arrays cannot be differentiated: use numpy.where with the mask, or .filled(value)"
            )
        if getattr(value, "__array_ufunc__", ()) is None:
            raise OperandError(f"an operand of type {type(value).__name__} takes no part in NumPy's functions")
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise OperandError(f"an operand of dtype {array.dtype} is not numeric: {value!r:.60}")
    if not (array.flags.writeable or _writeable(array.base)):
        return array
    if array.size <= SMALL:
        return array.copy()
    if array is value:
        captured.add(array)
    return array
