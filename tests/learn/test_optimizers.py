"""The rules of a step, each against sums over all gradients that its recursion stands for; their settings."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from chainrule import optimizers
from chainrule.errors import ArgumentError
from chainrule.learn import descend
from chainrule.learn.optimizers import OPTIMIZERS, Rule

STEPS = 50
RATE = 0.03
RULES = [pytest.param(kind(), id=name) for name, kind in OPTIMIZERS.items() if issubclass(kind, Rule)]


def moves(optimizer: Rule, slopes: np.ndarray, start: np.ndarray, rate: float = RATE) -> np.ndarray:
    """The iterates of a descent whose gradients are given, whatever the parameters are."""
    at = iter([*slopes, np.zeros_like(start)])
    run = descend(lambda w: np.sum(w.real) * 0.0, start, rate, len(slopes), optimizer=optimizer,
                  gradient=lambda w: next(at))  # fmt: skip
    return np.array(run.history.parameters)


def by_sums(optimizer: Any, slopes: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The same from the sums that the papers' recursions add up to, in the precision of long doubles."""
    g = slopes.astype(np.longdouble)
    iterates = [start.astype(np.longdouble)]
    for t in range(1, len(g) + 1):
        w, past, ages = iterates[-1], g[:t], np.arange(t - 1, -1, -1, dtype=np.longdouble)[:, None]
        name = optimizer.name
        if name == "gd":
            w = w - RATE * g[t - 1]
        elif name in ("momentum", "nesterov"):
            velocity = (optimizer.mu**ages * past).sum(0)
            w = w - RATE * (velocity if name == "momentum" else g[t - 1] + optimizer.mu * velocity)
        elif name == "adagrad":
            w = w - RATE * g[t - 1] / (np.sqrt((past**2).sum(0)) + optimizer.epsilon)
        elif name == "rmsprop":
            mean = ((1 - optimizer.rho) * optimizer.rho**ages * past**2).sum(0)
            w = w - RATE * g[t - 1] / (np.sqrt(mean) + optimizer.epsilon)
        else:
            first, second = optimizer.beta1**ages, optimizer.beta2**ages
            mean, square = (first * past).sum(0) / first.sum(), (second * past**2).sum(0) / second.sum()
            if name == "adamw":
                w = w - RATE * optimizer.weight_decay * w
            w = w - RATE * mean / (np.sqrt(square) + optimizer.epsilon)
        iterates.append(w)
    return np.array(iterates, dtype=float)


@pytest.mark.parametrize("optimizer", RULES)
def test_a_rule_is_the_sum_that_its_paper_states(optimizer: Rule) -> None:
    random = np.random.default_rng(7)
    slopes, start = random.normal(size=(STEPS, 4)) * 10.0 ** np.arange(-2, 2), random.normal(size=4)
    np.testing.assert_allclose(moves(optimizer, slopes, start), by_sums(optimizer, slopes, start), rtol=1e-11)


@pytest.mark.parametrize("optimizer", RULES)
def test_a_rule_descends(optimizer: Rule) -> None:
    def loss(w: Any) -> Any:
        return np.sum((w - np.array([1.0, -2.0])) ** 2)

    run = descend(loss, np.zeros(2), 0.05, 2000, optimizer=optimizer)
    assert run.final_loss < 1e-3 * run.history.loss[0]
    assert run.optimizer is optimizer
    assert run.learning_rate == 0.05
    assert set(run.history.learning_rate) == {0.05}


@pytest.mark.parametrize("optimizer", RULES)
def test_a_container_moves_as_its_arrays_would(optimizer: Rule) -> None:
    random = np.random.default_rng(3)
    X, y = random.normal(size=(20, 3)), random.normal(size=20)
    whole = descend(lambda w: np.mean((X @ w[:3] + w[3] - y) ** 2), np.zeros(4), 0.02, 30, optimizer=optimizer)
    parts = descend(lambda p: np.mean((X @ p["w"] + p["b"] - y) ** 2), {"w": np.zeros(3), "b": 0.0}, 0.02, 30,
                    optimizer=optimizer)  # fmt: skip
    np.testing.assert_allclose([*parts.parameters["w"], parts.parameters["b"]], whole.parameters, rtol=1e-10)


@pytest.mark.parametrize("optimizer", RULES)
def test_the_dtype_stays(optimizer: Rule) -> None:
    start = {"a": np.zeros(2, np.float32), "b": np.float32(0.0), "c": np.zeros((2, 1), np.complex64)}
    run = descend(lambda p: np.sum((p["a"] - 1) ** 2) + (p["b"] - 1) ** 2 + np.sum(np.abs(p["c"] - 1j) ** 2), start,
                  0.1, 3, optimizer=optimizer)  # fmt: skip
    assert run.parameters["a"].dtype == run.parameters["b"].dtype == np.float32
    assert run.parameters["c"].dtype == np.complex64


@pytest.mark.parametrize("optimizer", RULES)
def test_a_complex_parameter_reaches_its_target_along_a_straight_line(optimizer: Rule) -> None:
    target = 1.0 - 2.0j
    run = descend(lambda z: np.abs(z - target) ** 2, 3.0 + 3.0j, 0.5 if optimizer.name == "adagrad" else 0.05, 2000,
                  optimizer=optimizer)  # fmt: skip
    # Along the direction of the gradient a step has the magnitude's scale in both parts, so no iterate turns aside.
    turns = [abs(np.imag((z - target) / (3.0 + 3.0j - target))) for z in run.history.parameters]
    assert max(turns) < (0.02 if optimizer.name == "adamw" else 1e-9)
    assert abs(run.parameters - target) < 0.05


@pytest.mark.parametrize("optimizer", RULES)
def test_nothing_is_written_in_place(optimizer: Rule) -> None:
    w, g = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    state = optimizer.init(w)
    frozen = (w, g, *state)
    for held in frozen:
        held.flags.writeable = False
    moved, after = optimizer.update(w, g, state, 0.1, 1)
    assert len(after) == len(state)
    assert all(not np.shares_memory(moved, held) for held in frozen)
    assert all(np.shape(new) == np.shape(old) and new.dtype == old.dtype for new, old in zip(after, state, strict=True))


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("rate", [1e20, 1e308])
def test_a_huge_rate_stops_with_the_reason_or_is_divided_away(optimizer: Rule, rate: float) -> None:
    run = descend(lambda w: np.sum((w - 3.0) ** 2), np.zeros(3), rate, 1000, optimizer=optimizer)
    if run.diverged:
        assert "is not finite at step" in run.stopped
    else:
        # The rules that divide by the gradients they have seen come back from a step of 1e20.
        assert optimizer.name in ("adagrad", "rmsprop", "adam")
        assert run.final_loss < 1e-3


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adam", "adamw"])
def test_a_gradient_whose_squares_overflow_does_not_pass_for_a_plateau(name: str) -> None:
    # Divided by the root of infinity every step would be zero from then on.
    run = descend(lambda w: 1e200 * np.sum(w**2), np.ones(2), 0.1, 100, optimizer=name)
    assert run.stopped.startswith(f"the gradient is too large for {name} at step 0: squares of its norm, 2.83e+200")
    assert run.steps == 0
    clipped = descend(lambda w: 1e200 * np.sum(w**2), np.ones(2), 0.1, 100, optimizer=name, clip=1.0)
    assert clipped.steps == 100
    small = descend(lambda w: np.sum(w**2), np.ones(2, np.float32), 0.1, 5, optimizer=name)
    assert small.steps == 5


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("rate", [0, -0.1, math.nan, math.inf, "fast", True])
def test_a_rate_that_is_no_positive_number_is_refused(optimizer: Rule, rate: Any) -> None:
    with pytest.raises(ArgumentError, match="learning_rate is"):
        descend(lambda w: w**2, 1.0, rate, optimizer=optimizer)


@pytest.mark.parametrize("optimizer", RULES)
def test_the_default_rate_is_the_optimizers_or_none(optimizer: Rule) -> None:
    if optimizer.default_learning_rate is None:
        with pytest.raises(ArgumentError, match=f"{optimizer.name} has no rate that suits every loss"):
            descend(lambda w: w**2, 1.0, optimizer=optimizer)
    else:
        run = descend(lambda w: w**2, 1.0, steps=2, optimizer=optimizer.name)
        assert run.learning_rate == optimizer.default_learning_rate


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, "0.9", None, True, 1j, pytest.param(10**400, id="huge")])
@pytest.mark.parametrize(
    ("kind", "name"), [(kind, field.name) for kind in OPTIMIZERS.values() for field in dataclasses.fields(kind)]
)
def test_a_setting_out_of_its_range_is_refused(kind: Any, name: str, value: Any) -> None:
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: {name} is"):
        kind(**{name: value})


def test_a_setting_of_numpy_prints_as_pythons() -> None:
    assert repr(optimizers.momentum(np.float32(0.5))) == "momentum(mu=0.5)"
    assert repr(optimizers.adam(epsilon=1)) == "adam(beta1=0.9, beta2=0.999, epsilon=1.0)"


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("adm", "did you mean 'adam'"),
        ("L-BFGS", "did you mean 'lbfgs'"),
        (optimizers.adam, "make one of it, chainrule.optimizers.adam()"),
        (None, "gd"),
    ],
)
def test_an_unknown_optimizer_is_refused_with_what_there_is(given: Any, hint: str) -> None:
    with pytest.raises(ArgumentError, match=r"expected one of 'gd', ") as refused:
        descend(lambda w: w**2, 1.0, 0.1, optimizer=given)
    assert hint in str(refused.value)
