"""The pseudoinverse and least squares, of full and of lower rank."""

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
    numbers,
    positive_definite,
    reseeded,  # noqa: F401
)

import chainrule as cr
from chainrule.core.graph import Node
from chainrule.core.registry import building, evaluating

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 1, 2, 3), (1, 1), (0, 0), (3, 0), (0, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pinv(shape: Any) -> None:
    check_derivative(np.linalg.pinv, numbers(*shape))
    check_derivative(lambda a: np.linalg.pinv(a, 1e-10), numbers(*shape))
    check_derivative(lambda a: np.linalg.pinv(a, rtol=None), numbers(*shape))
    if shape and shape[-1] == shape[-2]:
        check_derivative(lambda a: np.linalg.pinv(a, hermitian=True), positive_definite(*shape))


def test_complex_pinv() -> None:
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
        check_complex_derivative(np.linalg.pinv, complex_numbers(*shape))
    check_complex_derivative(lambda a: np.linalg.pinv(a, hermitian=True), complex_numbers(3, 3))


@pytest.mark.parametrize("shape", [(3, 3), (5, 2), (2, 5), (1, 1)], ids=str)
@pytest.mark.parametrize("columns", [None, 1, 3, 0])
def test_lstsq(shape: Any, columns: Any) -> None:
    a = numbers(*shape)
    b = numbers(shape[0]) if columns is None else numbers(shape[0], columns)
    for part in (0, 1, 3):
        check_derivative(lambda a, part=part: np.linalg.lstsq(a, b)[part], a)
        check_derivative(lambda b, part=part: np.linalg.lstsq(a, b, rcond=1e-12)[part], b)
    check_derivative(lambda t: np.linalg.lstsq(a + t[0], b * t[1], -1)[0], numbers(2) / 5)
    found, want = cr.value(cr.vjp(lambda a: np.linalg.lstsq(a, b)[2], a)[0]), np.linalg.lstsq(a, b)[2]
    assert found == want
    complex_a = complex_numbers(*shape)
    check_complex_derivative(lambda a: np.linalg.lstsq(a, b + 0j)[0], complex_a)
    check_complex_derivative(lambda a: np.linalg.lstsq(a, b + 0j)[1], complex_a)


def test_least_squares_is_the_solution_of_the_normal_equations() -> None:
    a, b, w = numbers(6, 3), numbers(6), numbers(3)
    by_equations = cr.grad(lambda a: w @ np.linalg.solve(a.T @ a, a.T @ b))(a)
    np.testing.assert_allclose(cr.grad(lambda a: w @ np.linalg.lstsq(a, b)[0])(a), by_equations, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(cr.grad(lambda a: w @ np.linalg.pinv(a) @ b)(a), by_equations, rtol=1e-9, atol=1e-10)
    residual = b - a @ np.linalg.lstsq(a, b)[0]
    got = cr.grad(lambda b: np.linalg.lstsq(a, b)[1][0])(b)
    np.testing.assert_allclose(got, 2 * residual, rtol=1e-9, atol=1e-11)


def test_second_order() -> None:
    for shape in ((3, 2), (2, 3)):
        a, c, b = numbers(*shape), numbers(*shape[::-1]), numbers(shape[0])
        check_second_order(lambda a: np.sum(c * np.linalg.pinv(a)), a)  # noqa: B023
        check_second_order(lambda a: np.sum(c[:, 0] * np.linalg.lstsq(a, b)[0]), a)  # noqa: B023


def test_batches() -> None:
    a, b = numbers(4, 3, 2), numbers(4, 3)
    got = cr.vmap(lambda a, b: np.linalg.lstsq(a, b)[0])(a, b)
    np.testing.assert_allclose(got, [np.linalg.lstsq(x, y)[0] for x, y in zip(a, b, strict=True)], rtol=1e-12)
    rows = np.asarray(cr.jacobian(lambda b: np.linalg.lstsq(a[0], b)[0])(b[0]))
    np.testing.assert_allclose(rows, np.linalg.pinv(a[0]), rtol=1e-11, atol=1e-13)


# Lower rank


def laplacian(weights: Any) -> Any:
    """Of a ring of five: it has rank four for all weights."""
    edges = np.eye(5) - np.roll(np.eye(5), 1, axis=1)
    return edges.T @ (weights[:, None] * edges)


def test_matrices_that_keep_their_rank_have_their_gradient() -> None:
    check_derivative(lambda w: np.linalg.pinv(laplacian(w), 1e-10)[0, 2], np.abs(numbers(5)) + 0.5)
    factors = numbers(4, 2), numbers(2, 3)
    check_derivative(lambda x: np.linalg.pinv(x @ factors[1], 1e-10), factors[0])
    b = numbers(4)
    check_derivative(lambda x: np.linalg.lstsq(x @ factors[1], b, 1e-10)[0], factors[0])


def test_a_rank_that_changes_is_named() -> None:
    a = numbers(3, 1) @ numbers(1, 2)
    for f in (lambda a: np.linalg.pinv(a, 1e-10), lambda a: np.linalg.lstsq(a, np.ones(3), 1e-10)[0]):
        with pytest.raises(cr.DegeneracyError, match=r"rank is 1 of 2(.|\n)*jumps(.|\n)*test_pseudoinverse"):
            cr.jvp(f, (a,), (numbers(3, 2),))
        with cr.strict(), pytest.raises(cr.KinkError, match="lower rank"):
            cr.grad(lambda a, f=f: np.sum(f(a)))(a)
    stack = np.stack([numbers(3, 2), a])
    with pytest.raises(cr.DegeneracyError, match=r"of matrix \(1,\) of the stack"):
        cr.jvp(lambda a: np.linalg.pinv(a, 1e-10), (stack,), (numbers(2, 3, 2),))
    assert cr.vjp(lambda a: np.linalg.lstsq(a, np.ones(3))[1], a)[0].shape == (0,)


def test_what_rcond_drops_must_be_nothing() -> None:
    a = np.diag([1.0, 0.01])
    for f in (lambda a: np.linalg.pinv(a, 0.1), lambda a: np.linalg.lstsq(a, np.ones(2), 0.1)[0]):
        with pytest.raises(cr.DegeneracyError, match=r"drops singular value 1, 1\.00e-02 beside 1"):
            cr.grad(lambda a, f=f: np.sum(f(a)))(a)


def test_the_rank_is_a_constant() -> None:
    a = numbers(3, 2)
    for f in (np.linalg.matrix_rank, lambda a: np.linalg.matrix_rank(a, 1e-3), lambda a: np.linalg.matrix_rank(a[0]),
              lambda a: np.linalg.matrix_rank(a @ a.T, hermitian=True), lambda a: np.linalg.matrix_rank(a, rtol=1e-3),
              lambda a: np.linalg.matrix_rank(np.stack([a, 0 * a]))):  # fmt: skip
        np.testing.assert_array_equal(cr.vjp(f, a)[0], f(a))
        weights = np.sum(f(a)) * np.ones((3, 2))
        np.testing.assert_array_equal(cr.grad(lambda a, f=f: np.sum(f(a)) * np.sum(a))(a), weights)


def test_wrong_arguments_are_named() -> None:
    a = np.ones((3, 2))
    for f, words in (
        (lambda a: np.linalg.lstsq(a, np.ones(2)), r"\(3, 2\) and \(2,\)"),
        (lambda a: np.linalg.lstsq(a[None], np.ones(3)), r"\(1, 3, 2\)"),
        (lambda a: np.linalg.lstsq(a[0], np.ones(2)), r"\(2,\)"),
        (lambda a: np.linalg.pinv(a[0]), r"\(2,\)"),
        (lambda a: np.linalg.pinv(a, hermitian=True), r"square(.|\n)*\(3, 2\)"),
        (lambda a: np.linalg.tensorsolve(a, np.ones(3)), r"\(3, 2\) and \(3,\)"),
        (lambda a: np.linalg.tensorinv(a, ind=1), r"\(3, 2\) with ind=1"),
    ):
        with pytest.raises(cr.ShapeError, match=words):
            cr.vjp(f, a)
    for f, words in (
        (lambda a: np.linalg.pinv(a, [1e-3]), "one number as rcond"),
        (lambda a: np.linalg.lstsq(a, np.ones(3), "x"), "one number as rcond"),
        (lambda a: np.linalg.matrix_rank(a, [1e-3]), "one number as tol"),
        (lambda a: np.linalg.tensorinv(a, ind=2), "ind from 1 to 1, not 2"),
    ):
        with pytest.raises(cr.ArgumentError, match=words):
            cr.vjp(f, a)


def test_tensor_equations() -> None:
    a, b = numbers(2, 3, 6), numbers(2, 3)
    check_derivative(lambda a: np.linalg.tensorsolve(a, b), a)
    check_derivative(lambda b: np.linalg.tensorsolve(a, b), b)
    check_derivative(lambda x: np.linalg.tensorsolve(x, b, axes=(1,)), numbers(2, 6, 3))
    check_derivative(np.linalg.tensorinv, a)
    check_derivative(lambda x: np.linalg.tensorinv(x, ind=1), numbers(6, 2, 3))


def _exact_gradient(a: Any, b: Any, weights: Any) -> tuple[Any, Any]:
    """Of weights @ x by A and b, to fifty digits: with u = (A^T A)^-1 weights they are r u^T - A u x^T and A u."""
    with mpmath.workdps(50):
        A, B, w = (mpmath.matrix(x.tolist()) for x in (a, b, weights))
        x, u = (mpmath.lu_solve(A.T * A, right) for right in (A.T * B, w))
        back = A * u
        by_a = (B - A * x) * u.T - back * x.T
        return tuple(np.array(m.tolist(), float) for m in (by_a, back))


@pytest.mark.parametrize("condition", [1e1, 1e3, 7e3, 2e4, 1e6, 1e8])
@pytest.mark.parametrize("residual", [0.0, 1.0])
def test_least_squares_of_an_ill_conditioned_matrix(condition: float, residual: float) -> None:
    """As exact as the numbers allow: by b in condition * eps, and by A in its square where there is a residual."""
    rng = np.random.default_rng(8)
    u, v = (np.linalg.qr(rng.normal(size=shape))[0] for shape in ((9, 3), (3, 3)))
    a = (u * np.array([1, condition**-0.5, 1 / condition])) @ v
    weights = rng.normal(size=3)
    b = a @ rng.normal(size=3) + residual * rng.normal(size=9)
    found = cr.grad(lambda a, b: weights @ np.linalg.lstsq(a, b, rcond=None)[0], (0, 1))(a, b)
    by_a, by_b = _exact_gradient(a, b, weights)
    eps = np.finfo(float).eps
    for got, want, power in ((found[0], by_a, 1 + residual), (found[1], by_b[:, 0], 1)):
        assert np.max(np.abs(got - want)) <= 100 * eps * condition**power * np.max(np.abs(want))


def test_least_squares_take_no_other_decomposition_of_a_tall_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a decomposition that takes as long as the value")

    for name in ("svd", "pinv", "qr"):
        monkeypatch.setattr(np.linalg, name, refuse)
    rng = np.random.default_rng(9)
    a, b = rng.normal(size=(50, 3)), rng.normal(size=50)
    loss = lambda a, b: np.sum(np.linalg.lstsq(a, b, rcond=None)[0] ** 2)
    by_a, by_b = cr.grad(loss, (0, 1))(a, b)
    monkeypatch.undo()
    np.testing.assert_allclose(cr.jvp(loss, (a, b), (a, b))[1], np.sum(by_a * a) + np.sum(by_b * b), atol=1e-12)


@pytest.mark.parametrize("rcond", [1e-12, 1e-3])
def test_normal_equations_of_lower_rank(rcond: float) -> None:
    """Both operations that stand for (A^T A)^+ and I - A^+ A, by matrix and right-hand side, in both modes."""
    rng = np.random.default_rng(10)
    left, right, y = rng.normal(size=(5, 2)), rng.normal(size=(2, 3)), rng.normal(size=(3, 1))
    for operation in (evaluating.normal_solve, evaluating.unseen):

        def f(left: Any, y: Any, operation: Any = operation) -> Any:
            return np.sum(np.sin(operation(left @ right, y, rcond=rcond)))

        a = left @ right
        pinv = np.linalg.pinv(a, 1e-12)
        want = pinv @ pinv.T @ y if operation is evaluating.normal_solve else y - pinv @ a @ y
        np.testing.assert_allclose(operation(a, y, rcond=rcond), want, rtol=1e-9, atol=1e-12)
        for argnum, (x, move) in enumerate(((left, rng.normal(size=left.shape)), (y, rng.normal(size=y.shape)))):
            got = cr.grad(f, argnum)(left, y)
            one = (lambda x: f(x, y)) if argnum == 0 else (lambda x: f(left, x))
            np.testing.assert_allclose(got, cr.numeric.gradient(one, x), rtol=1e-6, atol=1e-8)
            np.testing.assert_allclose(cr.jvp(one, (x,), (move,))[1], np.sum(got * move), rtol=1e-9, atol=1e-12)
    with pytest.raises(cr.errors.ShapeError, match="a number is needed for each column"):
        building.unseen(
            *(Node(None, (), {"name": x}, (3, n), np.dtype(float), x) for x, n in (("a", 2), ("y", 1))), rcond=rcond
        )
