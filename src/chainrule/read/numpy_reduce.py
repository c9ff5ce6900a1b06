"""NumPy's reductions and running sums, with the options that they share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.traced import apply
from chainrule.errors import ArgumentError
from chainrule.read.arguments import ABSENT, array, axes_of, axis_of, cast, into, refuse_nothing

__all__: list[str] = []

F = evaluating


def _masked(a: Any, where: Any, neutral: Any) -> Any:
    return a if where is True else F.where(where, a, neutral)


@answers(np.sum)
def _sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = ABSENT,
    where: Any = True,
) -> Any:
    if dtype is None and out is None and initial is ABSENT and where is True:
        return apply(F.sum, (a,), {"axis": axes_of(a.ndim, axis), "keepdims": bool(keepdims)})
    a = cast(_masked(a, where, 0), dtype)
    result = F.sum(a, axis=axes_of(a.ndim, axis), keepdims=bool(keepdims))
    return into(out, result if initial is ABSENT else result + initial, "np.sum")


@answers(np.mean)
def _mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    axes = axes_of(a.ndim, axis)
    if dtype is None and out is None and where is True:
        return apply(F.mean, (a,), {"axis": axes, "keepdims": bool(keepdims)})
    a = cast(a, dtype)
    if where is True:
        result = F.mean(a, axis=axes, keepdims=bool(keepdims))
    else:
        result = F.sum(F.where(where, a, 0), axis=axes, keepdims=bool(keepdims)) / _counted(a, where, axes, keepdims)
    return into(out, result, "np.mean")


def _counted(a: Any, where: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    """How many components `where` lets through, in the dtype of a: an integer would promote float32."""
    count = F.sum(F.broadcast_to(array(where), shape=a.shape), axis=axes, keepdims=bool(keepdims))
    return F.cast_like(count, a)


@answers(np.prod)
def _prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = ABSENT,
    where: Any = True,
) -> Any:
    a = cast(_masked(a, where, 1), dtype)
    result = F.prod(a, axis=axes_of(a.ndim, axis), keepdims=bool(keepdims))
    return into(out, result if initial is ABSENT else result * initial, "np.prod")


def _extremum(reduce: str, larger: str, call: str) -> Callable[..., Any]:
    def extremum(
        a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = ABSENT, where: Any = True
    ) -> Any:
        if not a.size and initial is ABSENT:
            refuse_nothing(a, axes_of(a.ndim, axis), call)
        if out is None and initial is ABSENT and where is True:
            return apply(getattr(F, reduce), (a,), {"axis": axes_of(a.ndim, axis), "keepdims": bool(keepdims)})
        if where is not True:
            if initial is ABSENT:
                raise ArgumentError(f"{call} with where= needs initial=: the value of an empty selection")
            a = F.where(where, a, initial)
        result = getattr(F, reduce)(a, axis=axes_of(a.ndim, axis), keepdims=bool(keepdims))
        return into(out, result if initial is ABSENT else getattr(F, larger)(result, initial), call)

    return extremum


_max = answers(np.max, np.amax)(_extremum("max", "maximum", "np.max"))
_min = answers(np.min, np.amin)(_extremum("min", "minimum", "np.min"))


@answers(np.ptp)
def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return into(out, _max(a, axis, keepdims=keepdims) - _min(a, axis, keepdims=keepdims), "np.ptp")


def _spread(name: str) -> Callable[..., Any]:
    def spread(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = False,
        *,
        where: Any = True,
        mean: Any = ABSENT,
        correction: Any = ABSENT,
    ) -> Any:
        ddof = ddof if correction is ABSENT else correction
        return into(out, _moment(name, cast(a, dtype), axis, ddof, bool(keepdims), where, mean), f"np.{name}")

    return spread


answers(np.var)(_spread("var"))
answers(np.std)(_spread("std"))


def _moment(name: str, a: Any, axis: Any, ddof: Any, keepdims: bool, where: Any, mean: Any) -> Any:
    axes = axes_of(a.ndim, axis)
    if where is True and mean is ABSENT and a.dtype.kind != "c":
        return getattr(F, name)(a, axis=axes, keepdims=keepdims, ddof=ddof)
    deviation = a - (_mean(a, axis, keepdims=True, where=where) if mean is ABSENT else mean)
    complex_ = a.dtype.kind == "c"
    squared = F.square(deviation.real) + F.square(deviation.imag) if complex_ else F.square(deviation)
    count = _counted(squared, where, axes, keepdims)
    variance = F.sum(_masked(squared, where, 0), axis=axes, keepdims=keepdims) / (count - ddof)
    if name == "var":
        return variance
    # Of equal numbers the derivative is 0, as that of np.std is, and not the infinite one of the square root.
    return F.where(F.equal(variance, 0.0), 0.0, F.sqrt(variance))


@answers(np.average)
def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    a = array(a)
    axes = axes_of(a.ndim, axis)
    if weights is None:
        result, total = F.mean(a, axis=axes, keepdims=bool(keepdims)), F.size(a, axis=axes) * 1.0
    else:
        weights = array(weights)
        if weights.ndim < a.ndim:
            if weights.shape != tuple(a.shape[i] for i in axes):
                raise ArgumentError(f"weights of shape {weights.shape} for axis {axis} of an array of shape {a.shape}")
            weights = F.expand_dims(weights, axis=tuple(i for i in range(a.ndim) if i not in axes))
        total = F.sum(F.broadcast_to(weights, shape=a.shape), axis=axes, keepdims=bool(keepdims))
        result = F.sum(a * weights, axis=axes, keepdims=bool(keepdims)) / total
    return (result, F.broadcast_to(total, shape=result.shape)) if returned else result


@answers(np.all)
def _all(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    a = _masked(a, where, True)
    return into(out, F.all(a, axis=axes_of(a.ndim, axis), keepdims=bool(keepdims)), "np.all")


@answers(np.any)
def _any(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
    a = _masked(a, where, False)
    return into(out, F.any(a, axis=axes_of(a.ndim, axis), keepdims=bool(keepdims)), "np.any")


@answers(np.count_nonzero)
def _count_nonzero(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    return F.count_nonzero(a, axis=axes_of(a.ndim, axis), keepdims=bool(keepdims))


def _position(name: str) -> Callable[..., Any]:
    def position(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        if not a.size:
            refuse_nothing(a, axes_of(a.ndim, axis), f"np.{name}")
        if axis is not None:
            result = getattr(F, name)(a, axis=axis_of(a.ndim, axis), keepdims=bool(keepdims))
        else:
            result = getattr(F, name)(F.reshape(a, shape=(-1,)), axis=0, keepdims=False)
            if keepdims:
                result = F.reshape(result, shape=(1,) * a.ndim)
        return into(out, result, f"np.{name}")

    return position


answers(np.argmax)(_position("argmax"))
answers(np.argmin)(_position("argmin"))


def _running(name: str) -> Callable[..., Any]:
    def running(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        a = cast(a, dtype)
        if axis is None:
            a, axis = F.reshape(a, shape=(a.size,)), 0
        return into(out, getattr(F, name)(a, axis=axis_of(a.ndim, axis)), f"np.{name}")

    return running


answers(np.cumsum)(_running("cumsum"))
answers(np.cumprod)(_running("cumprod"))


def _cumulative(function: Callable[..., Any], neutral: int, call: str) -> Callable[..., Any]:
    def cumulative(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        x = array(x)
        if axis is None and x.ndim != 1:
            raise ArgumentError(f"{call} of shape {x.shape} needs axis=, along which to run")
        i = axis_of(x.ndim, 0 if axis is None else axis)
        result = function(x, i, dtype)
        if include_initial:
            first = np.full((*x.shape[:i], 1, *x.shape[i + 1 :]), neutral, result.dtype)
            result = F.concatenate(first, result, axis=i)
        return into(out, result, call)

    return cumulative


if hasattr(np, "cumulative_sum"):  # from NumPy 2.1 on
    answers(np.cumulative_sum)(_cumulative(np.cumsum, 0, "np.cumulative_sum"))
    answers(np.cumulative_prod)(_cumulative(np.cumprod, 1, "np.cumulative_prod"))
