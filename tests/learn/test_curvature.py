"""The ends of the spectrum: against spectra that are known, and against the dense Hessian."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, LimitError, NonFiniteError, NotScalarError
from chainrule.learn import curvature as module
from chainrule.learn.hessian import Hessian
from chainrule.learn.lanczos import lanczos
from chainrule.limits import Limits


def spectra(size: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Ten kinds of spectra: dense, spread over decades, of random matrices, clustered, with outliers, negative."""
    wide = random.standard_normal((size, 2 * size))
    square = random.standard_normal((size, size))
    yield random.uniform(0, 1, size)
    yield 10 ** random.uniform(-6, 0, size)
    yield np.linalg.eigvalsh(wide @ wide.T)
    yield np.linalg.eigvalsh(square + square.T)
    yield np.concatenate([0.1 + 1e-3 * random.standard_normal(size - 20), 1 + 1e-2 * random.standard_normal(20)])
    yield np.repeat([1.0, 0.99, 0.5, 0.1, 1e-3], size // 5)
    yield random.standard_normal(size)
    yield np.concatenate([random.uniform(0, 1, size - 3), [5.0, 5.05, 30.0]])
    yield random.uniform(-1, 1, size)
    yield random.uniform(-2, 1, size)


def test_lambda_max_within_one_percent_in_under_thirty_products() -> None:
    errors, products = [], []
    for size in (60, 75, 90, 100, 120, 150, 180, 200, 250, 300):
        random = np.random.default_rng(size)
        for values in spectra(size, random):
            # The process sees a matrix through products with a random start only, so its basis does not matter.
            shuffled = random.permutation(values)
            found = cr.curvature(lambda w, d=shuffled: np.sum(d * w**2) / 2, np.zeros(len(values)), products=29)
            errors.append(abs(found.largest - values.max()) / abs(values.max()))
            products.append(found.products)
    assert len(errors) == 100
    assert max(products) < 30
    assert max(errors) <= 0.01


def network(random: np.random.Generator) -> tuple[Any, Any]:
    X, y = random.standard_normal((40, 4)), random.standard_normal(40)
    start = {
        "W": random.standard_normal((4, 12)) / 2,
        "b": np.zeros(12),
        "v": random.standard_normal(12) / 3,
        "c": 0.0,
    }

    def loss(p: Any) -> Any:
        return np.mean((np.tanh(X @ p["W"] + p["b"]) @ p["v"] + p["c"] - y) ** 2)

    return loss, start


@pytest.mark.parametrize("seed", range(3))
def test_a_network_against_its_dense_hessian(seed: int) -> None:
    loss, start = network(np.random.default_rng(seed))
    where = module.Hessian(loss, start).coordinates

    def of_vector(w: Any) -> Any:
        return loss({"W": w[:48].reshape(4, 12), "b": w[48:60], "v": w[60:72], "c": w[72]})

    dense = cr.hessian(of_vector)(where.vector(start))
    exact = np.linalg.eigvalsh(dense)
    found = cr.curvature(loss, start, products=29)
    assert found.products <= 29
    np.testing.assert_allclose(found.largest, exact[-1], rtol=0.01)
    assert found.smallest < 0
    assert abs(found.smallest - exact[0]) < 0.02 * exact[-1]
    assert not found.convex
    for value, error, vector in zip(found.eigenvalues, found.errors, found.vectors, strict=True):
        assert set(vector) == set(start)
        assert np.abs(exact - value).min() <= error + 1e-12
        v = where.vector(vector)
        np.testing.assert_allclose(np.linalg.norm(dense @ v - value * v), 0, atol=2 * error + 1e-12)


def test_few_parameters_give_all_eigenvalues_with_their_multiplicities() -> None:
    found = cr.curvature(lambda w: np.sum(np.array([3.0, 3.0, 1.0]) * w**2) / 2, np.ones(3))
    np.testing.assert_allclose(found.eigenvalues, [3, 3, 1])
    assert found.complete
    assert found.products == 3
    assert found.condition == pytest.approx(3.0)
    assert "all 3 eigenvalues, from 3 Hessian-vector products" in str(found)


def test_a_formula_of_several_variables() -> None:
    found = cr.curvature("x^2 + 3 y^2", {"x": 1.0, "y": 2.0})
    assert found.eigenvalues.tolist() == [6.0, 2.0]
    assert found.directions == ("y", "x")
    assert str(cr.critical_learning_rate("x^2 + 3 y^2", {"x": 1.0, "y": 2.0})).endswith("(6, along y)")


def test_a_long_spectrum_is_shown_by_its_ends() -> None:
    text = str(cr.curvature(lambda w: np.sum(np.arange(1.0, 31.0) * w**2) / 2, np.ones(30)))
    assert "..." in text
    assert "condition number 30" in text
    partly = str(cr.curvature(lambda w: np.sum(np.geomspace(1e-3, 1, 400) * w**2) / 2, np.ones(400), products=12))
    assert "of 400 eigenvalues" in partly
    assert "+-" in partly
    assert "condition number at least" in partly


def test_complex_parameters_count_as_two_real_ones() -> None:
    # |z|^2 + 2 Re(z)^2 + 3 x y: by (x, y) the Hessian is [[6, 3], [3, 2]].
    loss = lambda z: np.abs(z) ** 2 + 2 * np.real(z) ** 2 + 3 * np.real(z) * np.imag(z)
    found = cr.curvature(loss, 1.0 + 2.0j)
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh([[6.0, 3.0], [3.0, 2.0]])[::-1])
    assert "the imaginary part of at" in found.directions[0]
    assert np.iscomplexobj(found.vectors[0])


def test_float32_parameters_keep_their_dtype() -> None:
    at = np.ones(3, np.float32)
    found = cr.curvature(lambda w: np.sum(w**2), at)
    assert found.vectors[0].dtype == np.float32
    np.testing.assert_allclose(found.eigenvalues, 2, rtol=1e-5)


def test_a_loss_without_a_second_derivative_is_measured_by_differences() -> None:
    @cr.primitive
    def cube(x: Any) -> Any:
        return x**3

    def slope(g: Any, out: Any, x: Any) -> Any:
        return g * 3 * np.asarray([float(v) for v in x]) ** 2  # leaves the trace: it has no derivative

    cr.define_vjp(cube, slope)
    found = cr.curvature(lambda x: np.sum(cube(x)), np.array([1.0, 2.0]))
    assert found.why_differences
    assert "2 differences of the gradient" in str(found)
    np.testing.assert_allclose(found.eigenvalues, [12, 6], rtol=1e-6)
    given = Hessian(lambda x: float(x[0]) * 2.0, np.ones(2), gradient=lambda x: np.array([2 * x[0], 4 * x[1]]))
    assert "float" in given.why_differences
    np.testing.assert_allclose(given(np.array([1.0, 1.0])), [2, 4], rtol=1e-8)
    np.testing.assert_allclose(given(np.zeros(2)), 0)


def test_no_curvature_at_all() -> None:
    found = cr.curvature(lambda w: 3 * w[0] - w[1], np.ones(2))
    np.testing.assert_array_equal(found.eigenvalues, 0)
    assert found.condition == np.inf
    assert "critical" not in str(found)


def test_the_process_ends_where_the_space_is_invariant() -> None:
    values = np.repeat([1.0, 4.0], 100)
    found = lanczos(lambda v: values * v, np.ones(200), 50)
    np.testing.assert_allclose(found.values, [1, 4])
    np.testing.assert_allclose(found.weights, [0.5, 0.5])


def test_weights_are_those_of_gauss_quadrature() -> None:
    random = np.random.default_rng(3)
    values, start = random.uniform(0.1, 2, 80), random.standard_normal(80)
    found = lanczos(lambda v: values * v, start, 12)
    for power in range(24):  # exact up to degree 2k - 1
        np.testing.assert_allclose(found.weights @ found.values**power, start**2 @ values**power / (start @ start))


@pytest.mark.parametrize(
    ("loss", "at", "products", "error", "said"),
    [
        (lambda w: w, np.ones(2), 50, NotScalarError, "shape"),
        (lambda w: np.sum(w), "abc", 50, ArgumentError, "abc"),
        (lambda w: np.sum(w), np.ones(0), 50, ArgumentError, "no numbers"),
        (lambda w: np.sum(w), np.ones(2), 1, ArgumentError, "products is 1"),
        (lambda w: np.sum(w), np.ones(2), True, ArgumentError, "products is True"),
        (lambda w: np.sum(np.log(w)), np.array([1.0, 0.0]), 50, NonFiniteError, r"at\[1\] is inf"),
        (lambda w: np.sum(w**1.5), np.array([1.0, 0.0]), 50, NonFiniteError, "second derivative is not finite"),
    ],
)
def test_what_is_refused(loss: Any, at: Any, products: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        cr.curvature(loss, at, products=products)


def test_more_parameters_than_vectors_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMITS", Limits(krylov_numbers=1000))
    with pytest.raises(LimitError, match="krylov_numbers"):
        cr.curvature(lambda w: np.sum(w**2), np.ones(200))
    assert cr.curvature(lambda w: np.sum(np.linspace(1, 2, 100) * w**2), np.ones(100)).products <= 10
