"""Kernels as functions of Python's own kind, for arrays so small that Python would take longer than they do."""

from __future__ import annotations

import ctypes
import math
import sys
import sysconfig
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from enum import EnumType
from functools import cache
from typing import Any

import numpy as np

from chainrule.core.shapes import Shape
from chainrule.kernels.program import Value
from chainrule.kernels.running.glue import (
    ALIGNED_IN_C_ORDER,
    Field,
    Guard,
    Incoming,
    Outgoing,
    Variable,
    Word,
    loaded_glue,
)

__all__ = ["entry", "layouts_hold"]

Array = np.ndarray[Any, Any]
_METH_FASTCALL = 0x80
_NUMPY_SCALAR, _NUMPY_EMPTY = 60, 184  # PyArray_Scalar and PyArray_Empty in the table of NumPy's C API


class _Definition(ctypes.Structure):
    """PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("documentation", ctypes.c_char_p),
    )


class _Table(np.ndarray[Any, Any]):
    """The words that the machine code reads, and what has to live as long."""

    kept: tuple[Any, ...]


def entry(
    whole: int,
    *,
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    flat: bool,
    constants: Sequence[Array] = (),
    fixed: Array,
    scratch: Array,
    totals: Array,
    rows_offset: int | None = None,
    chunk: int = 2**62,
    limit: int = 2**62,
    shapes: Sequence[Shape] | None = None,
    guards: Sequence[tuple[int, int, int]] = (),
    variables: Sequence[tuple[ContextVar[Any], object | None]] = (),
    keep: object = None,
) -> Callable[..., Any] | None:
    """A builtin function that calls a kernel, or None where Python's objects do not look as they are read here.

    It takes the inputs one by one, and returns the output, or a tuple of several, in arrays of their own; outputs of
    shape () are NumPy's scalars. Where an argument is not an array in C order of the dtype and shape expected, a shape
    does not fit, or one of the conditions below does not hold, it returns NotImplemented, and has done nothing. It
    holds the GIL, so it is for kernels that take less time than threads do to start.

    Args:
        whole: the address of the kernel: arrays, fixed, scratch, totals, rows, chunk.
        inputs: of the program. A Python float serves as a fixed float64 of shape ().
        outputs: of the program.
        flat: whether everything by row has one shape, whatever it is, and each component is a row.
        constants: arrays that stand behind the inputs.
        fixed: memory of the kernel.
        scratch: memory of the kernel.
        totals: memory of the kernel.
        rows_offset: where in `fixed` the kernel expects the number of rows.
        chunk: rows of a chunk.
        limit: the most rows.
        shapes: of the arguments, where no others will do; their first axes are the rows, as far as they are by row.
        guards: what has to come out: the offset in `fixed`, the number of bytes, 1 or 8, and the number.
        variables: context variables and the very object that each must give; None for one that is not set.
        keep: what the kernel needs to stay in memory.
    """
    if not layouts_hold():
        return None
    scalars = np.zeros(len(outputs), np.complex128)  # 16 bytes each
    unused = np.zeros(1, np.int64)
    arrays = np.zeros(len(inputs) + len(constants) + len(outputs), np.int64)
    arrays[len(inputs) : len(inputs) + len(constants)] = [array.ctypes.data for array in constants]
    rows, dimensions = -1, [_dimensions(value, flat) for value in (*inputs, *outputs)]
    if shapes is not None:
        rows, dimensions = _exact(inputs, outputs, flat, shapes)
        flat = False
    incoming = _records(Incoming, len(inputs))
    outgoing = _records(Outgoing, len(outputs))
    for i, value in enumerate(inputs):
        incoming[i] = _shaped(Incoming, value, flat, dimensions[i])
    for i, value in enumerate(outputs):
        outgoing[i] = _shaped(Outgoing, value, flat, dimensions[len(inputs) + i])
        outgoing[i, Outgoing.NUMBER] = 0 if value.by_row or value.shape else scalars[i:].ctypes.data
        outgoing[i, Outgoing.BY_ROW] = value.by_row and not flat and shapes is None
    guarded = _records(Guard, len(guards))
    for i, (offset, size, outcome) in enumerate(guards):
        guarded[i] = fixed.ctypes.data + offset, size, outcome
    watched = _records(Variable, len(variables))
    for i, (variable, expected) in enumerate(variables):
        watched[i] = id(variable), 0 if expected is None else id(expected)
    empty, scalar = _numpy_functions()
    table = np.zeros(len(Word), np.int64).view(_Table)
    words = {
        Word.WHOLE: whole,
        Word.FIXED: fixed.ctypes.data,
        Word.SCRATCH: scratch.ctypes.data,
        Word.TOTALS: totals.ctypes.data,
        Word.ROWS_AT: unused.ctypes.data if rows_offset is None else fixed.ctypes.data + rows_offset,
        Word.CHUNK: chunk,
        Word.LIMIT: limit,
        Word.ARRAYS: arrays.ctypes.data,
        Word.FIRST_OUTPUT: len(inputs) + len(constants),
        Word.INPUTS: len(inputs),
        Word.INPUT_RECORDS: incoming.ctypes.data,
        Word.OUTPUTS: len(outputs),
        Word.OUTPUT_RECORDS: outgoing.ctypes.data,
        Word.GUARDS: len(guards),
        Word.GUARD_RECORDS: guarded.ctypes.data,
        Word.VARIABLES: len(variables),
        Word.VARIABLE_RECORDS: watched.ctypes.data,
        Word.ARRAY_TYPE: id(np.ndarray),
        Word.FLOAT_TYPE: id(float),
        Word.FLOAT64_TYPE: id(np.float64),
        Word.FLOAT64_DESCR: id(np.dtype(np.float64)),
        Word.NOT_IMPLEMENTED: id(NotImplemented),
        Word.EMPTY: empty,
        Word.SCALAR: scalar,
        Word.ROWS: rows,
    }
    for word, number in words.items():
        table[word] = number
    glue = loaded_glue()
    definition = _Definition(b"kernel", glue.address("call"), _METH_FASTCALL, None)
    descrs = [value.dtype for value in (*inputs, *outputs)]
    table.kept = (
        keep, glue, definition, fixed, scratch, totals, unused, arrays, scalars, incoming, outgoing, guarded, watched,
        dimensions, descrs, list(constants), list(variables),
    )  # fmt: skip
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
    return make(ctypes.addressof(definition), table, None)


def _dimensions(value: Value, flat: bool) -> Array:
    """As the machine code compares them: -1 for the rows, nothing where it takes the shape as it comes."""
    if value.by_row and flat:
        return np.zeros(1, np.int64)
    return np.array([*([-1] if value.by_row else []), *value.shape, 0], np.int64)  # the 0 is for its address


def _exact(
    inputs: Sequence[Value], outputs: Sequence[Value], flat: bool, shapes: Sequence[Shape]
) -> tuple[int, list[Array]]:
    """The number of rows, and the shapes of inputs and outputs, where all are known."""
    first = next((shape for value, shape in zip(inputs, shapes, strict=True) if value.by_row), ())
    rows = math.prod(first) if flat else first[0] if first else 0
    found = list(shapes)
    for value in outputs:
        found.append(value.shape if not value.by_row else first if flat else (rows, *value.shape))
    return rows, [np.array([*shape, 0], np.int64) for shape in found]


def _records(kind: EnumType, count: int) -> Array:
    return np.zeros((count, len(kind)), np.int64)


def _shaped(kind: type[Incoming] | type[Outgoing], value: Value, flat: bool, dimensions: Array) -> list[int]:
    record = [0] * len(kind)
    record[kind.FLAT] = int(value.by_row and flat)
    record[kind.DESCR] = id(np.dtype(value.dtype))
    record[kind.NDIM] = len(dimensions) - 1
    record[kind.DIMENSIONS] = dimensions.ctypes.data
    return record


@cache
def layouts_hold() -> bool:
    """Whether floats, arrays and scalars have their fields where the machine code reads them."""
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    if ctypes.sizeof(ctypes.c_void_p) != 8 or not hasattr(ctypes, "pythonapi") or int(np.__version__.split(".")[0]) < 2:
        return False
    arrays = (
        np.arange(6.0).reshape(2, 3),
        np.arange(4, dtype=np.float32)[::2],
        np.zeros((), np.int64),
        np.zeros((3, 0, 2), bool),
        np.asfortranarray(np.ones((5, 4))),
    )
    return (
        all(_field(x, Field.TYPE) == id(type(x)) for x in (1.5, np.float64(2.5), *arrays))
        and all(ctypes.c_double.from_address(id(x) + Field.NUMBER).value == x for x in (1.5, np.float64(-2.5)))
        and all(map(_is_laid_out, arrays))
    )


def _is_laid_out(array: Array) -> bool:
    ndim = ctypes.c_int.from_address(id(array) + Field.NDIM).value
    flags = ctypes.c_int.from_address(id(array) + Field.FLAGS).value
    return (
        _field(array, Field.DATA) == array.ctypes.data
        and ndim == array.ndim
        and _field(array, Field.DESCR) == id(array.dtype)
        and ((flags & ALIGNED_IN_C_ORDER) == ALIGNED_IN_C_ORDER) == (array.flags.c_contiguous and array.flags.aligned)
        and tuple((ctypes.c_int64 * ndim).from_address(_field(array, Field.DIMENSIONS))) == array.shape
    )


def _field(thing: object, offset: int) -> int:
    return int(ctypes.c_int64.from_address(id(thing) + offset).value)


@cache
def _numpy_functions() -> tuple[int, int]:
    """PyArray_Empty and PyArray_Scalar, from the table that extension modules are linked to."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    api = get(np._core._multiarray_umath._ARRAY_API, None)  # type: ignore[attr-defined]
    functions = ctypes.cast(api, ctypes.POINTER(ctypes.c_void_p))
    return functions[_NUMPY_EMPTY] or 0, functions[_NUMPY_SCALAR] or 0
