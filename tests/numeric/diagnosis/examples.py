"""For every kind of mistake at least three losses in whose gradient it was made, as an edit of the right gradient."""

# An edit stands on one line, however long.
# ruff: noqa: N817
from __future__ import annotations

import dataclasses

import numpy as np
from numeric.diagnosis.corpus import CORPUS, Edit, Loss
from numeric.diagnosis.corpus.loss import edited

from chainrule.numeric.diagnosis import Mistake as M


def lookup(E, ids, t):
    return np.sum((E[ids] - t) ** 2)


def lookup_gradient(E, ids, t):
    g = np.zeros_like(E)
    np.add.at(g, ids, 2 * (E[ids] - t))
    return g


def chained(p, ids):
    return -np.sum(np.log(p[ids]))


def chained_gradient(p, ids):
    g = np.zeros_like(p)
    np.add.at(g, ids, -1 / p[ids])
    return g


def standardised(x, w):
    m = np.mean(x)
    s = np.sqrt(np.mean((x - m) ** 2))
    return w @ np.tanh((x - m) / s)


def standardised_gradient(x, w):
    m = np.mean(x)
    s = np.sqrt(np.mean((x - m) ** 2))
    h = (x - m) / s
    g = w * (1 - np.tanh(h) ** 2)
    return (g - np.mean(g) - h * np.mean(g * h)) / s


def reweighted(x):
    s = np.exp(x)
    return np.sum(s * np.sin(x) + s**2 * x)


def reweighted_gradient(x):
    s = np.exp(x)
    return s * (np.sin(x) + np.cos(x)) + s**2 * (2 * x + 1)


def scaled(x):
    n = np.sum(x**2)
    return np.sum(np.sin(x)) / n + np.log(n) * np.sum(x)


def scaled_gradient(x):
    n, c = np.sum(x**2), np.cos(x)
    return c / n + (np.sum(x) / n - np.sum(np.sin(x)) / n**2) * 2 * x + np.log(n)


def gate(a, b):
    k = np.tanh(a * b)
    return np.sum(k * a + k**2 * b)


def gate_gradient(a, b):
    k = np.tanh(a * b)
    return (a + 2 * k * b) * (1 - k**2) * b + k


IDS = np.array([0, 2, 2, 4, 1, 2, 3])
EXTRA = {
    loss.name: loss
    for loss in (
        Loss(lookup, lookup_gradient, lambda r: (r.normal(size=(5, 3)), IDS, r.normal(size=(7, 3))), (), (0,)),
        Loss(chained, chained_gradient, lambda r: (r.uniform(0.2, 0.9, 5), IDS), (), (0,)),
        Loss(standardised, standardised_gradient, lambda r: tuple(r.normal(size=(2, 6))), (), (0,)),
        Loss(reweighted, reweighted_gradient, lambda r: (r.normal(size=5),), (), (0,)),
        Loss(scaled, scaled_gradient, lambda r: (r.normal(size=5),), (), (0,)),
        Loss(gate, gate_gradient, lambda r: tuple(r.normal(size=(2, 5))), (), (0,)),
    )
}
LOSSES = {loss.name: loss for loss in CORPUS} | EXTRA

# The first of each kind stands in the documentation.
EXAMPLES: dict[M, list[tuple[str, str, str]]] = {
    M.SIGN: [
        ("least squares", "X @ w - y", "y - X @ w"),
        ("poisson", "(mu - y)", "(y - mu)"),
        ("matrix factorisation", "E.T @ U + lam * V", "-E.T @ U - lam * V"),
        ("composed", "np.cos(u)", "-np.cos(u)"),
    ],
    M.FACTOR: [
        ("least squares", "2 / len(y)", "1 / len(y)"),
        ("gaussian kernel", "/ s**2\n", "/ s\n"),
        ("powers", "return s", "return -2 * s"),
        ("student", "-(nu + 1)", "-1.37 * (nu + 1)"),
    ],
    M.SUMMED: [
        ("least squares", "2 / len(y)", "2"),
        ("softmax cross entropy", " / len(Y)", ""),
        ("ridge", "-2 / len(y)", "-2"),
        ("regularised logistic", "np.mean(e)", "np.sum(e)"),
    ],
    M.AVERAGED: [
        ("poisson", "X.T @", "1 / len(y) * X.T @"),
        ("distances", "np.sum(D /", "np.mean(D /"),
        ("student", "np.sum", "np.mean"),
        ("sigmoid network", "dz.sum(axis=0)", "dz.mean(axis=0)"),
    ],
    M.TRANSPOSED: [
        ("softmax cross entropy", "return X.T @ (P - Y)", "return (P - Y).T @ X"),
        ("bilinear", "X.T @ (e[:, None] * Z)", "Z.T @ (e[:, None] * X)"),
        ("log determinant", "S.T - np.linalg.inv(A).T", "S - np.linalg.inv(A)"),
        (
            "pca",
            "return -X.T @ (E @ W) - E.T @ (X @ W)",
            'return (-X.T @ (E @ W) - E.T @ (X @ W)).ravel().reshape((4, 2), order="F")',
        ),
    ],
    M.SHIFTED: [
        ("logistic", "(p - y)", "np.roll(p - y, -1)"),
        ("divergence", "q - p", "np.roll(q - p, 1)"),
        ("rosenbrock", "g[1:] += 200 * d", "g[:-1] += 200 * d"),
        (
            "product",
            "np.exp(x) * np.sin(x) + np.exp(x) * np.cos(x)",
            "np.append(0, (np.exp(x) * (np.sin(x) + np.cos(x)))[:-1])",
        ),
    ],
    M.REORDERED: [
        ("convolution", "[e @ x[:-2], e @ x[1:-1], e @ x[2:]]", "[e @ x[2:], e @ x[1:-1], e @ x[:-2]]"),
        ("divergence", "q - p", "(q - p)[::-1]"),
        ("entropy", "return q * (g - np.sum(q * g))", "return np.sort(q * (g - np.sum(q * g)))"),
    ],
    M.RESHAPED: [
        ("bilinear", "X.T @ (e[:, None] * Z)", "(X.T @ (e[:, None] * Z)).ravel()"),
        ("least squares", "X.T @ r", "X.T @ r[:, None]"),
        ("pca", "return -X.T @ (E @ W) - E.T @ (X @ W)", "return (-X.T @ (E @ W) - E.T @ (X @ W))[None]"),
    ],
    M.TERM_MISSING: [
        ("ridge", " + 2 * lam * w", ""),
        ("hinge", " + lam * w", ""),
        ("elastic net", " + alpha * np.sign(w)", ""),
        ("matrix factorisation", "E @ V + lam * U", "E @ V"),
    ],
    M.TERM_EXTRA: [
        ("regularised logistic", "db = np.mean(e)", "db = np.mean(e) + lam * b"),
        ("ridge", "2 * lam", "3 * lam"),
        ("poisson", "X.T @ (mu - y)", "X.T @ (mu - y) + 0.01 * w"),
    ],
    M.OTHER_ARGUMENT: [
        (
            "frobenius",
            "return C @ B.T / np.linalg.norm(C), A.T @ C / np.linalg.norm(C)",
            "return A.T @ C / np.linalg.norm(C), C @ B.T / np.linalg.norm(C)",
        ),
        ("square network", "G.T @ E", "H.T @ dG"),
        ("layer norm", "return dx, e * h, e", "return dx, e, e * h"),
        ("logarithms", "w * (np.exp(x) + 2 * x) / s", "np.log(s)"),
    ],
    M.NOT_SUMMED: [
        ("tanh network", "db = dz.sum(axis=0)", "db = dz"),
        ("sigmoid network", "dz.sum(axis=0)", "dz[-1]"),
        ("batch norm", "E.sum(axis=0)\n", "E[0]\n"),
        ("gaussian kernel", "np.sum(k[:, None] * (Z - x), axis=0)", "k[:, None] * (Z - x)"),
    ],
    M.OVERSUMMED: [
        ("softmax cross entropy", "X.T @ (P - Y)", "np.sum(X.T @ (P - Y), axis=1)"),
        ("pca", "return -X.T @ (E @ W) - E.T @ (X @ W)", "return np.sum(-X.T @ (E @ W) - E.T @ (X @ W), axis=0)"),
        ("distances", ", axis=0)", ")"),
    ],
    M.ROWS_LEFT_OUT: [
        ("least squares", "X.T @ r", "X[:-1].T @ r[:-1]"),
        ("log cosh", "X.T @ np.tanh(r)", "X[1:].T @ np.tanh(r)[1:]"),
        ("bilinear", "X.T @ (e[:, None] * Z)", "np.outer(X[0], e[0] * Z[0])"),
    ],
    M.AT_OUTPUT: [
        ("tanh network", "(1 - h**2)", "(1 - np.tanh(h) ** 2)"),
        ("sigmoid network", "* h * (1 - h)", "* sigmoid(h) * (1 - sigmoid(h))"),
        ("softplus network", "sigmoid(z)", "sigmoid(h)"),
        ("composed", "* u *", "* np.exp(u) *"),
    ],
    M.AT_INPUT: [
        ("sigmoid network", "* h * (1 - h)", "* (X @ W + b) * (1 - (X @ W + b))"),
        ("tanh network", "(1 - h**2)", "(1 - (X @ W + b) ** 2)"),
        ("poisson", "(mu - y)", "(X @ w - y)"),
        ("relu network", "h.T @ e", "z.T @ e"),
    ],
    M.WRONG_DERIVATIVE: [
        ("tanh network", "(1 - h**2)", "(h * (1 - h))"),
        ("attention", "P * (dP - np.sum(P * dP, axis=1, keepdims=True))", "P * (1 - P) * dP"),
        ("logistic", "(p - y)", "((p - y) * p * (1 - p))"),
        ("powers", "** (p - 1)", "** p"),
    ],
    M.INNER_FACTOR: [
        ("composed", "np.cos(u) * u", "np.cos(u)"),
        ("tanh network", " * (1 - h**2)", ""),
        ("attention", "dS @ K / scale", "dS @ K"),
        ("entropy", "return q * (g", "return (g"),
        ("frobenius", "return C @ B.T / np.linalg.norm(C)", "return C @ B.T"),
    ],
    M.STEP_FACTOR: [
        ("rosenbrock", "-400", "-200"),
        ("quotient", "np.sin(x) * 2 * x", "np.sin(x) * x"),
        ("logarithms", "2 * x", "x"),
    ],
    M.STEP_SIGN: [
        ("quotient", "/ q - np", "/ q + np"),
        ("product", "+ np.exp(x) * np.cos(x)", "- np.exp(x) * np.cos(x)"),
        ("smoothing", "g[:-1] -=", "g[:-1] +="),
    ],
    M.PATH_MISSING: [
        ("product", " + np.exp(x) * np.cos(x)", ""),
        ("softmax cross entropy", "(P - Y)", "P"),
        ("quadratic form", "(A + A.T) @ x", "A @ x"),
    ],
    M.PATH_TWICE: [
        ("quadratic form", "(A + A.T) @ x", "2 * A @ x"),
        ("pca", "-X.T @ (E @ W) - E.T @ (X @ W)", "-2 * X.T @ (E @ W)"),
        ("log determinant", "- np.linalg.inv(A).T", "- 2 * np.linalg.inv(A).T"),
    ],
    M.DETACHED: [
        ("reweighted", "s * (np.sin(x) + np.cos(x)) + s**2 * (2 * x + 1)", "s * np.cos(x) + s**2"),
        ("scaled", "c / n + (np.sum(x) / n - np.sum(np.sin(x)) / n**2) * 2 * x + np.log(n)", "c / n + np.log(n)"),
        ("gate", "(a + 2 * k * b) * (1 - k**2) * b + k", "k"),
    ],
    M.STATISTICS: [
        ("batch norm", "(dH - dH.sum(axis=0) / n - H * (dH * H).sum(axis=0) / n) / s", "dH / s"),
        ("layer norm", "(dh - np.mean(dh) - h * np.mean(dh * h)) / s", "dh / s"),
        ("standardised", "(g - np.mean(g) - h * np.mean(g * h)) / s", "g / s"),
    ],
    M.STEP_TRANSPOSED: [
        ("square network", "dG @ B.T", "dG @ B"),
        ("frobenius", "A.T @ C", "A @ C"),
        ("log determinant", "S.T -", "S -"),
        ("attention", "dS @ K", "dS.T @ K"),
    ],
    M.REPEATED: [
        ("embedding", "np.add.at(dE, ids, np.outer(e, w))", "dE[ids] = np.outer(e, w)"),
        ("lookup", "np.add.at(g, ids, 2 * (E[ids] - t))", "g[ids] += 2 * (E[ids] - t)"),
        ("chained", "np.add.at(g, ids, -1 / p[ids])", "g[ids] = -1 / p[ids]"),
    ],
    M.PARAMETRISATION: [
        ("diagonal gaussian", "(1 - z**2) / sigma", "(1 - z**2)"),
        ("gaussian", "1 - z**2", "1 / s - z**2 / s"),
        ("student", "return -(nu + 1)", "return -mu * (nu + 1)"),
    ],
    M.ZERO: [
        ("recurrent", "dU += np.outer(dz, X[k])", "dU += 0"),
        ("least squares", "return 2 / len(y) * X.T @ r", "return 0 * w"),
        ("poisson", "X.T @ (mu - y)", "np.append(0, X[:, 1:].T @ (mu - y))"),
    ],
    M.SEVERAL: [
        (
            "matrix factorisation",
            "return E @ V + lam * U, E.T @ U + lam * V",
            "return -E @ V - lam * U, (E.T @ U + lam * V)[::-1]",
        ),
        ("square network", "X.T @ dH, H.T @ dG", "-X.T @ dH, 2 * (H.T @ dG).T"),
        (
            "angles",
            "-np.sin(a) * np.sin(b) + b * q, np.cos(a) * np.cos(b) + a * q",
            "2 * (-np.sin(a) * np.sin(b) + b * q), np.cos(a) * np.cos(b) + a * q + 0.1 * b",
        ),
    ],
}


def with_mistake(kind: M, name: str, right: str, wrong: str) -> Loss:
    """The loss with the wrong gradient in place of the right one."""
    loss = LOSSES[name]
    return dataclasses.replace(loss, df=edited(loss, Edit(kind, right, wrong)))
