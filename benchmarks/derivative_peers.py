"""Ours and the peers that give a numerical derivative with an error, behind one signature."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.numeric import estimate

# The table of functions belongs to the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from adversarial_derivatives import GROUPS as GROUPS
from known_derivatives import Case, truth

EPS = 2.0**-52


@dataclass(frozen=True)
class Measurement:
    """One derivative: the true error and the reported one, both relative, and the evaluations; NaN where it failed."""

    true: float
    reported: float
    evaluations: int


def counted(f: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], list[int]]:
    """The function, and how many numbers it has been given."""
    count = [0]

    def g(x: Any) -> Any:
        count[0] += int(np.size(x))
        return f(x)

    return g, count


def ours(f: Callable[[Any], Any], x: float, order: int) -> tuple[Any, Any]:
    found = estimate(f, x, order)
    return found.value, found.error


def numdifftools(f: Callable[[Any], Any], x: float, order: int) -> tuple[Any, Any]:
    from numdifftools import Derivative

    found = Derivative(f, n=order, full_output=True)(x)
    return found.estimate, found.error_estimate


def scipy(f: Callable[[Any], Any], x: float, order: int) -> tuple[Any, Any]:
    from scipy.differentiate import derivative, hessian

    if order == 1:
        found = derivative(f, x)
        return found.df, found.error
    found = hessian(lambda vector: f(vector[0]), np.array([x]))
    return found.ddf, found.error


def jacobi(f: Callable[[Any], Any], x: float, order: int) -> tuple[Any, Any]:
    from jacobi import jacobi

    return jacobi(f, x)


Rival = Callable[[Callable[[Any], Any], float, int], tuple[Any, Any]]
RIVALS: dict[str, Rival] = {
    "chainrule": ours,
    "numdifftools": numdifftools,
    "scipy.differentiate": scipy,
    "jacobi": jacobi,
}
PEERS = [name for name in RIVALS if name != "chainrule"]


def rivals(order: int) -> dict[str, Rival]:
    """Those that have derivatives of this order."""
    return {name: rival for name, rival in RIVALS.items() if order == 1 or name != "jacobi"}


def measure(rival: Rival, case: Case, x: Any, order: int) -> Measurement:
    """One rival on one function at one point, against mpmath."""
    exact = truth(case, x, order)
    scale = float(abs(exact)) or 1.0
    f, count = counted(case.f)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            value, error = (float(np.squeeze(number)) for number in rival(f, x, order))
        except (ArithmeticError, ValueError, IndexError):
            return Measurement(float("nan"), float("nan"), count[0])
    if not np.isfinite(value):
        return Measurement(float("nan"), float("nan"), count[0])
    return Measurement(float(abs(exact - value)) / scale, error / scale, count[0])
