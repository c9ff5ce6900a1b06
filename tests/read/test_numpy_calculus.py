"""NumPy's functions of sampled curves and signals: every mode and option, and what is wrong with their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import CUBE, LINE, MATRIX, agree

import chainrule as cr
from chainrule.errors import ArgumentError, ChainruleError, ShapeError, TraceError

PLACES = np.array([-1.2, -0.3, 0.4, 0.9, 2.1])
RISING = np.cumsum(np.abs(LINE) + 0.1)

CURVES: dict[str, Callable[[Any], Any]] = {
    "gradient": lambda x: list(np.gradient(x)),
    "gradient of one axis": lambda x: [np.gradient(x, axis=1), np.gradient(x, axis=(0,)), np.gradient(x, 0.5, axis=-1)],
    "gradient at places": lambda x: list(np.gradient(x, 0.1, np.array([0.0, 1.0, 3.0, 4.0]), edge_order=2)),
    "gradient of two points": lambda x: [np.gradient(x[:2], axis=0), np.gradient(x[:, 0])],
    "gradient by its places": lambda x: np.gradient(np.array([1.0, 2.0, 0.5, 1.0]), np.cumsum(np.exp(x[0]))),
    "trapezoid": lambda x: [np.trapezoid(x), np.trapezoid(x, dx=0.3, axis=0), np.trapezoid(x, np.cumsum(x**2, 1))],
    "trapezoid by its places": lambda x: np.trapezoid(x, np.cumsum(np.exp(x[0])), axis=1),
    "interp": lambda x: [np.interp(0.97 * x, PLACES, LINE), np.interp(x + 0.03, PLACES, LINE, 0.5, np.sum(x))],
    "interp by everything": lambda x: np.interp(x[0], np.cumsum(np.exp(x[1])), x[2]),
    "interp in a period": lambda x: np.interp(3.07 * x, PLACES, LINE, period=4.0),
    "interp at one place": lambda x: np.interp(x, x[0, :1], x[1, :1]),
    "unwrap": lambda x: [np.unwrap(5 * x), np.unwrap(4 * x, axis=0), np.unwrap(4.9 * x, discont=4.0, period=5.0)],
    "convolve": lambda x: [np.convolve(x[0], x[1, :3], mode) for mode in ("full", "same", "valid")],
    "convolve the shorter": lambda x: [np.convolve(x[0, :2], x[1], mode) for mode in ("full", "same", "valid")],
    "convolve a number": lambda x: [np.convolve(x[0, 0], x[1]), np.convolve(x[0], [1, 2])],
    "correlate": lambda x: [
        np.correlate(x[0], x[1, :n], mode) for n in (3, 2, 4) for mode in ("full", "same", "valid")
    ],
    "correlate the shorter": lambda x: [np.correlate(x[0, :2], x[1], mode) for mode in ("full", "same", "valid")],
    "piecewise": lambda x: [
        np.piecewise(x, [x < 0, x > 1], [lambda u: u**2, np.exp, 3.0]),
        np.piecewise(x, [x < 0], [lambda u, a: a * u, 2.0], 3.0),
        np.piecewise(x[0], x[0] < 0, [np.sin, np.cos]),
        np.piecewise(x[0, 0], [x[0, 0] < 5], [np.sin, np.cos]),
        np.piecewise(x, [x > 99], [np.sin]),
    ],
    "apply along an axis": lambda x: [
        np.apply_along_axis(np.sum, 0, x),
        np.apply_along_axis(lambda row: row[:2] * np.sum(row), 1, x),
        np.apply_along_axis(np.outer, 0, x, np.ones(2)),
    ],
    "apply over axes": lambda x: [
        np.apply_over_axes(np.sum, x, [0, 1]),
        np.apply_over_axes(lambda a, i: np.cumsum(a, axis=i), x, 0),
    ],
}


@pytest.mark.parametrize("name", CURVES)
def test_functions_of_samples(name: str) -> None:
    agree(CURVES[name], MATRIX)


def test_a_gradient_along_three_axes() -> None:
    agree(lambda x: list(np.gradient(x, axis=(0, 2))), CUBE)


def test_complex_signals_are_correlated_with_the_conjugate() -> None:
    a, v = MATRIX[0] + 1j * MATRIX[1], MATRIX[2, :3] - 0.5j
    for mode in ("full", "same", "valid"):
        for signal, with_ in ((a, v), (v, a)):
            value, _ = cr.vjp(lambda a, v, mode=mode: np.correlate(a, v, mode), signal, with_)
            np.testing.assert_allclose(value, np.correlate(signal, with_, mode), rtol=1e-13)


def test_a_kernel_is_found_by_descent() -> None:
    """A convolution is linear in the kernel: its gradient is the correlation of the residual with the signal."""
    rng = np.random.default_rng(2)
    signal, kernel = rng.normal(size=40), np.array([0.25, 0.5, 0.25])
    seen = np.convolve(signal, kernel, "valid")

    def loss(k: Any) -> Any:
        return np.sum((np.convolve(signal, k, "valid") - seen) ** 2)

    k = np.zeros(3)
    residual = np.convolve(signal, k, "valid") - seen
    np.testing.assert_allclose(cr.grad(loss)(k), 2 * np.correlate(signal, residual, "valid")[::-1], rtol=1e-12)
    step = np.linalg.solve(cr.hessian(loss)(k), cr.grad(loss)(k))
    np.testing.assert_allclose(k - step, kernel, rtol=1e-10)


WRONG: list[tuple[Callable[[Any], Any], type[ChainruleError], str]] = [
    (lambda x: np.gradient(x, edge_order=3), ArgumentError, "edge_order=3"),
    (lambda x: np.gradient(x[:1]), ShapeError, "needs 2 points"),
    (lambda x: np.gradient(x, np.ones(3)), ShapeError, "(3,)"),
    (lambda x: np.gradient(x, 1, 2), ArgumentError, "expected one for each"),
    (lambda x: np.gradient(x, axis=1), ShapeError, "axis 1"),
    (lambda x: np.interp(x, x, x[:2]), ShapeError, "two vectors alike"),
    (lambda x: np.interp(x * 1j, RISING, RISING), ArgumentError, "complex places"),
    (lambda x: np.interp(x, RISING, RISING, period=0), ArgumentError, "period=0"),
    (lambda x: np.unwrap(x, axis=3), ShapeError, "axis 3"),
    (lambda x: np.convolve(x, x, "some"), ArgumentError, "mode='some'"),
    (lambda x: np.convolve(x[None], x), ShapeError, "(1, 5)"),
    (lambda x: np.correlate(x[:0], x), ShapeError, "not empty"),
    (lambda x: np.piecewise(x, [x > 0], [1, 2, 3]), ArgumentError, "3 functions for 1 conditions"),
    (lambda x: np.apply_along_axis(np.sum, 2, x), ShapeError, "axis 2"),
    (lambda x: np.apply_along_axis(np.sum, 0, np.reshape(x[:0], (0, 0))), ShapeError, "no line"),
    (lambda x: np.apply_over_axes(lambda a, i: a[None, None], x, 0), ShapeError, "the function gave shape"),
]


@pytest.mark.parametrize(("f", "error", "says"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_arguments(f: Callable[[Any], Any], error: type[ChainruleError], says: str) -> None:
    with pytest.raises(error) as caught:
        cr.vjp(f, LINE)
    assert says in str(caught.value)


REFUSED: list[tuple[Callable[[Any], Any], str, str]] = [
    (lambda x: np.histogram(x), "np.histogram counts", "weights="),
    (lambda x: np.histogram2d(x, x), "histogram2d counts", "np.bincount"),
    (lambda x: np.unique_values(x), "exact ties", "chainrule.value"),
    (lambda x: np.left_shift(x, 1), "of integers", "chainrule.value"),
    (lambda x: np.nextafter(x, 1.0), "floating-point numbers", "chainrule.value"),
    (lambda x: np.save("never", x), "writes a file", "save chainrule.value(x)"),
    (lambda x: np.full(3, x[0]), "np.full asks for", "np.full(shape, x, like=x)"),
    (lambda x: np.vectorize(lambda u: u)(x), "np.vectorize asks for", "np.where"),
    (lambda x: np.quantile(x, 0.5, weights=x), "weights=", "np.cumsum"),
    (lambda x: np.polyfit(x, x, 1, cov=True), "cov=", "np.vander"),
    (lambda x: np.polyfit(x, x, 1, full=True), "full=True", "np.vander"),
]


@pytest.mark.parametrize(("f", "reason", "instead"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_what_has_no_derivative_says_why_and_what_to_do(f: Callable[[Any], Any], reason: str, instead: str) -> None:
    with pytest.raises(TraceError) as caught:
        cr.vjp(f, LINE)
    assert reason in str(caught.value)
    assert instead in str(caught.value)
    assert "test_numpy_calculus.py, line" in str(caught.value)


@pytest.mark.parametrize("places", [np.ones(5), np.float64(1), np.ones((3, 4))], ids=lambda x: str(np.shape(x)))
def test_trapezoid_takes_a_place_for_each_point(places: Any) -> None:
    with pytest.raises(ShapeError, match=r"np.trapezoid along axis 1 of shape \(2, 3\) with places of shape"):
        cr.grad(lambda y: np.sum(np.trapezoid(y, places)))(np.ones((2, 3)))
