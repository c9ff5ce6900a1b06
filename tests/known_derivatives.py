"""Functions of one variable with their twins in mpmath: what numerical derivatives are measured on.

`REFERENCE` are the closed-form example functions of numdifftools, `OWN` are ours: extreme scales, oscillation, flat
stretches, nearby poles. The tests and the benchmarks read the same table. The truth is computed to 50 digits at the
very number that a function is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

__all__ = ["OWN", "REFERENCE", "Case", "measured_points", "truth"]


@dataclass(frozen=True)
class Case:
    """A function, its twin, and the points: the first is that of the table of accuracy, all serve the calibration."""

    name: str
    f: Callable[[Any], Any]
    exact: Callable[[Any], Any]
    points: tuple[float, ...]


def _table(*rows: tuple[str, Callable[[Any], Any], Callable[[Any], Any], tuple[float, ...]]) -> tuple[Case, ...]:
    return tuple(Case(*row) for row in rows)


AROUND = (0.5, -0.3, 1.2, 0.1, 0.9, -1.1, 3.0, 1e-3, 2.0, -0.7, 0.02, 5.0)
INSIDE = (0.5, -0.9, 0.99, 0.1, -0.4, 0.7)

# numdifftools.example_functions.FUN_DICT, at the point of its own tests, 0.5 (1.5 for arccosh), and at others.
REFERENCE = _table(
    ("cosh", np.cosh, mpmath.cosh, AROUND),
    ("cos", np.cos, mpmath.cos, AROUND),
    ("sin", np.sin, mpmath.sin, AROUND),
    ("sinh", np.sinh, mpmath.sinh, AROUND),
    ("tan", np.tan, mpmath.tan, AROUND),
    ("tanh", np.tanh, mpmath.tanh, AROUND),
    ("arccosh", np.arccosh, mpmath.acosh, (1.5, 1.01, 3.0, 100.0)),
    ("arcsinh", np.arcsinh, mpmath.asinh, (0.5, -2.0, 1e-3, 10.0, 100.0)),
    ("arctanh", np.arctanh, mpmath.atanh, INSIDE),
    ("arccos", np.arccos, mpmath.acos, INSIDE),
    ("arcsin", np.arcsin, mpmath.asin, INSIDE),
    ("arctan", np.arctan, mpmath.atan, (0.5, -2.0, 10.0, 100.0, 0.01)),
    ("exp", np.exp, mpmath.exp, (*AROUND, 100.0, -100.0, 600.0, -600.0, 1e-12)),
    ("expm1", np.expm1, mpmath.expm1, AROUND),
    ("exp2", np.exp2, lambda x: mpf(2) ** x, (0.5, -2.0, 10.0, 100.0, 0.01)),
    ("log1p", np.log1p, mpmath.log1p, (0.5, -0.9, 10.0, 1e-3, -0.999)),
    ("log2", np.log2, lambda x: mpmath.log(x) / mpmath.log(2), (0.5, 1e-3, 10.0, 1e6, 1e-9)),
    ("log10", np.log10, mpmath.log10, (0.5, 1e-3, 10.0, 1e6)),
    ("log", np.log, mpmath.log, (0.5, 1e-3, 10.0, 1e6, 1e-12, 1e12)),
    ("sqrt", np.sqrt, mpmath.sqrt, (0.5, 1e-3, 10.0, 1e6, 1e-12, 1e12)),
    ("square", np.square, lambda x: x * x, (0.5, 1e-3, 10.0, 1e6, -1e-12, 1e12)),
    ("inv", lambda x: 1 / x, lambda x: 1 / x, (0.5, 1e-3, 10.0, 1e6, 1e-12, 1e12)),
)

OWN = _table(
    ("sin(1e6 x)", lambda x: np.sin(1e6 * x), lambda x: mpmath.sin(10**6 * x), (1.0, 0.3, 1e-6, 0.0, 17.0)),
    ("sin(1e12 x)", lambda x: np.sin(1e12 * x), lambda x: mpmath.sin(10**12 * x), (1e-12, 3e-12, 1e-10, 0.0)),
    ("exp(1e12 x)", lambda x: np.exp(1e12 * x), lambda x: mpmath.exp(10**12 * x), (1e-12, 1e-11, -3e-12)),
    ("exp(-1e-12 x)", lambda x: np.exp(-1e-12 * x), lambda x: mpmath.exp(-mpf(1e-12) * x), (1e12, 1.0, 1e6, 1e-3)),
    ("sin(x / 1e12)", lambda x: np.sin(x / 1e12), lambda x: mpmath.sin(x / 10**12), (1e12, 3e11, 1e9, 1.0)),
    ("sin at 1e5", np.sin, mpmath.sin, (1e5, -3e4, 1e3, 1e8)),
    ("x^3 at 1e12", lambda x: x**3, lambda x: x**3, (1e12, 1e-12, 1e4, -3.0)),
    ("x^2.5 at 1e-8", lambda x: x**2.5, lambda x: x ** mpf(2.5), (1e-8, 0.5, 1e5, 7.0)),
    ("cbrt at 1e-12", np.cbrt, mpmath.cbrt, (1e-12, 0.5, 1e-8, 1e5)),
    ("cos(50 x)", lambda x: np.cos(50 * x), lambda x: mpmath.cos(50 * x), (0.3, 1.0, 2.2, 10.0)),
    ("sin(30 x)^2", lambda x: np.sin(30 * x) ** 2, lambda x: mpmath.sin(30 * x) ** 2, (0.3, 1.0, 2.2)),
    ("sin(x^2)", lambda x: np.sin(x * x), lambda x: mpmath.sin(x * x), (3.0, 0.3, 10.0, 30.0)),
    ("exp(sin(10 x))", lambda x: np.exp(np.sin(10 * x)), lambda x: mpmath.exp(mpmath.sin(10 * x)), (0.3, 1.0, 5.0)),
    (
        "exp(-x) cos(20 x)",
        lambda x: np.exp(-x) * np.cos(20 * x),
        lambda x: mpmath.exp(-x) * mpmath.cos(20 * x),
        (0.5, 2.0, 0.05, 5.0),
    ),
    (
        "Hermite, degree 9",
        lambda x: ((((x * x - 36) * x * x + 378) * x * x - 1260) * x * x + 945) * x,
        lambda x: ((((x * x - 36) * x * x + 378) * x * x - 1260) * x * x + 945) * x,
        (0.5, 2.0, 3.0, -1.0),
    ),
    ("1 + 1e-8 sin(x)", lambda x: 1 + 1e-8 * np.sin(x), lambda x: 1 + mpf(1e-8) * mpmath.sin(x), (0.3, 1.0, 2.0)),
    (
        "1000 + 1e-4 exp(x)",
        lambda x: 1e3 + 1e-4 * np.exp(x),
        lambda x: 1000 + mpf(1e-4) * mpmath.exp(x),
        (1.0, 0.3, 3.0),
    ),
    ("tanh(10 x)", lambda x: np.tanh(10 * x), lambda x: mpmath.tanh(10 * x), (0.3, 1.0, 0.05)),
    ("exp(-x^2)", lambda x: np.exp(-x * x), lambda x: mpmath.exp(-x * x), (3.0, 0.3, 5.0, 8.0)),
    ("logistic", lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + mpmath.exp(-x)), (5.0, 0.5, 20.0, -20.0, -100.0)),
    (
        "softplus",
        lambda x: np.log1p(np.exp(x)),
        lambda x: mpmath.log1p(mpmath.exp(x)),
        (-10.0, 0.5, 5.0, -30.0),
    ),
    ("cos at 1e-6", np.cos, mpmath.cos, (1e-6, 1e-12, 1e-2)),
    (
        "1 / (x - 1e-9)",
        lambda x: 1 / (x - 1e-9),
        lambda x: 1 / (x - mpf(1e-9)),
        (1.001e-9, 1.1e-9, 2e-9, 1e-8, 0.9e-9, 1.0),
    ),
    ("1 / (1 - x)", lambda x: 1 / (1 - x), lambda x: 1 / (1 - x), (0.999, 0.9, 0.999999, 2.0)),
    ("log(1 - x)", lambda x: np.log(1 - x), lambda x: mpmath.log(1 - x), (0.999, 0.9, -3.0)),
    ("tan near pi/2", np.tan, mpmath.tan, (1.57, 1.5707, 1.5, 1.55)),
    ("1 / (1 + 25 x^2)", lambda x: 1 / (1 + 25 * x * x), lambda x: 1 / (1 + 25 * x * x), (0.3, 1.0, 0.01, 5.0)),
    (
        "1 / (x^2 + 1e-8)",
        lambda x: 1 / (x * x + 1e-8),
        lambda x: 1 / (x * x + mpf(1e-8)),
        (1e-4, 3e-5, 1e-2, 1.0),
    ),
    ("exp(1 / x)", lambda x: np.exp(1 / x), lambda x: mpmath.exp(1 / x), (0.05, 0.5, 2.0, -0.1, 20.0)),
    ("x^x", lambda x: x**x, lambda x: x**x, (0.5, 0.01, 3.0, 10.0)),
    ("sin(x) / x", lambda x: np.sin(x) / x, lambda x: mpmath.sin(x) / x, (2.0, 0.5, 1e-3, 20.0)),
    ("3 x - 1", lambda x: 3 * x - 1, lambda x: 3 * x - 1, (0.5, 2.0, 1e9, 1e-9, 0.0)),
)


def measured_points() -> Iterator[tuple[Case, float]]:
    """Every function with every point."""
    for case in (*REFERENCE, *OWN):
        for x in case.points:
            yield case, x


@cache
def truth(case: Case, x: Any, order: int = 1) -> Any:
    """The derivative to 50 digits at the number x as it is stored: differences so near that 400 digits bear them."""
    with mpmath.workdps(400):
        place = mpf(float(x))
        h = (abs(place) or mpf(10) ** -20) * mpf(10) ** -60
        weights = ((-1) ** i * mpmath.binomial(order, i) for i in range(order + 1))
        values = (case.exact(place + (mpf(order) / 2 - i) * h) for i in range(order + 1))
        found = mpmath.fdot(zip(weights, values, strict=True)) / h**order
    with mpmath.workdps(50):
        return +found
