"""NumPy's rearrangements of one array: reshape, transpose, flip, roll, tile, pad and the like.

Where NumPy gives a view of the array, so do these: a write to the view reaches the array.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced, apply, plain_value
from chainrule.core.windows import look_into
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import along, array, axes_of, axis_of, read_only_view, refuse_option, view

__all__ = ["pad_widths"]

F = evaluating


@answers(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: bool | None = None) -> Any:
    a = array(a)
    shape = newshape if shape is None else shape
    if order == "C" and type(a) is Traced and type(a.record.value) is np.ndarray and a.record.value.flags.c_contiguous:
        sizes = _checked(a.shape, shape if type(shape) is tuple else _sizes(shape))
        out = apply(F.reshape, (a,), {"shape": sizes})
        if not copy:
            original = a.shape
            look_into(a, out, lambda base: F.reshape(base, shape=sizes), lambda _, new: F.reshape(new, shape=original))
        return out
    sizes = _checked(a.shape, _sizes(shape))
    if _fortran(a, order):
        return transpose(reshape(transpose(a), sizes[::-1]))
    original = a.shape
    out = F.reshape(a, shape=sizes)
    if copy:
        return out
    return view(a, out, lambda base: F.reshape(base, shape=sizes), lambda new: F.reshape(new, shape=original))


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(operator.index(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,)))


def _checked(shape: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes that fit the shape. A -1 stays in them, so that a graph serves other numbers of rows."""
    count = math.prod(shape)
    if -1 not in sizes:
        fits = math.prod(sizes) == count and min(sizes, default=0) >= 0
    else:
        known = math.prod(n for n in sizes if n != -1)
        fits = sizes.count(-1) == 1 and known > 0 and count % known == 0
    if not fits:
        raise ShapeError(f"an array of shape {shape} ({count} components) cannot take the shape {sizes}")
    return sizes if count else _resolved(shape, sizes)


def _resolved(shape: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[int, ...]:
    if -1 not in sizes:
        return sizes
    known = math.prod(n for n in sizes if n != -1)
    return tuple(math.prod(shape) // known if n == -1 else n for n in sizes)


def _fortran(a: Any, order: str) -> bool:
    """Whether components are taken with the first axis changing fastest."""
    if order in ("A", "K"):
        value = plain_value(a)
        return bool(value.flags.f_contiguous and not value.flags.c_contiguous)
    if order not in ("C", "F"):
        raise ArgumentError(f"order={order!r}: expected 'C', 'F', 'A' or 'K'")
    return order == "F"


@answers(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    return reshape(a, (-1,), order)


@answers(np.transpose)
def transpose(a: Any, axes: Any = None) -> Any:
    a = array(a)
    if axes is None:
        order = tuple(range(a.ndim))[::-1]
    else:
        order = tuple(axis_of(a.ndim, axis) for axis in axes)
        if sorted(order) != list(range(a.ndim)):
            raise ShapeError(f"axes={tuple(axes)} is not a permutation of the {a.ndim} axes of the array")
    back = tuple(order.index(i) for i in range(len(order)))
    out = F.transpose(a, axes=order)
    return view(a, out, lambda base: F.transpose(base, axes=order), lambda new: F.transpose(new, axes=back))


@answers(np.swapaxes)
def _swapaxes(a: Any, axis1: Any, axis2: Any) -> Any:
    order = list(range(a.ndim))
    i, j = axis_of(a.ndim, axis1), axis_of(a.ndim, axis2)
    order[i], order[j] = j, i
    return transpose(a, order)


@answers(np.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Any:
    if x.ndim < 2:
        raise ShapeError(f"the transpose of a matrix needs two axes, not shape {x.shape}")
    return _swapaxes(x, -1, -2)


@answers(np.moveaxis)
def _moveaxis(a: Any, source: Any, destination: Any) -> Any:
    given = [axis_of(a.ndim, s) for s in (source if isinstance(source, (tuple, list)) else (source,))]
    wanted = [axis_of(a.ndim, d) for d in (destination if isinstance(destination, (tuple, list)) else (destination,))]
    if len(given) != len(wanted) or len(set(given)) < len(given) or len(set(wanted)) < len(wanted):
        raise ShapeError(f"moveaxis from {source} to {destination}: expected as many different axes in each")
    order = [i for i in range(a.ndim) if i not in given]
    for place, axis in sorted(zip(wanted, given, strict=True)):
        order.insert(place, axis)
    return transpose(a, order)


@answers(np.rollaxis)
def _rollaxis(a: Any, axis: Any, start: Any = 0) -> Any:
    axis, start = axis_of(a.ndim, axis), axis_of(a.ndim + 1, start)
    return _moveaxis(a, axis, start - (axis < start))


@answers(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    axes = tuple(i for i, n in enumerate(a.shape) if n == 1) if axis is None else axes_of(a.ndim, axis)
    for i in axes:
        if a.shape[i] != 1:
            raise ShapeError(f"cannot squeeze axis {i} of size {a.shape[i]} out of shape {a.shape}: only size 1 goes")
    return view(
        a, F.squeeze(a, axis=axes), lambda base: F.squeeze(base, axis=axes), lambda new: F.expand_dims(new, axis=axes)
    )


@answers(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    places = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = axes_of(a.ndim + len(places), tuple(places))
    return view(
        a,
        F.expand_dims(a, axis=axes),
        lambda base: F.expand_dims(base, axis=axes),
        lambda new: F.squeeze(new, axis=axes),
    )


@answers(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    sizes = tuple(operator.index(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,)))
    lead = len(sizes) - array.ndim
    if lead < 0 or any(n not in (1, m) for n, m in zip(array.shape, sizes[lead:], strict=True)):
        raise ShapeError(f"an array of shape {array.shape} does not broadcast to {sizes}")
    out = F.broadcast_to(array, shape=sizes)
    return read_only_view(array, out, lambda base: F.broadcast_to(base, shape=sizes), "np.broadcast_to")


@answers(np.atleast_1d)
def _atleast_1d(*arrays: Any) -> Any:
    return _each(arrays, lambda a: a if a.ndim else reshape(a, (1,)))


@answers(np.atleast_2d)
def atleast_2d(*arrays: Any) -> Any:
    return _each(arrays, lambda a: a if a.ndim >= 2 else reshape(a, (1, a.size)))


@answers(np.atleast_3d)
def atleast_3d(*arrays: Any) -> Any:
    def raised(a: Any) -> Any:
        return a if a.ndim >= 3 else reshape(a, (1, a.size, 1) if a.ndim < 2 else (*a.shape, 1))

    return _each(arrays, raised)


def _each(arrays: Sequence[Any], function: Any) -> Any:
    results = tuple(function(array(a)) for a in arrays)
    return results[0] if len(results) == 1 else results


@answers(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    axes = axes_of(m.ndim, axis)
    return m[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim))]


@answers(np.flipud)
def _flipud(m: Any) -> Any:
    return flip(m, 0)


@answers(np.fliplr)
def _fliplr(m: Any) -> Any:
    if m.ndim < 2:
        raise ShapeError(f"fliplr needs two axes, not shape {m.shape}: use np.flip")
    return flip(m, 1)


@answers(np.rot90)
def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    i, j = (axis_of(m.ndim, axis) for axis in axes)
    if i == j:
        raise ShapeError(f"rot90 turns a plane: axes={tuple(axes)} are one and the same")
    turns = k % 4
    if turns == 0:
        return m[:]
    if turns == 2:
        return flip(m, (i, j))
    return _swapaxes(flip(m, j), i, j) if turns == 1 else flip(_swapaxes(m, i, j), j)


@answers(np.roll)
def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    a = array(a)
    if axis is None:
        return F.reshape(_roll(F.reshape(a, shape=(a.size,)), shift, 0), shape=a.shape)
    shifts, axes = np.broadcast_arrays(shift, axis)
    out = a
    for by, along_axis in zip(shifts.reshape(-1).tolist(), axes.reshape(-1).tolist(), strict=True):
        i = axis_of(a.ndim, along_axis)
        by = by % a.shape[i] if a.shape[i] else 0
        if by:
            ends = (
                F.getitem(out, pattern=along(i, slice(-by, None))),
                F.getitem(out, pattern=along(i, slice(None, -by))),
            )
            out = F.concatenate(*ends, axis=i)
    return F.copy(a) if out is a else out


@answers(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    counts = tuple(operator.index(n) for n in (reps if isinstance(reps, (tuple, list, np.ndarray)) else (reps,)))
    A = array(A)
    rank = max(A.ndim, len(counts))
    counts = (1,) * (rank - len(counts)) + counts
    sizes = (1,) * (rank - A.ndim) + A.shape
    paired = F.reshape(A, shape=tuple(n for size in sizes for n in (1, size)))
    repeated = F.broadcast_to(paired, shape=tuple(n for pair in zip(counts, sizes, strict=True) for n in pair))
    return F.reshape(repeated, shape=tuple(map(operator.mul, counts, sizes)))


@answers(np.resize)
def _resize(a: Any, new_shape: Any) -> Any:
    a, sizes = array(a), _sizes(new_shape)
    if any(n < 0 for n in sizes):
        raise ShapeError(f"np.resize to {sizes}: expected sizes that are not negative")
    if not a.size:
        return np.zeros(sizes, a.dtype)
    return F.getitem(F.reshape(a, shape=(a.size,)), np.arange(math.prod(sizes)).reshape(sizes) % a.size, pattern=("#",))


@answers(np.repeat)
def _repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    a = array(a)
    if axis is None:
        a, axis = F.reshape(a, shape=(a.size,)), 0
    i = axis_of(a.ndim, axis)
    return F.getitem(a, np.repeat(np.arange(a.shape[i]), repeats), pattern=along(i, "#"))


_COPYING = ("edge", "reflect", "symmetric", "wrap")


@answers(np.pad)
def _pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    widths = pad_widths(array.ndim, pad_width)
    if mode in ("constant", "empty"):
        frame = np.pad(np.zeros(array.shape, array.dtype), widths, "constant", **options)
        inside = tuple(slice(before, before + n) for (before, _), n in zip(widths, array.shape, strict=True))
        return F.set_item(frame, array, pattern=inside)
    if mode not in _COPYING or options.get("reflect_type", "even") != "even":
        raise refuse_option(
            "numpy.pad",
            f"mode={mode!r}" if mode not in _COPYING else "reflect_type='odd'",
            f"use one of {', '.join(('constant', *_COPYING))}, or np.concatenate the parts",
        )
    out = array
    for i, (n, width) in enumerate(zip(array.shape, widths, strict=True)):
        if width != (0, 0):
            if not n:
                raise ShapeError(f"np.pad with mode={mode!r} of shape {array.shape}: axis {i} has nothing to copy")
            # These modes copy components: where from, NumPy says itself when it pads their positions.
            out = F.getitem(out, np.pad(np.arange(n), width, mode), pattern=along(i, "#"))
    return F.copy(array) if out is array else out


def pad_widths(ndim: int, pad_width: Any) -> tuple[tuple[int, int], ...]:
    if isinstance(pad_width, dict):
        widths = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            widths[axis_of(ndim, axis)] = (width, width) if isinstance(width, int) else tuple(width)
        return tuple(widths)
    try:
        pairs = np.broadcast_to(np.asarray(pad_width), (ndim, 2)).tolist()
    except ValueError:
        raise ArgumentError(f"pad_width={pad_width!r:.60} does not give a pair for each of {ndim} axes") from None
    return tuple((operator.index(before), operator.index(after)) for before, after in pairs)


def _neighbours(a: Any, i: int) -> tuple[Any, Any]:
    return F.getitem(a, pattern=along(i, slice(1, None))), F.getitem(a, pattern=along(i, slice(None, -1)))


@answers(np.diff)
def diff(a: Any, n: int = 1, axis: Any = -1, prepend: Any = None, append: Any = None) -> Any:
    a = array(a)
    i = axis_of(a.ndim, axis)
    ends = [
        F.broadcast_to(array(end), shape=(*a.shape[:i], 1, *a.shape[i + 1 :])) if np.ndim(end) == 0 else array(end)
        for end in (prepend, append)
        if end is not None
    ]
    if ends:
        parts = [a, *ends] if prepend is None else [ends[0], a, *ends[1:]]
        a = F.concatenate(*parts, axis=i)
    if n < 0:
        raise ArgumentError(f"diff of order {n}: expected a number that is not negative")
    for _ in range(n):
        later, earlier = _neighbours(a, i)
        a = F.not_equal(later, earlier) if a.dtype == bool else later - earlier
    return a


@answers(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    line = array(ary)
    steps = diff(F.reshape(line, shape=(line.size,)))
    parts = [None if end is None else F.reshape(array(end), shape=(np.size(end),)) for end in (to_begin, to_end)]
    joined = [part for part in (parts[0], steps, parts[1]) if part is not None]
    return F.concatenate(*joined, axis=0) if len(joined) > 1 else steps
