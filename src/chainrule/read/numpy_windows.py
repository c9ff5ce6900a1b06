"""NumPy's windows that slide over an array."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import array, axis_of, read_only_view
from chainrule.read.numpy_products import refuse

__all__: list[str] = []

F = evaluating


@answers(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    refuse("sliding_window_view", subok=subok or None, writeable=writeable or None)
    x = array(x)
    widths = tuple(operator.index(n) for n in (window_shape if np.iterable(window_shape) else (window_shape,)))
    given = range(x.ndim) if axis is None else axis if np.iterable(axis) else (axis,)
    axes = tuple(axis_of(x.ndim, i) for i in given)
    if len(axes) != len(widths):
        raise ArgumentError(
            f"sliding_window_view with window_shape={window_shape!r} along axes {axes} of shape {x.shape}: one width "
            "for each axis is needed"
        )

    sizes = list(x.shape)
    for along, width in zip(axes, widths, strict=True):
        if not 0 <= width <= sizes[along]:
            raise ShapeError(
                f"sliding_window_view with window_shape={window_shape!r}: along axis {along} of shape {x.shape} "
                f"expected a width from 0 to {sizes[along]}, not {width}"
            )
        sizes[along] -= width - 1  # an axis may be named twice

    def windows(base: Any) -> Any:
        for along, width in zip(axes, widths, strict=True):
            base = F.windows(base, axis=along, width=width)
        return base

    return read_only_view(x, windows(x), windows, "sliding_window_view")
