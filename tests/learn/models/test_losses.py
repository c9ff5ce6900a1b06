"""The losses against scikit-learn's own, and a network's gradient against its backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor

import chainrule as cr
from chainrule.learn.models.layers import ACTIVATIONS, forward, glorot
from chainrule.learn.models.losses import (
    Ridge,
    average,
    binary_cross_entropy,
    cross_entropy,
    half_squared_error,
    squared_error,
)
from chainrule.learn.models.network import network_loss

RNG = np.random.default_rng(0)
WEIGHTS = RNG.uniform(0.5, 2.0, 12)


@pytest.mark.parametrize("s", [None, WEIGHTS], ids=["equal", "weighted"])
def test_losses_of_rows_average_to_those_of_scikit_learn(s: Any) -> None:
    y, z = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 3))
    labels = RNG.integers(0, 3, 12)
    p = cr.special.softmax(z, axis=1)
    squared = mean_squared_error(y, z, sample_weight=s)
    assert average(squared_error(y, z), s) == pytest.approx(3 * squared)
    assert average(squared_error(y[:, 0], z[:, 0]), s) == pytest.approx(
        mean_squared_error(y[:, 0], z[:, 0], sample_weight=s)
    )
    assert average(half_squared_error(y, z), s) == pytest.approx(squared / 2)
    assert average(cross_entropy(np.eye(3)[labels], z), s) == pytest.approx(
        log_loss(labels, p, sample_weight=s, labels=[0, 1, 2])
    )
    binary = (labels > 0).astype(float)
    assert average(binary_cross_entropy(binary, z[:, 0]), s) == pytest.approx(
        log_loss(binary, cr.special.expit(z[:, 0]), sample_weight=s)
    )


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("kind", ["numbers", "two classes", "three classes"])
def test_loss_and_gradient_of_a_network_are_those_of_scikit_learn(activation: str, kind: str) -> None:
    X = RNG.normal(size=(20, 4))
    # One full batch of plain descent at the rate 1: what the weights move by is the gradient.
    plain = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1.0, "batch_size": 20, "shuffle": False}
    settings: dict[str, Any] = {"hidden_layer_sizes": (5, 3), "activation": activation, "alpha": 0.3, **plain}
    if kind == "numbers":
        theirs: Any = MLPRegressor(**settings, random_state=0)
        y, rows = RNG.normal(size=20), half_squared_error
        targets = y[:, None]
    else:
        theirs = MLPClassifier(**settings, random_state=0)
        y = np.arange(20) % (2 if kind == "two classes" else 3)
        rows = binary_cross_entropy if kind == "two classes" else cross_entropy
        targets = y[:, None].astype(float) if kind == "two classes" else np.eye(3)[y]
    first = {} if kind == "numbers" else {"classes": np.unique(y)}
    theirs.partial_fit(X, y, **first)
    before = [np.copy(array) for array in (*theirs.coefs_, *theirs.intercepts_)]
    theirs.partial_fit(X, y)
    moved = [old - new for old, new in zip(before, (*theirs.coefs_, *theirs.intercepts_), strict=True)]

    names = ["W1", "W2", "W3", "b1", "b2", "b3"]
    parameters = dict(zip(names, before, strict=True))
    p = {name: parameters[name] for name in ("W1", "b1", "W2", "b2", "W3", "b3")}
    loss = network_loss(rows, Ridge(0.3, 2 * 20), ACTIVATIONS[activation])
    found, slopes = cr.value_and_grad(loss)(p, X, targets)
    assert found == pytest.approx(theirs.loss_)
    for name, by_their_step in zip(names, moved, strict=True):
        assert slopes[name] == pytest.approx(by_their_step, abs=1e-12)


def test_the_first_weights_are_drawn_as_scikit_learn_draws_them() -> None:
    theirs = MLPRegressor(hidden_layer_sizes=(5, 3), activation="logistic", random_state=7)
    theirs.partial_fit(np.zeros((2, 4)), np.zeros(2))  # the gradient by W1 is zero, and its penalty is next to nothing
    p = glorot([4, 5, 3, 1], "logistic", np.random.RandomState(7))
    for layer, (W, b) in enumerate(zip(theirs.coefs_, theirs.intercepts_, strict=True), 1):
        assert np.abs(p[f"W{layer}"] - W).max() < 2e-3  # Adam's first step moves a weight by 0.001
        assert np.abs(p[f"b{layer}"] - b).max() < 2e-3


def test_no_hidden_layer_is_a_linear_map() -> None:
    p = glorot([2, 1], "relu", np.random.RandomState(0))
    X = RNG.normal(size=(3, 2))
    assert forward(p, X, ACTIVATIONS["relu"]) == pytest.approx(X @ p["W1"] + p["b1"])
