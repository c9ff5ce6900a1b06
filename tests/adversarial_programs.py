"""Small programs of numerical analysis over a namespace of mathematical functions: quadrature, roots, equations.

They run with NumPy's functions and with mpmath's, with the same steps and the same branches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Written",
    "adaptive",
    "bisected",
    "gauss",
    "kepler",
    "logistic_map",
    "newton",
    "newton_until",
    "runge_kutta",
    "trapezoids",
]

Written: TypeAlias = Callable[[Any, Any], Any]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


def trapezoids(g: Written, count: int) -> Written:
    def f(m: Any, x: Any) -> Any:
        ends = (g(m, 0 * x) + g(m, x)) / 2
        return (ends + sum(g(m, x * k / count) for k in range(1, count))) * x / count

    return f


def gauss(m: Any, x: Any) -> Any:
    return sum(m.number(w) * m.exp(-x * m.number(t) ** 2) for t, w in zip(NODES, WEIGHTS, strict=True))


def adaptive(tolerance: float) -> Written:
    """Simpson's rule, halved where two halves disagree: the nodes depend on x."""

    def f(m: Any, x: Any) -> Any:
        def g(t: Any) -> Any:
            return m.exp(-t * t) * m.cos(3 * x * t)

        def part(a: Any, b: Any, whole: Any, depth: int) -> Any:
            c = (a + b) / 2
            left, right = ((v - u) / 6 * (g(u) + 4 * g((u + v) / 2) + g(v)) for u, v in ((a, c), (c, b)))
            if abs(left + right - whole) < tolerance or depth > 20:
                return left + right
            return part(a, c, left, depth + 1) + part(c, b, right, depth + 1)

        end = m.number(5)
        return part(0 * end, end, end / 6 * (g(0 * end) + 4 * g(end / 2) + g(end)), 0)

    return f


def newton(steps: int) -> Written:
    def f(m: Any, x: Any) -> Any:
        z = 1 + 0 * x
        for _ in range(steps):
            z = 0.5 * (z + x / z)
        return z

    return f


def newton_until(tolerance: float) -> Written:
    def f(m: Any, x: Any) -> Any:
        z = 1 + 0 * x
        for _ in range(200):
            z, last = 0.5 * (z + x / z), z
            if abs(z - last) <= tolerance * z:
                break
        return z

    return f


def bisected(x: Any) -> Any:
    """The root of z + exp(z) = x, to about 1e-9."""
    low, high = -50.0, 50.0
    for _ in range(37):
        middle = (low + high) / 2
        low, high = (middle, high) if middle + np.exp(middle) < x else (low, middle)
    return low


def kepler(m: Any, x: Any) -> Any:
    z = x
    for _ in range(8):
        z = z - (z - 0.6 * m.sin(z) - x) / (1 - 0.6 * m.cos(z))
    return z


def runge_kutta(steps: int) -> Written:
    def rate(y: Any, x: Any) -> Any:
        return x * y * (1 - y)

    def f(m: Any, x: Any) -> Any:
        y, h = m.number(0.1) + 0 * x, m.number(5) / steps
        for _ in range(steps):
            a = rate(y, x)
            b = rate(y + h / 2 * a, x)
            c = rate(y + h / 2 * b, x)
            y = y + h / 6 * (a + 2 * b + 2 * c + rate(y + h * c, x))
        return y

    return f


def logistic_map(steps: int) -> Written:
    def f(m: Any, x: Any) -> Any:
        y = m.number(0.3) + 0 * x
        for _ in range(steps):
            y = x * y * (1 - y)
        return y

    return f
