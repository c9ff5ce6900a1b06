"""Ranges of the flat vector of all components: the parts of them in each array, and how these are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.numeric.checking.objective import Leaf

__all__ = ["range_label", "row_size", "runs"]


def row_size(leaf: Leaf) -> int:
    """How many components a row of the leading axis has; 1 in a vector."""
    return max(1, leaf.values.size // max(1, leaf.values.shape[0])) if leaf.values.ndim > 1 else 1


def runs(leaves: Sequence[Leaf], start: int, stop: int) -> Iterator[tuple[str, int, int]]:
    """The parts of a range of the flat vector in each array: how they are written, and where they begin and end."""
    for leaf in leaves:
        low, high = max(start, leaf.start), min(stop, leaf.stop)
        if low < high:
            yield range_label(leaf.name, leaf.values.shape, low - leaf.start, high - leaf.start), low, high


def range_label(name: str, shape: tuple[int, ...], start: int, stop: int) -> str:
    """How components start to stop of an array, counted row by row, are written in Python.

    >>> range_label("W", (4, 3), 6, 9), range_label("W", (4, 3), 0, 6), range_label("W", (4, 3), 0, 12)
    ('W[2, :]', 'W[0:2, :]', 'W')
    >>> range_label("W", (4, 3), 7, 9), range_label("W", (4, 3), 2, 7), range_label("w", (9,), 2, 3)
    ('W[2, 1:3]', 'W.ravel()[2:7]', 'w[2]')
    """
    size = int(np.prod(shape))
    if (start, stop) == (0, size):
        return name
    if len(shape) == 1:
        return f"{name}[{_range(start, stop)}]"
    row = size // shape[0]
    rest = ", :" * (len(shape) - 1)
    if not start % row and not stop % row:
        return f"{name}[{_range(start // row, stop // row)}{rest}]"
    first, last = start // row, (stop - 1) // row
    if first == last:
        inner = range_label("", shape[1:], start - first * row, stop - first * row)
        if inner.startswith("["):
            return f"{name}[{first}, {inner[1:-1]}]"
    return f"{name}.ravel()[{_range(start, stop)}]"


def _range(start: int, stop: int) -> str:
    return f"{start}" if stop == start + 1 else f"{start}:{stop}"
