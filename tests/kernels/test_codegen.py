"""The pieces that all emitters use, run."""

from __future__ import annotations

import ctypes

import llvmlite.binding as binding
import llvmlite.ir as ir
import numpy as np
import pytest

from chainrule.kernels.codegen import (
    INDEX,
    POINTER,
    Context,
    Place,
    at,
    constant,
    element_type,
    index,
    load,
    loop,
    register_type,
    splat,
    store,
)


def engine_of(module: ir.Module) -> binding.ExecutionEngine:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    return binding.create_mcjit_compiler(parsed, machine)


def function(module: ir.Module) -> ir.IRBuilder:
    kind = ir.FunctionType(ir.VoidType(), [POINTER, POINTER, INDEX])
    return ir.IRBuilder(ir.Function(module, kind, "f").append_basic_block("entry"))


def call(module: ir.Module, source: np.ndarray, out: np.ndarray, count: int) -> None:
    engine = engine_of(module)
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(engine.get_function_address("f"))
    run(source.ctypes.data, out.ctypes.data, count)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "bool"])
@pytest.mark.parametrize("lanes", [1, 4])
def test_vectors_are_loaded_and_stored(dtype: str, lanes: int) -> None:
    kind = np.dtype(dtype)
    module = ir.Module()
    builder = function(module)
    source, out, count = builder.function.args
    with loop(builder, 0, count, lanes) as rows:
        value = load(builder, at(builder, source, kind, rows.index), kind, lanes)
        store(builder, value, at(builder, out, kind, rows.index), kind, lanes)
    builder.ret_void()
    values = np.array([1, 0, 3, 0, 1, 1, 0, 0]).astype(kind)
    got = np.zeros(8, kind)
    call(module, values, got, 8)
    assert np.array_equal(got, values)


def test_a_loop_carries_values() -> None:
    kind = np.dtype(float)
    module = ir.Module()
    builder = function(module)
    source, out, count = builder.function.args
    with loop(builder, 0, count, carried=[constant(0.5, kind, 4)]) as rows:
        value = splat(builder, load(builder, at(builder, source, kind, rows.index), kind), 4)
        rows.next = [builder.fadd(rows.carried[0], value)]
    store(builder, rows.results[0], out, kind, 4)
    builder.ret_void()
    for count_of_rows in (0, 1, 7):
        got = np.zeros(4)
        call(module, np.arange(7.0), got, count_of_rows)
        assert np.array_equal(got, np.full(4, 0.5 + np.arange(count_of_rows).sum()))


def test_types_and_constants() -> None:
    assert str(element_type(np.dtype(bool))) == "i8"
    assert str(register_type(np.dtype(bool), 8)) == "<8 x i1>"
    assert str(register_type(np.dtype("float32"))) == "float"
    assert str(constant(2, np.dtype("int32"), 2)) == "<2 x i32> splat (i32 2)"
    assert str(constant(True, np.dtype(bool))) == "i1 1"


def test_temporary_memory_of_stages_overlaps() -> None:
    module = ir.Module()
    builder = function(module)
    place = Place(builder.function.args[0], 1, ())
    context = Context(module, builder, 32, 64, index(64), lambda value: place, builder.function.args[1], taken=128)
    assert context.lanes(np.dtype("float32")) == 8
    first = context.scratch(100)
    second = context.scratch(8)
    assert "i64 128" in str(first)
    assert "i64 256" in str(second)
    context.begin_stage()
    assert "i64 128" in str(context.scratch(8))
    assert context.temporary == 192
    kind = ir.FunctionType(ir.VoidType(), [])
    assert context.declare("g", kind) is context.declare("g", kind)
