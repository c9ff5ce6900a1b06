"""Regression and classification with linear predictors."""

# An edit stands on one line, however long.
# ruff: noqa: N817
from __future__ import annotations

import numpy as np
from numeric.diagnosis.corpus.loss import Loss, entering

from chainrule.numeric.diagnosis import Mistake as M

LOSSES: list[Loss] = []
enter = entering(LOSSES)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rows(random, n=8, d=3):
    X = random.normal(size=(n, d))
    return random.normal(size=d), X, X @ random.normal(size=d) + random.normal(size=n)


def labels(random, n=9, d=3):
    w, X, y = rows(random, n, d)
    return w, X, (y > np.median(y)) * 1.0


def signs(random, n=9, d=3):
    w, X, y = labels(random, n, d)
    return w, X, 2 * y - 1


def least_squares(w, X, y):
    r = X @ w - y
    return np.mean(r**2)


def least_squares_gradient(w, X, y):
    r = X @ w - y
    return 2 / len(y) * X.T @ r


enter(
    least_squares,
    least_squares_gradient,
    rows,
    (M.SIGN, "X @ w - y", "y - X @ w"),
    (M.FACTOR, "2 / len(y)", "1 / len(y)"),
    (M.SUMMED, "2 / len(y)", "2"),
    (M.INNER_FACTOR, "X.T @ r", "X.T @ np.ones_like(r)"),
    (M.ROWS_LEFT_OUT, "X.T @ r", "X[:-1].T @ r[:-1]"),
    (M.SHIFTED, "X.T @ r", "X.T @ np.roll(r, 1)"),
    (M.STEP_SIGN, "X @ w - y", "X @ w + y"),
)


def ridge(w, X, y, lam):
    r = y - X @ w
    return np.mean(r**2) + lam * np.sum(w**2)


def ridge_gradient(w, X, y, lam):
    r = y - X @ w
    return -2 / len(y) * X.T @ r + 2 * lam * w


enter(
    ridge,
    ridge_gradient,
    lambda random: (*rows(random), 0.3),
    (M.TERM_MISSING, " + 2 * lam * w", ""),
    (M.TERM_MISSING, "2 * lam", "lam"),
    (M.TERM_EXTRA, "2 * lam", "3 * lam"),
    (M.STEP_SIGN, "-2 / len(y)", "2 / len(y)"),
    (M.STEP_SIGN, " + 2 * lam", " - 2 * lam"),
    (M.SUMMED, "-2 / len(y)", "-2"),
    (M.TERM_MISSING, "2 * lam * w", "2 * lam * w * (np.arange(len(w)) > 0)"),
)


def logistic(w, X, y):
    p = sigmoid(X @ w)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def logistic_gradient(w, X, y):
    p = sigmoid(X @ w)
    return X.T @ (p - y) / len(y)


enter(
    logistic,
    logistic_gradient,
    labels,
    (M.SIGN, "(p - y)", "(y - p)"),
    (M.SUMMED, " / len(y)", ""),
    (M.WRONG_DERIVATIVE, "(p - y)", "((p - y) * p * (1 - p))"),
    (M.ROWS_LEFT_OUT, "X.T @ (p - y)", "X[1:].T @ (p - y)[1:]"),
    (M.PATH_MISSING, "(p - y)", "(-y * (1 - p))"),
    (M.INNER_FACTOR, "(p - y)", "((p - y) / (p * (1 - p)))"),
    (M.SHIFTED, "(p - y)", "np.roll(p - y, -1)"),
)


def regularised_logistic(w, b, X, y, lam):
    z = X @ w + b
    return np.mean(np.logaddexp(0, z) - y * z) + 0.5 * lam * w @ w


def regularised_logistic_gradient(w, b, X, y, lam):
    e = sigmoid(X @ w + b) - y
    dw = X.T @ e / len(y) + lam * w
    db = np.mean(e)
    return dw, db


enter(
    regularised_logistic,
    regularised_logistic_gradient,
    lambda random: ((v := labels(random))[0], 0.4, v[1], v[2], 0.2),
    (M.TERM_MISSING, " + lam * w", ""),
    (M.TERM_EXTRA, "lam * w", "2 * lam * w"),
    (M.SUMMED, "np.mean(e)", "np.sum(e)"),
    (M.NOT_SUMMED, "np.mean(e)", "e / len(y)"),
    (M.NOT_SUMMED, "np.mean(e)", "e[0]"),
    (M.TERM_EXTRA, "db = np.mean(e)", "db = np.mean(e) + lam * b"),
    (M.ZERO, "np.mean(e)", "0.0 * b"),
    argnums=(0, 1),
)


def softmax_cross_entropy(W, X, Y):
    Z = X @ W
    Z = Z - Z.max(axis=1, keepdims=True)
    logs = Z - np.log(np.sum(np.exp(Z), axis=1, keepdims=True))
    return -np.sum(Y * logs) / len(Y)


def softmax_cross_entropy_gradient(W, X, Y):
    Z = X @ W
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    return X.T @ (P - Y) / len(Y)


def classes(random, n=7, d=3, k=4):
    return random.normal(size=(d, k)), random.normal(size=(n, d)), np.eye(k)[random.integers(0, k, n)]


enter(
    softmax_cross_entropy,
    softmax_cross_entropy_gradient,
    classes,
    (M.SIGN, "(P - Y)", "(Y - P)"),
    (M.SUMMED, " / len(Y)", ""),
    (M.PATH_MISSING, "(P - Y)", "P"),
    (M.TRANSPOSED, "return X.T @ (P - Y) / len(Y)", "return ((P - Y).T @ X) / len(Y)"),
    (M.ROWS_LEFT_OUT, "X.T @ (P - Y)", "X[:-1].T @ (P - Y)[:-1]"),
    (M.NOT_SUMMED, "X.T @ (P - Y)", "X[:, :, None] * (P - Y)[:, None, :]"),
    (M.WRONG_DERIVATIVE, "(P - Y)", "((P - Y) * P * (1 - P))"),
)


def huber(w, X, y, delta):
    r = X @ w - y
    small = np.abs(r) <= delta
    return np.sum(np.where(small, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta)))


def huber_gradient(w, X, y, delta):
    r = X @ w - y
    small = np.abs(r) <= delta
    return X.T @ np.where(small, r, delta * np.sign(r))


enter(
    huber,
    huber_gradient,
    lambda random: (*rows(random, 9), 0.7),
    (M.SIGN, "X @ w - y", "y - X @ w"),
    (M.INNER_FACTOR, "delta * np.sign(r)", "delta"),
    (M.STEP_FACTOR, "where(small, r,", "where(small, 2 * r,"),
    (M.STEP_FACTOR, "delta * np.sign(r)", "np.sign(r)"),
    (M.PATH_MISSING, "delta * np.sign(r)", "0"),
    (M.AVERAGED, "return X.T", "return 1 / len(y) * X.T"),
    (
        M.ROWS_LEFT_OUT,
        "X.T @ np.where(small, r, delta * np.sign(r))",
        "X[1:].T @ np.where(small, r, delta * np.sign(r))[1:]",
    ),
)


def poisson(w, X, y):
    eta = X @ w
    return np.sum(np.exp(eta) - y * eta)


def poisson_gradient(w, X, y):
    mu = np.exp(X @ w)
    return X.T @ (mu - y)


enter(
    poisson,
    poisson_gradient,
    lambda random: (0.4 * random.normal(size=3), random.normal(size=(8, 3)), random.poisson(2, 8) * 1.0),
    (M.SIGN, "(mu - y)", "(y - mu)"),
    (M.AVERAGED, "X.T @", "1 / len(y) * X.T @"),
    (M.INNER_FACTOR, "(mu - y)", "(1 - y)"),
    (M.AT_INPUT, "(mu - y)", "(X @ w - y)"),
    (M.AT_OUTPUT, "(mu - y)", "(np.exp(mu) - y)"),
    (M.STEP_SIGN, "(mu - y)", "(mu + y)"),
    (M.PATH_MISSING, "(mu - y)", "mu"),
)


def hinge(w, X, y, lam):
    margin = 1 - y * (X @ w)
    return np.mean(np.maximum(margin, 0)) + lam / 2 * np.sum(w**2)


def hinge_gradient(w, X, y, lam):
    active = 1 - y * (X @ w) > 0
    return -X.T @ (active * y) / len(y) + lam * w


enter(
    hinge,
    hinge_gradient,
    lambda random: (*signs(random), 0.1),
    (M.STEP_SIGN, "-X.T", "X.T"),
    (M.TERM_MISSING, " + lam * w", ""),
    (M.TERM_EXTRA, "lam * w", "2 * lam * w"),
    (M.SUMMED, " / len(y)", ""),
    (M.INNER_FACTOR, "(active * y)", "y"),
    (M.INNER_FACTOR, "(active * y)", "active"),
    (M.STEP_SIGN, "+ lam", "- lam"),
)


def squared_hinge(w, X, y):
    margin = np.maximum(1 - y * (X @ w), 0)
    return np.sum(margin**2)


def squared_hinge_gradient(w, X, y):
    margin = np.maximum(1 - y * (X @ w), 0)
    return -2 * X.T @ (margin * y)


enter(
    squared_hinge,
    squared_hinge_gradient,
    signs,
    (M.FACTOR, "-2 *", "-1 *"),
    (M.SIGN, "-2 *", "2 *"),
    (M.INNER_FACTOR, "(margin * y)", "((margin > 0) * y)"),
    (M.INNER_FACTOR, "(margin * y)", "margin"),
    (M.INNER_FACTOR, "np.maximum(1 - y * (X @ w), 0)", "1 - y * (X @ w)"),
    (M.SHIFTED, "(margin * y)", "(margin * np.roll(y, 1) * y * y)"),
    (M.ROWS_LEFT_OUT, "X.T @ (margin * y)", "X[:-1].T @ (margin * y)[:-1]"),
)


def quantile(w, X, y, tau):
    r = y - X @ w
    return np.mean(np.maximum(tau * r, (tau - 1) * r))


def quantile_gradient(w, X, y, tau):
    r = y - X @ w
    slope = np.where(r > 0, tau, tau - 1)
    return -X.T @ slope / len(y)


enter(
    quantile,
    quantile_gradient,
    lambda random: (*rows(random, 9), 0.3),
    (M.SIGN, "-X.T", "X.T"),
    (M.SUMMED, " / len(y)", ""),
    (M.STEP_SIGN, "tau - 1", "1 - tau"),
    (M.PATH_MISSING, "tau - 1", "0"),
    (M.PATH_MISSING, "r > 0, tau,", "r > 0, 0,"),
    (M.ROWS_LEFT_OUT, "-X.T @ slope", "-X[:-1].T @ slope[:-1]"),
    (M.SHIFTED, "@ slope", "@ np.roll(slope, 1)"),
)


def log_cosh(w, X, y):
    return np.mean(np.log(np.cosh(X @ w - y)))


def log_cosh_gradient(w, X, y):
    r = X @ w - y
    return X.T @ np.tanh(r) / len(y)


enter(
    log_cosh,
    log_cosh_gradient,
    rows,
    (M.SIGN, "np.tanh(r)", "np.tanh(-r)"),
    (M.SUMMED, " / len(y)", ""),
    (M.INNER_FACTOR, "np.tanh(r)", "np.sinh(r)"),
    (M.INNER_FACTOR, "np.tanh(r)", "(1 / np.cosh(r))"),
    (M.FACTOR, "X.T", "2 * X.T"),
    (M.SHIFTED, "np.tanh(r)", "np.roll(np.tanh(r), -1)"),
    (M.ROWS_LEFT_OUT, "X.T @ np.tanh(r)", "X[1:].T @ np.tanh(r)[1:]"),
)


def elastic_net(w, X, y, alpha, beta):
    return 0.5 * np.sum((X @ w - y) ** 2) + alpha * np.sum(np.abs(w)) + beta * np.sum(w**2)


def elastic_net_gradient(w, X, y, alpha, beta):
    return X.T @ (X @ w - y) + alpha * np.sign(w) + 2 * beta * w


enter(
    elastic_net,
    elastic_net_gradient,
    lambda random: (*rows(random), 0.6, 0.25),
    (M.TERM_MISSING, " + 2 * beta * w", ""),
    (M.TERM_MISSING, " + alpha * np.sign(w)", ""),
    (M.TERM_MISSING, "2 * beta", "beta"),
    (M.STEP_FACTOR, "return X.T", "return 2 * X.T"),
    (M.STEP_SIGN, "(X @ w - y)", "(y - X @ w)"),
    (M.INNER_FACTOR, "alpha * np.sign(w)", "alpha"),
    (M.STEP_SIGN, "+ alpha", "- alpha"),
)
