"""Functions that an enemy of numerical derivatives would choose, with what mpmath makes of the same lines.

Each is written once, over a namespace of mathematical functions, and runs with NumPy's for the estimate and with
mpmath's for the truth: the same loops, the same branches, without rounding. Where noise is added, digits are dropped
or a root is bisected, the truth is that of the function meant. A group stands for a kind of trouble.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any, TypeAlias

import mpmath
import numpy as np
from adversarial_programs import (
    Written,
    adaptive,
    bisected,
    gauss,
    kepler,
    logistic_map,
    newton,
    newton_until,
    runge_kutta,
    trapezoids,
)
from known_derivatives import Case

__all__ = ["GROUPS"]

Pair: TypeAlias = tuple[Case, Any]

NAMES = ["exp", "log", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh", "sqrt", "expm1", "log1p"]
NUMPY = SimpleNamespace(
    **{name: getattr(np, name) for name in NAMES},
    asin=np.arcsin,
    acos=np.arccos,
    atan=np.arctan,
    acosh=np.arccosh,
    atanh=np.arctanh,
    pi=math.pi,
    number=np.float64,
)
EXACT = SimpleNamespace(
    **{name: getattr(mpmath, name) for name in NAMES},
    asin=mpmath.asin,
    acos=mpmath.acos,
    atan=mpmath.atan,
    acosh=mpmath.acosh,
    atanh=mpmath.atanh,
    pi=math.pi,
    number=mpmath.mpf,
)


def pairs(name: str, written: Written, points: Iterable[Any]) -> list[Pair]:
    """A function at points, both as it is written."""
    case = Case(name, lambda x: written(NUMPY, x), lambda x: written(EXACT, x), ())
    return [(case, x) for x in points]


def meant(name: str, f: Callable[[Any], Any], exact: Written, points: Iterable[Any]) -> list[Pair]:
    """A function that computes something else than what is meant: noise, tolerances, few digits."""
    case = Case(name, f, lambda x: exact(EXACT, x), ())
    return [(case, x) for x in points]


def crossed(rows: dict[str, Written], points: Iterable[Any]) -> list[Pair]:
    points = list(points)
    return [pair for name, written in rows.items() for pair in pairs(name, written, points)]


def cancelling() -> list[Pair]:
    rows = [
        *pairs(
            "log(1 + exp(x))", lambda m, x: m.log(1 + m.exp(x)), (-5.0, -15.0, -25.0, -33.0, -36.5, -37.0, -40.0, -99.0)
        ),
        *pairs("1 - cos(x)", lambda m, x: 1 - m.cos(x), (1e-9, 1e-8, 1.1e-8, 1e-7, 1e-5, 1e-3, -1e-8)),
        *pairs("(1 - cos(x)) / x^2", lambda m, x: (1 - m.cos(x)) / (x * x), (1e-7, 1e-6, 1e-4, 1e-2)),
        *pairs("(exp(x) - 1) / x", lambda m, x: (m.exp(x) - 1) / x, (1e-12, 1e-9, 1e-6, 1e-3)),
        *pairs("sqrt(x + 1) - sqrt(x)", lambda m, x: m.sqrt(x + 1) - m.sqrt(x), (1.0, 1e4, 1e8, 1e12, 1e15, 1e17)),
        *pairs("x - sin(x)", lambda m, x: x - m.sin(x), (1e-9, 1e-6, 1e-4, 1e-2)),
        *pairs("tan(x) - sin(x)", lambda m, x: m.tan(x) - m.sin(x), (1e-7, 1e-4, 1e-2)),
        *pairs("1 - tanh(x)", lambda m, x: 1 - m.tanh(x), (5.0, 15.0, 18.0, 19.5, 25.0)),
        *pairs("1 - logistic", lambda m, x: 1 - 1 / (1 + m.exp(-x)), (10.0, 30.0, 36.0, 40.0)),
        *pairs("logistic", lambda m, x: 1 / (1 + m.exp(-x)), (30.0, 36.0, 40.0, 300.0)),
        *pairs("sinh from exp", lambda m, x: (m.exp(x) - m.exp(-x)) / 2, (1e-12, 1e-6, 1e-2)),
        *pairs("(x - 1)^7 written out", written_out, (1.0, 1.001, 1.02, 0.9, 1.3)),
        *pairs("acos(1 - x)", lambda m, x: m.acos(1 - x), (1e-12, 1e-8, 1e-4)),
        *pairs("log(x + sqrt(x^2 + 1))", lambda m, x: m.log(x + m.sqrt(x * x + 1)), (-1e3, -1e6, -1e8, 1e-9)),
        *pairs("sqrt(1 + x^2) - 1", lambda m, x: m.sqrt(1 + x * x) - 1, (1e-9, 1e-8, 1e-6, 1e-3)),
    ]
    for large in (1e3, 1e6, 1e9, 1e12, 1e14, 1e15, 1e16):
        rows += pairs(f"{large:g} + sin(x)", lambda m, x, c=large: c + m.sin(x), (1.0, 2.5))
        rows += pairs(f"({large:g} + exp(x)) - {large:g}", lambda m, x, c=large: (c + m.exp(x)) - c, (0.3, -9.0, -30.0))
    return rows


def written_out(m: Any, x: Any) -> Any:
    return ((((((x - 7) * x + 21) * x - 35) * x + 35) * x - 21) * x + 7) * x - 1


def oscillating() -> list[Pair]:
    rows = []
    for rate in (1e6, 1e9):
        rows += crossed(
            {
                f"sin({rate:g} x)": lambda m, x, w=rate: m.sin(w * x),
                f"exp(-x) cos({rate:g} x)": lambda m, x, w=rate: m.exp(-x) * m.cos(w * x),
                f"x + sin({rate:g} x)": lambda m, x, w=rate: x + m.sin(w * x),
                f"x sin({rate:g} x)": lambda m, x, w=rate: x * m.sin(w * x),
                f"sin(x) + sin({rate:g} x) / 1000": lambda m, x, w=rate: m.sin(x) + m.sin(w * x) / 1000,
            },
            (0.0, 1e-3, 0.3, 1.0, 10.0),
        )
    rows += pairs("sin(1e6 x^2)", lambda m, x: m.sin(1e6 * x * x), (1e-3, 0.01, 1.0))
    rows += pairs("sin(1e6 / x)", lambda m, x: m.sin(1e6 / x), (1.0, 100.0, 1e4, 1e8))
    rows += pairs("sin(exp(x))", lambda m, x: m.sin(m.exp(x)), (1.0, 8.0, 14.0, 20.0))
    rows += pairs("cos(1000 x) cos(1e6 x)", lambda m, x: m.cos(1000 * x) * m.cos(1e6 * x), (0.1, 1.0, 3.0))
    rows += pairs("sin(x) + sin(1e6 x) / 1e6", lambda m, x: m.sin(x) + m.sin(1e6 * x) / 1e6, (0.3, 1.0))
    return rows


def steep() -> list[Pair]:
    rows = []
    for k in (1e3, 1e6, 1e9, 1e12):
        near = [part / k for part in (0.0, 0.1, 1.0, -5.0, 30.0)]
        rows += pairs(f"tanh({k:g} x)", lambda m, x, k=k: m.tanh(k * x), (*near, 0.3))
        rows += pairs(f"atan({k:g} x)", lambda m, x, k=k: m.atan(k * x), (*near, 0.3))
        if k < 1e10:
            beside = [1 + part / k for part in (0.0, 0.5, -2.0, 12.0)]
            rows += pairs(
                f"logistic({k:g} (x - 1))", lambda m, x, k=k: 1 / (1 + m.exp(-k * (x - 1))), (*beside, 0.999, 2.0)
            )
            rows += pairs(f"exp(-({k:g} (x - 1))^2)", lambda m, x, k=k: m.exp(-((k * (x - 1)) ** 2)), beside[1:])
    return rows


def pieces() -> list[Pair]:
    rows = []
    for d in (1e-3, 1e-5, 1e-7, 1e-9):
        rows += crossed(
            {
                "|x - 1| + x^2": lambda m, x: abs(x - 1) + x * x,
                "x^2 above 1, 2 x - 1 below": lambda m, x: x * x if x > 1 else 2 * x - 1,
                "(x - 1)^3 above 1": lambda m, x: x + (x - 1) ** 3 if x > 1 else x,
                "a jump at 1": lambda m, x: x * x + 1 if x > 1 else 3 * x,
                "a small jump at 1": lambda m, x: x * x + 1e-6 if x > 1 else x * x,
                "nought below 1": lambda m, x: (x - 1) * 5 if x > 1 else 0 * x,
                "nought below 1, a jump": lambda m, x: 5 + x if x > 1 else 0 * x,
                "one of two parabolas": lambda m, x: max(x * x, 2 - x * x),
            },
            (1 + d, 1 - d),
        )
    return rows


GRID = np.linspace(0, 3, 13)
MIDDLE = np.linspace(0, 3, 301)
FINE = np.linspace(0, 3, 3001)


def between(grid: Any, values: Any) -> Written:
    """Linear interpolation, in the arithmetic of its argument."""

    def f(m: Any, x: Any) -> Any:
        k = min(max(int(np.searchsorted(grid, float(x))) - 1, 0), len(grid) - 2)
        low, high = m.number(grid[k]), m.number(grid[k + 1])
        a, b = m.number(values[k]), m.number(values[k + 1])
        return a + (b - a) * (x - low) / (high - low)

    return f


def hermite(grid: Any, values: Any, slopes: Any) -> Written:
    """Cubic interpolation with given slopes, in the arithmetic of its argument."""

    def f(m: Any, x: Any) -> Any:
        k = min(max(int(np.searchsorted(grid, float(x))) - 1, 0), len(grid) - 2)
        low, h = m.number(grid[k]), m.number(grid[k + 1]) - m.number(grid[k])
        a, b, c, d = (m.number(row[j]) for row, j in ((values, k), (values, k + 1), (slopes, k), (slopes, k + 1)))
        s = (x - low) / h
        return a + s * (h * c + s * (3 * (b - a) - h * (2 * c + d) + s * (2 * (a - b) + h * (c + d))))

    return f


def tables() -> list[Pair]:
    points = (0.1104, 0.4003, 0.90007, 1.2345, 1.69951, 2.20001, 2.7107, 2.9992)
    return [
        *pairs("table of sin, 13 points", between(GRID, np.sin(GRID)), points),
        *pairs("table of sin, 3001 points", between(FINE, np.sin(FINE)), points),
        *pairs("table of exp, 4 digits", between(GRID, np.round(np.exp(GRID), 4)), points),
        *pairs("cubic table of sin, 13 points", hermite(GRID, np.sin(GRID), np.cos(GRID)), points),
        *pairs("cubic table of sin, 301 points", hermite(MIDDLE, np.sin(MIDDLE), np.cos(MIDDLE)), points),
        *pairs("cubic table of sin, 3001 points", hermite(FINE, np.sin(FINE), np.cos(FINE)), points[:2]),
        *meant("numpy.interp", lambda x: np.interp(x, GRID, GRID**2), between(GRID, GRID**2), points),
    ]


def hashed(x: Any) -> Any:
    """Between -1/2 and 1/2, without any relation between numbers however near, yet the same for the same x."""
    return int.from_bytes(blake2b(np.float64(x).tobytes(), digest_size=4).digest(), "little") / 2**32 - 0.5


def noisy() -> list[Pair]:
    rows = []
    for level in (1e-10, 1e-8, 1e-6, 1e-4, 1e-3):
        for name, written, points in (
            ("sin", lambda m, x: m.sin(x), (0.0, 1.0, 1.5, 30.0)),
            ("exp", lambda m, x: m.exp(x), (-2.0, 0.5, 3.0)),
            ("1 / x", lambda m, x: 1 / x, (0.01, 1.0, 50.0)),
            ("x^2", lambda m, x: x * x, (1e-3, 2.0)),
        ):
            rows += meant(
                f"{name}, noise {level:g}",
                lambda x, f=written, s=level: f(NUMPY, x) + s * hashed(x),
                written,
                points,
            )
        rows += meant(
            f"cos, relative noise {level:g}",
            lambda x, s=level: 1e5 * np.cos(x) * (1 + s * hashed(x)),
            lambda m, x: 1e5 * m.cos(x),
            (0.2, 1.0),
        )
    return rows


def narrow() -> list[Pair]:
    rows = []
    for name, written, points in (
        ("sin", lambda m, x: m.sin(x), (0.3, 2.0, 50.0)),
        ("logistic", lambda m, x: 1 / (1 + m.exp(-x)), (0.0, 5.0, 12.0)),
        ("log(1 + exp(x))", lambda m, x: m.log(1 + m.exp(x)), (-20.0, -8.0, 3.0)),
        ("1 - cos(x)", lambda m, x: 1 - m.cos(x), (1e-4, 0.01, 1.0)),
        ("exp(-x^2)", lambda m, x: m.exp(-x * x), (0.5, 3.0)),
        ("x^3 - x", lambda m, x: x * x * x - x, (1.0, 100.0)),
        ("sqrt", lambda m, x: m.sqrt(x), (1e-6, 2.0)),
    ):
        rows += meant(f"{name}, single", lambda x, f=written: f(NUMPY, x), written, map(np.float32, points))
        rows += meant(f"{name}, single inside", lambda x, f=written: float(f(NUMPY, np.float32(x))), written, points)
        rows += meant(f"{name}, half", lambda x, f=written: f(NUMPY, x), written, [np.float16(x) for x in points[:1]])
    return rows


def integrals() -> list[Pair]:
    points = (0.1, 0.7, 1.3, 4.0)
    return [
        *pairs("trapezoids of exp(sin(t))", trapezoids(lambda m, t: m.exp(m.sin(t)), 50), (0.3, 2.0, 10.0)),
        *pairs("trapezoids of |sin(9 t)|", trapezoids(lambda m, t: abs(m.sin(9 * t)), 100), (0.3, 1.0, 2.0)),
        *pairs("Gauss, 20 nodes", gauss, (0.0, 1.0, 30.0, 1e3, 1e-9)),
        *pairs("adaptive, 1e-4", adaptive(1e-4), points[:3]),
        *pairs("adaptive, 1e-6", adaptive(1e-6), points[:3]),
        *pairs("adaptive, 1e-10", adaptive(1e-10), points[:3]),
    ]


def loops() -> list[Pair]:
    wide = (1.0, 7.0, 90.0, 1e3, 1e4, 2e4, 5e4, 1e5)
    return [
        *pairs("Newton's root, 4 steps", newton(4), wide),
        *pairs("Newton's root, 6 steps", newton(6), wide),
        *pairs("Newton's root, 10 steps", newton(10), wide),
        *pairs("Newton's root to 1e-3", newton_until(1e-3), wide[:5]),
        *pairs("Newton's root to 1e-12", newton_until(1e-12), wide[:5]),
        *meant("bisection", bisected, lambda m, x: x - mpmath.lambertw(mpmath.exp(x)).real, (0.5, 2.0, 20.0)),
        *pairs("Kepler's equation", kepler, (0.1, 1.0, 3.0, 6.0)),
        *pairs("Runge and Kutta, 20 steps", runge_kutta(20), (0.1, 1.0, 4.0, 10.0)),
        *pairs("Runge and Kutta, 200 steps", runge_kutta(200), (0.1, 1.0, 4.0)),
        *pairs("logistic map, 10 steps", logistic_map(10), (2.5, 3.3, 3.9)),
        *pairs("logistic map, 30 steps", logistic_map(30), (2.5, 3.3, 3.9)),
    ]


def extreme() -> list[Pair]:
    rows = []
    for scale in (1e-200, 1e-100, 1e100, 1e200):
        s = scale
        rows += pairs(f"sin(x / {s:g})", lambda m, x, s=s: m.sin(x / s), (s, 0.3 * s, 1e-3 * s))
        rows += pairs(f"{s:g} exp(x)", lambda m, x, s=s: s * m.exp(x), (0.0, 1.0, -20.0))
        rows += pairs(f"{s:g} / (1 + x^2)", lambda m, x, s=s: s / (1 + x * x), (0.5, 1e5))
        rows += pairs("sqrt", lambda m, x: m.sqrt(x), (s,))
        rows += pairs("log", lambda m, x: m.log(x), (s,))
        rows += pairs(f"{s:g} + x", lambda m, x, s=s: s + x, (3 * s,))
    rows += pairs("x^2", lambda m, x: x * x, (1e-200, 1e-160, 1e-150, 1e150, 1e153))
    rows += pairs("1 / x", lambda m, x: 1 / x, (1e-150, 1e150, 1e-153, 1e160))
    rows += pairs("1e-310 sin(x)", lambda m, x: 1e-310 * m.sin(x), (1.0, 0.0))
    rows += pairs("1e-320 sin(x)", lambda m, x: 1e-320 * m.sin(x), (1.0,))
    rows += pairs("sin", lambda m, x: m.sin(x), (5e-324, 1e-320, 1e-310, 1e-300, 1e10, 1e15))
    rows += pairs("1e300 x", lambda m, x: 1e300 * x, (1.0, 1e5))
    rows += pairs("exp(-1 / x^2)", lambda m, x: m.exp(-1 / (x * x)), (0.01, 0.0365, 0.038, 0.05, 0.2))
    rows += pairs("exp(-x)", lambda m, x: m.exp(-x), (700.0, 720.0, 740.0, 750.0, 1e4))
    return rows


def one_sided() -> list[Pair]:
    rows = []
    for d in (1e-2, 1e-5, 1e-9, 1e-14):
        rows += crossed(
            {
                "sqrt": lambda m, x: m.sqrt(x),
                "x log(x)": lambda m, x: x * m.log(x),
                "x^1.5": lambda m, x: x * m.sqrt(x),
                "log(log1p(x))": lambda m, x: m.log(m.log1p(x)),
            },
            (d,),
        )
        rows += crossed(
            {
                "sqrt(1 - x)": lambda m, x: m.sqrt(1 - x),
                "asin": lambda m, x: m.asin(x),
                "atanh": lambda m, x: m.atanh(x),
                "log(1 - x^2)": lambda m, x: m.log(1 - x * x),
            },
            (1 - d,),
        )
        rows += pairs("acosh", lambda m, x: m.acosh(x), (1 + d,))
    return rows


GROUPS: dict[str, Callable[[], list[Pair]]] = {
    "near-cancelling": cancelling,
    "oscillating at 1e6 and 1e9": oscillating,
    "steep sigmoids and peaks": steep,
    "a break from 1e-3 to 1e-9 beside x": pieces,
    "interpolated tables": tables,
    "noise from 1e-10 to 1e-3": noisy,
    "single and half precision": narrow,
    "quadrature": integrals,
    "Newton, ODE and other loops": loops,
    "scales of 1e-320 to 1e300": extreme,
    "beside the edge of the domain": one_sided,
}
