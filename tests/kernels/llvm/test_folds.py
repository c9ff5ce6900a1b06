"""Each kind of fold over components, over rows and over both, for each dtype it is asked of."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from emitted_programs import Run

from chainrule.kernels.program import Fold, FoldKind, Map, Program, Section, Value

KINDS: dict[FoldKind, Any] = {
    FoldKind.SUM: np.sum,
    FoldKind.PRODUCT: np.prod,
    FoldKind.MAX: np.max,
    FoldKind.MIN: np.min,
    FoldKind.ANY: np.any,
    FoldKind.ALL: np.all,
}
NEUTRAL = {FoldKind.MAX: -np.inf, FoldKind.MIN: np.inf}


def numbers(random: np.random.Generator, kind: FoldKind, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
    if kind is FoldKind.PRODUCT and dtype.kind == "f":
        return random.choice([-1.0, 0.5, 2.0], shape).astype(dtype)  # every order of these gives the same bits
    if dtype.kind == "b":
        return random.random(shape) < (0.02 if kind is FoldKind.ANY else 0.98)
    return (random.normal(size=shape) * 100).astype(dtype)


def program(kind: FoldKind, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Program:
    """All folds of an input by row: of the components, of the rows, of both."""
    x = Value(shape, dtype, True, "x")
    axes = tuple(range(len(shape)))
    truth = np.dtype(bool)
    of = truth if kind in (FoldKind.ANY, FoldKind.ALL) else np.dtype(np.int64) if dtype == truth else dtype
    inner, over, both = Value((), of, True), Value(shape, of), Value((), of)
    stages = (
        Map(shape, True, (), (), (Fold(kind, x, axes, False, inner), Fold(kind, x, axes, True, both))),
        Map(shape, True, (), (), (Fold(kind, x, (), True, over),)),
    )
    section = Section(stages, True, 64, ((both, kind), (over, kind)))
    return Program((x,), (0,), (), None, (section,), (inner, over, both), (0, None, None), name=f"{kind.value}")


CASES = [
    *product([FoldKind.SUM, FoldKind.PRODUCT, FoldKind.MAX, FoldKind.MIN], ["float64", "float32", "int64", "int32"]),
    *product([FoldKind.ANY, FoldKind.ALL], ["bool", "float64", "int64"]),
    (FoldKind.SUM, "bool"),
]


@pytest.mark.parametrize(("kind", "dtype"), CASES)
def test_folds_are_numpys(kind: FoldKind, dtype: str) -> None:
    source = np.dtype(dtype)
    random = np.random.default_rng(0)
    for shape in ((7,), (70,)) if source.kind == "f" else ((7,),):
        run = Run(program(kind, source, shape))
        for rows in (1, 64, 133):
            x = numbers(random, kind, source, (rows, *shape))
            out = run.program.outputs[0].dtype
            options: dict[str, Any] = {"dtype": out} if kind in (FoldKind.SUM, FoldKind.PRODUCT) else {}
            expected = [KINDS[kind](x, axis=axis, **options) for axis in (1, 0, None)]
            for got, want in zip(run.whole([x], rows, 64), expected, strict=True):
                precise = 1e-5 if source == np.float32 else 1e-12
                np.testing.assert_allclose(got, want, rtol=precise, atol=1e4 * precise)


@pytest.mark.parametrize("source", ["bool", "int32", "uint8", "uint32"])
@pytest.mark.parametrize("target", ["int64", "uint64", "float64"])
def test_what_is_folded_is_widened_first(source: str, target: str) -> None:
    if source.startswith("int") and target.startswith("u"):
        pytest.skip("NumPy never does")
    x = Value((5,), np.dtype(source), True, "x")
    total, row = Value((), np.dtype(target)), Value((), np.dtype(target), True)
    folds = (Fold(FoldKind.SUM, x, (0,), True, total), Fold(FoldKind.SUM, x, (0,), False, row))
    section = Section((Map((5,), True, (), (), folds),), True, 64, ((total, FoldKind.SUM),))
    run = Run(Program((x,), (0,), (), None, (section,), (total, row), (None, 0)))
    given = np.random.default_rng(0).integers(0, 100, (70, 5)).astype(source)
    got = run.whole([given], 70, 64)
    np.testing.assert_array_equal(got[0], given.sum(dtype=target))
    np.testing.assert_array_equal(got[1], given.sum(axis=1, dtype=target))


@pytest.mark.parametrize("kind", [FoldKind.MAX, FoldKind.MIN])
@pytest.mark.parametrize("given", ["bool", "uint8"])
def test_extremes_of_truths_and_of_numbers_without_sign(kind: FoldKind, given: str) -> None:
    x, most = Value((5,), np.dtype(given), True, "x"), Value((5,), np.dtype(given))
    section = Section((Map((5,), True, (), (), (Fold(kind, x, (), True, most),)),), True, 64, ((most, kind),))
    run = Run(Program((x,), (0,), (), None, (section,), (most,), (None,)))
    array = np.random.default_rng(0).integers(0, 250, (70, 5)).astype(given)
    array[:, 2:] = array[:1, 2:]
    np.testing.assert_array_equal(run.whole([array], 70, 64)[0], KINDS[kind](array, axis=0))


@pytest.mark.parametrize("kind", [FoldKind.MAX, FoldKind.MIN])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_nan_is_the_maximum_and_the_minimum_wherever_it_stands(kind: FoldKind, dtype: str) -> None:
    run = Run(program(kind, np.dtype(dtype), (7,)))
    random = np.random.default_rng(0)
    for row in (0, 5, 63, 64, 100, 132):
        x = random.normal(size=(133, 7)).astype(dtype)
        x[row, row % 7] = np.nan
        for got, axis in zip(run.whole([x], 133, 64), (1, 0, None), strict=True):
            np.testing.assert_array_equal(got, KINDS[kind](x, axis=axis))


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_fold_of_nothing_is_its_neutral_element(kind: FoldKind) -> None:
    dtype = np.dtype(bool if kind in (FoldKind.ANY, FoldKind.ALL) else float)
    for shape, rows in (((3,), 0), ((0,), 5)):
        run = Run(program(kind, dtype, shape))
        x = np.zeros((rows, *shape), dtype)
        options = {"initial": NEUTRAL[kind]} if kind in NEUTRAL else {}
        for got, axis in zip(run.whole([x], rows, 64), (1, 0, None), strict=True):
            np.testing.assert_array_equal(got, KINDS[kind](x, axis=axis, **options))


def test_float32_is_summed_over_rows_in_float64() -> None:
    run = Run(program(FoldKind.SUM, np.dtype(np.float32), (1,)))
    x = np.full((200_000, 1), 0.1, np.float32)
    got = run.whole([x], len(x), 1024)[2]
    assert got.dtype == np.float32
    assert got == np.float32(np.sum(x.astype(float)))
