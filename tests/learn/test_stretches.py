"""Descents that run as native loops: the same history, endings and checkpoints as step by step in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.kernels.machine import available
from chainrule.learn import stretches
from chainrule.learn.descent import Descent
from chainrule.learn.optimizers import OPTIMIZERS

pytestmark = pytest.mark.skipif(bool(available()), reason="no kernels here")

RNG = np.random.default_rng(0)
N = 50
X = RNG.normal(size=(N, 3))
y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=N)
labels = RNG.integers(0, 4, N)
RULES = [name for name, kind in OPTIMIZERS.items() if issubclass(kind, cr.optimizers.Rule)]


def squared(w: Any, X: Any, y: Any) -> Any:
    return np.mean((X @ w - y) ** 2)


def logistic(p: Any, X: Any, y: Any) -> Any:
    z = X @ p["w"] + p["b"]
    return np.mean(np.logaddexp(0, z) - (y > 0) * z) + 0.01 * np.sum(p["w"] ** 2)


def network(p: Any, X: Any, y: Any) -> Any:
    return np.mean((np.tanh(X @ p["W"] + p["c"]) @ p["v"] - y) ** 2)


def classes(W: Any, X: Any, n: Any) -> Any:
    return -np.mean(cr.special.log_softmax(X @ W, axis=1)[np.arange(len(X)), n])


def bowl(w: Any) -> Any:
    return np.sum(np.cosh(w - np.arange(3.0)))


LOSSES: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "squared": (squared, np.zeros(3), (X, y)),
    "logistic": (logistic, {"w": np.zeros(3), "b": 0.0}, (X, y)),
    "network": (network, {"W": RNG.normal(size=(3, 5)), "c": np.zeros(5), "v": RNG.normal(size=5)}, (X, y)),
    "classes": (classes, np.zeros((3, 4)), (X, labels)),
    "of no data": (bowl, np.zeros(3), None),
    "of a number": (lambda x: (x - 3.0) ** 2 + np.sin(x), 0.5, None),
}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops are compiled at once, however short the run."""
    monkeypatch.setattr(stretches, "WORTH", -1.0)


def step_by_step(monkeypatch: pytest.MonkeyPatch, *args: Any, **options: Any) -> Descent:
    with monkeypatch.context() as turned_off:
        turned_off.setenv("CHAINRULE_KERNELS", "0")
        return cr.descend(*args, **options)


class Watched:
    """How many steps were made in stretches."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        make = stretches.Stretches.make

        def counted(*args: Any) -> Any:
            made = make(*args)
            self.steps += 0 if made is None else len(made.losses)
            return made

        monkeypatch.setattr(stretches.Stretches, "make", counted)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def leaves_of(parameters: Any) -> list[Any]:
    return list(parameters.values()) if isinstance(parameters, dict) else [parameters]


def assert_same(got: Descent, want: Descent) -> None:
    assert (got.steps, got.stopped, got.history.steps) == (want.steps, want.stopped, want.history.steps)
    for name in ("loss", "gradient_norm", "learning_rate"):
        np.testing.assert_allclose(getattr(got.history, name), getattr(want.history, name), rtol=1e-7, atol=1e-12)
    for one, other in zip(
        (got.parameters, *got.history.parameters), (want.parameters, *want.history.parameters), strict=True
    ):
        for a, b in zip(leaves_of(one), leaves_of(other), strict=True):
            assert type(a) is type(b)
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        [got.final_loss, got.gradient_norm], [want.final_loss, want.gradient_norm], rtol=1e-6, atol=1e-12
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", LOSSES)
def test_every_rule_makes_the_same_steps(
    name: str, rule: str, always: None, watched: Watched, monkeypatch: Any
) -> None:
    loss, start, data = LOSSES[name]
    options = {"steps": 60, "optimizer": rule, "data": data}
    got = cr.descend(loss, start, 0.02, **options)
    assert watched.steps > 30
    assert_same(got, step_by_step(monkeypatch, loss, start, 0.02, **options))


@pytest.mark.parametrize("rule", ["gd", "adam"])
def test_mini_batches_with_a_short_last_one(rule: str, always: None, watched: Watched, monkeypatch: Any) -> None:
    options = {"steps": 40, "optimizer": rule, "data": (X, y), "batch_size": 8}
    got = cr.descend(squared, np.zeros(3), 0.02, **options)
    assert watched.steps > 25
    assert_same(got, step_by_step(monkeypatch, squared, np.zeros(3), 0.02, **options))
    named = {**options, "data": {"X": X, "y": y}, "shuffle": False}
    got = cr.descend(squared, np.zeros(3), 0.02, **named)
    assert_same(got, step_by_step(monkeypatch, squared, np.zeros(3), 0.02, **named))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"learning_rate": cr.schedules.cosine(0.1, steps=50)}, id="schedule"),
        pytest.param({"learning_rate": lambda done: 0.1 / (1 + done)}, id="own schedule"),
        pytest.param({"clip": 0.5}, id="clip by norm"),
        pytest.param({"clip": cr.clipping.by_value(0.2)}, id="clip by value"),
        pytest.param({"keep_history": 200}, id="little history"),
        pytest.param({"keep_history": 0}, id="no history"),
        pytest.param({"stop": cr.stopping.gradient_norm(0.5)}, id="gradient norm"),
        pytest.param({"stop": cr.stopping.loss_change(1e-2, patience=2)}, id="loss change"),
        pytest.param({"stop": cr.stopping.validation(lambda w: np.sum((w - 0.2) ** 2), patience=2)}, id="validation"),
        pytest.param({"learning_rate": 50.0}, id="diverges"),
        pytest.param({"learning_rate": 50.0, "steps": 500, "optimizer": "momentum"}, id="diverges later"),
        pytest.param({"steps": 0}, id="no step"),
        pytest.param({"steps": 1}, id="one step"),
        pytest.param({"steps": 3000, "learning_rate": 0.3}, id="to the minimum"),
    ],
)
def test_whatever_is_asked_for(options: Any, always: None, monkeypatch: Any) -> None:
    asked = {"learning_rate": 0.05, "steps": 60, "data": (X, y), **options}
    got = cr.descend(squared, np.zeros(3), **asked)
    assert_same(got, step_by_step(monkeypatch, squared, np.zeros(3), **asked))
    assert got.verdict.kind == step_by_step(monkeypatch, squared, np.zeros(3), **asked).verdict.kind


def test_where_the_gradient_is_zero_python_goes_on(always: None, monkeypatch: Any) -> None:
    assert_same(
        cr.descend(lambda w: (w - 3.0) ** 2, 0.0, 0.5, steps=50),
        step_by_step(monkeypatch, lambda w: (w - 3.0) ** 2, 0.0, 0.5, steps=50),
    )


def test_another_branch_is_taken_in_the_middle(always: None, monkeypatch: Any) -> None:
    def bent(w: Any) -> Any:
        return w**2 if w > 1.0 else (w - 0.3) ** 2 + 0.1 * w**4

    assert_same(cr.descend(bent, 5.0, 0.05, steps=60), step_by_step(monkeypatch, bent, 5.0, 0.05, steps=60))


def test_checkpoints(always: None, watched: Watched, monkeypatch: Any, tmp_path: Any) -> None:
    options = {"steps": 60, "optimizer": "adam", "data": (X, y), "checkpoint_every": 7}
    half = cr.descend(squared, np.zeros(3), 0.05, checkpoint=tmp_path / "run", **{**options, "steps": 25})
    assert half.steps == 25
    got = cr.descend(squared, np.zeros(3), 0.05, checkpoint=tmp_path / "run", **options)
    assert watched.steps > 20
    assert_same(got, step_by_step(monkeypatch, squared, np.zeros(3), 0.05, **options))


def test_compiled_losses_keep_their_loop(watched: Watched, monkeypatch: Any) -> None:
    loss = cr.compile(squared)
    for rate in (0.05, 0.1):
        got = cr.descend(loss, np.zeros(3), rate, steps=30, data=(X, y))
        assert_same(got, step_by_step(monkeypatch, squared, np.zeros(3), rate, steps=30, data=(X, y)))
    assert len(loss.kept["stretches"]) == 1
    assert watched.steps == 60


calls: list[Any] = []


def counting(w: Any) -> Any:
    calls.append(1)
    return np.sum(w**2)


class Drawing:
    """A loss that draws random numbers where its code does not show it."""

    def __init__(self) -> None:
        self.state = np.random.default_rng(0)

    def __call__(self, w: Any) -> Any:
        return np.sum((w - self.state.normal(size=3)) ** 2)


class Odd(cr.optimizers.Rule):
    """A rule of the user's own."""

    def update(self, parameter: Any, gradient: Any, state: Any, rate: float, step: int) -> Any:
        return parameter - rate * gradient * (1 + step % 2), state


def test_what_python_has_to_do_itself(always: None, watched: Watched) -> None:
    calls.clear()
    cr.descend(counting, np.ones(3), 0.1, steps=20)
    assert len(calls) == 21
    cr.descend(Drawing(), np.ones(3), 0.1, steps=20)
    cr.descend(bowl, np.zeros(3), 0.01, steps=20, optimizer=Odd())
    cr.descend(bowl, np.zeros(3), 0.01, steps=20, callback=lambda *_: None)
    cr.descend(lambda w: np.sum(w**2), np.ones(3, np.float32), 0.1, steps=20)
    cr.descend(lambda w: np.sum(np.abs(w) ** 2), np.ones(3) + 1j, 0.1, steps=20)
    cr.descend(lambda w: np.sum(w**2), np.ones(3), 0.1, steps=20, gradient=lambda w: 2 * w)
    drawn = np.random.default_rng(0)
    cr.descend(lambda w: np.sum((w - drawn.standard_normal(3)) ** 2), np.ones(3), 0.1, steps=20)
    cr.descend(lambda w: np.sum(np.linalg.eigvalsh(w)), np.diag([1.0, 2.0]), 0.1, steps=9)
    assert watched.steps == 0


def test_short_runs_are_not_compiled(watched: Watched) -> None:
    cr.descend(squared, np.zeros(3), 0.05, steps=20, data=(X, y))
    assert watched.steps == 0


def test_an_interrupt_between_stretches(always: None, monkeypatch: Any) -> None:
    noted = 0

    def interrupted(*args: Any) -> Any:
        nonlocal noted
        noted += 1
        if noted == 3:
            raise KeyboardInterrupt
        return made(*args)

    made = stretches.Stretches.make
    monkeypatch.setattr(stretches.Stretches, "make", interrupted)
    monkeypatch.setattr(stretches, "MEMORY", 3 * 24 * 10)
    run = cr.descend(squared, np.zeros(3), 0.05, steps=1000, data=(X, y))
    assert run.interrupted
    assert 10 <= run.steps <= 40
    np.testing.assert_allclose(run.history.parameters[-1], run.parameters)
