"""Operations along an axis of each row's share that put components together in order, for short axes.

Each component of the result is a fold of the ones that it depends on, picked by `where`. For an axis of n components
that takes n^2 operations; long axes are left to NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.primitive import Primitive
from chainrule.core.shapes import Shape
from chainrule.kernels.planning.parts import Handler, Part, Parts
from chainrule.ops import cumulative, reduce

__all__ = ["CUMULATIVE"]

_LONGEST = 64  # components of an axis


def _on_short_axes(primitive: Primitive, handler: Handler) -> Handler:
    def short(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        (x,), axis = operands, parameters["axis"]
        if x.axis in (None, axis) or not 0 < x.shape[axis] <= _LONGEST:
            return parts.called(primitive, operands, parameters)
        return handler(parts, operands, parameters)

    return short


def _picked(fold: str, neutral: int, picks: Callable[[Any, Any], Any]) -> Handler:
    """A fold, for each component i, of the components j that it picks."""

    def handler(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        (x,), F, axis = operands, parts.F, parameters["axis"]
        places = np.arange(x.shape[axis])
        mask = picks(*np.meshgrid(places, places, indexing="ij"))
        behind = x.ndim - 1 - axis
        pairs = F.expand_dims(x, axis=(axis,))
        chosen = F.where(parts.number(mask.reshape(*mask.shape, *[1] * behind)), pairs, neutral)
        return getattr(F, fold)(chosen, axis=(axis + 1,), keepdims=False)

    return handler


def _position(fold: str) -> Handler:
    """The first place of an extremum, or of a NaN."""

    def handler(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        (x,), F, axis = operands, parts.F, parameters["axis"]
        extremum = getattr(F, fold)(x, axis=(axis,), keepdims=True)
        attained = F.equal(x, extremum)
        if np.dtype(x.dtype).kind == "f":
            attained = F.logical_or(attained, F.isnan(x))  # an extremum beside a NaN is NaN, and equals nothing
        n = x.shape[axis]
        places: Shape = (n, *[1] * (x.ndim - 1 - axis))
        numbers = parts.number(np.arange(n, dtype=np.intp).reshape(places))
        last = parts.number(n - 1, np.dtype(np.intp))
        return F.min(F.where(attained, numbers, last), axis=(axis,), keepdims=parameters["keepdims"])

    return handler


_HANDLERS: Mapping[Primitive, Handler] = {
    cumulative.cumsum: _picked("sum", 0, lambda i, j: j <= i),
    cumulative.cumprod: _picked("prod", 1, lambda i, j: j <= i),
    cumulative.prod_others: _picked("prod", 1, lambda i, j: j != i),
    reduce.argmax: _position("max"),
    reduce.argmin: _position("min"),
}
CUMULATIVE: Mapping[Primitive, Handler] = {p: _on_short_axes(p, handler) for p, handler in _HANDLERS.items()}
