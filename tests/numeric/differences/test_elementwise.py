"""`derivative` takes elementwise functions only, and finds out which are: every pair of elements is moved apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.errors import ArgumentError, NonFiniteError, ShapeError
from chainrule.numeric import derivative


@settings(deadline=None, max_examples=60)
@given(size=st.integers(2, 40), data=st.data())
def test_one_element_that_depends_on_one_other_is_found(size, data):
    i, j = data.draw(st.permutations(range(size)))[:2]

    def f(x):
        out = np.sin(x)
        out[..., i] *= x[..., j]
        return out

    for scheme in ("central", "forward", "backward", "complex"):
        with pytest.raises(ArgumentError, match=rf"not elementwise: its result \[{i}\] changes"):
            derivative(f, np.linspace(1, 2, size), scheme=scheme)


def test_a_neighbour_that_is_mixed_in_beside_an_edge_is_found():
    def f(x):
        if np.any(x > 1) or np.any(x < 0):
            raise ValueError("outside")
        return np.sqrt(1 - x) * np.roll(x, 1)

    with pytest.raises(ArgumentError, match="not elementwise"):
        derivative(f, np.array([1.0, 0.0, 0.5]), scheme="forward")


def test_a_function_of_one_number_that_returns_more_is_refused():
    def f(x):
        if isinstance(x, np.ndarray):
            raise TypeError("one number")
        return np.array([x, x])

    with pytest.raises(ShapeError, match=r"returned shape \(2,\) for one number"):
        derivative(f, [1.0, 2.0])


def test_what_raises_above_every_element_is_moved_below():
    x = np.array([1.0, 2.0, 3.0])

    def f(v, mix):
        if (v > x).any():
            raise ValueError("outside")
        return v**2 * (v.sum() if mix else 1)

    assert np.allclose(derivative(lambda v: f(v, False), x, scheme="backward"), 2 * x, rtol=1e-9)
    with pytest.raises(ArgumentError, match="not elementwise"):
        derivative(lambda v: f(v, True), x, scheme="backward")


def test_what_is_defined_at_the_point_only_says_so():
    x = np.array([1.0, 2.0, 3.0])

    def f(v):
        if not np.array_equal(v, x):
            raise ValueError("only here")
        return v**2

    with pytest.raises(NonFiniteError, match=r"raised ValueError \(only here\)"):
        derivative(f, x)


def test_what_is_raised_for_an_empty_array_passes_through():
    def f(v):
        raise TypeError("no empty array")

    with pytest.raises(TypeError, match="no empty array"):
        derivative(f, np.zeros(0))
