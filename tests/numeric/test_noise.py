"""The measured noise of a function, against noise that was put in."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.numeric.noise import noise_level, noise_levels
from chainrule.numeric.probe import Probe
from chainrule.numeric.samples import Samples

EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize("x", [1e-12, 0.3, 1e6])
@pytest.mark.parametrize("sigma", [1e-12, 1e-9, 1e-6, 1e-3])
def test_random_noise_is_found(x, sigma):
    random = np.random.default_rng(11)
    probe = Probe(lambda v: np.cos(v) + sigma * random.standard_normal())
    assert sigma / 4 < noise_level(probe, np.array(x), EPS) < 4 * sigma
    assert probe.evaluations <= 92


@pytest.mark.parametrize(
    ("f", "x", "size"),
    [
        (np.exp, 1.0, np.e),
        (np.sin, 1e12, 1.0),
        (lambda x: np.sin(1e12 * x), 1e-12, 1.0),
        (np.log, 1e-12, 28.0),
        (np.square, 1e-12, 1e-24),
        (np.exp, 1e-12, 1.0),
    ],
)
def test_a_function_that_varies_is_not_taken_for_noise(f, x, size):
    assert EPS * size / 100 < noise_level(Probe(f), np.array(x), EPS) < 100 * EPS * size


@pytest.mark.parametrize("places", [3, 6, 9])
def test_stairs(places):
    # A stair is off by a uniform number within half of its height.
    expected = 10.0**-places / 12**0.5
    found = noise_level(Probe(lambda x: np.round(np.exp(x), places)), np.array(1.0), EPS)
    assert expected / 5 < found < 5 * expected


def test_cancellation_and_float32_inside():
    cancelling = noise_level(Probe(lambda x: (1e6 + np.sin(x)) - 1e6), np.array(1.0), EPS)
    assert 1e-11 < cancelling < 1e-9
    inside = noise_level(Probe(lambda x: float(np.exp(np.float32(x)))), np.array(1.0), EPS)
    assert 1e-8 < inside < 1e-6


def test_each_output_has_its_own():
    random = np.random.default_rng(2)
    f = lambda x: np.sin(x) + np.array([0.0, 1e-9, 1e-3]) * random.standard_normal(3)
    found = noise_levels(Samples(Probe(f), np.array([0.5, 1.0, 1.5])), EPS)
    assert found.shape == (3,)
    assert found[0] < 1e-15
    assert found[1:] == pytest.approx([1e-9, 1e-3], rel=2)


def test_beside_the_edge_of_a_domain_the_floor_is_left():
    assert 0 < noise_level(Probe(np.sqrt), np.array(0.0), EPS) < 1e-15
