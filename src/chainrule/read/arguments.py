"""What the answers to NumPy's functions share: axes brought to their plain form, and options that are refused."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced, plain_value
from chainrule.core.windows import look_into
from chainrule.errors import ShapeError, TraceError

__all__ = [
    "ABSENT",
    "along",
    "array",
    "axes_of",
    "axis_of",
    "cast",
    "into",
    "read_only_view",
    "refuse_nothing",
    "refuse_option",
    "view",
]

F = evaluating
ABSENT: Any = np._NoValue
_ALL = tuple(tuple(range(n)) for n in range(9))


def array(x: Any) -> Any:
    """A traced value as it is, anything else as an array; a list of numbers may have traced ones in it."""
    if type(x) is Traced or isinstance(x, (np.ndarray, np.generic)):
        return x
    if isinstance(x, (list, tuple)) and _holds_traced(x):
        parts = [array(part) for part in x]
        shapes = {part.shape for part in parts}
        if len(shapes) > 1:
            raise ShapeError(f"parts of shapes {', '.join(str(part.shape) for part in parts)} make no array")
        return F.stack(*parts, axis=0)
    return np.asarray(x)


def _holds_traced(parts: Any) -> bool:
    return any(type(part) is Traced or (isinstance(part, (list, tuple)) and _holds_traced(part)) for part in parts)


def axis_of(ndim: int, axis: Any) -> int:
    """A single axis as a non-negative int; raises `ShapeError` for one that does not exist."""
    number = operator.index(axis)
    if not -ndim <= number < ndim:
        raise ShapeError(f"axis {number} is out of bounds for an array of {ndim} dimensions")
    return number + ndim if number < 0 else number


def axes_of(ndim: int, axis: Any) -> tuple[int, ...]:
    """NumPy's `axis` (None, an int or a tuple) as a tuple of different non-negative ints in rising order."""
    if axis is None:
        return _ALL[ndim] if ndim < len(_ALL) else tuple(range(ndim))
    if not isinstance(axis, (tuple, list)):
        return (axis_of(ndim, axis),)
    axes = tuple(sorted(axis_of(ndim, a) for a in axis))
    if len(set(axes)) < len(axes):
        raise ShapeError(f"axis={tuple(axis)} names an axis twice")
    return axes


def along(axis: int, part: Any) -> tuple[Any, ...]:
    """The pattern that takes a slice or an index along one axis."""
    return (*[slice(None)] * axis, part)


def cast(x: Any, dtype: Any) -> Any:
    return x if dtype is None or x.dtype == dtype else x.astype(dtype)


def into(out: Any, result: Any, call: str) -> Any:
    """What a function with the option `out` returns; a traced array can be written to, a plain one cannot."""
    if out is None:
        return result
    (target,) = out if isinstance(out, tuple) else (out,)
    if type(target) is not Traced:
        raise TraceError(
            f"{call} with out= writes a traced value into a plain array: its derivative would be lost\n"
            f"  assign the result instead, result = {call}(...), or make the array with np.zeros_like(x)"
        )
    target[...] = result
    return target


def refuse_option(call: str, option: str, instead: str) -> TraceError:
    return TraceError(f"{call} with {option} is not known to chainrule\n  {instead}")


def refuse_nothing(a: Any, axes: tuple[int, ...], call: str) -> None:
    """Raise `ShapeError` where an axis that is to be reduced has no components to choose from."""
    if any(a.shape[i] == 0 for i in axes):
        raise ShapeError(f"{call} over axes {axes} of shape {a.shape}: there is nothing in them")


def view(base: Any, out: Any, forward: Callable[[Any], Any], backward: Callable[[Any], Any]) -> Any:
    """Link a rearrangement to the array that it was made of where NumPy gives a view: a write to one reaches the other.

    Args:
        base: the array.
        out: the rearrangement.
        forward: makes `out` of `base`.
        backward: makes `base` of `out`.
    """
    if type(base) is Traced and type(out) is Traced and np.may_share_memory(plain_value(base), plain_value(out)):
        look_into(base, out, forward, lambda _, changed: backward(changed))
    return out


def read_only_view(base: Any, out: Any, forward: Callable[[Any], Any], call: str) -> Any:
    """As `view` for what NumPy lets nobody write into: a write to the base reaches it, one into it is refused."""

    def refuse(base: Any, changed: Any) -> Any:
        changed.record = forward(base).record  # whoever catches the error finds the values of before
        raise TraceError(
            f"assignment destination is read-only: the result of {call} is a view that NumPy lets nobody write into\n"
            "  write into the array itself, or into a copy: result.copy()"
        )

    if type(base) is Traced and type(out) is Traced:
        look_into(base, out, forward, refuse)
    return out
