"""Columns on one scale, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.learn.models.standardise import standardisation

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)


@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_the_map_on_the_users_scale_is_that_of_the_standardised_columns(rows: list[list[float]]) -> None:
    X = np.array(rows)
    scaled = standardisation(X)
    w, b = np.array([1.0, -2.0, 0.5]), 3.0
    own, bias = scaled.to_user(w, b)
    # What rounding does to X, it does to the map: by the size of X in units of its spread.
    tolerance = 1e-12 * (1 + np.sum(np.abs(X / scaled.scale), axis=1).max())
    assert np.abs(X @ own + bias - (scaled(X) @ w + b)).max() <= tolerance
    assert np.allclose(scaled.restore(scaled(X)), X, rtol=1e-12, atol=1e-9)


def test_mean_squares_are_one_whatever_the_units_and_the_offset() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4)) * [1e-300, 1.0, 1e300, 1.0] + [0.0, 1e9, 0.0, 0.0]
    Z = standardisation(X)(X)
    assert np.mean(Z, axis=0) == pytest.approx(np.zeros(4), abs=1e-6)
    assert np.mean(Z**2, axis=0) == pytest.approx(np.ones(4), rel=1e-6)


def test_the_largest_numbers_do_not_overflow() -> None:
    X = np.array([[1.7e308, 5e-324], [-1.7e308, 0.0], [1.6e308, 0.0]])
    Z = standardisation(X)(X)
    assert np.isfinite(Z).all()
    assert np.mean(Z**2, axis=0) == pytest.approx(np.ones(2))


def test_a_constant_column_is_zero_and_not_its_rounding() -> None:
    X = np.full((7, 2), [0.1, 1e9 + 0.1])
    assert np.average(X[:, 0]) != 0.1  # or else this tests nothing
    assert np.array_equal(standardisation(X)(X), np.zeros((7, 2)))


def test_weights_count_as_repeated_rows() -> None:
    X = np.random.default_rng(1).normal(size=(5, 3))
    counts = np.array([1, 3, 2, 1, 4])
    once, repeated = standardisation(X, counts.astype(float)), standardisation(np.repeat(X, counts, axis=0))
    assert once.centre == pytest.approx(repeated.centre)
    assert once.spread == pytest.approx(repeated.spread)


def test_a_ridge_is_counted_into_the_scale() -> None:
    X = np.random.default_rng(2).normal(size=(40, 3)) * [1e-3, 1.0, 1e3]
    scaled = standardisation(X, ridge=0.5)
    Z = scaled(X)
    # The diagonal of the Hessian of mean((Z w)^2)/2 + 0.5 sum((w / scale)^2)/2.
    assert np.mean(Z**2, axis=0) + 0.5 / scaled.scale**2 == pytest.approx(np.ones(3))


def test_without_a_centre_the_origin_stays() -> None:
    X = np.array([[3.0], [4.0]])
    scaled = standardisation(X, centred=False)
    assert scaled(np.zeros((1, 1))) == 0.0
    assert np.mean(scaled(X) ** 2) == pytest.approx(1.0)
