"""Runs a program with NumPy: what kernels are tested against, and what runs where there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chainrule.kernels.program import (
    Fold,
    FoldKind,
    Map,
    Number,
    Operand,
    Product,
    ProductKind,
    Program,
    Section,
    Value,
)
from chainrule.kernels.running.blocks import add_up, chunk_rows
from chainrule.kernels.running.runner import (
    check_guard,
    following,
    looked_at,
    number_of_rows,
    rows_in_front,
    shape_of_result,
)

__all__ = ["Interpreter"]

_Array = np.ndarray[Any, Any]
_Arrays = dict[Value, _Array]


@final
@dataclass(slots=True)
class _State:
    """A call that is under way: all fixed values so far."""

    rows: int
    fixed: _Arrays


@final
class Interpreter:
    """Runs a program section by section with NumPy, the rows of a chunk in bulk."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._constants = {value: np.asarray(array, value.dtype) for value, array in program.constants}

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        program = self.program
        arrays = [np.asarray(array) for array in arrays]
        flat = _common_shape(program, arrays)
        given = [rows_in_front(program, i, array) for i, array in enumerate(arrays)]
        rows = number_of_rows(program, given)
        state = self._begun(given, rows)
        by_row: _Arrays = {value: a for value, a in zip(program.inputs, given, strict=True) if value.by_row}
        by_row |= {value: array for value, array in self._constants.items() if value.by_row}
        for value in program.outputs:
            if value.by_row and value.base not in by_row:
                by_row[value.base] = np.empty((rows, *value.base.shape), value.base.dtype)
        for i, section in enumerate(program.sections):
            if section.by_row:
                self.finish(state, i, self._over_chunks(state, section, by_row, rows))
        self._check(state)
        found = []
        for i, value in enumerate(program.outputs):
            if not value.by_row:
                found.append(looked_at(value, state.fixed[value.base], None).copy())
                continue
            result = np.array(looked_at(value, by_row[value.base], rows)).reshape(
                shape_of_result(program, i, rows, flat)
            )
            axis = program.output_axes[i]
            found.append(result if flat is not None or not axis else np.ascontiguousarray(np.moveaxis(result, 0, axis)))
        return found

    def begin(self, inputs: Sequence[Any], rows: int) -> _State:
        """See `Runner`."""
        fixed = enumerate(inputs)
        return self._begun([None if a is None else rows_in_front(self.program, i, a) for i, a in fixed], rows)

    def totals(self, state: _State, section: int, row_arrays: Sequence[Any]) -> list[_Array]:
        """See `Runner`."""
        given = [None if a is None else rows_in_front(self.program, i, a) for i, a in enumerate(row_arrays)]
        by_row = {value: a for value, a in zip(self.program.inputs, given, strict=True) if a is not None}
        rows = len(next(iter(by_row.values())))
        return self._over_chunks(state, self.program.sections[section], by_row, rows)

    def merge(self, section: int, into: list[_Array], other: list[_Array]) -> list[_Array]:
        """See `Runner`."""
        kinds = [kind for _, kind in self.program.sections[section].totals]
        with np.errstate(all="ignore"):
            return [_JOINED[kind](a, b) for kind, a, b in zip(kinds, into, other, strict=True)]

    def finish(self, state: _State, section: int, totals: list[_Array]) -> None:
        """See `Runner`."""
        with np.errstate(all="ignore"):
            for (value, _), total in zip(self.program.sections[section].totals, totals, strict=True):
                state.fixed[value] = total.astype(value.dtype)
        self._run_fixed(state, section)

    def outputs(self, state: _State) -> list[Any]:
        """See `Runner`."""
        self._check(state)
        return [looked_at(value, state.fixed[value.base], None).copy() for value in self.program.outputs]

    def _begun(self, given: Sequence[Any], rows: int) -> _State:
        fixed: _Arrays = {v: a for v, a in zip(self.program.inputs, given, strict=True) if not v.by_row}
        fixed |= {value: array for value, array in self._constants.items() if not value.by_row}
        if self.program.rows is not None:
            fixed[self.program.rows] = np.asarray(rows, np.int64)
        state = _State(rows, fixed)
        self._run_fixed(state, -1)
        return state

    def _run_fixed(self, state: _State, after: int) -> None:
        for i in following(self.program, after):
            section = self.program.sections[i]
            _Run(state.fixed, {}, None).stages(section)
            for node, operands, value in section.calls:
                values = [_operand(operand, state.fixed, None, None) for operand in operands]
                with np.errstate(all="ignore"):
                    found = node.primitive.evaluate(*values, **node.parameters)
                state.fixed[value] = np.asarray(found, value.dtype).reshape(value.shape)

    def _over_chunks(self, state: _State, section: Section, by_row: _Arrays, rows: int) -> list[_Array]:
        chunk = chunk_rows(self.program, rows)
        found = []
        for first in range(0, max(rows, 1), chunk):
            part = {value: array[first : first + chunk] for value, array in by_row.items()}
            run = _Run(state.fixed, part, min(chunk, rows - first))
            run.totals = {value: _neutral(value, kind) for value, kind in section.totals}
            run.stages(section)
            found.append([run.totals[value] for value, _ in section.totals])
        place = self.program.sections.index(section)

        def merge(into: int, other: int) -> None:
            found[into] = self.merge(place, found[into], found[other])

        add_up(len(found), merge)
        return found[0]

    def _check(self, state: _State) -> None:
        for i, guard in enumerate(self.program.guards):
            check_guard(self.program, i, looked_at(guard.value, state.fixed[guard.value.base], None))


class _Run:
    """One run of a section: fixed, or on a chunk of rows."""

    def __init__(self, fixed: _Arrays, by_row: _Arrays, rows: int | None) -> None:
        self.fixed, self.by_row, self.rows = fixed, by_row, rows
        self.totals: _Arrays = {}
        self._in_memory = set(by_row)  # arrays of the caller's, written in place

    def stages(self, section: Section) -> None:
        kinds = dict(section.totals)
        with np.errstate(all="ignore"):
            for stage in section.stages:
                if isinstance(stage, Product):
                    self._product(stage, kinds)
                else:
                    self._map(stage, kinds)

    def _map(self, stage: Map, kinds: Mapping[Value, FoldKind]) -> None:
        rows = self.rows if stage.by_row else None
        shape = stage.shape if rows is None else (rows, *stage.shape)
        local: _Arrays = {}

        def read(operand: Operand) -> _Array:
            if isinstance(operand, Value) and operand in local:
                return local[operand]
            return _operand(operand, self.fixed, self.by_row, rows, len(stage.shape))

        for step in stage.assignments:
            found = step.primitive.evaluate(*map(read, step.operands), **step.parameters)
            local[step.target] = np.broadcast_to(np.asarray(found).astype(step.target.dtype), shape)
        stored = [(value, local[value]) for value in stage.stores]
        stored += [(out, np.broadcast_to(read(source), shape)) for source, out in stage.copies]
        for value, array in stored:
            self._store(value, array)
        for fold in stage.folds:
            self._fold(fold, np.broadcast_to(read(fold.source), shape), rows, kinds)

    def _fold(self, fold: Fold, source: _Array, rows: int | None, kinds: Mapping[Value, FoldKind]) -> None:
        axes = tuple(fold.axes) if rows is None else tuple(axis + 1 for axis in fold.axes)
        folded = _folded(fold.kind, source, (0, *axes) if fold.over_rows else axes)
        if fold.out in kinds:
            self.totals[fold.out] = _JOINED[kinds[fold.out]](self.totals[fold.out], folded)
        else:
            self._store(fold.out, folded.astype(fold.out.dtype))

    def _product(self, stage: Product, kinds: Mapping[Value, FoldKind]) -> None:
        left = _operand(stage.left, self.fixed, self.by_row, self.rows)
        right = _operand(stage.right, self.fixed, self.by_row, self.rows)
        if stage.kind is ProductKind.OVER_ROWS:
            self.totals[stage.out] = self.totals[stage.out] + left.T @ right
        elif stage.kind is ProductKind.EACH:
            matrices = left if len(stage.left.shape) == 2 else left[:, None, :]
            others = right if len(stage.right.shape) == 2 else right[:, :, None]
            self._store(stage.out, (matrices @ others).reshape(len(left), *stage.out.shape))
        else:
            self._store(stage.out, left @ right)

    def _store(self, value: Value, array: _Array) -> None:
        where = self.by_row if value.by_row else self.fixed
        if value.view is not None:
            rows = self.rows if value.by_row else None
            if value.base not in where:
                shape = value.base.shape if rows is None else (rows, *value.base.shape)
                where[value.base] = np.empty(shape, value.base.dtype)
            looked_at(value, where[value.base], rows)[...] = array
        elif value in self._in_memory:
            where[value][...] = array
        else:
            where[value] = np.array(array, value.dtype, order="C").reshape(array.shape)


def _common_shape(program: Program, arrays: Sequence[_Array]) -> tuple[int, ...] | None:
    """Of the arrays of a flat program: that of this call's."""
    if program.flat is None:
        return None
    return next((a.shape for a, axis in zip(arrays, program.row_axes, strict=True) if axis is not None), program.flat)


def _operand(
    operand: Operand, fixed: _Arrays, by_row: _Arrays | None, rows: int | None, ndim: int | None = None
) -> _Array:
    """The array of an operand; one by row with as many axes after the rows as asked for."""
    if isinstance(operand, Number):
        return np.asarray(operand.value, operand.dtype)
    if not operand.by_row:
        return looked_at(operand, fixed[operand.base], None)
    array = looked_at(operand, (by_row or {})[operand.base], rows)
    if ndim is None:
        return array
    return array.reshape(array.shape[0], *(1,) * (ndim - len(operand.shape)), *operand.shape)


def _neutral(value: Value, kind: FoldKind) -> _Array:
    return np.full(value.shape, kind.neutral(value.dtype), _wide(value.dtype))


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What numbers of a dtype are summed in."""
    return np.dtype(np.float64) if dtype == np.float32 else dtype


def _folded(kind: FoldKind, source: _Array, axes: tuple[int, ...]) -> _Array:
    fold: Any = _JOINED[kind]
    if kind in (FoldKind.MAX, FoldKind.MIN):
        return np.asarray(fold.reduce(source, axis=axes, initial=kind.neutral(source.dtype)))
    dtype = _wide(source.dtype) if source.dtype.kind == "f" else None
    return np.asarray(fold.reduce(source, axis=axes, dtype=dtype))


_JOINED: Mapping[FoldKind, Callable[[Any, Any], Any]] = {
    FoldKind.SUM: np.add,
    FoldKind.PRODUCT: np.multiply,
    FoldKind.MAX: np.maximum,
    FoldKind.MIN: np.minimum,
    FoldKind.ANY: np.logical_or,
    FoldKind.ALL: np.logical_and,
}
