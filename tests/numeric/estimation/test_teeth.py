"""Functions that are smooth between the jumps of their own rounding only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from chainrule.numeric import Status, estimate

QUOTIENTS: dict[str, Callable[[Any, Any], Any]] = {
    "(1 - cos(x)) / x^2": lambda m, x: (1 - m.cos(x)) / (x * x),
    "(exp(x) - 1) / x": lambda m, x: (m.exp(x) - 1) / x,
    "(sqrt(1 + x) - 1) / x": lambda m, x: (m.sqrt(1 + x) - 1) / x,
    "log(1 + x) / x": lambda m, x: m.log(1 + x) / x,
    "(1 / (1 - x) - 1) / x": lambda m, x: (1 / (1 - x) - 1) / x,
}


@pytest.mark.parametrize("name", QUOTIENTS)
def test_quotients_of_small_differences(name: str) -> None:
    f = QUOTIENTS[name]
    rng = np.random.default_rng(len(name))
    held = []
    for x in 10.0 ** rng.uniform(-12 if "^2" not in name else -6, -2, 40):
        found = estimate(lambda x: f(np, x), float(x))
        with mpmath.workdps(60):
            true = mpmath.diff(lambda x: f(mpmath, x), mpmath.mpf(x), h=mpmath.mpf(x) * mpmath.mpf(10) ** -15)
            held.append(abs(true - found.value) <= found.error)
    assert np.mean(held) >= 0.9


@pytest.mark.parametrize("tooth", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("x", [0.3, 1.0, 7.7])
def test_a_fine_saw_is_noise_about_its_trend(tooth: float, x: float) -> None:
    found = estimate(lambda x: 100 + np.sin(x) + x % tooth, x)
    assert found.status is Status.NOISY
    assert abs(found.value - np.cos(x)) <= found.error < 1e3 * tooth


@pytest.mark.parametrize("distance", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("height", [1e-6, 1e-3, 1.0])
def test_a_single_jump_beside_x_is_no_saw(distance: float, height: float) -> None:
    found = estimate(lambda x: 10 + x * x + height * (x > 1), 1 - distance)
    assert abs(found.value - 2 * (1 - distance)) <= found.error
    if found.status is not Status.NOISY:
        assert found.error < 1e-6
        assert found.status in {Status.CONVERGED, Status.ROUNDING}


@pytest.mark.parametrize("frequency", [1e3, 1e6])
def test_an_oscillation_is_no_saw(frequency: float) -> None:
    found = estimate(lambda x: 100 + np.sin(frequency * x), 0.3)
    with mpmath.workdps(50):
        true = frequency * mpmath.cos(frequency * mpmath.mpf(0.3))
        assert abs(true - found.value) <= found.error <= 1e-4 * abs(true)
