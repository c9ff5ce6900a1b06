"""Logistic regression against tightly converged solutions, on real data as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.linear_model import LogisticRegression as Theirs

import chainrule as cr

LogisticRegression = cr.models.LogisticRegression
RAW = {"breast cancer": load_breast_cancer, "wine": load_wine, "digits": load_digits}


def objective(model: Any, X: Any, y: Any, C: float, s: Any = None) -> float:
    """What scikit-learn minimises."""
    Z = X @ model.coef_.T + model.intercept_
    Z = np.column_stack([np.zeros(len(X)), Z]) if Z.shape[1] == 1 else Z
    losses = logsumexp(Z, axis=1) - Z[np.arange(len(X)), np.searchsorted(model.classes_, y)]
    return float(C * np.sum(losses if s is None else s * losses) + np.sum(model.coef_**2) / 2)


def converged(C: float, X: Any, y: Any, s: Any = None) -> Any:
    return Theirs(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y, s)


@pytest.mark.parametrize(
    ("name", "C"),
    [
        ("breast cancer", 1.0),
        ("breast cancer", 0.01),
        ("wine", 1.0),
        ("wine", 0.01),
        pytest.param("breast cancer", 100.0, marks=pytest.mark.slow),
        pytest.param("wine", 100.0, marks=pytest.mark.slow),
        pytest.param("digits", 1.0, marks=pytest.mark.slow),
        pytest.param("digits", 0.01, marks=pytest.mark.slow),
    ],
)
def test_the_loss_of_the_converged_solution_is_reached_with_default_settings(name: str, C: float) -> None:
    X, y = RAW[name](return_X_y=True)
    least = objective(converged(C, X, y), X, y, C)
    model = LogisticRegression(C).fit(X, y)
    assert objective(model, X, y, C) == pytest.approx(least, rel=1e-6)
    assert model.loss_ == pytest.approx(least / (C * len(X)), rel=1e-6)


@pytest.mark.parametrize("classes", [2, 4])
def test_weights_of_rows(classes: int) -> None:
    rng = np.random.default_rng(0)
    X, s = rng.normal(size=(80, 3)) * [1e-2, 1, 1e2], rng.uniform(0, 2, 80)
    y = np.array(["a", "b", "c", "d"])[rng.integers(0, classes, 80)]
    model, theirs = LogisticRegression(2.0).fit(X, y, s), converged(2.0, X, y, s)
    assert list(model.classes_) == list(theirs.classes_)
    assert model.coef_ == pytest.approx(theirs.coef_, rel=1e-4, abs=1e-6)
    assert model.predict_proba(X) == pytest.approx(theirs.predict_proba(X), abs=1e-6)
    assert model.predict_log_proba(X) == pytest.approx(np.log(theirs.predict_proba(X)), abs=1e-5)
    assert model.decision_function(X).shape == ((80,) if classes == 2 else (80, 4))
    assert (model.predict(X) == theirs.predict(X)).all()


def test_without_a_penalty_and_an_intercept() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 2)) * [1e3, 1e-3]
    y = rng.random(200) < cr.special.expit(X @ [1e-3, 500.0])
    model = LogisticRegression(np.inf, fit_intercept=False).fit(X, y)
    theirs = Theirs(C=np.inf, fit_intercept=False, solver="newton-cholesky", tol=1e-12).fit(X, y)
    assert model.coef_ == pytest.approx(theirs.coef_, rel=1e-5)
    assert model.intercept_ == [0.0]


def test_probabilities_of_what_is_certain_keep_their_digits() -> None:
    model = LogisticRegression(np.inf, max_iter=20, tol=1e-30)
    with pytest.warns(match="20 steps"):
        model.fit([[0.0], [1.0]], [0, 1])
    far = model.predict_log_proba([[-1000.0], [1000.0]])
    assert np.isfinite(far).all()
    assert far.min() < -1000


def test_one_class_is_no_task() -> None:
    with pytest.raises(cr.DataError, match="only one class, 'yes'"):
        LogisticRegression().fit([[1.0], [2.0]], ["yes", "yes"])
    with pytest.raises(cr.DataError, match="weights above 0"):
        LogisticRegression().fit([[1.0], [2.0]], ["yes", "no"], [1.0, 0.0])


@pytest.mark.parametrize("C", [0.0, -1.0, float("nan"), "1", True])
def test_a_wrong_C_is_named(C: Any) -> None:  # noqa: N802
    with pytest.raises(cr.ArgumentError, match="C is"):
        LogisticRegression(C).fit([[1.0], [2.0]], [0, 1])


def test_what_is_not_finite_is_told_in_scikit_learns_words() -> None:
    with pytest.raises(ValueError, match="Input X contains NaN"):
        LogisticRegression().fit([[1.0], [np.nan]], [0, 1])
    with pytest.raises(ValueError, match="Unknown label type"):
        LogisticRegression().fit([[1.0], [2.0]], [0.5, 1.5])
