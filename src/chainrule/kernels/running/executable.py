"""Runs a program as machine code: arrays in, arrays out, chunks of rows on all cores."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.kernels.blas import single_threaded
from chainrule.kernels.llvm import Emitted, emit
from chainrule.kernels.machine import Loaded, compile_module, vector_bytes
from chainrule.kernels.program import Number, Operand, Program, Section
from chainrule.kernels.running.areas import Area, Kept, aligned_copy, rounded
from chainrule.kernels.running.blocks import CHUNKS, chunk_rows, fixed_work, levels, most_rows, row_work
from chainrule.kernels.running.call import entry
from chainrule.kernels.running.given import Given, RowArray, as_given
from chainrule.kernels.running.results import new_array
from chainrule.kernels.running.runner import check_guard, following, looked_at
from chainrule.kernels.running.threads import places, run, run_in_places

__all__ = ["Executable"]

_Array = np.ndarray[Any, Any]
_LARGE_SUMS = 1 << 17  # bytes, from which on it takes longer to add two than to wake a thread
_ALONE = 6e5  # nanoseconds by the estimate of `row_work`, a high one, that are done before other threads are awake
_TASKS = 4  # for each thread, where there are no sums: if one is held up, others take over
_REMEMBERED = 256  # numbers of rows
_SECTION = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, *[ctypes.c_int64] * 2)
_MERGE = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2)
_FINISH = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)


@final
@dataclass(slots=True)
class _State:
    """A call that is under way.

    Attributes:
        rows: how many there are in all.
        fixed: the area of fixed values.
        table: where inputs, constants and outputs lie.
        made: the arrays of the outputs, those by row with the rows in front.
        kept: arrays that the table points to.
        copied: arrays by row that are copied chunk by chunk, by their place in the table.
    """

    rows: int
    fixed: Area
    table: _Array
    made: list[Any]
    kept: list[Any]
    copied: dict[int, RowArray] = field(default_factory=dict)
    address: int = field(init=False)  # of the table

    def __post_init__(self) -> None:
        self.address = self.table.ctypes.data


@final
@dataclass(frozen=True, slots=True)
class _Counts:
    """How so many rows are gone through.

    Attributes:
        chunk: the rows of a chunk.
        chunks: how many there are.
        on_all_cores: whether there is enough to do for several threads.
    """

    chunk: int
    chunks: int
    on_all_cores: bool


@final
class Executable:
    """A program as machine code of this machine; compiled when it is made, or found compiled on disk.

    It may be called from several threads at once.

    Attributes:
        program: what it runs.
        emitted: its LLVM IR, and what memory that wants.
        loaded: the code.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.emitted: Emitted = emit(program, vector_bytes())
        self.loaded: Loaded = compile_module(self.emitted.text, program.name)
        sections = [(i, section) for i, section in enumerate(program.sections) if not section.calls]
        summing = [i for i, section in sections if section.totals]
        self._sections = {i: _SECTION(self.loaded.address(f"section_{i}")) for i, _ in sections}
        self._merges = {i: _MERGE(self.loaded.address(f"merge_{i}")) for i in summing}
        self._finishes = {i: _FINISH(self.loaded.address(f"finish_{i}")) for i in summing}
        self._whole = _SECTION(self.loaded.address("whole")) if len(sections) == len(program.sections) else None
        # BLAS with threads of its own would fight with those of the kernels, and its sums depend on how many there are.
        self._blas = single_threaded() if '@"chainrule_' in self.emitted.text else nullcontext()
        self._totals = [rounded(size) for size in self.emitted.totals_bytes]
        self._scratch = Kept(self.emitted.scratch_bytes)
        self._sums = Kept(1)  # of all chunks, as many as there were in the last call
        self._counts: dict[int, _Counts] = {}
        self._needed = [following(program, i) for i in range(-1, len(program.sections))]  # after each section
        self._fixed = Kept(self.emitted.fixed_bytes)
        # Data that a function found around it may be large: no copy but where there has to be one.
        self._constants = [np.require(array, value.dtype, ["C", "A"]) for value, array in program.constants]
        values = [*program.inputs, *(value for value, _ in program.constants), *program.outputs]
        self._row_bytes = np.array([v.size * v.dtype.itemsize if v.by_row else 0 for v in values], np.intp)
        self._outputs = len(values) - len(program.outputs)
        # An output that stands there twice is made once.
        self._first = [program.outputs.index(value) for value in program.outputs]

    def __call__(self, arrays: Sequence[Any]) -> list[Any]:
        """See `Runner`."""
        program = self.program
        given = as_given(program, arrays)
        fixed = self._fixed.take()
        try:
            state = self._state(given, fixed, self._made(given.rows, given.shape))
            if self._whole is not None and not state.copied and not self._counted(given.rows).on_all_cores:
                self._at_once(self._whole, state)
            else:
                self._run_fixed(state, -1)
                for i, section in enumerate(program.sections):
                    if section.by_row:
                        with self._over_rows(state, i) as totals:
                            self._finish(state, i, totals)
            self._check(state)
            return [self._result(state.made, i, given.back) for i in range(len(program.outputs))]
        finally:
            self._fixed.give_back(fixed)

    def begin(self, inputs: Sequence[Any], rows: int) -> _State:
        """See `Runner`."""
        program = self.program
        if any(value.by_row for value in (*program.outputs, *(value for value, _ in program.constants))):
            raise ArgumentError(f"{program.name} has rows among its results or constants and cannot be run in blocks")
        given = dataclasses.replace(as_given(program, inputs), rows=rows)
        state = self._state(given, Area(self.emitted.fixed_bytes), self._made(rows, None))
        self._run_fixed(state, -1)
        return state

    def totals(self, state: _State, section: int, row_arrays: Sequence[Any]) -> _Array:
        """See `Runner`."""
        block = self._state(as_given(self.program, row_arrays), state.fixed, state.made, state.table)
        with self._over_rows(block, section) as totals:
            return totals.bytes[: self._totals[section]].copy()

    def merge(self, section: int, into: _Array, other: _Array) -> _Array:
        """See `Runner`."""
        first, second = aligned_copy(into), aligned_copy(other)
        self._merges[section](first.address, second.address)
        return first.bytes

    def finish(self, state: _State, section: int, totals: _Array) -> None:
        """See `Runner`."""
        self._finish(state, section, aligned_copy(totals))

    def outputs(self, state: _State) -> list[Any]:
        """See `Runner`."""
        self._check(state)
        return [self._result(state.made, i, None) for i in range(len(self.program.outputs))]

    def entry(
        self, variables: Sequence[tuple[ContextVar[Any], object]] = (), shapes: Sequence[Shape] | None = None
    ) -> Callable[..., Any] | None:
        """A faster way in for small calls, see `call.entry`; None if there is none.

        Args:
            variables: what context variables have to hold, for a call to go this way.
            shapes: of the arguments, if the program holds for no others.
        """
        program = self.program
        # Other threads do not run meanwhile, so no call goes this way that is long.
        most = most_rows(program, _ALONE)
        long = fixed_work(program) > _ALONE or (program.has_rows and most < 1)
        moved = any(program.row_axes) or any(program.output_axes)
        several = len(set(program.outputs)) < len(program.outputs)
        counted = any(value.by_row for value, _ in program.constants)
        threaded = not isinstance(self._blas, nullcontext)
        unusual = long or moved or several or counted or threaded or min(self.emitted.guards, default=0) < 0
        if self._whole is None or unusual:
            return None
        chunk = chunk_rows(program, most)
        guards = [
            (offset, guard.value.dtype.itemsize, int(guard.outcome))
            for guard, offset in zip(program.guards, self.emitted.guards, strict=True)
        ]
        return entry(
            self.loaded.address("whole"),
            inputs=program.inputs,
            outputs=program.outputs,
            flat=program.flat is not None,
            constants=self._constants,
            fixed=Area(self.emitted.fixed_bytes).bytes,
            scratch=Area(self.emitted.scratch_bytes).bytes,
            totals=Area(self._totals_at_once(most, chunk)).bytes,
            rows_offset=self.emitted.rows_offset,
            chunk=chunk,
            limit=most,
            shapes=shapes,
            guards=guards,
            variables=variables,
            keep=self.loaded,
        )

    def _state(self, given: Given, fixed: Area, made: list[Any], table: _Array | None = None) -> _State:
        """A call with its table filled in, on top of one that has the fixed arrays."""
        state = _State(given.rows, fixed, np.zeros(len(self._row_bytes), np.intp), made, [])
        if table is None:
            if self.emitted.rows_offset is not None:
                fixed.array(self.emitted.rows_offset, (), np.dtype(np.int64))[...] = given.rows
            state.kept = [*self._constants, *(made[i] for i in self._first)]
            for i, array in enumerate(state.kept, len(given.arrays)):
                state.table[i] = array.ctypes.data
        else:
            state.table[...] = table
        for i, argument in enumerate(given.arrays):
            if argument is not None:
                state.table[i] = argument.array.ctypes.data
                state.kept.append(argument.array)
                if not argument.plain:
                    state.copied[i] = argument
        return state

    def _made(self, rows: int, shape: Shape | None) -> list[Any]:
        """Memory for the results."""
        made: list[Any] = []
        for i, value in enumerate(self.program.outputs):
            if self._first[i] < i:
                made.append(made[self._first[i]])
            elif value.by_row:
                made.append(new_array((rows, *value.shape) if shape is None else shape, value.dtype))
            else:
                made.append(new_array(value.shape, value.dtype))
        return made

    def _result(self, made: Sequence[Any], place: int, back: tuple[int, ...] | None) -> Any:
        value, axis = self.program.outputs[place], self.program.output_axes[place]
        result = made[place] if self._first[place] == place else made[place].copy()
        if value.by_row and self.program.flat is not None:
            return result if back is None else result.transpose(back)
        return np.moveaxis(result, 0, axis) if axis else result

    def _counted(self, rows: int) -> _Counts:
        found = self._counts.get(rows)
        if found is None:
            chunk = chunk_rows(self.program, rows)
            long = self.program.has_rows and rows * row_work(self.program) > _ALONE
            found = _Counts(chunk, max(1, -(-rows // chunk)), long)
            if len(self._counts) >= _REMEMBERED:
                self._counts.clear()
            self._counts[rows] = found
        return found

    def _at_once(self, whole: Any, state: _State) -> None:
        """The whole program in one call, on this thread; the same chunks and the same order of sums as on several."""
        chunk = self._counted(state.rows).chunk
        kept = self._kept_for_sums(self._totals_at_once(state.rows, chunk))
        totals, scratch = kept.take(), self._scratch.take()
        try:
            with self._blas:
                whole(state.address, state.fixed.address, scratch.address, totals.address, state.rows, chunk)
        finally:
            kept.give_back(totals)
            self._scratch.give_back(scratch)

    def _kept_for_sums(self, size: int) -> Kept:
        """Areas for the sums of a call; those of the call before, if they have the size."""
        kept = self._sums  # once: another thread may want another size
        if kept.size != size:
            kept = self._sums = Kept(size)
        return kept

    def _totals_at_once(self, rows: int, chunk: int) -> int:
        """How many bytes `whole` wants for sums: one area for each level of the tree, and two."""
        return max([0, *self._totals]) * (2 + (max(1, -(-rows // chunk)) - 1).bit_length())

    def _run_fixed(self, state: _State, after: int) -> None:
        for i in self._needed[after + 1]:
            section = self.program.sections[i]
            if section.calls:
                self._call(state, section)
                continue
            with self._blas, self._scratch.taken(1) as (scratch,):
                self._sections[i](state.address, state.fixed.address, scratch.address, 0, 0, 0)

    def _call(self, state: _State, section: Section) -> None:
        """What NumPy computes."""
        for node, operands, value in section.calls:
            values = [self._value(state, operand) for operand in operands]
            with np.errstate(all="ignore"):
                found = node.primitive.evaluate(*values, **node.parameters)
            self._value(state, value)[...] = np.asarray(found, value.dtype).reshape(value.shape)

    def _value(self, state: _State, operand: Operand) -> _Array:
        """A fixed value where it lies."""
        if isinstance(operand, Number):
            return np.asarray(operand.value, operand.dtype)
        base = operand.base
        offset = self.emitted.fixed_offsets.get(base)
        if offset is not None:
            return looked_at(operand, state.fixed.array(offset, base.shape, base.dtype), None)
        values = [*self.program.inputs, *(value for value, _ in self.program.constants), *self.program.outputs]
        address = int(state.table[values.index(base)])
        memory: Any = (ctypes.c_char * (base.size * base.dtype.itemsize)).from_address(address)
        return looked_at(operand, np.ndarray(base.shape, base.dtype, memory), None)

    @contextmanager
    def _over_rows(self, state: _State, place: int) -> Iterator[Area]:
        """The sums of a section over all rows."""
        rows, section, size = state.rows, self._sections[place], self._totals[place]
        counts = self._counted(rows)
        chunk, chunks = counts.chunk, counts.chunks
        if not size and not state.copied and chunks <= CHUNKS:
            # Nothing is put together, so it does not matter which rows go together.
            chunks = min(chunks, _TASKS * places(chunks))
            chunk *= -(-counts.chunks // chunks)
            chunks = max(1, -(-rows // chunk))
        sums = self._kept_for_sums(size * chunks)
        table, fixed, row_bytes = state.address, state.fixed.address, self._row_bytes
        with sums.taken(1) as (totals,), self._scratch.taken(places(chunks)) as scratch:

            def task(index: int, thread: int) -> None:
                first, last = index * chunk, min((index + 1) * chunk, rows)
                memory, into = scratch[thread].address, totals.address + index * size
                if not state.copied:
                    section(table, fixed, memory, into, first, last)
                    return
                moved = state.table + first * row_bytes
                copies = {i: np.array(array.part(first, last), order="C") for i, array in state.copied.items()}
                for i, copy in copies.items():
                    moved[i] = copy.ctypes.data
                section(moved.ctypes.data, fixed, memory, into, 0, last - first)

            with self._blas:
                run_in_places(task, chunks)
            if size:
                self._add_up(self._merges[place], totals.address, size, chunks)
            yield totals

    def _add_up(self, merge: Callable[[int, int], None], first: int, size: int, chunks: int) -> None:
        """Put the sums of all chunks together, large ones on all cores."""
        for pairs in levels(chunks):

            def task(index: int, pairs: list[tuple[int, int]] = pairs) -> None:
                into, other = pairs[index]
                merge(first + into * size, first + other * size)

            if size < _LARGE_SUMS:
                for index in range(len(pairs)):
                    task(index)
            else:
                run(task, len(pairs))

    def _finish(self, state: _State, place: int, totals: Area) -> None:
        if place in self._finishes:
            self._finishes[place](state.address, state.fixed.address, totals.address)
        self._run_fixed(state, place)

    def _check(self, state: _State) -> None:
        for i, guard in enumerate(self.program.guards):
            check_guard(self.program, i, self._value(state, guard.value))
