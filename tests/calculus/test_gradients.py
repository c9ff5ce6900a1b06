"""The grad family: what is differentiated, in which form, nested to any depth, and what is refused."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import chainrule as cr


def test_argnums_has_aux_and_keywords() -> None:
    def f(x: Any, y: Any, *, scale: float = 1.0) -> Any:
        return scale * x * y, {"product": x * y}

    gradient, aux = cr.grad(f, has_aux=True)(2.0, 3.0, scale=10.0)
    assert gradient == 30
    assert aux == {"product": 6.0}
    assert type(aux["product"]) is np.float64
    (value, _), gradient = cr.value_and_grad(f, argnums="y", has_aux=True)(2.0, y=3.0)
    assert (value, gradient) == (6.0, 2.0)
    assert cr.grad(lambda *xs: xs[0] * xs[-1], argnums=-1)(2.0, 3.0, 5.0) == 2
    with pytest.raises(cr.ArgumentError, match="no argument 'z'; it has x, y"):
        cr.grad(f, argnums="z")
    with pytest.raises(cr.ArgumentError, match="was not given the argument 5"):
        cr.grad(lambda x: x, argnums=5)(1.0)
    with pytest.raises(cr.ArgumentError, match="pair"):
        cr.grad(lambda x: x, has_aux=True)(1.0)


@dataclass
class Layer:
    w: Any
    b: Any
    kind: None = None


class Pair(NamedTuple):
    left: Any
    right: Any


def test_containers_come_back_as_they_went_in() -> None:
    def loss(p: Any) -> Any:
        return p["layer"].w @ p["layer"].b + p["pair"].left * p["pair"].right + p["list"][0] * p["list"][1][0]

    p = {
        "layer": Layer(np.array([1.0, 2.0]), np.array([3.0, 4.0])),
        "pair": Pair(2.0, 5.0),
        "list": [7, (11.0,)],
    }
    g = cr.grad(loss)(p)
    np.testing.assert_array_equal(g["layer"].w, [3.0, 4.0])
    np.testing.assert_array_equal(g["layer"].b, [1.0, 2.0])
    assert g["layer"].kind is None
    assert g["pair"] == Pair(5.0, 2.0)
    assert g["list"] == [11.0, (7.0,)]


def test_levels_do_not_confuse_perturbations() -> None:
    assert cr.grad(lambda x: x * cr.grad(lambda y: x + y)(1.0))(5.0) == 1
    assert cr.derivative(lambda x: x * cr.derivative(lambda y: x * y)(2.0))(3.0) == 6
    f = lambda x: np.sin(x) * x**3
    x = 0.7
    third = cr.grad(cr.grad(cr.grad(f)))(x)
    assert third == pytest.approx(cr.derivative(f, order=3)(x), rel=1e-13)
    _, mixed = cr.jvp(cr.grad(f), (x,), (1.0,))
    assert mixed == pytest.approx(cr.grad(cr.grad(f))(x), rel=1e-13)


def test_a_pullback_may_be_called_inside_another_trace_and_often() -> None:
    value, pullback = cr.vjp(lambda x: x**3, 2.0)
    assert value == 8
    assert pullback(1.0) == (12.0,)
    assert pullback(1.0) == (12.0,)
    assert cr.grad(lambda g: pullback(g)[0])(1.0) == 12


def test_threads_do_not_meet() -> None:
    found: dict[int, Any] = {}

    def work(i: int) -> None:
        f = lambda x: np.sum(np.sin(x * i))
        for _ in range(50):
            found[i] = cr.hvp(f, np.arange(3.0), np.ones(3))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(8):
        np.testing.assert_allclose(found[i], -(i**2) * np.sin(np.arange(3.0) * i), atol=1e-12)


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (lambda x: x * 2, np.ones(3), r"shape \(3,\).*\n.*jacobian"),
        (lambda x: None, 1.0, "forget to return"),
        (lambda x: [x, x], 1.0, "returned list"),
        (lambda x: "text", 1.0, "returned str"),
        (lambda x: x * 1j, 1.0, "complex"),
    ],
)
def test_what_is_no_scalar_is_refused(f: Any, x: Any, message: str) -> None:
    with pytest.raises(cr.NotScalarError, match=message):
        cr.grad(f)(x)


@pytest.mark.parametrize(
    "x", ["text", True, np.array(["a"]), np.array([None]), object(), np.array([True]), np.ma.array([1.0])]
)
def test_what_is_no_number_is_refused(x: Any) -> None:
    with pytest.raises(cr.ArgumentError):
        cr.grad(lambda x: np.sum(x))(x)


def test_integers_are_promoted_and_float32_stays() -> None:
    assert cr.grad(lambda x: np.sum(x**2))(np.array([1, 2])).dtype == np.float64
    assert cr.grad(lambda x: x**2)(3) == 6
    assert cr.grad(lambda x: x**2)(10**30) == 2e30
    gradient = cr.grad(lambda x: np.mean(2.5 * x**2 / 3))(np.ones(3, np.float32))
    assert gradient.dtype == np.float32


def test_an_input_that_does_not_reach_the_value_has_a_zero_gradient() -> None:
    gradient = cr.grad(lambda x, y: y * 2, argnums=0)(np.ones((2, 3)), 1.0)
    np.testing.assert_array_equal(gradient, np.zeros((2, 3)))
    assert cr.grad(lambda x: np.floor(x))(1.5) == 0
    graph = cr.graph(lambda x, y: np.floor(x) + 2 * y, 1.5, 2.0)
    assert "floor" in graph.why_zero("x")
    assert graph.why_zero("y") == ""
    assert "nothing" in cr.graph(lambda x, y: y * 2, 1.0, 2.0).why_zero("x")


def test_gradients_belong_to_the_user() -> None:
    gx, gy = cr.grad(lambda x, y: np.sum(x + y), argnums=(0, 1))(np.ones(3), np.ones(3))
    gx += 1
    np.testing.assert_array_equal(gy, np.ones(3))
    x = np.ones(3)
    g = cr.grad(lambda x: np.sum(x))(x)
    g[0] = 5
    np.testing.assert_array_equal(x, np.ones(3))


def test_jacobian_modes_agree() -> None:
    A = np.arange(6.0).reshape(2, 3)
    f = lambda x: A @ np.sin(x)
    x = np.array([0.1, 0.2, 0.3])
    for mode in ("auto", "forward", "reverse"):
        np.testing.assert_allclose(cr.jacobian(f, mode=mode)(x), A * np.cos(x), rtol=1e-14)
    J = cr.jacobian(lambda p: {"sum": p["a"] + p["b"]})({"a": np.ones(2), "b": 1.0})
    np.testing.assert_array_equal(J["sum"]["a"], np.eye(2))
    np.testing.assert_array_equal(J["sum"]["b"], np.ones(2))
    assert cr.jacobian(lambda x: x[:0])(x).shape == (0, 3)


def test_hessian_and_its_products() -> None:
    f = lambda x: np.sum(np.exp(x)) * x[0]
    x = np.array([0.1, 0.5])
    H = cr.hessian(f)(x)
    v = np.array([1.0, -2.0])
    np.testing.assert_allclose(H, H.T, rtol=1e-14)
    np.testing.assert_allclose(cr.hvp(f, x, v), H @ v, rtol=1e-14)
    np.testing.assert_allclose(cr.jacobian(cr.grad(f), mode="reverse")(x), H, rtol=1e-14)
    blocks = cr.hessian(lambda x, y: x**2 * y, argnums=(0, 1))(2.0, 3.0)
    assert blocks == ((6.0, 4.0), (4.0, 0.0))


def test_gradient_serves_scipy() -> None:
    from scipy.optimize import minimize

    def rosen(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = minimize(rosen, np.zeros(4), jac=cr.grad(rosen), method="BFGS")
    np.testing.assert_allclose(found.x, np.ones(4), atol=1e-5)


def test_complex_convention() -> None:
    """That of JAX and autograd: the gradient of |z|^2 at 1 + 2i is 2 - 4i."""
    assert cr.grad(lambda z: np.real(z * np.conj(z)))(1 + 2j) == 2 - 4j
    assert cr.grad(lambda z: np.abs(z) ** 2)(1 + 2j) == pytest.approx(2 - 4j)
    assert cr.derivative(lambda z: z**3)(1 + 1j) == pytest.approx(3 * (1 + 1j) ** 2)
    gradient = cr.grad(lambda x: np.real((x + 2j) * (x - 1j)))(3.0)
    assert gradient == 6.0
    assert gradient.dtype == np.float64


@pytest.mark.parametrize("argnums", [(0, 0), ("x", "x"), (0, "x"), (0, -2), (-1, 1), ("y", 1)])
def test_an_argument_is_selected_once(argnums: Any) -> None:
    with pytest.raises(cr.ArgumentError, match=r"argument [xy] .*twice"):
        cr.grad(lambda x, y: x * y, argnums=argnums)(2.0, 3.0)
