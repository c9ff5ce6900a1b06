"""A program that is run again and again as one native loop: what it makes in one step, the next step reads.

All steps' values stand in arrays with the steps along the first axis, so nothing is copied between two steps: the
loop moves the pointers of the program's arrays on.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Hashable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any, final

import numpy as np

from chainrule.kernels.blas import single_threaded
from chainrule.kernels.llvm import emit
from chainrule.kernels.machine import Loaded, compile_module, vector_bytes
from chainrule.kernels.planning.plan import NotPlannedError
from chainrule.kernels.program import Program
from chainrule.kernels.running.areas import Area, rounded
from chainrule.kernels.running.blocks import chunk_rows, fixed_work, row_work

__all__ = ["Loop", "Stretch"]

_Array = np.ndarray[Any, Any]
_CALL = 50.0  # nanoseconds of a step that does nothing
_KINDS = 8  # numbers of rows and of steps for which memory is kept
_BYTE = ctypes.c_char
_STEPS = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 7, *[ctypes.c_int64] * 6)

# steps(whole, arrays, strides, fixed, scratch, totals, guards, rows, chunk, steps, count, flag, guarded): how many
# steps were made. A guard is an address, a number of bytes (1 or 8), and what has to stand there.
_DRIVER = """
define i64 @steps(ptr %whole, ptr %arrays, ptr %strides, ptr %fixed, ptr %scratch, ptr %totals, ptr %guards,
                  i64 %rows, i64 %chunk, i64 %steps, i64 %count, i64 %flag, i64 %guarded) {
entry:
  %flagged = getelementptr ptr, ptr %arrays, i64 %flag
  br label %head
head:
  %step = phi i64 [ 0, %entry ], [ %next, %moved ]
  %more = icmp slt i64 %step, %steps
  br i1 %more, label %body, label %end
body:
  call void %whole(ptr %arrays, ptr %fixed, ptr %scratch, ptr %totals, i64 %rows, i64 %chunk)
  %place = load ptr, ptr %flagged
  %goes = load double, ptr %place
  %on = fcmp one double %goes, 0.0
  br i1 %on, label %guarding, label %end
guarding:
  %g = phi i64 [ 0, %body ], [ %g1, %holds ]
  %left = icmp slt i64 %g, %guarded
  br i1 %left, label %guard, label %moving
guard:
  %g3 = mul i64 %g, 3
  %entry0 = getelementptr i64, ptr %guards, i64 %g3
  %entry1 = getelementptr i64, ptr %entry0, i64 1
  %entry2 = getelementptr i64, ptr %entry0, i64 2
  %address = load i64, ptr %entry0
  %bytes = load i64, ptr %entry1
  %outcome = load i64, ptr %entry2
  %at = inttoptr i64 %address to ptr
  %isbyte = icmp eq i64 %bytes, 1
  br i1 %isbyte, label %byte, label %word
byte:
  %b = load i8, ptr %at
  %b64 = zext i8 %b to i64
  br label %compare
word:
  %w64 = load i64, ptr %at
  br label %compare
compare:
  %found = phi i64 [ %b64, %byte ], [ %w64, %word ]
  %same = icmp eq i64 %found, %outcome
  br i1 %same, label %holds, label %end
holds:
  %g1 = add i64 %g, 1
  br label %guarding
moving:
  %j = phi i64 [ 0, %guarding ], [ %j1, %move ]
  %rest = icmp slt i64 %j, %count
  br i1 %rest, label %move, label %moved
move:
  %slot = getelementptr i64, ptr %arrays, i64 %j
  %stridep = getelementptr i64, ptr %strides, i64 %j
  %old = load i64, ptr %slot
  %stride = load i64, ptr %stridep
  %new = add i64 %old, %stride
  store i64 %new, ptr %slot
  %j1 = add i64 %j, 1
  br label %moving
moved:
  %next = add i64 %step, 1
  br label %head
end:
  ret i64 %step
}
"""


def _address(array: _Array) -> int:
    # In a third of the time that array.ctypes takes; what is read-only, or empty, gives no buffer.
    if array.nbytes and array.flags.writeable:
        return ctypes.addressof(_BYTE.from_buffer(array.data))
    return int(array.__array_interface__["data"][0])


@cache
def _driver() -> tuple[Any, Loaded]:
    loaded = compile_module(_DRIVER, "steps")
    return _STEPS(loaded.address("steps")), loaded


@final
@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps that were made at one go.

    Attributes:
        done: how many.
        outputs: for each output what the steps have made, the steps along the first axis; of one that is carried, the
            value before the first step stands in front. Behind `done` steps there is nothing to be read.
    """

    done: int
    outputs: Sequence[_Array]


@final
@dataclass(frozen=True, slots=True)
class _Layout:
    """What is the same in each run of as many steps over as many rows.

    Attributes:
        table: the pointers to the arrays, as far as they are known.
        strides: by how many bytes each of them is moved on after a step.
        strides_at: where these stand.
        outputs: for each output the array's shape and dtype, the input that it is carried to or -1, and its pointer's
            place in the table.
        chunk: how many rows are summed at one go.
        totals: memory for sums.
    """

    table: _Array
    strides: _Array
    strides_at: int
    outputs: tuple[tuple[tuple[tuple[int, ...], np.dtype[Any]], int, int], ...]
    chunk: int
    totals: Area


@final
class Loop:
    """A program compiled as a loop, for one thread.

    Args:
        program: one step.
        carried: for outputs that are read again which input they are in the next step.
        flag: the output, a float64 number, that is 0 where the loop has to stop; that step does not count.
        each: the inputs of which every step has its own.

    Raises:
        NotPlannedError: the program cannot be run as a loop; the message says why.
    """

    def __init__(self, program: Program, carried: Mapping[int, int], flag: int, each: Sequence[int]) -> None:
        moved = [program.row_axes[i] for i in (*carried.values(), *each)] + [program.output_axes[o] for o in carried]
        if any(section.calls for section in program.sections):
            raise NotPlannedError("NumPy computes a part of a step")
        if any(moved) or len(set(program.outputs)) < len(program.outputs):
            raise NotPlannedError("what a step makes cannot be read by the next one where it lies")
        for output, place in carried.items():
            made, read = program.outputs[output], program.inputs[place]
            if (made.shape, made.dtype, made.by_row) != (read.shape, read.dtype, read.by_row):
                raise NotPlannedError("a step makes something else than it reads")
        self.program, self._carried, self._each = program, dict(carried), frozenset(each)
        emitted = emit(program, vector_bytes())
        if min(emitted.guards, default=0) < 0:
            raise NotPlannedError("a decision of a step is about an argument")
        self._loaded = compile_module(emitted.text, program.name)
        self._whole = self._loaded.address("whole")
        self._blas = single_threaded() if '@"chainrule_' in emitted.text else nullcontext()
        self._totals = [rounded(size) for size in emitted.totals_bytes]
        self._work = fixed_work(program) + _CALL, row_work(program) if program.has_rows else 0.0
        self._layouts: dict[Hashable, _Layout] = {}
        self._lock = threading.Lock()
        self._fixed, self._scratch = Area(emitted.fixed_bytes), Area(emitted.scratch_bytes)
        self._constants = [np.array(array, value.dtype, order="C") for value, array in program.constants]
        self._guards = np.array(
            [
                (self._fixed.address + offset, guard.value.dtype.itemsize, int(guard.outcome))
                for guard, offset in zip(program.guards, emitted.guards, strict=True)
            ],
            np.int64,
        ).reshape(-1, 3)
        self._guards_at = _address(self._guards)
        self._flag = len(program.inputs) + len(self._constants) + flag  # in the table
        self._driver, self._driving = _driver()
        self._given = [
            (i, program.row_axes[i], value.dtype)
            for i, value in enumerate(program.inputs)
            if i not in self._carried.values()
        ]

    def nanoseconds(self, rows: int) -> float:
        """About how long a step takes."""
        return self._work[0] + rows * self._work[1]

    def run(self, inputs: Sequence[_Array], steps: int) -> Stretch:
        """So many steps, or those before the flag or a decision of the program says otherwise.

        Args:
            inputs: for each input its array, which a carried one starts from; for one of which every step has its own,
                an array with the steps along the first axis.
            steps: how many at the most.
        """
        rows = self._rows(inputs)
        layout = self._layout(rows, steps, tuple([inputs[place].shape for place in self._carried.values()]))
        outputs: list[_Array] = []
        table = layout.table.copy()
        for (shape, dtype), place, made in layout.outputs:
            array = np.empty(shape, dtype)
            start = _address(array)
            if place >= 0:
                array[0] = inputs[place]
                table[place] = start
                start += array.strides[0]
            table[made] = start
            outputs.append(array)
        held = []
        for i, axis, dtype in self._given:
            array = inputs[i]
            given = np.asarray(np.moveaxis(array, axis, 0) if axis else array, dtype, order="C")
            held.append(given)
            table[i] = _address(given)
        with self._lock, self._blas:  # the areas are one run's at a time
            done = self._driver(
                self._whole, _address(table), layout.strides_at, self._fixed.address, self._scratch.address,
                layout.totals.address, self._guards_at, rows, layout.chunk, steps, len(table), self._flag,
                len(self._guards),
            )  # fmt: skip
        return Stretch(done, outputs)

    def _layout(self, rows: int, steps: int, shapes: tuple[tuple[int, ...], ...]) -> _Layout:
        """What is the same in each run of so many steps and rows."""
        key = rows, steps, shapes
        found = self._layouts.get(key)
        if found is None:
            found = self._laid_out(rows, steps, shapes)
            with self._lock:
                if len(self._layouts) == _KINDS:
                    self._layouts.clear()
                self._layouts[key] = found
        return found

    def _laid_out(self, rows: int, steps: int, shapes: tuple[tuple[int, ...], ...]) -> _Layout:
        program, like = self.program, dict(zip(self._carried, shapes, strict=True))
        first = len(program.inputs) + len(self._constants)
        table = np.zeros(first + len(program.outputs), np.int64)
        strides = np.zeros_like(table)
        for i, constant in enumerate(self._constants, len(program.inputs)):
            table[i] = _address(constant)
        for i in self._each:
            value = program.inputs[i]
            strides[i] = prod(value.shape) * value.dtype.itemsize * (rows if value.by_row else 1)
        outputs = []
        for i, value in enumerate(program.outputs):
            place = self._carried.get(i, -1)
            shape = like.get(i, (rows, *value.shape) if value.by_row else value.shape)
            strides[first + i] = prod(shape) * value.dtype.itemsize
            if place >= 0:
                strides[place] = strides[first + i]
            outputs.append((((steps + (place >= 0), *shape), value.dtype), place, first + i))
        chunk = chunk_rows(program, rows)
        levels = 2 + (max(1, -(-rows // chunk)) - 1).bit_length()
        totals = Area(max([0, *self._totals]) * levels)
        return _Layout(table, strides, _address(strides), tuple(outputs), chunk, totals)

    def _rows(self, inputs: Sequence[_Array]) -> int:
        for i, value in enumerate(self.program.inputs):
            if value.by_row:
                shape = inputs[i].shape[i in self._each :]
                return prod(shape) if self.program.flat is not None else shape[self.program.row_axes[i] or 0]
        return next((len(array) for value, array in self.program.constants if value.by_row), 0)
