"""The verdict: right on runs whose fate is known from theory, and its predictions against the exact course."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from learn.verdict.labelled_runs import RUNS, Labelled, quadratic, rosenbrock, spectrum

import chainrule as cr
from chainrule.learn import curvature as curvature_module
from chainrule.learn.verdict import Kind
from chainrule.limits import Limits

SAMPLE = next(
    RUNS[first::4] for first in range(4) if {run.label for run in RUNS[first::4]} == {*(r.label for r in RUNS)}
)


@pytest.mark.parametrize(
    ("runs", "least"), [(SAMPLE, 25), pytest.param(RUNS, 95, marks=pytest.mark.slow)], ids=["a quarter", "all"]
)
def test_right_on_at_least_95_of_100_runs(runs: Sequence[Labelled], least: int) -> None:
    confusion: Counter[tuple[str, str]] = Counter()
    for labelled in runs:
        verdict = labelled.run().verdict
        confusion[labelled.label.value, verdict.kind.value] += 1
        assert verdict.measurements.get("products", 0) <= 60
        assert str(verdict) == verdict.text
        assert verdict.text.endswith(verdict.advice)
    right = sum(count for (label, kind), count in confusion.items() if label == kind)
    assert right >= least, {pair: count for pair, count in confusion.items() if pair[0] != pair[1]}


def test_the_labelled_runs_are_a_hundred() -> None:
    assert len(RUNS) == 100
    assert len(SAMPLE) == 25


def test_a_rule_that_scales_its_steps_is_told_no_rate() -> None:
    run = cr.descend("x^2", 1.0, 10.0, 3, optimizer="adam")
    assert run.final_loss > run.history.loss[0]
    assert run.verdict.kind is Kind.DIVERGING
    assert run.verdict.advice == "Take a smaller learning rate."


def test_a_loss_that_cannot_be_traced_is_judged_where_it_is_no_longer_finite() -> None:
    run = cr.descend(lambda w: np.log(float(w)), 1.0, 3.0, 5, gradient=lambda w: 1 / w)
    assert run.verdict.kind is Kind.NOT_FINITE
    assert run.verdict.text.startswith(
        "Not finite: the loss is not finite at step 1; the loss was 0 one step earlier. That step left the domain"
    )


def exact_steps(values: np.ndarray, excess: np.ndarray, rate: float, target: float) -> int:
    """How many steps of gradient descent leave the loss at `target`, by the formula for each eigenvector."""
    low, high = 0, 1
    while excess @ np.abs(1 - rate * values) ** (2 * high) > target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if excess @ np.abs(1 - rate * values) ** (2 * middle) > target:
            low = middle
        else:
            high = middle
    return high


@pytest.mark.parametrize(
    ("size", "condition", "parts"),
    [
        (2, 1e4, (0.5, 0.1, 1e-2, 1e-4, 1e-6)),
        (10, 1e4, (0.5, 0.1, 1e-2, 1e-4, 1e-6)),
        (29, 1e3, (0.5, 0.1, 1e-2, 1e-4, 1e-6)),
        # With more parameters than products the flattest directions are seen dimly: what is left of them comes last.
        (60, 100.0, (0.5, 0.1, 1e-2, 1e-4, 1e-6)),
        (200, 10.0, (0.5, 0.1, 1e-2, 1e-4, 1e-6)),
        (200, 100.0, (0.5, 0.1, 1e-2, 1e-3)),
        (400, 100.0, (0.5, 0.1, 1e-2, 1e-3)),
        (300, 1000.0, (0.5, 0.1)),
    ],
)
def test_predicted_steps_to_a_loss_within_a_factor_of_one_and_a_half(
    size: int, condition: float, parts: tuple[float, ...]
) -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        values = spectrum(size, condition, seed)
        loss, start = quadratic(values, seed)
        rate, steps = float(random.choice([0.05, 0.5, 1.0, 1.7])), int(random.integers(3, 40))
        run = cr.descend(loss, start, rate, steps)
        excess = np.abs(1 - rate * values) ** (2 * steps)  # 1 along each eigenvector at the start
        assert run.final_loss == pytest.approx(1.5 + excess.sum())
        ahead = run.verdict.outlook
        assert ahead is not None
        for part in parts:
            exact = exact_steps(values, excess, rate, part * excess.sum())
            predicted = ahead.steps_to(1.5 + part * excess.sum())
            assert exact / 1.5 - 1 <= predicted <= exact * 1.5 + 1
        assert ahead.loss_after(0) == pytest.approx(run.final_loss, rel=1e-6)
        assert ahead.loss_after(10) == pytest.approx(
            1.5 + excess @ np.abs(1 - rate * values) ** 20, rel=0.01, abs=1e-12
        )


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
def test_steps_predicted_with_momentum(optimizer: str) -> None:
    loss, start = quadratic(spectrum(10, 100, 1), 1)
    verdict = cr.descend(loss, start, 0.05, 40, optimizer=optimizer).verdict
    steps = verdict.measurements["steps_to_1e-6"]
    target = 1.5 + 1e-6 * 10  # 1 along each of 10 eigenvectors at the start
    course = np.array(cr.descend(loss, start, 0.05, 4000, optimizer=optimizer).history.loss)
    exact = int(np.argmax(course <= target)) - 40
    assert exact / 1.5 <= steps <= exact * 1.5


# --- what the sentences say -------------------------------------------------------------------------------------------


def test_scaled_inputs_are_advised_with_the_number_they_would_give() -> None:
    random = np.random.default_rng(0)
    X = random.standard_normal((300, 3)) * np.array([1.0, 30.0, 200.0]) + np.array([3.0, 10.0, 0.0])
    y = X @ np.array([1.0, -0.1, 0.01]) + random.standard_normal(300)
    X1 = np.column_stack([np.ones(300), X])
    mean = lambda w, X, y: np.mean((y - X @ w) ** 2)
    rate = 1 / np.linalg.eigvalsh(2 / 300 * X1.T @ X1)[-1]
    verdict = cr.descend(mean, np.zeros(4), rate, 500, data=(X1, y)).verdict
    assert verdict.kind is Kind.CONDITIONING
    Z = np.column_stack([np.ones(300), (X - X.mean(0)) / X.std(0)])
    expected = np.linalg.cond(Z.T @ Z)
    assert verdict.measurements["standardised_condition"] == pytest.approx(expected, rel=1e-6)
    assert f"with mean 0 and deviation 1 the condition number would be {expected:.3g}" in verdict.advice
    # Where the data stand in the closure, the Hessian's own diagonal tells what units can do.
    closed = cr.descend(lambda w: mean(w, X1, y), np.zeros(4), rate, 500).verdict
    hessian = 2 / 300 * X1.T @ X1
    unit = np.sqrt(np.diag(hessian))
    assert closed.measurements["scaled_condition"] == pytest.approx(np.linalg.cond(hessian / np.outer(unit, unit)))
    assert "in units of its own curvature" in closed.advice


def test_the_slow_and_the_steep_direction_are_named() -> None:
    run = cr.descend(lambda p: 50 * p["w"] ** 2 + p["b"] ** 2 / 2, {"w": 1.0, "b": 1.0}, 0.01, 100)
    assert run.verdict.measurements["steep_direction"] == "w"
    assert run.verdict.measurements["slow_direction"] == "b"
    assert "along b" in str(run.verdict)


def test_a_guess_is_called_a_guess() -> None:
    quartic = cr.descend(lambda w: w**4, 1.0, 0.1, 100).verdict
    assert quartic.kind is Kind.DESCENDING
    assert "rough guess" in str(quartic)
    valley = cr.descend(rosenbrock, np.array([-1.2, 1.0]), 0.001, 1000).verdict
    assert "how much is to be had cannot be told" in str(valley)


def test_a_network_is_not_said_to_be_at_a_saddle_while_it_learns() -> None:
    random = np.random.default_rng(0)
    X = random.standard_normal((100, 3))
    y = X @ np.ones(3)
    start = {"W": random.standard_normal((3, 20)) / 2, "b": np.zeros(20), "v": random.standard_normal(20) / 5}
    network = lambda p: np.mean((np.tanh(X @ p["W"] + p["b"]) @ p["v"] - y) ** 2)
    verdict = cr.descend(network, start, "auto", 300).verdict
    assert verdict.kind is Kind.DESCENDING
    assert "in the last 30)" in str(verdict)
    assert verdict.measurements["lambda_min"] < 0


def test_no_minimum_in_sight() -> None:
    assert "no minimum is in sight" in str(cr.descend(lambda w: -2 * w, 0.0, 0.1, 100).verdict)


def test_a_maximum_is_told_from_a_saddle() -> None:
    assert str(cr.descend(lambda w: -np.sum(w**2), np.zeros(2), 0.1, 5).verdict).startswith("Near a maximum")


def test_the_steps_to_leave_a_saddle() -> None:
    hyperbola = lambda w: w[0] ** 2 - w[1] ** 2
    verdict = cr.descend(hyperbola, np.array([1.0, 1e-10]), 0.1, 40).verdict
    steps = verdict.measurements["escape_steps"]
    # y grows by 1.2 at each step, and the loss has fallen by 1.
    assert steps == pytest.approx(math.log(1 / (1e-10 * 1.2**40)) / math.log(1.2), rel=0.1)


def test_mini_batches_that_curve_more_than_all_data() -> None:
    random = np.random.default_rng(0)
    X, y = random.standard_normal((200, 20)), random.standard_normal(200)
    mean = lambda w, X, y: np.mean((y - X @ w) ** 2)
    verdict = cr.descend(mean, np.zeros(20), 0.2, 4000, data=(X, y), batch_size=1).verdict
    assert verdict.kind is Kind.DIVERGING
    assert "Single batches curve more than all data" in str(verdict)


def test_the_floor_is_where_long_runs_stay() -> None:
    random = np.random.default_rng(0)
    X = random.standard_normal((400, 40))
    y = X @ random.standard_normal(40) + random.standard_normal(400)
    mean = lambda w, X, y: np.mean((y - X @ w) ** 2)
    optimum = np.mean((y - X @ np.linalg.lstsq(X, y)[0]) ** 2)
    runs = [cr.descend(mean, np.zeros(40), 0.02, 800 + 7 * s, data=(X, y), batch_size=8, seed=s) for s in range(8)]
    assert all(run.verdict.kind is Kind.NOISE_FLOOR for run in runs)
    stayed = np.mean([run.final_loss - optimum for run in runs])
    predicted = np.mean([run.verdict.measurements["floor"] for run in runs])
    assert 0.5 < predicted / stayed < 2


def test_momentum_among_batches_has_a_floor_too() -> None:
    random = np.random.default_rng(0)
    X = random.standard_normal((400, 4))
    y = X @ np.ones(4) + random.standard_normal(400)
    mean = lambda w, X, y: np.mean((y - X @ w) ** 2)
    verdict = cr.descend(mean, np.zeros(4), 0.01, 800, data=(X, y), batch_size=5, optimizer="momentum").verdict
    assert verdict.kind is Kind.NOISE_FLOOR


# --- what cannot be told ----------------------------------------------------------------------------------------------


def test_adaptive_rules_are_judged_by_distance_and_by_rises_only() -> None:
    bowl = lambda w: np.sum((w - 3.0) ** 2)
    early = cr.descend(bowl, np.zeros(2), 0.01, 50, optimizer="adam").verdict
    assert early.kind is Kind.DESCENDING
    assert "cannot be told from the curvature" in str(early)
    assert early.outlook is None
    assert "critical_rate" not in early.measurements
    assert cr.descend(bowl, np.zeros(2), 0.1, 2000, optimizer="adam").verdict.kind is Kind.CONVERGED
    bouncing = cr.descend(
        lambda w: np.sum(np.array([1.0, 10.0]) * (w - 3.0) ** 2), np.zeros(2), 2.0, 60, optimizer="adam"
    )
    assert bouncing.verdict.kind is Kind.OSCILLATING
    assert "no critical rate is known" in str(bouncing.verdict)


def test_a_kink_is_crossed_for_ever_at_a_fixed_rate() -> None:
    verdict = cr.descend(lambda w: np.sum(np.abs(w)), np.array([1.0, 2.0]), 0.3, 50).verdict
    assert verdict.kind is Kind.OSCILLATING
    assert "cross a kink" in str(verdict)


def test_a_run_that_was_thrown_far_is_measured_where_it_left() -> None:
    verdict = cr.descend(lambda w: w**2 / 2 + w**4, 2.0, 0.4, 3).verdict
    assert verdict.kind is Kind.DIVERGING
    assert verdict.measurements["lambda_max"] == pytest.approx(1 + 12 * 2.0**2)


def test_numbers_that_overflow_when_squared() -> None:
    verdict = cr.descend(lambda w: np.sum(1e200 * w**2), np.ones(2), 1e-201, 20).verdict
    assert verdict.kind is Kind.DESCENDING
    assert "the squares of the gradient overflow" in str(verdict)


class Blocks:
    """A source that is read in blocks of rows at every pass."""

    rows = 5000

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.X = random.standard_normal((5000, 3))
        self.y = self.X @ np.ones(3) + random.standard_normal(5000)

    def blocks(self, size: int) -> Any:
        for start in range(0, 5000, 1000):
            yield self.X[start : start + 1000], self.y[start : start + 1000]


def test_data_in_blocks_are_differenced_and_rates_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    mean = lambda w, X, y: np.mean((y - X @ w) ** 2)
    source = Blocks()
    held = cr.descend(mean, np.zeros(3), "auto", 5, data=(source.X, source.y))
    monkeypatch.setattr("chainrule.learn.batches.MEMORY", 1000)
    read = cr.descend(mean, np.zeros(3), "auto", 5, data=source)
    assert read.learning_rate == pytest.approx(held.learning_rate, rel=1e-6)
    assert read.verdict.kind is held.verdict.kind
    assert read.verdict.measurements["excess"] == pytest.approx(held.verdict.measurements["excess"], rel=1e-4)


def test_leaving_the_domain_names_the_operation() -> None:
    verdict = cr.descend(lambda w: (np.sqrt(w) - 2) ** 2, 9.0, 100.0, 10).verdict
    assert "sqrt gave nan" in str(verdict)
    assert ".." not in str(verdict)
    assert verdict.measurements["step"] == 1


def test_solvers_are_judged_too() -> None:
    pytest.importorskip("scipy")
    verdict = cr.descend(rosenbrock, np.array([-1.2, 1.0]), optimizer="lbfgs").verdict
    assert verdict.kind is Kind.CONVERGED


def test_without_a_second_derivative_the_gradient_is_differenced() -> None:
    given = cr.descend(
        lambda w: float(np.sum((np.asarray([float(v) for v in w]) - 3.0) ** 2)),
        np.zeros(2),
        0.1,
        200,
        gradient=lambda w: 2 * (w - 3.0),
    )
    assert given.verdict.kind is Kind.CONVERGED
    assert given.verdict.measurements["lambda_max"] == pytest.approx(2, rel=1e-6)


def test_a_wrong_gradient_is_said_first() -> None:
    run = cr.descend(lambda w: np.sum((w - 3.0) ** 2), np.zeros(2), 0.1, 5, gradient=lambda w: w - 3.0)
    assert str(run.verdict).startswith("The given gradient is off by 50% of the exact one here: check it")
    right = cr.descend(lambda w: np.sum((w - 3.0) ** 2), np.zeros(2), 0.1, 5, gradient=lambda w: 2 * (w - 3.0))
    assert "off by" not in str(right.verdict)


def test_a_model_too_large_for_the_process_gets_a_weaker_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curvature_module, "LIMITS", Limits(krylov_numbers=1000))
    verdict = cr.descend(lambda w: np.sum((w - 3.0) ** 2), np.zeros(500), 0.1, 5).verdict
    assert verdict.kind is Kind.DESCENDING
    assert "could not be measured: the limit krylov_numbers" in str(verdict)
    assert "lambda_max" not in verdict.measurements
    same = cr.descend(lambda w: np.sum(w**2), np.zeros(500), 0.1, 5).verdict
    assert same.kind is Kind.UNDECIDED


def test_where_the_curvature_is_infinite_it_says_so() -> None:
    verdict = cr.descend(lambda w: np.sum(np.abs(w) ** 1.5), np.array([0.0, 1.0]), 0.1, 3).verdict
    assert "could not be measured" in str(verdict)


def test_iterates_that_were_not_kept() -> None:
    loss, start = quadratic(spectrum(4, 10, 0), 0)
    verdict = cr.descend(loss, start, 1.9, 20, keep_history=0).verdict
    assert verdict.kind is Kind.DESCENDING
    assert "95% of the critical rate" in str(verdict)
    assert cr.descend(loss, start, 2.5, 2000, keep_history=0).verdict.kind is Kind.DIVERGING


def test_float32_and_complex_parameters() -> None:
    single = cr.descend(lambda w: np.sum((w - 3) ** 2), np.zeros(3, np.float32), 0.25, 60).verdict
    assert single.kind is Kind.CONVERGED
    plane = cr.descend(lambda z: np.abs(z - 3 - 2j) ** 2, 0j, 0.95, 10).verdict
    assert plane.kind is Kind.OSCILLATING


def test_it_is_made_when_it_is_asked_for_and_kept() -> None:
    calls = [0]

    def loss(w: Any) -> Any:
        calls[0] += 1
        return np.sum(w**2)

    run = cr.descend(loss, np.ones(2), 0.1, 5)
    before = calls[0]
    first = run.verdict
    made = calls[0] - before
    assert 0 < made < 10
    assert run.verdict is first
    assert calls[0] - before == made
    assert first.text in str(run)


def test_no_step_was_made() -> None:
    verdict = cr.descend(lambda w: np.sum(w**2), np.ones(2), 0.1, 0).verdict
    assert str(verdict).startswith("No step was made. Not at a minimum: the loss is 2")
    assert cr.descend(lambda w: np.sum(w**2), np.zeros(2), 0.1, 0).verdict.kind is Kind.CONVERGED


def test_clipped_steps_above_the_critical_rate_oscillate_and_do_not_diverge() -> None:
    def bowl(w: Any) -> Any:
        return (w[0] ** 2 + 100 * w[1] ** 2) / 2

    run = cr.descend(bowl, np.ones(2), 0.5, 101, clip=1.0)
    assert run.final_loss < run.history.loss[0]
    verdict = run.verdict
    assert verdict.kind is Kind.OSCILLATING
    assert "Clipping bounds the steps" in verdict.text
    assert verdict.advice == "Take a learning rate below 0.02; half of it, 0.01, is safe."


def test_whether_steps_are_clipped_is_asked_of_the_limit_itself() -> None:
    class thousandth(cr.clipping.Clip):  # noqa: N801
        def __call__(self, gradients: Any, norm: float) -> Any:
            return [gradient / 1000 for gradient in gradients]

    # At the rate 0.5 itself, plain descent would diverge: it is five times the critical one.
    bend = np.array([1.0, 20.0])
    run = cr.descend(lambda w: np.sum(bend * w**2) / 2, np.ones(2), 0.5, 20, clip=thousandth())
    assert run.verdict.kind is not Kind.DIVERGING
    # The norm is above the limit of a component, and no component is: the steps are those of plain descent.
    start = np.array([0.9, 0.9])
    held = cr.descend(lambda w: np.sum(w**2) / 2, start, 1e-4, 20, clip=cr.clipping.by_value(1.0))
    plain = cr.descend(lambda w: np.sum(w**2) / 2, start, 1e-4, 20)
    assert held.gradient_norm > 1
    assert held.verdict.text == plain.verdict.text


@pytest.mark.parametrize("rate", [0.001, 0.15])
def test_no_number_of_steps_is_told_for_clipped_ones(rate: float) -> None:
    run = cr.descend(lambda w: (w[0] ** 2 + 10 * w[1] ** 2) / 2, np.array([100.0, 100.0]), rate, 20, clip=1.0)
    assert "Clipped steps are not proportional to the gradient" in run.verdict.text
    # Once the gradient is short enough, they are.
    free = cr.descend(lambda w: (w[0] ** 2 + 10 * w[1] ** 2) / 2, np.array([0.01, 0.01]), rate, 20, clip=1.0)
    assert "At the rate" in free.verdict.text


def test_conditioning_of_a_clipped_run_tells_no_steps_at_its_rate() -> None:
    text = cr.descend(
        lambda w: (w[0] ** 2 + 1e4 * w[1] ** 2) / 2, np.array([100.0, 0.0]), 1e-4, 20, clip=1.0
    ).verdict.text
    assert text.startswith("Limited by conditioning")
    assert "within a millionth of the way. " in text


def test_a_quadratic_that_is_far_off_is_not_told() -> None:
    run = cr.descend("(1 - x)^2 + 100 (y - x^2)^2", {"x": -1.2, "y": 1.0}, "auto", 1000)
    assert "how much is to be had cannot be told from here" in run.verdict.text
    assert "%. " not in run.verdict.text.split("critical rate")[0]


def test_without_a_critical_rate_none_is_named() -> None:
    text = cr.descend(lambda x: -(x**2), 1.0, 0.1, 100).verdict.text
    assert text.startswith("Still descending")
    assert "critical" not in text


@pytest.mark.parametrize(("start", "rate"), [(0.9, 1.05), (0.5, 1.3), (0.3, 1.2)])
def test_a_cycle_that_stays_bounded_oscillates_and_does_not_diverge(start: float, rate: float) -> None:
    # x <- (1 + rate) x - rate x^3 has no stable minimum for rates above 1, and keeps |x| below (2 + 2 rate) / 3.
    run = cr.descend(lambda x: x**4 / 4 - x**2 / 2, start, rate, 500)
    assert max(abs(x) for x in run.history.parameters) < 2
    assert run.verdict.kind is Kind.OSCILLATING, run.verdict.text
    assert "Take a" in run.verdict.advice


def test_a_rise_that_the_noise_explains_is_no_divergence() -> None:
    # Every batch has the curvature 1, so that a rate below 2 is stable: the iterate keeps a variance of
    # rate^2 noise / (1 - (1 - rate)^2) = 1.9, with which the loss is often above that of the start.
    x = np.random.default_rng(1).normal(size=2000) + 3
    kinds = [
        cr.descend(lambda w, x: np.mean((w - x) ** 2) / 2, 1.5, 1.9, steps, data=x, batch_size=10).verdict.kind
        for steps in range(500, 520)
    ]
    assert kinds.count(Kind.DIVERGING) <= 2, kinds
