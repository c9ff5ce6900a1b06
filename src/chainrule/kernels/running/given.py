"""Arguments as kernels read them: in C order with the rows in front, copied only where they are not.

What is small is copied whole. Of a large array one chunk of rows at a time is copied, so that memory stays small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chainrule.core.shapes import Shape
from chainrule.kernels.program import Program
from chainrule.kernels.running.runner import check_flat, number_of_rows, rows_in_front

__all__ = ["Given", "RowArray", "as_given"]

_SMALL = 4 * 2**20  # bytes, up to which a copy of the whole is no matter

_Array = np.ndarray[Any, Any]


@final
@dataclass(frozen=True, slots=True)
class RowArray:
    """An argument.

    Attributes:
        array: the rows in front if it is by row; or, with `by_component`, an array whose components in C order are the
            rows.
        plain: whether a kernel can read it where it lies.
        by_component: of an array of several axes that cannot be seen as one.
    """

    array: _Array
    plain: bool = True
    by_component: bool = False

    def part(self, first: int, last: int) -> _Array:
        """Some rows, which may be copied on the way."""
        return self.array.flat[first:last] if self.by_component else self.array[first:last]


@final
@dataclass(frozen=True, slots=True)
class Given:
    """All arguments of a call.

    Attributes:
        arrays: for each input; None where there is none in this part of a call.
        rows: how many rows those by row have.
        shape: in which the results of a flat program have to be made.
        back: the axes that bring such results to the shape of the arguments; None where nothing is to be done.
    """

    arrays: list[RowArray | None]
    rows: int
    shape: Shape | None = None
    back: tuple[int, ...] | None = None


def as_given(program: Program, arrays: Sequence[Any]) -> Given:
    """Arguments for a program.

    Raises:
        ShapeError: they are of other shapes or dtypes.
    """
    by_row = [i for i, value in enumerate(program.inputs) if value.by_row and arrays[i] is not None]
    if program.flat is not None and by_row:
        first = np.asarray(arrays[by_row[0]])
        several = [check_flat(program, i, np.asarray(arrays[i]), first) for i in by_row]
        flat, shape, back = _flattened(several)
        rest = [None if i in by_row else a for i, a in enumerate(arrays)]
        found = _in_front(program, rest)
        for i, array in zip(by_row, flat, strict=True):
            found[i] = array
        return Given(found, math.prod(shape), shape, back)
    found = _in_front(program, arrays)
    return Given(found, number_of_rows(program, [None if a is None else a.array for a in found]))


def _in_front(program: Program, arrays: Sequence[Any]) -> list[RowArray | None]:
    found: list[RowArray | None] = []
    for i, (value, array) in enumerate(zip(program.inputs, arrays, strict=True)):
        if array is None:
            found.append(None)
            continue
        array = rows_in_front(program, i, array)
        if _is_plain(array):
            found.append(RowArray(array))
        elif not value.by_row or array.nbytes <= _SMALL:
            found.append(RowArray(np.array(array, order="C")))
        else:
            found.append(RowArray(array, plain=False))
    return found


def _flattened(arrays: Sequence[_Array]) -> tuple[list[RowArray], Shape, tuple[int, ...] | None]:
    """Arrays of one shape as rows of numbers, all in the same order; see `Given`."""
    first = arrays[0]
    if all(_is_plain(array) for array in arrays):
        return [RowArray(array.reshape(-1)) for array in arrays], first.shape, None
    # As NumPy does it, results lie in memory as the arguments do: no need to copy what is in Fortran order.
    order = sorted(range(first.ndim), key=lambda axis: (-abs(first.strides[axis]), axis))
    turned = [array.transpose(order) for array in arrays]
    if not all(_is_plain(array) for array in turned) and first.nbytes <= _SMALL:
        turned = [np.array(array, order="C") for array in turned]
    back = tuple(sorted(range(len(order)), key=order.__getitem__))
    return [_one_axis(array) for array in turned], turned[0].shape, None if back == tuple(range(len(order))) else back


def _one_axis(array: _Array) -> RowArray:
    if _is_plain(array):
        return RowArray(array.reshape(-1))
    return RowArray(array, plain=False, by_component=array.ndim > 1)


def _is_plain(array: _Array) -> bool:
    return bool(array.flags.c_contiguous and array.flags.aligned)
