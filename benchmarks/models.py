"""Models beside scikit-learn's, on its data sets as they are: the loss that is reached, accuracy, and time.

Run: python benchmarks/models.py
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn import datasets, linear_model, neural_network
from sklearn.base import clone
from sklearn.model_selection import train_test_split

import chainrule as cr

REPEATS = 5
RAW = {
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True, scaled=False),
    "breast cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
}


def fitted(unfitted: Any, X: Any, y: Any) -> tuple[Any, float]:
    """A fitted model, and the least of several times."""
    times = []
    for _ in range(REPEATS):
        model = clone(unfitted)
        start = time.perf_counter()
        model.fit(X, y)
        times.append(time.perf_counter() - start)
    return model, min(times)


def squares(model: Any, X: Any, y: Any, alpha: float) -> float:
    return float(np.sum((y - model.predict(X)) ** 2) + alpha * np.sum(model.coef_**2))


def entropy(model: Any, X: Any, y: Any, C: float) -> float:
    Z = X @ model.coef_.T + model.intercept_
    Z = np.column_stack([np.zeros(len(X)), Z]) if Z.shape[1] == 1 else Z
    return float(C * np.sum(logsumexp(Z, axis=1) - Z[np.arange(len(X)), y]) + np.sum(model.coef_**2) / 2)


def convex() -> None:
    print(f"{'':44} steps   loss above the exact   scikit-learn's default   ms     scikit-learn's")
    for name, load in RAW.items():
        X, y = load()
        for alpha in (0.0, 1.0):
            theirs, their_time = fitted(linear_model.Ridge(alpha) if alpha else linear_model.LinearRegression(), X, y)
            exact = (linear_model.Ridge(alpha, solver="svd") if alpha else linear_model.LinearRegression()).fit(X, y)
            ours, our_time = fitted(cr.models.LinearRegression(alpha), X, y)
            least = squares(exact, X, y, alpha)
            above = [squares(model, X, y, alpha) / least - 1 for model in (ours, theirs)]
            row(f"{name}, LinearRegression(alpha={alpha:g})", ours, above, our_time, their_time)
    for name, load in list(RAW.items())[1:]:
        X, y = load()
        for C in (0.01, 1.0, 100.0):
            theirs, their_time = fitted(linear_model.LogisticRegression(C=C, max_iter=10_000), X, y)
            ours, our_time = fitted(cr.models.LogisticRegression(C), X, y)
            exact = linear_model.LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y)
            least = entropy(exact, X, y, C)
            above = [entropy(model, X, y, C) / least - 1 for model in (ours, theirs)]
            row(f"{name}, LogisticRegression(C={C:g})", ours, above, our_time, their_time)


def row(name: str, model: Any, above: list[float], ours: float, theirs: float) -> None:
    print(
        f"{name:44} {model.n_iter_:5}   {above[0]:20.1e}   {above[1]:22.1e}   {1e3 * ours:6.1f} {1e3 * theirs:6.1f}",
        flush=True,
    )


def networks() -> None:
    X, y = RAW["digits"]()
    made = {"chainrule": cr.models.MLPClassifier, "scikit-learn": neural_network.MLPClassifier}
    for epochs in (30, 200):
        scores: dict[str, list[float]] = {name: [] for name in made}
        for seed in range(5):
            A, B, of_A, of_B = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y)
            for name, kind in made.items():
                model = kind(max_iter=epochs, random_state=seed).fit(A, of_A)
                scores[name].append(100 * model.score(B, of_B))
        listed = ", ".join(f"{name} {np.mean(found):.2f}%" for name, found in scores.items())
        print(f"digits, MLPClassifier, up to {epochs} epochs, mean of five seeds: {listed}")
    for sizes in ((100,), (256, 128)):
        times = {}
        for name, kind in made.items():
            # Two lengths, so that what a fit costs apart from its epochs drops out.
            options = {"hidden_layer_sizes": sizes, "random_state": 0, "tol": 0.0, "n_iter_no_change": 1000}
            short, long = (fitted(kind(max_iter=n, **options), X, y)[1] for n in (5, 45))
            times[name] = (long - short) / 40
        listed = ", ".join(f"{name} {1e3 * found:.1f} ms" for name, found in times.items())
        print(
            f"digits, MLPClassifier{sizes}, an epoch: {listed}, {times['chainrule'] / times['scikit-learn']:.2f} times"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    convex()
    networks()
