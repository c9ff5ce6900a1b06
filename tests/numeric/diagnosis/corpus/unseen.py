"""Losses and mistakes that were written down when the hypotheses stood, to see how these do on what they were not
written for. The page on diagnoses tells what came out, and which two hypotheses it led to.
"""

# An edit stands on one line, however long.
# ruff: noqa: N817
from __future__ import annotations

import numpy as np
from numeric.diagnosis.corpus.loss import Loss, entering
from numeric.diagnosis.corpus.regression import sigmoid

from chainrule.numeric.diagnosis import Mistake as M

LOSSES: list[Loss] = []
enter = entering(LOSSES)


def michaelis_menten(v, k, s, y):
    return np.sum((v * s / (k + s) - y) ** 2)


def michaelis_menten_gradient(v, k, s, y):
    e = 2 * (v * s / (k + s) - y)
    return np.sum(e * s / (k + s)), -np.sum(e * v * s / (k + s) ** 2)


enter(
    michaelis_menten,
    michaelis_menten_gradient,
    lambda r: (1.7 + 0.2 * r.normal(), 0.8 + 0.1 * r.normal(), r.uniform(0.2, 3, 9), r.uniform(0, 2, 9)),
    (M.STEP_SIGN, "-np.sum", "np.sum"),
    (M.WRONG_DERIVATIVE, "(k + s) ** 2", "(k + s)"),
    (M.AVERAGED, "-np.sum", "-np.mean"),
    (M.INNER_FACTOR, "np.sum(e * s / (k + s)),", "np.sum(e * s),"),
    (M.FACTOR, "e = 2 *", "e = 1 *"),
    argnums=(0, 1),
)


def contrastive(A, B, t):
    S = A @ B.T / t
    return np.mean(np.log(np.sum(np.exp(S), axis=1)) - np.diag(S))


def contrastive_gradient(A, B, t):
    S = A @ B.T / t
    P = np.exp(S) / np.sum(np.exp(S), axis=1, keepdims=True)
    G = (P - np.eye(len(A))) / len(A) / t
    return G @ B, G.T @ A


enter(
    contrastive,
    contrastive_gradient,
    lambda r: (*r.normal(size=(2, 6, 3)), 0.6),
    (M.PATH_MISSING, "(P - np.eye(len(A)))", "P"),
    (M.FACTOR, "/ len(A) / t", "/ len(A)"),
    (M.SUMMED, "/ len(A) / t", "/ t"),
    (M.STEP_TRANSPOSED, "G.T @ A", "G @ A"),
    (M.OTHER_ARGUMENT, "return G @ B, G.T @ A", "return G.T @ A, G @ B"),
    argnums=(0, 1),
)


def focal(w, X, y):
    p = sigmoid(X @ w)
    return -np.sum(y * (1 - p) ** 2 * np.log(p))


def focal_gradient(w, X, y):
    p = sigmoid(X @ w)
    dp = -y * ((1 - p) ** 2 / p - 2 * (1 - p) * np.log(p))
    return X.T @ (dp * p * (1 - p))


enter(
    focal,
    focal_gradient,
    lambda r: (r.normal(size=3), r.normal(size=(8, 3)), r.integers(0, 2, 8) * 1.0 + 0.1),
    (M.INNER_FACTOR, "(dp * p * (1 - p))", "dp"),
    (M.PATH_MISSING, " - 2 * (1 - p) * np.log(p)", ""),
    (M.STEP_SIGN, "/ p - 2", "/ p + 2"),
    (M.STEP_FACTOR, "2 * (1 - p) * np", "(1 - p) * np"),
    (M.PATH_MISSING, "(1 - p) ** 2 / p ", "0"),
)


def gaussian_process(y, K, s):
    C = K + s * np.eye(len(y))
    return 0.5 * y @ np.linalg.solve(C, y) + 0.5 * np.linalg.slogdet(C)[1]


def gaussian_process_gradient(y, K, s):
    C = np.linalg.inv(K + s * np.eye(len(y)))
    a = C @ y
    return a, 0.5 * (C - np.outer(a, a))


def gram(r, n=4):
    Z = r.normal(size=(n, 6))
    return r.normal(size=n), Z @ Z.T / 6, 0.5


enter(
    gaussian_process,
    gaussian_process_gradient,
    gram,
    (M.STEP_SIGN, "(C - np.outer", "(C + np.outer"),
    (M.PATH_MISSING, "(C - np.outer(a, a))", "C"),
    (M.PATH_MISSING, "(C - np.outer(a, a))", "-np.outer(a, a)"),
    (M.FACTOR, "0.5 *", "1.0 *"),
    (M.FACTOR, "return a,", "return 0.5 * a,"),
    argnums=(0, 1),
)


def triplet(a, p, n, m):
    d = np.sum((a - p) ** 2, axis=1) - np.sum((a - n) ** 2, axis=1) + m
    return np.mean(np.logaddexp(0, d))


def triplet_gradient(a, p, n, m):
    d = np.sum((a - p) ** 2, axis=1) - np.sum((a - n) ** 2, axis=1) + m
    g = (sigmoid(d) / len(d))[:, None]
    return 2 * g * (n - p), -2 * g * (a - p), 2 * g * (a - n)


enter(
    triplet,
    triplet_gradient,
    lambda r: (*r.normal(size=(3, 5, 2)), 1.0),
    (M.SIGN, "-2 * g * (a - p)", "2 * g * (a - p)"),
    (M.PATH_MISSING, "2 * g * (n - p)", "2 * g * (a - p)"),
    (M.INNER_FACTOR, "sigmoid(d) / len(d)", "np.ones_like(d) / len(d)"),
    (M.SUMMED, "sigmoid(d) / len(d)", "sigmoid(d)"),
    (M.OTHER_ARGUMENT, "-2 * g * (a - p), 2 * g * (a - n)", "2 * g * (a - n), -2 * g * (a - p)"),
    argnums=(0, 1, 2),
)


def autoregression(phi, x):
    e = x[2:] - phi[0] * x[1:-1] - phi[1] * x[:-2]
    return 0.5 * np.mean(e**2)


def autoregression_gradient(phi, x):
    e = x[2:] - phi[0] * x[1:-1] - phi[1] * x[:-2]
    return -np.array([e @ x[1:-1], e @ x[:-2]]) / len(e)


enter(
    autoregression,
    autoregression_gradient,
    lambda r: (r.normal(size=2), r.normal(size=10)),
    (M.SIGN, "return -np", "return np"),
    (M.SUMMED, " / len(e)", ""),
    (M.REORDERED, "[e @ x[1:-1], e @ x[:-2]]", "[e @ x[:-2], e @ x[1:-1]]"),
    (M.FACTOR, "-np.array", "-2 * np.array"),
    (M.ZERO, "e @ x[:-2]]", "0.0]"),
)


def low_rank_tensor(a, b, c, T):
    return 0.5 * np.sum((np.einsum("i,j,k->ijk", a, b, c) - T) ** 2)


def low_rank_tensor_gradient(a, b, c, T):
    E = np.einsum("i,j,k->ijk", a, b, c) - T
    return np.einsum("ijk,j,k->i", E, b, c), np.einsum("ijk,i,k->j", E, a, c), np.einsum("ijk,i,j->k", E, a, b)


enter(
    low_rank_tensor,
    low_rank_tensor_gradient,
    lambda r: (r.normal(size=3), r.normal(size=4), r.normal(size=3), r.normal(size=(3, 4, 3))),
    (M.INNER_FACTOR, 'np.einsum("ijk,j,k->i", E, b, c)', 'np.einsum("ijk,j->i", E, b)'),
    (M.OTHER_ARGUMENT, 'return np.einsum("ijk,j,k->i", E, b, c)', 'return np.einsum("ijk,i,j->k", E, a, b)'),
    (M.SIGN, "- T", "+ T - 2 * np.einsum('i,j,k->ijk', a, b, c)"),
    (M.STEP_TRANSPOSED, '"ijk,i,j->k", E, a, b', '"kji,i,j->k", E, a, b'),
    (M.FACTOR, 'np.einsum("ijk,i,k->j", E, a, c)', '2 * np.einsum("ijk,i,k->j", E, a, c)'),
    argnums=(0, 1, 2),
)


def evidence_bound(m, s, x, z):
    theta = m + np.exp(s) * z
    return np.mean((x - theta) ** 2) + 0.5 * np.sum(m**2 + np.exp(2 * s) - 2 * s)


def evidence_bound_gradient(m, s, x, z):
    theta = m + np.exp(s) * z
    e = -2 / len(x) * (x - theta)
    return e + m, e * np.exp(s) * z + np.exp(2 * s) - 1


enter(
    evidence_bound,
    evidence_bound_gradient,
    lambda r: tuple(0.7 * r.normal(size=(4, 6))),
    (M.INNER_FACTOR, "e * np.exp(s) * z", "e * z"),
    (M.INNER_FACTOR, "e * np.exp(s) * z", "e * np.exp(s)"),
    (M.PATH_MISSING, "+ np.exp(2 * s) - 1", "+ np.exp(2 * s)"),
    (M.TERM_MISSING, "return e + m", "return e"),
    (M.STEP_FACTOR, "+ np.exp(2 * s) - 1", "+ 2 * np.exp(2 * s) - 1"),
    argnums=(0, 1),
)


def gelu_layer(W, X, t):
    z = X @ W
    a = 0.5 * z * (1 + np.tanh(0.8 * (z + 0.044715 * z**3)))
    return np.mean(np.abs(a - t) ** 3)


def gelu_layer_gradient(W, X, t):
    z = X @ W
    u = np.tanh(0.8 * (z + 0.044715 * z**3))
    a = 0.5 * z * (1 + u)
    e = 3 * (a - t) * np.abs(a - t) / t.size
    return X.T @ (e * (0.5 * (1 + u) + 0.5 * z * (1 - u**2) * 0.8 * (1 + 0.134145 * z**2)))


enter(
    gelu_layer,
    gelu_layer_gradient,
    lambda r: (r.normal(size=(3, 2)), r.normal(size=(6, 3)), r.normal(size=(6, 2))),
    (M.PATH_MISSING, "0.5 * (1 + u) + ", ""),
    (M.DETACHED, " + 0.5 * z * (1 - u**2) * 0.8 * (1 + 0.134145 * z**2)", ""),
    (M.PATH_MISSING, "(1 + 0.134145 * z**2)", "1"),
    (M.INNER_FACTOR, "(1 - u**2) *", ""),
    (M.INNER_FACTOR, "(a - t) * np.abs(a - t)", "np.abs(a - t) ** 2"),
)


def logistic_growth(p, r, k, n):
    x = p
    for _ in range(4):
        x = x + 0.3 * r * x * (1 - x / k)
    return np.sum((x - n) ** 2)


def logistic_growth_gradient(p, r, k, n):
    xs = [p]
    for _ in range(4):
        xs.append(xs[-1] + 0.3 * r * xs[-1] * (1 - xs[-1] / k))
    g = 2 * (xs[-1] - n)
    for x in reversed(xs[:-1]):
        g = g * (1 + 0.3 * r * (1 - 2 * x / k))
    return g


enter(
    logistic_growth,
    logistic_growth_gradient,
    lambda r: (r.uniform(0.2, 1, 5), 1.2, 2.5, r.uniform(1, 2, 5)),
    (M.FACTOR, "g = 2 *", "g = 1 *"),
    (M.PATH_MISSING, "xs[:-1])", "xs[1:-1])"),
    (M.STEP_FACTOR, "(1 - 2 * x / k)", "(1 - x / k)"),
    (M.PATH_MISSING, "g * (1 + 0.3", "g * (0.3"),
    (M.STEP_SIGN, "(1 - 2 * x / k)", "(1 + 2 * x / k)"),
)
