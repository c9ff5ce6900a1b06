"""Quantiles by each of NumPy's methods, functions that leave out NaN, covariances, weighted counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import LINE, MATRIX, agree

import chainrule as cr
from chainrule.errors import ArgumentError, ChainruleError, ShapeError
from chainrule.read.numpy_statistics import _POSITIONS

HOLED = MATRIX.copy()
HOLED[1, 2] = np.nan
HOLED[2] = [np.nan, np.nan, 0.7, np.nan]
Q = np.array([[0.0, 0.25, 1 / 3], [0.5, 0.8, 1.0]])


def test_every_method_of_numpy_is_known() -> None:
    with pytest.raises(ValueError, match="inverted_cdf") as caught:
        np.quantile([1.0], 0.5, method="unknown")
    for method in _POSITIONS:
        assert method in str(caught.value)
        assert np.quantile([1.0], 0.5, method=method) == 1.0


@pytest.mark.parametrize("method", _POSITIONS)
def test_quantiles(method: str) -> None:
    options: dict[str, Any] = {"method": method}
    agree(
        lambda x: [
            np.quantile(x, Q, axis=0, **options),
            np.quantile(x, 0.3, **options),
            np.percentile(x, 62.0, axis=1, keepdims=True, **options),
            np.nanquantile(x, Q, axis=-1, **options),
            np.nanpercentile(x, [10, 40.0], keepdims=True, **options),
        ],
        MATRIX,
    )
    for q in (0.2, 0.55, 1.0):
        for function in (np.nanquantile, np.quantile):
            value, _ = cr.vjp(lambda x, q=q, function=function: function(x, q, axis=1, **options), HOLED)
            np.testing.assert_allclose(value, function(HOLED, q, axis=1, **options), rtol=1e-14)


def test_a_quantile_by_its_level() -> None:
    """Between two components it moves in proportion: its slope is their distance times n - 1."""
    x = np.sort(LINE)
    slope = cr.derivative(lambda q: np.quantile(x, q))(np.array([0.1, 0.6]))
    np.testing.assert_allclose(slope, np.array([x[1] - x[0], x[3] - x[2]]) * (len(x) - 1), rtol=1e-12)
    assert cr.grad(lambda q: np.quantile(x, q, method="lower"))(0.4) == 0


def test_medians() -> None:
    agree(
        lambda x: [
            np.median(x),
            np.median(x, axis=(0, -1), keepdims=True),
            np.median(x, axis=1),
            np.nanmedian(x, axis=0),
        ],
        MATRIX,
    )
    z = LINE + 1j * LINE[::-1]
    value, pullback = cr.vjp(np.median, z)
    assert value == np.median(z)
    np.testing.assert_array_equal(pullback(1.0 + 0j)[0], np.sort(z)[2] == z)


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
def test_the_median_of_nothing_is_nan_as_in_numpy() -> None:
    value, pullback = cr.vjp(lambda x: np.median(x[:, :0], axis=1), MATRIX)
    np.testing.assert_array_equal(value, np.median(MATRIX[:, :0], axis=1))
    np.testing.assert_array_equal(pullback(np.ones(3))[0], np.zeros((3, 4)))


def test_a_nan_makes_the_median_one_and_its_gradient_stays_finite_elsewhere() -> None:
    value, pullback = cr.vjp(lambda x: np.median(x, axis=1), HOLED)
    np.testing.assert_array_equal(value, np.median(HOLED, axis=1))
    assert np.all(np.isfinite(pullback(np.array([1.0, 0.0, 0.0]))[0]))


def without_nan(f: Callable[[Any], Any]) -> None:
    """Values as NumPy's; the gradient against differences, and zero at the holes."""
    value, pullback = cr.vjp(f, HOLED)
    np.testing.assert_allclose(value, f(HOLED), rtol=1e-13)
    (gradient,) = pullback(np.ones_like(value))
    for place in np.ndindex(HOLED.shape):
        step = np.zeros_like(HOLED)
        step[place] = 1e-6
        change = 0.0 if np.isnan(HOLED[place]) else np.nansum(f(HOLED + step) - f(HOLED - step)) / 2e-6
        np.testing.assert_allclose(gradient[place], change, atol=1e-8)


LEAVING_OUT: dict[str, Callable[[Any], Any]] = {
    "sum": np.nansum,
    "sum of an axis": lambda x: np.nansum(x, axis=0, keepdims=True),
    "sum where": lambda x: np.nansum(x, axis=0, where=MATRIX > 0),
    "prod": lambda x: np.nanprod(x, axis=1),
    "mean": lambda x: np.nanmean(x, axis=1),
    "var": lambda x: np.nanvar(x, axis=0, ddof=0),
    "std": lambda x: np.nanstd(x, axis=1),
    "max": lambda x: np.nanmax(x, axis=1),
    "min": lambda x: np.nanmin(x, axis=0, keepdims=True),
    "median": lambda x: np.nanmedian(x, axis=1),
    "cumsum": lambda x: np.nancumsum(x, axis=1),
    "cumprod": np.nancumprod,
}


@pytest.mark.parametrize("name", LEAVING_OUT)
def test_what_leaves_out_nan(name: str) -> None:
    without_nan(LEAVING_OUT[name])


def test_places_without_nan() -> None:
    value, _ = cr.vjp(lambda x: [np.nanargmax(x, axis=1), np.nanargmin(x), np.sum(x)], HOLED)
    np.testing.assert_array_equal(value[0], np.nanargmax(HOLED, axis=1))
    assert value[1] == np.nanargmin(HOLED)
    nothing = np.full((2, 2), np.nan)
    assert np.isnan(cr.vjp(np.nanmax, nothing)[0])
    with pytest.raises(ArgumentError, match="nothing but NaN"):
        cr.vjp(np.nanargmax, nothing)


WEIGHTS = np.array([1.0, 2.0, 0.3, 0.8])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rowvar": False},
        {"bias": True},
        {"ddof": 0},
        {"fweights": np.array([1, 2, 1, 3])},
        {"aweights": WEIGHTS},
        {"aweights": WEIGHTS, "ddof": 0},
        {"fweights": np.array([1, 2, 1, 3]), "aweights": WEIGHTS},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_covariances(options: dict[str, Any]) -> None:
    agree(lambda x: np.cov(x, **options), MATRIX)


def test_covariances_of_vectors_and_pairs() -> None:
    agree(lambda x: [np.cov(x[0]), np.cov(x[0], x[1]), np.corrcoef(x), np.corrcoef(x, rowvar=False)], MATRIX)
    agree(lambda x: [np.cov(MATRIX, aweights=np.exp(x[0])), np.corrcoef(x[0]) * x[0, 0]], MATRIX)


def test_weighted_counts_are_linear_in_the_weights() -> None:
    places = np.array([0, 3, 3, 1, 0])
    agree(lambda w: [np.bincount(places, w), np.bincount(places, w, minlength=9)], LINE)
    data = np.array([0.1, 0.9, 0.4, 2.0, -1.0])
    agree(
        lambda w: [
            np.histogram(data, weights=w)[0],
            np.histogram(data, 4, range=(0, 1), weights=w)[0],
            np.histogram(data, [-1.0, 0.4, 0.95, 2.0], weights=np.exp(w), density=True)[0],
        ],
        LINE,
    )
    counts, _ = cr.vjp(lambda x: [np.bincount(np.argsort(x)), np.sum(x)], LINE)[0]
    np.testing.assert_array_equal(counts, np.ones(5))


WRONG: list[tuple[Callable[[Any], Any], type[ChainruleError], str]] = [
    (lambda x: np.quantile(x, 1.2), ArgumentError, "outside 0 to 1"),
    (lambda x: np.percentile(x, -1), ArgumentError, "outside 0 to 100"),
    (lambda x: np.quantile(x, 0.2, method="exact"), ArgumentError, "method='exact'"),
    (lambda x: np.quantile(x * 1j, 0.2), ArgumentError, "no order"),
    (lambda x: np.median(x, axis=3), ShapeError, "axis 3"),
    (lambda x: np.quantile(x[:0], 0.5), ShapeError, "nothing in them"),
    (lambda x: np.cov(x[None, None]), ShapeError, "(1, 1, 5)"),
    (lambda x: np.cov(x, aweights=x[:2]), ShapeError, "5 observations"),
    (lambda x: np.bincount([1], x), ShapeError, "(5,)"),
    (lambda x: np.bincount([1, 1, 1, 1, 1], x * 1j), ArgumentError, "np.imag"),
    (lambda x: np.histogram(np.ones(3), weights=x), ShapeError, "(3,)"),
]


@pytest.mark.parametrize(("f", "error", "says"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_arguments(f: Callable[[Any], Any], error: type[ChainruleError], says: str) -> None:
    with pytest.raises(error) as caught:
        cr.vjp(f, LINE)
    assert says in str(caught.value)
