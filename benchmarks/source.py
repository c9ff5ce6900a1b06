"""Emitted gradients over the same gradients by hand: prints the table and writes it into docs/performance.md.

Each case is a function and, beside it, the two functions that a person who knows NumPy would write for its gradient,
and for value and gradient. They are held equal to what is emitted before anything is timed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from measure import geometric_mean, ratio, rounds, table
from published import publish

import chainrule as cr

LIMIT = 1.5

rng = np.random.default_rng(0)


@dataclass(frozen=True)
class Case:
    """A function and its gradient by hand.

    Attributes:
        label: what it is.
        f: the function.
        gradient: the gradient by hand, of the same arguments.
        both: the value and the gradient by hand, as one tuple.
        args: where it is differentiated.
        argnums: by which arguments.
        language: of what is emitted and of what is written by hand.
    """

    label: str
    f: Callable[..., Any]
    gradient: Callable[..., Any]
    both: Callable[..., Any]
    args: Sequence[Any]
    argnums: int | tuple[int, ...] = 0
    language: Any = "numpy"


# Numbers: plain Python with math.


def bell(x):
    return x**2 * np.exp(x) + 1 / (1 + np.exp(-(3 * x + 2)))


def bell_gradient(x):
    e = math.exp(x)
    s = 1 / (1 + math.exp(-(3 * x + 2)))
    return 2 * x * e + x**2 * e + 3 * s * (1 - s)


def bell_both(x):
    e = math.exp(x)
    s = 1 / (1 + math.exp(-(3 * x + 2)))
    return x**2 * e + s, 2 * x * e + x**2 * e + 3 * s * (1 - s)


def polynomial(x):
    return 3 * x**4 - 2 * x**3 + x**2 - 5 * x + 7


def polynomial_gradient(x):
    return 12 * x**3 - 6 * x**2 + 2 * x - 5


def polynomial_both(x):
    return 3 * x**4 - 2 * x**3 + x**2 - 5 * x + 7, 12 * x**3 - 6 * x**2 + 2 * x - 5


def nest(x):
    return np.sin(np.exp(np.cos(x**2 + 1)))


def nest_gradient(x):
    u = x**2 + 1
    v = math.exp(math.cos(u))
    return -2 * x * math.cos(v) * v * math.sin(u)


def nest_both(x):
    u = x**2 + 1
    v = math.exp(math.cos(u))
    return math.sin(v), -2 * x * math.cos(v) * v * math.sin(u)


def squared_error(w, x, b, y):
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L


def squared_error_gradient(w, x, b, y):
    e = y - (w * x + b)
    return -2 * e * x, -2 * e


def squared_error_both(w, x, b, y):
    e = y - (w * x + b)
    return e * e, -2 * e * x, -2 * e


# Arrays: NumPy.


def sigmoid_loss(z):
    return np.sum(1 / (1 + np.exp(-z)))


def sigmoid_loss_gradient(z):
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s)


def sigmoid_loss_both(z):
    s = 1 / (1 + np.exp(-z))
    return np.sum(s), s * (1 - s)


def mse(w, b, X, y):
    y_hat = X @ w + b
    e = y - y_hat
    L = np.mean(e**2)
    return L


def mse_gradient(w, b, X, y):
    e = y - (X @ w + b)
    g = -2 / len(y) * e
    return X.T @ g, np.sum(g)


def mse_both(w, b, X, y):
    e = y - (X @ w + b)
    g = -2 / len(y) * e
    return np.mean(e**2), X.T @ g, np.sum(g)


def logistic(w, X, t):
    z = X @ w
    return np.mean(np.logaddexp(0, z) - t * z)


def logistic_gradient(w, X, t):
    p = 1 / (1 + np.exp(-(X @ w)))
    return X.T @ ((p - t) / len(t))


def logistic_both(w, X, t):
    z = X @ w
    p = 1 / (1 + np.exp(-z))
    return np.mean(np.logaddexp(0, z) - t * z), X.T @ ((p - t) / len(t))


def cross_entropy(W, X, T):
    scores = X @ W
    top = np.max(scores, axis=1, keepdims=True)
    log_sum = top + np.log(np.sum(np.exp(scores - top), axis=1, keepdims=True))
    return -np.mean(np.sum(T * (scores - log_sum), axis=1))


def cross_entropy_gradient(W, X, T):
    scores = X @ W
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return X.T @ ((p - T) / len(X))


def cross_entropy_both(W, X, T):
    scores = X @ W
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    e = np.exp(shifted)
    total = np.sum(e, axis=1, keepdims=True)
    value = np.mean(np.log(total[:, 0]) - np.sum(T * shifted, axis=1))
    return value, X.T @ ((e / total - T) / len(X))


def ridge(w, X, y):
    r = X @ w - y
    return r @ r + 0.1 * (w @ w)


def ridge_gradient(w, X, y):
    r = X @ w - y
    return 2 * (X.T @ r) + 0.2 * w


def ridge_both(w, X, y):
    r = X @ w - y
    return r @ r + 0.1 * (w @ w), 2 * (X.T @ r) + 0.2 * w


def huber(w, X, y):
    r = X @ w - y
    small = np.abs(r) <= 1
    return np.sum(np.where(small, 0.5 * r**2, np.abs(r) - 0.5))


def huber_gradient(w, X, y):
    r = X @ w - y
    return X.T @ np.where(np.abs(r) <= 1, r, np.sign(r))


def huber_both(w, X, y):
    r = X @ w - y
    size = np.abs(r)
    small = size <= 1
    return np.sum(np.where(small, 0.5 * r**2, size - 0.5)), X.T @ np.where(small, r, np.sign(r))


def network(W1, b1, w2, b2, X, y):
    H = np.tanh(X @ W1 + b1)
    y_hat = H @ w2 + b2
    L = np.mean((y_hat - y) ** 2)
    return L


def network_gradient(W1, b1, w2, b2, X, y):
    H = np.tanh(X @ W1 + b1)
    g = 2 / len(y) * (H @ w2 + b2 - y)
    G = np.outer(g, w2) * (1 - H**2)
    return X.T @ G, np.sum(G, axis=0), H.T @ g, np.sum(g)


def network_both(W1, b1, w2, b2, X, y):
    H = np.tanh(X @ W1 + b1)
    e = H @ w2 + b2 - y
    g = 2 / len(y) * e
    G = np.outer(g, w2) * (1 - H**2)
    return np.mean(e**2), X.T @ G, np.sum(G, axis=0), H.T @ g, np.sum(g)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    d = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[1:] = 200 * d
    g[:-1] -= 400 * d * x[:-1] + 2 * (1 - x[:-1])
    return g


def rosenbrock_both(x):
    d = x[1:] - x[:-1] ** 2
    e = 1 - x[:-1]
    g = np.zeros_like(x)
    g[1:] = 200 * d
    g[:-1] -= 400 * d * x[:-1] + 2 * e
    return np.sum(100 * d**2 + e**2), g


def logsumexp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def logsumexp_gradient(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def logsumexp_both(x):
    top = np.max(x)
    e = np.exp(x - top)
    total = np.sum(e)
    return top + np.log(total), e / total


def gaussian(mu, S, X):
    R = X - mu
    _, log_det = np.linalg.slogdet(S)
    return 0.5 * len(X) * log_det + 0.5 * np.sum(R * np.linalg.solve(S, R.T).T)


def gaussian_gradient(mu, S, X):
    R = X - mu
    P = np.linalg.inv(S)
    U, V = R @ P, R @ P.T
    return -0.5 * np.sum(U + V, axis=0), 0.5 * (len(X) * P.T - U.T @ V)


def gaussian_both(mu, S, X):
    R = X - mu
    P = np.linalg.inv(S)
    U, V = R @ P, R @ P.T
    _, log_det = np.linalg.slogdet(S)
    value = 0.5 * (len(X) * log_det + np.sum(R * V))
    return value, -0.5 * np.sum(U + V, axis=0), 0.5 * (len(X) * P.T - U.T @ V)


def chain(x):
    return np.sum(np.sin(x) * np.exp(-(x**2)) + np.tanh(x) ** 2)


def chain_gradient(x):
    e = np.exp(-(x**2))
    t = np.tanh(x)
    return (np.cos(x) - 2 * x * np.sin(x)) * e + 2 * t * (1 - t**2)


def chain_both(x):
    s = np.sin(x)
    e = np.exp(-(x**2))
    t = np.tanh(x)
    return np.sum(s * e + t**2), (np.cos(x) - 2 * x * s) * e + 2 * t * (1 - t**2)


def _data(rows, columns):
    return rng.normal(size=columns), rng.normal(size=(rows, columns)), rng.normal(size=rows)


def _network_args(rows, width):
    return (
        rng.normal(size=(5, width)), rng.normal(size=width), rng.normal(size=width), 0.3,
        rng.normal(size=(rows, 5)), rng.normal(size=rows),
    )  # fmt: skip


def _mse_args(rows, columns):
    w, X, y = _data(rows, columns)
    return w, 0.5, X, y


_w, _X, _y = _data(200, 5)
_B = rng.normal(size=(5, 5))

CASES = [
    Case("x² exp(x) + σ(3x + 2)", bell, bell_gradient, bell_both, (0.7,), language="python"),
    Case("polynomial of degree 4", polynomial, polynomial_gradient, polynomial_both, (0.7,), language="python"),
    Case("sin(exp(cos(x² + 1)))", nest, nest_gradient, nest_both, (0.7,), language="python"),
    Case("squared error of w x + b, a number", squared_error, squared_error_gradient, squared_error_both,
         (1.0, 2.0, 1.0, 7.0), (0, 2), "python"),
    Case("sum of sigmoids, 300 numbers", sigmoid_loss, sigmoid_loss_gradient, sigmoid_loss_both,
         (rng.normal(size=300),)),
    Case("mean squared error, 100 x 2", mse, mse_gradient, mse_both, _mse_args(100, 2), (0, 1)),
    Case("mean squared error, 1e4 x 10", mse, mse_gradient, mse_both, _mse_args(10_000, 10), (0, 1)),
    Case("logistic regression, 200 x 5", logistic, logistic_gradient, logistic_both, (_w, _X, (_y > 0) * 1.0)),
    Case("softmax cross-entropy, 200 x 5 x 4", cross_entropy, cross_entropy_gradient, cross_entropy_both,
         (rng.normal(size=(5, 4)), _X, np.eye(4)[rng.integers(0, 4, 200)])),
    Case("ridge regression, 200 x 5", ridge, ridge_gradient, ridge_both, (_w, _X, _y)),
    Case("Huber loss, 200 x 5", huber, huber_gradient, huber_both, (_w, _X, _y)),
    Case("network 5-8-1, 20 rows", network, network_gradient, network_both, _network_args(20, 8), (0, 1, 2, 3)),
    Case("network 5-32-1, 2000 rows", network, network_gradient, network_both, _network_args(2000, 32), (0, 1, 2, 3)),
    Case("Rosenbrock, 1000 numbers", rosenbrock, rosenbrock_gradient, rosenbrock_both, (rng.normal(size=1000),)),
    Case("log-sum-exp, 100 numbers", logsumexp, logsumexp_gradient, logsumexp_both, (rng.normal(size=100),)),
    Case("Gaussian log-likelihood, 100 x 5", gaussian, gaussian_gradient, gaussian_both,
         (rng.normal(size=5), _B @ _B.T + 5 * np.eye(5), rng.normal(size=(100, 5))), (0, 1)),
    Case("elementwise chain, 1e5 numbers", chain, chain_gradient, chain_both, (rng.normal(size=100_000),)),
]  # fmt: skip


def emitted(case: Case, what: str) -> Callable[..., Any]:
    """The function that the emitted text defines, in a namespace of its own."""
    text = cr.source(case.f, *case.args, what=what, argnums=case.argnums, language=case.language)
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    return namespace[f"{'grad' if what == 'gradient' else 'value_and_grad'}_{case.f.__name__}"]


def compare(case: Case, what: str, seconds: float = 0.6) -> float:
    """How many times longer the emitted function takes than the one by hand, after comparing what they give."""
    rivals = {"emitted": emitted(case, what), "by hand": case.gradient if what == "gradient" else case.both}
    results = [f(*case.args) for f in rivals.values()]
    for got, want in zip(*(r if type(r) is tuple else (r,) for r in results), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12 * np.max(np.abs(want)))
    times = rounds({name: (lambda f=f: f(*case.args)) for name, f in rivals.items()}, seconds)
    return ratio(times, "emitted", "by hand")


def main() -> None:
    rows = []
    ratios = []
    for case in CASES:
        pair = [compare(case, what) for what in ("gradient", "both")]
        ratios += pair
        rows.append([case.label, *(f"{value:.2f}" for value in pair)])
        print(rows[-1], flush=True)
    above = sum(value > LIMIT for value in ratios)
    text = (
        f"To reach: none above {LIMIT}. **Measured: {geometric_mean(ratios):.2f} in the geometric mean, the most "
        f"{max(ratios):.2f}; {above} of {len(ratios)} above {LIMIT}.**\n\n"
        + table(["function", "gradient", "value and gradient"], rows)
    )
    print(text)
    publish("source", text, "performance.md")


if __name__ == "__main__":
    main()
