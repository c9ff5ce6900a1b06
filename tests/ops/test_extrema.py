"""The gradient of an extremum, for arrays small and large: where it is attained, shared among those that tie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr

SHAPES = [(3, 4), (40, 200), (4096,), (20, 25, 30)]


def shares(x: np.ndarray, axis: Any, largest: bool) -> np.ndarray:
    """The gradient of the sum of the extrema, written with NumPy alone."""
    attained = x == (np.max if largest else np.min)(x, axis=axis, keepdims=True)
    return attained / np.sum(attained, axis=axis, keepdims=True)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1, ()])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_those_that_tie_share_equally(shape: tuple[int, ...], axis: Any, keepdims: bool, dtype: Any) -> None:
    x = np.random.default_rng(0).integers(-9, 9, shape).astype(dtype)  # so few values that many components tie
    weights = np.random.default_rng(1).uniform(size=np.max(x, axis=axis, keepdims=True).shape).astype(dtype)
    for largest, extremum in ((True, np.max), (False, np.min)):

        def f(x: Any, extremum: Any = extremum) -> Any:
            out = extremum(x, axis=axis, keepdims=keepdims)
            return np.sum(out * (weights if keepdims else weights.reshape(out.shape)))

        gradient = cr.grad(f)(x)
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, weights * shares(x, axis, largest), rtol=4 * np.finfo(dtype).eps)


def test_several_readings_of_one_array_add_up() -> None:
    x = np.random.default_rng(0).normal(size=(60, 100))
    gradient = cr.grad(lambda x: np.max(x) - np.min(x) + np.sum(x[3]) + np.sum(np.max(x, axis=1) ** 2))(x)
    want = shares(x, None, True) - shares(x, None, False) + 2 * np.max(x, axis=1, keepdims=True) * shares(x, 1, True)
    want[3] += 1
    np.testing.assert_allclose(gradient, want, rtol=1e-14)


@pytest.mark.parametrize(
    ("columns", "tie"),
    [
        (3, False),
        (3, True),
        (5000, False),
        (5000, True),
    ],
)
def test_a_nan_is_attained_nowhere_and_its_gradient_is_nan(columns: int, tie: bool) -> None:
    x = np.arange(2.0 * columns).reshape(2, columns)
    x[0, 1] = np.nan
    x[1, 0] = x[1, -1] if tie else 0.0
    gradient = cr.grad(lambda x: np.sum(np.max(x, axis=1)))(x)
    assert np.all(np.isnan(gradient[0]))
    np.testing.assert_array_equal(gradient[1, [0, -1]], [0.5, 0.5] if tie else [0.0, 1.0])
