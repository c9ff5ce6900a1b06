"""A map as loops: operands are read once for each vector, values stay in registers, folds are carried by the loops.

Every value is computed in the outermost loop that its operands allow: a fixed operand is read before the loop over the
rows, and what does not depend on the folded axes before the loops over these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from math import prod
from typing import Any, final

import llvmlite.ir as ir
import numpy as np

from chainrule.kernels.codegen import Context, Loop, Place, at, constant, index, load, loop, splat, store
from chainrule.kernels.llvm.folds import across_lanes, combined, converted, neutral
from chainrule.kernels.llvm.lanes import Lanes, first_lanes, known_lanes, read, write
from chainrule.kernels.llvm.layout import wide_dtype
from chainrule.kernels.llvm.nest import Access, Nest, nest_of
from chainrule.kernels.lowering import lower
from chainrule.kernels.program import Assignment, Fold, Map, Number, Operand, Value

__all__ = ["emit_map"]

_LONG = 64  # components: a float32 fold of more of them is kept in float64


class _Level(IntEnum):
    """Where something is computed: once for a kept component, for each vector, for each folded component."""

    OUTSIDE = 0
    VECTOR = 1
    INNER = 2


def emit_map(
    context: Context, stage: Map, place: Callable[[Value], Place], exact: bool, along_items: bool = False
) -> None:
    """Write the loops of a map.

    Args:
        context: of the section function.
        stage: the map.
        place: where it finds its values: by-row ones with the row innermost.
        exact: whether some array ends with the last row, so that vectors must not reach beyond it; else all memory
            has room up to a full strip.
        along_items: whether vectors run along the last axis of each row, and not along the rows.
    """
    lanes = _lanes(stage, context.width)
    nest = nest_of(stage, place, lanes, along_items)
    if 0 in nest.kept or (nest.along == 0 and not nest.along_folded):
        return
    _Writer(context, stage, nest, lanes if nest.along is None else _fitting(nest, lanes), exact).write()


def _lanes(stage: Map, width: int) -> int:
    """As many as fill a register with the widest floating numbers of the map."""
    dtypes = [step.target.dtype for step in stage.assignments]
    dtypes += [operand.dtype for step in stage.assignments for operand in step.operands]
    dtypes += [fold.source.dtype for fold in stage.folds] + [source.dtype for source, _ in stage.copies]
    widest = max((d.itemsize for d in dtypes if d.kind == "f"), default=0)
    return width // (widest or max([d.itemsize for d in dtypes if d.kind != "b"], default=8))


def _fitting(nest: Nest, lanes: int) -> int:
    """No more lanes than a short axis has components, up to a power of two."""
    assert nest.along is not None
    return min(lanes, 1 << max(0, nest.along - 1).bit_length())


@final
@dataclass(slots=True)
class _Writer:
    context: Context
    stage: Map
    nest: Nest
    lanes: int
    exact: bool
    levels: dict[Value, _Level] = field(default_factory=dict)
    pointers: dict[Value, ir.Value] = field(default_factory=dict)
    scalars: dict[Value, ir.Value] = field(default_factory=dict)
    across: list[Fold] = field(default_factory=list)
    totals: dict[Value, np.dtype[Any]] = field(default_factory=dict)
    names: dict[Value, str] = field(default_factory=dict)

    def write(self) -> None:
        """The whole nest."""
        for value, access in self.nest.reads.items():
            inner = any(access.folded)
            self.levels[value] = _Level.INNER if inner else _Level.VECTOR if access.along else _Level.OUTSIDE
        for step in self.stage.assignments:
            known = [self.levels[o] for o in step.operands if isinstance(o, Value)]
            self.levels[step.target] = max(known, default=_Level.OUTSIDE)
        self.across = [
            fold for fold in self.stage.folds if (fold.over_rows if self.stage.by_row else self.nest.along_folded)
        ]
        if self.stage.by_row:
            self.totals = {fold.out: _wide(fold) for fold in self.across}
        builder = self.context.builder
        with ExitStack() as loops:
            sizes = [self.context.count if size is None else size for size in self.nest.kept]
            indices = [loops.enter_context(loop(builder, 0, size, name="k")).index for size in sizes]
            self._kept_component(indices)

    # One component of the kept axes

    def _kept_component(self, indices: Sequence[ir.Value]) -> None:
        builder = self.context.builder
        offsets: dict[tuple[int, ...], ir.Value | int] = {}
        for access in [*self.nest.reads.values(), *self.nest.writes.values()]:
            self.pointers[access.value] = self._moved(access.place.pointer, access, access.kept, indices, offsets)
        for value in self.nest.reads:
            if self.levels[value] is _Level.OUTSIDE:
                self.scalars[value] = load(builder, self.pointers[value], value.dtype)
        alone = Lanes(index(0), 0, 1, values=self.scalars)
        self._assign(alone, _Level.OUTSIDE)
        so_far = self._along_vectors()
        for fold, vector in zip(self.across, so_far, strict=True):
            self._fold_is_done(fold, vector)

    def _moved(
        self,
        pointer: ir.Value,
        access: Access,
        strides: tuple[int, ...],
        indices: Sequence[ir.Value],
        offsets: dict[tuple[int, ...], ir.Value | int],
    ) -> ir.Value:
        """A pointer moved by strides; equal strides share their sum."""
        builder = self.context.builder
        if strides not in offsets:
            total: ir.Value | int = 0
            for stride, i in zip(strides, indices, strict=True):
                if stride:
                    step = i if stride == 1 else builder.mul(i, index(stride), flags=["nsw"])
                    total = step if isinstance(total, int) else builder.add(total, step, flags=["nsw"])
            offsets[strides] = total
        return at(builder, pointer, self.totals.get(access.value, access.value.dtype), offsets[strides])

    # The axis of the vectors

    def _along_vectors(self) -> list[ir.Value]:
        """Run along the axis; what is folded over it comes back in the lanes of one vector for each fold."""
        builder = self.context.builder
        unrolled = self._unrolled()
        step = self.lanes * unrolled
        start = [neutral(fold.kind, _wide(fold), self.lanes) for _ in range(unrolled) for fold in self.across]
        if self.nest.along is None:
            count = self.context.count
            end = builder.and_(count, index(-step), name="full") if self._ends_exactly() else count
            with loop(builder, 0, end, step, start, name="row") as rows:
                rows.next = self._vectors(self._pass(rows.index, unrolled), rows.carried)
            so_far = self._joined(rows.results)
            if end is count:
                return so_far
            with loop(builder, end, count, self.lanes, so_far, name="last") as rows:
                mask = first_lanes(builder, builder.sub(count, rows.index), self.lanes)
                last = Lanes(rows.index, 0, self.lanes, mask=None if self.lanes == 1 else mask)
                rows.next = self._vectors([last], rows.carried)
            return rows.results
        return self._along_known(self.nest.along, unrolled, start)

    def _along_known(self, size: int, unrolled: int, so_far: list[ir.Value]) -> list[ir.Value]:
        """The same along an axis of known length: a loop, the vectors that are left, and a part of one."""
        step = self.lanes * unrolled
        full = size - size % step
        if full > step:
            with loop(self.context.builder, 0, full, step, so_far, name="i") as along:
                along.next = self._vectors(self._pass(along.index, unrolled), along.carried)
            so_far = along.results
        elif full:
            so_far = self._vectors(self._pass(index(0), unrolled), so_far)
        left = (size - full) // self.lanes
        if left:
            vectors = [Lanes(index(full), i * self.lanes, self.lanes) for i in range(left)]
            used = left * len(self.across)
            so_far = self._vectors(vectors, so_far[:used]) + so_far[used:]
        so_far = self._joined(so_far)
        rest = size - full - left * self.lanes
        if rest:
            lanes = self.lanes if self.across else 1 << (rest - 1).bit_length()
            mask = None
            if lanes != rest:
                mask = known_lanes(rest, lanes)
            last = Lanes(index(full + left * self.lanes), 0, lanes, rest, mask)
            so_far = self._vectors([last], so_far)
        return so_far

    def _unrolled(self) -> int:
        """Several vectors at a time where there is little to do for each: loops cost, and sums wait for each other."""
        weight = len(self.stage.assignments) + len(self.stage.folds)
        most = 2 if weight <= 2 else 1
        if self.stage.folds:
            most = 4 if weight <= 3 else 2 if weight <= 8 else 1
        if self.nest.along is None:
            return min(most, max(1, (self.context.strip or 64) // self.lanes))
        return min(most, max(1, self.nest.along // self.lanes))

    def _ends_exactly(self) -> bool:
        return self.exact or bool(self.across)

    def _pass(self, start: ir.Value, unrolled: int) -> list[Lanes]:
        return [Lanes(start, i * self.lanes, self.lanes) for i in range(unrolled)]

    def _joined(self, so_far: Sequence[ir.Value]) -> list[ir.Value]:
        """The vectors of an unrolled loop put together, for each fold."""
        found = []
        for i, fold in enumerate(self.across):
            vectors = list(so_far[i :: len(self.across)])
            while len(vectors) > 1:
                half = len(vectors) // 2
                vectors = [
                    combined(self.context.builder, fold.kind, _wide(fold), vectors[j], vectors[j + half])
                    for j in range(half)
                ] + vectors[2 * half :]
            found.append(vectors[0])
        return found

    def _fold_is_done(self, fold: Fold, vector: ir.Value) -> None:
        builder = self.context.builder
        wide = _wide(fold)
        total = across_lanes(builder, fold.kind, wide, vector, self.lanes)
        pointer = self.pointers[fold.out]
        if self.stage.by_row:
            before = load(builder, pointer, wide)
            store(builder, combined(builder, fold.kind, wide, before, total), pointer, wide)
        else:
            store(builder, converted(builder, total, wide, fold.out.dtype, 1), pointer, fold.out.dtype)

    # Some vectors

    def _vectors(self, vectors: Sequence[Lanes], carried: Sequence[ir.Value]) -> list[ir.Value]:
        """All that is computed for some vectors; what is carried for each of them comes back with them in it."""
        builder = self.context.builder
        for lanes in vectors:
            self._read(lanes, _Level.VECTOR, self.pointers)
            self._assign(lanes, _Level.VECTOR)
        folded = self._inner_loops(vectors) if self.nest.folded else self._inner(vectors, self.pointers, None)
        found: list[ir.Value] = []
        waiting = iter(carried)
        values = iter(folded)
        for lanes in vectors:
            for fold in self.stage.folds:
                value, dtype = next(values), self._inner_dtype(fold)
                if fold in self.across:
                    value = converted(builder, value, dtype, _wide(fold), lanes.count)
                    if lanes.mask is not None:
                        value = builder.select(lanes.mask, value, neutral(fold.kind, _wide(fold), lanes.count))
                    found.append(combined(builder, fold.kind, _wide(fold), next(waiting), value))
                else:
                    value = converted(builder, value, dtype, fold.out.dtype, lanes.count)
                    self._write(lanes, self.nest.writes[fold.out], self.pointers[fold.out], value)
        return found

    def _inner_loops(self, vectors: Sequence[Lanes]) -> list[ir.Value]:
        """The folded axes; the folds of each vector come back."""
        builder = self.context.builder
        start = [
            neutral(fold.kind, self._inner_dtype(fold), lanes.count) for lanes in vectors for fold in self.stage.folds
        ]
        made: list[Loop] = []
        with ExitStack() as loops:
            for size in self.nest.folded:
                carried = made[-1].carried if made else start
                made.append(loops.enter_context(loop(builder, 0, size, carried=carried, name="j")))
            offsets: dict[tuple[int, ...], ir.Value | int] = {}
            pointers = {
                access.value: self._moved(
                    self.pointers[access.value], access, access.folded, [each.index for each in made], offsets
                )
                for access in [*self.nest.reads.values(), *self.nest.writes.values()]
                if any(access.folded)
            }
            results = self._inner(vectors, self.pointers | pointers, made[-1].carried)
            for outer, nested in pairwise(made):
                outer.next = nested.results
            made[-1].next = results
        return made[0].results

    def _inner(
        self, vectors: Sequence[Lanes], pointers: dict[Value, ir.Value], carried: Sequence[ir.Value] | None
    ) -> list[ir.Value]:
        """What is computed for each component of the folded axes."""
        builder = self.context.builder
        found = []
        waiting = iter(carried or ())
        for lanes in vectors:
            if carried is not None:
                self._read(lanes, _Level.INNER, pointers)
                self._assign(lanes, _Level.INNER)
            copies = [(value, value) for value in self.stage.stores]
            for source, out in [*copies, *self.stage.copies]:
                self._write(lanes, self.nest.writes[out], pointers[out], self._value(lanes, source))
            for fold in self.stage.folds:
                dtype = self._inner_dtype(fold)
                value = converted(builder, self._value(lanes, fold.source), fold.source.dtype, dtype, lanes.count)
                found.append(value if carried is None else combined(builder, fold.kind, dtype, next(waiting), value))
        return found

    def _inner_dtype(self, fold: Fold) -> np.dtype[Any]:
        return _wide(fold) if prod(self.nest.folded) > _LONG else fold.out.dtype

    # Operands

    def _read(self, lanes: Lanes, level: _Level, pointers: dict[Value, ir.Value]) -> None:
        builder = self.context.builder
        for value, access in self.nest.reads.items():
            if self.levels[value] is level:
                pointer = lanes.at(builder, pointers[value], value.dtype, access.along)
                lanes.values[value] = read(builder, pointer, value.dtype, access.along, lanes)

    def _assign(self, lanes: Lanes, level: _Level) -> None:
        for step in self.stage.assignments:
            if self.levels[step.target] is level:
                lanes.values[step.target] = self._computed(step, lanes)

    def _computed(self, step: Assignment, lanes: Lanes) -> ir.Value:
        # As Python's own number: NumPy's of float32 is none of its kind.
        operands = [
            np.asarray(o.value).item() if isinstance(o, Number) else self._value(lanes, o) for o in step.operands
        ]
        shown = (str(o.value) if isinstance(o, Number) else self._name(o) for o in step.operands)
        self.context.builder.comment(f"{self._name(step.target)} = {step.primitive.name}({', '.join(shown)})")
        dtype = step.operands[-1].dtype  # the first one may be a condition
        return lower(self.context.builder, step.primitive, operands, step.parameters, dtype, lanes.count)

    def _value(self, lanes: Lanes, operand: Operand) -> ir.Value:
        if isinstance(operand, Number):
            return constant(operand.value, operand.dtype, lanes.count)
        if operand in lanes.values:
            return lanes.values[operand]
        return splat(self.context.builder, self.scalars[operand], lanes.count)

    def _name(self, value: Value) -> str:
        """What comments call a value: the name of the user, or a number."""
        if value not in self.names:
            self.names[value] = value.name or f"v{1 + sum(not known.name for known in self.names)}"
        return self.names[value]

    def _write(self, lanes: Lanes, access: Access, pointer: ir.Value, value: ir.Value) -> None:
        builder = self.context.builder
        dtype = access.value.dtype
        write(builder, value, lanes.at(builder, pointer, dtype, access.along), dtype, access.along, lanes)


def _wide(fold: Fold) -> np.dtype[Any]:
    return wide_dtype(fold.kind, fold.out.dtype)
