"""The QR decomposition with NumPy's signs: square, tall and wide, real and complex."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles import (
    check_complex_derivative,
    check_derivative,
    check_second_order,
    complex_numbers,
    numbers,
    reseeded,  # noqa: F401
)

import chainrule as cr

SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 1, 2, 3), (1, 1), (0, 0), (3, 0), (0, 2)]


def complete(a: Any) -> Any:
    """What does not depend on the basis of the null space that LAPACK takes."""
    q, r = np.linalg.qr(a, "complete")
    k = min(a.shape[-2:])
    null = q[..., k:]
    space = null @ np.conj(np.swapaxes(null, -1, -2))
    return np.concatenate([np.ravel(x) for x in (q[..., :k], r, space)])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_qr(shape: Any) -> None:
    a = numbers(*shape)
    check_derivative(lambda a: np.linalg.qr(a).Q, a)
    check_derivative(lambda a: np.linalg.qr(a)[1], a)
    check_derivative(lambda a: np.linalg.qr(a, mode="r"), a)
    check_derivative(complete, a)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1)], ids=str)
def test_complex_qr_has_a_real_diagonal_which_fixes_it(shape: Any) -> None:
    a = complex_numbers(*shape)
    check_complex_derivative(lambda a: np.linalg.qr(a).Q, a)
    check_complex_derivative(lambda a: np.linalg.qr(a).R, a)
    check_complex_derivative(complete, a)


def test_second_order_of_qr() -> None:
    for shape in ((3, 3), (3, 2), (2, 3)):
        a, c = numbers(*shape), numbers(3, 3)
        check_second_order(lambda a: np.sum(np.linalg.qr(a)[0] ** 3), a)
        check_second_order(lambda a: np.sum(c[:2, :2] * np.linalg.qr(a)[1][:2, :2] ** 2), a)  # noqa: B023


def test_the_diagonal_of_r_is_the_determinant() -> None:
    a = numbers(4, 4)
    got = cr.grad(lambda a: np.sum(np.log(np.abs(np.diagonal(np.linalg.qr(a, "r"))))))(a)
    np.testing.assert_allclose(got, np.linalg.inv(a).T, rtol=1e-10, atol=1e-11)


def test_columns_that_depend_on_each_other_are_named() -> None:
    a = np.stack([numbers(3, 2), np.ones((3, 2))])
    with pytest.raises(cr.DegeneracyError, match=r"column 1 of matrix \(1,\)(.|\n)*R\[1, 1\](.|\n)*test_orthogonal"):
        cr.grad(lambda a: np.sum(np.linalg.qr(a)[0]))(a)
    with pytest.raises(cr.DegeneracyError, match=r"column 0 depends"):
        cr.jvp(lambda a: np.linalg.qr(a)[0], (np.zeros((2, 2)),), (np.eye(2),))
    wide = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0]])  # the first two columns alone decide Q
    with pytest.raises(cr.DegeneracyError, match=r"column 1 depends"):
        cr.grad(lambda a: np.sum(np.linalg.qr(a)[0]))(wide)


def test_a_function_of_the_basis_of_the_null_space_is_refused() -> None:
    a = numbers(5, 2)
    with pytest.raises(cr.DegeneracyError, match=r"last 3 columns of Q(.|\n)*V_b"):
        cr.grad(lambda a: np.linalg.qr(a, "complete")[0][0, 4])(a)
    one = numbers(3, 2)  # a single vector has no basis to choose, only a sign, which NumPy's keeps
    check_derivative(lambda a: np.linalg.qr(a, "complete")[0], one)


def test_modes() -> None:
    with pytest.raises(cr.TraceError, match="'raw'"):
        cr.vjp(lambda a: np.linalg.qr(a, "raw"), np.eye(2))
    with pytest.raises(cr.ArgumentError, match="'thin'"):
        cr.vjp(lambda a: np.linalg.qr(a, "thin"), np.eye(2))
    with pytest.raises(cr.ShapeError, match=r"\(3,\)"):
        cr.vjp(np.linalg.qr, np.ones(3))
