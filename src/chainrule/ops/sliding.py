"""Windows that slide along an axis, and the sum of overlapping ones: each is the transpose of the other.

The windows stand along a last axis of their own, as in `numpy.lib.stride_tricks.sliding_window_view`, and share the
memory of what they are taken from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.axes import AxisRule
from chainrule.core.derivative import Linear
from chainrule.core.labels import Labels
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Shape
from chainrule.errors import ShapeError
from chainrule.ops import rules


@dataclass(frozen=True)
class _Windows(AxisRule):
    """Of n components along `axis` there are n - width + 1 windows, and `width` components along a last axis."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        (shape,), axis, width = shapes, parameters["axis"], parameters["width"]
        if not 0 <= width <= shape[axis]:
            raise ShapeError(f"windows of {width} components along axis {axis} of shape {shape}: expected a width from "
                             f"0 to {shape[axis]}")
        return (*shape[:axis], shape[axis] - width + 1, *shape[axis + 1 :], width)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        found = super().labels(shapes, parameters)
        return Labels(found.operands, (*found.result[:-1], None))


@dataclass(frozen=True)
class _Overlapped(AxisRule):
    """Of m windows along `axis`, of `width` components along the last, there are m + width - 1 components."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        (shape,), axis, width = shapes, parameters["axis"], parameters["width"]
        if shape[-1] != width:
            raise ShapeError(f"windows of shape {shape}: expected {width} components along the last axis")
        return (*shape[:axis], shape[axis] + width - 1, *shape[axis + 1 : -1])

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        found = super().labels(shapes, parameters)
        return Labels(((*found.operands[0][:-1], None),), found.result)


def _windows(x: Any, axis: Any, width: Any) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, width, axis)


def _overlapped(x: Any, axis: Any, width: Any) -> Any:
    count = x.shape[axis]
    parts = np.moveaxis(x, axis, 0)
    out = np.zeros((count + width - 1, *parts.shape[1:-1]), x.dtype)
    # One sum for each place in a window, or for each window: whichever is fewer.
    if width <= count:
        for k in range(width):
            out[k : k + count] += parts[..., k]
    else:
        for k in range(count):
            out[k : k + width] += np.moveaxis(parts[k], -1, 0)
    return np.moveaxis(out, 0, axis)


_CASES: tuple[tuple[Shape, int, int], ...] = (((5,), 0, 2), ((3,), 0, 3), ((2,), 0, 1), ((2,), 0, 0), ((2, 5), 1, 4),
                                              ((4, 3), 0, 3), ((2, 3, 2), 1, 2), ((4, 0), 0, 2))

windows = primitive("windows", evaluate=_windows, shape=_Windows(),
                    derivative=Linear(lambda F, g, out, x, axis, width: F.overlapped(g, axis=axis, width=width)),
                    rule=rules.LINEAR_MAP,
                    examples=tuple(example(shape, axis=axis, width=width) for shape, axis, width in _CASES))

overlapped = primitive("overlapped", evaluate=_overlapped, shape=_Overlapped(),
                       derivative=Linear(lambda F, g, out, x, axis, width: F.windows(g, axis=axis, width=width)),
                       rule=rules.LINEAR_MAP,
                       examples=tuple(example((*shape[:axis], shape[axis] - width + 1, *shape[axis + 1 :], width),
                                              axis=axis, width=width) for shape, axis, width in _CASES))
