"""Every kind of product, in every layout of its operands and for odd sizes, against NumPy."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.ir as ir
import numpy as np
import pytest
from guard_pages import fenced, guarded

from chainrule.kernels import blas, codegen
from chainrule.kernels.codegen import INDEX, POINTER, Context, Place
from chainrule.kernels.machine import compile_module, vector_bytes
from chainrule.kernels.products import emit_product
from chainrule.kernels.program import Product, ProductKind, Value

FIXED, ROWS, OVER_ROWS, EACH = ProductKind
STRIP = 64
MEMORY = 1 << 20
LARGE = 2.0


@dataclass(frozen=True)
class Layout:
    """How a value lies in an array: the array's shape, the offset of the first component, and strides."""

    shape: tuple[int, ...]
    offset: int
    row_stride: int
    strides: tuple[int, ...]


def c_strides(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))


def layout_of(kind: str, shape: tuple[int, ...], rows: int, by_row: bool) -> Layout:
    """Of a value in memory that holds nothing beyond it, but for scratch memory."""
    size = int(np.prod(shape))
    match kind:
        case "array":
            return Layout((rows, *shape) if by_row else shape, 0, size if by_row else 0, c_strides(shape))
        case "scratch":
            return Layout((*shape, STRIP), 0, 1, tuple(stride * STRIP for stride in c_strides(shape)))
        case "turned":
            turned = tuple(reversed(c_strides(shape[::-1])))
            return Layout((rows, *shape[::-1]) if by_row else shape[::-1], 0, size if by_row else 0, turned)
        case "part":
            # Every second component of the last axis, from the last one on.
            wide = (*shape[:-1], 2 * shape[-1]) if shape else ()
            strides = c_strides(wide)
            offset = 2 * shape[-1] - 1 if shape else 0
            if shape:
                strides = (*strides[:-1], -2)
            row = int(np.prod(wide))
            return Layout((rows, *wide) if by_row else wide, offset if size else 0, row if by_row else 0, strides)
        case "repeated":
            return Layout((rows,) if by_row else (), 0, int(by_row), (0,) * len(shape))
    raise AssertionError(kind)


def look(array: Any, layout: Layout, shape: tuple[int, ...], rows: int, by_row: bool) -> Any:
    """The value in such memory."""
    strides = (layout.row_stride, *layout.strides) if by_row else layout.strides
    flat = array.reshape(-1)[layout.offset :]
    return np.lib.stride_tricks.as_strided(
        flat, (rows, *shape) if by_row else shape, [stride * array.itemsize for stride in strides]
    )


@dataclass(frozen=True)
class Case:
    kind: ProductKind
    left: tuple[int, ...]
    right: tuple[int, ...]
    layouts: tuple[str, str, str]
    right_by_row: bool = True

    @property
    def out(self) -> tuple[int, ...]:
        if self.kind is OVER_ROWS:
            return self.left + self.right
        return self.left[:-1] + self.right[1:]

    def by_row(self) -> tuple[bool, bool, bool]:
        match self.kind:
            case ProductKind.FIXED:
                return False, False, False
            case ProductKind.ROWS:
                return True, False, True
            case ProductKind.EACH:
                return True, self.right_by_row, True
        return True, True, False

    def expected(self, left: Any, right: Any) -> Any:
        with np.errstate(all="ignore"):
            match self.kind:
                case ProductKind.FIXED | ProductKind.ROWS:
                    return left @ right
                case ProductKind.EACH:
                    a = left if left.ndim == 3 else left[:, None]
                    b = right if right.ndim == 2 + self.right_by_row else right[..., None]
                    return (a @ b).reshape(len(left), *self.out)
            return left.T @ right


def emit(module: ir.Module, name: str, case: Case, dtype: np.dtype[Any], width: int, rows: int) -> None:
    """A function (left, right, out, memory, rows)."""
    kind = ir.FunctionType(ir.VoidType(), [POINTER] * 4 + [INDEX])
    function = ir.Function(module, kind, name)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    shapes = (case.left, case.right, case.out)
    places = {}
    values = []
    for pointer, shape, by_row, layout in zip(function.args[:3], shapes, case.by_row(), case.layouts, strict=True):
        value = Value(shape, dtype, by_row)
        found = layout_of(layout, shape, rows, by_row)
        places[value] = Place(codegen.at(builder, pointer, dtype, found.offset), found.row_stride, found.strides)
        values.append(value)
    strip = 0 if case.kind is FIXED else STRIP
    context = Context(module, builder, width, strip, function.args[4], places.__getitem__, function.args[3])
    emit_product(context, Product(case.kind, *values))
    assert context.temporary <= MEMORY
    builder.ret_void()


class Compiled:
    """Many products in one module."""

    def __init__(self, cases: Sequence[Case], dtype: np.dtype[Any], width: int, rows: int = STRIP) -> None:
        module = ir.Module()
        for number, case in enumerate(cases):
            emit(module, f"f{number}", case, dtype, width, rows)
        self.code = compile_module(str(module), "products")
        self.memory = np.full(MEMORY, 255, np.uint8)

    def run(self, number: int, *arrays: Any, rows: int) -> None:
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)
        function = kind(self.code.address(f"f{number}"))
        with blas.single_threaded():
            function(*(array.ctypes.data for array in arrays), self.memory.ctypes.data, rows)


def check(
    cases: Sequence[Case], dtype: np.dtype[Any], width: int, counts: Sequence[int], special: bool = False
) -> None:
    compiled = Compiled(cases, dtype, width)
    random = np.random.default_rng(7)
    for number, case in enumerate(cases):
        for rows in counts:
            arrays, views = [], []
            shapes = (case.left, case.right, case.out)
            for shape, by_row, kind in zip(shapes, case.by_row(), case.layouts, strict=True):
                layout = layout_of(kind, shape, rows, by_row)
                array = np.full(layout.shape, np.nan, dtype)  # what is not the value's must not be used
                array = fenced(array, before=number % 2 == 1)
                view = look(array, layout, shape, rows, by_row)
                if len(views) < 2:
                    view[...] = random.uniform(-LARGE, LARGE, view.shape)
                    if special and view.size:
                        view[tuple(random.integers(0, size, 4) for size in view.shape)] = [0.0, np.nan, np.inf, 0.0]
                elif case.kind is OVER_ROWS:
                    view[...] = 1.0
                arrays.append(array)
                views.append(view)
            expected = case.expected(*views[:2]) + (case.kind is OVER_ROWS)
            before = arrays[2].copy()
            outside = np.ones(arrays[2].shape, bool)
            look(outside, layout, case.out, rows, case.by_row()[2])[...] = False
            compiled.run(number, *arrays, rows=rows)
            summed = max(case.left[-1] if case.kind is not OVER_ROWS else rows, 1)
            tolerance = 4 * np.finfo(dtype).eps * LARGE**2 * summed
            np.testing.assert_allclose(views[2], expected, rtol=0, atol=tolerance, err_msg=f"{case} {rows} rows")
            if case.layouts[2] != "scratch":
                np.testing.assert_array_equal(arrays[2][outside], before[outside], err_msg=f"{case} wrote beyond")


def rows_cases() -> list[Case]:
    sizes = [(1,), (2,), (3,), (5,), (10,), (32,), (33,), (200,), (0,), (2, 3), (3, 17), (0, 4), (2, 0)]
    cases = []
    for number, left in enumerate(sizes):
        for kind in ("array", "scratch", "part"):
            for k in (None, 1, 2, 3, 10, 19, 0):
                right = (left[-1],) if k is None else (left[-1], k)
                fixed = ("array", "turned", "part")[(number + (k or 0)) % 3]
                out = ("scratch", "array")[(number + (k or 0) // 2) % 2]
                cases.append(Case(ROWS, left, right, (kind, fixed, out)))
    for kind, fixed, out in itertools.product(("array", "scratch"), ("array", "turned", "part"), ("scratch", "array")):
        cases.append(Case(ROWS, (70,), (70, 60), (kind, fixed, out)))
        cases.append(Case(ROWS, (2, 64), (64, 64), (kind, fixed, out)))
    cases.append(Case(ROWS, (784,), (784,), ("array", "array", "scratch")))
    for kinds in itertools.product(("array", "scratch"), ("array", "turned"), ("scratch", "array")):
        cases.append(Case(ROWS, (400,), (400, 13), kinds))
        cases.append(Case(ROWS, (2, 301), (301, 40), kinds))
    cases.append(Case(ROWS, (5,), (5, 3), ("repeated", "repeated", "scratch")))
    # Rows of which several lie in one register.
    for m, fixed, out in itertools.product((4, 8), ("array", "part"), ("scratch", "array")):
        cases.append(Case(ROWS, (m,), (m,), ("array", fixed, out)))
    return cases


def over_rows_cases() -> list[Case]:
    cases = []
    kinds = itertools.cycle(itertools.product(("array", "scratch", "part"), ("array", "scratch", "part")))
    for m in (1, 2, 3, 5, 10, 32, 33, 200, 0):
        for k in (None, 1, 2, 3, 10, 0):
            for _ in range(4):
                right = () if k is None else (k,)
                cases.append(Case(OVER_ROWS, (m,), right, (*next(kinds), ("array", "turned")[m % 2])))
    for kind in itertools.product(("array", "scratch", "part"), ("array", "scratch", "part"), ("array", "turned")):
        cases.append(Case(OVER_ROWS, (70,), (60,), kind))
    cases.append(Case(OVER_ROWS, (784,), (), ("array", "scratch", "array")))
    cases.append(Case(OVER_ROWS, (784,), (3,), ("array", "scratch", "array")))
    # Rows of which several lie in one register, on either side.
    for m, right, out in itertools.product((2, 4, 8), ((), (1,)), ("array", "turned")):
        cases.append(Case(OVER_ROWS, (m,), right, ("array", "scratch", out)))
    for m, out in itertools.product((2, 4, 8), ("array", "turned")):
        cases.append(Case(OVER_ROWS, (1,), (m,), ("scratch", "array", out)))
    return cases


def each_cases() -> list[Case]:
    cases = []
    kinds = itertools.cycle(itertools.product(("array", "scratch", "part"), ("array", "scratch", "turned")))
    for left, right in [
        ((4,), (4,)),
        ((33,), (33,)),
        ((1,), (1,)),
        ((3, 4), (4,)),
        ((4,), (4, 5)),
        ((2, 3), (3, 9)),
        ((0, 3), (3,)),
        ((3, 0), (0, 2)),
        ((8, 8), (8, 8)),
    ]:
        for _ in range(5):
            cases.append(Case(EACH, left, right, (*next(kinds), ("scratch", "array")[left[0] % 2])))
        cases.append(Case(EACH, left, right, ("array", "array", "array")))
        cases.append(Case(EACH, left, right, ("array", "array", "scratch"), right_by_row=False))
    return cases


def fixed_cases() -> list[Case]:
    cases = []
    kinds = itertools.cycle(itertools.product(("array", "turned", "part"), ("array", "turned", "part", "repeated")))
    for p, m, k in itertools.product((None, 1, 3, 8, 9, 33), (0, 1, 2, 8, 17, 70), (None, 1, 4, 8, 21)):
        left = (m,) if p is None else (p, m)
        right = (m,) if k is None else (m, k)
        cases.append(Case(FIXED, left, right, (*next(kinds), ("array", "turned")[(m + (k or 0)) % 2])))
    for kind in itertools.product(("array", "turned", "part"), ("array", "turned", "part"), ("array", "turned")):
        cases.append(Case(FIXED, (64, 65), (65, 63), kind))
    return cases


FAMILIES = {"rows": rows_cases(), "over rows": over_rows_cases(), "each": each_cases(), "fixed": fixed_cases()}


@guarded
@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("family", FAMILIES)
def test_all_products_equal_numpy(family: str, width: int, dtype: str) -> None:
    check(FAMILIES[family], np.dtype(dtype), width, [64] if family == "fixed" else [64, 37, 1, 0])


@guarded
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("family", FAMILIES)
def test_products_equal_numpy(family: str, dtype: str) -> None:
    some = FAMILIES[family][dtype == "float32" :: 7]
    check(some, np.dtype(dtype), vector_bytes(), [64] if family == "fixed" else [64, 37, 1, 0])


@guarded
@pytest.mark.parametrize("family", FAMILIES)
def test_nan_and_infinity_reach_what_they_reach_in_numpy(family: str) -> None:
    some = FAMILIES[family][3::11]
    check(some, np.dtype("float64"), vector_bytes(), [64] if family == "fixed" else [64, 37], special=True)


def large(case: Case) -> bool:
    return bool(np.prod(case.left) * np.prod(case.right) > (4_000 if case.kind is OVER_ROWS else 50_000))


@guarded
@pytest.mark.parametrize("width", [16, vector_bytes()])
@pytest.mark.parametrize("family", ["rows", "over rows"])
def test_large_products_equal_numpy(family: str, width: int) -> None:
    check([case for case in FAMILIES[family] if large(case)][::2], np.dtype("float64"), width, [64, 37])


@guarded
@pytest.mark.parametrize("family", FAMILIES)
def test_without_blas_own_code_computes_the_same(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "available", lambda: False)
    some = [case for case in FAMILIES[family] if large(case)][::5]
    check(some, np.dtype("float64"), vector_bytes(), [64, 37])
