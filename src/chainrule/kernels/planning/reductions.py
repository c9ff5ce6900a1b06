"""Reductions with the rows taken out: over axes of each row's share, over the rows, or over both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from chainrule.core.shapes import reduced_shape
from chainrule.kernels.planning.items import FOLDS, NoCodeError
from chainrule.kernels.planning.parts import Handler, Part, Parts
from chainrule.kernels.program import FoldKind
from chainrule.ops import like, linalg, norms, reduce

__all__ = ["REDUCTIONS", "floating"]

_COUNTED = (FoldKind.SUM, FoldKind.PRODUCT)
_DECIDED = (FoldKind.ANY, FoldKind.ALL)


def _fold(kind: FoldKind) -> Handler:
    def handler(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        (x,) = operands
        return folded(parts, kind, x, parameters["axis"], parameters["keepdims"])

    return handler


def folded(parts: Parts, kind: FoldKind, x: Part, axis: tuple[int, ...], keepdims: bool) -> Part:
    """A fold over axes, that of the rows among them or not."""
    items, item = parts.items, x.item
    if kind in _COUNTED:
        dtype = np.dtype(item.dtype)
        item = items.cast(
            item, reduce.sum.infer((item,), {"axis": (), "keepdims": False})[1] if dtype.kind in "biu" else dtype
        )
    elif kind in _DECIDED:
        item = _nonzero(parts, x).item
    else:
        item = items.cast(item, item.dtype)
    own = x.item_axes(axis)
    over = x.axis in axis
    result = items.over_rows(kind, item, own) if over else items.folded(kind, item, own)
    shape = reduced_shape(x.shape, axis, keepdims)
    rows = None if over or x.axis is None else x.axis if keepdims else x.axis - sum(a < x.axis for a in axis)
    return parts.part(result, shape, rows)


def _nonzero(parts: Parts, x: Part) -> Part:
    return x if np.dtype(x.dtype).kind == "b" else parts.F.not_equal(x, 0)


def floating(parts: Parts, x: Part) -> Part:
    """The value in a dtype of floating numbers."""
    dtype = np.dtype(x.dtype)
    return Part(parts.items.cast(x.item, dtype if dtype.kind == "f" else np.float64), x.shape, x.axis)


def _mean(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,), F, axis = operands, parts.F, parameters["axis"]
    return F.divide(F.sum(floating(parts, x), **parameters), F.size(x, axis=axis))


def _squares(parts: Parts, x: Part, axis: tuple[int, ...], keepdims: bool, ddof: float) -> Part:
    F = parts.F
    deviation = F.subtract(x, F.mean(x, axis=axis, keepdims=True))
    freedom = F.size(x, axis=axis)
    if ddof:
        freedom = F.maximum(F.subtract(freedom, ddof), 0)
    return F.divide(F.sum(F.square(deviation), axis=axis, keepdims=keepdims), freedom)


def _var(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    return _squares(parts, floating(parts, operands[0]), **parameters)


def _std(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    return parts.F.sqrt(_var(parts, operands, parameters))


def _norm(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    F, x = parts.F, floating(parts, operands[0])
    ord_, axes = parameters["ord"], {"axis": parameters["axis"], "keepdims": parameters["keepdims"]}
    if ord_ == 2:
        return F.sqrt(F.sum(F.square(x), **axes))
    size = F.abs(x)
    if ord_ in (inf, -inf):
        return (F.max if ord_ > 0 else F.min)(size, **axes)
    if ord_ == 1:
        return F.sum(size, **axes)
    if ord_ == 0:
        return F.sum(Part(parts.items.cast(_nonzero(parts, x).item, x.dtype), x.shape, x.axis), **axes)
    return F.power(F.sum(F.power(size, ord_), **axes), 1.0 / ord_)


def _count_nonzero(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,) = operands
    found = _nonzero(parts, x)
    return parts.F.sum(Part(parts.items.cast(found.item, np.intp), x.shape, x.axis), **parameters)


def _sum_like(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    x, leader = operands
    lead = x.ndim - leader.ndim
    axes = list(range(lead))
    for i in range(lead, x.ndim):
        rows_go = i == x.axis and leader.axis != i - lead
        if leader.shape[i - lead] == 1 and (x.shape[i] != 1 or rows_go):
            axes.append(i)
    total = folded(parts, FoldKind.SUM, x, tuple(axes), True) if axes else x
    rows = None if total.axis is None else total.axis - lead
    return parts.part(total.item, leader.shape, rows)


def _trace(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,), F = operands, parts.F
    n = x.shape[-1]
    if x.axis is not None and x.axis >= x.ndim - 2:
        raise NoCodeError("rows are an axis of a square matrix")
    flat = F.reshape(x, shape=(*x.shape[:-2], n * n))
    diagonal = F.getitem(flat, pattern=(Ellipsis, slice(None, None, n + 1)))
    return F.sum(diagonal, axis=(diagonal.ndim - 1,), keepdims=False)


REDUCTIONS: Mapping[Any, Callable[..., Part]] = {
    **{primitive: _fold(kind) for primitive, kind in FOLDS.items()},
    reduce.mean: _mean,
    reduce.var: _var,
    reduce.std: _std,
    reduce.count_nonzero: _count_nonzero,
    norms.norm: _norm,
    linalg.trace: _trace,
    like.sum_like: _sum_like,
}
