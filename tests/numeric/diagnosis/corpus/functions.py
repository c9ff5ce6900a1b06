"""Formulas: elementwise functions, products and quotients, the test functions of optimisation."""

# An edit stands on one line, however long.
# ruff: noqa: N817
from __future__ import annotations

import numpy as np
from numeric.diagnosis.corpus.loss import Loss, entering

from chainrule.numeric.diagnosis import Mistake as M

LOSSES: list[Loss] = []
enter = entering(LOSSES)


def vector(random, n=5):
    return (random.normal(size=n),)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    g = np.zeros_like(x)
    d = x[1:] - x[:-1] ** 2
    g[:-1] = -400 * x[:-1] * d - 2 * (1 - x[:-1])
    g[1:] += 200 * d
    return g


enter(
    rosenbrock,
    rosenbrock_gradient,
    vector,
    (M.PATH_MISSING, "g[1:] += 200 * d", "pass"),
    (M.PATH_MISSING, " - 2 * (1 - x[:-1])", ""),
    (M.STEP_SIGN, "- 2 * (1", "+ 2 * (1"),
    (M.STEP_FACTOR, "-400", "-200"),
    (M.STEP_SIGN, "+= 200", "-= 200"),
    (M.INNER_FACTOR, "-400 * x[:-1] * d", "-200 * d"),
    (M.SHIFTED, "g[1:] += 200 * d", "g[:-1] += 200 * d"),
)


def product(x):
    return np.sum(np.exp(x) * np.sin(x))


def product_gradient(x):
    return np.exp(x) * np.sin(x) + np.exp(x) * np.cos(x)


enter(
    product,
    product_gradient,
    vector,
    (M.PATH_MISSING, " + np.exp(x) * np.cos(x)", ""),
    (M.PATH_MISSING, "np.exp(x) * np.sin(x) + ", ""),
    (M.STEP_SIGN, "+ np.exp(x) * np.cos(x)", "- np.exp(x) * np.cos(x)"),
    (M.INNER_FACTOR, "+ np.exp(x) * np.cos(x)", "+ np.exp(x)"),
    (M.INNER_FACTOR, "+ np.exp(x) * np.cos(x)", "+ np.cos(x)"),
    (M.AT_OUTPUT, "np.cos(x)", "np.cos(np.sin(x))"),
    (
        M.SHIFTED,
        "return np.exp(x) * np.sin(x) + np.exp(x) * np.cos(x)",
        "return np.roll(np.exp(x) * np.sin(x) + np.exp(x) * np.cos(x), 1)",
    ),
)


def quotient(x):
    return np.sum(np.sin(x) / (1 + x**2))


def quotient_gradient(x):
    q = 1 + x**2
    return np.cos(x) / q - np.sin(x) * 2 * x / q**2


enter(
    quotient,
    quotient_gradient,
    vector,
    (M.PATH_MISSING, " - np.sin(x) * 2 * x / q**2", ""),
    (M.STEP_SIGN, "/ q - np", "/ q + np"),
    (M.WRONG_DERIVATIVE, "/ q**2", "/ q"),
    (M.STEP_FACTOR, "np.sin(x) * 2 * x", "np.sin(x) * x"),
    (M.INNER_FACTOR, "np.sin(x) * 2 * x", "np.sin(x)"),
    (M.SIGN, "np.cos(x) / q - np.sin(x) * 2 * x / q**2", "np.sin(x) * 2 * x / q**2 - np.cos(x) / q"),
    (M.INNER_FACTOR, "np.cos(x) / q - np", "np.cos(x) - np"),
)


def composed(x):
    return np.sum(np.sin(np.exp(x**2 / 3)))


def composed_gradient(x):
    u = np.exp(x**2 / 3)
    return np.cos(u) * u * 2 * x / 3


enter(
    composed,
    composed_gradient,
    lambda random: (random.uniform(0.2, 1.6, 5),),
    (M.INNER_FACTOR, "* u * 2 * x / 3", "* 2 * x / 3"),
    (M.INNER_FACTOR, "np.cos(u) * u", "u"),
    (M.INNER_FACTOR, " * 2 * x / 3", ""),
    (M.AT_OUTPUT, "np.cos(u)", "np.cos(np.sin(u))"),
    (M.FACTOR, "2 * x", "x"),
    (M.AT_OUTPUT, "* u *", "* np.exp(u) *"),
    (M.SIGN, "np.cos(u)", "-np.cos(u)"),
)


def powers(x, p):
    return np.sum(np.abs(x) ** p) ** (1 / p)


def powers_gradient(x, p):
    s = np.sum(np.abs(x) ** p)
    return s ** (1 / p - 1) * np.abs(x) ** (p - 1) * np.sign(x)


enter(
    powers,
    powers_gradient,
    lambda random: (random.normal(size=5), 3.0),
    (M.INNER_FACTOR, " * np.sign(x)", ""),
    (M.WRONG_DERIVATIVE, "** (p - 1)", "** p"),
    (M.INNER_FACTOR, "s ** (1 / p - 1) * ", ""),
    (M.FACTOR, "return s", "return p * s"),
    (M.WRONG_DERIVATIVE, "s ** (1 / p - 1)", "s ** (1 / p)"),
    (M.FACTOR, "* np.sign(x)", "* np.sign(x) / p"),
    (M.SIGN, "return s", "return -s"),
)


def polynomial(c, x, y):
    return np.sum((c[0] + c[1] * x + c[2] * x**2 + c[3] * x**3 - y) ** 2)


def polynomial_gradient(c, x, y):
    e = 2 * (c[0] + c[1] * x + c[2] * x**2 + c[3] * x**3 - y)
    return np.array([np.sum(e), np.sum(e * x), np.sum(e * x**2), np.sum(e * x**3)])


enter(
    polynomial,
    polynomial_gradient,
    lambda random: (random.normal(size=4), random.uniform(-1.5, 1.5, 8), random.normal(size=8)),
    (
        M.REORDERED,
        "[np.sum(e), np.sum(e * x), np.sum(e * x**2), np.sum(e * x**3)]",
        "[np.sum(e * x**3), np.sum(e * x**2), np.sum(e * x), np.sum(e)]",
    ),
    (
        M.SHIFTED,
        "[np.sum(e), np.sum(e * x), np.sum(e * x**2), np.sum(e * x**3)]",
        "[np.sum(e * x), np.sum(e * x**2), np.sum(e * x**3), np.sum(e * x**3)]",
    ),
    (M.FACTOR, "e = 2 *", "e ="),
    (
        M.AVERAGED,
        "np.sum(e), np.sum(e * x), np.sum(e * x**2), np.sum(e * x**3)",
        "np.mean(e), np.mean(e * x), np.mean(e * x**2), np.mean(e * x**3)",
    ),
    (M.FACTOR, "np.sum(e * x**3)", "3 * np.sum(e * x**3)"),
    (M.ZERO, "np.sum(e), np.sum(e * x),", "0, np.sum(e * x),"),
    (M.SIGN, "np.sum(e * x**2)", "-np.sum(e * x**2)"),
)


def logarithms(x, w):
    return w @ np.log(1 + np.exp(x) + x**2)


def logarithms_gradient(x, w):
    s = 1 + np.exp(x) + x**2
    return w * (np.exp(x) + 2 * x) / s


enter(
    logarithms,
    logarithms_gradient,
    lambda random: tuple(random.normal(size=(2, 5))),
    (M.INNER_FACTOR, " / s", ""),
    (M.INNER_FACTOR, "w * (np.exp(x) + 2 * x) / s", "w / s"),
    (M.PATH_MISSING, "(np.exp(x) + 2 * x)", "np.exp(x)"),
    (M.PATH_MISSING, "(np.exp(x) + 2 * x)", "2 * x"),
    (M.INNER_FACTOR, "w * (", "("),
    (M.STEP_FACTOR, "2 * x", "x"),
    (M.SIGN, "w * (np", "-w * (np"),
)


def distances(x, C):
    return np.sum(np.sqrt(np.sum((x - C) ** 2, axis=1)))


def distances_gradient(x, C):
    D = x - C
    return np.sum(D / np.sqrt(np.sum(D**2, axis=1, keepdims=True)), axis=0)


enter(
    distances,
    distances_gradient,
    lambda random: (random.normal(size=3), random.normal(size=(6, 3))),
    (M.SIGN, "D = x - C", "D = C - x"),
    (M.INNER_FACTOR, "D / np.sqrt(np.sum(D**2, axis=1, keepdims=True))", "D"),
    (M.FACTOR, "np.sum(D /", "2 * np.sum(D /"),
    (
        M.NOT_SUMMED,
        "return np.sum(D / np.sqrt(np.sum(D**2, axis=1, keepdims=True)), axis=0)",
        "return D / np.sqrt(np.sum(D**2, axis=1, keepdims=True))",
    ),
    (M.AVERAGED, "np.sum(D /", "np.mean(D /"),
    (M.ROWS_LEFT_OUT, "D = x - C", "D = x - C[:-1]"),
    (M.WRONG_DERIVATIVE, "np.sqrt(np.sum(D**2, axis=1, keepdims=True))", "np.sum(D**2, axis=1, keepdims=True)"),
)


def smoothing(x, y, lam):
    return 0.5 * np.sum((x - y) ** 2) + lam * np.sum(np.diff(x) ** 2)


def smoothing_gradient(x, y, lam):
    g = x - y
    d = np.diff(x)
    g[1:] += 2 * lam * d
    g[:-1] -= 2 * lam * d
    return g


enter(
    smoothing,
    smoothing_gradient,
    lambda random: (*random.normal(size=(2, 6)), 0.8),
    (M.PATH_MISSING, "g[1:] += 2 * lam * d", "pass"),
    (M.PATH_MISSING, "g[:-1] -= 2 * lam * d", "pass"),
    (M.STEP_SIGN, "g[:-1] -=", "g[:-1] +="),
    (M.STEP_SIGN, "g = x - y", "g = y - x"),
    (M.PATH_MISSING, "g = x - y", "g = 0 * y"),
    (M.STEP_SIGN, "g[1:] +=", "g[1:] -="),
    (M.STEP_FACTOR, "g = x - y", "g = 2 * (x - y)"),
)


def angles(a, b):
    return np.sum(np.cos(a) * np.sin(b) + np.arctan(a * b))


def angles_gradient(a, b):
    q = 1 / (1 + (a * b) ** 2)
    return -np.sin(a) * np.sin(b) + b * q, np.cos(a) * np.cos(b) + a * q


enter(
    angles,
    angles_gradient,
    lambda random: tuple(random.normal(size=(2, 5))),
    (M.STEP_SIGN, "-np.sin(a)", "np.sin(a)"),
    (M.INNER_FACTOR, "b * q", "q"),
    (M.WRONG_DERIVATIVE, "b * q", "a * q"),
    (
        M.OTHER_ARGUMENT,
        "return -np.sin(a) * np.sin(b) + b * q, np.cos(a) * np.cos(b) + a * q",
        "return np.cos(a) * np.cos(b) + a * q, -np.sin(a) * np.sin(b) + b * q",
    ),
    (M.INNER_FACTOR, "q = 1 / (1 + (a * b) ** 2)", "q = 1"),
    (M.PATH_MISSING, " + a * q", ""),
    (M.AT_OUTPUT, "(1 + (a * b) ** 2)", "(1 + np.arctan(a * b) ** 2)"),
    argnums=(0, 1),
)


def pendulum(theta, omega, m, g):
    return np.sum(0.5 * m * omega**2 - m * g * np.cos(theta))


def pendulum_gradient(theta, omega, m, g):
    return m * g * np.sin(theta), m * omega


enter(
    pendulum,
    pendulum_gradient,
    lambda random: (*random.normal(size=(2, 5)), 1.3, 9.81),
    (M.SIGN, "m * g * np.sin(theta)", "-m * g * np.sin(theta)"),
    (M.FACTOR, "m * g * np.sin(theta)", "g * np.sin(theta)"),
    (M.FACTOR, "m * omega", "2 * m * omega"),
    (M.INNER_FACTOR, "m * g * np.sin(theta)", "m * g * np.ones_like(theta)"),
    (M.OTHER_ARGUMENT, "return m * g * np.sin(theta), m * omega", "return m * omega, m * g * np.sin(theta)"),
    (M.WRONG_DERIVATIVE, "np.sin(theta)", "np.cos(theta)"),
    (M.FACTOR, "m * omega", "omega"),
    argnums=(0, 1),
)
