"""L-BFGS and Newton-CG: SciPy's own runs, solutions that are known, the edge of a domain, what ends them."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
import scipy.optimize

import chainrule as cr
from chainrule.errors import ArgumentError, MissingExtraError, NonFiniteError
from chainrule.learn import batches, descend
from chainrule.learn.optimizers import OPTIMIZERS, Solver

SOLVERS = [pytest.param(kind(), id=name) for name, kind in OPTIMIZERS.items() if issubclass(kind, Solver)]
random = np.random.default_rng(11)
X = random.normal(size=(80, 5))
labels = (X @ random.normal(size=5) + random.normal(size=80) > 0).astype(float)


def rosenbrock(w: Any) -> Any:
    return np.sum(100 * (w[1:] - w[:-1] ** 2) ** 2 + (1 - w[:-1]) ** 2)


def logistic(w: Any, X: Any, t: Any) -> Any:
    z = X @ w
    return np.mean(np.logaddexp(0.0, z) - t * z) + 0.01 * np.sum(w**2)


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_the_minimum_is_reached(optimizer: Solver) -> None:
    run = descend(rosenbrock, np.linspace(-1.2, 1.0, 6), steps=1000, optimizer=optimizer)
    np.testing.assert_allclose(run.parameters, np.ones(6), atol=1e-7)
    assert run.steps < 200
    assert run.stopped.startswith(("converged", "no lower loss"))
    assert len(run.history.loss) == run.steps
    assert (np.diff(run.history.loss) <= 0).all()
    assert np.isnan(run.history.learning_rate).all()
    assert run.learning_rate is None


def test_lbfgs_makes_the_steps_of_scipy() -> None:
    start = np.linspace(-1.2, 1.0, 6)
    iterates = [start]
    scipy.optimize.minimize(
        rosenbrock, start, jac=scipy.optimize.rosen_der, method="L-BFGS-B",
        callback=lambda x: iterates.append(np.copy(x)), options={"maxcor": 7, "maxiter": 20, "maxls": 40},
    )  # fmt: skip
    run = descend(rosenbrock, start, steps=20, optimizer=cr.optimizers.lbfgs(memory=7))
    np.testing.assert_allclose(run.history.parameters, iterates, rtol=1e-9)
    assert (run.steps, run.stopped) == (20, "steps done")


def test_newton_cg_makes_the_steps_of_scipy_with_the_hessian_written_out() -> None:
    start = np.linspace(-1.2, 1.0, 6)
    iterates = [start]
    scipy.optimize.minimize(
        rosenbrock, start, jac=scipy.optimize.rosen_der, hessp=scipy.optimize.rosen_hess_prod, method="Newton-CG",
        callback=lambda x: iterates.append(np.copy(x)), options={"maxiter": 20},
    )  # fmt: skip
    run = descend(rosenbrock, start, steps=20, optimizer="newton_cg")
    np.testing.assert_allclose(run.history.parameters, iterates, rtol=1e-7)


@pytest.mark.parametrize("optimizer", SOLVERS)
@pytest.mark.parametrize("decades", [0, 2, 4])
def test_badly_scaled_least_squares_end_within_a_millionth_of_the_optimum(optimizer: Solver, decades: int) -> None:
    A = random.normal(size=(200, 8)) * np.logspace(0, decades, 8)
    b = A @ random.normal(size=8) + random.normal(size=200)
    least = np.mean((A @ np.linalg.lstsq(A, b)[0] - b) ** 2)
    run = descend(lambda w: np.mean((A @ w - b) ** 2), np.zeros(8), steps=2000, optimizer=optimizer)
    assert run.final_loss <= least * (1 + 1e-6)
    assert run.steps < 2000


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_logistic_regression_on_data_in_memory_and_in_blocks(optimizer: Solver, monkeypatch: Any) -> None:
    from scipy.optimize import minimize

    exact = minimize(logistic, np.zeros(5), (X, labels), tol=1e-12).x
    run = descend(logistic, np.zeros(5), optimizer=optimizer, data=(X, labels))
    np.testing.assert_allclose(run.parameters, exact, atol=1e-5)

    class Source:
        rows = 80

        def blocks(self, size: int) -> Any:
            return ((X[i : i + size], labels[i : i + size]) for i in range(0, 80, size))

    monkeypatch.setattr(batches, "MEMORY", 0)
    monkeypatch.setattr(batches, "BLOCK", 13 * 48)
    blocked = descend(logistic, np.zeros(5), optimizer=optimizer, data=Source())
    np.testing.assert_allclose(blocked.parameters, run.parameters, atol=1e-7)


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_containers_and_complex_parameters(optimizer: Solver) -> None:
    start = {"w": np.zeros((2, 2)), "b": 0.0, "z": 1.0 + 1.0j}
    target = np.arange(4.0).reshape(2, 2)

    def loss(p: Any) -> Any:
        return np.sum((p["w"] - target) ** 4) + (p["b"] - 1) ** 2 + np.abs(p["z"] - (2 - 3j)) ** 2

    run = descend(loss, start, steps=300, optimizer=optimizer)
    np.testing.assert_allclose(run.parameters["w"], target, atol=0.01)
    np.testing.assert_allclose([run.parameters["b"], run.parameters["z"]], [1.0, 2 - 3j], atol=1e-5)
    assert isinstance(run.parameters["b"], np.float64)


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_float32_parameters_stay(optimizer: Solver) -> None:
    run = descend(lambda w: np.sum((w - 3) ** 2), np.zeros(2, np.float32), optimizer=optimizer)
    assert run.parameters.dtype == np.float32
    np.testing.assert_allclose(run.parameters, 3.0, rtol=1e-6)


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_a_trial_outside_the_domain_is_too_long_a_step(optimizer: Solver) -> None:
    run = descend(lambda w: np.sum(w - np.log(w)), np.array([1e-3, 5.0, 40.0]), steps=200, optimizer=optimizer)
    np.testing.assert_allclose(run.parameters, 1.0, atol=1e-6)


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_a_loss_without_a_minimum_ends_with_a_reason(optimizer: Solver) -> None:
    run = descend(lambda w: np.sum(-(w**3)), np.ones(2), steps=10_000, optimizer=optimizer)
    assert run.stopped != "steps done"
    assert run.steps < 10_000
    assert np.isfinite(run.history.loss).all()


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_a_plateau_and_the_minimum_itself_end_at_once(optimizer: Solver) -> None:
    for loss in (lambda w: np.sum(w * 0.0) + 7.0, lambda w: np.sum(w**2)):
        run = descend(loss, np.zeros(2), optimizer=optimizer)
        assert run.steps <= 1
        assert run.gradient_norm == 0
        assert run.stopped.startswith("converged")


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_criteria_callbacks_and_no_steps(optimizer: Solver) -> None:
    start = np.linspace(-1.2, 1.0, 6)
    run = descend(rosenbrock, start, optimizer=optimizer, stop=cr.stopping.gradient_norm(1.0))
    assert run.gradient_norm < 1.0 <= run.history.gradient_norm.min()
    told: list[int] = []
    run = descend(rosenbrock, start, optimizer=optimizer, callback=lambda step, *_: told.append(step) or step == 3)
    assert told == [0, 1, 2, 3]
    assert (run.steps, run.stopped, len(run.history.parameters)) == (3, "the callback said so", 4)
    assert descend(rosenbrock, start, steps=0, optimizer=optimizer).stopped == "steps done"


@pytest.mark.parametrize("optimizer", SOLVERS)
@pytest.mark.parametrize("call", [1, 2, 5, 20])
def test_an_interrupt_at_any_moment_returns_a_whole_state(optimizer: Solver, call: int) -> None:
    calls = [0]

    def loss(w: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            raise KeyboardInterrupt
        return rosenbrock(w)

    run = descend(loss, np.linspace(-1.2, 1.0, 6), optimizer=optimizer)
    assert run.stopped == "interrupted"
    assert len(run.history.loss) == run.steps
    if call > 1:
        assert run.final_loss == rosenbrock(run.parameters)


@pytest.mark.parametrize("optimizer", SOLVERS)
@pytest.mark.parametrize(
    "setting", [{"learning_rate": 0.1}, {"clip": 1.0}, {"data": (X, labels), "batch_size": 10}], ids=lambda s: min(s)
)
def test_what_a_solver_has_no_use_for_is_refused(optimizer: Solver, setting: Any) -> None:
    with pytest.raises(ArgumentError, match="leave it out"):
        descend(logistic, np.zeros(5), optimizer=optimizer, **setting)


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_a_start_that_is_not_finite_is_named(optimizer: Solver) -> None:
    with pytest.raises(NonFiniteError, match="log gave"):
        descend(lambda w: np.sum(np.log(w)), np.array([1.0, 0.0]), optimizer=optimizer)


@pytest.mark.parametrize("optimizer", SOLVERS)
def test_without_scipy_the_install_command_is_named(optimizer: Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[special\]"'):
        descend(rosenbrock, np.zeros(3), optimizer=optimizer)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cr.optimizers.lbfgs(memory=0),
        lambda: cr.optimizers.lbfgs(gradient_tolerance=-1.0),
        lambda: cr.optimizers.lbfgs(loss_tolerance=math.nan),
        lambda: cr.optimizers.newton_cg(tolerance=0.0),
    ],
)
def test_settings_out_of_range_are_refused(make: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^(lbfgs|newton_cg): "):
        make()
