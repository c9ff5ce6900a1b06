"""Strides of values that look at the memory of others: what a move of axes or components does to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.core.shapes import Shape

__all__ = ["Layout", "contiguous", "indexed", "permuted", "repeated", "reshaped"]

Layout = tuple[int, tuple[int, ...]]  # the offset of the first component and the stride of each axis


def contiguous(shape: Shape) -> tuple[int, ...]:
    """The strides of C order, in components.

    >>> contiguous((2, 3, 4))
    (12, 4, 1)
    """
    strides = [1] * len(shape)
    for i in range(len(shape) - 1, 0, -1):
        strides[i - 1] = strides[i] * shape[i]
    return tuple(strides)


def permuted(layout: Layout, axes: Sequence[int]) -> Layout:
    """With the axes in another order."""
    offset, strides = layout
    return offset, tuple(strides[axis] for axis in axes)


def repeated(layout: Layout, shape: Shape, new: Shape) -> Layout:
    """Broadcast to a shape."""
    offset, strides = layout
    lead = len(new) - len(shape)
    own = [0 if n == 1 != m else stride for n, m, stride in zip(shape, new[lead:], strides, strict=True)]
    return offset, (*[0] * lead, *own)


def indexed(layout: Layout, shape: Shape, pattern: tuple[Any, ...]) -> Layout:
    """What a basic index takes out.

    >>> indexed((0, (4, 1)), (3, 4), (slice(None, None, -1), 2))
    (10, (-4,))
    """
    offset, strides = layout
    # NumPy's own rules, on an array that is never read.
    byte = np.lib.stride_tricks.as_strided(np.empty(1, np.int8), shape, strides)
    part = byte[(*pattern, Ellipsis)]
    moved = part.__array_interface__["data"][0] - byte.__array_interface__["data"][0]
    return offset + moved, part.strides


def reshaped(layout: Layout, shape: Shape, new: Shape) -> Layout | None:
    """In another shape, components in C order; None where no strides can say so.

    >>> reshaped((0, (1, 3)), (3, 4), (12,)), reshaped((0, (4, 1)), (3, 4), (2, 6))
    (None, (0, (6, 1)))
    """
    offset, strides = layout
    axes = [(n, stride) for n, stride in zip(shape, strides, strict=True) if n != 1]
    if 0 in shape:
        return offset, contiguous(new)
    found: list[int] = []
    old = 0
    place = 0
    while place < len(new):
        if new[place] == 1:
            found.append(0)
            place += 1
            continue
        first, count, wanted = old, axes[old][0], new[place]
        old += 1
        end = place + 1
        while count != wanted:
            if count < wanted:
                count *= axes[old][0]
                old += 1
            else:
                wanted *= new[end]
                end += 1
        run = axes[first:old]
        if any(a[1] != b[0] * b[1] for a, b in pairwise(run)):
            return None
        step = run[-1][1]
        own: list[int] = []
        for n in reversed(new[place:end]):
            own.append(step)
            step *= n
        found += reversed(own)
        place = end
    return offset, tuple(found)
