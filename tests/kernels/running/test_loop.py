"""Programs as native loops: what a step makes, the next one reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.calculus.recording import record
from chainrule.kernels.machine import available
from chainrule.kernels.planning.plan import NotPlannedError, program_of
from chainrule.kernels.program import Program
from chainrule.passes.rows import rows_of
from chainrule.passes.simplify import simplify_to_run

if available():
    pytest.skip("no kernels here", allow_module_level=True)

from chainrule.kernels.running.loop import Loop


def program(f: Any, *args: Any) -> Program:
    recorded = record(f, args, {}, lambda leaf, place, path: leaf)
    graph = simplify_to_run(recorded.graph)[0]
    return program_of(graph, rows_of(graph))


def descent(w: Any, rate: Any, X: Any, y: Any) -> Any:
    r = X @ w - y
    new = w - rate * (X.T @ r)
    return r @ r, np.where(r @ r > 1e-3, 1.0, 0.0), new


RNG = np.random.default_rng(0)
X, y, w = RNG.normal(size=(40, 3)), RNG.normal(size=40), np.zeros(3)


def by_hand(w: Any, rates: Any, X: Any, y: Any) -> tuple[list[Any], list[Any]]:
    losses, iterates = [], [w]
    for rate in rates:
        loss, _, w = descent(w, rate, X, y)
        losses.append(loss)
        iterates.append(w)
    return losses, iterates


def test_steps_are_those_made_one_by_one() -> None:
    loop = Loop(program(descent, w, np.float64(0.1), X, y), {2: 0}, 1, [1])
    rates = np.linspace(0.001, 0.01, 17)
    for _ in range(2):
        made = loop.run([w, rates, X, y], 17)
        losses, iterates = by_hand(w, rates, X, y)
        assert made.done == 17
        np.testing.assert_allclose(made.outputs[0], losses, rtol=1e-12)
        np.testing.assert_allclose(made.outputs[2], iterates, rtol=1e-12, atol=1e-15)
    assert loop.nanoseconds(40) > loop.nanoseconds(1) > 0


def test_another_number_of_rows_and_arrays_that_lie_otherwise() -> None:
    loop = Loop(program(descent, w, np.float64(0.1), X, y), {2: 0}, 1, [1])
    rates = np.full(5, 0.01)
    made = loop.run([w, rates, np.asfortranarray(X[::-2]), y[::-2]], 5)
    np.testing.assert_allclose(made.outputs[0], by_hand(w, rates, X[::-2], y[::-2])[0], rtol=1e-12)


def test_every_step_has_rows_of_its_own() -> None:
    loop = Loop(program(descent, w, np.float64(0.1), X[:8], y[:8]), {2: 0}, 1, [1, 2, 3])
    rates = np.full(5, 0.01)
    made = loop.run([w, rates, X.reshape(5, 8, 3), y.reshape(5, 8)], 5)
    at = w
    for i in range(5):
        loss, _, at = descent(at, 0.01, X[8 * i : 8 * i + 8], y[8 * i : 8 * i + 8])
        np.testing.assert_allclose(made.outputs[0][i], loss, rtol=1e-12)
    np.testing.assert_allclose(made.outputs[2][5], at, rtol=1e-12)


def test_the_flag_ends_it() -> None:
    def halved(x: Any) -> Any:
        return np.where(x > 1.0, 1.0, 0.0), 0.5 * x

    made = Loop(program(halved, np.float64(100.0)), {1: 0}, 0, []).run([np.float64(100.0)], 50)
    assert made.done == 7
    assert made.outputs[1][:8].tolist() == [100.0 / 2**i for i in range(8)]


def test_a_decision_that_changes_ends_it() -> None:
    def bent(x: Any) -> Any:
        return x * 0.0 + 1.0, x / 2 if x > 10.0 else x / 3

    made = Loop(program(bent, np.float64(100.0)), {1: 0}, 0, []).run([np.float64(100.0)], 50)
    assert made.done == 4
    assert made.outputs[1][4] == 100.0 / 16


def test_flat_programs() -> None:
    def shrunk(x: Any) -> Any:
        return np.sum(x * x), np.where(np.sum(x * x) > 0, 1.0, 0.0), 0.9 * np.sin(x)

    start = RNG.normal(size=(7, 5))
    made = Loop(program(shrunk, start), {2: 0}, 1, []).run([start], 9)
    at = start
    for i in range(9):
        np.testing.assert_allclose(made.outputs[0][i], np.sum(at * at), rtol=1e-12)
        at = 0.9 * np.sin(at)
    np.testing.assert_allclose(made.outputs[2][9], at, rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "carried", "reason"),
    [
        (lambda x: (np.sum(x) * 0.0 + 1.0, np.linalg.inv(x)), {1: 0}, "NumPy computes"),
        (lambda x: (np.sum(x) * 0.0 + 1.0, (x @ x)[:2]), {1: 0}, "something else"),
        (lambda x: (np.sum(x) * 0.0 + 1.0, np.sum(x) * 0.0 + 1.0, x * 2.0), {2: 0}, "cannot be read"),
    ],
)
def test_what_is_no_loop(f: Any, carried: Any, reason: str) -> None:
    with pytest.raises(NotPlannedError, match=reason):
        Loop(program(f, np.eye(3)), carried, 0, [])
