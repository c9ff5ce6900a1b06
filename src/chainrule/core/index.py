"""An index taken apart: the static pattern, and the arrays in it, which are operands of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.record import Record
from chainrule.errors import ArgumentError

__all__ = ["ARRAY", "is_basic", "split_index"]

ARRAY = "#"  # stands in a pattern for the next array; a pattern is plain data, so it prints as Python code


def split_index(index: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """The pattern of an index and the index arrays in order; integers become Python ints.

    >>> split_index((slice(1, 3), [0, 2]))
    ((slice(1, 3, None), '#'), [array([0, 2])])
    """
    pattern: list[Any] = []
    arrays: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        if part is None or part is Ellipsis:
            pattern.append(part)
        elif isinstance(part, slice):
            pattern.append(slice(*(None if end is None else _integer(end) for end in (part.start, part.stop, part.step))))
        elif isinstance(part, (bool, np.bool_)):
            pattern.append(ARRAY)
            arrays.append(np.asarray(part))
        elif isinstance(part, (int, np.integer)):
            pattern.append(int(part))
        elif isinstance(getattr(part, "record", None), Record):
            pattern.append(ARRAY)
            arrays.append(part)
        else:
            array = np.asarray(part)
            if array.size == 0 and not isinstance(part, np.ndarray):
                array = array.astype(np.intp)
            if array.dtype.kind not in "iub":
                raise ArgumentError(f"an index must be integers, slices or booleans, not {part!r:.60}")
            pattern.append(ARRAY)
            arrays.append(array)
    return tuple(pattern), arrays


def _integer(value: Any) -> int:
    return value.__index__()


def is_basic(pattern: tuple[Any, ...]) -> bool:
    """Whether NumPy gives a view for this index."""
    return ARRAY not in pattern
