"""A module of LLVM IR for a program, and what its functions ask of their caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import llvmlite.ir as ir

from chainrule.kernels.llvm.layout import layout_of
from chainrule.kernels.llvm.sections import emit_section
from chainrule.kernels.llvm.totals import emit_finish, emit_merge
from chainrule.kernels.llvm.whole import emit_whole
from chainrule.kernels.program import Program, Value

__all__ = ["Emitted", "emit"]


@final
@dataclass(frozen=True, slots=True)
class Emitted:
    """A program as LLVM IR, and what its functions ask of their caller.

    `section_<i>(arrays, fixed, scratch, totals, first, last)` runs a section: for rows first to last, a chunk, whose
    sums it leaves in `totals`. `merge_<i>(into, other)` joins two of these, `finish_<i>(arrays, fixed, totals)` brings
    them to where later sections read them. `whole(arrays, fixed, scratch, totals, rows, chunk)` is all of that on one
    thread; it is absent if NumPy has to run a section. `arrays` points to the inputs, constants and outputs. All areas
    are aligned to 64 bytes.

    Attributes:
        text: the module.
        fixed_bytes: of the fixed area.
        rows_offset: of the number of rows in it, an int64, if the program asks for it; `whole` sets it itself.
        scratch_bytes: of scratch memory, for each thread.
        totals_bytes: of the sums of each section; a multiple of 64.
        guards: the offset of each guard's value in the fixed area; -1 for one that is an input, a constant or an
            output.
        fixed_offsets: of all fixed values in the fixed area that are no views.
    """

    text: str
    fixed_bytes: int
    rows_offset: int | None
    scratch_bytes: int
    totals_bytes: tuple[int, ...]
    guards: tuple[int, ...]
    fixed_offsets: Mapping[Value, int]


def emit(program: Program, vector_bytes: int) -> Emitted:
    """Write a program as LLVM IR.

    Args:
        program: from `plan`.
        vector_bytes: the width of the machine's vector registers: 16, 32 or 64.
    """
    layout = layout_of(program)
    # A context of its own: names of types are shared within one.
    module = ir.Module(program.name, context=ir.Context())
    functions: dict[str, ir.Function] = {}
    scratch = 0
    for number, section in enumerate(program.sections):
        if section.calls:
            continue
        function, needed = emit_section(module, program, layout, number, vector_bytes)
        functions[function.name] = function
        scratch = max(scratch, needed)
        if section.totals:
            for function in (
                emit_merge(module, program, layout, number, vector_bytes),
                emit_finish(module, program, layout, number),
            ):
                functions[function.name] = function
    if not any(section.calls for section in program.sections):
        emit_whole(module, program, layout, functions)
    return Emitted(
        str(module),
        layout.fixed_bytes,
        None if program.rows is None else layout.fixed.get(program.rows),
        scratch,
        tuple(memory.totals_bytes for memory in layout.sections),
        tuple(_guard_offset(layout.fixed, guard.value) for guard in program.guards),
        layout.fixed,
    )


def _guard_offset(fixed: Mapping[Value, int], value: Value) -> int:
    if value.base not in fixed:
        return -1
    return fixed[value.base] + (value.view.offset * value.dtype.itemsize if value.view else 0)
