"""Random losses over rows: models, losses of a row, weights, regularisation, and how rows are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr

Loss = Callable[..., Any]


@dataclass(frozen=True)
class RowLoss:
    """A loss `f(parameters, *data)`; every array of the data has the rows in front."""

    name: str
    f: Loss
    parameters: dict[str, Any]
    data: tuple[Any, ...]


# One number for each row from the parameters and the features: (N, d) to (N,).
MODELS: dict[str, Callable[[Any, Any], Any]] = {
    "linear": lambda p, X: X @ p["w"],
    "with an intercept": lambda p, X: X @ p["w"] + p["b"],
    "hidden layer": lambda p, X: np.tanh(X @ p["W"] + p["c"]) @ p["v"],
    "rectified": lambda p, X: np.maximum(X @ p["W"] + p["c"], 0.0) @ p["v"] + p["b"],
    "two layers": lambda p, X: cr.special.sigmoid(np.tanh(X @ p["W"]) @ p["V"]) @ p["v"],
    "quadratic form": lambda p, X: np.einsum("ni,ij,nj->n", X, p["A"], X),
    "features by hand": lambda p, X: p["b"] + p["w"][0] * np.sin(X[:, 0]) + np.sum(X[:, 1:] ** 2, axis=1) * p["w"][1],
    "distance": lambda p, X: np.sqrt(1.0 + np.sum((X - p["w"]) ** 2, axis=1)),
    "columns are rows": lambda p, X: p["w"] @ X.T,
    "a column of ones": lambda p, X: np.column_stack([np.ones(len(X)), X]) @ np.concatenate([[p["b"]], p["w"]]),
    "standardised": lambda p, X: ((X - np.mean(X, axis=0)) / np.std(X, axis=0)) @ p["w"],
    "attention": lambda p, X: cr.special.softmax(X * p["w"], axis=1) @ p["w"],
}

# What a row costs: prediction and target, both (N,).
COSTS: dict[str, Callable[[Any, Any], Any]] = {
    "squared": lambda z, y: (z - y) ** 2,
    "logistic": lambda z, y: np.logaddexp(0, z) - (y > 0) * z,
    "exponential": lambda z, y: np.exp(-np.sign(y) * z / 4),
    "Poisson": lambda z, y: np.exp(z / 4) - np.abs(y) * z / 4,
    "Huber": lambda z, y: np.where(np.abs(z - y) < 1, 0.5 * (z - y) ** 2, np.abs(z - y) - 0.5),
    "quantile": lambda z, y: np.maximum(0.3 * (y - z), -0.7 * (y - z)),
    "Cauchy": lambda z, y: np.log1p((z - y) ** 2),
    "log cosh": lambda z, y: np.log(np.cosh((z - y) / 4)),
    "Tukey": lambda z, y: np.where(np.abs(z - y) < 3, 1 - (1 - ((z - y) / 3) ** 2) ** 3, 1.0),
    "hinge": lambda z, y: np.maximum(0.0, 1 - np.sign(y) * z),
    "normal": lambda z, y: 0.5 * (z - y) ** 2 / 1.3**2 + np.log(1.3),
}

# Costs (N,), weights (N,) to a number.
TOGETHER: dict[str, Callable[[Any, Any], Any]] = {
    "mean": lambda c, s: np.mean(c),
    "sum": lambda c, s: np.sum(c),
    "sum by N": lambda c, s: np.sum(c) / len(c),
    "half the mean": lambda c, s: np.sum(c) / (2 * len(c)),
    "weighted": lambda c, s: np.sum(s * c),
    "weighted mean": lambda c, s: np.sum(s * c) / np.sum(s),
    "product": lambda c, s: s @ c,
    "average": lambda c, s: np.average(c, weights=s),
    "root": lambda c, s: np.sqrt(1e-3 + np.mean(c**2)),
    "log of a mean": lambda c, s: np.log(np.mean(np.exp(c / 8))),
    "log of a sum": lambda c, s: cr.special.logsumexp(c / 8),
    "variance": lambda c, s: np.mean(c) + 0.1 * np.var(c),
    "by column": lambda c, s: np.sum(np.mean(np.stack([c, s * c], axis=1), axis=0)),
}

BESIDE: dict[str, Callable[[Any], Any]] = {
    "": lambda p: 0.0,
    "squares": lambda p: 0.1 * np.sum(p["w"] ** 2) + 0.01 * np.sum(p["W"] ** 2),
    "absolute": lambda p: 0.1 * np.sum(np.abs(p["w"])),
    "norm": lambda p: 0.1 * np.linalg.norm(p["w"]),
    "determinant": lambda p: np.log(np.linalg.det(p["A"] @ p["A"].T + np.eye(len(p["w"])))),
}


def of_classes(kind: int) -> Loss:
    """Losses of several classes: by index, by indicators, from logits."""

    def loss(p: Any, X: Any, n: Any) -> Any:
        z = np.tanh(X @ p["W"]) @ p["V"] + p["c"][: p["V"].shape[1]]
        if kind == 0:
            return -np.mean(cr.special.log_softmax(z, axis=1)[np.arange(len(X)), n])
        if kind == 1:
            return np.mean(cr.special.logsumexp(z, axis=1) - z[np.arange(len(X)), n])
        if kind == 2:
            indicators = cr.special.one_hot(n, p["V"].shape[1])
            return -np.sum(indicators * np.log(cr.special.softmax(z, axis=1) + 1e-9)) / len(X)
        own = np.take_along_axis(z, n[:, None], axis=1)
        return np.mean(np.sum(np.maximum(0.0, z - own + 1.0), axis=1))

    return loss


def random_loss(seed: int, rows: int = 23) -> RowLoss:
    """A loss, its parameters, and data with the rows in front."""
    rng = np.random.default_rng(seed)
    d, k, m = rng.integers(2, 6), rng.integers(2, 5), rng.integers(2, 5)
    parameters = {
        "w": rng.normal(size=d),
        "b": rng.normal(),
        "W": rng.normal(size=(d, k)),
        "c": rng.normal(size=max(k, m)),
        "V": rng.normal(size=(k, m)),
        "v": rng.normal(size=k),
        "A": rng.normal(size=(d, d)) / 4,
    }
    X = rng.normal(size=(rows, d))
    if seed % 5 == 4:
        kind = int(rng.integers(4))
        return RowLoss(f"classes {kind}", of_classes(kind), parameters, (X, rng.integers(0, m, rows)))
    parameters["c"] = parameters["c"][:k]
    names = [list(table)[rng.integers(len(table))] for table in (MODELS, COSTS, TOGETHER, BESIDE)]
    if names[0] == "two layers":
        parameters["v"] = rng.normal(size=m)
    model, cost, together, beside = MODELS[names[0]], COSTS[names[1]], TOGETHER[names[2]], BESIDE[names[3]]

    def loss(p: Any, X: Any, y: Any, s: Any) -> Any:
        return together(cost(model(p, X), y), s) + beside(p)

    data = (X, rng.normal(size=rows) * 2, rng.uniform(0.5, 2.0, rows))
    return RowLoss(", ".join(filter(None, names)), loss, parameters, data)
