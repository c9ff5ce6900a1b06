"""Runs an emitted program with ctypes alone, its arrays in front of memory that must not be touched."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Sequence
from math import ceil, log2
from typing import Any

import llvmlite.binding as binding
import numpy as np

from chainrule.kernels.llvm import Emitted, emit
from chainrule.kernels.machine import Loaded, compile_module, vector_bytes
from chainrule.kernels.program import Program
from chainrule.kernels.running.blocks import add_up

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None)


def before_a_wall(array: np.ndarray) -> np.ndarray:
    """A copy whose last byte stands before a page that nobody may read or write."""
    pages = ceil(array.nbytes / PAGE) + 1
    memory = mmap.mmap(-1, pages * PAGE)
    whole = np.frombuffer(memory, np.uint8)
    end = (pages - 1) * PAGE
    assert _libc.mprotect(ctypes.c_void_p(whole.ctypes.data + end), ctypes.c_size_t(PAGE), 0) == 0
    copy = whole[end - array.nbytes : end].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def aligned(size: int) -> np.ndarray:
    memory = np.full(size + 128, 0xAB, np.uint8)
    return memory[-memory.ctypes.data % 64 :][: size + 64]


class Run:
    """An emitted program, compiled."""

    def __init__(self, program: Program, width: int | None = None) -> None:
        self.program = program
        self.emitted: Emitted = emit(program, width or vector_bytes())
        binding.parse_assembly(self.emitted.text).verify()
        self.loaded: Loaded = compile_module(self.emitted.text, program.name)

    def _call(self, name: str, *arguments: Any) -> None:
        kinds = [ctypes.c_int64 if isinstance(a, int) else ctypes.c_void_p for a in arguments]
        values = [a if isinstance(a, int) else a.ctypes.data for a in arguments]
        ctypes.CFUNCTYPE(None, *kinds)(self.loaded.address(name))(*values)

    def _prepared(self, inputs: Sequence[Any], rows: int) -> tuple[np.ndarray, list[np.ndarray]]:
        program = self.program
        arrays = []
        for value, given, axis in zip(program.inputs, inputs, program.row_axes, strict=True):
            array = np.asarray(given, value.dtype)
            if program.flat is not None:
                array = array.reshape(-1)
            elif axis:
                array = np.moveaxis(array, axis, 0)
            arrays.append(before_a_wall(np.ascontiguousarray(array)))
        arrays += [before_a_wall(np.asarray(array, value.dtype)) for value, array in program.constants]
        for value in program.outputs:
            shape = (rows, *value.shape) if value.by_row else value.shape
            arrays.append(before_a_wall(np.full(shape, 77).astype(value.dtype)))
        return np.array([array.ctypes.data for array in arrays]), arrays

    def whole(self, inputs: Sequence[Any], rows: int, chunk: int) -> list[np.ndarray]:
        """By the function that runs all."""
        table, arrays = self._prepared(inputs, rows)
        areas = 2 + ceil(log2(max(1, ceil(rows / chunk))))
        totals = aligned(areas * max((*self.emitted.totals_bytes, 0)))
        fixed, scratch = aligned(self.emitted.fixed_bytes), aligned(self.emitted.scratch_bytes)
        self._call("whole", table, fixed, scratch, totals, rows, chunk)
        self.fixed = fixed
        return self._results(arrays)

    def chunks(self, inputs: Sequence[Any], rows: int, chunk: int) -> list[np.ndarray]:
        """Section by section, chunk by chunk, last chunk first."""
        table, arrays = self._prepared(inputs, rows)
        fixed, scratch = aligned(self.emitted.fixed_bytes), aligned(self.emitted.scratch_bytes)
        if self.emitted.rows_offset is not None:
            fixed[self.emitted.rows_offset :][:8].view(np.int64)[0] = rows
        for number, section in enumerate(self.program.sections):
            if not section.by_row:
                self._call(f"section_{number}", table, fixed, scratch, scratch, 0, 0)
                continue
            count = max(1, ceil(rows / chunk))
            totals = [aligned(self.emitted.totals_bytes[number]) for _ in range(count)]
            for k in reversed(range(count)):
                first, last = k * chunk, min(rows, (k + 1) * chunk)
                self._call(f"section_{number}", table, fixed, scratch, totals[k], first, last)
            if section.totals:
                merge = f"merge_{number}"
                add_up(count, lambda i, j, totals=totals, merge=merge: self._call(merge, totals[i], totals[j]))
                self._call(f"finish_{number}", table, fixed, totals[0])
        return self._results(arrays)

    def _results(self, arrays: list[np.ndarray]) -> list[np.ndarray]:
        own = arrays[len(self.program.inputs) + len(self.program.constants) :]
        first = dict(reversed(list(zip(self.program.outputs, own, strict=True))))
        return [first[value].copy() for value in self.program.outputs]
