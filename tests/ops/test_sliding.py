"""Windows that slide along an axis: widths that are refused, the sum of overlapping ones both ways, and a layer."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.graph import Node
from chainrule.core.registry import building, evaluating
from chainrule.errors import ArgumentError, ShapeError, TraceError

sliding_window_view = np.lib.stride_tricks.sliding_window_view


def variable(*shape: int) -> Node:
    return Node(None, (), {"name": "x"}, shape, np.dtype(float), "x")


@pytest.mark.parametrize("width", [4, -1])
def test_widths_that_do_not_fit(width: int) -> None:
    with pytest.raises(ShapeError, match=r"axis 0 of shape \(3,\) expected a width from 0 to 3"):
        cr.grad(lambda x: np.sum(sliding_window_view(x, width)))(np.arange(3.0))
    with pytest.raises(ShapeError, match=r"shape \(3,\): expected a width from 0 to 3"):
        building.windows(variable(3), axis=0, width=width)


def test_one_width_for_each_axis() -> None:
    with pytest.raises(ArgumentError, match="one width for each axis is needed"):
        cr.grad(lambda x: np.sum(sliding_window_view(x, 2)))(np.ones((3, 3)))


def test_windows_of_another_width_have_no_sum() -> None:
    with pytest.raises(ShapeError, match="expected 3 components along the last axis"):
        building.overlapped(variable(4, 2), axis=0, width=3)


def test_an_axis_named_twice_and_windows_of_nothing() -> None:
    x = np.arange(1.0, 5.0)
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(sliding_window_view(x, (2, 2), (0, 0))))(x), [1, 3, 3, 1])
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(sliding_window_view(x, 0)))(x), np.zeros(4))
    with pytest.raises(ShapeError, match="width from 0 to 1, not 2"):
        cr.grad(lambda x: np.sum(sliding_window_view(x, (4, 2), (0, 0))))(x)


@pytest.mark.parametrize(("shape", "width"), [((9,), 2), ((9,), 8), ((2, 7, 3), 3), ((2, 7, 3), 6)], ids=str)
def test_the_sum_of_overlapping_windows_is_the_transpose(shape: tuple[int, ...], width: int) -> None:
    rng = np.random.default_rng(0)
    axis = len(shape) // 2
    x = rng.normal(size=shape)
    windows = evaluating.windows(x, axis=axis, width=width)
    g = rng.normal(size=windows.shape)
    back = evaluating.overlapped(g, axis=axis, width=width)
    np.testing.assert_allclose(np.sum(windows * g), np.sum(x * back), rtol=1e-13)


def test_a_layer_of_a_network() -> None:
    """Against the convolution of the spectra, which is another way to the same number."""
    rng = np.random.default_rng(1)
    image, kernel = rng.normal(size=(6, 5)), rng.normal(size=(3, 2))

    def by_windows(image: np.ndarray, kernel: np.ndarray) -> float:
        return np.sum(np.einsum("ijab,ab", sliding_window_view(image, kernel.shape), kernel) ** 2)

    def by_spectra(image: np.ndarray, kernel: np.ndarray) -> float:
        spectrum = np.fft.rfft2(image, (8, 8)) * np.conj(np.fft.rfft2(kernel, (8, 8)))
        return np.sum(np.fft.irfft2(spectrum, (8, 8))[:4, :4] ** 2)

    for argnum in (0, 1):
        got, want = (cr.grad(f, argnum)(image, kernel) for f in (by_windows, by_spectra))
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)


def test_windows_see_what_is_written_into_the_array_and_cannot_be_written_into() -> None:
    def f(x: np.ndarray) -> float:
        y = 1 * x
        windows = sliding_window_view(y, 2)
        y[1] = x[0] ** 2
        return np.sum(windows[:, 0] * windows[:, 1])

    x = np.array([2.0, 5.0, 3.0])
    np.testing.assert_allclose(cr.grad(f)(x), [3 * 4 + 2 * 2 * 3, 0, 4])

    def written(x: np.ndarray) -> float:
        sliding_window_view(x, 2)[0, 0] = 1.0
        return np.sum(x)

    with pytest.raises(TraceError, match="read-only"):
        cr.grad(written)(x)
