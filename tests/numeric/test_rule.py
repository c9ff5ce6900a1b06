"""Derivatives by differences as a rule: against exact ones, in every surrounding, and where they are poor."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.special as sp

import chainrule as cr

X, Y = np.array([0.3, 0.8, 1.2]), 1.7


def exact(x: Any, y: Any, *, k: int = 1) -> Any:
    return np.stack([np.sum(x**2) * y**k, np.sum(np.sin(x)) * y, y * x[0]])


BLACK_BOX = cr.numeric_rule(lambda x, y, *, k=1: exact(np.array(x), float(y), k=k))


def scalar(f: Any) -> Any:
    return lambda x: np.sum(np.tanh(f(x, x[1], k=2)))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_both_modes(mode: Any) -> None:
    found = cr.jacobian(lambda x, y: BLACK_BOX(x, y, k=2), argnums=(0, 1), mode=mode)(X, Y)
    want = cr.jacobian(lambda x, y: exact(x, y, k=2), argnums=(0, 1))(X, Y)
    for a, b in zip(found, want, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=1e-10)


@pytest.mark.parametrize(
    "second",
    [
        lambda f: cr.hessian(f)(X),
        lambda f: cr.jacobian(cr.grad(f), mode="reverse")(X),
        lambda f: cr.jacobian(lambda x: cr.jacobian(f, mode="forward")(x), mode="forward")(X),
        lambda f: cr.jacobian(lambda x: cr.jvp(f, (x,), (X,))[1], mode="reverse")(X),
        lambda f: cr.hvp(f, X, np.ones(3)),
    ],
)
def test_second_derivatives_in_every_combination_of_modes(second: Any) -> None:
    np.testing.assert_allclose(second(scalar(BLACK_BOX)), second(scalar(exact)), atol=1e-8)


def test_third_derivatives_are_refused() -> None:
    log_gamma = cr.numeric_rule(math.lgamma)
    np.testing.assert_allclose(cr.derivative(log_gamma, 2)(3.0), sp.polygamma(1, 3.0), rtol=1e-8)
    for third in (
        lambda: cr.derivative(log_gamma, 3)(3.0),
        lambda: cr.grad(cr.grad(cr.grad(log_gamma)))(3.0),
        lambda: cr.grad(cr.derivative(log_gamma, 2))(3.0),
    ):
        with pytest.raises(cr.DerivativeMissingError, match="lgamma has no third derivative"):
            third()


def test_products_of_derivatives_need_no_third_one() -> None:
    """Linear in the tangent and the cotangent to any order."""
    f = cr.numeric_rule(np.exp)
    g = lambda t: cr.jvp(f, (0.5,), (t,))[1] ** 3
    np.testing.assert_allclose(cr.derivative(g, 2)(1.0), 6 * np.exp(1.5), rtol=1e-9)
    h = lambda g: cr.vjp(f, 0.5)[1](g)[0] ** 3
    np.testing.assert_allclose(cr.grad(cr.grad(h))(1.0), 6 * np.exp(1.5), rtol=1e-9)
    second = lambda t: cr.jvp(lambda x: cr.jvp(f, (x,), (t,))[1], (0.5,), (t,))[1]
    np.testing.assert_allclose(cr.grad(second)(2.0), 4 * np.exp(0.5), rtol=1e-6)
    np.testing.assert_allclose(cr.derivative(second)(2.0), 4 * np.exp(0.5), rtol=1e-6)
    back = lambda c: cr.vjp(lambda x: cr.vjp(f, x)[1](c)[0], 0.5)[1](c)[0]
    np.testing.assert_allclose(cr.grad(back)(2.0), 4 * np.exp(0.5), rtol=1e-6)
    np.testing.assert_allclose(cr.derivative(back)(2.0), 4 * np.exp(0.5), rtol=1e-6)


def test_in_vmap_in_graphs_and_under_check() -> None:
    f = lambda g: lambda x: np.sum(g(x, Y))
    many = np.stack([X, X + 1])
    np.testing.assert_allclose(cr.vmap(f(BLACK_BOX))(many), cr.vmap(f(exact))(many))
    np.testing.assert_allclose(cr.vmap(cr.grad(f(BLACK_BOX)))(many), cr.vmap(cr.grad(f(exact)))(many), atol=1e-9)
    graph = cr.graph(f(cr.numeric_rule(exact)), X)
    assert str(graph) == "f(x) = sum(exact(x, 1.7))"
    np.testing.assert_allclose(graph(x=X + 1), f(exact)(X + 1))
    assert cr.check(f(BLACK_BOX), cr.grad(f(BLACK_BOX)), X).passed


def test_a_derivation_names_the_rule_and_says_that_it_was_compared_in_floats() -> None:
    derivation = cr.explain(lambda x: cr.numeric_rule(math.lgamma)(x) * x, 2.0)
    assert "by differences: (lgamma(x))' = lgamma'(x)" in str(derivation)
    assert "in floats, as lgamma computes with floats only" in str(derivation)
    digamma_of_2 = 1 - 0.5772156649015329
    assert f"f'(2) = {2 * digamma_of_2 + math.lgamma(2.0):.6g}" in str(derivation)


@pytest.mark.parametrize("shown", [lambda f: cr.source(f, 2.0), lambda f: cr.graph(f, 2.0).forward_backward()])
def test_what_has_no_graph_cannot_be_shown(shown: Any) -> None:
    with pytest.raises(cr.DerivativeMissingError, match="the derivative of lgamma is computed on arrays"):
        shown(lambda x: cr.numeric_rule(math.lgamma)(x) * x)


def test_it_runs_compiled() -> None:
    f = lambda x: cr.numeric_rule(math.lgamma)(x) * x
    np.testing.assert_allclose(cr.compile(cr.grad(f))(2.5), cr.grad(f)(2.5))


def test_a_better_rule_may_follow() -> None:
    f = cr.numeric_rule(np.cbrt)
    cr.define_vjp(f, lambda g, out, x: 42.0 * g)
    assert cr.grad(f)(1.0) == 42.0


def test_integers_and_options_are_static() -> None:
    power = cr.numeric_rule(lambda x, n, *, shift: (x + shift) ** n)
    np.testing.assert_allclose(cr.grad(lambda x: power(x, 3, shift=1.0))(1.5), 3 * 2.5**2, rtol=1e-10)
    picked = cr.numeric_rule(lambda x, i: x[i] ** 2)
    np.testing.assert_allclose(
        cr.grad(lambda x: np.sum(picked(x, np.array([0, 2]))))(X), [2 * X[0], 0, 2 * X[2]], atol=1e-10
    )


def test_the_dtype_of_the_argument_is_kept() -> None:
    seen = set()

    def f(x: Any) -> Any:
        seen.add(x.dtype)
        return np.sin(x)

    gradient = cr.grad(lambda x: np.sum(cr.numeric_rule(f)(x)))(X.astype(np.float32))
    assert gradient.dtype == np.float32
    assert seen == {np.dtype(np.float32)}
    np.testing.assert_allclose(gradient, np.cos(X), rtol=1e-5)


def test_nothing_and_what_does_not_move() -> None:
    f = cr.numeric_rule(np.sin)
    assert cr.grad(lambda x: np.sum(f(x)))(np.zeros((0, 2))).shape == (0, 2)
    assert cr.jvp(f, (1.0,), (0.0,))[1] == 0
    none = cr.numeric_rule(lambda x: x[:0])
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(none(x)))(X), 0.0)
    constant = cr.numeric_rule(lambda x: 3.0)
    assert cr.grad(constant)(1.0) == 0
    assert cr.derivative(constant, 2)(1.0) == 0
    at_rest = lambda x: cr.jvp(lambda x: cr.jvp(f, (x,), (0.0,))[1], (x,), (1.0,))[1]
    assert at_rest(1.0) == 0


def test_a_jacobian_costs_one_set_of_differences() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return np.outer(x, x).ravel()

    f_of = cr.numeric_rule(f)
    cr.jacobian(f_of, mode="reverse")(X)
    together = len(calls)
    calls.clear()
    cr.vjp(f_of, X)[1](np.ones(9))
    assert together <= len(calls) + 2


NOISE = np.random.default_rng(4)


def trembling(x: Any) -> Any:
    return np.sin(x) + 1e-6 * NOISE.normal()


# --- where differences know little ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "text", "near"),
    [
        (np.abs, 0.0, "kink", 0.0),
        (lambda x: np.maximum(x, 2 * x), 0.0, "kink", 1.5),
        (lambda x: np.exp(x) + 0.01 * np.abs(x - 1), 1.0, "kink", np.e),
        (lambda x: trembling(x), 1.0, "tremble", np.cos(1.0)),
    ],
)
def test_a_derivative_with_a_large_error_comes_with_a_warning(f: Any, x: float, text: str, near: float) -> None:
    with pytest.warns(UserWarning, match=rf"by differences at x\[0\] = {x:g} is .* ± .*{text}"):
        found = cr.grad(cr.numeric_rule(f))(x)
    np.testing.assert_allclose(found, near, atol=1e-3)


def test_the_tolerance_says_what_is_large() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cr.grad(cr.numeric_rule(trembling, tolerance=0.1))(1.0)
        cr.grad(cr.numeric_rule(lambda x: np.sum(np.sin(x) ** 2)))(np.array([0.0, np.pi / 2, 1.0]))  # zeros are right
        cr.grad(cr.numeric_rule(lambda x: np.sum(x**2)))(np.zeros(2))
        with pytest.raises(UserWarning, match="tremble"):
            cr.grad(cr.numeric_rule(trembling, tolerance=1e-7))(1.0)


@pytest.mark.parametrize(
    ("f", "x", "text"),
    [
        (lambda x: np.sqrt(np.abs(x)), 0.0, "vertical tangent"),
        (np.floor, 1.0, "jumps from 0 to 1"),
        (lambda x: np.log(x) if x > 0 else np.nan, -1.0, "move x into the domain"),
    ],
)
def test_where_there_is_no_derivative(f: Any, x: float, text: str) -> None:
    with pytest.raises(cr.NonFiniteError, match=text):
        cr.grad(cr.numeric_rule(f))(x)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_at_the_end_of_the_domain_the_derivative_is_one_sided(sign: float) -> None:
    f = cr.numeric_rule(lambda x: math.sqrt(sign * x) ** 3 + 2 * x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its second derivative is infinite there
        np.testing.assert_allclose(cr.grad(f)(0.0), 2.0, atol=1e-3)
    steep = cr.numeric_rule(lambda x: math.sqrt(sign * x))
    with pytest.raises(cr.NonFiniteError, match="vertical tangent"):
        cr.grad(steep)(0.0)


def written(x: Any) -> Any:
    x[0] = 1.0
    return x


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: cr.numeric_rule(3), "takes a function, not 3"),
        (lambda: cr.numeric_rule(np.sin, tolerance=0.0), "tolerance is 0.0"),
        (lambda: cr.numeric_rule(lambda x: None)(1.0), "it must return one array"),
        (lambda: cr.numeric_rule(lambda x: x * 1j)(1.0), "returned complex numbers"),
        (lambda: cr.numeric_rule(lambda x: x)(1j), "is complex"),
        (lambda: cr.grad(lambda z: np.real(cr.numeric_rule(lambda x: x)(z)))(1j), "is complex"),
        (lambda: cr.numeric_rule(written)(np.zeros(2)), "writes into its argument"),
        (lambda: cr.grad(lambda x: cr.numeric_rule(lambda y: y * x)(2.0))(1.0), "not among its arguments"),
        (lambda: cr.grad(cr.numeric_rule(lambda p: p["a"] * 2))({"a": 1.0}), "stands in a container: pass it as an"),
        (lambda: cr.grad(lambda x: cr.numeric_rule(lambda y, *, k: y * k)(2.0, k=x))(1.0), "by position"),
    ],
)
def test_refusals(call: Any, text: str) -> None:
    with pytest.raises(cr.ArgumentError, match=text):
        call()


def test_the_derivative_of_a_number_is_a_number() -> None:
    found = cr.grad(cr.numeric_rule(lambda a, b: a * b**2), argnums=(0, 1))(2.0, 3.0)
    assert [type(x) for x in found] == [np.float64, np.float64]
