"""Networks: layers, activations, attention, recurrence, normalisation."""

# An edit stands on one line, however long.
# ruff: noqa: N817
from __future__ import annotations

import numpy as np
from numeric.diagnosis.corpus.loss import Loss, entering
from numeric.diagnosis.corpus.regression import sigmoid

from chainrule.numeric.diagnosis import Mistake as M

LOSSES: list[Loss] = []
enter = entering(LOSSES)


def two_layers(random, n=7, d=3, h=4):
    return (
        random.normal(size=(d, h)),
        random.normal(size=h),
        random.normal(size=h),
        random.normal(size=(n, d)),
        random.normal(size=n),
    )


def tanh_network(W, b, v, X, y):
    h = np.tanh(X @ W + b)
    e = h @ v - y
    return np.mean(e**2)


def tanh_network_gradient(W, b, v, X, y):
    h = np.tanh(X @ W + b)
    e = 2 / len(y) * (h @ v - y)
    dz = np.outer(e, v) * (1 - h**2)
    dW = X.T @ dz
    db = dz.sum(axis=0)
    dv = h.T @ e
    return dW, db, dv


enter(
    tanh_network,
    tanh_network_gradient,
    two_layers,
    (M.INNER_FACTOR, " * (1 - h**2)", ""),
    (M.AT_OUTPUT, "(1 - h**2)", "(1 - np.tanh(h) ** 2)"),
    (M.AT_INPUT, "(1 - h**2)", "(1 - (X @ W + b) ** 2)"),
    (M.WRONG_DERIVATIVE, "(1 - h**2)", "(h * (1 - h))"),
    (M.NOT_SUMMED, "db = dz.sum(axis=0)", "db = dz"),
    (M.NOT_SUMMED, "db = dz.sum(axis=0)", "db = dz[0]"),
    (M.SUMMED, "2 / len(y)", "2"),
    argnums=(0, 1, 2),
)


def sigmoid_network(W, b, v, X, y):
    h = 1 / (1 + np.exp(-(X @ W + b)))
    return 0.5 * np.sum((h @ v - y) ** 2)


def sigmoid_network_gradient(W, b, v, X, y):
    h = sigmoid(X @ W + b)
    e = h @ v - y
    dz = np.outer(e, v) * h * (1 - h)
    return X.T @ dz, dz.sum(axis=0), h.T @ e


enter(
    sigmoid_network,
    sigmoid_network_gradient,
    two_layers,
    (M.INNER_FACTOR, " * h * (1 - h)", ""),
    (M.AT_OUTPUT, "* h * (1 - h)", "* sigmoid(h) * (1 - sigmoid(h))"),
    (M.AT_INPUT, "* h * (1 - h)", "* (X @ W + b) * (1 - (X @ W + b))"),
    (M.WRONG_DERIVATIVE, "* h * (1 - h)", "* (1 - h**2)"),
    (M.NOT_SUMMED, "dz.sum(axis=0)", "dz.mean(axis=0)"),
    (M.NOT_SUMMED, "dz.sum(axis=0)", "dz[-1]"),
    (M.WRONG_DERIVATIVE, "* h * (1 - h)", "* h * (1 + h)"),
    argnums=(0, 1, 2),
)


def relu_network(W, b, v, X, y):
    h = np.maximum(X @ W + b, 0)
    e = h @ v - y
    return np.mean(e**2) + 0.05 * np.sum(W**2)


def relu_network_gradient(W, b, v, X, y):
    z = X @ W + b
    h = np.maximum(z, 0)
    e = 2 / len(y) * (h @ v - y)
    dz = np.outer(e, v) * (z > 0)
    return X.T @ dz + 0.1 * W, dz.sum(axis=0), h.T @ e


enter(
    relu_network,
    relu_network_gradient,
    two_layers,
    (M.INNER_FACTOR, " * (z > 0)", ""),
    (M.TERM_MISSING, " + 0.1 * W", ""),
    (M.TERM_MISSING, "0.1 * W", "0.05 * W"),
    (M.STEP_SIGN, "+ 0.1 * W", "- 0.1 * W"),
    (M.NOT_SUMMED, "dz.sum(axis=0)", "dz"),
    (M.AT_INPUT, "h.T @ e", "z.T @ e"),
    (M.STEP_SIGN, "(h @ v - y)", "(y - h @ v)"),
    argnums=(0, 1, 2),
)


def softplus_network(W, b, v, X, y):
    z = X @ W + b
    h = np.log1p(np.exp(z))
    return np.sum(np.abs(h @ v - y)) / len(y)


def softplus_network_gradient(W, b, v, X, y):
    z = X @ W + b
    h = np.log1p(np.exp(z))
    e = np.sign(h @ v - y) / len(y)
    dz = np.outer(e, v) * sigmoid(z)
    return X.T @ dz, dz.sum(axis=0), h.T @ e


enter(
    softplus_network,
    softplus_network_gradient,
    two_layers,
    (M.INNER_FACTOR, " * sigmoid(z)", ""),
    (M.AT_OUTPUT, "sigmoid(z)", "sigmoid(h)"),
    (M.WRONG_DERIVATIVE, "sigmoid(z)", "(z > 0)"),
    (M.WRONG_DERIVATIVE, "sigmoid(z)", "(1 - np.tanh(z) ** 2)"),
    (M.SUMMED, " / len(y)", ""),
    (M.TRANSPOSED, "X.T @ dz", "(X.T @ dz).ravel().reshape(4, 3).T"),
    (M.INNER_FACTOR, "np.sign(h @ v - y)", "np.ones_like(y)"),
    argnums=(0, 1, 2),
)


def three_layers(random, n=6, d=3):
    return *(0.7 * random.normal(size=(d, d)) for _ in range(3)), random.normal(size=(n, d)), random.normal(size=(n, d))


def square_network(A, B, C, X, Y):
    H = np.tanh(X @ A)
    G = np.tanh(H @ B)
    return 0.5 * np.sum((G @ C - Y) ** 2)


def square_network_gradient(A, B, C, X, Y):
    H = np.tanh(X @ A)
    G = np.tanh(H @ B)
    E = G @ C - Y
    dG = (E @ C.T) * (1 - G**2)
    dH = (dG @ B.T) * (1 - H**2)
    return X.T @ dH, H.T @ dG, G.T @ E


enter(
    square_network,
    square_network_gradient,
    three_layers,
    (M.STEP_TRANSPOSED, "dG @ B.T", "dG @ B"),
    (M.STEP_TRANSPOSED, "E @ C.T", "E @ C"),
    (M.TRANSPOSED, "X.T @ dH", "(X.T @ dH).T"),
    (M.TRANSPOSED, "H.T @ dG", "dG.T @ H"),
    (M.OTHER_ARGUMENT, "return X.T @ dH, H.T @ dG", "return H.T @ dG, X.T @ dH"),
    (M.OTHER_ARGUMENT, "G.T @ E", "H.T @ dG"),
    (M.INNER_FACTOR, " * (1 - H**2)", ""),
    argnums=(0, 1, 2),
)


def attention(Q, K, V, T):
    S = Q @ K.T / np.sqrt(Q.shape[1])
    P = np.exp(S) / np.sum(np.exp(S), axis=1, keepdims=True)
    return 0.5 * np.sum((P @ V - T) ** 2)


def attention_gradient(Q, K, V, T):
    scale = np.sqrt(Q.shape[1])
    S = Q @ K.T / scale
    P = np.exp(S) / np.sum(np.exp(S), axis=1, keepdims=True)
    E = P @ V - T
    dP = E @ V.T
    dS = P * (dP - np.sum(P * dP, axis=1, keepdims=True))
    return dS @ K / scale, dS.T @ Q / scale, P.T @ E


enter(
    attention,
    attention_gradient,
    lambda random: tuple(random.normal(size=(5, 3)) for _ in range(4)),
    (M.PATH_MISSING, " - np.sum(P * dP, axis=1, keepdims=True)", ""),
    (M.INNER_FACTOR, "dS @ K / scale", "dS @ K"),
    (M.STEP_TRANSPOSED, "dS @ K", "dS.T @ K"),
    (M.OTHER_ARGUMENT, "return dS @ K / scale, dS.T @ Q / scale", "return dS.T @ Q / scale, dS @ K / scale"),
    (M.SIGN, "P @ V - T", "T - P @ V"),
    (M.STEP_TRANSPOSED, "P.T @ E", "P @ E"),
    (M.WRONG_DERIVATIVE, "P * (dP - np.sum(P * dP, axis=1, keepdims=True))", "P * (1 - P) * dP"),
    argnums=(0, 1, 2),
)


def layer_norm(x, g, c, t):
    m = np.mean(x)
    s = np.sqrt(np.mean((x - m) ** 2) + 1e-3)
    return 0.5 * np.sum((g * (x - m) / s + c - t) ** 2)


def layer_norm_gradient(x, g, c, t):
    m = np.mean(x)
    s = np.sqrt(np.mean((x - m) ** 2) + 1e-3)
    h = (x - m) / s
    e = g * h + c - t
    dh = e * g
    dx = (dh - np.mean(dh) - h * np.mean(dh * h)) / s
    return dx, e * h, e


enter(
    layer_norm,
    layer_norm_gradient,
    lambda random: tuple(random.normal(size=6) for _ in range(4)),
    (M.PATH_MISSING, " - np.mean(dh)", ""),
    (M.PATH_MISSING, " - h * np.mean(dh * h)", ""),
    (M.DETACHED, "(dh - np.mean(dh) - h * np.mean(dh * h)) / s", "dh / s"),
    (M.INNER_FACTOR, "dh = e * g", "dh = e"),
    (M.OTHER_ARGUMENT, "return dx, e * h, e", "return dx, e, e * h"),
    (M.INNER_FACTOR, "e * h, e", "e, e"),
    (M.STEP_SIGN, "- h * np.mean", "+ h * np.mean"),
    argnums=(0, 1, 2),
)


def batch_norm(X, g, c, T):
    m = np.mean(X, axis=0)
    v = np.mean((X - m) ** 2, axis=0)
    H = (X - m) / np.sqrt(v + 1e-3)
    return np.mean((g * H + c - T) ** 2)


def batch_norm_gradient(X, g, c, T):
    n = X.shape[0]
    m = np.mean(X, axis=0)
    s = np.sqrt(np.mean((X - m) ** 2, axis=0) + 1e-3)
    H = (X - m) / s
    E = 2 * (g * H + c - T) / T.size
    dH = E * g
    dX = (dH - dH.sum(axis=0) / n - H * (dH * H).sum(axis=0) / n) / s
    return dX, (E * H).sum(axis=0), E.sum(axis=0)


enter(
    batch_norm,
    batch_norm_gradient,
    lambda random: (random.normal(size=(6, 4)), *random.normal(size=(2, 4)), random.normal(size=(6, 4))),
    (M.DETACHED, "(dH - dH.sum(axis=0) / n - H * (dH * H).sum(axis=0) / n) / s", "dH / s"),
    (M.PATH_MISSING, " - H * (dH * H).sum(axis=0) / n", ""),
    (M.STEP_FACTOR, "H * (dH * H).sum(axis=0) / n", "H * (dH * H).sum(axis=0)"),
    (M.SUMMED, " / T.size", ""),
    (M.FACTOR, "2 * (g * H + c - T) / T.size", "2 * (g * H + c - T) / n"),
    (M.NOT_SUMMED, "E.sum(axis=0)\n", "E\n"),
    (M.NOT_SUMMED, "(E * H).sum(axis=0)", "(E * H).mean(axis=0)"),
    argnums=(0, 1, 2),
)


def recurrent(W, U, X, t):
    h = np.zeros(W.shape[0])
    for x in X:
        h = np.tanh(W @ h + U @ x)
    return 0.5 * np.sum((h - t) ** 2)


def recurrent_gradient(W, U, X, t):
    hs = [np.zeros(W.shape[0])]
    for x in X:
        hs.append(np.tanh(W @ hs[-1] + U @ x))
    g = hs[-1] - t
    dW, dU = np.zeros_like(W), np.zeros_like(U)
    for k in reversed(range(len(X))):
        dz = g * (1 - hs[k + 1] ** 2)
        dW += np.outer(dz, hs[k])
        dU += np.outer(dz, X[k])
        g = W.T @ dz
    return dW, dU


enter(
    recurrent,
    recurrent_gradient,
    lambda random: (
        0.6 * random.normal(size=(3, 3)),
        random.normal(size=(3, 2)),
        random.normal(size=(4, 2)),
        random.normal(size=3),
    ),
    (M.SIGN, "hs[-1] - t", "t - hs[-1]"),
    (M.FACTOR, "g = hs[-1] - t", "g = 2 * (hs[-1] - t)"),
    (M.TRANSPOSED, "np.outer(dz, hs[k])", "np.outer(hs[k], dz)"),
    (M.PATH_MISSING, "range(len(X))", "range(1, len(X))"),
    (M.PATH_MISSING, "range(len(X))", "range(len(X) - 1, len(X))"),
    (M.ZERO, "dU += np.outer(dz, X[k])", "dU += 0"),
    (M.OTHER_ARGUMENT, "return dW, dU", "return dW, dW[:, :2]"),
    argnums=(0, 1),
)


def convolution(k, x, t):
    y = k[0] * x[:-2] + k[1] * x[1:-1] + k[2] * x[2:]
    return np.mean((y - t) ** 2)


def convolution_gradient(k, x, t):
    y = k[0] * x[:-2] + k[1] * x[1:-1] + k[2] * x[2:]
    e = 2 * (y - t) / len(t)
    return np.array([e @ x[:-2], e @ x[1:-1], e @ x[2:]])


enter(
    convolution,
    convolution_gradient,
    lambda random: (random.normal(size=3), random.normal(size=9), random.normal(size=7)),
    (M.REORDERED, "[e @ x[:-2], e @ x[1:-1], e @ x[2:]]", "[e @ x[2:], e @ x[1:-1], e @ x[:-2]]"),
    (M.SHIFTED, "[e @ x[:-2], e @ x[1:-1], e @ x[2:]]", "[e @ x[1:-1], e @ x[2:], e @ x[:-2]]"),
    (M.SUMMED, " / len(t)", ""),
    (M.FACTOR, "2 * (y - t)", "(y - t)"),
    (M.ZERO, "e @ x[2:]]", "0.0]"),
    (M.INNER_FACTOR, "e @ x[1:-1],", "e.sum(),"),
    (M.SIGN, "(y - t)", "(t - y)"),
)


def embedding(E, w, ids, y):
    h = E[ids] @ w
    return np.mean((h - y) ** 2)


def embedding_gradient(E, w, ids, y):
    e = 2 / len(y) * (E[ids] @ w - y)
    dE = np.zeros_like(E)
    np.add.at(dE, ids, np.outer(e, w))
    return dE, E[ids].T @ e


enter(
    embedding,
    embedding_gradient,
    lambda random: (
        random.normal(size=(5, 3)),
        random.normal(size=3),
        np.array([0, 2, 2, 4, 1, 2, 3]),
        random.normal(size=7),
    ),
    (M.SUMMED, "2 / len(y)", "2"),
    (M.SIGN, "(E[ids] @ w - y)", "(y - E[ids] @ w)"),
    (M.INNER_FACTOR, "np.outer(e, w)", "np.outer(e, np.ones_like(w))"),
    (M.ZERO, "np.add.at(dE, ids, np.outer(e, w))", "np.add.at(dE, ids[ids > 0], np.outer(e, w)[ids > 0])"),
    (M.SHIFTED, "np.add.at(dE, ids,", "np.add.at(dE, (ids + 1) % 5,"),
    (M.ROWS_LEFT_OUT, "E[ids].T @ e", "E[ids[1:]].T @ e[1:]"),
    (M.PATH_MISSING, "np.add.at(dE, ids, np.outer(e, w))", "dE[ids] = np.outer(e, w)"),
    argnums=(0, 1),
)


def gated(W, U, X, y):
    h = np.tanh(X @ W) * sigmoid(X @ U)
    return np.sum((h.sum(axis=1) - y) ** 2)


def gated_gradient(W, U, X, y):
    a, s = np.tanh(X @ W), sigmoid(X @ U)
    e = 2 * ((a * s).sum(axis=1) - y)[:, None]
    return X.T @ (e * s * (1 - a**2)), X.T @ (e * a * s * (1 - s))


enter(
    gated,
    gated_gradient,
    lambda random: (*random.normal(size=(2, 3, 4)), random.normal(size=(6, 3)), random.normal(size=6)),
    (M.INNER_FACTOR, "e * s * (1 - a**2)", "e * (1 - a**2)"),
    (M.INNER_FACTOR, "e * s * (1 - a**2)", "e * s"),
    (M.WRONG_DERIVATIVE, "e * a * s * (1 - s)", "e * a * (1 - s**2)"),
    (
        M.OTHER_ARGUMENT,
        "return X.T @ (e * s * (1 - a**2)), X.T @ (e * a * s * (1 - s))",
        "return X.T @ (e * a * s * (1 - s)), X.T @ (e * s * (1 - a**2))",
    ),
    (M.FACTOR, "e = 2 *", "e = 1 *"),
    (M.WRONG_DERIVATIVE, "e * s * (1 - a**2)", "e * a * (1 - a**2)"),
    (M.SIGN, "((a * s).sum(axis=1) - y)", "(y - (a * s).sum(axis=1))"),
    argnums=(0, 1),
)
