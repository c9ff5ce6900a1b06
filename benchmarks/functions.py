"""The functions that are measured: each takes the array namespace, so that every rival runs the same lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Function = Callable[..., Any]
rng = np.random.default_rng(0)


def chain(np: Any) -> Function:
    def f(x: Any) -> Any:
        s = x
        for _ in range(10):
            s = np.sin(s) * x + np.exp(-s)
        return np.sum(s)

    return f


def squares(np: Any) -> Function:
    return lambda x: np.sum(x**2)


def rosenbrock(np: Any) -> Function:
    return lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


X20, Y20 = rng.normal(size=(20, 5)), rng.normal(size=20)


def mean_squared_error(np: Any) -> Function:
    return lambda w: np.mean((Y20 - X20 @ w) ** 2)


def logistic(np: Any) -> Function:
    sign = np.where(Y20 > 0, 1.0, -1.0)
    return lambda w: np.mean(np.log(1.0 + np.exp(-sign * np.dot(X20, w)))) + 0.1 * np.sum(w * w)


LABELS = np.eye(4)[rng.integers(0, 4, 20)]


def cross_entropy(np: Any) -> Function:
    def f(W: Any) -> Any:
        scores = np.dot(X20, W)
        top = np.max(scores, axis=1, keepdims=True)
        log_sum = top + np.log(np.sum(np.exp(scores - top), axis=1, keepdims=True))
        return -np.mean(np.sum(LABELS * (scores - log_sum), axis=1))

    return f


def network(np: Any) -> Function:
    def f(p: Any) -> Any:
        W1, b1, w2 = np.reshape(p[:80], (5, 16)), p[80:96], p[96:112]
        hidden = np.tanh(np.dot(X20, W1) + b1)
        return np.mean((np.dot(hidden, w2) - Y20) ** 2)

    return f


COEFFICIENTS = [float(c) for c in rng.normal(size=20)]


def horner(np: Any) -> Function:
    def f(x: Any) -> Any:
        value = 0.0
        for c in COEFFICIENTS:
            value = value * x + c
        return np.sum(value)

    return f


STEPS = rng.normal(size=(20, 8))


def recurrent(np: Any) -> Function:
    def f(W: Any) -> Any:
        h = np.zeros(8)
        for step in STEPS:
            h = np.tanh(np.dot(W, h) + step)
        return np.sum(h * h)

    return f


BASE = rng.normal(size=(5, 5))
COVARIANCE = BASE @ BASE.T + 5 * np.eye(5)


def gaussian(np: Any) -> Function:
    def f(x: Any) -> Any:
        S = COVARIANCE + np.outer(x, x)
        _, log_det = np.linalg.slogdet(S)
        return 0.5 * log_det + 0.5 * np.dot(x, np.linalg.solve(S, x))

    return f


# Ten functions of small arrays, with the array each is differentiated at.
SMALL: dict[str, tuple[Callable[[Any], Function], Any]] = {
    "sum of squares, 3 numbers": (squares, rng.normal(size=3)),
    "52 elementwise operations, 3 numbers": (chain, rng.normal(size=3)),
    "Rosenbrock, 10 numbers": (rosenbrock, rng.normal(size=10)),
    "mean squared error, 20 x 5": (mean_squared_error, rng.normal(size=5)),
    "logistic loss with ridge, 20 x 5": (logistic, rng.normal(size=5)),
    "softmax cross-entropy, 20 x 5 x 4": (cross_entropy, rng.normal(size=(5, 4))),
    "network 5-16-1, 20 rows": (network, rng.normal(size=112)),
    "Horner, degree 19, 10 numbers": (horner, rng.normal(size=10)),
    "recurrent network, 20 steps of 8": (recurrent, 0.3 * rng.normal(size=(8, 8))),
    "Gaussian log-density, 5 x 5": (gaussian, rng.normal(size=5)),
}

N = 100_000
XL, YL = rng.normal(size=(N, 10)), rng.normal(size=N)
INDEX = rng.integers(0, N, N)
W1, W2 = rng.normal(size=(10, 32)) * 0.3, rng.normal(size=32) * 0.2


def _large() -> dict[str, tuple[Function, Any]]:
    x = rng.normal(size=N)
    p = np.abs(x) + 0.5
    return {
        "sum(x^2)": (lambda x: np.sum(x**2), x),
        "sum(exp(x))": (lambda x: np.sum(np.exp(x)), x),
        "sum(log(x))": (lambda x: np.sum(np.log(x)), p),
        "sum(tanh(x))": (lambda x: np.sum(np.tanh(x)), x),
        "sum(1 / (1 + exp(-x)))": (lambda x: np.sum(1 / (1 + np.exp(-x))), x),
        "sum(sqrt(x))": (lambda x: np.sum(np.sqrt(x)), p),
        "sum(x^2.5)": (lambda x: np.sum(x**2.5), p),
        "sum(sin(x) cos(x))": (lambda x: np.sum(np.sin(x) * np.cos(x)), x),
        "mean(x / (1 + x^2))": (lambda x: np.mean(x / (1 + x**2)), x),
        "sum(maximum(x, 0))": (lambda x: np.sum(np.maximum(x, 0)), x),
        "sum(where(x > 0, x, x^2))": (lambda x: np.sum(np.where(x > 0, x, x**2)), x),
        "std(x)": (lambda x: np.std(x), x),
        "max(x) - min(x)": (lambda x: np.max(x) - np.min(x), x),
        "sum(cumsum(x)^2)": (lambda x: np.sum(np.cumsum(x) ** 2), x),
        "sum(sort(x) y)": (lambda x: np.sum(np.sort(x) * YL), x),
        "sum(diff(x)^2) by slices": (lambda x: np.sum((x[1:] - x[:-1]) ** 2), x),
        "sum(x[index] y)": (lambda x: np.sum(x[INDEX] * YL), x),
        "norm(x)": (lambda x: np.linalg.norm(x), x),
        "mean squared error, 1e5 x 10": (lambda w: np.mean((YL - XL @ w) ** 2), rng.normal(size=10)),
        "network 10-32-1, 1e5 rows": (
            lambda W: np.mean((np.maximum(XL @ W, 0) @ W2 - YL) ** 2),
            W1,
        ),
    }


# Twenty functions of arrays with 1e5 and more numbers, with the array each is differentiated at.
LARGE = _large()
