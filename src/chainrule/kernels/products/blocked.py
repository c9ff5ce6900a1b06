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

_LOADS = 0.5  # what the numbers of a block take, in registers of vectors
_PANEL = 36 << 10  # bytes, that stay in the first-level cache beside what is multiplied with them


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
class _Panel:
    """Some columns of the vectors, over a part of the inner axis.

    Attributes:
        memory: where they stand side by side.
        column: the first.
        valid: how many lanes of each register across are columns of the result.
        start: of the part.
        depth: how long the part is.
        add: whether its products are added to what is there; a bit if only the first part's are not.
    """

    memory: ir.Value
    column: ir.Value
    valid: list[int]
    start: ir.Value | int
    depth: ir.Value | int
    add: ir.Value | bool


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
        return self.registers.context.width >= 32 and 1 in self.out.strides

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
        bytes_of_row = wide * registers.dtype.itemsize
        parts = max(1, -(-self.longest * bytes_of_row // _PANEL))
        depth = max(1, -(-self.longest // parts))
        memory = registers.context.scratch(depth * bytes_of_row)
        split = tiles(columns, wide) if isinstance(columns, int) else [(0, columns, wide)]
        for first, stop, size in split:
            valid = [min(lanes, size - start) for start in range(0, size, lanes)]
            with codegen.loop(registers.builder, first, stop, wide, name="panel") as step:
                if parts == 1:
                    self._multiply(_Panel(memory, step.index, valid, 0, self.sizes[1], self.add))
                    continue
                with codegen.loop(registers.builder, 0, self.sizes[1], depth, name="depth") as inner:
                    left = self._left(inner.index, depth)
                    later = registers.builder.icmp_signed(">", inner.index, codegen.index(0))
                    self._multiply(_Panel(memory, step.index, valid, inner.index, left, self.add or later))

    def _left(self, start: ir.Value, depth: int) -> ir.Value:
        """How long the part of the inner axis is that begins there."""
        builder = self.registers.builder
        size = self.sizes[1]
        left = builder.sub(codegen.index(size) if isinstance(size, int) else size, start)
        return builder.select(builder.icmp_signed("<", left, codegen.index(depth)), left, codegen.index(depth))

    def _across(self) -> int:
        """Registers across a block: as many as leave the least empty."""
        columns = self.sizes[2]
        if not isinstance(columns, int):
            return 2
        needed = -(-columns // self.registers.lanes)
        return min((3, 2, 1), key=lambda across: (-(-needed // across) * (across + _LOADS), -across))

    def _multiply(self, panel: _Panel) -> None:
        self._pack(panel)
        rows = self.sizes[0]
        height = self.height
        if isinstance(rows, int):
            parts = tiles(rows, height)
        else:
            whole = self.registers.builder.and_(rows, codegen.index(-height))
            parts = [(0, whole, height), (whole, rows, 1)]
        for first, stop, size in parts:
            with codegen.loop(self.registers.builder, first, stop, size, name="block") as block:
                self._block(panel, block.index, size)

    def _pack(self, panel: _Panel) -> None:
        """Put the columns side by side, row after row."""
        registers = self.registers
        lanes = registers.lanes
        down, along = self.vectors.strides
        source = registers.at(self.vectors.pointer, registers.scaled(panel.column, along))
        source = registers.at(source, registers.scaled(panel.start, down))
        with codegen.loop(registers.builder, 0, panel.depth, name="pack") as inner:
            row = registers.at(source, registers.scaled(inner.index, down))
            target = registers.at(panel.memory, registers.scaled(inner.index, len(panel.valid) * lanes))
            for part, count in enumerate(panel.valid):
                vector = self._vector(registers.at(row, part * lanes * along), count)
                registers.store(vector, registers.at(target, part * lanes), lanes)

    def _vector(self, pointer: ir.Value, count: int) -> ir.Value:
        registers = self.registers
        along = self.vectors.strides[1]
        if along == 1:
            return registers.load(pointer, registers.lanes, count)
        vector: ir.Value = registers.zero(registers.lanes)
        for lane in range(count):
            vector = registers.with_lane(vector, registers.load(registers.at(pointer, lane * along), 1), lane)
        return vector

    def _block(self, panel: _Panel, row: ir.Value, height: int) -> None:
        """So many rows of the result."""
        registers = self.registers
        lanes = registers.lanes
        across = len(panel.valid)
        down, along = self.numbers.strides
        source = registers.at(self.numbers.pointer, registers.scaled(row, down))
        source = registers.at(source, registers.scaled(panel.start, along))
        zeros: list[ir.Value] = [registers.zero(lanes)] * (height * across)
        with codegen.loop(registers.builder, 0, panel.depth, carried=zeros, name="inner") as inner:
            at_panel = registers.at(panel.memory, registers.scaled(inner.index, across * lanes))
            vectors = [registers.load(registers.at(at_panel, part * lanes), lanes) for part in range(across)]
            at_numbers = registers.at(source, registers.scaled(inner.index, along))
            totals = []
            for number in range(height):
                factor = registers.spread(registers.at(at_numbers, number * down), lanes)
                for part, vector in enumerate(vectors):
                    totals.append(registers.multiply_add(vector, factor, inner.carried[number * across + part]))
            inner.next = totals
        at_out = registers.at(self.out.pointer, registers.scaled(row, self.out.strides[0]))
        at_out = registers.at(at_out, registers.scaled(panel.column, self.out.strides[1]))
        for part, count in enumerate(panel.valid):
            pointer = registers.at(at_out, part * lanes * self.out.strides[1])
            self._store(inner.results[part::across], pointer, count, panel.add)

    def _store(self, rows: list[ir.Value], pointer: ir.Value, count: int, add: ir.Value | bool) -> None:
        """A block one register wide."""
        registers = self.registers
        if self.out.strides[1] == 1:
            for number, vector in enumerate(rows):
                self._put(vector, registers.at(pointer, number * self.out.strides[0]), registers.lanes, count, add)
            return
        side = min(len(rows), registers.lanes)
        if side & (side - 1) or len(rows) % side:
            side = 1
        for first_row in range(0, len(rows), side):
            for first in range(0, count, side):
                square = [registers.part(row, first, side) for row in rows[first_row : first_row + side]]
                for number, vector in enumerate(registers.transposed(square)[: count - first]):
                    offset = first_row * self.out.strides[0] + (first + number) * self.out.strides[1]
                    self._put(vector, registers.at(pointer, offset), side, side, add)

    def _put(self, vector: ir.Value, pointer: ir.Value, lanes: int, count: int, add: ir.Value | bool) -> None:
        registers = self.registers
        if add is not False:
            before = registers.load(pointer, lanes, count)
            if isinstance(add, ir.Value):
                # What nothing was written to may be NaN, which times 0 is NaN.
                before = registers.builder.select(add, before, registers.zero(lanes))
            vector = registers.builder.fadd(vector, before)
        registers.store(vector, pointer, lanes, count)
