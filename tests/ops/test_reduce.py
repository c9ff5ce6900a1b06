"""Reductions and running products at ties, zeros and the ends of the range of floating point."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest

from chainrule.calculus.gradients import grad
from chainrule.calculus.jacobians import hessian, jacobian
from chainrule.calculus.products import jvp, vjp
from chainrule.core.registry import evaluating
from chainrule.errors import KinkError, ShapeError
from chainrule.passes.guards import strict

F = evaluating


def test_ties_share_equally() -> None:
    np.testing.assert_array_equal(grad(np.max)(np.array([1.0, 3.0, 3.0])), [0.0, 0.5, 0.5])
    np.testing.assert_array_equal(grad(np.min)(np.zeros((2, 2))), np.full((2, 2), 0.25))
    x = np.array([[1.0, 1.0, 0.0], [2.0, 5.0, 5.0]])
    _, pullback = vjp(lambda x: np.max(x, axis=1), x)
    np.testing.assert_array_equal(pullback(np.array([1.0, 10.0]))[0], [[0.5, 0.5, 0.0], [0.0, 5.0, 5.0]])


@pytest.mark.parametrize("f", [np.max, np.min, np.ptp, lambda x: np.max(x, axis=(0,), keepdims=True)[0]])
def test_strict_names_the_tie(f: Any) -> None:
    with strict():
        grad(f)(np.array([1.0, 2.0, 3.0]))
        with pytest.raises(KinkError, match="attained more than once"):
            grad(f)(np.array([2.0, 2.0, 2.0]))


def test_std_of_equal_components_is_flat_by_convention() -> None:
    np.testing.assert_array_equal(grad(np.std)(np.full(4, 0.5)), np.zeros(4))
    with strict(), pytest.raises(KinkError, match="taken as 0"):
        grad(np.std)(np.full(4, 0.5))
    x = np.array([[1.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(grad(lambda x: np.sum(np.std(x, axis=1)))(x), [[0.0, 0.0], [-0.5, 0.5]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("value", [0.1, 0.3, 7.7, -1e10 / 3, 1e-10, 1e10])
def test_std_of_equal_components_is_flat_though_their_mean_is_rounded(value: float, dtype: Any) -> None:
    for n in (3, 7, 10, 1000):
        x = np.full(n, value, dtype)
        np.testing.assert_array_equal(grad(np.std)(x), np.zeros(n))
        _, tangent = jvp(lambda x: np.std(x, ddof=1), (x,), (np.arange(n, dtype=dtype),))
        assert tangent == 0
        rows = np.stack([x, x + np.arange(n, dtype=dtype) * np.abs(x)])
        found = grad(lambda x: np.sum(np.std(x, axis=1, keepdims=True)))(rows)
        np.testing.assert_array_equal(found[0], np.zeros(n))
        assert np.all(found[1] != 0) or n % 2


def test_std_has_a_derivative_where_the_spread_is_small_but_no_rounding() -> None:
    x = 1e6 + 1e-8 * np.arange(4)  # the last digits of the numbers: as exact as any others
    spread = grad(np.std)(np.arange(4.0))
    np.testing.assert_allclose(grad(np.std)(x), spread, rtol=0.05)
    np.testing.assert_allclose(grad(np.std)(1e-200 * np.arange(4.0) + 1e-190), spread, atol=1)
    assert np.isnan(grad(np.std)(np.array([1.0, np.nan, 2.0]))).all()
    with strict():
        grad(np.std)(x)


def test_mean_of_nothing_is_nan_with_numpys_warning() -> None:
    with pytest.warns(RuntimeWarning):
        value, _ = vjp(np.mean, np.zeros(0))
    assert np.isnan(value)


def product_gradient(x: list[float]) -> list[float]:
    """The product of all other components, in exact arithmetic."""
    return [float(mpmath.fprod(mpmath.mpf(v) for j, v in enumerate(x) if j != i)) for i in range(len(x))]


ROWS = [
    [2.0, 3.0, 4.0],
    [2.0, 0.0, 4.0],
    [0.0, 0.0, 4.0],
    [0.0, 0.0, 0.0],
    [0.0],
    [1e200, 1e-250, 1e200, 1e100],
    [1e-200, 1e-100, 1e150, 1e100],
    [1e-160, 1e-160, 1e10],
    [1e155, 0.0, 1e150],
    [-0.5, -1e-300, 3.0],
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_gradient_of_a_product(row: list[float]) -> None:
    with np.errstate(over="ignore"):
        got = grad(np.prod)(np.array(row))
    np.testing.assert_allclose(got, product_gradient(row), rtol=4e-16 * len(row))


@pytest.mark.parametrize(
    "row", [[2.0, 3.0, 4.0, 0.5], [2.0, 0.0, 4.0, 3.0], [0.0, 0.0, 4.0, 3.0], [0.0, 0.0, 0.0, 7.0]], ids=str
)
@pytest.mark.parametrize("shape", [(4,), (2, 2)])
def test_hessian_of_a_product(row: list[float], shape: tuple[int, ...]) -> None:
    want = [
        [0.0 if i == k else np.prod([v for j, v in enumerate(row) if j not in (i, k)]) for k in range(4)]
        for i in range(4)
    ]
    got = hessian(np.prod)(np.array(row).reshape(shape))
    np.testing.assert_allclose(got.reshape(4, 4), want, rtol=1e-15)


@pytest.mark.parametrize("row", [[2.0, 3.0, 4.0], [2.0, 0.0, 4.0], [0.0, 0.0, 4.0], [1e-250, 1e-250, 1e300]])
def test_jacobian_of_running_products(row: list[float]) -> None:
    n = len(row)
    want = np.zeros((n, n))
    for i, k in itertools.product(range(n), range(n)):
        if k <= i:
            want[i, k] = float(mpmath.fprod(mpmath.mpf(v) for j, v in enumerate(row[: i + 1]) if j != k))
    x = np.array(row)
    got = np.stack([vjp(np.cumprod, x)[1](g)[0] for g in np.eye(n)])
    pushed = np.stack([jvp(np.cumprod, (x,), (v,))[1] for v in np.eye(n)], axis=1)
    np.testing.assert_allclose(got, want, rtol=1e-15)
    np.testing.assert_allclose(pushed, want, rtol=1e-15)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-40])
def test_recurrence_is_what_its_name_says(reverse: bool, scale: float) -> None:
    """The closed form and the loop, in the ranges where each is used, against a loop in 50 digits."""
    rng = np.random.default_rng(4)
    a, b = scale * rng.normal(size=30), rng.normal(size=30)
    got = F.recurrence(a, b, axis=0, reverse=reverse)
    s, want = mpmath.mpf(0), []
    with mpmath.workdps(50):
        for u, v in list(zip(a, b, strict=True))[:: -1 if reverse else 1]:
            s = mpmath.mpf(u) * s + mpmath.mpf(v)
            want.append(float(s))
    np.testing.assert_allclose(got, want[:: -1 if reverse else 1], rtol=1e-13)


def test_a_long_running_product_is_differentiated_in_linear_time() -> None:
    x = 1 + 0.001 * np.sin(np.arange(100_000.0))
    gradient = grad(lambda x: np.sum(np.cumprod(x)))(x)
    total = np.cumsum(np.cumprod(x)[::-1])[::-1] / x
    np.testing.assert_allclose(gradient, total, rtol=1e-9)


def test_third_order_with_zeros() -> None:
    x = np.array([2.0, 0.0, 0.0, 3.0])
    third = jacobian(hessian(np.prod))(x)
    assert third[0, 1, 2] == 3.0
    assert third[0, 1, 3] == 0.0
    assert third[1, 2, 3] == 2.0


def test_float32_and_integers() -> None:
    x = np.array([1.0, 2.0, 4.0], np.float32)
    for f in (
        np.sum,
        np.mean,
        np.prod,
        np.max,
        np.var,
        np.std,
        lambda x: np.std(x, ddof=1),
        lambda x: np.sum(np.cumprod(x)),
    ):
        value, pullback = vjp(f, x)
        assert value.dtype == np.float32
        assert pullback(np.float32(1.0))[0].dtype == np.float32
    _, tangent = jvp(lambda x: np.mean(x * np.arange(3)), (np.arange(3.0),), (np.ones(3),))
    np.testing.assert_allclose(tangent, 1.0)


def test_wrong_axis_in_a_graph() -> None:
    with pytest.raises(ShapeError, match="axis 1 is out of bounds for an array of 1 dimensions"):
        grad(lambda x: np.sum(np.var(x, axis=1)))(np.ones(3))
