"""What the micro kernels do with vector registers: loads that stop in time, sums of lanes, transposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import llvmlite.ir as ir
import numpy as np

from chainrule.kernels import codegen
from chainrule.kernels.codegen import Context, Place

__all__ = ["Registers", "tiles"]

_FLAG = ir.IntType(1)
_LANE = ir.IntType(32)


@final
@dataclass(frozen=True, slots=True)
class Registers:
    """Vectors of one dtype in the function that is being written.

    Attributes:
        context: of the section.
        dtype: float64 or float32.
    """

    context: Context
    dtype: np.dtype[Any]

    @property
    def builder(self) -> ir.IRBuilder:
        """Stands where the next instruction goes."""
        return self.context.builder

    @property
    def lanes(self) -> int:
        """How many components a register holds."""
        return self.context.lanes(self.dtype)

    @property
    def count(self) -> int:
        """How many registers the machine has, as far as the width of them says it: 32 come with 64 bytes."""
        return 32 if self.context.width == 64 else 16

    def at(self, pointer: ir.Value, offset: ir.Value | int) -> ir.Value:
        """The pointer so many components further."""
        return codegen.at(self.builder, pointer, self.dtype, offset)

    def row(self, place: Place, row: ir.Value) -> ir.Value:
        """The pointer to component 0 of a row of the strip."""
        return self.at(place.pointer, self.scaled(row, place.row_stride))

    def scaled(self, number: ir.Value | int, factor: int) -> ir.Value | int:
        """A counter times a stride."""
        if isinstance(number, int):
            return number * factor
        if factor in (0, 1):
            return number if factor else 0
        return self.builder.mul(number, codegen.index(factor), flags=["nsw"])

    def zero(self, lanes: int) -> ir.Constant:
        """Nothing yet."""
        return codegen.constant(0.0, self.dtype, lanes)

    def load(self, pointer: ir.Value, lanes: int, valid: int | None = None) -> ir.Value:
        """Components side by side; of a short vector only the valid ones are read, and the other lanes are 0."""
        if valid is None or valid == lanes:
            return codegen.load(self.builder, pointer, self.dtype, lanes)
        kind = codegen.register_type(self.dtype, lanes)
        mask = _mask(lanes, valid)
        name = f"llvm.masked.load.v{lanes}f{self.dtype.itemsize * 8}.p0"
        function = self.context.declare(name, ir.FunctionType(kind, [codegen.POINTER, _LANE, mask.type, kind]))
        alignment = ir.Constant(_LANE, self.dtype.itemsize)
        return self.builder.call(function, [pointer, alignment, mask, self.zero(lanes)])

    def store(self, value: ir.Value, pointer: ir.Value, lanes: int, valid: int | None = None) -> None:
        """Store components side by side, of a short vector only the valid ones."""
        if valid is None or valid == lanes:
            codegen.store(self.builder, value, pointer, self.dtype, lanes)
            return
        mask = _mask(lanes, valid)
        name = f"llvm.masked.store.v{lanes}f{self.dtype.itemsize * 8}.p0"
        kinds = [value.type, codegen.POINTER, _LANE, mask.type]
        function = self.context.declare(name, ir.FunctionType(ir.VoidType(), kinds))
        self.builder.call(function, [value, pointer, ir.Constant(_LANE, self.dtype.itemsize), mask])

    def spread(self, pointer: ir.Value, lanes: int) -> ir.Value:
        """One component in all lanes."""
        return codegen.splat(self.builder, codegen.load(self.builder, pointer, self.dtype), lanes)

    def load_rows(self, pointer: ir.Value, row_stride: int, lanes: int) -> ir.Value:
        """The same component of so many rows."""
        if row_stride == 0 or lanes == 1:
            return self.spread(pointer, lanes)
        if row_stride == 1:
            return self.load(pointer, lanes)
        gathered = ir.Constant(codegen.register_type(self.dtype, lanes), ir.Undefined)
        for lane in range(lanes):
            scalar = codegen.load(self.builder, self.at(pointer, lane * row_stride), self.dtype)
            gathered = self.with_lane(gathered, scalar, lane)
        return gathered

    def store_rows(self, value: ir.Value, pointer: ir.Value, row_stride: int, lanes: int) -> None:
        """Store the same component of so many rows."""
        if row_stride == 1 or lanes == 1:
            self.store(value, pointer, lanes)
            return
        for lane in range(lanes):
            self.store(self.lane(value, lane), self.at(pointer, lane * row_stride), 1)

    def lane(self, value: ir.Value, lane: int) -> ir.Value:
        """One lane of a vector; a scalar is its only lane."""
        if isinstance(value.type, ir.VectorType):
            return self.builder.extract_element(value, ir.Constant(_LANE, lane))
        return value

    def with_lane(self, vector: ir.Value, value: ir.Value, lane: int) -> ir.Value:
        """The vector with another value in one lane."""
        return self.builder.insert_element(vector, value, ir.Constant(_LANE, lane))

    def part(self, vector: ir.Value, first: int, lanes: int) -> ir.Value:
        """Some lanes of a vector that lie side by side."""
        if lanes == vector.type.count:
            return vector
        if lanes == 1:
            return self.lane(vector, first)
        mask = ir.Constant(ir.VectorType(_LANE, lanes), list(range(first, first + lanes)))
        return self.builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)

    def multiply_add(self, left: ir.Value, right: ir.Value, total: ir.Value | None) -> ir.Value:
        """left * right + total, fused where the machine can."""
        if total is None:
            return self.builder.fmul(left, right)
        kind = total.type
        lanes = kind.count if isinstance(kind, ir.VectorType) else 1
        suffix = f"f{self.dtype.itemsize * 8}" if lanes == 1 else f"v{lanes}f{self.dtype.itemsize * 8}"
        function = self.context.declare(f"llvm.fmuladd.{suffix}", ir.FunctionType(kind, [kind, kind, kind]))
        return self.builder.call(function, [left, right, total])

    def interleaved(self, first: ir.Value, second: ir.Value, distance: int) -> tuple[ir.Value, ir.Value]:
        """One step of a transpose: odd blocks of so many lanes of one change places with even ones of the other."""
        lanes = first.type.count
        low = [lane if not lane & distance else lanes + lane - distance for lane in range(lanes)]
        high = [lane + distance if not lane & distance else lanes + lane for lane in range(lanes)]
        kind = ir.VectorType(_LANE, lanes)
        return (
            self.builder.shuffle_vector(first, second, ir.Constant(kind, low)),
            self.builder.shuffle_vector(first, second, ir.Constant(kind, high)),
        )

    def transposed(self, vectors: Sequence[ir.Value]) -> list[ir.Value]:
        """As many vectors as lanes, with rows and columns exchanged."""
        made = list(vectors)
        distance = 1
        while distance < len(made):
            for first in range(len(made)):
                if not first & distance:
                    second = first + distance
                    made[first], made[second] = self.interleaved(made[first], made[second], distance)
            distance *= 2
        return made

    def sums(self, vectors: Sequence[ir.Value]) -> ir.Value:
        """The sums of the lanes of as many vectors as lanes, in one vector."""
        left = list(vectors)
        distance = 1
        while len(left) > 1:
            pairs = zip(left[::2], left[1::2], strict=True)
            left = [self.builder.fadd(*self.interleaved(first, second, distance)) for first, second in pairs]
            distance *= 2
        return left[0]

    def neighbours(self, vectors: Sequence[ir.Value]) -> ir.Value:
        """The sums of as many neighbouring lanes as there are vectors, a power of two, in one vector and in order."""
        left = list(vectors)
        while len(left) > 1:
            pairs = zip(left[::2], left[1::2], strict=True)
            left = [self.builder.fadd(*(self._every_other(a, b, odd) for odd in (0, 1))) for a, b in pairs]
        return left[0]

    def _every_other(self, first: ir.Value, second: ir.Value, odd: int) -> ir.Value:
        mask = ir.Constant(ir.VectorType(_LANE, first.type.count), list(range(odd, 2 * first.type.count, 2)))
        return self.builder.shuffle_vector(first, second, mask)

    def repeated(self, vector: ir.Value, times: int, each: int = 1) -> ir.Value:
        """All lanes so many times: one after the other `each` times, and the whole of it `times` times."""
        lanes = [lane for lane in range(vector.type.count) for _ in range(each)] * times
        undefined = ir.Constant(vector.type, ir.Undefined)
        return self.builder.shuffle_vector(vector, undefined, ir.Constant(ir.VectorType(_LANE, len(lanes)), lanes))

    def shared(self, place: Place, m: int) -> int:
        """How many rows of m components lie in one register, if several do without a gap and fill it; else 1."""
        dense = place.row_stride == m > 1 and place.strides[-1] == 1
        return self.lanes // m if dense and self.lanes % m == 0 else 1

    def sum(self, vector: ir.Value) -> ir.Value:
        """The sum of the lanes."""
        if not isinstance(vector.type, ir.VectorType):
            return vector
        lanes = vector.type.count
        while lanes > 1:
            lanes //= 2
            vector = self.builder.fadd(self.part(vector, 0, lanes), self.part(vector, lanes, lanes))
        return self.lane(vector, 0)


def _mask(lanes: int, valid: int) -> ir.Constant:
    return ir.Constant(ir.VectorType(_FLAG, lanes), [int(lane < valid) for lane in range(lanes)])


def tiles(size: int, step: int) -> list[tuple[int, int, int]]:
    """(first, stop, size of a tile) of the full tiles, which have the size of the step, and of the rest."""
    whole = size // step * step
    found = [(0, whole, step)] if whole else []
    return [*found, (whole, size, size - whole)] if whole < size else found
