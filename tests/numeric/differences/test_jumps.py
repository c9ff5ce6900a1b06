"""A jump at x is an error with both values; steepness, noise and kinks are none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.errors import NonFiniteError
from chainrule.numeric import derivative, gradient


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (np.sign, 0.0, r"jumps from -1 to 1 at x = 0"),
        (np.sign, np.float16(0), r"jumps from -1 to 1 at x = 0"),
        (np.sign, np.array([1.0, 0.0]), r"jumps from -1 to 1 at x\[1\] = 0"),
        (lambda x: np.where(x > 1e9, x + 1e6, x), 1e9, r"jumps from 1e\+09 to 1.001e\+09 at x = 1e\+09"),
        (np.floor, 2.0, r"jumps from 1 to 2 at x = 2"),
    ],
)
def test_a_jump_is_named(f, x, message):
    with pytest.raises(NonFiniteError, match=message):
        derivative(f, x)


def test_a_jump_in_one_component_is_named():
    with pytest.raises(NonFiniteError, match=r"jumps from -2 to 2 at x\[0\] = 0"):
        gradient(lambda p: np.sign(p[0]) * p[1], [0.0, 2.0])


def test_what_is_no_jump_is_not_called_one():
    random = np.random.default_rng(0)
    assert derivative(np.abs, 0.0) == 0
    assert abs(derivative(lambda x: np.sin(x) + 1e-3 * random.normal(), 1.0) - np.cos(1)) < 0.2
    assert abs(derivative(lambda x: np.tanh(1e4 * x), 0.0) - 1e4) < 1e-3
    assert abs(derivative(lambda x: np.float32(np.sin(x)), 1.0) - np.cos(1)) < 1e-4


def test_a_function_of_one_number_is_called_for_each_element():
    points = np.array([0.5, 1.5, 3.0])
    np.testing.assert_allclose(derivative(math.exp, points), np.exp(points), rtol=1e-11)
    branching = derivative(lambda x: x**2 if x > 1 else x, points)
    np.testing.assert_allclose(branching, [1.0, 3.0, 6.0], rtol=1e-11)
    with pytest.raises(TypeError, match="must be real number"):
        derivative(lambda x: math.exp("x"), points)
