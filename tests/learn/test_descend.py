"""Gradient descent: the figures of linear regression, where it stops, and what it refuses."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ArgumentError, NonFiniteError, NotScalarError, ShapeError
from chainrule.learn import descend, progress


@pytest.fixture(scope="module")
def line() -> tuple[np.ndarray, np.ndarray]:
    """100 points about y = 3x + 2, drawn in the order in which the textbook draws them."""
    random = np.random.RandomState(42)
    x = 10 * random.rand(100)
    return np.column_stack([np.ones(100), x]), 3 * x + 2 + 2 * random.randn(100)


def mean_squared_error(line: tuple[np.ndarray, np.ndarray]) -> Callable[[Any], Any]:
    X, y = line
    return lambda w: np.mean((y - X @ w) ** 2)


def bowl(w: Any) -> Any:
    return np.sum((w - 3.0) ** 2)


def test_every_iterate_is_that_of_the_update_written_out(line: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = line
    run = descend(mean_squared_error(line), np.zeros(2), 0.01, steps=30)
    w = np.zeros(2)
    for step, iterate in zip(run.history.steps, run.history.parameters, strict=True):
        np.testing.assert_allclose(iterate, w, rtol=1e-12)
        np.testing.assert_allclose(
            run.history.loss[step] if step < 30 else run.final_loss, np.mean((y - X @ w) ** 2), rtol=1e-12
        )
        w = w + 0.01 * 2 / 100 * X.T @ (y - X @ w)
    assert run.history.steps == tuple(range(31))


def test_a_rate_of_one_reaches_infinity_at_step_85(line: tuple[np.ndarray, np.ndarray]) -> None:
    run = descend(mean_squared_error(line), np.zeros(2), 1.0, steps=200)
    assert run.stopped == "diverged: the loss is not finite at step 85"
    assert run.diverged
    assert run.final_loss == math.inf
    assert run.steps == 85
    assert np.isfinite(run.history.loss).all()
    assert "Diverging" in str(run.verdict)
    assert "at step 85" in str(run.verdict)


@pytest.mark.parametrize("rate", [1e20, 1e308])
def test_a_huge_rate_stops_with_the_reason(rate: float) -> None:
    run = descend(bowl, np.zeros(3), rate, steps=1000)
    assert run.diverged
    assert "is not finite at step" in run.stopped
    assert run.steps < 20


def test_a_parameter_that_overflows_under_a_finite_loss_is_seen() -> None:
    run = descend(lambda w: -2 * w, 0.0, 1e308, steps=10)
    assert run.stopped in ("diverged: start is not finite at step 1", "diverged: the loss is not finite at step 1")


def test_leaving_the_domain_is_told_apart_from_growth() -> None:
    run = descend(lambda w: w - np.log(w), 0.1, 10.0, steps=10, gradient=lambda w: np.float64(1.0))
    assert run.stopped == "diverged: the loss is not finite at step 1"
    assert "left the domain" in str(run.verdict)


def test_a_plateau_is_reported_as_zero_gradient() -> None:
    run = descend(lambda w: np.sum(w**2) * 0.0 + 7.0, np.ones(2), 0.1, steps=5)
    assert run.final_loss == 7.0
    assert "the gradient is zero" in str(run.verdict)


def test_no_step_is_a_run_too() -> None:
    run = descend(bowl, np.zeros(2), 0.1, steps=0)
    assert run.history.loss.shape == (0,)
    assert run.final_loss == 18.0
    assert "No step was made" in str(run.verdict)
    assert "18 before, 18 after" in str(run)


@pytest.mark.parametrize(
    ("rate", "said"),
    [(0.1, "fell from 18"), (1.0, "Oscillating"), (1.01, "rose from 18"), (0.9, "from 18 to")],
)
def test_the_verdict_says_what_the_losses_say(rate: float, said: str) -> None:
    run = descend(bowl, np.zeros(2), rate, steps=20)
    assert said in str(run.verdict)


def test_the_verdict_counts_the_steps_that_raised_the_loss() -> None:
    run = descend(lambda x: np.sin(3 * x) + x**2 / 5, 2.0, 0.35, steps=12)
    losses = np.append(run.history.loss, run.final_loss)
    rises = int(np.sum(losses[1:] > losses[:-1]))
    assert 0 < rises < 12
    assert run.final_loss < losses[0]
    assert f"rose in {rises} of them" in str(run.verdict)


# --- the forms of parameters ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weights:
    slope: Any
    bias: Any


@pytest.mark.parametrize(
    "start",
    [
        {"slope": np.zeros(1), "bias": 0.0},
        Weights(np.zeros(1), 0.0),
        (np.zeros(1), 0.0),
        [np.zeros(1), 0.0],
    ],
)
def test_containers_of_parameters(line: tuple[np.ndarray, np.ndarray], start: Any) -> None:
    X, y = line

    def loss(p: Any) -> Any:
        if isinstance(p, dict):
            slope, bias = p["slope"], p["bias"]
        elif isinstance(p, Weights):
            slope, bias = p.slope, p.bias
        else:
            slope, bias = p
        return np.mean((y - (X[:, 1:] @ slope + bias)) ** 2)

    run = descend(loss, start, 0.001, steps=200)
    assert type(run.parameters) is type(start)
    assert f"{run.final_loss:.4f}" == "4.0799"
    assert type(run.history.parameters[0]) is type(start)


def test_a_container_of_one_array_stays_a_container() -> None:
    for start in ({"start": np.zeros(2)}, [np.zeros(2)]):
        run = descend(lambda p: bowl(next(iter(p.values())) if isinstance(p, dict) else p[0]), start, 0.1, 3)
        assert type(run.parameters) is type(start)


def test_integers_are_promoted_and_the_start_is_left_alone() -> None:
    start = np.array([0, 1])
    run = descend(bowl, start, 0.1, steps=100)
    assert run.parameters.dtype == np.float64
    np.testing.assert_allclose(run.parameters, [3.0, 3.0])
    assert start.tolist() == [0, 1]


@pytest.mark.parametrize("start", [[0.0, 1.0], (0.0, 1.0)])
def test_a_list_that_is_taken_for_an_array_is_explained(start: Any) -> None:
    with pytest.raises(TypeError, match="unsupported operand") as caught:
        descend(lambda w: np.sum((w - 3) ** 2), start, 0.1)
    assert any("start with np.array(" in note for note in caught.value.__notes__)
    # Where the parameters are no such list, the error is the loss's own.
    with pytest.raises(TypeError) as caught:
        descend(lambda w: np.sum(w - [None]), np.ones(2), 0.1)
    assert not getattr(caught.value, "__notes__", [])


def test_float32_stays_float32() -> None:
    run = descend(bowl, np.zeros(2, np.float32), np.float64(0.1), steps=50)
    assert run.parameters.dtype == np.float32
    given = descend(bowl, np.zeros(2, np.float32), 0.1, steps=50, gradient=lambda w: 2 * (w.astype(float) - 3))
    assert given.parameters.dtype == np.float32


def test_a_complex_parameter_descends_along_the_conjugate() -> None:
    target = 1.0 - 2.0j
    run = descend(lambda z: np.real((z - target) * np.conj(z - target)), 3.0 + 3.0j, 0.1, steps=200)
    assert abs(run.parameters - target) < 1e-12


def test_what_is_returned_may_be_written_into() -> None:
    run = descend(bowl, np.zeros(2), 0.1, steps=3)
    run.parameters[:] = 0.0
    np.testing.assert_allclose(run.history.parameters[-1], 3 * (1 - 0.8**3))


def test_a_formula_is_a_loss() -> None:
    assert math.isclose(float(descend("(x - 3)^2", 0.0, 0.1, steps=200).parameters), 3.0, rel_tol=1e-9)
    run = descend("(x - 3)^2 + (y + 1)^2", {"x": 0.0, "y": 0.0}, 0.1, steps=200)
    np.testing.assert_allclose([run.parameters["x"], run.parameters["y"]], [3.0, -1.0], rtol=1e-9)


# --- a gradient of one's own ------------------------------------------------------------------------------------------


def test_a_given_gradient_is_used(line: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = line
    calls = []

    def by_hand(w: Any) -> Any:
        calls.append(w)
        return -2 / len(y) * X.T @ (y - X @ w)

    run = descend(mean_squared_error(line), np.zeros(2), 0.001, steps=200, gradient=by_hand)
    assert f"{run.final_loss:.4f}" == "4.0799"
    assert len(calls) == 201


def test_a_wrong_gradient_makes_the_verdict_ask_for_a_check() -> None:
    run = descend(bowl, np.zeros(2), 0.1, steps=10, gradient=lambda w: -2 * (w - 3.0))
    assert "off by 200% of the exact one" in str(run.verdict)


def test_functions_that_write_into_their_argument_do_not_move_the_descent() -> None:
    def writes(w: Any) -> Any:
        value = np.sum((w - 3.0) ** 2)
        w[:] = 100.0
        return value

    run = descend(writes, np.zeros(2), 0.1, steps=60, gradient=lambda w: 2 * (w - 3.0))
    np.testing.assert_allclose(run.parameters, [3.0, 3.0], atol=1e-4)


@pytest.mark.parametrize(
    ("gradient", "error", "message"),
    [
        (lambda w: np.zeros(3), ShapeError, r"shape \(3,\), but start has shape \(2,\)"),
        (lambda w: (w, w), ShapeError, "returned 2 arrays, but start holds 1"),
        (lambda w: None, ShapeError, "returned 0 arrays"),
        (lambda w: "up", ArgumentError, "gradient with respect to start"),
        (lambda w: 1j * w, ArgumentError, "is complex"),
        (3.0, ArgumentError, "expected a function"),
    ],
)
def test_a_gradient_of_another_form_is_refused(gradient: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        descend(bowl, np.zeros(2), 0.1, gradient=gradient)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0, 0.0, -0.1, math.nan, math.inf, "0.1", None, True, 1j, [0.1], 10**400])
def test_a_rate_that_is_no_positive_number_is_refused(rate: Any) -> None:
    with pytest.raises(ArgumentError, match="learning_rate is"):
        descend(bowl, np.zeros(2), rate)


@pytest.mark.parametrize("steps", [-1, 2.0, "5", None, True, math.nan])
def test_a_number_of_steps_that_is_no_count_is_refused(steps: Any) -> None:
    with pytest.raises(ArgumentError, match="steps is"):
        descend(bowl, np.zeros(2), 0.1, steps=steps)


@pytest.mark.parametrize("budget", [-1, "much", None, 1.5])
def test_a_budget_that_is_no_count_is_refused(budget: Any) -> None:
    with pytest.raises(ArgumentError, match="keep_history is"):
        descend(bowl, np.zeros(2), 0.1, keep_history=budget)


@pytest.mark.parametrize("start", ["abc", None, {}, np.zeros(0), np.array(["a"]), np.array([True, False]), object()])
def test_a_start_that_holds_no_numbers_is_refused(start: Any) -> None:
    with pytest.raises(ArgumentError, match="start"):
        descend(bowl, start, 0.1)


@pytest.mark.parametrize(
    ("start", "name"),
    [(np.array([1.0, np.nan]), r"start\[1\] is nan"), ({"W": np.array([[1.0, np.inf]])}, r"W\[0, 1\] is inf")],
)
def test_a_start_that_is_not_finite_is_named(start: Any, name: str) -> None:
    with pytest.raises(NonFiniteError, match=name):
        descend(bowl, start, 0.1)


def test_data_that_is_not_finite_is_named(line: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = line
    y = y.copy()
    y[7] = np.nan

    def loss(w: Any) -> Any:
        return np.mean((y - X @ w) ** 2)

    with pytest.raises(NonFiniteError, match=r"the loss is nan at the start: y\[7\], which loss uses, is nan"):
        descend(loss, np.zeros(2), 0.001)


def test_a_step_that_is_undefined_at_the_start_is_named() -> None:
    with pytest.raises(NonFiniteError, match="log gave"):
        descend(lambda w: np.sum(np.log(w)), np.array([1.0, 0.0]), 0.1)


@pytest.mark.parametrize("loss", [lambda w: w**2, lambda w: None, lambda w: "x"], ids=["an array", "nothing", "text"])
def test_a_loss_that_is_not_a_scalar_passes_through(loss: Any) -> None:
    with pytest.raises(NotScalarError):
        descend(loss, np.zeros(2), 0.1)


def test_what_the_loss_raises_passes_through() -> None:
    def loss(w: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        descend(loss, np.zeros(2), 0.1)


# --- memory, interrupts, the bar --------------------------------------------------------------------------------------


def test_the_iterates_stay_within_their_memory() -> None:
    run = descend(bowl, np.zeros(2), 0.01, steps=1000, keep_history=100 * 16)
    assert 50 <= len(run.history.parameters) <= 100
    assert run.history.steps[0] == 0
    assert len(set(np.diff(run.history.steps))) == 1
    for step, iterate in zip(run.history.steps, run.history.parameters, strict=True):
        np.testing.assert_allclose(iterate, 3 * (1 - 0.98**step), rtol=1e-9)
    assert len(run.history.loss) == 1000


@pytest.mark.parametrize("budget", [0, 1, 16, 31])
def test_iterates_that_do_not_fit_are_not_kept(budget: int) -> None:
    run = descend(bowl, np.zeros(2), 0.01, steps=10, keep_history=budget)
    assert run.history.parameters == ()


# A shell that starts a job in the background has it ignore Ctrl-C.
INTERRUPTED_RUN = """
import json, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np
from chainrule.learn import descend

def bowl(w):
    tell()
    return np.sum((w - 3.0) ** 2)

def of_rows(w, rows):
    tell()
    return np.mean((w - rows) ** 2)

def valley(w):
    tell()
    time.sleep(0.002)
    return np.sum(100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2)

def tell():
    if not started:
        started.append(True)
        print("started", flush=True)

started = []
settings = {
    "gd": dict(loss=bowl, start=np.zeros(2), learning_rate=1e-6),
    "adam": dict(loss=bowl, start=np.zeros(2), learning_rate=1e-9, optimizer="adam"),
    "batches": dict(loss=of_rows, start=0.0, learning_rate=1e-6, data=3 + np.zeros(10**6), batch_size=100),
    "lbfgs": dict(loss=valley, start=np.full(5000, -1.0), optimizer="lbfgs"),
    "newton_cg": dict(loss=valley, start=np.full(500, -1.0), optimizer="newton_cg"),
}[sys.argv[1]]
run = descend(steps=10**9, **settings)
ended = time.monotonic()
print(json.dumps({
    "ended": ended, "stopped": run.stopped, "steps": run.steps, "losses": len(run.history.loss),
    "parameters": np.atleast_1d(run.parameters)[:2].tolist(), "final_loss": run.final_loss, "verdict": str(run.verdict),
}), flush=True)
"""


def interrupted(which: str) -> tuple[dict[str, Any], float]:
    """What an interrupted run returns, and the seconds that it took to; in a process of its own, which it may end."""
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED_RUN, which], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(0.5)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()  # else leaving the block would wait for ever
            raise
    assert err == ""
    run = json.loads(out)
    return run, run["ended"] - sent


@pytest.mark.parametrize(
    "which", ["gd", "batches", "lbfgs", *(pytest.param(name, marks=pytest.mark.slow) for name in ("adam", "newton_cg"))]
)
@pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot be sent Ctrl-C alone")
def test_ctrl_c_returns_the_run_so_far_within_200_ms(which: str) -> None:
    # The fastest of three: what else the machine is at may take longer than what is measured.
    for _ in range(3):
        run, seconds = interrupted(which)
        if seconds < 0.2:
            break
    assert seconds < 0.2
    assert run["stopped"] == "interrupted"
    steps = run["steps"]
    assert 0 < steps < 10**9
    assert run["losses"] == steps
    if which in ("gd", "batches"):
        np.testing.assert_allclose(run["parameters"], 3 * (1 - (1 - 2e-6) ** steps), rtol=1e-6)
    if which == "gd":
        np.testing.assert_allclose(run["final_loss"], bowl(np.array(run["parameters"])), rtol=1e-12)
        assert run["verdict"].startswith(f"Interrupted after {steps:,} of 1,000,000,000 steps.")


@pytest.mark.parametrize("call", [1, 2, 3, 7])
def test_an_interrupt_at_any_moment_of_a_step_leaves_a_whole_state(call: int) -> None:
    calls = [0]

    def loss(w: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            raise KeyboardInterrupt
        return bowl(w)

    run = descend(loss, np.zeros(2), 0.1, steps=50)
    assert run.stopped == "interrupted"
    assert run.steps == max(0, call - 2)
    assert len(run.history.loss) == run.steps
    np.testing.assert_allclose(run.parameters, 3 * (1 - 0.8**run.steps))
    if call == 1:
        assert math.isnan(run.final_loss)
        assert str(run.verdict) == "Interrupted before the loss was known."
    else:
        np.testing.assert_allclose(run.final_loss, bowl(run.parameters))


class Screen:
    """A terminal that keeps what is written to it."""

    def __init__(self, terminal: bool) -> None:
        self.terminal, self.text = terminal, ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return self.terminal

    def fileno(self) -> int:
        raise OSError("no file")


@pytest.mark.parametrize(
    ("terminal", "patience", "seen"), [(True, 0.0, True), (True, 60.0, False), (False, 0.0, False)]
)
def test_the_bar_is_for_long_runs_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, patience: float, seen: bool
) -> None:
    screen = Screen(terminal)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    descend(bowl, np.zeros(2), 0.1, steps=5)
    assert ("loss" in screen.text and "steps/s" in screen.text) == seen


# --- real data --------------------------------------------------------------------------------------------------------


def test_the_data_file_of_the_examples_is_learned() -> None:
    from chainrule.learn import read_csv

    table = read_csv(Path(__file__).parents[2] / "examples" / "diabetes.csv", target="y")
    Z = np.column_stack([np.ones(len(table.y)), (table.X - table.X.mean(0)) / table.X.std(0)])
    run = descend(lambda w: np.mean((table.y - Z @ w) ** 2), np.zeros(11), 0.1, steps=20_000)
    exact = np.linalg.lstsq(Z, table.y)[0]
    np.testing.assert_allclose(run.parameters, exact, rtol=1e-6)


def test_printing_is_short() -> None:
    run = descend(lambda p: np.sum(p["W"] ** 2), {"W": np.ones((50, 50))}, 0.1, steps=3)
    assert len(str(run).splitlines()) == 4
    assert "W of shape (50, 50)" in str(run)
    assert repr(run.history) == "History(loss of 3 steps, 4 iterates)"
