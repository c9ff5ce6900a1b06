"""Multilayer perceptrons: against scikit-learn's on real data, and what is theirs alone."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier as Theirs

import chainrule as cr

MLPClassifier, MLPRegressor = cr.models.MLPClassifier, cr.models.MLPRegressor
RNG = np.random.default_rng(0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("epochs", [30, 200])
def test_digits_are_told_as_well_as_by_scikit_learn_in_as_many_epochs(epochs: int) -> None:
    X, y = load_digits(return_X_y=True)
    ours, theirs = [], []
    for seed in range(5):
        A, B, of_A, of_B = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y)
        ours.append(MLPClassifier(max_iter=epochs, random_state=seed).fit(A, of_A).score(B, of_B))
        theirs.append(Theirs(max_iter=epochs, random_state=seed).fit(A, of_A).score(B, of_B))
    assert np.mean(ours) >= np.mean(theirs) - 0.005


def test_raw_columns_of_any_units_can_be_learnt_from() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = X * np.logspace(-6, 6, 30) + 1e7 * np.logspace(-6, 6, 30)
    model = MLPClassifier(20, learning_rate=0.01, random_state=0)
    assert cross_val_score(model, X, y, cv=3).mean() > 0.96
    X, y = load_diabetes(return_X_y=True, scaled=False)
    model = MLPRegressor(20, optimizer="lbfgs", alpha=10.0, tol=0.01, random_state=0)
    assert model.fit(X, 1e6 * y).score(X, 1e6 * y) > 0.5


@pytest.mark.parametrize("columns", [None, 1, 3])
def test_the_weights_reported_are_those_of_a_network_of_the_raw_data(columns: int | None) -> None:
    X = RNG.normal(size=(60, 4)) * [1e-3, 1, 1e3, 1] + [0, 50, 0, 0]
    y = RNG.normal(size=60 if columns is None else (60, columns)) * 1e4 + 7e5
    model = MLPRegressor((6, 5), "tanh", optimizer="lbfgs", max_iter=30, tol=1e-12, random_state=1)
    with pytest.warns(match="30 steps"):
        model.fit(X, y)
    H = X
    for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        H = np.tanh(H @ W + b)
    assert [W.shape for W in model.coefs_] == [(4, 6), (6, 5), (5, columns or 1)]
    assert model.predict(X).shape == y.shape
    assert (H @ model.coefs_[-1] + model.intercepts_[-1]).reshape(y.shape) == pytest.approx(model.predict(X), rel=1e-9)
    assert (model.n_layers_, model.n_outputs_) == (4, columns or 1)


def test_a_seed_makes_a_fit_the_same_and_another_makes_another() -> None:
    X, y = RNG.normal(size=(300, 3)), RNG.integers(0, 3, 300)

    def coefficients(seed: Any) -> Any:
        return MLPClassifier(4, tol=0.1, random_state=seed).fit(X, y).coefs_[0]

    assert np.array_equal(coefficients(3), coefficients(3))
    assert np.array_equal(coefficients(3), coefficients(np.random.RandomState(3)))
    assert not np.array_equal(coefficients(3), coefficients(4))


def test_an_epoch_is_a_pass_over_the_rows() -> None:
    X, y = RNG.normal(size=(250, 2)), RNG.normal(size=250)
    model = MLPRegressor(3, batch_size=100, max_iter=4, tol=0.0, random_state=0)
    with pytest.warns(match="MLPRegressor has made 4 epochs, which is max_iter, and the loss still fell"):
        model.fit(X, y)
    assert model.n_iter_ == 4
    assert model.descent_.steps == 12
    assert model.loss_curve_ == pytest.approx(model.descent_.history.loss.reshape(4, 3).mean(axis=1))
    assert model.loss_ == model.descent_.final_loss


def test_it_ends_when_epochs_bring_no_progress() -> None:
    X, y = RNG.normal(size=(50, 2)), RNG.normal(size=50)
    model = MLPRegressor(3, tol=10.0, n_iter_no_change=4, random_state=0).fit(X, y)
    # The first epoch is better than none; the next five are not better by 10.
    assert model.n_iter_ == 6
    assert model.descent_.stopped == "the loss fell by less than 10 in 5 epochs"


def test_a_rate_that_diverges_is_an_error_with_a_way_out() -> None:
    X, y = RNG.normal(size=(50, 2)), RNG.normal(size=50)
    model = MLPRegressor(5, "identity", optimizer="gd", learning_rate=1e9, random_state=0)
    with pytest.raises(cr.ConvergenceError, match=r"MLPRegressor diverged: .* 1000000000.0: give a smaller one"):
        model.fit(X, y)


def test_an_interrupt_leaves_the_model_of_the_steps_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.learn.models.epochs import EpochsWithoutProgress

    def look(self: Any, step: int, *_: Any) -> Any:
        if step == 5:
            raise KeyboardInterrupt
        return "", (0.0, 0.0, 0)

    monkeypatch.setattr(EpochsWithoutProgress, "look", look)
    X, y = RNG.normal(size=(50, 2)), np.arange(50) % 2
    model = MLPClassifier(3, random_state=0)
    with pytest.warns(match="MLPClassifier was interrupted after 5 steps"):
        model.fit(X, y)
    assert set(model.predict(X)) <= {0, 1}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes"),
        ({"activation": "rellu"}, "'relu'"),
        ({"activation": None}, "'relu'"),
        ({"alpha": -1}, "alpha"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": "all"}, "batch_size"),
        ({"n_iter_no_change": 0}, "n_iter_no_change"),
        ({"max_iter": True}, "max_iter"),
        ({"optimizer": "sgd"}, "'gd'"),
    ],
)
def test_a_wrong_argument_is_named_when_it_is_fitted(arguments: Any, named: str) -> None:
    with pytest.raises(cr.ArgumentError, match=named):
        MLPRegressor(**arguments).fit([[1.0], [2.0]], [1.0, 2.0])


def test_it_is_pickled_without_the_data() -> None:
    X, y = RNG.normal(size=(5000, 20)), RNG.normal(size=5000)
    model = MLPRegressor(3, tol=0.1, random_state=0).fit(X, y)
    text = pickle.dumps(model)
    assert len(text) < X.nbytes / 2
    again = pickle.loads(text)
    assert np.array_equal(again.predict(X), model.predict(X))
    assert again.descent_.problem is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adamw", "rmsprop", "lbfgs"])
def test_every_optimizer_finds_its_rate_by_itself(optimizer: str) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    model = MLPClassifier(10, "tanh", optimizer=optimizer, max_iter=60, random_state=0).fit(X, y)
    assert model.descent_.final_loss < 0.5 * model.descent_.history.loss[0]
    assert model.score(X, y) > 0.9
