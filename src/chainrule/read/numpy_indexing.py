"""NumPy's functions that read and write components: take, diag, tril, select, insert, delete and the like."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from chainrule.core.index import split_index
from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError, ShapeError, TraceError
from chainrule.read.arguments import along, array, axis_of, into, read_only_view

__all__: list[str] = []

F = evaluating


def read(x: Any, index: Any) -> Any:
    """x[index] where x, or an array in the index, may be traced."""
    pattern, arrays = split_index(index, x)
    return F.getitem(x, *arrays, pattern=pattern)


def _line(a: Any) -> Any:
    return F.reshape(a, shape=(a.size,))


@answers(np.take)
def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    a, indices = array(a), array(indices)
    if axis is None:
        a, axis = _line(a), 0
    i = axis_of(a.ndim, axis)
    if indices.dtype == bool:
        indices = indices.astype(np.intp)
    return into(out, read(a, along(i, _in_range(indices, a.shape[i], mode))), "np.take")


def _in_range(indices: Any, size: int, mode: str) -> Any:
    if mode == "clip":
        return np.clip(indices, 0, size - 1)
    if mode == "wrap":
        return np.remainder(indices, size)
    if mode != "raise":
        raise ArgumentError(f"mode={mode!r}: expected 'raise', 'wrap' or 'clip'")
    return indices


def places_along(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The index that takes `indices` along one axis, and each other axis at its own place."""
    return tuple(
        indices if i == axis else np.arange(n).reshape(n, *[1] * (len(shape) - 1 - i)) for i, n in enumerate(shape)
    )


@answers(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    arr, indices = array(arr), array(indices)
    if axis is None:
        return read(_line(arr), _line(indices))
    if arr.ndim != indices.ndim:
        raise ShapeError(f"take_along_axis of shapes {arr.shape} and {indices.shape}: expected as many axes")
    return read(arr, places_along(arr.shape, indices, axis_of(arr.ndim, axis)))


def _writable(target: Any, call: str) -> Any:
    if type(target) is not Traced:
        raise TraceError(
            f"{call} writes a traced value into a plain array: its derivative would be lost\n"
            "  make the array with np.zeros_like(x) of a traced x, or np.stack the parts"
        )
    return target


@answers(np.put_along_axis)
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    target = _writable(arr, "np.put_along_axis")
    if axis is None:
        np.ravel(target)[indices] = values
    else:
        target[places_along(target.shape, array(indices), axis_of(target.ndim, axis))] = values


@answers(np.copyto)
def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    target = _writable(dst, "np.copyto, np.full or np.full_like")
    target[...] = src if where is True else F.where(where, src, target)


@answers(np.putmask)
def _putmask(a: Any, /, mask: Any, values: Any) -> None:
    target, values = _writable(a, "np.putmask"), array(values)
    mask = array(mask)
    if values.ndim and values.shape != target.shape:
        repeated = np.resize(np.arange(values.size), target.size).reshape(target.shape)
        values = read(_line(values), repeated)
    target[...] = F.where(mask, values, target)


@answers(np.put)
def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    target = _writable(a, "np.put")
    places = _in_range(np.ravel(array(ind)), target.size, mode)
    if places.size:
        target.flat[places] = np.resize(array(v), places.shape)


@answers(np.place)
def _place(arr: Any, mask: Any, vals: Any) -> None:
    target, (places,) = _writable(arr, "np.place"), nonzero(_line(array(mask)))
    if places.size:
        if not np.size(vals):
            raise ArgumentError("np.place with no values for the places of the mask")
        target.flat[places] = np.resize(array(vals), places.shape)


@answers(np.fill_diagonal)
def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    target = _writable(a, "np.fill_diagonal")
    if target.ndim < 2 or (target.ndim > 2 and len(set(target.shape)) > 1) or wrap:
        raise ArgumentError(f"fill_diagonal of shape {target.shape}: expected a matrix, or equal sizes, without wrap")
    places = np.arange(min(target.shape))
    target[(places,) * target.ndim] = val


@answers(np.diagonal)
def diagonal(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Any:
    if a.ndim < 2:
        raise ShapeError(f"a diagonal needs two axes, not shape {a.shape}")
    i, j = axis_of(a.ndim, axis1), axis_of(a.ndim, axis2)
    if i == j:
        raise ShapeError(f"a diagonal needs two different axes, not axis1={axis1} and axis2={axis2}")
    rest = [axis for axis in range(a.ndim) if axis not in (i, j)]
    places = np.arange(max(0, min(a.shape[i] + min(offset, 0), a.shape[j] - max(offset, 0))))

    def taken(base: Any) -> Any:
        if rest or i > j:
            base = F.transpose(base, axes=(*rest, i, j))
        pattern = (*[slice(None)] * len(rest), "#", "#")
        return F.getitem(base, places - min(offset, 0), places + max(offset, 0), pattern=pattern)

    return read_only_view(a, taken(a), taken, "np.diagonal")


@answers(np.diag)
def _diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(f"diag takes a vector or a matrix, not shape {v.shape}")
    square, n = F.einsum(v, subscripts="i->ii"), v.size
    if not k:
        return square
    beside, below = np.zeros((n, abs(k)), v.dtype), np.zeros((abs(k), n + abs(k)), v.dtype)
    row = F.concatenate(beside, square, axis=1) if k > 0 else F.concatenate(square, beside, axis=1)
    return F.concatenate(row, below, axis=0) if k > 0 else F.concatenate(below, row, axis=0)


@answers(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Any:
    return _diag(_line(v), k)


@answers(np.tril)
def _tril(m: Any, k: int = 0) -> Any:
    return F.where(np.tri(*_plane(m), k=k, dtype=bool), m, 0)


@answers(np.triu)
def _triu(m: Any, k: int = 0) -> Any:
    return F.where(np.tri(*_plane(m), k=k - 1, dtype=bool), 0, m)


def _plane(m: Any) -> tuple[int, int]:
    """The sizes of the last two axes; a vector stands for a matrix with that vector in each row."""
    if m.ndim == 0:
        raise ShapeError("a triangle needs a matrix, not a number")
    return (m.shape[-2], m.shape[-1]) if m.ndim > 1 else (m.size, m.size)


@answers(np.nonzero)
def nonzero(a: Any) -> tuple[Any, ...]:
    if a.ndim == 0:
        raise ShapeError("nonzero needs at least one axis: use np.atleast_1d(x)")
    return tuple(F.nonzero(a, axis=i) for i in range(a.ndim))


@answers(np.flatnonzero)
def _flatnonzero(a: Any) -> Any:
    return F.nonzero(_line(array(a)), axis=0)


@answers(np.argwhere)
def _argwhere(a: Any) -> Any:
    return F.stack(*nonzero(a), axis=1)


@answers(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    a = array(a)
    if axis is None:
        a, axis = _line(a), 0
    chosen = F.nonzero(array(condition), axis=0)
    return into(out, F.getitem(a, chosen, pattern=along(axis_of(a.ndim, axis), "#")), "np.compress")


@answers(np.extract)
def _extract(condition: Any, arr: Any) -> Any:
    return compress(_line(array(condition)), arr)


@answers(np.choose)
def _choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    count = len(choices)
    chosen = _in_range(array(a), count, mode)
    if mode == "raise" and not bool(np.all((chosen >= 0) & (chosen < count))):
        raise ArgumentError(f"choose: an index is not among the {count} choices")
    result = choices[count - 1]
    for k in range(count - 2, -1, -1):
        result = F.where(F.equal(chosen, k), choices[k], result)
    return into(out, result, "np.choose")


@answers(np.delete)
def _delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    arr = array(arr)
    if axis is None:
        arr, axis = _line(arr), 0
    i = axis_of(arr.ndim, axis)
    return F.getitem(arr, np.delete(np.arange(arr.shape[i]), obj), pattern=along(i, "#"))


@answers(np.insert)
def _insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    arr, values = array(arr), array(values)
    if axis is None:
        arr, axis = _line(arr), 0
    i = axis_of(arr.ndim, axis)
    n = arr.shape[i]
    values = F.reshape(values, shape=(1,) * (arr.ndim - values.ndim) + values.shape)
    if isinstance(obj, (int, np.integer)):
        # NumPy lets a single position take a whole slice of rows, with the axis of the rows in front.
        values = np.moveaxis(values, 0, i)
        count = values.shape[i]
        order = np.insert(np.arange(n), obj, n + np.arange(count))
    else:
        count = len(np.arange(n)[obj]) if isinstance(obj, slice) else np.size(np.arange(n)[obj])
        order = np.insert(np.arange(n), obj, n + np.arange(count))
    added = F.broadcast_to(values, shape=(*arr.shape[:i], count, *arr.shape[i + 1 :]))
    return F.getitem(F.concatenate(arr, F.cast_like(added, arr), axis=i), order, pattern=along(i, "#"))


@answers(np.trim_zeros)
def _trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """The part without the zeros at its ends; that it is this part is a guard of the graph."""
    filt = array(filt)
    axes = range(filt.ndim) if axis is None else [axis_of(filt.ndim, i) for i in np.atleast_1d(axis).tolist()]
    full = F.not_equal(filt, 0.0)
    for i in axes:
        others = tuple(k for k in range(filt.ndim) if k != i)
        line = F.any(full, axis=others, keepdims=False) if others else full
        n = line.shape[0]
        if not n or not bool(np.any(line)):
            return F.getitem(filt, pattern=along(i, slice(0, 0)))
        start = operator.index(np.argmax(line)) if "f" in trim.lower() else 0
        stop = n - operator.index(np.argmax(line[::-1])) if "b" in trim.lower() else n
        filt = F.getitem(filt, pattern=along(i, slice(start, stop)))
        full = F.getitem(full, pattern=along(i, slice(start, stop)))
    return filt


@answers(np.ix_)
def _ix(*args: Any) -> tuple[Any, ...]:
    lines = [array(part) for part in args]
    if any(line.ndim != 1 for line in lines):
        raise ShapeError(f"np.ix_ of shapes {', '.join(str(line.shape) for line in lines)}: expected vectors")
    lines = [nonzero(line)[0] if line.dtype == bool else line for line in lines]
    return tuple(F.reshape(line, shape=(*[1] * k, -1, *[1] * (len(lines) - 1 - k))) for k, line in enumerate(lines))


@answers(np.unravel_index)
def _unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    rest, sizes = array(indices), tuple(int(n) for n in np.atleast_1d(shape))
    if not bool(np.all((rest >= 0) & (rest < int(np.prod(sizes))))):
        raise ArgumentError(f"np.unravel_index: an index is out of bounds for shape {sizes}")
    places = []
    for n in reversed(sizes) if order == "C" else sizes:
        places.append(rest % n)
        rest = rest // n
    return tuple(reversed(places) if order == "C" else places)


@answers(np.ravel_multi_index)
def _ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    sizes = tuple(int(n) for n in np.atleast_1d(dims))
    modes = mode if isinstance(mode, tuple) else (mode,) * len(sizes)
    place, step = 0, 1
    rows = list(zip(multi_index, sizes, modes, strict=True))
    for index, n, how in reversed(rows) if order == "C" else rows:
        if how == "raise" and not bool(np.all((array(index) >= 0) & (array(index) < n))):
            raise ArgumentError(f"np.ravel_multi_index: an index is out of bounds for shape {sizes}")
        place = place + _in_range(array(index), n, how) * step
        step *= n
    return place
