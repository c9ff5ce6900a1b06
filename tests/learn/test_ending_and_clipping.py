"""What ends a descent before its steps are done, what holds its gradients, and what a callback is told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule import clipping, stopping
from chainrule.errors import ArgumentError
from chainrule.learn import descend
from chainrule.learn.clipping import Clip
from chainrule.learn.stopping import Stop

TARGET = np.array([3.0, -1.0])


def bowl(w: Any) -> Any:
    return np.sum((w - TARGET) ** 2)


# --- criteria ---------------------------------------------------------------------------------------------------------


def test_it_ends_at_the_first_state_whose_gradient_is_small() -> None:
    run = descend(bowl, np.zeros(2), 0.1, 10_000, stop=stopping.gradient_norm(1e-3))
    assert run.gradient_norm < 1e-3
    assert (run.history.gradient_norm >= 1e-3).all()
    assert run.steps == math.ceil(math.log(2 * math.sqrt(10) / 1e-3) / -math.log(0.8))
    assert "norm of the gradient" in run.stopped


def test_it_ends_when_the_loss_has_settled() -> None:
    run = descend(lambda w: bowl(w) + 1.0, np.zeros(2), 0.1, 10_000, stop=stopping.loss_change(1e-6, patience=4))
    losses = np.append(run.history.loss, run.final_loss)
    still = np.abs(np.diff(losses)) <= 1e-6 * losses[1:]
    assert still[-4:].all()
    assert not any(still[i : i + 4].all() for i in range(len(still) - 4))


def test_it_ends_when_the_validation_loss_rises() -> None:
    random = np.random.default_rng(0)
    X, V = random.normal(size=(12, 10)), random.normal(size=(200, 10))
    truth = random.normal(size=10)
    y, v = X @ truth + 2 * random.normal(size=12), V @ truth + 2 * random.normal(size=200)
    seen: list[float] = []

    def other(w: Any) -> Any:
        seen.append(float(np.mean((V @ w - v) ** 2)))
        return seen[-1]

    stop = stopping.validation(other, patience=5, every=3)
    run = descend(lambda w: np.mean((X @ w - y) ** 2), np.zeros(10), 0.02, 100_000, stop=stop)
    best = int(np.argmin(seen))
    assert 0 < best == len(seen) - 6
    assert run.steps == 3 * (len(seen) - 1)
    assert run.stopped == f"the validation loss has not fallen below {min(seen):.3g} for 5 looks"


def test_the_first_of_several_criteria_ends_it() -> None:
    run = descend(bowl, np.zeros(2), 0.1, 1000, stop=[stopping.gradient_norm(1e-9), stopping.gradient_norm(1.0)])
    assert "is below 1" in run.stopped
    assert run.steps < 20


def test_a_criterion_may_end_it_at_the_start_or_at_the_last_step() -> None:
    at_once = descend(bowl, np.zeros(2), 0.1, 100, stop=stopping.gradient_norm(1e9))
    assert (at_once.steps, at_once.final_loss) == (0, 10.0)
    steps = descend(bowl, np.zeros(2), 0.1, 1000, stop=stopping.gradient_norm(1e-3)).steps
    last = descend(bowl, np.zeros(2), 0.1, steps, stop=stopping.gradient_norm(1e-3))
    assert (last.steps, last.stopped[:11]) == (steps, "the norm of")


@pytest.mark.parametrize(
    "make",
    [
        lambda: stopping.gradient_norm(0.0),
        lambda: stopping.loss_change(math.nan),
        lambda: stopping.loss_change(1e-6, patience=0),
        lambda: stopping.validation(3.0),  # type: ignore[arg-type]
        lambda: stopping.validation(bowl, every=1.5),  # type: ignore[arg-type]
        lambda: stopping.validation(bowl, least=-1.0),
        lambda: descend(bowl, np.zeros(2), 0.1, stop=1e-6),  # type: ignore[arg-type]
        lambda: descend(bowl, np.zeros(2), 0.1, stop=[stopping.gradient_norm(1e-6), "soon"]),  # type: ignore[list-item]
    ],
)
def test_what_is_no_criterion_is_refused(make: Any) -> None:
    with pytest.raises(ArgumentError, match=r"expected"):
        make()


def test_a_criterion_of_ones_own() -> None:
    class third(Stop):  # noqa: N801
        def look(self, step: int, loss: float, norm: float, parameters: Any, memory: Any) -> Any:
            return "enough" if step == 3 else "", memory

    assert descend(bowl, np.zeros(2), 0.1, 100, stop=third()).stopped == "enough"


@pytest.mark.parametrize("said", ["diverged from the data", "interrupted", "steps done"])
def test_the_words_of_a_criterion_are_not_read(said: str, tmp_path: Path) -> None:
    class third(Stop):  # noqa: N801
        def look(self, step: int, loss: float, norm: float, parameters: Any, memory: Any) -> Any:
            return said if step == 3 else "", memory

    steps = 5
    for _ in ("ended", "found ended in its folder"):
        run = descend(bowl, np.zeros(2), 0.1, steps, stop=third(), checkpoint=tmp_path)
        assert (run.steps, run.stopped) == (3, said)
        assert not run.diverged
        assert not run.interrupted
        assert run.verdict.kind.value == "still descending"
        steps = 10  # a run that has made its steps would go on


# --- clipping ---------------------------------------------------------------------------------------------------------


def test_a_number_is_the_largest_norm_over_all_parameters() -> None:
    start = {"a": np.array([3.0, 0.0]), "b": 4.0}
    run = descend(lambda p: np.sum(p["a"] ** 2) / 2 + p["b"] ** 2 / 2, start, 1.0, 1, clip=0.5)
    np.testing.assert_allclose([*run.parameters["a"], run.parameters["b"]], [3 - 0.3, 0.0, 4 - 0.4])
    assert run.history.gradient_norm[0] == 5.0  # what is recorded is the gradient itself


def test_a_value_cuts_each_component_and_the_magnitude_of_a_complex_one() -> None:
    run = descend(lambda w: np.sum(w**2) / 2, np.array([3.0, -0.25]), 1.0, 1, clip=clipping.by_value(0.5))
    np.testing.assert_allclose(run.parameters, [2.5, 0.0])
    run = descend(lambda z: np.abs(z) ** 2 / 2, 3.0 + 4.0j, 1.0, 1, clip=clipping.by_value(0.5))
    np.testing.assert_allclose(run.parameters, (3 + 4j) * 0.9)


@pytest.mark.parametrize("clip", [clipping.by_norm(100.0), clipping.by_value(100.0)])
def test_a_small_gradient_is_left_as_it_is(clip: Clip) -> None:
    free, held = descend(bowl, np.zeros(2), 0.1, 20), descend(bowl, np.zeros(2), 0.1, 20, clip=clip)
    np.testing.assert_array_equal(free.parameters, held.parameters)


def test_clipping_keeps_float32() -> None:
    for clip in (clipping.by_norm(0.1), clipping.by_value(0.1)):
        run = descend(lambda w: np.sum(w**2), np.ones(2, np.float32), 0.1, 2, clip=clip)
        assert run.parameters.dtype == np.float32


@pytest.mark.parametrize("clip", [0, -1.0, math.nan, math.inf, "1", True, clipping.by_norm])
def test_what_is_no_limit_is_refused(clip: Any) -> None:
    with pytest.raises(ArgumentError, match=r"clip is|by_norm: most is"):
        descend(bowl, np.zeros(2), 0.1, clip=clip)


# --- callbacks --------------------------------------------------------------------------------------------------------


def test_a_callback_is_told_of_every_state() -> None:
    told: list[Any] = []
    run = descend(bowl, np.zeros(2), 0.1, 5, callback=lambda *state: told.append(state))
    assert [step for step, _, _ in told] == list(range(6))
    np.testing.assert_array_equal([loss for _, loss, _ in told], [*run.history.loss, run.final_loss])
    np.testing.assert_array_equal([w for _, _, w in told], run.history.parameters)


def test_a_callback_ends_the_run_by_true_and_by_nothing_else() -> None:
    run = descend(bowl, np.zeros(2), 0.1, 100, callback=lambda step, loss, w: step == 7)
    assert (run.steps, run.stopped) == (7, "the callback said so")
    assert descend(bowl, np.zeros(2), 0.1, 9, callback=lambda step, loss, w: 1).steps == 9


def test_a_callback_may_write_into_its_copy() -> None:
    def spoil(step: int, loss: float, w: Any) -> None:
        w[:] = math.nan

    assert descend(bowl, np.zeros(2), 0.1, 100, callback=spoil).final_loss < 1e-9


def test_what_a_callback_raises_passes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        descend(bowl, np.zeros(2), 0.1, callback=lambda step, loss, w: 1 / 0)
    with pytest.raises(ArgumentError, match="callback is 3"):
        descend(bowl, np.zeros(2), 0.1, callback=3)  # type: ignore[arg-type]


def test_a_callback_may_answer_with_a_boolean_of_numpy() -> None:
    run = descend("x^2", 1.0, 0.1, callback=lambda steps, loss, x: np.bool_(steps == 3))
    assert (run.steps, run.stopped) == (3, "the callback said so")
    # Other answers are none: a callback that returns what print or append return goes on.
    assert descend("x^2", 1.0, 0.1, 5, callback=lambda steps, loss, x: loss).steps == 5
