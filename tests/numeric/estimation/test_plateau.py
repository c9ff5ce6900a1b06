"""Functions that do not move around x: constants, steps, and changes that are lost in rounding."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from chainrule.numeric import Status, estimate
from chainrule.numeric.estimation.ladder import Ladder
from chainrule.numeric.estimation.plateau import plateau
from chainrule.numeric.estimation.polynomial import steepest


@pytest.mark.parametrize("x", [-20.0, -33.0, -36.5, -36.75, -37.0, -40.0, -60.0, -99.0, -600.0])
def test_a_slope_lost_in_rounding_is_within_the_bar(x: float) -> None:
    found = estimate(lambda x: np.log(1 + np.exp(x)), x)
    with mpmath.workdps(400):
        true = 1 / (1 + mpmath.exp(-mpmath.mpf(x)))
        assert abs(true - found.value) <= found.error
    assert found.error < 1e-13
    assert found.status is (Status.ROUNDING if x < -25 else found.status)


@pytest.mark.parametrize("x", [1e-9, 1e-8, -1e-8, 1.05e-8, 1.1e-8, 1e-7])
@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200])
def test_wider_steps_find_a_slope_that_small_ones_cannot_see(x: float, scale: float) -> None:
    found = estimate(lambda x: scale * (1 - np.cos(x)), x)
    assert abs(found.value / scale - math.sin(x)) <= found.error / scale < 1e-13
    assert found.status is Status.ROUNDING


GROWING: tuple[tuple[Callable[[Any], Any], Callable[[float], float]], ...] = (
    (np.exp, math.exp),
    (np.sin, math.cos),
    (np.arctan, lambda x: 1 / (1 + x * x)),
    (lambda x: x * x, lambda x: 2 * x),
    (lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
)


def test_large_numbers_that_cancel_hide_no_slope_from_the_bar() -> None:
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(150):
        f, slope = GROWING[rng.integers(len(GROWING))]
        large, x = 10.0 ** rng.uniform(0, 15), float(rng.normal() * 10.0 ** rng.uniform(-6, 1))
        found = estimate(lambda x, f=f, c=large: (c + f(x)) - c, x)
        hits += abs(found.value - slope(x)) <= found.error
        assert found.status in {Status.CONVERGED, Status.ROUNDING, Status.NOISY, Status.UNRESOLVED, Status.JUMP}
    assert hits >= 147


@pytest.mark.parametrize("large", [1e14, 1e15, 1e16, 1e17])
@pytest.mark.parametrize("x", [0.7, 1.0, 2.5])
def test_a_bar_as_large_as_the_slope_is_not_converged(large: float, x: float) -> None:
    found = estimate(lambda x: large + np.sin(x), x)
    assert abs(found.value - math.cos(x)) <= found.error
    if found.value:
        assert found.status is Status.ROUNDING


@pytest.mark.parametrize("x", [0.5, 0.01, 7.25, -3.5])
def test_a_staircase_has_the_slope_of_its_steps_and_that_of_its_trend_within_the_bar(x: float) -> None:
    found = estimate(np.floor, x)
    assert abs(found.value) <= found.error < 1e3
    assert abs(found.value - 1) <= found.error
    assert found.status in {Status.NOISY, Status.ROUNDING}


@pytest.mark.parametrize("distance", [1.0, 1e-3, 1e-9])
@pytest.mark.parametrize("below", [0.0, 3.0, -1e5])
def test_a_single_step_beside_x_is_no_rounding(distance: float, below: float) -> None:
    for f in (
        lambda x: np.where(x > 1, below + 6, below),
        lambda x: np.where(x > 1, below + 5 + x, below),
        lambda x: below + np.maximum(x - 1, 0),
    ):
        found = estimate(f, 1 - distance)
        assert found.value == 0
        assert found.error <= 1e-14 * (1 + abs(below)) / distance
        assert found.status in {Status.CONVERGED, Status.ROUNDING}
        assert found.status is Status.CONVERGED or found.error > 1e-9


def test_constants_take_few_evaluations() -> None:
    assert all(estimate(lambda x, c=c: c, x).evaluations < 30 for c in (0.0, 2.0) for x in (0.0, 1e-9, 1.0, 1e9))


@pytest.mark.parametrize("order", [2, 3])
def test_higher_orders(order: int) -> None:
    for x in (1e-9, 1e-8):
        found = estimate(lambda x: 1 - np.cos(x), x, order)
        assert abs(found.value - [math.cos(x), -math.sin(x)][order - 2]) <= found.error < 1e-9
    found = estimate(lambda x: np.log(1 + np.exp(x)), -40.0, order)
    assert abs(found.value - math.exp(-40)) <= found.error < 1e-14
    assert found.status is Status.ROUNDING


def test_where_the_plateau_ends_and_what_it_is() -> None:
    def ladder(f: Callable[[float], float]) -> Ladder:
        return Ladder(f, start=0.125, least=1e-9)

    found = plateau(ladder(lambda t: math.floor(t + 0.5)), -3)
    assert found is not None
    assert found.reach == pytest.approx(0.5, rel=0.01)
    assert (found.step, found.staircase, found.rounded) == (1.0, True, False)
    single = plateau(ladder(lambda t: float(t > 0.5)), -3)
    assert single is not None
    assert (single.step, single.staircase) == (1.0, False)
    assert plateau(ladder(lambda t: 0.0), -3) is None
    assert plateau(ladder(lambda t: 0.0 if t < 3 else math.nan), -3) is None


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_no_polynomial_within_1_is_steeper(order: int) -> None:
    rng = np.random.default_rng(order)
    grid = np.linspace(-1, 1, 400)
    for _ in range(200):
        one = np.polynomial.Polynomial(rng.normal(size=order + 3))
        assert abs(one.deriv(order)(0)) <= steepest(order) * np.abs(one(grid)).max() * 1.001
