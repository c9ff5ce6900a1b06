"""Learning rates from the curvature: critical, automatic, compared and swept."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, NonFiniteError
from chainrule.learn.verdict import Kind


@pytest.fixture(scope="module")
def loss() -> Callable[[Any], Any]:
    """The mean squared error of 100 points about y = 3x + 2, drawn as the textbook draws them."""
    random = np.random.RandomState(42)
    x = 10 * random.rand(100)
    X, y = np.column_stack([np.ones(100), x]), 3 * x + 2 + 2 * random.randn(100)
    return lambda w: np.mean((y - X @ w) ** 2)


def test_the_critical_rate_of_the_line(loss: Callable[[Any], Any]) -> None:
    rate = cr.critical_learning_rate(loss, np.zeros(2))
    assert f"{rate:.5f}" == "0.03165"
    assert f"{rate.curvature.largest:.2f}" == "63.18"
    assert f"{rate.curvature.smallest:.3f}" == "0.555"
    assert rate.error < 1e-12
    assert str(rate) == "0.03165 = 2 / lambda_max (63.18, along at[1])"
    assert 0.01 < rate < 0.033


def test_three_rates_with_true_verdicts(loss: Callable[[Any], Any]) -> None:
    found = cr.compare_learning_rates(loss, np.zeros(2), [0.00001, 0.001, 0.01], steps=200)
    assert [f"{run.history.loss[-1]:.2f}" for run in found.runs] == ["262.72", "4.08", "3.34"]
    assert found.best == 0.01
    assert found.critical is not None
    assert f"{found.critical:.5f}" == "0.03165"
    slow, middle, fast = (run.verdict for run in found.runs)
    assert slow.kind is middle.kind is fast.kind is Kind.DESCENDING
    # (1 - rate lambda)^(2 t) of what there was, along each eigenvector: the theory, with NumPy's eigenvalues.
    hessian = cr.hessian(loss)(np.zeros(2))
    values, vectors = np.linalg.eigh(hessian)
    excess = (vectors.T @ cr.grad(loss)(np.zeros(2))) ** 2 / values / 2
    for rate, verdict in zip(found.rates, (slow, middle, fast), strict=True):
        steps = verdict.measurements["steps_to_1e-6"] + 200
        after = [float(excess @ (1 - rate * values) ** (2 * t)) for t in (steps - 1, steps)]
        assert after[0] > 1e-6 * excess.sum() >= after[1] * (1 - 1e-6)
    text = str(found)
    assert "lowest loss: at the rate 0.01" in text
    assert "0.01: Still descending" in text
    assert "The rate is 32% of the critical rate 0.03165" in text
    assert "about 730,000 steps" in str(slow)


def test_a_rate_of_one_diverges_with_the_first_infinity_at_step_85(loss: Callable[[Any], Any]) -> None:
    verdict = cr.descend(loss, np.zeros(2), 1.0, 200).verdict
    assert verdict.kind is Kind.DIVERGING
    assert "at step 85 the loss was no longer finite" in str(verdict)
    assert "31.59 times the critical rate 0.03165" in str(verdict)
    assert "below 0.03165" in verdict.advice


def test_at_0_029_it_overshoots_and_yet_converges(loss: Callable[[Any], Any]) -> None:
    run = cr.descend(loss, np.zeros(2), 0.029, 200)
    assert (np.diff(run.history.loss) < 0).all()
    assert run.verdict.kind is Kind.OSCILLATING
    assert str(run.verdict).startswith("Oscillating, yet converging: along start[1] ")
    assert "The loss fell all the while" in str(run.verdict)
    changes, looked = run.verdict.measurements["sign_changes"], run.verdict.measurements["steps_compared"]
    assert changes == looked > 100


@pytest.mark.parametrize(
    ("optimizer", "limit"),
    [
        (cr.optimizers.gd(), 2.0),
        (cr.optimizers.momentum(mu=0.9), 3.8),
        (cr.optimizers.momentum(mu=0.5), 3.0),
        (cr.optimizers.nesterov(mu=0.9), 3.8 / 2.8),
        (cr.optimizers.nesterov(mu=0.3), 2.6 / 1.6),
    ],
)
def test_the_bound_of_each_rule_is_where_its_own_steps_begin_to_grow(optimizer: Any, limit: float) -> None:
    bowl = lambda w: np.sum(np.array([1.0, 3.0]) * w**2) / 2
    rate = cr.critical_learning_rate(bowl, np.zeros(2), optimizer=optimizer)
    assert float(rate) == pytest.approx(limit / 3)
    below, above = (
        cr.descend(bowl, np.ones(2), part * rate, steps=3000, optimizer=optimizer).final_loss for part in (0.99, 1.01)
    )
    assert below < 1e-6
    assert not above < 1e6


def test_a_critical_rate_is_a_float_with_its_reason(loss: Callable[[Any], Any]) -> None:
    rate = cr.critical_learning_rate(loss, np.zeros(2))
    assert isinstance(rate, float)
    assert repr(rate).startswith("CriticalRate(0.0316")
    for copied in (copy.copy(rate), pickle.loads(pickle.dumps(rate))):
        assert copied == rate
        assert str(copied) == str(rate)
    partly = cr.critical_learning_rate(lambda w: np.sum(np.linspace(0, 1, 500) * w**2) / 2, np.ones(500))
    assert "+-" in str(partly)
    assert abs(partly - 2) < 0.02


def test_where_the_loss_is_not_convex_it_says_so() -> None:
    saddle = cr.critical_learning_rate(lambda w: w[0] ** 2 - w[1] ** 2, np.zeros(2))
    assert float(saddle) == 1.0
    assert "not convex here: along at[1] it curves down (-2)" in str(saddle)
    cap = cr.critical_learning_rate(lambda w: -np.sum(w**2), np.zeros(2))
    assert math.isinf(cap)
    assert "does not curve up" in str(cap)
    assert math.isnan(cap.error)


def test_an_adaptive_rule_has_no_critical_rate() -> None:
    with pytest.raises(ArgumentError, match="adam scales its steps by itself"):
        cr.critical_learning_rate(lambda w: w**2, 1.0, optimizer="adam")


# --- "auto" -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
def test_auto_is_one_over_lambda_max_and_no_more_than_half_the_critical_rate(
    loss: Callable[[Any], Any], optimizer: str
) -> None:
    run = cr.descend(loss, np.zeros(2), "auto", 3000, optimizer=optimizer)
    assert run.learning_rate <= 1 / 63.18 * 1.001
    assert run.learning_rate >= 0.6 / 63.18
    assert run.verdict.kind is Kind.CONVERGED


def test_auto_is_the_default_of_an_adaptive_rule_and_nothing_to_a_solver() -> None:
    assert cr.descend("(x - 3)^2", 0.0, "auto", 1, optimizer="adam").learning_rate == 0.001
    with pytest.raises(ArgumentError, match="lbfgs finds the length"):
        cr.descend("(x - 3)^2", 0.0, "auto", 1, optimizer="lbfgs")


def test_auto_suits_single_rows_which_curve_more_than_all_of_them() -> None:
    random = np.random.default_rng(0)
    X = random.standard_normal((200, 20))
    y = X @ random.standard_normal(20)
    mean = lambda w, X, y: np.mean((y - X @ w) ** 2)
    whole = cr.descend(mean, np.zeros(20), "auto", 1, data=(X, y))
    single = cr.descend(mean, np.zeros(20), "auto", 2000, data=(X, y), batch_size=1)
    assert single.learning_rate < whole.learning_rate / 3
    assert single.final_loss < 1e-3
    # The rate of all data is too large for single rows.
    assert not cr.descend(mean, np.zeros(20), whole.learning_rate, 2000, data=(X, y), batch_size=1).final_loss < 1e3


def test_auto_without_curvature_and_at_a_bad_start() -> None:
    with pytest.raises(ArgumentError, match="does not curve at the start"):
        cr.descend(lambda w: 2 * w, 1.0, "auto")
    with pytest.raises(NonFiniteError, match="at the start"):
        cr.descend(lambda w: np.log(w), 0.0, "auto")
    with pytest.raises(ArgumentError, match="expected a positive number"):
        cr.descend(lambda w: w**2, 1.0, "automatic")


def test_auto_in_a_valley_that_curves_down_too() -> None:
    run = cr.descend(lambda w: w[0] ** 2 / 10 - 5 * w[1] ** 2 + w[1] ** 4, np.array([1.0, 0.1]), "auto", 1)
    assert run.learning_rate == pytest.approx(1 / (10 - 12 * 0.01))


# --- comparison and sweep ---------------------------------------------------------------------------------------------


def test_a_sweep_goes_through_the_critical_rate(loss: Callable[[Any], Any]) -> None:
    found = cr.learning_rate_sweep(loss, np.zeros(2), steps=100)
    assert found.critical is not None
    assert f"{found.critical:.5f}" == "0.03165"
    assert len(found.rates) == 25
    assert found.rates[0] < found.critical < found.rates[-1]
    above = found.rates > 1.02 * found.critical
    assert (found.losses[above] > found.start_loss).all()
    assert (found.losses[~above] < found.start_loss).all()
    assert 0.01 < found.best < found.critical
    assert "critical rate 0.03165" in str(found)
    assert found.steps == 100


def test_a_sweep_counts_what_is_not_finite_as_infinite(loss: Callable[[Any], Any]) -> None:
    found = cr.learning_rate_sweep(loss, np.zeros(2), [1e10, 0.01], steps=200)
    assert found.rates.tolist() == [0.01, 1e10]
    assert np.isinf(found.losses[1])
    assert "from 1e+10 on the loss is above" in str(found)


def test_a_rule_without_a_critical_rate_is_compared_and_swept_too() -> None:
    swept = cr.learning_rate_sweep("(x - 3)^2", 0.0, steps=10, optimizer="adam")
    assert swept.critical is None
    assert (swept.rates[0], swept.rates[-1]) == pytest.approx((1e-5, 1.0))
    assert "critical" not in str(swept)
    found = cr.compare_learning_rates("(x - 3)^2", 0.0, (0.1, 0.5), steps=20, optimizer="adam")
    assert found.critical is None
    assert str(found).startswith("2 learning rates, adam, 20 steps each\n")


def test_all_rates_diverge() -> None:
    found = cr.compare_learning_rates(lambda w: np.sum(w**2), np.ones(2), [1e200, 1e300], steps=5)
    assert found.critical is not None
    assert float(found.critical) == 1.0
    assert all(run.verdict.kind is Kind.DIVERGING for run in found.runs)


def test_a_loss_that_has_no_curvature_at_its_end_is_compared_all_the_same() -> None:
    found = cr.compare_learning_rates(lambda w: np.sum(np.abs(w) ** 1.5), np.array([0.0]), [0.1], steps=1)
    assert found.critical is None
    assert "0.1" in str(found)


@pytest.mark.parametrize("rates", [[], [0.0], [-1.0], [math.inf], [math.nan], ["a"], 3.0])
def test_rates_that_are_refused(rates: Any) -> None:
    with pytest.raises(ArgumentError, match="rates"):
        cr.compare_learning_rates("x^2", 1.0, rates)
    with pytest.raises(ArgumentError, match="rates"):
        cr.learning_rate_sweep("x^2", 1.0, rates)


@pytest.mark.parametrize("measure", [cr.critical_learning_rate, cr.curvature])
def test_a_point_where_the_loss_has_no_value_has_no_curvature(measure: Callable[..., Any]) -> None:
    # log(-1) is nan, while its derivatives, -1 and -1, are not.
    with pytest.raises(NonFiniteError, match="the loss is nan there"):
        measure(lambda x: np.log(x), -1.0)
