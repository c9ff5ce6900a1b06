"""Lowered primitives as functions of arrays: a loop around each."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import llvmlite.ir as ir
import numpy as np

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.core.primitive import Primitive
from chainrule.kernels.lowering import computed_in, lower
from chainrule.kernels.lowering.vector import lanes_type
from chainrule.kernels.machine import compile_module

_I64 = ir.IntType(64)


def module_of(
    primitive: Primitive, dtypes: Sequence[Any], parameters: dict[str, Any], lanes: int, numbers: dict[int, Any]
) -> ir.Module:
    """A module whose function `f(count, out, operands...)` runs the primitive over arrays, `lanes` at a time.

    Operands that `numbers` holds are known numbers; bools are bytes in memory.
    """
    byte = np.dtype(np.uint8)
    result = np.dtype(result_dtype(primitive, dtypes, parameters))
    module = ir.Module("lowering")
    inputs = [i for i in range(len(dtypes)) if i not in numbers]
    pointer = ir.IntType(8).as_pointer()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [_I64, *[pointer] * (1 + len(inputs))]), "f")
    entry, loop, done = (function.append_basic_block(name) for name in ("entry", "loop", "done"))
    builder = ir.IRBuilder(entry)
    builder.branch(loop)
    builder.position_at_end(loop)
    at = builder.phi(_I64)
    at.add_incoming(ir.Constant(_I64, 0), entry)
    operands: list[Any] = [numbers.get(i) for i in range(len(dtypes))]

    def address(argument: Any, dtype: np.dtype[Any]) -> Any:
        place = builder.gep(argument, [builder.mul(at, ir.Constant(_I64, dtype.itemsize))])
        return builder.bitcast(place, lanes_type(byte if dtype.kind == "b" else dtype, lanes).as_pointer())

    for i, argument in zip(inputs, function.args[2:], strict=True):
        value = builder.load(address(argument, dtypes[i]), align=1)
        if dtypes[i].kind == "b":
            value = builder.trunc(value, lanes_type(np.dtype(bool), lanes))
        operands[i] = value
    value = lower(builder, primitive, operands, parameters, dtypes[-1] if dtypes[0].kind == "b" else dtypes[0], lanes)
    if result.kind == "b":
        value = builder.zext(value, lanes_type(byte, lanes))
    builder.store(value, address(function.args[1], result), align=1)
    following = builder.add(at, ir.Constant(_I64, lanes))
    at.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, function.args[0]), loop, done)
    builder.position_at_end(done)
    builder.ret_void()
    return module


def result_dtype(primitive: Primitive, dtypes: Sequence[Any], parameters: dict[str, Any]) -> Any:
    """The dtype of the result on operands of these dtypes."""
    if primitive.dtype is not None:
        return primitive.dtype(*dtypes, **parameters)
    if isinstance(primitive.evaluate, np.ufunc):
        return primitive.evaluate.resolve_dtypes((*dtypes, None))[-1]
    return np.result_type(*dtypes)


class Lowered:
    """A primitive compiled for operands of some dtypes."""

    def __init__(
        self,
        primitive: Primitive,
        dtypes: Sequence[Any],
        parameters: dict[str, Any] | None = None,
        lanes: int = 8,
        numbers: dict[int, Any] | None = None,
    ) -> None:
        parameters, numbers = parameters or {}, numbers or {}
        self.lanes = lanes
        given = computed_in(primitive, dtypes, parameters)
        assert given is not None, (primitive, dtypes)
        self.dtypes = given
        self.result = np.dtype(result_dtype(primitive, given, parameters))
        self.numbers = numbers
        self.loaded = compile_module(str(module_of(primitive, given, parameters, lanes, numbers)), primitive.name)
        count = 2 + len(given) - len(numbers)
        self.call = ctypes.CFUNCTYPE(None, *[ctypes.c_int64, *[ctypes.c_void_p] * (count - 1)])(
            self.loaded.address("f")
        )

    def __call__(self, *operands: Any) -> Any:
        """The result on arrays of one length; known numbers are left out."""
        used = [d for i, d in enumerate(self.dtypes) if i not in self.numbers]
        count = len(operands[0])
        padded = -(-count // self.lanes) * self.lanes
        arrays = []
        for x, dtype in zip(operands, used, strict=True):
            array = np.ones(padded, dtype)
            array[:count] = x
            arrays.append(array)
        out = np.empty(padded, self.result)
        self.call(padded, out.ctypes.data, *[x.ctypes.data for x in arrays])
        return out[:count]
