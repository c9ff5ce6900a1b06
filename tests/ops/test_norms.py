"""Norms: NumPy is the oracle for values, differences for derivatives; at 0 the documented value holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles import check_derivative, numbers, reseeded  # noqa: F401

import chainrule as cr

VECTOR_ORDERS = [None, 1, 2, 3, 2.5, 4, np.float64(1.5), np.inf, -np.inf, -1, 0]


@pytest.mark.parametrize("order", VECTOR_ORDERS, ids=str)
def test_norm_of_vectors(order: Any) -> None:
    x = numbers(4)
    check_derivative(lambda x: np.linalg.norm(x, order), x)
    y = numbers(2, 3, 4)
    for axis in (0, -1):
        for keepdims in (False, True):
            check_derivative(lambda y, a=axis, k=keepdims: np.linalg.norm(y, order, axis=a, keepdims=k), y)
    if order is not None:
        for axis in (None, 1, (0, 2), (2, 0)):
            check_derivative(lambda y, a=axis: np.linalg.vector_norm(y, axis=a, ord=order, keepdims=True), y)
            check_derivative(lambda y, a=axis: np.linalg.vector_norm(y, axis=a, ord=order), y)


@pytest.mark.parametrize("order", [None, "fro", 1, -1, np.inf, -np.inf], ids=str)
def test_norm_of_matrices(order: Any) -> None:
    check_derivative(lambda x: np.linalg.norm(x, order), numbers(3, 4))
    y = numbers(2, 3, 4)
    for axis in ((0, 1), (2, 0), (-1, 1)):
        for keepdims in (False, True):
            check_derivative(lambda y, a=axis, k=keepdims: np.linalg.norm(y, order, axis=a, keepdims=k), y)
    if order is not None:
        check_derivative(lambda y: np.linalg.matrix_norm(y, ord=order), y)
        check_derivative(lambda y: np.linalg.matrix_norm(y, ord=order, keepdims=True), y)


def test_norm_of_everything() -> None:
    for shape in ((), (1,), (2, 3, 2), (0,), (2, 0)):
        check_derivative(np.linalg.norm, numbers(*shape) if shape else -1.5)
        check_derivative(lambda x: np.linalg.norm(x, keepdims=True), numbers(*shape) if shape else -1.5)


def test_norm_at_0_has_the_derivative_0_of_any_order() -> None:
    zero = np.zeros(3)
    for order in (None, 1, 2, 3, 1.5, np.inf):
        np.testing.assert_array_equal(cr.grad(lambda x, p=order: np.linalg.norm(x, p))(zero), zero)
    np.testing.assert_array_equal(cr.hessian(np.linalg.norm)(zero), np.zeros((3, 3)))
    rows = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(cr.grad(lambda x: np.sum(np.linalg.norm(x, axis=1)))(rows), [[0.6, 0.8], [0, 0]])


def test_the_hessian_of_the_norm_is_the_projector() -> None:
    x = numbers(4)
    n = np.linalg.norm(x)
    want = (np.eye(4) - np.outer(x, x) / n**2) / n
    np.testing.assert_allclose(cr.hessian(np.linalg.norm)(x), want, rtol=1e-12, atol=1e-13)


def test_norms_that_are_not_there() -> None:
    x = numbers(2, 3)
    for f, message in (
        (lambda x: np.linalg.norm(x, 3), "not 3"),
        (lambda x: np.linalg.norm(x[0], "fro"), "'fro'"),
        (lambda x: np.linalg.norm(x, axis=(0, 0)), "twice"),
        (lambda x: np.linalg.norm(x[None], 1), "3 axes"),
        (lambda x: np.linalg.matrix_norm(x[0]), r"\(3,\)"),
    ):
        with pytest.raises((cr.ArgumentError, cr.ShapeError), match=message):
            cr.vjp(f, x)


def test_strict_names_the_kink() -> None:
    with cr.strict(), pytest.raises(cr.KinkError, match="norm at 0"):
        cr.grad(np.linalg.norm)(np.zeros(3))


@pytest.mark.parametrize("axis", [2, (0, 5), (0, 1, 2), -3])
def test_an_axis_that_there_is_not(axis: Any) -> None:
    with pytest.raises(cr.errors.ShapeError, match="out of bounds for an array of 2 dimensions"):
        cr.grad(lambda a: np.sum(np.linalg.norm(a, axis=axis)))(np.ones((3, 3)))
