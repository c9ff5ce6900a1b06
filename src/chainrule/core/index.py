"""An index taken apart: the static pattern, and the arrays in it, which are operands of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, ShapeError

__all__ = ["ARRAY", "is_basic", "split_index"]

ARRAY = "#"  # stands in a pattern for the next array; a pattern is plain data, so it prints as Python code


def split_index(index: Any, indexed: Any = None) -> tuple[tuple[Any, ...], list[Any]]:
    """The pattern of an index and the index arrays in order; integers become Python ints.

    A boolean array becomes the integers that select its True components, one array for each of its axes.

    Args:
        index: what stands between the brackets.
        indexed: the array that is indexed; the shapes of boolean arrays are compared with its own.

    >>> split_index((slice(1, 3), [0, 2]))
    ((slice(1, 3, None), '#'), [array([0, 2])])
    >>> split_index(np.array([True, False, True]))
    (('#',), [array([0, 2])])
    """
    if type(index) is slice and _is_plain(index.start) and _is_plain(index.stop) and _is_plain(index.step):
        return (index,), []
    pattern: list[Any] = []
    arrays: list[Any] = []
    masks: list[tuple[int, Any]] = []
    for part in index if isinstance(index, tuple) else (index,):
        if part is None or part is Ellipsis:
            pattern.append(part)
        elif isinstance(part, slice):
            pattern.append(
                slice(*(None if end is None else _integer(end) for end in (part.start, part.stop, part.step)))
            )
        elif isinstance(part, (int, np.integer)) and not isinstance(part, bool):
            pattern.append(int(part))
        else:
            array = part if isinstance(getattr(part, "record", None), Record) else _index_array(part)
            if array.dtype == bool:
                if array.ndim == 0:
                    raise ArgumentError(
                        "a single True or False is not an index here\n"
                        "  use np.where(condition, x, 0.0), or an array of booleans of the shape of x"
                    )
                masks.append((len(pattern), array))
                pattern.extend([ARRAY] * array.ndim)
                arrays.extend(evaluating.nonzero(array, axis=axis) for axis in range(array.ndim))
            else:
                pattern.append(ARRAY)
                arrays.append(array)
    for position, mask in masks:
        if indexed is not None:
            _check_mask(mask.shape, pattern, position, indexed.shape)
    return tuple(pattern), arrays


def _is_plain(end: Any) -> bool:
    return end is None or type(end) is int


def _index_array(part: Any) -> Any:
    array = np.asarray(part)
    if array.size == 0 and not isinstance(part, np.ndarray):
        array = array.astype(np.intp)
    if array.dtype.kind not in "iub":
        raise ArgumentError(f"an index must be integers, slices or booleans, not {part!r:.60}")
    return array


def _check_mask(mask: tuple[int, ...], pattern: list[Any], position: int, shape: tuple[int, ...]) -> None:
    def axes(parts: list[Any]) -> int:
        return sum(part is not None and part is not Ellipsis for part in parts)

    behind = Ellipsis in pattern[:position]
    start = len(shape) - axes(pattern[position:]) if behind else axes(pattern[:position])
    if shape[start : start + len(mask)] != mask:
        raise ShapeError(
            f"a boolean index of shape {mask} at axis {start} of an array of shape {shape}: the sizes differ\n"
            "  make the condition from the array that it indexes, such as x[x > 0]"
        )


def _integer(value: Any) -> int:
    return value.__index__()


def is_basic(pattern: tuple[Any, ...]) -> bool:
    """Whether NumPy gives a view for this index."""
    return ARRAY not in pattern
