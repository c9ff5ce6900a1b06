"""Sums over rows between the chunks: what they start from, two of them put together, and where they go in the end."""

from __future__ import annotations

import llvmlite.ir as ir

from chainrule.kernels.codegen import BYTE, POINTER, Context, at, index, load, loop, store
from chainrule.kernels.llvm.folds import combined, converted, neutral
from chainrule.kernels.llvm.layout import Layout, total_dtype
from chainrule.kernels.program import FoldKind, Program

__all__ = ["at_byte", "emit_finish", "emit_merge", "start_totals"]

_NOTHING = ir.VoidType()


def start_totals(context: Context, program: Program, layout: Layout, number: int, totals: ir.Value) -> None:
    """Set the sums of a section to what folds of nothing are."""
    section = program.sections[number]
    memory = layout.sections[number]
    builder = context.builder
    if all(kind in (FoldKind.SUM, FoldKind.ANY) for _, kind in section.totals):
        if memory.totals_bytes:
            _fill_with_zeros(context, totals, memory.totals_bytes)
        return
    for value, kind in section.totals:
        dtype = total_dtype(section, value)
        lanes = context.lanes(dtype)
        pointer = at_byte(builder, totals, memory.totals[value])
        with loop(builder, 0, max(1, value.size), lanes, name="t") as each:
            target = at(builder, pointer, dtype, each.index)
            store(builder, neutral(kind, dtype, lanes), target, dtype, lanes)


def emit_merge(module: ir.Module, program: Program, layout: Layout, number: int, width: int) -> ir.Function:
    """`merge_<i>(into, other)`: the sums of a section over two sets of rows become those over both."""
    section = program.sections[number]
    memory = layout.sections[number]
    function = ir.Function(module, ir.FunctionType(_NOTHING, [POINTER, POINTER]), f"merge_{number}")
    into, other = function.args
    into.name, other.name = "into", "other"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    for value, kind in section.totals:
        dtype = total_dtype(section, value)
        # Every sum has the rest of a cache line behind it, so that the last vector may be a full one.
        lanes = width // dtype.itemsize
        builder.comment(f"{kind.value} of {value!r}")
        ours, others = (at_byte(builder, pointer, memory.totals[value]) for pointer in (into, other))
        with loop(builder, 0, max(1, value.size), lanes, name="t") as each:
            target = at(builder, ours, dtype, each.index)
            more = load(builder, at(builder, others, dtype, each.index), dtype, lanes)
            both = combined(builder, kind, dtype, load(builder, target, dtype, lanes), more)
            store(builder, both, target, dtype, lanes)
    builder.ret_void()
    return function


def emit_finish(module: ir.Module, program: Program, layout: Layout, number: int) -> ir.Function:
    """`finish_<i>(arrays, fixed, totals)`: the sums over all rows go to where other sections find them."""
    section = program.sections[number]
    memory = layout.sections[number]
    function = ir.Function(module, ir.FunctionType(_NOTHING, [POINTER, POINTER, POINTER]), f"finish_{number}")
    arrays, fixed, totals = function.args
    arrays.name, fixed.name, totals.name = "arrays", "fixed", "totals"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    for value, _ in section.totals:
        dtype = total_dtype(section, value)
        source = at_byte(builder, totals, memory.totals[value])
        if value in layout.slots:
            target = builder.load(builder.gep(arrays, [index(layout.slots[value])], source_etype=POINTER), typ=POINTER)
        else:
            target = at_byte(builder, fixed, layout.fixed[value])
        if dtype == value.dtype:
            _copy(builder, target, source, value.size * dtype.itemsize)
            continue
        with loop(builder, 0, value.size, name="t") as each:
            total = load(builder, at(builder, source, dtype, each.index), dtype)
            place = at(builder, target, value.dtype, each.index)
            store(builder, converted(builder, total, dtype, value.dtype, 1), place, value.dtype)
    builder.ret_void()
    return function


def at_byte(builder: ir.IRBuilder, area: ir.Value, offset: int) -> ir.Value:
    """A pointer into an area of memory."""
    return builder.gep(area, [index(offset)], inbounds=True, source_etype=BYTE) if offset else area


def _copy(builder: ir.IRBuilder, target: ir.Value, source: ir.Value, size: int) -> None:
    full = "llvm.memcpy.p0.p0.i64"
    kind = ir.FunctionType(_NOTHING, [POINTER, POINTER, ir.IntType(64), ir.IntType(1)])
    memcpy = builder.module.globals.get(full) or ir.Function(builder.module, kind, full)
    builder.call(memcpy, [target, source, index(size), ir.Constant(ir.IntType(1), 0)])


def _fill_with_zeros(context: Context, pointer: ir.Value, size: int) -> None:
    kind = ir.FunctionType(_NOTHING, [POINTER, BYTE, ir.IntType(64), ir.IntType(1)])
    memset = context.declare("llvm.memset.p0.i64", kind)
    context.builder.call(memset, [pointer, ir.Constant(BYTE, 0), index(size), ir.Constant(ir.IntType(1), 0)])
