"""What can be looked at in a model: each view against the model itself."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris

import chainrule as cr

X, LABELS = load_iris(return_X_y=True)
TARGET = X[:, 3]
S = np.linspace(0.5, 2.0, len(X))
MODELS: dict[str, Any] = {
    "linear": lambda: cr.models.LinearRegression().fit(X[:, :3], TARGET),
    "ridge, weighted": lambda: cr.models.LinearRegression(2.0).fit(X[:, :3], TARGET, S),
    "no intercept": lambda: cr.models.LinearRegression(fit_intercept=False).fit(X[:, :3], TARGET),
    "two outputs": lambda: cr.models.LinearRegression(1.0).fit(X[:, :2], X[:, 2:]),
    "binary": lambda: cr.models.LogisticRegression().fit(X, LABELS > 1),
    "multinomial": lambda: cr.models.LogisticRegression().fit(X, LABELS),
    "network": lambda: cr.models.MLPRegressor((4, 3), "tanh", max_iter=400, learning_rate=0.02, random_state=0).fit(
        X[:, :3], TARGET
    ),
    "classes": lambda: cr.models.MLPClassifier(5, max_iter=400, learning_rate=0.02, random_state=0).fit(X, LABELS),
}
FORMULAS = {
    "linear": "loss(w, b, X, y) = mean((y - (X w + b))^2)",
    "ridge, weighted": "loss(w, b, X, y, s) = sum(s*(y - (X w + b))^2)/sum(s) + 2 sum(w^2)/187.5",
    "no intercept": "loss(w, X, y) = mean((y - X w)^2)",
    "two outputs": "loss(W, b, X, Y) = mean(sum((Y - (X W + b))^2, axis=1)) + sum(W^2)/150",
    "binary": "loss(w, b, X, y) = mean(softplus(X w + b) - y*(X w + b)) + sum(w^2)/300",
    "multinomial": "loss(W, b, X, Y) = mean(logsumexp(X W + b, axis=1) - sum(Y*(X W + b), axis=1)) + sum(W^2)/300",
    "network": "loss(W1, b1, W2, b2, W3, b3, X, Y) = mean(sum((Y - ",
    "classes": "loss(W1, b1, W2, b2, X, Y) = mean(logsumexp(",
}


@cache
def fitted(name: str) -> Any:
    return MODELS[name]()


@pytest.mark.parametrize("name", MODELS)
def test_the_graph_prints_as_the_formula(name: str) -> None:
    assert str(fitted(name).loss_graph()).startswith(FORMULAS[name])


@pytest.mark.parametrize("name", ["linear", "ridge, weighted", "no intercept", "binary", "multinomial"])
def test_both_scales_have_the_same_loss_at_the_solution(name: str) -> None:
    yours, inside = fitted(name).loss_graph(), fitted(name).loss_graph(scale="standardised")
    scale = yours() / inside()
    if name in ("binary", "multinomial"):
        assert scale == pytest.approx(1.0)
    elif name != "no intercept":
        weights = S if "weighted" in name else None
        mean = np.average(TARGET, weights=weights)
        assert scale == pytest.approx(np.average((TARGET - mean) ** 2, weights=weights))


@pytest.mark.parametrize("name", MODELS)
def test_the_check_passes_and_measures_every_parameter(name: str) -> None:
    result = fitted(name).check()
    assert result, str(result)
    assert result.size == sum(np.size(leaf) for leaf in fitted(name).descent_.parameters.values())


@pytest.mark.parametrize("name", MODELS)
def test_the_source_runs_alone_and_gives_the_gradient(name: str) -> None:
    model = fitted(name)
    namespace: dict[str, Any] = {}
    exec(model.source(), namespace)
    graph = model.loss_graph(scale="standardised")
    function = next(value for key, value in namespace.items() if key == "loss")
    value, *slopes = function(*dict(graph.arguments).values())
    assert value == pytest.approx(graph())
    passes = graph.forward_backward()
    for (parameter, _), slope in zip(graph.arguments, slopes, strict=False):
        assert slope == pytest.approx(passes.gradients[parameter], abs=1e-12)


@pytest.mark.parametrize("name", ["linear", "binary"])
def test_the_derivation_of_one_parameter(name: str) -> None:
    derivation = str(fitted(name).explain("w"))
    result = {
        "linear": "dL/dw = -(2/N) X^T (y - (X w + b))",
        "binary": "dL/dw = (1/N) X^T (sigmoid(X w + b) - y) + (1/150) w",
    }[name]
    assert result in derivation


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_derivation_is_verified(name: str) -> None:
    text = str(fitted(name).explain())
    for parameter in fitted(name).descent_.parameters:
        assert f"dL/d{parameter} = " in text
    assert "each step holds to 30 digits" in text


def test_what_is_asked_wrongly_is_named() -> None:
    with pytest.raises(cr.ArgumentError, match=r"'W'.*'w', 'b'"):
        fitted("linear").explain("W")
    with pytest.raises(cr.ArgumentError, match=r"'mine'.*'yours', 'standardised'"):
        fitted("linear").loss_graph(scale="mine")
    with pytest.raises(cr.ArgumentError, match=r"'yours'.*'standardised'"):
        fitted("network").loss_graph(scale="yours")
    with pytest.raises(ValueError, match="not fitted"):
        cr.models.LinearRegression().check()


def test_a_derivation_has_no_values_that_are_those_of_a_few_rows_only() -> None:
    X, y = load_diabetes(return_X_y=True)
    text = str(cr.models.LinearRegression().fit(X, y).explain("w"))
    assert "dL/dw = -(2/N) X^T (y - (X w + b))" in text
    assert not re.search(r"dL/dw = \[", text)
