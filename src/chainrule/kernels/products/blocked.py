"""Products of matrices within a strip: blocks of the result in registers, over the whole inner axis.

One operand gives vectors, and a panel of it is put side by side once for all rows of the other, which gives numbers
that are spread over the lanes, as it lies. BLAS would pack both, for every strip again. Source: Goto and van de Geijn
(2008), Anatomy of high-performance matrix multiplication; Van Zee and van de Geijn (2015), BLIS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import llvmlite.ir as ir

from chainrule.kernels import codegen
from chainrule.kernels.products.registers import Registers, tiles

__all__ = ["Blocked", "Factor"]

_LONGEST = 1024  # of the inner axis: a panel stays in the second-level cache


@final
@dataclass(frozen=True, slots=True)
class Factor:
    """A matrix by its memory.

    Attributes:
        pointer: to its first component.
        strides: of rows and columns, in components.
    """

    pointer: ir.Value
    strides: tuple[int, int]

    @property
    def transpose(self) -> Factor:
        """The same memory with rows and columns exchanged."""
        return Factor(self.pointer, self.strides[::-1])


@final
@dataclass(frozen=True, slots=True)
class Blocked:
    """out (A, B) = numbers (A, T) @ vectors (T, B), or added to it.

    Attributes:
        registers: of the function that is being written.
        numbers: any strides.
        vectors: its columns side by side, or else it is gathered once.
        out: either its rows or its columns side by side.
        sizes: A, T, B; each may be known only when the code runs. B is then rounded up to whole blocks of vectors, and
            there is memory for these.
        longest: the most that T can be.
        add: whether to add to what is there.
    """

    registers: Registers
    numbers: Factor
    vectors: Factor
    out: Factor
    sizes: tuple[ir.Value | int, ir.Value | int, ir.Value | int]
    longest: int
    add: bool

    @property
    def fits(self) -> bool:
        """Whether memory lies such that this code is the fast one."""
        wide_enough = self.registers.context.width >= 32
        return wide_enough and self.longest <= _LONGEST and 1 in self.out.strides

    @property
    def height(self) -> int:
        """Rows of a block."""
        return 8 if self.registers.count == 32 else 4

    def emit(self) -> None:
        """Write the code."""
        registers = self.registers
        lanes = registers.lanes
        columns = self.sizes[2]
        across = self._across()
        wide = across * lanes
        panel = registers.context.scratch(self.longest * wide * registers.dtype.itemsize)
        split = tiles(columns, wide) if isinstance(columns, int) else [(0, columns, wide)]
        for first, stop, size in split:
            valid = [min(lanes, size - start) for start in range(0, size, lanes)]
            with codegen.loop(registers.builder, first, stop, wide, name="panel") as step:
                self._pack(panel, step.index, valid)
                self._rows(panel, step.index, valid)

    def _across(self) -> int:
        """Registers across a block: as many as leave the least empty."""
        columns = self.sizes[2]
        if not isinstance(columns, int):
            return 2
        needed = -(-columns // self.registers.lanes)
        return min((3, 2, 1), key=lambda across: (-(-needed // across) * (across + 0.25), -across))

    def _pack(self, panel: ir.Value, column: ir.Value, valid: list[int]) -> None:
        """The columns of a panel, row after row."""
        registers = self.registers
        lanes = registers.lanes
        source = registers.at(self.vectors.pointer, registers.scaled(column, self.vectors.strides[1]))
        with codegen.loop(registers.builder, 0, self.sizes[1], name="pack") as inner:
            row = registers.at(source, registers.scaled(inner.index, self.vectors.strides[0]))
            target = registers.at(panel, registers.scaled(inner.index, len(valid) * lanes))
            for part, count in enumerate(valid):
                vector = self._vector(registers.at(row, part * lanes * self.vectors.strides[1]), count)
                registers.store(vector, registers.at(target, part * lanes), lanes)

    def _vector(self, pointer: ir.Value, count: int) -> ir.Value:
        registers = self.registers
        if self.vectors.strides[1] == 1:
            return registers.load(pointer, registers.lanes, count)
        vector: ir.Value = registers.zero(registers.lanes)
        for lane in range(count):
            number = registers.load(registers.at(pointer, lane * self.vectors.strides[1]), 1)
            vector = registers.with_lane(vector, number, lane)
        return vector

    def _rows(self, panel: ir.Value, column: ir.Value, valid: list[int]) -> None:
        """All rows of the result, of one panel."""
        rows = self.sizes[0]
        height = self.height
        if isinstance(rows, int):
            parts = tiles(rows, height)
        else:
            whole = self.registers.builder.and_(rows, codegen.index(-height))
            parts = [(0, whole, height), (whole, rows, 1)]
        for first, stop, size in parts:
            step = height if size == height else size
            with codegen.loop(self.registers.builder, first, stop, step, name="block") as block:
                self._block(panel, block.index, column, size, valid)

    def _block(self, panel: ir.Value, row: ir.Value, column: ir.Value, height: int, valid: list[int]) -> None:
        registers = self.registers
        lanes = registers.lanes
        across = len(valid)
        source = registers.at(self.numbers.pointer, registers.scaled(row, self.numbers.strides[0]))
        zeros: list[ir.Value] = [registers.zero(lanes)] * (height * across)
        with codegen.loop(registers.builder, 0, self.sizes[1], carried=zeros, name="inner") as inner:
            at_panel = registers.at(panel, registers.scaled(inner.index, across * lanes))
            vectors = [registers.load(registers.at(at_panel, part * lanes), lanes) for part in range(across)]
            at_numbers = registers.at(source, registers.scaled(inner.index, self.numbers.strides[1]))
            totals = []
            for number in range(height):
                factor = registers.spread(registers.at(at_numbers, number * self.numbers.strides[0]), lanes)
                for part, vector in enumerate(vectors):
                    totals.append(registers.multiply_add(vector, factor, inner.carried[number * across + part]))
            inner.next = totals
        at_out = registers.at(self.out.pointer, registers.scaled(row, self.out.strides[0]))
        at_out = registers.at(at_out, registers.scaled(column, self.out.strides[1]))
        for part, count in enumerate(valid):
            pointer = registers.at(at_out, part * lanes * self.out.strides[1])
            self._store(inner.results[part::across], pointer, count)

    def _store(self, rows: list[ir.Value], pointer: ir.Value, count: int) -> None:
        """A block one register wide."""
        registers = self.registers
        if self.out.strides[1] == 1:
            for number, vector in enumerate(rows):
                self._put(vector, registers.at(pointer, number * self.out.strides[0]), registers.lanes, count)
            return
        side = min(len(rows), registers.lanes)
        if side & (side - 1) or len(rows) % side:
            side = 1
        for first_row in range(0, len(rows), side):
            for first in range(0, count, side):
                square = [registers.part(row, first, side) for row in rows[first_row : first_row + side]]
                for number, vector in enumerate(registers.transposed(square)[: count - first]):
                    offset = first_row * self.out.strides[0] + (first + number) * self.out.strides[1]
                    self._put(vector, registers.at(pointer, offset), side, side)

    def _put(self, vector: ir.Value, pointer: ir.Value, lanes: int, count: int) -> None:
        registers = self.registers
        if self.add:
            vector = registers.builder.fadd(vector, registers.load(pointer, lanes, count))
        registers.store(vector, pointer, lanes, count)
