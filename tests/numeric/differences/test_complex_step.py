"""The complex step: to the last digit where f is analytic, refused where it is not; mpmath is the oracle."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from chainrule.errors import ArgumentError, NonFiniteError, ShapeError
from chainrule.numeric import derivative, directional, gradient, hessian, jacobian, partial


@pytest.mark.parametrize("x", [1e-12, 0.3, 1.0, 1e6])
@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "tanh", "atan"])
def test_analytic_functions_to_the_last_digit(name, x):
    if name == "exp" and x > 100:
        x = 100.0
    with mpmath.workdps(60):
        expected = float(mpmath.diff(getattr(mpmath, name), mpmath.mpf(x), h=mpmath.mpf(10) ** -30))
    found = derivative(getattr(np, {"atan": "arctan"}.get(name, name)), x, scheme="complex")
    assert found == pytest.approx(expected, rel=4e-16, abs=1e-300)


def test_arrays():
    x = np.array([1.0, 2.0, 3.0])
    assert np.array_equal(derivative(np.exp, x, scheme="complex"), np.exp(x))
    assert gradient(lambda p: np.sum(p**3), x, scheme="complex") == pytest.approx(3 * x**2, rel=1e-15)
    assert partial(lambda p: np.sum(p**3), 1, x, scheme="complex") == pytest.approx(12, rel=1e-15)
    assert directional(lambda p: np.sum(p**3), x, [1, 0, -1], scheme="complex") == pytest.approx(-24, rel=1e-15)
    assert jacobian(np.sin, x, scheme="complex") == pytest.approx(np.diag(np.cos(x)), rel=1e-15)
    assert hessian(np.sum, x, scheme="complex", gradient=lambda p: p**2) == pytest.approx(np.diag(2 * x), rel=1e-15)


@pytest.mark.parametrize(("dtype", "granted"), [(np.float16, 1e-3), (np.float32, 2e-7), (np.longdouble, 1e-15)])
def test_dtypes(dtype, granted):
    found = derivative(np.exp, np.array([0.5, 1.5], dtype), scheme="complex")
    assert found.dtype == dtype
    assert found.astype(float) == pytest.approx(np.exp([0.5, 1.5]), rel=granted)


def test_a_given_step_is_taken():
    with pytest.raises(ArgumentError, match="not analytic"):
        derivative(lambda x: x**3, 2.0, h=0.1, scheme="complex")  # off by h**2, which the differences show
    assert derivative(lambda x: x**3, 2.0, h=1e-20, scheme="complex") == 12


def real_part(x):
    return np.real(x) ** 2


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (np.abs, "is real for complex x at x = -2: the complex step gives 0, differences give -1"),
        (real_part, "is real for complex x"),
        (lambda x: x * np.conj(x), "is not analytic"),
        (lambda x: np.exp(np.conj(x)), "is not analytic"),
        (lambda x: np.where(np.imag(x) == 0, x, 2 * x), "is not analytic"),
        (math.sin, "cannot take complex numbers"),
        (lambda x: float(x) ** 2, "cannot take complex numbers"),
        (lambda x: np.floor(x) + x, "cannot take complex numbers"),
    ],
)
def test_what_is_not_analytic_is_refused(f, message):
    for operator in (derivative, gradient, jacobian):
        with pytest.raises(ArgumentError, match=message):
            operator(f, -2.0, scheme="complex")


def test_a_comparison_on_the_real_part_is_right():
    assert derivative(lambda x: np.maximum(x, 0) * x, 2.0, scheme="complex") == 4
    assert derivative(lambda x: np.maximum(x, 0) * x, -2.0, scheme="complex") == 0


def test_constants():
    assert derivative(lambda x: 3.0, 1.0, scheme="complex") == 0
    assert derivative(lambda x: 3, 1.0, scheme="complex") == 0


def test_misuse():
    with pytest.raises(ArgumentError, match="first derivative only"):
        derivative(np.exp, 1.0, scheme="complex", order=2)
    with pytest.raises(ArgumentError, match="leave accuracy out"):
        derivative(np.exp, 1.0, scheme="complex", accuracy=2)
    with pytest.raises(ArgumentError, match="give gradient="):
        hessian(lambda p: np.sum(p**2), [1.0], scheme="complex")
    with pytest.raises(ArgumentError, match="h must be"):
        derivative(np.exp, 1.0, h=-1, scheme="complex")
    with pytest.raises(ArgumentError, match="cannot be verified"):
        derivative(np.sqrt, 0.0, scheme="complex", h=1e-30)
    with pytest.raises(ShapeError, match="for complex x and"):
        jacobian(lambda p: p if p.dtype.kind == "f" else p[:1], [1.0, 2.0], scheme="complex")
    with pytest.raises(ArgumentError, match="expected numbers"):
        derivative(lambda x: "1" if np.iscomplexobj(x) else x, 1.0, scheme="complex")
    with pytest.raises(NonFiniteError, match="not finite"):
        derivative(lambda x: np.nan * x if np.iscomplexobj(x) else x, 1.0, scheme="complex")

    def write(p):
        if p.dtype.kind == "c":
            p[0] = 0
        return np.sum(p)

    with pytest.raises(ArgumentError, match="writes into its argument"):
        gradient(write, [1.0, 2.0], scheme="complex")


@pytest.mark.parametrize("x", [1e-300, 5e-324, np.float32(1e-38), np.float32(1e-45), -1e-308])
def test_beside_the_smallest_numbers_the_step_is_no_zero(x):
    assert derivative(np.sin, x, scheme="complex") == pytest.approx(1, rel=1e-6)
    assert gradient(lambda p: np.sum(p**2 + p), [x, 1.0], scheme="complex") == pytest.approx([1, 3], rel=1e-6)


def test_what_f_raises_for_complex_numbers_is_named():
    def f(x):
        if np.iscomplexobj(x):
            raise ZeroDivisionError("mine")
        return x

    with pytest.raises(NonFiniteError, match=r"raised ZeroDivisionError \(mine\) at x \+ ih: take scheme='central'"):
        derivative(f, 1.0, scheme="complex")

    def inner(x):
        return derivative(np.sin, x)

    with pytest.raises(ArgumentError, match="complex"):
        derivative(inner, 1.0, scheme="complex")
