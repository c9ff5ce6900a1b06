"""NumPy's elementwise functions, the options and methods of its ufuncs, and those of SciPy, on traced values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

from chainrule.calculus.gradients import grad
from chainrule.calculus.products import jvp, vjp
from chainrule.errors import ArgumentError, ShapeError, TraceError

X = np.array([0.3, -1.2, 2.6])
Y = np.array([1.5, 0.7, -0.4])

# Functions of x and y: the value is NumPy's own, the derivative is checked against differences.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "fix": lambda x, y: np.fix(x) * y,
    "round": lambda x, y: np.round(x, 1) * y + x.round() + np.around(x),
    "divmod": lambda x, y: np.divmod(x, y)[0] * np.divmod(x, y)[1],
    "builtin divmod": lambda x, y: divmod(x, 0.7)[1] + divmod(2.3, y)[1],
    "modf": lambda x, y: np.modf(x)[0] * y + np.modf(x)[1],
    "ldexp": lambda x, y: np.ldexp(x, 3) * y,
    "degrees": lambda x, y: np.degrees(x) + np.radians(y) + np.rad2deg(x) + np.deg2rad(y),
    "select": lambda x, y: np.select([x > 2, x > 0], [x * y, y], default=x**2),
    "where": lambda x, y: np.where(x > y, x, y**2),
    "where with a number": lambda x, y: np.where(x > y, x, 0) + np.where(np.array([True, False, True]), 1, y),
    "clip": lambda x, y: np.clip(x, -1, y) + x.clip(0, None) + np.clip(x, None, y),
    "nan_to_num": lambda x, y: np.nan_to_num(x) * y,
    "fabs": lambda x, y: np.fabs(x) * y + np.abs(y) + abs(x),
    "float_power": lambda x, y: np.float_power(np.abs(x), y),
    "real": lambda x, y: np.real(x) + np.imag(y) + x.real * y + np.angle(x) + np.conj(x) * y.conj() + x.imag,
    "sign": lambda x, y: np.sign(x) * y + np.copysign(x, y),
    "sinc": lambda x, y: np.sinc(x) * y,
    "bitwise": lambda x, y: np.where(np.bitwise_and(x > 0, y > 0) | ~(x > -1) ^ (y < 0), x, y),
    "bitwise functions": lambda x, y: np.where(np.bitwise_or(x > 0, np.bitwise_xor(np.invert(y > 0), True)), x, y),
    "outer": lambda x, y: np.multiply.outer(x, y) + np.subtract.outer(x, np.ones(3)),
    "outer with a number": lambda x, y: (
        np.add.outer(x, 2.0) * np.add.outer(2.0, y) + np.multiply.outer([1.0, 2.0], x).sum()
    ),
    "dtype": lambda x, y: np.add(x, y, dtype=np.float64) * np.exp(x, dtype=float),
    "ufunc keywords": lambda x, y: np.multiply(x, y, casting="same_kind", subok=True, order="K"),
    "astype": lambda x, y: x.astype(float) * y + x.astype(int) * y + (x > 0).astype(float) * x,
    "positive": lambda x, y: +x * np.positive(y),
    "scipy": lambda x, y: scipy.special.expit(x) * scipy.special.erf(y) + scipy.special.erfc(x),
    "more of scipy": lambda x, y: scipy.special.log_expit(x) + scipy.special.ndtr(y) + scipy.special.exp10(x),
    "logit": lambda x, y: scipy.special.logit(scipy.special.expit(x)) * scipy.special.cbrt(y) + scipy.special.exp2(x),
    "xlogy": lambda x, y: scipy.special.xlogy(x, np.abs(y)) + scipy.special.xlog1py(x, np.abs(y)),
    "expm1": lambda x, y: scipy.special.expm1(x) + scipy.special.log1p(np.square(y)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_derivative(name: str) -> None:
    f, h = FUNCTIONS[name], 1e-6
    value, pullback = vjp(f, X, Y)
    np.testing.assert_allclose(value, f(X, Y), rtol=1e-14)
    v, w = np.array([0.7, -0.2, 1.1]), np.array([0.4, 0.9, -0.6])
    want = (f(X + h * v, Y + h * w) - f(X - h * v, Y - h * w)) / (2 * h)
    tangent = jvp(f, (X, Y), (v, w))[1]
    np.testing.assert_allclose(tangent, want, rtol=1e-7, atol=1e-8)
    g = np.random.default_rng(0).normal(size=np.shape(value))
    gx, gy = pullback(g)
    np.testing.assert_allclose(np.sum(gx * v) + np.sum(gy * w), np.sum(g * tangent), rtol=1e-12)


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add.reduce": lambda x: np.add.reduce(x),
    "add.reduce, axis": lambda x: np.add.reduce(x, axis=1, keepdims=True),
    "multiply.reduce": lambda x: np.multiply.reduce(x, axis=None),
    "maximum.reduce": lambda x: np.maximum.reduce(x) + np.minimum.reduce(x),
    "add.accumulate": lambda x: np.add.accumulate(x) + np.multiply.accumulate(x, axis=1),
    "logical": lambda x: np.where(np.logical_and.reduce(x > 0) | np.logical_or.reduce(x > 1), x, 2 * x),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_methods_work_along_the_first_axis_unless_told_otherwise(name: str) -> None:
    f, x, h = REDUCTIONS[name], np.array([[0.3, -1.2, 2.6], [1.5, 0.7, -0.4]]), 1e-6
    v = np.random.default_rng(1).normal(size=x.shape)
    value, tangent = jvp(f, (x,), (v,))
    np.testing.assert_allclose(value, f(x), rtol=1e-14)
    np.testing.assert_allclose(tangent, (f(x + h * v) - f(x - h * v)) / (2 * h), rtol=1e-7, atol=1e-8)


def test_out_writes_into_a_traced_array() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        alias = y
        np.multiply(y, 3.0, out=y)
        np.exp(x, out=y, where=x > 0)
        np.clip(y, None, 10.0, out=y)
        np.add.reduce(np.stack([y, x]), out=y)
        return np.sum(alias)

    x = np.array([-1.0, 0.5, 4.0])
    np.testing.assert_allclose(grad(f)(x), [4.0, np.exp(0.5) + 1, 1.0])


def test_nan_to_num_replaces_and_stops_the_derivative() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 2.0])
    value, pullback = vjp(lambda x: np.nan_to_num(x, nan=7.0, neginf=-5.0), x)
    np.testing.assert_array_equal(value, np.nan_to_num(x, nan=7.0, neginf=-5.0))
    np.testing.assert_array_equal(pullback(np.ones(4))[0], [0, 0, 0, 1])
    np.testing.assert_array_equal(vjp(np.nan_to_num, x.astype(np.float32))[0], np.nan_to_num(x.astype(np.float32)))

    def in_place(x: Any) -> Any:
        y = x * 2
        np.nan_to_num(y, copy=False, nan=1.0)
        return np.sum(y)

    np.testing.assert_array_equal(grad(in_place)(np.array([np.nan, 3.0])), [0, 2])


@pytest.mark.parametrize("equal_nan", [False, True])
def test_comparisons_of_arrays_decide_branches(equal_nan: bool) -> None:
    x = np.array([1.0, np.inf, np.nan, -np.inf, 0.0])
    for y in (x, x + 1e-9, x + 1e-3, np.zeros(5), np.array([1.0, -np.inf, 1.0, -np.inf, 1e-9])):
        with np.errstate(invalid="ignore"):
            got = vjp(lambda x, y=y: np.isclose(x, y, equal_nan=equal_nan) * x, x)[0]
            np.testing.assert_array_equal(got, np.isclose(x, y, equal_nan=equal_nan) * x)
        outcomes = []

        def f(x: Any, y: Any = y, outcomes: list[bool] = outcomes) -> Any:
            with np.errstate(invalid="ignore"):
                outcomes.append(bool(np.allclose(x, y, equal_nan=equal_nan)))
                outcomes.append(bool(np.array_equal(x, y, equal_nan=equal_nan)))
            return np.sum(x)

        grad(f)(x)
        with np.errstate(invalid="ignore"):
            assert outcomes == [np.allclose(x, y, equal_nan=equal_nan), np.array_equal(x, y, equal_nan=equal_nan)]
    assert grad(lambda x: 3 * x[0] if not np.array_equal(x, np.ones(2)) else x[0])(np.ones(3)).tolist() == [3, 0, 0]


def test_questions_about_the_type() -> None:
    assert grad(lambda x: x if np.isrealobj(x) and not np.iscomplexobj(x) else 2 * x)(1.0) == 1
    assert grad(lambda z: np.real(z) * (2 if np.iscomplexobj(z) else 1))(1j) == 2


def test_where_of_a_condition_alone_gives_its_places() -> None:
    x = np.array([-1.0, 2.0, 3.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(x[np.where(x > 0)[0]] ** 2))(x), [0, 4, 6])


def test_casts_carry_the_derivative_between_precisions() -> None:
    x = np.array([0.5, 1.5], np.float32)
    value, pullback = vjp(lambda x: x.astype(np.float64) ** 2, x)
    assert value.dtype == np.float64
    assert pullback(np.ones(2))[0].dtype == np.float32
    z = np.array([1 + 2j])
    assert vjp(lambda x: x.astype(complex) * 1j, X)[1](np.ones(3, complex))[0].dtype == np.float64
    assert vjp(lambda z: z.astype(float), z)[1](np.ones(1))[0].tolist() == [1]
    assert grad(lambda x: x.astype(bool) * x)(2.0) == 1


REFUSED: dict[str, tuple[Callable[..., Any], type[Exception], str]] = {
    "out": (lambda x: np.exp(x, out=np.zeros(3)), TraceError, "plain array by out="),
    "out of a function": (lambda x: np.clip(x, 0, 1, out=np.zeros(3)), TraceError, "plain array by out="),
    "shape of out": (lambda x: np.add(x, np.ones((2, 3)), out=x * 1), ShapeError, r"\(3,\).*\(2, 3\)"),
    "where": (lambda x: np.exp(x, where=x > 0), TraceError, "where= without out="),
    "several out": (lambda x: np.modf(x, out=(x * 1, x * 1)), TraceError, "several results"),
    "signature": (lambda x: np.add(x, x, signature="dd->d"), TraceError, "signature"),
    "at": (lambda x: np.multiply.at(x, [0], 1.0), TraceError, "np.bincount"),
    "reduceat": (lambda x: np.add.reduceat(x, [0, 99]), ArgumentError, "99"),
    "one branch": (lambda x: np.where(x > 0, x), TraceError, "both branches"),
    "select": (lambda x: np.select([x > 0], [x, x]), TraceError, "one for each"),
    "bits": (lambda x: np.bitwise_and(x, 3), TraceError, "on booleans"),
    "text": (lambda x: x.astype(str), TraceError, "numbers and booleans only"),
    "clip": (lambda x: np.clip(x, 0, 1, dtype=float), TraceError, "dtype"),
    "scipy": (lambda x: scipy.special.airy(x)[0], TraceError, "airy"),
    "spacing": (np.spacing, TraceError, "spacing"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_followed_says_so(name: str) -> None:
    f, kind, text = REFUSED[name]
    with pytest.raises(kind, match=text):
        grad(lambda x: np.sum(f(x)))(X)


def test_an_argument_that_is_no_number_is_refused() -> None:
    with pytest.raises(ArgumentError):
        grad(lambda x: np.add(x, "text"))(1.0)
