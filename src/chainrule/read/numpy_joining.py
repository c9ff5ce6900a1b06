"""NumPy's ways to join arrays and to take them apart: concatenate, stack, split, meshgrid and the like."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.shapes import broadcast_shapes
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import along, array, axis_of, cast, into, read_only_view
from chainrule.read.numpy_shape import atleast_2d, atleast_3d

__all__: list[str] = []

F = evaluating


@answers(np.concatenate)
def concatenate(arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [cast(part, dtype) for part in map(array, arrays)]
    if axis is None:
        parts, axis = [F.reshape(part, shape=(part.size,)) for part in parts], 0
    rank = parts[0].ndim
    for part in parts:
        if part.ndim == 0:
            raise ShapeError("arrays without axes cannot be concatenated: use np.stack for numbers")
        if part.ndim != rank:
            raise ShapeError(
                f"arrays of shapes {', '.join(str(p.shape) for p in parts)} differ in their number of axes"
            )
    i = axis_of(rank, axis)
    if any(part.shape[:i] + part.shape[i + 1 :] != parts[0].shape[:i] + parts[0].shape[i + 1 :] for part in parts):
        raise ShapeError(f"arrays of shapes {', '.join(str(p.shape) for p in parts)} cannot be joined along axis {i}")
    return into(out, F.concatenate(*parts, axis=i), "np.concatenate")


@answers(np.stack)
def stack(arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [cast(part, dtype) for part in map(array, arrays)]
    shape = parts[0].shape
    for part in parts:
        if part.shape != shape:
            raise ShapeError(f"arrays of shapes {shape} and {part.shape} cannot be stacked: the shapes differ")
    return into(out, F.stack(*parts, axis=axis_of(len(shape) + 1, axis)), "np.stack")


@answers(np.vstack)
def _vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return concatenate([atleast_2d(part) for part in tup], 0, dtype=dtype)


@answers(np.hstack)
def _hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [_line(part) for part in tup]
    return concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1, dtype=dtype)


def _line(part: Any) -> Any:
    part = array(part)
    return part if part.ndim else F.reshape(part, shape=(1,))


@answers(np.dstack)
def _dstack(tup: Any) -> Any:
    return concatenate([atleast_3d(part) for part in tup], 2)


@answers(np.column_stack)
def _column_stack(tup: Any) -> Any:
    parts = [array(part) for part in tup]
    return concatenate([p if p.ndim >= 2 else F.reshape(p, shape=(p.size, 1)) for p in parts], 1)


@answers(np.block)
def _block(arrays: Any) -> Any:
    depth = _depth(arrays)
    rank = max(depth, *(np.ndim(leaf) for leaf in _leaves(arrays)))

    def joined(part: Any, level: int) -> Any:
        if not isinstance(part, list):
            part = array(part)
            return F.reshape(part, shape=(1,) * (rank - part.ndim) + part.shape)
        return concatenate([joined(inner, level - 1) for inner in part], -level)

    return joined(arrays, depth)


def _depth(part: Any) -> int:
    if not isinstance(part, list):
        return 0
    depths = {_depth(inner) for inner in part}
    if len(depths) != 1:
        raise ArgumentError("np.block takes lists nested to the same depth everywhere, none of them empty")
    return depths.pop() + 1


def _leaves(part: Any) -> list[Any]:
    return [leaf for inner in part for leaf in _leaves(inner)] if isinstance(part, list) else [part]


@answers(np.append)
def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    return concatenate((arr, values), axis)


@answers(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    ary = array(ary)
    i = axis_of(ary.ndim, axis)
    size = ary.shape[i]
    if np.ndim(indices_or_sections) == 0:
        count = operator.index(indices_or_sections)
        if count < 1:
            raise ArgumentError(f"an array cannot be split into {count} parts")
        least, more = divmod(size, count)
        ends = np.cumsum([0] + [least + (k < more) for k in range(count)]).tolist()
    else:
        ends = [0, *(operator.index(n) for n in indices_or_sections), size]
    return [ary[along(i, slice(a, b))] for a, b in itertools.pairwise(ends)]


@answers(np.split)
def split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Any]:
    if np.ndim(indices_or_sections) == 0:
        size = ary.shape[axis_of(ary.ndim, axis)]
        if size % indices_or_sections:
            raise ShapeError(
                f"an axis of size {size} cannot be split into {indices_or_sections} equal parts\n"
                "  np.array_split allows unequal ones"
            )
    return array_split(ary, indices_or_sections, axis)


@answers(np.hsplit)
def _hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@answers(np.vsplit)
def _vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(ary, indices_or_sections, 0)


@answers(np.dsplit)
def _dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(ary, indices_or_sections, 2)


def _unstack(x: Any, /, *, axis: Any = 0) -> tuple[Any, ...]:
    i = axis_of(x.ndim, axis)
    return tuple(x[along(i, k)] for k in range(x.shape[i]))


if hasattr(np, "unstack"):  # from NumPy 2.1 on
    answers(np.unstack)(_unstack)


@answers(np.broadcast_arrays)
def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    parts = [array(part) for part in args]
    shape = broadcast_shapes(*(part.shape for part in parts))

    def stretched(part: Any) -> Any:
        return F.broadcast_to(part, shape=shape)

    # What is stretched shows a component in several places: NumPy warns of a write into it.
    return tuple(
        part[...] if part.shape == shape else read_only_view(part, stretched(part), stretched, "np.broadcast_arrays")
        for part in parts
    )


def _broadcast(parts: Sequence[Any], shape: tuple[int, ...]) -> list[Any]:
    return [part if part.shape == shape else F.broadcast_to(part, shape=shape) for part in parts]


@answers(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"indexing={indexing!r}: expected 'xy' or 'ij'")
    rank = len(xi)
    places = list(range(rank))
    if indexing == "xy" and rank > 1:
        places[:2] = [1, 0]
    grids = []
    for place, x in zip(places, xi, strict=True):
        line = array(x)
        grids.append(F.reshape(line, shape=(*[1] * place, line.size, *[1] * (rank - 1 - place))))
    if sparse:
        return tuple(grids)
    return tuple(_broadcast(grids, broadcast_shapes(*(grid.shape for grid in grids))))
