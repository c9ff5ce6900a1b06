"""Eigenvalues and eigenvectors: NumPy's values, differences of them, mpmath where they are close together."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from oracles import (
    check_complex_derivative,
    check_derivative,
    check_second_order,
    complex_numbers,
    differences_to_many_digits,
    numbers,
    reseeded,  # noqa: F401
)

import chainrule as cr

SHAPES = [(3, 3), (2, 4, 4), (2, 1, 2, 2), (1, 1), (0, 0), (0, 2, 2)]


def function_of_matrix(a: Any, phi: Any = np.exp) -> Any:
    w, v = np.linalg.eigh(a)
    return (v * phi(w)[..., None, :]) @ np.conj(np.swapaxes(v, -1, -2))


# Hermitian matrices. They are not made symmetric here: NumPy reads one triangle, and so does the gradient.


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("triangle", ["L", "U", "l"])
def test_eigh_of_one_triangle(shape: Any, triangle: str) -> None:
    a = numbers(*shape)
    check_derivative(lambda a: np.linalg.eigvalsh(a, triangle), a)
    check_derivative(lambda a: np.linalg.eigh(a, UPLO=triangle).eigenvalues, a)
    check_derivative(lambda a: np.linalg.eigh(a, triangle)[1], a)
    back = cr.grad(lambda a: np.sum(np.linalg.eigh(a, triangle)[1] ** 3))(a)
    np.testing.assert_array_equal(back, np.triu(back) if triangle == "U" else np.tril(back))


def test_the_gradient_stands_in_the_triangle_that_is_read() -> None:
    """As for the Cholesky factor: one triangle gets what both would; through a symmetric cause it is the same."""
    a = numbers(4, 4)
    a = a + a.T
    w, v = np.linalg.eigh(a)
    whole = np.outer(v[:, 1], v[:, 1])
    got = cr.grad(lambda a: np.linalg.eigvalsh(a)[1])(a)
    np.testing.assert_allclose(got, np.tril(whole) + np.tril(whole, -1), rtol=1e-12, atol=1e-14)
    x = numbers(3, 4)
    through = cr.grad(lambda x: np.linalg.eigvalsh(x.T @ x)[-1])(x)
    v = np.linalg.eigh(x.T @ x)[1][:, -1]
    np.testing.assert_allclose(through, 2 * np.outer(x @ v, v), rtol=1e-12, atol=1e-13)
    del w


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (1, 1)], ids=str)
def test_complex_hermitian_matrices(shape: Any) -> None:
    a = complex_numbers(*shape)
    check_complex_derivative(np.linalg.eigvalsh, a)
    check_complex_derivative(lambda a: np.linalg.eigvalsh(a, "U"), a)
    check_complex_derivative(lambda a: np.linalg.eigh(a)[0], a)
    check_complex_derivative(lambda a: np.abs(np.linalg.eigh(a)[1]) ** 2, a)
    check_complex_derivative(lambda a: np.abs(np.linalg.eigh(a, "U")[1]) ** 2, a)
    check_complex_derivative(function_of_matrix, a)


def test_second_order_of_eigh() -> None:
    a, c = numbers(3, 3), numbers(3, 3)
    check_second_order(lambda a: np.sum(c * np.linalg.eigh(a)[1]), a)
    check_second_order(lambda a: np.sum(c[0] * np.linalg.eigvalsh(a)), a)
    check_second_order(lambda a: np.sum(c * function_of_matrix(a)), a)
    check_second_order(lambda a: np.sum(c * np.abs(np.linalg.eig(a + 9 * np.diag([1, 2, 4]))[1])), a)


def test_the_gradient_of_a_function_of_a_matrix_is_that_of_divided_differences() -> None:
    """Daleckii and Krein: in the basis of its vectors each component is multiplied by a divided difference."""
    a, g = numbers(4, 4), numbers(4, 4)
    a = a + a.T
    w, v = np.linalg.eigh(a)
    slopes = (np.exp(w)[:, None] - np.exp(w)) / (w[:, None] - w + np.eye(4)) + np.diag(np.exp(w))
    want = v @ (slopes * (v.T @ g @ v)) @ v.T
    want = np.tril(want + want.T) - np.diag(np.diag(want))
    np.testing.assert_allclose(cr.grad(lambda a: np.sum(g * function_of_matrix(a)))(a), want, rtol=1e-10, atol=1e-12)


def spread(values: Any) -> Any:
    q = np.linalg.qr(numbers(len(values), len(values)))[0]
    a = (q * np.array(values)) @ q.T
    return (a + a.T) / 2


def test_eigenvectors_keep_eight_digits_where_eigenvalues_are_a_millionth_apart() -> None:
    c, d = [0.3, -1.2, 0.7], [1.1, 0.4, -0.5]
    a = spread([1.0, 1.0 + 1e-6, 2.0])

    def projected(a: Any) -> Any:  # the same whatever the sign of the vector is
        v = np.linalg.eigh(a)[1][:, 0]
        return (v @ np.array(c)) * (v @ np.array(d))

    def precisely(mp: Any, a: Any) -> Any:
        for i in range(3):
            for j in range(i):
                a[j, i] = a[i, j]
        _, v = mp.eigsy(a)
        return mp.fdot(v[:, 0], c) * mp.fdot(v[:, 0], d)

    want = differences_to_many_digits(precisely, a)
    got = cr.grad(projected)(a)
    assert np.abs(want).max() > 1e4  # so close to each other, the vectors turn fast
    assert np.abs(got - want).max() < 1e-8 * np.abs(want).max()


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6, 1e-8])
def test_a_function_of_a_matrix_keeps_its_digits_at_any_gap(gap: float) -> None:
    """The turning of the vectors cancels in V exp(w) V^T: what it loses is eps over the gap, and no more."""
    a, g = spread([1.0, 1.0 + gap, 2.0]), numbers(3, 3)
    want = cr.grad(lambda a: np.sum(g * cr.special.expm(np.tril(a) + np.tril(a, -1).T)))(a)
    got = cr.grad(lambda a: np.sum(g * function_of_matrix(a)))(a)
    np.testing.assert_allclose(got, want, atol=1e-14 / gap, rtol=1e-11)


# General matrices


def with_real_values(*shape: int) -> Any:
    d = np.exp(numbers(*shape[:-1], 1) / 2)
    x = numbers(*shape)
    return d * (x + np.swapaxes(x, -1, -2)) / np.swapaxes(d, -1, -2)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_eig_with_real_eigenvalues(shape: Any) -> None:
    a = with_real_values(*shape)
    assert np.linalg.eig(a).eigenvalues.dtype == float
    check_derivative(np.linalg.eigvals, a)
    check_derivative(lambda a: np.linalg.eig(a).eigenvalues, a)
    check_derivative(lambda a: np.linalg.eig(a)[1], a)


def through_eig(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    return (v * np.exp(w)[..., None, :]) @ np.linalg.inv(v)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (1, 1)], ids=str)
def test_eig_of_complex_matrices(shape: Any) -> None:
    a = complex_numbers(*shape)
    check_complex_derivative(np.linalg.eigvals, a)
    check_complex_derivative(lambda a: np.linalg.eig(a)[0], a)
    check_complex_derivative(lambda a: np.abs(np.linalg.eig(a)[1]) ** 2, a)
    check_complex_derivative(through_eig, a)


def test_eig_of_a_real_matrix_with_complex_eigenvalues() -> None:
    a = np.array([[0.0, -2.0, 0.3], [1.0, 0.5, 0.2], [0.1, 0.4, 3.0]])
    assert np.iscomplexobj(np.linalg.eigvals(a))
    value, gradient = cr.value_and_grad(lambda a: np.sum(np.abs(np.linalg.eigvals(a)) ** 2))(a)
    assert gradient.dtype == float
    check_derivative(lambda a: np.abs(np.linalg.eigvals(a)) ** 2, a)
    check_derivative(lambda a: np.real(through_eig(a)), a)
    check_derivative(lambda a: np.abs(np.linalg.eig(a)[1]) ** 2, a)
    np.testing.assert_allclose(np.real(through_eig(a)), cr.special.expm(a), rtol=1e-12)
    del value


def test_the_branch_to_real_arrays_is_a_guard() -> None:
    a = np.array([[1.0, 2.0], [0.5, 3.0]])
    graph = cr.graph(lambda a: np.linalg.eigvals(a)[0], a)
    assert "valid where" in str(graph)
    back = cr.grad(lambda a: np.linalg.eigvals(a)[0])(a)
    _, v = np.linalg.eig(a)
    np.testing.assert_allclose(back, np.outer(np.linalg.inv(v)[0], v[:, 0]), rtol=1e-12)


# Batches, precision, errors


def test_a_stack_is_mapped_in_one() -> None:
    a = numbers(5, 3, 3)
    for f in (np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[1], lambda a: cr.special.expm(a)):
        np.testing.assert_allclose(cr.vmap(f)(a), f(a), rtol=1e-12, atol=1e-13)
    rows = cr.vmap(cr.grad(lambda a: np.sum(np.linalg.eigh(a)[1] ** 3)))(a)
    want = [cr.grad(lambda a: np.sum(np.linalg.eigh(a)[1] ** 3))(one) for one in a]
    np.testing.assert_allclose(rows, want, rtol=1e-9, atol=1e-11)
    for mode in ("forward", "reverse"):
        got = np.asarray(cr.jacobian(np.linalg.eigvalsh, mode=mode)(a[0]))
        np.testing.assert_allclose(got, np.asarray(cr.jacobian(np.linalg.eigvalsh)(a[0])), rtol=1e-10, atol=1e-12)


def test_single_precision_stays() -> None:
    a = (numbers(3, 3) + np.diag([0, 3, 6])).astype(np.float32)
    for f in (np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[1] ** 2, lambda a: np.linalg.svd(a)[0] ** 2,
              np.linalg.svdvals, lambda a: np.linalg.qr(a)[1], np.linalg.pinv, cr.special.expm,
              lambda a: np.real(np.linalg.eigvals(a)), lambda a: np.linalg.lstsq(a, a[:, 0] + 1)[0]):  # fmt: skip
        value, pullback = cr.vjp(f, a)
        (back,) = pullback(np.ones_like(value))
        assert value.dtype == back.dtype == np.float32
        exact = cr.vjp(f, a.astype(float))[1](np.ones_like(value, float))[0]
        np.testing.assert_allclose(back, exact, rtol=1e-2, atol=1e-3 * np.abs(exact).max())


def test_wrong_arguments_are_named() -> None:
    square, rectangle = np.eye(3), np.ones((2, 3))
    for f in (np.linalg.eigh, np.linalg.eigvalsh, np.linalg.eig, np.linalg.eigvals, cr.special.expm):
        with pytest.raises(cr.ShapeError, match=r"square(.|\n)*\(2, 3\)"):
            cr.vjp(f, rectangle)
    for f in (np.linalg.eigh, np.linalg.eigvalsh):
        for wrong in ("X", None, 3):
            with pytest.raises(cr.ArgumentError, match="'L' or 'U'"):
                cr.vjp(lambda a, f=f, wrong=wrong: f(a, wrong), square)


def test_the_numbers_agree_with_mpmath() -> None:
    a = numbers(3, 3)
    a = a + a.T
    w, v = mpmath.eigsy(mpmath.matrix(a.tolist()))
    got = cr.grad(lambda a: np.linalg.eigvalsh(a)[2])(a)
    u = np.array([float(v[i, 2]) for i in range(3)])
    np.testing.assert_allclose(np.diag(got), u**2, rtol=1e-12)
    del w
