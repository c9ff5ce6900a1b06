"""A section as a function: the stages one after the other, for every strip of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import llvmlite.ir as ir
import numpy as np

from chainrule.kernels.codegen import BYTE, INDEX, POINTER, Context, Place, at, index, loop
from chainrule.kernels.llvm.layout import Layout, pitch, reads, runs_along_items, writes
from chainrule.kernels.llvm.maps import emit_map
from chainrule.kernels.llvm.packing import pack, unpack
from chainrule.kernels.llvm.totals import at_byte, start_totals
from chainrule.kernels.products import emit_product, shares
from chainrule.kernels.program import Map, Program, Stage, Value

__all__ = ["emit_section"]

_SIGNATURE = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, POINTER, POINTER, INDEX, INDEX])


def emit_section(
    module: ir.Module, program: Program, layout: Layout, number: int, width: int
) -> tuple[ir.Function, int]:
    """Write `section_<i>(arrays, fixed, scratch, totals, first, last)`.

    Returns:
        The function, and how many bytes of scratch memory it needs.
    """
    section = program.sections[number]
    function = ir.Function(module, _SIGNATURE, f"section_{number}")
    function.attributes.add("noinline")  # `whole` calls it: a copy there would take as long to compile again
    for argument, name in zip(function.args, ("arrays", "fixed", "scratch", "totals", "first", "last"), strict=True):
        argument.name = name
    arrays, fixed, scratch, totals, first, last = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    areas = _Areas(builder, layout, number, section.strip, arrays, fixed, scratch, totals)
    areas.take([value for stage in section.stages for value in (*reads(stage), *writes(stage))])
    memory = layout.sections[number]
    context = Context(module, builder, width, section.strip, index(1), areas.place, scratch, taken=memory.scratch_bytes)
    if not section.by_row:
        for stage in section.stages:
            context.begin_stage()
            _stage(context, areas, stage)
    else:
        start_totals(context, program, layout, number, totals)
        if memory.whole_range:
            areas.stand_at(first)
            context.count = builder.sub(last, first, name="count")
            _stage(context, areas, section.stages[0])
        else:
            with loop(builder, first, last, section.strip, name="strip") as strips:
                areas.stand_at(strips.index)
                left = builder.sub(last, strips.index)
                short = builder.icmp_signed("<", left, index(section.strip))
                context.shares = shares(section.stages, areas.is_array)
                context.count = builder.select(short, left, index(section.strip), name="count")
                for moment, stage in enumerate(section.stages):
                    context.begin_stage()
                    for value in memory.pack_before.get(moment, ()):
                        pack(context, value, areas.place(value), areas.packed(value))
                    _stage(context, areas, stage)
                    for value in memory.unpack_after.get(moment, ()):
                        unpack(context, value, areas.place(value), areas.packed(value))
    builder.ret_void()
    return function, memory.scratch_bytes + context.temporary


def _stage(context: Context, areas: _Areas, stage: Stage) -> None:
    if isinstance(stage, Map):
        context.builder.comment(_described(stage))
        along_items = runs_along_items(stage, areas.layout.slots)
        place = areas.place if along_items else areas.packed
        emit_map(context, stage, place, areas.is_exact(stage), along_items)
    else:
        context.builder.comment(f"product ({stage.kind.value}): {stage.left!r} @ {stage.right!r} -> {stage.out!r}")
        emit_product(context, stage)


def _described(stage: Map) -> str:
    steps = ", ".join(step.primitive.name for step in stage.assignments) or "copies"
    folds = ", ".join(fold.kind.value + (" over rows" if fold.over_rows else "") for fold in stage.folds)
    return f"map {stage.shape}{' by row' if stage.by_row else ''}: {steps}{f'; {folds}' if folds else ''}"


@final
@dataclass(slots=True)
class _Areas:
    """Where the values of a section lie, for the strip whose code is being written."""

    builder: ir.IRBuilder
    layout: Layout
    number: int
    strip: int
    arrays: ir.Value
    fixed: ir.Value
    scratch: ir.Value
    totals: ir.Value
    bases: dict[Value, ir.Value] = field(default_factory=dict)
    rows: dict[Value, ir.Value] = field(default_factory=dict)
    copies: dict[Value, ir.Value] = field(default_factory=dict)

    def take(self, values: list[Value]) -> None:
        """Find the memory of the values that the section touches, once."""
        builder = self.builder
        memory = self.layout.sections[self.number]
        for value in dict.fromkeys(values):
            name = value.name if value.name.isidentifier() else "value"
            if value in memory.totals:
                self.bases[value] = at_byte(builder, self.totals, memory.totals[value])
            elif value in self.layout.slots:
                slot = builder.gep(self.arrays, [index(self.layout.slots[value])], source_etype=POINTER)
                self.bases[value] = builder.load(slot, typ=POINTER, name=name)
            elif value.by_row:
                self.bases[value] = at_byte(builder, self.scratch, memory.scratch[value])
            else:
                self.bases[value] = at_byte(builder, self.fixed, self.layout.fixed[value])
            if value in memory.packed:
                self.copies[value] = at_byte(builder, self.scratch, memory.packed[value])

    def stand_at(self, row: ir.Value) -> None:
        """Let the places of arrays by row begin at a row."""
        for value, base in self.bases.items():
            if self.is_array(value):
                size = value.size * value.dtype.itemsize
                self.rows[value] = self.builder.gep(
                    base, [self.builder.mul(row, index(size), flags=["nsw"])], inbounds=True, source_etype=BYTE
                )

    def is_array(self, value: Value) -> bool:
        """Whether a value is by row and in memory of the caller, which ends with the last row."""
        return value.by_row and value in self.layout.slots

    def is_exact(self, stage: Map) -> bool:
        """Whether a map works on memory that ends with the last row."""
        return any(self.is_array(value) and value not in self.copies for value in (*reads(stage), *writes(stage)))

    def place(self, value: Value) -> Place:
        """Where a value lies."""
        base = value.base
        if not base.by_row:
            return self._viewed(value, self.bases[base], 0, 1)
        if base in self.layout.slots:
            return self._viewed(value, self.rows[base], base.size, 1)
        return self._viewed(value, self.bases[base], 1, pitch(base, self.strip))

    def packed(self, value: Value) -> Place:
        """Where a map finds a value: by-row ones with the row innermost."""
        if value.base in self.copies:
            return self._viewed(value, self.copies[value.base], 1, pitch(value.base, self.strip))
        return self.place(value)

    def _viewed(self, value: Value, pointer: ir.Value, row_stride: int, component: int) -> Place:
        if value.view is None:
            steps = [int(np.prod(value.shape[axis + 1 :], dtype=np.int64)) for axis in range(len(value.shape))]
        else:
            steps = list(value.view.strides)
            pointer = at(self.builder, pointer, value.dtype, value.view.offset * component)
        return Place(pointer, row_stride, tuple(step * component for step in steps))
