"""The rounding of a computed gradient, measured: the bar holds its error, and what is no rounding has none."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from chainrule.numeric.checking.objective import Leaf
from chainrule.numeric.checking.trembling import SAMPLED, by_array, trembling_of

EPS = float(np.finfo(float).eps)


def bar_of(gradient, x):
    x = np.asarray(x, float)
    largest = float(np.abs(gradient(x)).max())
    return trembling_of(gradient, x, np.arange(x.size), EPS, largest)


@pytest.mark.parametrize("x", [1e-4, 1e-2, 0.3, 2.0])
def test_what_cancels_is_within_the_bar(x):
    """Of (exp(x) - 1) / x."""
    gradient = lambda w: np.exp(w) / w - (np.exp(w) - 1) / w**2
    with mpmath.workdps(40):
        w = mpmath.mpf(x)
        true = float(mpmath.exp(w) / w - (mpmath.exp(w) - 1) / w**2)
    found = bar_of(gradient, [x])
    assert abs(found.again[0] - true) <= found.bar[0] + 16 * EPS * abs(true)
    assert found.bar[0] < 1e3 * EPS * (1 + 1 / x**2)


def test_a_gradient_that_loses_nothing_has_a_bar_of_rounding():
    assert (bar_of(np.cos, [0.3, 1.0, 2.0]).bar < 100 * EPS).all()


def test_a_jump_of_the_gradient_is_no_rounding():
    assert bar_of(np.sign, [0.0]) is not None
    assert bar_of(lambda x: np.where(x >= 0, 1.0, -1.0), [0.0]).bar.tolist() == [0.0]


def test_nothing_is_known_where_the_gradient_fails_beside_the_point():
    def only_here(x):
        if x[0] != 2.0:
            raise RuntimeError
        return x

    assert bar_of(only_here, [2.0]) is None


def test_of_many_components_each_array_has_the_largest_bar_of_some():
    leaves = [
        Leaf("a", np.zeros(5), False, 0),
        Leaf("b", np.zeros(0), False, 5),
        Leaf("c", np.zeros((9000, 1)), False, 5),
    ]
    asked = []

    def measured(indices):
        asked.extend(indices.tolist())
        return indices.astype(float)

    found = by_array(leaves, measured)
    assert found.tolist() == [4.0] * 5 + [9004.0] * 9000
    assert len(asked) == len(set(asked)) <= SAMPLED
