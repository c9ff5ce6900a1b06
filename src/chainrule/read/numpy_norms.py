"""NumPy's norms of vectors and matrices, and the condition number."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.traced import apply
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import array, axes_of, axis_of
from chainrule.read.numpy_linalg import squares
from chainrule.read.numpy_products import axes_last

F = evaluating


@answers(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = array(x)
    if axis is None and ord is None and x.dtype.kind != "c":
        return apply(F.norm, (x,), {"axis": axes_of(x.ndim, None), "keepdims": bool(keepdims), "ord": 2})
    axes = tuple(range(x.ndim)) if axis is None else _axes(axis, x)
    if axis is None and ord is None:
        return _vector_norm_over(x, 2, axes, keepdims)
    if len(axes) == 1:
        return _vector_norm_over(x, 2 if ord is None else ord, axes, keepdims)
    if len(axes) == 2:
        return _matrix_norm_over(x, ord, axes, keepdims)
    raise ShapeError(
        f"numpy.linalg.norm takes a vector or a matrix, not {len(axes)} axes of shape {x.shape}: give axis="
    )


@answers(np.linalg.vector_norm)
def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = array(x)
    return _vector_norm_over(x, ord, tuple(range(x.ndim)) if axis is None else _axes(axis, x), keepdims)


@answers(np.linalg.matrix_norm)
def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    x = array(x)
    if x.ndim < 2:
        raise ShapeError(f"matrix_norm needs a matrix, or a stack of them, not shape {x.shape}")
    return _matrix_norm_over(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)


def _axes(axis: Any, x: Any) -> tuple[int, ...]:
    axes = tuple(axis_of(x.ndim, i) for i in (axis if isinstance(axis, tuple) else (axis,)))
    if len(set(axes)) < len(axes):
        raise ArgumentError(f"axis={axis} names an axis twice")
    return axes


def _vector_norm_over(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    keepdims = bool(keepdims)
    if not isinstance(ord, (int, float, np.integer, np.floating)):
        raise ArgumentError(f"a vector norm takes a number as ord, or inf or -inf, not {ord!r}")
    if ord == 0:
        return np.sum(F.cast_like(np.not_equal(x, 0), np.abs(x)), axis=axes, keepdims=keepdims)
    if x.dtype.kind == "c":
        x = np.abs(x)
    if ord == 2:
        return F.norm(x, axis=tuple(sorted(axes)), keepdims=keepdims, ord=2)
    if ord == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    if abs(ord) == np.inf:
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axes, keepdims=keepdims)
    return F.norm(x, axis=tuple(sorted(axes)), keepdims=keepdims, ord=ord.item() if hasattr(ord, "item") else ord)


def _matrix_norm_over(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or ord == "fro" or ord == "f":
        return _vector_norm_over(x, 2, axes, keepdims)
    if ord in (2, -2, "nuc"):
        s = F.svdvals(axes_last(x, *axes))
        # Not np.max: of singular values that are equal within rounding each has a kink, and is named.
        out = np.sum(s, axis=-1) if ord == "nuc" else F.getitem(s, pattern=(Ellipsis, 0 if ord == 2 else -1))
        return F.expand_dims(out, axis=tuple(sorted(axes))) if keepdims else out
    if ord not in (1, -1, np.inf, -np.inf):
        raise ArgumentError(f"a matrix norm takes None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf as ord, not {ord!r}")
    row, column = axes
    summed = row if abs(ord) == 1 else column
    sums = np.sum(np.abs(x), axis=summed, keepdims=True)
    out = (np.max if ord > 0 else np.min)(sums, axis=axes, keepdims=True)
    return out if keepdims else F.squeeze(out, axis=tuple(sorted(axes)))


@answers(np.linalg.cond)
def _cond(x: Any, p: Any = None) -> Any:
    x = array(x)
    if p in (None, 2, -2):
        if x.ndim < 2 or 0 in x.shape[-2:]:
            raise ShapeError(f"cond needs a matrix with rows and columns, or a stack of them, not shape {x.shape}")
        s = F.svdvals(x)
        largest, smallest = (F.getitem(s, pattern=(Ellipsis, i)) for i in (0, -1))
        return smallest / largest if p == -2 else largest / smallest
    x = squares(x, f"cond with p={p!r}")
    axes = (x.ndim - 2, x.ndim - 1)
    return _matrix_norm_over(x, p, axes, False) * _matrix_norm_over(F.inv(x), p, axes, False)
