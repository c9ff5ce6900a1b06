"""NumPy's Fourier transforms, with the number of points, the axes and the scale that they can be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ChainruleError, ShapeError, TraceError

_RNG = np.random.default_rng(3)
REAL = _RNG.normal(size=(5, 4))
COMPLEX = REAL + 1j * _RNG.normal(size=(5, 4))
ONE: tuple[dict[str, Any], ...] = (
    {},
    {"axis": 0},
    {"n": 3},
    {"n": 8},
    {"n": 7, "axis": 0, "norm": "ortho"},
    {"norm": "forward", "axis": -2},
    {"n": 1},
)
SEVERAL: tuple[dict[str, Any], ...] = (
    {},
    {"axes": (0,)},
    {"s": (3, 7), "axes": (1, 0)},
    {"axes": (1, 0), "norm": "ortho"},
    {"s": (7, -1), "axes": (0, -1), "norm": "forward"},
    {"axes": (0, 0)},
)
CASES = [
    *((name, options) for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft") for options in ONE),
    *((f"{name}{kind}", options) for name in ("fft", "ifft", "rfft", "irfft") for kind in "2n" for options in SEVERAL),
]


def drawn(like: Any) -> Any:
    numbers = _RNG.normal(size=np.shape(like))
    return numbers + 1j * _RNG.normal(size=np.shape(like)) if np.iscomplexobj(like) else numbers


def is_linear(transform: Callable[[Any], Any], x: Any) -> None:
    """Values and dtypes are NumPy's, the tangent is the transform of the tangent, reverse mode is the transpose."""
    value, pullback = cr.vjp(transform, x)
    want, v = transform(x), drawn(x)
    assert value.dtype == want.dtype
    np.testing.assert_allclose(value, want, rtol=1e-13, atol=1e-13)
    tangent = cr.jvp(transform, (x,), (v,))[1]
    np.testing.assert_allclose(tangent, transform(v), rtol=1e-12, atol=1e-12)
    w = drawn(want)
    (back,) = pullback(w)
    assert back.dtype == x.dtype
    assert back.shape == x.shape
    np.testing.assert_allclose(np.sum(back * v).real, np.sum(w * tangent).real, rtol=1e-10, atol=1e-10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # NumPy's, of s without axes
@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_transforms_are_linear_maps(name: str, options: dict[str, Any]) -> None:
    function = getattr(np.fft, name)
    is_linear(lambda x: function(x, **options), REAL)
    is_linear(lambda x: function(x, **options), REAL.astype(int) + 0.0)
    if not name.startswith(("rfft", "ihfft")):
        is_linear(lambda z: function(z, **options), COMPLEX)


def test_moving_frequency_zero() -> None:
    is_linear(np.fft.fftshift, COMPLEX)
    is_linear(lambda x: np.fft.ifftshift(x, axes=-1), REAL)
    is_linear(lambda x: np.fft.fftshift(x, axes=(1, 0)), REAL)


def test_no_axes_leave_the_array_as_it_is() -> None:
    is_linear(lambda x: np.fft.fftn(x, axes=()), REAL)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_last_axes_if_only_sizes_are_given() -> None:
    is_linear(lambda x: np.fft.rfftn(x, s=(6,)), REAL)
    is_linear(lambda x: np.fft.fftn(x, s=(2, 6)), REAL)


def test_single_precision_stays() -> None:
    x = REAL.astype(np.float32)
    for transform in (np.fft.fft, np.fft.rfft2, np.fft.irfftn):
        value, pullback = cr.vjp(transform, x)
        assert value.dtype == transform(x).dtype
        assert pullback(np.ones_like(value))[0].dtype == np.float32


def test_the_power_of_a_signal_by_parseval() -> None:
    """sum |X_k|^2 = n sum x_j^2, so the gradient is 2 n x, the Hessian 2 n."""
    x = REAL[:, 0]

    def power(x: Any) -> Any:
        return np.sum(np.abs(np.fft.fft(x)) ** 2)

    np.testing.assert_allclose(cr.grad(power)(x), 2 * len(x) * x, rtol=1e-13)
    np.testing.assert_allclose(cr.hessian(power)(x), 2 * len(x) * np.eye(len(x)), atol=1e-12)
    np.testing.assert_allclose(cr.vmap(cr.grad(power))(REAL), 8 * REAL, rtol=1e-13)


def test_emitted_source_calls_numpy() -> None:
    def smooth(x: Any) -> Any:
        spectrum = np.fft.rfft(x)
        return np.sum(np.fft.irfft(spectrum * np.exp(-np.arange(3.0)), n=5) ** 2)

    x = REAL[:, 1]
    source = cr.source(smooth, x)
    assert "np.fft.rfft(" in source
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    np.testing.assert_allclose(namespace["grad_smooth"](x), cr.grad(smooth)(x), rtol=1e-14)


def test_a_derivation_through_the_spectrum() -> None:
    def filtered(x: Any) -> Any:
        return np.sum(np.fft.irfft(np.fft.rfft(x) * np.array([1.0, 0.5, 0.25]), n=5) ** 2)

    x = REAL[:, 2]
    found = cr.explain(filtered, x)
    assert "each step holds to 30 digits" in str(found)
    assert "RDFT" in found.to_latex()


WRONG: list[tuple[Callable[[Any], Any], type[ChainruleError], str]] = [
    (lambda x: np.fft.fft(x, axis=2), ShapeError, "axis 2 is out of bounds"),
    (lambda x: np.fft.fft(x, n=0), ShapeError, "0 points along axis 1"),
    (lambda x: np.fft.irfft(x, n=-2), ShapeError, "-2 points"),
    (lambda x: np.fft.irfft(x[:, :1]), ShapeError, "give n="),
    (lambda x: np.fft.rfft(x[:, :0]), ShapeError, "0 points"),
    (lambda x: np.fft.fft2(x[0]), ShapeError, "axis -2"),
    (lambda x: np.fft.fft(x, norm="unit"), ArgumentError, "norm='unit'"),
    (lambda x: np.fft.rfft(x * 1j), ArgumentError, "real signal"),
    (lambda x: np.fft.ihfft(x * 1j), ArgumentError, "real signal"),
    (lambda x: np.fft.rfftn(x + 0j), ArgumentError, "real signal"),
    (lambda x: np.fft.fftn(x, s=(1, 2, 3)), ShapeError, "more axes than shape (5, 4)"),
    (lambda x: np.fft.fftn(x, s=(1, 2, 3), axes=(0, 1)), ShapeError, "a size for each axis"),
    (lambda x: np.fft.rfft2(x, axes=()), ShapeError, "one axis or more"),
    (lambda x: np.fft.irfftn(x, axes=()), ShapeError, "one axis or more"),
    (lambda x: np.fft.fft(x, out=np.zeros((5, 4), complex)), TraceError, "assign the result"),
    (lambda x: np.fft.fftshift(x, axes=3), ShapeError, "axis 3"),
]


@pytest.mark.parametrize(("f", "error", "says"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_arguments(f: Callable[[Any], Any], error: type[ChainruleError], says: str) -> None:
    with pytest.raises(error) as caught:
        cr.vjp(f, REAL)
    assert says in str(caught.value)
