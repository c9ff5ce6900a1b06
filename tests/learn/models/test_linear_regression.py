"""Linear regression against exact solutions, on real data as it is and on data that is hard."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.linear_model import LinearRegression as Exact, Ridge

import chainrule as cr
from chainrule.learn.verdict import Kind

LinearRegression = cr.models.LinearRegression
RAW = {
    "diabetes": lambda: load_diabetes(return_X_y=True, scaled=False),
    "breast cancer": lambda: load_breast_cancer(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
    "digits": lambda: load_digits(return_X_y=True),
}


def objective(model: Any, X: Any, y: Any, alpha: float, s: Any = None) -> float:
    squares = np.average((y - model.predict(X)) ** 2, weights=s)
    total = len(X) if s is None else np.sum(s)
    return float(squares + alpha / total * np.sum(model.coef_**2))


@pytest.mark.parametrize("alpha", [0.0, 1.0, 100.0])
@pytest.mark.parametrize("name", RAW)
def test_the_loss_of_the_exact_solution_is_reached_with_default_settings(name: str, alpha: float) -> None:
    X, y = RAW[name]()
    y = y.astype(float)
    exact = (Ridge(alpha, solver="svd") if alpha else Exact()).fit(X, y)
    model = LinearRegression(alpha).fit(X, y)
    least = objective(exact, X, y, alpha)
    assert objective(model, X, y, alpha) == pytest.approx(least, rel=1e-9)
    assert model.loss_ == pytest.approx(least, rel=1e-9)
    assert model.predict(X) == pytest.approx(exact.predict(X), abs=1e-4 * np.std(y))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_weights_several_outputs_and_no_intercept(fit_intercept: bool, alpha: float) -> None:
    rng = np.random.default_rng(0)
    X, s = rng.normal(size=(60, 4)) * [1e-3, 1, 1e3, 1] + [0, 5, 0, 0], rng.uniform(0, 3, 60)
    s[:5] = 0
    Y = X @ rng.normal(size=(4, 3)) * [1e-4, 1.0, 1e5] + rng.normal(size=(60, 3)) + 2
    exact = Ridge(alpha, fit_intercept=fit_intercept, solver="svd").fit(X, Y, s)
    model = LinearRegression(alpha, fit_intercept=fit_intercept).fit(X, Y, s)
    assert model.coef_.shape == (3, 4)
    # A step of one spread in X, in spreads of Y: what is less than 1e-6 of it no digit of the loss depends on.
    share = X.std(axis=0) / Y.std(axis=0)[:, None]
    assert model.coef_ * share == pytest.approx(exact.coef_ * share, abs=1e-6)
    assert model.predict(X) / Y.std(axis=0) == pytest.approx(exact.predict(X) / Y.std(axis=0), abs=1e-6)


def test_more_columns_than_rows_give_the_least_standardised_weights() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(10, 30)) * np.logspace(-3, 3, 30) + 7, rng.normal(size=10)
    model = LinearRegression().fit(X, y)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    least = np.linalg.lstsq(Z, y - y.mean(), rcond=1e-9)[0]
    assert model.coef_ * X.std(axis=0) == pytest.approx(least, abs=1e-6)
    assert model.predict(X) == pytest.approx(y, abs=1e-6)


def test_constant_and_duplicate_columns() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=40)
    X = np.column_stack([x, np.full(40, 0.1), x, np.full(40, 1e300)])
    model = LinearRegression().fit(X, 3 * x + 1)
    assert model.coef_ == pytest.approx([1.5, 0, 1.5, 0], abs=1e-6)
    assert model.intercept_ == pytest.approx(1.0, abs=1e-6)
    constant = LinearRegression().fit(X, np.full(40, 4.2))
    assert not constant.coef_.any()
    assert constant.intercept_ == pytest.approx(4.2, rel=1e-14)


def test_a_large_offset_costs_no_more_than_the_data_has_lost() -> None:
    rng = np.random.default_rng(3)
    X = 1e9 + rng.normal(size=(200, 2))
    y = (X - 1e9) @ [2.0, -1.0] + 5
    model = LinearRegression().fit(X, y)
    assert model.coef_ == pytest.approx([2.0, -1.0], abs=1e-6)
    assert model.predict(X) == pytest.approx(y, abs=1e-5)


@pytest.mark.parametrize("size", [1e-300, 1e200, 1e307])
def test_numbers_of_any_size(size: float) -> None:
    rng = np.random.default_rng(4)
    Z = rng.uniform(-1, 1, size=(50, 2))
    model = LinearRegression().fit(Z * [size, 1.0], (Z @ [1.0, 2.0] + 3.0) * size)
    assert model.coef_ == pytest.approx([1.0, 2.0 * size], rel=1e-6)
    assert model.intercept_ == pytest.approx(3.0 * size, rel=1e-6)
    assert model.descent_.final_loss < 1e-12


def test_the_descent_is_told() -> None:
    X, y = RAW["diabetes"]()
    model = LinearRegression().fit(X, y)
    assert model.n_iter_ == model.descent_.steps > 1
    assert len(model.loss_curve_) == model.n_iter_ + 1
    assert model.loss_curve_[0] == pytest.approx(1.0)  # nothing is explained at first: the variance of the target
    assert model.loss_curve_[-1] == pytest.approx(1 - model.score(X, y))
    assert model.descent_.verdict.kind is Kind.CONVERGED


@pytest.mark.parametrize(
    ("optimizer", "learning_rate"),
    [
        ("gd", 0.1),
        ("gd", None),
        ("momentum", "auto"),
        ("nesterov", None),
        ("newton_cg", None),
        (cr.optimizers.lbfgs(memory=3), None),
    ],
)
def test_other_optimizers_reach_the_same(optimizer: Any, learning_rate: Any) -> None:
    X, y = RAW["diabetes"]()
    model = LinearRegression(50.0, optimizer=optimizer, learning_rate=learning_rate, tol=1e-6).fit(X, y)
    exact = Ridge(50.0, solver="svd").fit(X, y)
    assert objective(model, X, y, 50.0) == pytest.approx(objective(exact, X, y, 50.0), rel=1e-6)


def test_too_few_steps_are_said() -> None:
    X, y = RAW["diabetes"]()
    with pytest.warns(match=r"LinearRegression has made 3 steps, which is max_iter, and the gradient's norm is 0\.0"):
        LinearRegression(max_iter=3).fit(X, y)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"alpha": -1.0}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"alpha": "1"}, "alpha"),
        ({"max_iter": 0}, "max_iter"),
        ({"max_iter": 2.5}, "max_iter"),
        ({"tol": -1e-3}, "tol"),
        ({"optimizer": "lbgfs"}, "lbfgs"),
        ({"optimizer": "gd", "learning_rate": -1.0}, "learning_rate"),
        ({"learning_rate": 0.1}, "lbfgs finds the length"),
    ],
)
def test_a_wrong_argument_is_named_when_it_is_fitted(arguments: Any, named: str) -> None:
    model = LinearRegression(**arguments)
    with pytest.raises(cr.ArgumentError, match=named):
        model.fit([[1.0], [2.0]], [1.0, 2.0])


def test_it_is_cloned_and_pickled_without_the_data() -> None:
    X, y = RAW["diabetes"]()
    model = clone(LinearRegression(2.0)).fit(X, y)
    text = pickle.dumps(model)
    assert len(text) < X.nbytes / 2
    again = pickle.loads(text)
    assert np.array_equal(again.predict(X), model.predict(X))
    assert again.descent_.final_loss == model.descent_.final_loss
    assert str(again.descent_.verdict) == str(model.descent_.verdict)
    with pytest.raises(cr.ArgumentError, match="fit it again"):
        again.loss_graph()
