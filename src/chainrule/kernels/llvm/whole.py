"""A program as one function, for one thread: the same chunks and the same tree of sums as on many threads."""

from __future__ import annotations

from collections.abc import Mapping

import llvmlite.ir as ir

from chainrule.kernels.codegen import BYTE, INDEX, POINTER, index, loop
from chainrule.kernels.llvm.layout import Layout
from chainrule.kernels.llvm.totals import at_byte
from chainrule.kernels.program import Program

__all__ = ["emit_whole"]


def emit_whole(module: ir.Module, program: Program, layout: Layout, functions: Mapping[str, ir.Function]) -> None:
    """Write `whole(arrays, fixed, scratch, totals, rows, chunk)`: all sections."""
    kind = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, POINTER, POINTER, INDEX, INDEX])
    function = ir.Function(module, kind, "whole")
    for argument, name in zip(function.args, ("arrays", "fixed", "scratch", "totals", "rows", "chunk"), strict=True):
        argument.name = name
    arrays, fixed, scratch, totals, rows, _ = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    if program.rows is not None and program.rows in layout.fixed:
        builder.store(rows, at_byte(builder, fixed, layout.fixed[program.rows]))
    for number, section in enumerate(program.sections):
        builder.comment(f"section {number}")
        if section.by_row:
            _by_row(builder, functions, number, layout.sections[number].totals_bytes)
            if section.totals:
                builder.call(functions[f"finish_{number}"], [arrays, fixed, totals])
        else:
            builder.call(functions[f"section_{number}"], [arrays, fixed, scratch, totals, index(0), index(0)])
    builder.ret_void()


def _by_row(builder: ir.IRBuilder, functions: Mapping[str, ir.Function], number: int, size: int) -> None:
    """Chunk after chunk; sums lie on a stack, on which two over as many chunks become one, as digits carry.

    After c chunks the stack has a sum for each binary digit of c that is 1.
    """
    arrays, fixed, scratch, totals, rows, chunk = builder.function.args
    section = functions[f"section_{number}"]
    if not size:
        builder.call(section, [arrays, fixed, scratch, totals, index(0), rows])
        return
    merge = functions[f"merge_{number}"]

    def area(depth: ir.Value) -> ir.Value:
        return builder.gep(totals, [builder.mul(depth, index(size))], inbounds=True, source_etype=BYTE)

    def merge_top(top: ir.Value) -> None:
        builder.call(merge, [area(builder.sub(top, index(1))), area(top)])

    chunks = builder.sdiv(builder.add(rows, builder.sub(chunk, index(1))), chunk)
    chunks = builder.select(builder.icmp_signed("<", chunks, index(1)), index(1), chunks, name="chunks")
    with loop(builder, 0, chunks, name="chunk") as each:
        first = builder.mul(each.index, chunk)
        left = builder.sub(rows, first)
        short = builder.icmp_signed("<", left, chunk)
        last = builder.add(first, builder.select(short, left, chunk))
        depth = builder.call(_counting(builder, "ctpop"), [each.index], name="depth")
        builder.call(section, [arrays, fixed, scratch, area(depth), first, last])
        done = builder.add(each.index, index(1))
        carries = builder.call(_counting(builder, "cttz"), [done, ir.Constant(ir.IntType(1), 1)], name="carries")
        with loop(builder, 0, carries, name="carry") as carry:
            merge_top(builder.sub(depth, carry.index))
    top = builder.sub(builder.call(_counting(builder, "ctpop"), [chunks]), index(1), name="top")
    with loop(builder, 0, top, name="left") as each:
        merge_top(builder.sub(top, each.index))


def _counting(builder: ir.IRBuilder, name: str) -> ir.Function:
    full = f"llvm.{name}.i64"
    found = builder.module.globals.get(full)
    operands = [INDEX] if name == "ctpop" else [INDEX, ir.IntType(1)]
    return found if found is not None else ir.Function(builder.module, ir.FunctionType(INDEX, operands), full)
