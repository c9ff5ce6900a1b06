"""What runs a program: whole calls, and calls in parts for rows that come in blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from chainrule.core.shapes import Shape
from chainrule.errors import GuardError, ShapeError
from chainrule.kernels.program import Program, Value

__all__ = [
    "Runner",
    "State",
    "check_flat",
    "check_guard",
    "following",
    "looked_at",
    "number_of_rows",
    "rows_in_front",
    "shape_of_result",
]

_Array = np.ndarray[Any, Any]


class State(Protocol):
    """A call that is under way: the fixed values so far."""

    rows: int


class Runner(Protocol):
    """Runs a program on arrays.

    In parts: `begin`, then for each section by row, in order: `totals` of each block of rows, put together by `merge`,
    and `finish`; then `outputs`. The sums of different blocks may be computed at the same time, and elsewhere.
    """

    program: Program

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """The outputs, new arrays, at inputs that have the shapes and dtypes of the program.

        Raises:
            GuardError: a decision that was taken when the graph was traced is another one here.
            ShapeError: an input has another shape or dtype.
        """

    def begin(self, inputs: Sequence[Any], rows: int) -> Any:
        """A call in parts: the fixed inputs (None for one that comes by row), and how many rows there are in all."""

    def totals(self, state: Any, section: int, row_arrays: Sequence[Any]) -> Any:
        """The sums of a section by row over a block of rows: an array for each input by row, None for a fixed one."""

    def merge(self, section: int, into: Any, other: Any) -> Any:
        """The sums of two blocks together; `into` may be used up."""

    def finish(self, state: Any, section: int, totals: Any) -> None:
        """Enter the sums over all rows, and run the fixed sections that follow."""

    def outputs(self, state: Any) -> list[Any]:
        """The results, when all sections are finished. Raises `GuardError` as a whole call does."""


def following(program: Program, section: int) -> list[int]:
    """The fixed sections that follow a section directly; -1 asks for the first ones."""
    found = []
    for i in range(section + 1, len(program.sections)):
        if program.sections[i].by_row:
            break
        found.append(i)
    return found


def rows_in_front(program: Program, place: int, array: Any) -> _Array:
    """The user's array for an input as the program takes it: the rows in front; a view where there can be one.

    Raises:
        ShapeError: it is of another shape or dtype.
    """
    value, axis = program.inputs[place], program.row_axes[place]
    array = np.asarray(array)
    if axis is None:
        shape = array.shape
    elif program.flat is not None:
        array = array.reshape(-1)
        shape = ()
    elif array.ndim:
        array = np.moveaxis(array, axis, 0) if axis else array
        shape = array.shape[1:]
    else:
        raise _unfit(program, value, array)
    if shape != value.shape or array.dtype != value.dtype:
        raise _unfit(program, value, array)
    return array


def check_flat(program: Program, place: int, array: _Array, first: _Array) -> _Array:
    """An argument by row of a flat program.

    Raises:
        ShapeError: it has another dtype than the program, or another shape than the first one.
    """
    if array.dtype != program.inputs[place].dtype or array.shape != first.shape:
        raise _unfit(program, program.inputs[place], array)
    return array


def _unfit(program: Program, value: Value, array: _Array) -> ShapeError:
    rows = "rows of " if value.by_row else ""
    return ShapeError(
        f"{program.name} was compiled for {value.name or 'an argument'} as {rows}{value.shape} {value.dtype}, "
        f"and got {array.shape} {array.dtype}"
    )


def number_of_rows(program: Program, arrays: Sequence[Any]) -> int:
    """How many rows inputs have that `rows_in_front` has seen; 0 where the program has no rows.

    Raises:
        ShapeError: they have different numbers of rows.
    """
    lengths = {len(a) for a, axis in zip(arrays, program.row_axes, strict=True) if axis is not None and a is not None}
    lengths |= {len(array) for value, array in program.constants if value.by_row}
    if len(lengths) > 1:
        raise ShapeError(f"{program.name}: the arrays have different numbers of rows: {sorted(lengths)}")
    return lengths.pop() if lengths else 0


def check_guard(program: Program, place: int, found: Any) -> None:
    """Raise `GuardError` where a decision is another one than when the program was traced."""
    outcome = program.guards[place].outcome
    if type(outcome)(found) != outcome:
        raise GuardError(
            f"{program.name} was traced through a branch taken with {outcome}, "
            f"but at these values it is {type(outcome)(found)}\n  call the function that is not compiled"
        )


def shape_of_result(program: Program, place: int, rows: int, flat: Shape | None) -> Shape:
    """The shape of an output before `output_axes`: with the rows in front, or that of a flat program's arrays."""
    value = program.outputs[place]
    if not value.by_row:
        return value.shape
    if flat is not None and math.prod(flat) == rows:
        return flat
    return (rows, *value.shape)


def looked_at(value: Value, base: _Array, rows: int | None) -> _Array:
    """A value in the memory of its base."""
    view = value.view
    if view is None:
        return base
    base = np.ascontiguousarray(base)
    if not value.size or rows == 0:
        return np.empty(value.shape if rows is None else (rows, *value.shape), value.dtype)
    flat = base.reshape(-1) if rows is None else base.reshape(rows, -1)
    width = base.itemsize
    strides = tuple(stride * width for stride in view.strides)
    if rows is None:
        return np.lib.stride_tricks.as_strided(flat[view.offset :], value.shape, strides)
    return np.lib.stride_tricks.as_strided(flat[:, view.offset :], (rows, *value.shape), (flat.strides[0], *strides))
