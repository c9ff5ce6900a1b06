"""NumPy's functions that make an array: after the form of another, from parts, or of numbers in even steps.

An array that was made with like=x for a traced x is traced too, so it can be written into.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.shapes import broadcast_shapes
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError
from chainrule.read.arguments import array, axis_of, cast

__all__: list[str] = []

F = evaluating


def _shaped(made: Any, dtype: Any, shape: Any) -> Any:
    """An array of equal components in another shape and dtype."""
    if shape is not None:
        sizes = tuple(operator.index(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,)))
        made = F.broadcast_to(made, shape=sizes)
    return cast(made, dtype)


def _zeros(a: Any, shape: Any) -> Any:
    zeros = F.zeros_like(a)
    # Of another shape: the sum of zeros is one zero, whatever the size of a.
    return zeros if shape is None else F.sum(zeros, axis=tuple(range(a.ndim)), keepdims=False)


@answers(np.zeros_like, np.empty_like)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    return _shaped(_zeros(a, shape), dtype, shape)


@answers(np.ones_like)
def _ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    return _shaped(F.ones_like(_zeros(a, shape)), dtype, shape)


@answers(np.full_like)
def _full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    return F.set_item(zeros_like(a, dtype, shape=shape), fill_value, pattern=(...,))


@answers(np.copy)
def _copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    return F.copy(a)


@answers(np.astype)
def _astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return F.copy(x) if copy and x.dtype == dtype else cast(x, dtype)


def _following(like: Any, made: Any) -> Any:
    """The array as a traced one, of the trace of `like`, so that it can be written into."""
    return (
        made
        if type(made) is Traced
        else F.set_item(zeros_like(like, made.dtype, shape=made.shape), made, pattern=(...,))
    )


@answers((np.array, "like"), (np.asarray, "like"), (np.asanyarray, "like"), (np.ascontiguousarray, "like"),
         (np.asfortranarray, "like"), (np.require, "like"))  # fmt: skip
def _array(like: Any, object: Any, dtype: Any = None, *_: Any, ndmin: int = 0, **__: Any) -> Any:
    made = cast(array(object), None if dtype is None else np.dtype(dtype))
    if made.ndim < ndmin:
        made = F.reshape(made, shape=(1,) * (ndmin - made.ndim) + made.shape)
    return F.copy(made) if made is object else _following(like, made)


@answers((np.full, "like"))
def _full(like: Any, shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    sizes = tuple(operator.index(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,)))
    value = cast(array(fill_value), None if dtype is None else np.dtype(dtype))
    return _following(like, F.broadcast_to(value, shape=broadcast_shapes(sizes, value.shape)))


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda like, *arguments, **options: _following(like, function(*arguments, **options))


for _function in (
    np.zeros,
    np.ones,
    np.empty,
    np.eye,
    np.identity,
    np.tri,
    np.arange,
    np.fromfunction,
    np.fromiter,
    np.frombuffer,
    np.fromstring,
    np.fromfile,
    np.loadtxt,
    np.genfromtxt,
):
    answers((_function, "like"))(_made(_function))


@answers(np.linspace)
def _linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: Any = 0,
    *,
    device: Any = None,
) -> Any:
    count = operator.index(num)
    if count < 0:
        raise ArgumentError(f"np.linspace of {count} numbers: expected a number that is not negative")
    first, last = array(start) * 1.0, array(stop) * 1.0
    shape = broadcast_shapes(first.shape, last.shape)
    first, last = (F.broadcast_to(end, shape=shape) for end in (first, last))
    gaps = count - 1 if endpoint else count
    step = (last - first) / gaps if gaps > 0 else (last - first) * np.nan
    places = np.arange(count, dtype=np.empty(0, first.dtype).real.dtype).reshape(count, *[1] * len(shape))
    made = first + places * step if gaps > 0 else first + places * (last - first)
    if endpoint and count > 1:
        made = F.set_item(made, last, pattern=(-1,))  # exactly, whatever rounding does to the steps
    made = cast(made, None if dtype is None else np.dtype(dtype))
    made = np.moveaxis(made, 0, axis_of(made.ndim, axis)) if axis else made
    return (made, step) if retstep else made


@answers(np.logspace)
def _logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: Any = 0
) -> Any:
    shape = broadcast_shapes(*(np.shape(part) for part in (start, stop, base)))
    exponents = _linspace(F.broadcast_to(array(start), shape=shape), stop, num, endpoint)
    made = cast(F.power(base, exponents), None if dtype is None else np.dtype(dtype))
    return np.moveaxis(made, 0, axis_of(made.ndim, axis)) if axis else made


@answers(np.geomspace)
def _geomspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None, axis: Any = 0) -> Any:
    first, last = (cast(part, np.result_type(part.dtype, float)) for part in (array(start), array(stop)))
    if bool(np.any(first == 0)) or bool(np.any(last == 0)):
        raise ArgumentError("np.geomspace from or to 0: a geometric sequence does not reach it")
    # From 1 on: a sequence of negative numbers is minus one of positive numbers, a complex one a spiral.
    ratio = F.log(last / first)
    made = first * F.exp(_linspace(F.zeros_like(ratio), ratio, num, endpoint))
    if endpoint and made.shape[0] > 1:
        made = F.set_item(made, F.broadcast_to(last, shape=made.shape[1:]), pattern=(-1,))
    made = cast(made, None if dtype is None else np.dtype(dtype))
    return np.moveaxis(made, 0, axis_of(made.ndim, axis)) if axis else made
