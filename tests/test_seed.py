"""The textbook's own examples, row by row, with the figures that it prints; and what holds where it is wrong."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import chainrule as cr

H = 1e-7  # the textbook's step for every difference


def plain_sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def squared_error(w: Any, x: Any, b: Any, y: Any) -> Any:
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L


def mean_squared_error(X: Any, y: Any) -> Callable[[Any], Any]:
    return lambda w: np.mean((y - X @ w) ** 2)


@pytest.fixture
def twenty_points() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(42)
    X = np.column_stack([np.ones(20), random.randn(20)])
    return X, X @ np.array([2.0, 3.0]) + 0.1 * random.randn(20)


@pytest.fixture
def hundred_points() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(42)
    x = 10 * random.rand(100)
    return np.column_stack([np.ones(100), x]), 3 * x + 2 + 2 * random.randn(100)


# --- S6: central differences ------------------------------------------------------------------------------------------

DIFFERENCES = [
    ("x^2", lambda x: x**2, 3.0, "5.9999999902", 6.0),
    ("x^3", lambda x: x**3, 2.0, "11.9999999937", 12.0),
    ("e^x", np.exp, 1.0, "2.7182818285", math.e),
    ("ln x", np.log, 2.0, "0.4999999997", 0.5),
]


@pytest.mark.parametrize(("formula", "f", "x", "figure", "exact"), DIFFERENCES, ids=[row[0] for row in DIFFERENCES])
def test_s6_numerical_derivatives(formula: str, f: Any, x: float, figure: str, exact: float) -> None:
    assert f"{cr.numeric.derivative(f, x, h=H):.10f}" == figure
    assert cr.derivative(f)(x) == pytest.approx(exact, rel=1e-15)
    assert cr.derivative(formula)(x) == pytest.approx(exact, rel=1e-15)


def test_s6_forward_differences_are_worse_than_central_ones() -> None:
    forward, central = (cr.numeric.derivative(lambda x: x**3, 2.0, h=1e-4, scheme=s) for s in ("forward", "central"))
    assert abs(forward - 12) == pytest.approx(6e-4, rel=1e-3)  # f'' h / 2
    assert abs(central - 12) == pytest.approx(1e-8, rel=0.2)  # f''' h^2 / 6


# --- S8, S9, S13, S14: the rules --------------------------------------------------------------------------------------

WORKED = [
    ("S8: rates multiply, 2 times 3 is 6", "2*(3x)", {"x": 1.0}, {"x": 6.0}),
    ("S8: the chain rule", "(3x + 2)^2", {"x": 1.0}, {"x": 30.0}),
    ("S9: the product rule", "x^2 e^x", {"x": 1.0}, {"x": 3 * math.e}),
    ("S13: partial derivatives", "x^2 y + 3 y^2", {"x": 2.0, "y": 3.0}, {"x": 12.0, "y": 22.0}),
]


@pytest.mark.parametrize(("formula", "at", "partials"), [row[1:] for row in WORKED], ids=[row[0] for row in WORKED])
def test_worked_derivatives(formula: str, at: dict[str, float], partials: dict[str, float]) -> None:
    for name, partial in partials.items():
        assert cr.grad(formula, argnums=name)(**at) == pytest.approx(partial, rel=1e-15)
        nudged = lambda v, name=name: cr.graph(formula, **at)(**{name: v})
        assert cr.numeric.derivative(nudged, at[name], h=H) == pytest.approx(partial, rel=1e-7)


def test_worked_derivatives_of_python_functions() -> None:
    assert cr.grad(lambda x: (3 * x + 2) ** 2)(1.0) == 30
    for x in (-1.0, 0.0, 2.5):
        assert cr.grad(lambda x: (3 * x + 2) ** 2)(x) == 6 * (3 * x + 2)
    slope = cr.grad(lambda x: x**2 * np.exp(x))(1.0)
    assert slope == pytest.approx(3 * math.e, rel=1e-15)
    assert f"{slope:.4f}" == "8.1548"

    def f(x: Any, y: Any) -> Any:
        return x**2 * y + 3 * y**2

    assert f(2.0, 3.0) == 39
    assert cr.grad(f, argnums=(0, 1))(2.0, 3.0) == (12, 22)
    packed = lambda p: f(p[0], p[1])
    assert [f"{cr.numeric.partial(packed, i, [2.0, 3.0], h=H):.6f}" for i in (0, 1)] == ["12.000000", "22.000000"]


def test_s14_the_gradient_points_up_the_steepest_way() -> None:
    f = lambda p: p[0] ** 2 * p[1] + 3 * p[1] ** 2
    p = np.array([2.0, 3.0])
    gradient = cr.grad(f)(p)
    assert gradient.tolist() == [12.0, 22.0]
    length = np.linalg.norm(gradient)
    for angle in np.linspace(0, 2 * math.pi, 60):
        direction = np.array([math.cos(angle), math.sin(angle)])
        _, slope = cr.jvp(f, (p,), (direction,))
        assert -length * (1 + 1e-15) <= slope <= length * (1 + 1e-15)
    for sign in (1, -1):
        assert cr.jvp(f, (p,), (sign * gradient / length,))[1] == pytest.approx(sign * length, rel=1e-15)


def test_s14_signs_in_words() -> None:
    passes = str(cr.graph("x^2 - 3y", x=2.0, y=1.0).forward_backward())
    assert "a larger x raises" in passes
    assert "a larger y lowers" in passes


# --- S10, S11: the sigmoid --------------------------------------------------------------------------------------------


def test_s10_the_derivative_of_the_sigmoid_where_it_is_0_8() -> None:
    z = math.log(4.0)
    assert cr.special.sigmoid(z) == pytest.approx(0.8, rel=1e-15)
    assert cr.derivative(cr.special.sigmoid)(z) == pytest.approx(0.16, rel=1e-15)


@pytest.mark.parametrize("sigmoid", [cr.special.sigmoid, plain_sigmoid, "1/(1+exp(-z))"], ids=["stable", "own", "text"])
def test_s11_the_sigmoid_on_numbers_and_arrays(sigmoid: Any) -> None:
    z = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    figures = ["0.10499359", "0.19661193", "0.25000000", "0.19661193", "0.10499359"]
    assert [f"{s:.8f}" for s in cr.derivative(sigmoid)(z)] == figures
    assert [f"{cr.derivative(sigmoid)(v):.8f}" for v in z] == figures


def test_s11_the_sigmoid_numerically() -> None:
    z = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    figures = ["0.10499359", "0.19661193", "0.25000000", "0.19661193", "0.10499358"]
    assert [f"{s:.8f}" for s in cr.numeric.derivative(plain_sigmoid, z, h=H)] == figures
    assert [f"{cr.numeric.derivative(plain_sigmoid, v, h=H):.8f}" for v in z] == figures


# --- S16, S18: regression ---------------------------------------------------------------------------------------------


def test_s16_analytical_against_numerical_gradient(twenty_points: Any) -> None:
    X, y = twenty_points
    loss, w = mean_squared_error(X, y), np.zeros(2)
    by_hand = lambda w: -2 / 20 * X.T @ (y - X @ w)
    assert [f"{g:.8f}" for g in cr.grad(loss)(w)] == ["-2.91901361", "-4.72563395"]
    assert [f"{g:.8f}" for g in cr.numeric.gradient(loss, w, h=H)] == ["-2.91901359", "-4.72563395"]
    np.testing.assert_allclose(cr.grad(loss)(w), by_hand(w), rtol=1e-14)
    assert cr.check(loss, by_hand, w)
    assert not cr.check(loss, lambda w: by_hand(w) / 2, w)


def test_s18_gradient_descent_on_linear_regression(hundred_points: Any) -> None:
    run = cr.descend(mean_squared_error(*hundred_points), np.zeros(2), learning_rate=0.001, steps=200)
    first, last = run.history.loss[0], run.history.loss[-1]
    shown = [f"{number:.4f}" for number in (*run.parameters, first, last, first - last)]
    assert shown == ["0.6962", "3.1745", "336.6350", "4.0808", "332.5541"]
    assert run.history.loss.shape == (200,)
    assert (run.steps, run.stopped, run.diverged) == (200, "steps done", False)


# --- S21, S22: both passes --------------------------------------------------------------------------------------------


def test_s21_forward_and_backward_pass() -> None:
    passes = cr.graph(squared_error, 1.0, 2.0, 1.0, 7.0).forward_backward()
    assert passes.value == 16
    assert {name: passes.gradients[name] for name in "wb"} == {"w": -16, "b": -8}
    table = str(passes)
    rows = [line.split() for line in table.splitlines()]
    for name, value in (("y_hat", "3"), ("e", "4"), ("L", "16")):
        assert any(name in row and value in row for row in rows), f"{name} = {value}\n{table}"
    for name, value in (("dL/de", 8), ("de/dy_hat", -1), ("dy_hat/dw", 2), ("dL/dw", -16), ("dL/db", -8)):
        # The formula and the product may stand between the name and the number: dL/de = 2e = 8.
        assert re.search(rf"(^|\s){name} = ([^=]* = )?{value}(\s|$)", table), f"{name} = {value}\n{table}"
    assert "a larger w lowers L" in table


def test_s22_the_numerical_check_of_both_passes() -> None:
    numerical = cr.numeric.gradient(lambda p: squared_error(p[0], 2.0, p[1], 7.0), [1.0, 1.0], h=H)
    assert [f"{g:.6f}" for g in numerical] == ["-16.000000", "-8.000000"]
    result = cr.check(squared_error, (-16.0, -8.0), 1.0, 2.0, 1.0, 7.0, argnums=("w", "b"))
    assert result
    assert [c.label for c in result.components] == ["w", "b"]
    assert [f"{c.numeric:.6f}" for c in result.components] == ["-16.000000", "-8.000000"]
    assert not cr.check(squared_error, (-16.0, 8.0), 1.0, 2.0, 1.0, 7.0, argnums=("w", "b"))
    passes = cr.graph(squared_error, 1.0, 2.0, 1.0, 7.0).forward_backward(w=2.0)
    assert (passes.value, passes.gradients["w"]) == (4.0, -8.0)


# --- S23: a network of over a million parameters ----------------------------------------------------------------------


def test_s23_a_network_of_over_a_million_parameters_learns_digits() -> None:
    digits = load_digits()
    X, label = digits.data[:256] / 16.0, digits.target[:256]
    random = np.random.default_rng(0)
    sizes = (64, 1024, 920, 10)
    start = [
        {"W": random.standard_normal((a, b)) * math.sqrt(2 / a), "b": np.zeros(b)} for a, b in itertools.pairwise(sizes)
    ]
    assert sum(layer["W"].size + layer["b"].size for layer in start) > 1_000_000

    def cross_entropy(layers: Any) -> Any:
        a = X
        for layer in layers[:-1]:
            a = np.maximum(a @ layer["W"] + layer["b"], 0.0)
        z = a @ layers[-1]["W"] + layers[-1]["b"]
        z = z - np.max(z, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(len(label)), label])

    run = cr.descend(cross_entropy, start, learning_rate=0.1, steps=8)
    assert run.stopped == "steps done"
    assert run.final_loss < 0.6 * run.history.loss[0]
    # The exact gradient of one weight, by a difference, so that falling is not all that is known.
    gradient = cr.grad(cross_entropy)(start)[0]["W"]
    place = np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)
    values = []
    for h in (1e-5, -1e-5):
        moved = [dict(layer) for layer in start]
        moved[0]["W"] = start[0]["W"].copy()
        moved[0]["W"][place] += h
        values.append(cross_entropy(moved))
    np.testing.assert_allclose((values[0] - values[1]) / 2e-5, gradient[place], rtol=1e-5)


# --- where the textbook is wrong --------------------------------------------------------------------------------------


def test_a_cubic_falls_at_minus_1_2() -> None:
    slope = cr.derivative(lambda x: -(x**3) + 3 * x)
    np.testing.assert_allclose(slope(np.array([-1.2, 1.0, 2.0])), [-1.32, 0.0, -9.0], rtol=1e-14, atol=1e-15)


def test_the_products_of_all_paths_are_summed() -> None:
    """L = e^2 + w^2: one path gives -16, the derivative is -14."""

    def loss(w: Any) -> Any:
        e = 7.0 - (w * 2.0 + 1.0)
        return e**2 + w**2

    assert cr.grad(loss)(1.0) == -14
    passes = cr.graph(loss, 1.0).forward_backward()
    assert passes.gradients["w"] == -14
    assert "sum over paths dloss/dw = 2 + (-16) = -14" in " ".join(str(passes).split())


def test_the_sigmoids_derivative_keeps_its_digits_where_s_times_1_minus_s_loses_them() -> None:
    z = np.array([30.0, 37.0, 40.0, 300.0])
    want = np.exp(-z) / (1 + np.exp(-z)) ** 2
    s = plain_sigmoid(z)
    assert (s * (1 - s))[1:].tolist() == [0.0, 0.0, 0.0]
    for sigmoid in (cr.special.sigmoid, plain_sigmoid):
        np.testing.assert_allclose(cr.derivative(sigmoid)(z), want, rtol=1e-13)
        np.testing.assert_allclose(cr.derivative(sigmoid)(-z), want, rtol=1e-13)
    # And the exponential that overflows on the way gives no NaN.
    with np.errstate(over="ignore"):
        assert np.isfinite(cr.derivative(plain_sigmoid)(np.array([-1000.0, -710.0, 710.0, 1000.0]))).all()


def test_the_loss_of_the_learned_weights_is_the_one_after_the_last_update(hundred_points: Any) -> None:
    loss = mean_squared_error(*hundred_points)
    run = cr.descend(loss, np.zeros(2), learning_rate=0.001, steps=200)
    assert f"{run.history.loss[-1]:.4f}" == "4.0808"
    assert f"{run.final_loss:.4f}" == "4.0799"
    assert run.final_loss == loss(run.parameters)


def test_a_rate_of_0_01_is_not_too_large(hundred_points: Any) -> None:
    loss = mean_squared_error(*hundred_points)
    curvature = np.linalg.eigvalsh(cr.hessian(loss)(np.zeros(2)))
    assert [f"{curvature[1]:.2f}", f"{2 / curvature[1]:.5f}", f"{curvature[0]:.3f}"] == ["63.18", "0.03165", "0.555"]
    last = {rate: cr.descend(loss, np.zeros(2), rate, steps=200) for rate in (0.00001, 0.001, 0.01, 0.029, 0.033)}
    assert [f"{last[rate].history.loss[-1]:.2f}" for rate in (0.00001, 0.001, 0.01)] == ["262.72", "4.08", "3.34"]
    assert (np.diff(last[0.01].history.loss) < 0).all()
    assert (np.diff(last[0.029].history.loss) < 0).all()
    assert last[0.033].final_loss > last[0.033].history.loss[0]


def test_differences_step_in_float_for_an_integer_array() -> None:
    square = lambda w: np.sum(w**2)
    w = np.array([1, 2])
    assert np.allclose(cr.numeric.gradient(square, w, h=H), [2, 4], rtol=1e-7)
    assert cr.grad(square)(w).tolist() == [2.0, 4.0]


def test_the_step_follows_the_size_and_the_dtype_of_x() -> None:
    assert cr.numeric.derivative(lambda x: x**2, 1e10) == pytest.approx(2e10, rel=1e-9)
    assert cr.numeric.derivative(lambda x: x**2, np.float32(3.0)) == pytest.approx(6.0, rel=1e-3)
    assert cr.derivative(lambda x: x**2)(1e10) == 2e10


def test_agreement_says_how_much_it_can_see() -> None:
    """At z = 30 an absolute tolerance of 1e-8 hides a wrong derivative of the sigmoid; a resolution does not."""
    assert not cr.check(cr.special.sigmoid, lambda z: -cr.derivative(cr.special.sigmoid)(z), 5.0)
    result = cr.check(cr.special.sigmoid, cr.derivative(cr.special.sigmoid), 5.0)
    assert result
    assert result.resolution < 1e-8
