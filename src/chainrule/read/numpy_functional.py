"""NumPy's functions that apply a function of the caller's to parts of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import array, axes_of, axis_of

__all__: list[str] = []

F = evaluating


@answers(np.piecewise)
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    x = array(x)
    conditions = _conditions(condlist, x)
    if len(funclist) == len(conditions) + 1:
        # A last function without a condition serves wherever none holds.
        conditions.append(F.logical_not(F.any(F.stack(*conditions, axis=0), axis=(0,), keepdims=False)))
    if len(funclist) != len(conditions):
        raise ArgumentError(
            f"np.piecewise with {len(funclist)} functions for {len(conditions)} conditions: one for each, and one more "
            "for the rest"
        )
    out = np.zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            out = F.cast_like(F.where(condition, function, out), x)
        elif bool(np.any(condition)):
            chosen = x[condition] if x.ndim else x
            found = function(chosen, *args, **kw)
            if x.ndim:
                out[condition] = found
            else:
                out = F.cast_like(array(found), x)
    return out


def _conditions(given: Any, x: Any) -> list[Any]:
    """The list of conditions; one alone need not stand in a list."""
    if not isinstance(given, (list, tuple)):
        alone = given.ndim < 2
    else:
        alone = not isinstance(given[0], list) and np.ndim(given[0]) == 0 and x.ndim > 0
    return [F.cast_discrete(array(condition), dtype="bool") for condition in ([given] if alone else given)]


@answers(np.apply_along_axis)
def _apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    arr = array(arr)
    i = axis_of(arr.ndim, axis)
    rest = (*arr.shape[:i], *arr.shape[i + 1 :])
    if 0 in rest:
        raise ShapeError(f"np.apply_along_axis along axis {i} of shape {arr.shape}: there is no line to apply it to")
    results = [array(func1d(arr[(*place[:i], slice(None), *place[i:])], *args, **kwargs)) for place in np.ndindex(rest)]
    shape = results[0].shape
    stacked = F.reshape(np.stack(results), shape=(*rest, *shape))
    behind = tuple(range(len(rest), len(rest) + len(shape)))
    return F.transpose(stacked, axes=(*range(i), *behind, *range(i, len(rest))))


@answers(np.apply_over_axes)
def _apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    out = array(a)
    rank = out.ndim
    for i in axes_of(rank, axes):
        found = func(out, i)
        if found.ndim == rank - 1:
            found = F.expand_dims(found, axis=(i,))
        if found.ndim != rank:
            raise ShapeError(f"np.apply_over_axes: the function gave shape {found.shape} along axis {i} of {out.shape}")
        out = found
    return out
