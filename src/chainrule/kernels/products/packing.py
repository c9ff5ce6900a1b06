"""Copies of operands whose strides fit no fast form into the temporary memory of the stage."""

from __future__ import annotations

from contextlib import ExitStack

import llvmlite.ir as ir
import numpy as np

from chainrule.core.shapes import Shape
from chainrule.kernels import codegen
from chainrule.kernels.codegen import Place
from chainrule.kernels.products.registers import Registers

__all__ = ["packed_by_row", "packed_fixed"]


def packed_by_row(registers: Registers, place: Place, shape: Shape, rows: ir.Value) -> Place:
    """The rows of a strip with each component's side by side, as in scratch memory."""
    strip = registers.context.strip
    strides = tuple(stride * strip for stride in _c_strides(shape))
    made = Place(_room(registers, strip * int(np.prod(shape))), 1, strides)
    _copy(registers, place, made, shape, rows)
    return made


def packed_fixed(registers: Registers, place: Place, shape: Shape) -> Place:
    """The components in C order."""
    made = Place(_room(registers, int(np.prod(shape))), 0, _c_strides(shape))
    _copy(registers, place, made, shape, codegen.index(1))
    return made


def _room(registers: Registers, size: int) -> ir.Value:
    return registers.context.scratch(size * registers.dtype.itemsize)


def _c_strides(shape: Shape) -> tuple[int, ...]:
    return tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))


def _copy(registers: Registers, source: Place, target: Place, shape: Shape, rows: ir.Value) -> None:
    builder = registers.builder
    with ExitStack() as loops:
        pointers = [source.pointer, target.pointer]
        places = [source, target]
        for axis, size in enumerate(shape):
            step = loops.enter_context(codegen.loop(builder, 0, size, name="axis"))
            pointers = [
                registers.at(pointer, registers.scaled(step.index, place.strides[axis]))
                for pointer, place in zip(pointers, places, strict=True)
            ]
        row = loops.enter_context(codegen.loop(builder, 0, rows, name="row"))
        from_, to = (
            registers.at(pointer, registers.scaled(row.index, place.row_stride))
            for pointer, place in zip(pointers, places, strict=True)
        )
        registers.store(registers.load(from_, 1), to, 1)
