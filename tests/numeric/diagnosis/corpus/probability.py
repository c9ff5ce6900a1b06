"""Densities, likelihoods, divergences."""

# An edit stands on one line, however long.
# ruff: noqa: N817
from __future__ import annotations

import numpy as np
from numeric.diagnosis.corpus.loss import Loss, entering
from numeric.diagnosis.corpus.regression import sigmoid

from chainrule.numeric.diagnosis import Mistake as M

LOSSES: list[Loss] = []
enter = entering(LOSSES)


def gaussian(mu, logs, x):
    s = np.exp(logs)
    return np.sum(logs + 0.5 * ((x - mu) / s) ** 2)


def gaussian_gradient(mu, logs, x):
    s = np.exp(logs)
    z = (x - mu) / s
    return np.sum(-z / s), np.sum(1 - z**2)


enter(
    gaussian,
    gaussian_gradient,
    lambda random: (0.3 + random.normal(), 0.4 + 0.1 * random.normal(), random.normal(size=8)),
    (M.STEP_SIGN, "-z / s", "z / s"),
    (M.INNER_FACTOR, "-z / s", "-z"),
    (M.PATH_MISSING, "1 - z**2", "-(z**2)"),
    (M.INNER_FACTOR, "1 - z**2", "1 / s - z**2 / s"),
    (M.AVERAGED, "np.sum(1 - z**2)", "np.mean(1 - z**2)"),
    (M.NOT_SUMMED, "np.sum(-z / s)", "-z / s"),
    (M.STEP_SIGN, "1 - z**2", "1 + z**2"),
    argnums=(0, 1),
)


def diagonal_gaussian(mu, sigma, X):
    return np.mean(np.sum(np.log(sigma) + 0.5 * ((X - mu) / sigma) ** 2, axis=1))


def diagonal_gaussian_gradient(mu, sigma, X):
    z = (X - mu) / sigma
    return np.mean(-z / sigma, axis=0), np.mean((1 - z**2) / sigma, axis=0)


enter(
    diagonal_gaussian,
    diagonal_gaussian_gradient,
    lambda random: (random.normal(size=3), random.uniform(0.5, 2, 3), random.normal(size=(7, 3))),
    (M.SUMMED, "np.mean(-z / sigma, axis=0)", "np.sum(-z / sigma, axis=0)"),
    (M.NOT_SUMMED, "np.mean((1 - z**2) / sigma, axis=0)", "(1 - z**2) / sigma / len(X)"),
    (M.SIGN, "-z / sigma", "z / sigma"),
    (M.INNER_FACTOR, "-z / sigma", "-z"),
    (M.PATH_MISSING, "(1 - z**2) / sigma", "-(z**2) / sigma"),
    (
        M.OTHER_ARGUMENT,
        "return np.mean(-z / sigma, axis=0), np.mean((1 - z**2) / sigma, axis=0)",
        "return np.mean((1 - z**2) / sigma, axis=0), np.mean(-z / sigma, axis=0)",
    ),
    (M.INNER_FACTOR, "(1 - z**2) / sigma", "(1 - z**2)"),
    argnums=(0, 1),
)


def mixture(mu, logits, x):
    a = logits - np.log(np.sum(np.exp(logits)))
    L = a - 0.5 * (x[:, None] - mu) ** 2
    return -np.mean(np.log(np.sum(np.exp(L), axis=1)))


def mixture_gradient(mu, logits, x):
    a = logits - np.log(np.sum(np.exp(logits)))
    L = a - 0.5 * (x[:, None] - mu) ** 2
    R = np.exp(L) / np.sum(np.exp(L), axis=1, keepdims=True)
    return -np.mean(R * (x[:, None] - mu), axis=0), -(np.mean(R, axis=0) - np.exp(a))


enter(
    mixture,
    mixture_gradient,
    lambda random: (random.normal(size=3), random.normal(size=3), random.normal(size=8)),
    (M.SIGN, "-np.mean(R * (x", "np.mean(R * (x"),
    (M.PATH_MISSING, "(np.mean(R, axis=0) - np.exp(a))", "np.mean(R, axis=0)"),
    (M.SUMMED, "-np.mean(R * (x[:, None] - mu), axis=0)", "-np.sum(R * (x[:, None] - mu), axis=0)"),
    (M.STEP_SIGN, "- np.exp(a))", "+ np.exp(a))"),
    (M.INNER_FACTOR, "R * (x[:, None] - mu)", "R"),
    (M.FACTOR, "-np.mean(R * (x", "-2 * np.mean(R * (x"),
    (M.NOT_SUMMED, "-np.mean(R * (x[:, None] - mu), axis=0)", "-R * (x[:, None] - mu)"),
    argnums=(0, 1),
)


def logsumexp(x, t):
    return t * np.log(np.sum(np.exp(x / t)))


def logsumexp_gradient(x, t):
    e = np.exp(x / t)
    return e / np.sum(e)


enter(
    logsumexp,
    logsumexp_gradient,
    lambda random: (random.normal(size=5), 0.7),
    (M.INNER_FACTOR, "e / np.sum(e)", "e"),
    (M.INNER_FACTOR, "e / np.sum(e)", "1 / np.sum(e) * np.ones_like(x)"),
    (M.FACTOR, "e / np.sum(e)", "e / np.sum(e) / t"),
    (M.FACTOR, "e / np.sum(e)", "t * e / np.sum(e)"),
    (M.SIGN, "e / np.sum(e)", "-e / np.sum(e)"),
    (M.AVERAGED, "e / np.sum(e)", "e / np.sum(e) / len(x)"),
    (M.SHIFTED, "e / np.sum(e)", "np.roll(e, 1) / np.sum(e)"),
)


def divergence(theta, p):
    q = np.exp(theta) / np.sum(np.exp(theta))
    return np.sum(p * (np.log(p) - np.log(q)))


def divergence_gradient(theta, p):
    q = np.exp(theta) / np.sum(np.exp(theta))
    return q - p


enter(
    divergence,
    divergence_gradient,
    lambda random: (random.normal(size=5), random.dirichlet(np.ones(5))),
    (M.SIGN, "q - p", "p - q"),
    (M.PATH_MISSING, "q - p", "-p"),
    (M.PATH_MISSING, "return q - p", "return q"),
    (M.STEP_SIGN, "q - p", "q + p"),
    (M.FACTOR, "q - p", "2 * (q - p)"),
    (M.SHIFTED, "q - p", "np.roll(q - p, 1)"),
    (M.REORDERED, "q - p", "(q - p)[::-1]"),
)


def entropy(theta):
    q = np.exp(theta) / np.sum(np.exp(theta))
    return np.sum(q * np.log(q))


def entropy_gradient(theta):
    q = np.exp(theta) / np.sum(np.exp(theta))
    g = np.log(q) + 1
    return q * (g - np.sum(q * g))


enter(
    entropy,
    entropy_gradient,
    lambda random: (random.normal(size=5),),
    (M.PATH_MISSING, "q * (g - np.sum(q * g))", "q * g"),
    (M.SIGN, "g = np.log(q) + 1", "g = -np.log(q) - 1"),
    (M.INNER_FACTOR, "return q * (g", "return (g"),
    (M.STEP_SIGN, "- np.sum(q * g)", "+ np.sum(q * g)"),
    (M.FACTOR, "return q", "return 0.5 * q"),
    (M.WRONG_DERIVATIVE, "q * (g - np.sum(q * g))", "q * (1 - q) * g"),
    (M.SHIFTED, "return q * (g - np.sum(q * g))", "return np.roll(q * (g - np.sum(q * g)), -1)"),
)


def student(mu, x, nu):
    return 0.5 * (nu + 1) * np.sum(np.log1p((x - mu) ** 2 / nu))


def student_gradient(mu, x, nu):
    r = x - mu
    return -(nu + 1) * np.sum(r / (nu + r**2), axis=0)


enter(
    student,
    student_gradient,
    lambda random: (random.normal(size=3), random.normal(size=(7, 3)), 4.0),
    (M.SIGN, "r = x - mu", "r = mu - x"),
    (M.INNER_FACTOR, "r / (nu + r**2)", "r / nu"),
    (M.INNER_FACTOR, "r / (nu + r**2)", "r"),
    (M.NOT_SUMMED, "np.sum(r / (nu + r**2), axis=0)", "r / (nu + r**2)"),
    (M.AVERAGED, "np.sum", "np.mean"),
    (M.INNER_FACTOR, "np.sum(r /", "np.sum(1 /"),
    (M.ROWS_LEFT_OUT, "r = x - mu", "r = x[1:] - mu"),
)


def beta_bernoulli(theta, y, a, b):
    p = sigmoid(theta)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) - (a - 1) * np.log(p) - (b - 1) * np.log(1 - p)


def beta_bernoulli_gradient(theta, y, a, b):
    p = sigmoid(theta)
    return len(y) * p - np.sum(y) - (a - 1) * (1 - p) + (b - 1) * p


enter(
    beta_bernoulli,
    beta_bernoulli_gradient,
    lambda random: (random.normal(), random.integers(0, 2, 9) * 1.0, 2.5, 3.5),
    (M.PATH_MISSING, " - (a - 1) * (1 - p)", ""),
    (M.PATH_MISSING, " + (b - 1) * p", ""),
    (M.STEP_SIGN, "+ (b - 1) * p", "- (b - 1) * p"),
    (M.STEP_SIGN, "- (a - 1) * (1 - p)", "+ (a - 1) * (1 - p)"),
    (
        M.SIGN,
        "return len(y) * p - np.sum(y) - (a - 1) * (1 - p) + (b - 1) * p",
        "return -(len(y) * p - np.sum(y) - (a - 1) * (1 - p) + (b - 1) * p)",
    ),
    (
        M.INNER_FACTOR,
        "return len(y) * p - np.sum(y) - (a - 1) * (1 - p) + (b - 1) * p",
        "return (len(y) * p - np.sum(y) - (a - 1) * (1 - p) + (b - 1) * p) / (p * (1 - p))",
    ),
    (M.STEP_FACTOR, "(b - 1) * p", "2 * (b - 1) * p"),
)


def gamma_rate(w, X, y):
    eta = X @ w
    return np.mean(eta + y * np.exp(-eta))


def gamma_rate_gradient(w, X, y):
    mu = np.exp(X @ w)
    return X.T @ (1 - y / mu) / len(y)


enter(
    gamma_rate,
    gamma_rate_gradient,
    lambda random: (0.5 * random.normal(size=3), random.normal(size=(8, 3)), random.gamma(2, 1, 8)),
    (M.SIGN, "(1 - y / mu)", "(y / mu - 1)"),
    (M.STEP_SIGN, "(1 - y / mu)", "(1 + y / mu)"),
    (M.PATH_MISSING, "(1 - y / mu)", "(-y / mu)"),
    (M.INNER_FACTOR, "(1 - y / mu)", "(1 - y)"),
    (M.SUMMED, " / len(y)", ""),
    (M.ROWS_LEFT_OUT, "X.T @ (1 - y / mu)", "X[:-1].T @ (1 - y / mu)[:-1]"),
    (M.WRONG_DERIVATIVE, "(1 - y / mu)", "(1 - y / mu**2)"),
)


def cosine(u, v):
    return 1 - u @ v / (np.sqrt(u @ u) * np.sqrt(v @ v))


def cosine_gradient(u, v):
    a, b = np.sqrt(u @ u), np.sqrt(v @ v)
    c = u @ v / (a * b)
    return -(v / (a * b) - c * u / a**2), -(u / (a * b) - c * v / b**2)


enter(
    cosine,
    cosine_gradient,
    lambda random: tuple(random.normal(size=(2, 5))),
    (M.TERM_MISSING, "v / (a * b) - c * u / a**2", "v / (a * b)"),
    (M.SIGN, "return -(v / (a * b) - c * u / a**2)", "return v / (a * b) - c * u / a**2"),
    (
        M.OTHER_ARGUMENT,
        "return -(v / (a * b) - c * u / a**2), -(u / (a * b) - c * v / b**2)",
        "return -(u / (a * b) - c * v / b**2), -(v / (a * b) - c * u / a**2)",
    ),
    (M.STEP_SIGN, "v / (a * b) - c * u / a**2", "v / (a * b) + c * u / a**2"),
    (M.TERM_EXTRA, "c * u / a**2", "c * u / a"),
    (M.TERM_EXTRA, "c * v / b**2", "c * v"),
    (M.PATH_MISSING, "v / (a * b) - c * u / a**2", "-c * u / a**2"),
    argnums=(0, 1),
)
