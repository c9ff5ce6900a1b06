"""The methods of NumPy's ufuncs (reduce, accumulate, reduceat, outer, at), and the options that all ufuncs take."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from typing import Any

import numpy as np

import chainrule.ops  # noqa: F401  the ufuncs that have a primitive must be known before their methods are entered
from chainrule.core.index import split_index
from chainrule.core.protocol import adapters, ufunc_primitives
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError, ShapeError, TraceError
from chainrule.read.arguments import ABSENT, along, array, axes_of, axis_of, cast
from chainrule.read.numpy_elementwise import astype, written
from chainrule.read.numpy_indexing import take_along_axis

__all__: list[str] = []

F = evaluating


@dataclass(frozen=True, slots=True)
class _Method:
    """The answer to a method of a ufunc: `np.add.reduce`, `np.multiply.outer`."""

    answer: Callable[..., Any]

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.answer(*inputs, **options)


def _along_first(function: Callable[..., Any]) -> _Method:
    # A ufunc's own methods work along the first axis unless told otherwise; the functions over all of them.
    return _Method(lambda array, axis=0, **options: function(array, axis=axis, **options))


def _outer(ufunc: np.ufunc) -> _Method:
    def answer(a: Array, b: Array, **options: Any) -> Any:
        a, b = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, b))
        behind = tuple(range(a.ndim, a.ndim + b.ndim))
        return ufunc(F.expand_dims(a, axis=behind) if behind else a, b, **options)

    return _Method(answer)


def _at(ufunc: np.ufunc) -> _Method:
    def answer(target: Any, index: Any, values: Any = None) -> Any:
        if ufunc not in (np.add, np.subtract) or type(target) is not Traced:
            raise TraceError(
                f"np.{ufunc.__name__}.at writes into an array, once for each repetition of an index\n"
                "  where no index repeats write x[index] = ...; to add up repetitions use np.bincount(index, weights), "
                "or np.add.at into an array made with np.zeros_like(x) of a traced x"
            )
        pattern, arrays = split_index(index, target)
        like = F.getitem(target, *arrays, pattern=pattern)
        added = F.scatter(target, F.broadcast_to(array(values), shape=like.shape), *arrays, pattern=pattern)
        target[...] = target + added if ufunc is np.add else target - added
        return None

    return _Method(answer)


def _slices(a: Any, axis: int) -> list[Any]:
    return [F.getitem(a, pattern=along(axis, k)) for k in range(a.shape[axis])]


def _reduce(ufunc: np.ufunc) -> _Method:
    def answer(a: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False, initial: Any = ABSENT) -> Any:
        a = cast(array(a), dtype)
        axes = axes_of(a.ndim, axis)
        start = None if initial is ABSENT else initial
        for i in reversed(axes):
            parts = _slices(a, i)
            first = ufunc.identity if start is None and not parts else start
            if first is None and not parts:
                raise ShapeError(f"np.{ufunc.__name__}.reduce over axis {i} of shape {a.shape}: there is nothing in it")
            if first is not None:
                parts = [F.broadcast_to(array(first), shape=(*a.shape[:i], *a.shape[i + 1 :])), *parts]
            a, start = reduce(ufunc, parts), None  # NumPy begins with it once
        return F.expand_dims(a, axis=axes) if keepdims and axes else a

    return _Method(answer)


def _log_sum(a: Any, axis: Any = 0, dtype: Any = None, keepdims: bool = False) -> Any:
    a = cast(array(a), dtype)
    return F.logsumexp(a, axis=axes_of(a.ndim, axis), keepdims=keepdims)


def _accumulate(ufunc: np.ufunc) -> _Method:
    def answer(a: Any, axis: Any = 0, dtype: Any = None) -> Any:
        a = cast(array(a), dtype)
        i = axis_of(a.ndim, axis)
        parts = list(accumulate(_slices(a, i), ufunc))
        return F.stack(*parts, axis=i) if parts else F.copy(a)

    return _Method(answer)


def _running_extremum(largest: bool) -> _Method:
    def answer(a: Any, axis: Any = 0, dtype: Any = None) -> Any:
        a = cast(array(a), dtype)
        i = axis_of(a.ndim, axis)
        return take_along_axis(a, F.arg_extremum_so_far(a, axis=i, largest=largest), i)

    return _Method(answer)


def _reduceat(ufunc: np.ufunc) -> _Method:
    def answer(a: Any, indices: Any, axis: Any = 0, dtype: Any = None) -> Any:
        a = cast(array(a), dtype)
        i = axis_of(a.ndim, axis)
        starts = [operator.index(k) for k in indices]
        if any(not 0 <= k < a.shape[i] for k in starts):
            raise ArgumentError(f"np.{ufunc.__name__}.reduceat: indices {starts} for an axis of size {a.shape[i]}")
        parts = [
            F.getitem(a, pattern=along(i, start))
            if end <= start
            else adapters[ufunc, "reduce"](F.getitem(a, pattern=along(i, slice(start, end))), axis=i)
            for start, end in zip(starts, [*starts[1:], a.shape[i]], strict=True)
        ]
        return F.stack(*parts, axis=i)

    return _Method(answer)


_FUNCTIONS: tuple[tuple[np.ufunc, str, Callable[..., Any]], ...] = (
    (np.add, "reduce", np.sum),
    (np.multiply, "reduce", np.prod),
    (np.maximum, "reduce", np.max),
    (np.minimum, "reduce", np.min),
    (np.logical_and, "reduce", np.all),
    (np.logical_or, "reduce", np.any),
    (np.logaddexp, "reduce", _log_sum),
    (np.add, "accumulate", np.cumsum),
    (np.multiply, "accumulate", np.cumprod),
)
# Whatever takes two operands: one after the other; what has a function of its own is entered after it.
for _known in list(ufunc_primitives):
    adapters[_known, "at"] = _at(_known)
    if _known.nargs == 3 and _known is not np.matmul:
        adapters[_known, "outer"] = _outer(_known)
        adapters[_known, "reduce"] = _reduce(_known)
        adapters[_known, "accumulate"] = _accumulate(_known)
        adapters[_known, "reduceat"] = _reduceat(_known)
for _ufunc, _method, _function in _FUNCTIONS:
    adapters[_ufunc, _method] = _along_first(_function)
adapters[np.maximum, "accumulate"] = _running_extremum(largest=True)
adapters[np.minimum, "accumulate"] = _running_extremum(largest=False)


def _with_options(answer: Callable[..., Any], inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Call the answer to a ufunc, or to a method of one, with the options that all ufuncs take."""
    rest = {name: value for name, value in options.items() if name not in ("casting", "order", "subok")}
    (out, *more) = rest.pop("out", (None,))
    if any(target is not None for target in more):
        raise TraceError("out= with several results: take the results that the function returns")
    if isinstance(answer, _Method):
        return written(out, answer(*inputs, **rest))
    where, dtype = rest.pop("where", True), rest.pop("dtype", None)
    if rest:
        raise TraceError(f"{', '.join(rest)} cannot be followed: call the ufunc without it")
    if dtype is not None:
        inputs = [astype(x, dtype) if hasattr(x, "dtype") else x for x in inputs]
    result = answer(*inputs)
    if where is True:
        return result if out is None else written(out, result)
    if out is None:
        raise TraceError("where= without out= leaves values undefined\n  use np.where(condition, f(x), other)")
    return written(out, F.where(where, result, out))


adapters["ufunc options"] = _with_options
