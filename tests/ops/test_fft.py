"""The Fourier transforms against the matrices that define them, which know nothing of FFTs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.graph import Node
from chainrule.core.registry import building, evaluating
from chainrule.errors import ShapeError

F = evaluating


def matrix(n: int, sign: int) -> Any:
    k = np.arange(n)
    return np.exp(sign * 2j * np.pi * np.outer(k, k) / n)


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_the_cotangent_is_that_of_the_matrix(n: int) -> None:
    rng = np.random.default_rng(n)
    x, g = rng.normal(size=n), rng.normal(size=n) + 1j * rng.normal(size=n)
    z = x + 1j * rng.normal(size=n)
    half = n // 2 + 1
    for transform, A, takes in (
        (lambda x: F.fftn(x, axes=(0,), norm="backward"), matrix(n, -1), "complex"),
        (lambda x: F.ifftn(x, axes=(0,), norm="ortho"), matrix(n, 1) / np.sqrt(n), "complex"),
        (lambda x: F.rfft(x, axis=0, norm="forward"), matrix(n, -1)[:half] / n, "real"),
    ):
        value, pullback = cr.vjp(transform, x)
        np.testing.assert_allclose(value, A @ x, atol=1e-13)
        (back,) = pullback(g[: len(A)])
        np.testing.assert_allclose(back, (A.T @ g[: len(A)]).real, atol=1e-13)
        if takes == "complex":
            np.testing.assert_allclose(cr.vjp(transform, z)[1](g)[0], A.T @ g, atol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_a_real_signal_of_its_spectrum(n: int) -> None:
    """Of the ends only the real parts count; each other frequency stands for two."""
    rng = np.random.default_rng(n)
    half = n // 2 + 1
    z, g = rng.normal(size=half) + 1j * rng.normal(size=half), rng.normal(size=n)
    weight = np.where((np.arange(half) == 0) | (2 * np.arange(half) == n), 1.0, 2.0)
    A = matrix(n, 1)[:, :half] * weight / n
    value, pullback = cr.vjp(lambda z: F.irfft(z, n=n, axis=0, norm="backward"), z)
    np.testing.assert_allclose(value, (A @ z).real, atol=1e-14)
    np.testing.assert_allclose(pullback(g)[0], A.T @ g, atol=1e-14)


def test_shapes_that_do_not_fit_are_refused_before_anything_is_computed() -> None:
    x = Node(None, (), {"name": "x"}, (3, 0), np.dtype(float), "x")
    for build in (
        lambda: building.fftn(x, axes=(1,), norm="backward"),
        lambda: building.rfft(x, axis=1, norm="backward"),
        lambda: building.irfft(x, n=3, axis=0, norm="backward"),
        lambda: building.irfft(x, n=0, axis=0, norm="backward"),
    ):
        with pytest.raises(ShapeError):
            build()
