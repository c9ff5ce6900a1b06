"""Complex numbers: the gradient of a real function of z = x + i y is df/dx - i df/dy, as in JAX and autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.calculus.gradients import grad
from chainrule.calculus.products import jvp, vjp
from chainrule.core.graph import constant
from chainrule.core.registry import building, evaluating
from chainrule.errors import TraceError

F = evaluating
Z = 1 + 2j
COMPLEX: list[tuple[str, Callable[..., Any]]] = [
    ("|z|^2", lambda z: np.abs(z) ** 2),
    ("|z|", np.abs),
    ("builtin |z|", abs),
    ("Re", np.real),
    ("Im", np.imag),
    ("arg", np.angle),
    ("arg in degrees", lambda z: np.angle(z, deg=True)),
    ("z conj z", lambda z: np.real(z * np.conj(z))),
    ("Re exp", lambda z: np.real(np.exp(z))),
    ("Im tanh", lambda z: np.imag(np.tanh(z))),
    ("|arsinh|", lambda z: np.abs(np.arcsinh(z))),
    ("Re expit", lambda z: np.real(F.expit(z))),
    ("Re z^i", lambda z: np.real(z ** (1 + 1j))),
    ("sign", lambda z: np.real((2 - 1j) * np.sign(z))),
    ("Re sinc", lambda z: np.real(np.sinc(z))),
    ("x-part", lambda z: z.real * z.imag),
]


@pytest.mark.parametrize("f", [f for _, f in COMPLEX], ids=[name for name, _ in COMPLEX])
@pytest.mark.parametrize("z", [Z, -0.3 + 0.4j, -2 - 0.5j])
def test_complex_gradient_is_that_by_x_minus_i_that_by_y(f: Callable[..., Any], z: complex) -> None:
    h = 1e-6
    by_x = (f(np.complex128(z + h)) - f(np.complex128(z - h))) / (2 * h)
    by_y = (f(np.complex128(z + 1j * h)) - f(np.complex128(z - 1j * h))) / (2 * h)
    assert grad(f)(z) == pytest.approx(by_x - 1j * by_y, rel=1e-8, abs=1e-8)
    for direction in (1.0 + 0j, 1j, 0.3 - 2j):
        tangent = jvp(f, (z,), (direction,))[1]
        assert tangent == pytest.approx(by_x * direction.real + by_y * direction.imag, rel=1e-8, abs=1e-8)


def test_complex_convention() -> None:
    assert grad(lambda z: np.abs(z) ** 2)(Z) == 2 - 4j
    assert grad(np.abs)(0j) == 0
    gradient = grad(lambda x: np.real(np.exp(1j * x)))(0.5)
    assert gradient.dtype == np.float64
    assert gradient == pytest.approx(-np.sin(0.5))
    assert not np.iscomplexobj(grad(lambda x: np.abs(x * (1 + 1j)))(2.0))
    assert grad(lambda x: np.imag(x) + np.real(x) + np.angle(x))(-2.0) == 1
    with pytest.raises(TraceError, match=r"np\.abs"):
        grad(np.fabs)(Z)


def test_single_precision_complex_keeps_its_precision() -> None:
    z = np.array([1 + 2j], np.complex64)
    for f in (np.real, np.imag, np.abs, np.angle, np.conj):
        out, pullback = vjp(f, z)
        assert out.dtype == f(z).dtype
        assert pullback(np.ones_like(out))[0].dtype == np.complex64


def test_python_numbers_stay_weak() -> None:
    for name in ("abs_complex", "real", "imag", "angle"):
        assert getattr(building, name)(1j).dtype is float
        assert getattr(building, name)(constant(np.complex64(1j))).dtype == np.float32


_CUTS = {
    "arcsin": (complex(2, 0.0), complex(2, -0.0), complex(-2, 0.0), complex(-2, -0.0)),
    "arccos": (complex(2, 0.0), complex(2, -0.0), complex(-2, 0.0), complex(-2, -0.0)),
    "arcsinh": (complex(0.0, 2), complex(-0.0, 2), complex(0.0, -2), complex(-0.0, -2)),
    "arccosh": (complex(-2, 0.0), complex(-2, -0.0), complex(0.5, 0.0), complex(0.5, -0.0)),
}


@pytest.mark.parametrize(("name", "z"), [(name, z) for name, points in _CUTS.items() for z in points], ids=str)
def test_on_a_branch_cut_the_derivative_is_that_of_the_side_which_the_value_is_of(name: str, z: complex) -> None:
    function = getattr(np, name)
    z = np.complex128(z)
    _, found = jvp(function, (z,), (np.complex128(1),))
    # A little way into that side nothing is cut.
    inwards = 1e-9 * complex(np.copysign(z.real == 0, z.real), np.copysign(z.imag == 0, z.imag))
    _, beside = jvp(function, (z + inwards,), (np.complex128(1),))
    np.testing.assert_allclose(function(z + inwards), function(z), atol=1e-8)
    np.testing.assert_allclose(found, beside, rtol=1e-7, atol=1e-8)
    assert grad(lambda z: np.real(function(z)))(z) == pytest.approx(found)
