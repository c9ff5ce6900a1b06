"""NumPy's functions of order: sort, argsort, partition, searchsorted and the like."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.errors import ShapeError, TraceError
from chainrule.read.arguments import array, axis_of, cast
from chainrule.read.numpy_indexing import take_along_axis

__all__: list[str] = []

F = evaluating


def _line_or_axis(a: Any, axis: Any) -> tuple[Any, int]:
    a = array(a)
    return (F.reshape(a, shape=(a.size,)), 0) if axis is None else (a, axis_of(a.ndim, axis))


@answers(np.sort)
def _sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    a, i = _line_or_axis(a, axis)
    return F.sort(a, axis=i)


@answers(np.argsort)
def _argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    a, i = _line_or_axis(a, axis)
    return F.argsort(a, axis=i)


@answers(np.argpartition)
def _argpartition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
    a, i = _line_or_axis(a, axis)
    places = tuple(operator.index(k) for k in (kth if isinstance(kth, (tuple, list, np.ndarray)) else (kth,)))
    return F.argpartition(a, axis=i, kth=places)


@answers(np.partition)
def _partition(a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None) -> Any:
    a, i = _line_or_axis(a, axis)
    return take_along_axis(a, _argpartition(a, kth, i), i)


@answers(np.searchsorted)
def _searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    line = array(a)
    if line.ndim != 1:
        raise ShapeError(f"searchsorted looks into a sorted vector, not shape {line.shape}")
    if sorter is not None:
        line = F.getitem(line, array(sorter), pattern=("#",))
    return F.searchsorted(line, array(v), side=side)


@answers(np.digitize)
def _digitize(x: Any, bins: Any, right: bool = False) -> Any:
    edges = array(bins)
    if edges.ndim != 1:
        raise ShapeError(f"digitize takes a vector of edges, not shape {edges.shape}")
    side = "left" if right else "right"
    if edges.size > 1 and bool(edges[0] > edges[-1]):
        return edges.size - F.searchsorted(F.getitem(edges, pattern=(slice(None, None, -1),)), array(x), side=side)
    return F.searchsorted(edges, array(x), side=side)


@answers(np.lexsort)
def _lexsort(keys: Any, axis: Any = -1) -> Any:
    """The last key decides, and where it ties the one before it."""
    rows = [array(key) for key in keys]
    if not rows:
        raise ShapeError("np.lexsort of no keys: expected one or more")
    i = axis_of(rows[0].ndim, axis)
    order = F.argsort(rows[0], axis=i)
    for key in rows[1:]:
        order = take_along_axis(order, F.argsort(take_along_axis(key, order, i), axis=i), i)
    return order


@answers(np.sort_complex)
def _sort_complex(a: Any) -> Any:
    a = array(a)
    small = a.dtype.char in "bhBHF"  # NumPy's own choice
    return F.sort(cast(a, np.dtype(np.complex64 if small else np.complex128)), axis=a.ndim - 1)


_SETS = [np.unique, np.intersect1d, np.setdiff1d, np.setxor1d, np.union1d]
_SETS += [np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values]


@answers(*_SETS)
def _set(*_: Any, **__: Any) -> Any:
    raise TraceError(
        "numpy.unique and the sets made with it have no derivative: how many values remain depends on exact ties\n"
        "  find the distinct entries beforehand, from chainrule.value(x), and index with them: x[first_places]"
    )
