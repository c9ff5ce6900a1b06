"""Programs run with NumPy give what NumPy gives for what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hand_made_kernels import CASES, Case, elementwise, least_squares, quadratic_form

from chainrule.errors import GuardError, ShapeError
from chainrule.kernels.running.interpret import Interpreter
from chainrule.kernels.running.runner import Runner


def close(found: Any, expected: Any, single: bool = False) -> None:
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-4 if single else 1e-11, atol=1e-5 if single else 1e-12)


def run(case: Case, rows: int) -> None:
    arrays = case.inputs(np.random.default_rng(rows), rows)
    runner: Runner = Interpreter(case.program)
    with np.errstate(all="ignore"):
        close(runner(arrays), case.expected(*arrays), any(a.dtype == np.float32 for a in arrays))


@pytest.mark.parametrize("rows", [1, 2, 63, 64, 65, 200, 5000, 20000])
@pytest.mark.parametrize("name", CASES)
def test_equal_to_numpy(name: str, rows: int) -> None:
    run(CASES[name](), rows)


@pytest.mark.parametrize("name", ["elementwise", "standardised", "log_sum_exp"])
def test_no_rows(name: str) -> None:
    run(CASES[name](), 0)


def test_the_mean_of_no_rows_is_nan() -> None:
    found = Interpreter(least_squares().program)([np.zeros((0, 3)), np.zeros(0), np.zeros(3)])
    assert np.isnan(found[0])


def test_a_flat_program_takes_arrays_of_any_one_shape() -> None:
    x = np.random.default_rng(0).normal(size=(4, 1, 5)).transpose(2, 0, 1)
    close(Interpreter(elementwise().program)([x]), [x * x * np.exp(x)])


def test_in_blocks_equal_to_whole() -> None:
    case = least_squares()
    X, y, w = case.inputs(np.random.default_rng(1), 1000)
    runner = Interpreter(case.program)
    state = runner.begin([None, None, w], 1000)
    blocks = [(X[:300], y[:300]), (X[300:301], y[300:301]), (X[301:], y[301:])]
    totals = [runner.totals(state, 0, [*block, None]) for block in blocks]
    merged = runner.merge(0, runner.merge(0, totals[0], totals[1]), totals[2])
    runner.finish(state, 0, merged)
    close(runner.outputs(state), case.expected(X, y, w))


def test_a_guard_that_fails() -> None:
    case = quadratic_form()
    with pytest.raises(GuardError, match="branch taken with True, but at these values it is False"):
        Interpreter(case.program)([np.zeros((3, 4)), np.zeros(4)])


def test_outputs_belong_to_the_caller() -> None:
    case = quadratic_form()
    arrays = case.inputs(np.random.default_rng(0), 1)
    first, _, again = Interpreter(case.program)(arrays)
    assert first is not again
    first[...] = 0
    assert again != 0


@pytest.mark.parametrize(
    "arrays",
    [
        [np.zeros((5, 2)), np.zeros(5), np.zeros(3)],
        [np.zeros((5, 3)), np.zeros(4), np.zeros(3)],
        [np.zeros((5, 3), np.float32), np.zeros(5), np.zeros(3)],
        [np.zeros((5, 3)), np.zeros(5), np.zeros(2)],
        [np.zeros((5, 3)), np.float64(0), np.zeros(3)],
    ],
    ids=["features", "rows", "dtype", "weights", "no axis"],
)
def test_other_shapes_are_refused(arrays: list[Any]) -> None:
    with pytest.raises(ShapeError, match="least_squares"):
        Interpreter(least_squares().program)(arrays)
