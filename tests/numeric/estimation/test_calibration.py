"""What is published about the error of `estimate` holds: against mpmath, on the set that the benchmarks use."""

from __future__ import annotations

from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
from known_derivatives import OWN, REFERENCE, Case, measured_points, truth

from chainrule.numeric import Estimate, Status, estimate

EPS = 2.0**-52
PAIRS = list(measured_points())
# Of numdifftools, at every function and point; less is fewer.
NUMDIFFTOOLS_EVALUATIONS = 31


@cache
def found(case: Case, x: Any, order: int) -> Estimate:
    with np.errstate(all="ignore"):
        return estimate(case.f, x, order)


def errors(pairs: list[tuple[Case, Any]], order: int, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """True and reported errors relative to the truth; the true ones as they are."""
    rows = []
    for case, x in pairs:
        exact, one = truth(case, x, order), found(case, x, order)
        scale = float(abs(exact)) or 1.0
        rows.append((float(abs(exact - float(one.value))) / scale, float(one.error) / scale))
    true, reported = np.array(rows).T
    return true, reported


def test_the_set_is_as_large_as_published() -> None:
    assert len(REFERENCE) == 22
    assert len(OWN) >= 30
    assert len(PAIRS) >= 300
    assert len({case.name for case in (*REFERENCE, *OWN)}) == len(REFERENCE) + len(OWN)


@pytest.mark.parametrize("order", [1, 2])
def test_the_reported_error_holds_the_true_one_and_is_not_far_above_it(order: int) -> None:
    true, reported = errors(PAIRS, order, EPS)
    assert np.mean(true <= reported) >= 0.95
    assert np.median(reported / np.maximum(true, EPS)) <= 100


@pytest.mark.parametrize("order", [1, 2])
def test_in_single_precision(order: int) -> None:
    pairs = []
    for case in REFERENCE:
        for x in map(np.float32, case.points):
            with np.errstate(all="ignore"):
                usable = np.isfinite(case.f(x)) and 1e-35 < float(abs(truth(case, x, order))) < 1e35
            if usable:
                pairs.append((case, x))
    eps = float(np.finfo(np.float32).eps)
    true, reported = errors(pairs, order, eps)
    assert len(pairs) > 150
    assert np.mean(true <= reported) >= 0.95
    assert np.median(reported / np.maximum(true, eps)) <= 100
    assert np.median(true) < {1: 1e-6, 2: 1e-4}[order]


@pytest.mark.parametrize(("order", "goal"), [(1, 1e-12), (2, 1e-9)])
def test_the_median_error(order: int, goal: float) -> None:
    true, _ = errors([(case, case.points[0]) for case in (*REFERENCE, *OWN)], order, EPS)
    assert np.median(true) < goal


@pytest.mark.parametrize("order", [1, 2])
def test_fewer_evaluations_than_numdifftools_everywhere(order: int) -> None:
    assert max(found(case, x, order).evaluations for case, x in PAIRS) < NUMDIFFTOOLS_EVALUATIONS


@pytest.mark.parametrize("order", [1, 2])
def test_smooth_functions_are_never_called_anything_else(order: int) -> None:
    honest = {Status.CONVERGED, Status.ROUNDING}
    assert {found(case, x, order).status for case, x in PAIRS} <= honest


@pytest.mark.parametrize("order", [3, 4])
def test_higher_orders(order: int) -> None:
    pairs = [(case, case.points[0]) for case in REFERENCE if case.name != "square"]
    true, reported = errors(pairs, order, EPS)
    assert np.mean(true <= reported) >= 0.95
    assert np.median(true) < {3: 1e-10, 4: 1e-8}[order]


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2])
def test_at_random_points(order: int) -> None:
    rng = np.random.default_rng(5)
    pairs = []
    for case in (*REFERENCE, *OWN):
        for point in case.points:
            for x in point * (1 + 0.05 * rng.normal(size=10)):
                with np.errstate(all="ignore"):
                    if np.isfinite(case.f(x)):
                        pairs.append((case, float(x)))
    true, reported = errors(pairs, order, EPS)
    assert np.mean(true <= reported) >= 0.95
    assert np.median(reported / np.maximum(true, EPS)) <= 100


INNER: tuple[tuple[Any, Any], ...] = (
    (np.sin, mpmath.sin),
    (np.cos, mpmath.cos),
    (np.exp, mpmath.exp),
    (np.tanh, mpmath.tanh),
    (np.arctan, mpmath.atan),
    (lambda x: x * x, lambda x: x * x),
    (lambda x: 1 / (1 + x * x), lambda x: 1 / (1 + x * x)),
    (lambda x: np.log1p(x * x), lambda x: mpmath.log1p(x * x)),
    (lambda x: np.sqrt(1 + x * x), lambda x: mpmath.sqrt(1 + x * x)),
)


def composition(rng: np.random.Generator) -> tuple[Case, float]:
    """One to three functions inside each other, with random factors and shifts, at a scale from 1e-9 to 1e9."""
    scale = 10.0 ** int(rng.integers(-9, 10))
    layers = [
        (INNER[rng.integers(len(INNER))], float(rng.choice([-1, 1]) * np.exp(1.5 * rng.normal())), float(rng.normal()))
        for _ in range(rng.integers(1, 4))
    ]

    def f(x: Any) -> Any:
        x = x * scale
        for (g, _), factor, shift in layers:
            x = g(factor * x + shift)
        return x

    def exact(x: Any) -> Any:
        x = x * mpmath.mpf(scale)
        for (_, g), factor, shift in layers:
            x = g(mpmath.mpf(factor) * x + mpmath.mpf(shift))
        return x

    return Case("composition", f, exact, ()), float(rng.normal()) / scale


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, 2])
def test_on_functions_that_nothing_was_tuned_to(order: int) -> None:
    rng = np.random.default_rng(7)
    pairs = []
    while len(pairs) < 500:
        case, x = composition(rng)
        with np.errstate(all="ignore"):
            value = case.f(np.float64(x))
        if abs(value) < 1e100 and 1e-100 < float(abs(truth(case, x, order))) < 1e100:
            pairs.append((case, x))
    true, reported = errors(pairs, order, EPS)
    assert np.mean(true <= reported) >= 0.95
    assert np.median(reported / np.maximum(true, EPS)) <= 100
