"""The fit behind `estimate`: against NumPy's least squares, and what it says of noise and truncation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.numeric.estimation.ladder import Ladder
from chainrule.numeric.estimation.polynomial import fit

T = np.array([s * 2.0**-k for k in range(8) for s in (1.0, -1.001)])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_polynomial_comes_back(order: int) -> None:
    coefficients = [0.5, -1.25, 3.0, 2.0, 0.0]
    found = fit(list(T), list(np.polyval(coefficients, T)), order, 1e-17)
    assert found is not None
    assert abs(found.value - np.polyval(np.polyder(coefficients, order), 0)) <= found.error < 1e-11


def test_the_value_is_that_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    values = T + 0.1 * T**2 + 1e-3 * rng.normal(size=T.size)
    found = fit(list(T), list(values), 1, 1e-17)
    assert found is not None
    t, v = np.append(T, 0), np.append(values, 0)
    slopes = [np.linalg.lstsq(np.vander(t, d + 1), v, rcond=None)[0][-2] for d in range(1, 12)]
    assert np.abs(np.array(slopes) - found.value).min() < 1e-12
    assert 0.3e-3 < found.noise < 3e-3
    assert found.floor == 1e-17


@pytest.mark.parametrize("order", [1, 2])
def test_the_bar_holds_in_noise(order: int) -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        found = fit(list(T), list(np.exp(T) - 1 + 1e-5 * rng.normal(size=T.size)), order, 1e-17)
        assert found is not None
        hits += abs(found.value - 1) <= found.error
    assert hits >= 285


def test_the_scales_of_t_and_v_do_not_matter() -> None:
    one = fit(list(T), list(np.sin(T)), 2, 1e-17)
    other = fit(list(T * 2.0**-300), list(np.sin(T) * 2.0**400), 2, 1e-17 * 2.0**400)
    assert one is not None
    assert other is not None
    assert other.value == pytest.approx(one.value * 2.0**1000)
    assert other.error == pytest.approx(one.error * 2.0**1000)


def test_too_few_or_infinite_samples_have_no_fit() -> None:
    assert fit([1.0, -1.0], [1.0, -1.0], 1, 1e-17) is None
    assert fit(list(T), [math.inf, *T[1:]], 1, 1e-17) is None


def test_a_ladder_asks_for_each_value_once_at_exact_arguments() -> None:
    asked = []

    def phi(t: float) -> float:
        asked.append(t)
        return 3.0 + t

    ladder = Ladder(phi, start=0.125, spacing=lambda t: 2.0**-20)
    assert ladder.sample(-3, 1) == ladder.sample(-3, 1)
    assert ladder.sample(-3, -1)[0] < 0
    assert len(asked) == len(set(asked)) == ladder.evaluations == 3
    # Odd multiples of the grid: their last digits differ, and so does what a factor makes of them.
    assert all((t / 2.0**-20) % 2 == 1 for t in asked[1:])
