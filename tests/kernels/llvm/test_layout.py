"""Where values lie, and whether the vectors of a map run along the rows or along the items of a row."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from emitted_programs import Run
from hand_made_kernels import made, one, standardised

from chainrule.kernels.llvm.layout import layout_of, runs_along_items, total_dtype
from chainrule.kernels.program import Fold, FoldKind, Guarded, Map, Program, Section, Value, View

F64 = np.dtype(np.float64)


def scaled(shape: tuple[int, ...], reverse: bool = False) -> Program:
    """(X * a + r) of each row, a and r fixed and by row, and the largest component of every row of that."""
    X, a, r = made(*shape, rows=True, name="X"), made(shape[-1], name="a"), made(rows=True, name="r")
    product, out, most = made(*shape, rows=True), made(*shape, rows=True), made(rows=True)
    steps = tuple(range(len(shape)))
    given: Value = X
    if reverse:
        strides = [int(np.prod(shape[axis + 1 :])) for axis in steps]
        given = Value(shape, F64, True, view=View(X, X.size - 1, tuple(-stride for stride in strides)))
    stages = (
        Map(shape, True, (one(product, "multiply", given, a), one(out, "add", product, r)), (out,)),
        Map(shape, True, (), (), (Fold(FoldKind.MAX, out, steps, False, most),)),
    )
    section = Section(stages, True, 64)
    return Program((X, a, r), (0, None, 0), (), None, (section,), (out, most), (0, 0), name="scaled")


def steps_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(range(1, 1 + len(shape)))


@pytest.mark.parametrize("shape", [(3,), (16,), (17,), (2, 33), (3, 40, 16)])
@pytest.mark.parametrize("reverse", [False, True])
def test_both_ways_give_the_same(shape: tuple[int, ...], reverse: bool) -> None:
    program = scaled(shape, reverse)
    stage = program.sections[0].stages[0]
    assert runs_along_items(stage, program.inputs + program.outputs) == (shape[-1] >= 16 and not reverse)
    run = Run(program)
    random = np.random.default_rng(0)
    for rows in (0, 1, 63, 64, 150):
        X, a, r = random.normal(size=(rows, *shape)), random.normal(size=shape[-1]), random.normal(size=rows)
        out, most = run.whole([X, a, r], rows, 64)
        given = np.flip(X, axis=steps_of(shape)) if reverse else X
        want = given * a + r.reshape(-1, *(1,) * len(shape))
        np.testing.assert_allclose(out, want, rtol=1e-15, atol=1e-15)
        np.testing.assert_array_equal(most, out.max(axis=steps_of(shape), initial=-np.inf))


def test_memory_is_used_again() -> None:
    """A chain of values that each live for one stage takes the room of two."""
    x, end = made(rows=True, name="x"), made(rows=True, name="end")
    chain = [x, *(made(rows=True) for _ in range(6)), end]
    stages = tuple(Map((), True, (one(b, "sin", a),), (b,)) for a, b in pairwise(chain))
    program = Program((x,), (0,), (), None, (Section(stages, True, 64),), (end,), (0,))
    assert layout_of(program).sections[0].scratch_bytes == 2 * 64 * 8


def test_fixed_values_that_are_looked_at_last_keep_their_room() -> None:
    x, guarded, out = made(100, name="x"), made(dtype=bool), made(100)
    chain = [made(100) for _ in range(4)]
    stages = [Map((), False, (one(guarded, "isfinite", made(name="y")),), (guarded,))]
    y = stages[0].assignments[0].operands[0]
    for a, b in zip([x, *chain], [*chain, out], strict=True):
        stages.append(Map((100,), False, (one(b, "add", a, 1.0),), (b,)))
    section = Section(tuple(stages), False)
    inputs: Any = (x, y)
    program = Program(inputs, (None, None), (), None, (section,), (out,), (None,), guards=(Guarded(guarded, True),))
    run = Run(program)
    assert run.emitted.fixed_bytes <= 64 + 2 * 832
    given = np.arange(100.0)
    np.testing.assert_array_equal(run.whole([given, 1.0], 0, 1)[0], given + 5)
    assert run.fixed[run.emitted.guards[0]] == 1


def test_a_guard_among_the_outputs_has_no_place_of_its_own() -> None:
    x, positive = made(name="x"), made(dtype=bool)
    stage = Map((), False, (one(positive, "greater", x, 0.0),), (positive,))
    section = Section((stage,), False)
    program = Program((x,), (None,), (), None, (section,), (positive,), (None,), guards=(Guarded(positive, True),))
    run = Run(program)
    assert run.emitted.guards == (-1,)
    assert run.whole([2.0], 0, 1)[0]


def test_sums_are_kept_in_the_dtype_that_they_need() -> None:
    program = standardised().program
    most = program.sections[0].totals[0][0]
    assert total_dtype(program.sections[0], most) == F64
    single = made(dtype=np.float32)
    fold = Fold(FoldKind.SUM, made(dtype=np.float32, rows=True), (), True, single)
    section = Section((Map((), True, (), (), (fold,)),), True, 64, ((single, FoldKind.SUM),))
    assert total_dtype(section, single) == F64
    assert total_dtype(section, made(dtype=np.float32)) == np.float32
