"""The singular value decomposition and what rests on it: norms and condition numbers."""

from __future__ import annotations

from typing import Any

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

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 1, 3), (1, 1), (0, 0), (0, 2, 2), (3, 0), (0, 2)]


def put_together(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return (u * np.sin(s)[..., None, :]) @ vh


def of_the_null_spaces(a: Any) -> Any:
    """What does not depend on the bases that LAPACK takes there."""
    u, s, vh = np.linalg.svd(a)
    k = s.shape[-1]
    outside, below = u[..., k:], vh[..., k:, :]
    left = outside @ np.conj(np.swapaxes(outside, -1, -2))
    right = np.conj(np.swapaxes(below, -1, -2)) @ below
    return np.concatenate([np.ravel(left), np.ravel(right), np.ravel(u[..., :k] @ vh[..., :k, :])])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_svd(shape: Any) -> None:
    a = numbers(*shape)
    check_derivative(np.linalg.svdvals, a)
    check_derivative(lambda a: np.linalg.svd(a, compute_uv=False), a)
    for part in range(3):
        check_derivative(lambda a, part=part: np.linalg.svd(a, full_matrices=False)[part], a)
    check_derivative(put_together, a)
    check_derivative(of_the_null_spaces, a)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1)], ids=str)
def test_complex_svd(shape: Any) -> None:
    a = complex_numbers(*shape)
    check_complex_derivative(np.linalg.svdvals, a)
    check_complex_derivative(lambda a: np.abs(np.linalg.svd(a, full_matrices=False).U) ** 2, a)
    check_complex_derivative(lambda a: np.abs(np.linalg.svd(a, full_matrices=False).Vh) ** 2, a)
    check_complex_derivative(lambda a: np.linalg.svd(a).S, a)
    check_complex_derivative(put_together, a)
    check_complex_derivative(of_the_null_spaces, a)


def test_svd_of_hermitian_matrices() -> None:
    for a in (numbers(3, 3), complex_numbers(3, 3), numbers(2, 3, 3)):
        check = check_derivative if np.isrealobj(a) else check_complex_derivative
        check(lambda a: np.linalg.svd(a, hermitian=True, compute_uv=False), a)
        check(lambda a: np.linalg.svd(a, hermitian=True).S, a)
        check(lambda a: np.abs(np.linalg.svd(a, hermitian=True).U) ** 2, a)
        check(lambda a: np.matmul(*np.linalg.svd(a, hermitian=True)[::2]), a)


def test_second_order_of_svd() -> None:
    a, c = numbers(3, 2), numbers(3, 2)
    check_second_order(lambda a: np.sum(c * put_together(a)), a)
    check_second_order(lambda a: np.sum(c * np.linalg.svd(a, full_matrices=False)[0]), a)
    check_second_order(lambda a: np.sum(c[0] * np.linalg.svdvals(a)), a)
    check_second_order(lambda a: np.linalg.norm(a, "nuc"), a)
    check_second_order(np.linalg.cond, a)
    check_second_order(lambda a: np.sum(c[0] * np.linalg.svd(a.T)[2][0, :2]), a)


def test_singular_vectors_keep_eight_digits_where_singular_values_are_a_millionth_apart() -> None:
    c, d = [0.3, -1.2, 0.7], [1.1, 0.4, -0.5]
    q, p = np.linalg.qr(numbers(3, 3))[0], np.linalg.qr(numbers(3, 3))[0]
    a = (q * np.array([2.0, 1.0 + 1e-6, 1.0])) @ p.T

    def turned(a: Any) -> Any:
        u, _, vh = np.linalg.svd(a)
        return (np.array(c) @ u[:, 1]) * (vh[1] @ np.array(d))

    def precisely(mp: Any, a: Any) -> Any:
        u, _, vh = mp.svd(a)
        return mp.fdot(u[:, 1], c) * mp.fdot(vh[1, :], d)

    want = differences_to_many_digits(precisely, a)
    assert np.abs(want).max() > 1e4
    assert np.abs(cr.grad(turned)(a) - want).max() < 1e-8 * np.abs(want).max()


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)], ids=str)
def test_norms_and_condition_numbers(shape: Any) -> None:
    for a in (numbers(*shape), complex_numbers(*shape)):
        check = check_derivative if np.isrealobj(a) else check_complex_derivative
        for order in (2, -2, "nuc"):
            check(lambda a, order=order: np.linalg.norm(a, order), a)
            check(lambda a, order=order: np.linalg.matrix_norm(a, ord=order, keepdims=True), a)
        for p in (None, 2, -2, *((1, -1, np.inf, -np.inf, "fro") if shape == (3, 3) else ())):
            check(lambda a, p=p: np.linalg.cond(a, p), a)
    stack = numbers(3, 2, *shape)
    check_derivative(lambda a: np.linalg.norm(a, "nuc", axis=(0, 2)), stack)
    check_derivative(lambda a: np.linalg.norm(a, 2, axis=(3, 1), keepdims=True), stack)
    check_derivative(np.linalg.cond, stack)


def test_the_gradient_of_the_nuclear_norm_is_the_polar_factor() -> None:
    a = numbers(4, 3)
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    np.testing.assert_allclose(cr.grad(lambda a: np.linalg.norm(a, "nuc"))(a), u @ vh, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        cr.grad(lambda a: np.linalg.norm(a, 2))(a), np.outer(u[:, 0], vh[0]), rtol=1e-12, atol=1e-13
    )


def test_wrong_arguments_are_named() -> None:
    for f in (np.linalg.svd, np.linalg.svdvals, np.linalg.cond):
        with pytest.raises(cr.ShapeError, match=r"matrix(.|\n)*\(3,\)"):
            cr.vjp(f, np.ones(3))
    with pytest.raises(cr.ShapeError, match=r"square(.|\n)*\(2, 3\)"):
        cr.vjp(lambda a: np.linalg.svd(a, hermitian=True), np.ones((2, 3)))
    with pytest.raises(cr.ShapeError, match=r"\(0, 2\)"):
        cr.vjp(np.linalg.cond, np.ones((0, 2)))
    with pytest.raises(cr.ShapeError, match=r"p=1(.|\n)*square(.|\n)*\(2, 3\)"):
        cr.vjp(lambda a: np.linalg.cond(a, 1), np.ones((2, 3)))
    with pytest.raises(cr.ArgumentError, match="'nuc'"):
        cr.vjp(lambda a: np.linalg.norm(a, "x"), np.ones((2, 3)))
