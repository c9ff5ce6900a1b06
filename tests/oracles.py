"""What tests of array functions share: random operands, and oracles that know nothing of chainrule's rules."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule as cr

_rng = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def reseeded() -> None:
    """The same numbers for a test whatever ran before it, so that none is drawn next to a kink now and then."""
    global _rng
    _rng = np.random.default_rng(11)


def numbers(*shape: int) -> Any:
    return _rng.normal(size=shape)


def regular(*shape: int) -> Any:
    return numbers(*shape) + 3 * np.eye(shape[-1])


def positive_definite(*shape: int) -> Any:
    x = numbers(*shape)
    return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])


def richardson(f: Callable[[float], Any], h: float = 2e-3) -> Any:
    """The derivative of f at 0, from central differences at four steps."""
    row = [(f(h / 2**k) - f(-h / 2**k)) / (2 * h / 2**k) for k in range(4)]
    for level in range(1, 4):
        row = [(4**level * fine - coarse) / (4**level - 1) for coarse, fine in pairwise(row)]
    return row[0]


def check_derivative(f: Callable[[Any], Any], x: Any) -> None:
    """Value as NumPy's; forward mode against differences of NumPy's values; reverse mode as its transpose."""
    value, pullback = cr.vjp(f, x)
    want = f(x)
    assert np.shape(value) == np.shape(want)
    np.testing.assert_allclose(value, want, rtol=1e-13, atol=1e-13)
    v = numbers(*np.shape(x))
    _, tangent = cr.jvp(f, (x,), (v,))
    assert np.shape(tangent) == np.shape(want)
    np.testing.assert_allclose(tangent, richardson(lambda t: f(x + t * v)), rtol=1e-8, atol=1e-8)
    w = numbers(*np.shape(want))
    (back,) = pullback(w)
    assert np.shape(back) == np.shape(x)
    np.testing.assert_allclose(np.sum(back * v), np.sum(w * tangent), rtol=1e-9, atol=1e-10)


def check_second_order(f: Callable[[Any], Any], x: Any) -> None:
    """The Hessian times a vector, by forward and by reverse over reverse, against differences of the gradient."""
    gradient, v = cr.grad(f), numbers(*np.shape(x))
    want = richardson(lambda t: gradient(x + t * v))
    np.testing.assert_allclose(cr.jvp(gradient, (x,), (v,))[1], want, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(cr.grad(lambda x: np.sum(gradient(x) * v))(x), want, rtol=1e-7, atol=1e-7)


def complex_numbers(*shape: int) -> Any:
    return numbers(*shape) + 1j * numbers(*shape)


def check_complex_derivative(f: Callable[[Any], Any], z: Any, tangents: bool = True) -> None:
    """As `check_derivative` for a complex argument: the cotangent g stands for the change Re(g dz).

    Args:
        f: the function.
        z: where.
        tangents: whether its tangents are those of NumPy's function; of a vector of any phase only a function that no
            phase changes is differentiable, and forward mode cannot know what is made of it.
    """
    value, pullback = cr.vjp(f, z)
    np.testing.assert_allclose(value, f(z), rtol=1e-12, atol=1e-12)
    v = complex_numbers(*np.shape(z))
    want = richardson(lambda t: np.asarray(f(z + t * v)))
    if tangents:
        np.testing.assert_allclose(cr.jvp(f, (z,), (v,))[1], want, rtol=1e-7, atol=1e-8)
    w = complex_numbers(*np.shape(value)) if np.iscomplexobj(value) else numbers(*np.shape(value))
    (back,) = pullback(w)
    assert np.shape(back) == np.shape(z)
    np.testing.assert_allclose(np.sum(np.real(back * v)), np.sum(np.real(w * want)), rtol=1e-7, atol=1e-8)


def differences_to_many_digits(f: Callable[[Any, Any], Any], a: Any, digits: int = 50) -> Any:
    """The gradient of a function of a matrix of mpmath by central differences: no rule, and no rounding."""
    mp = mpmath.mp.clone()
    mp.dps = digits
    h = mp.mpf(10) ** (-digits // 3)
    out = np.zeros(np.shape(a))
    for place in np.ndindex(out.shape):
        ends = []
        for sign in (1, -1):
            moved = mp.matrix(np.asarray(a).tolist())
            moved[place] += sign * h
            ends.append(f(mp, moved))
        out[place] = float((ends[0] - ends[1]) / (2 * h))
    return out
