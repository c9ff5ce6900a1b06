"""The exponential of a matrix: SciPy and mpmath for values, differences and the series for derivatives."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.linalg
from oracles import (
    check_complex_derivative,
    check_derivative,
    check_second_order,
    complex_numbers,
    numbers,
    reseeded,  # noqa: F401
)

import chainrule as cr

expm = cr.special.expm


@pytest.mark.parametrize("scale", [1e-8, 0.1, 1.0, 5.0, 30.0])
def test_values_are_those_of_mpmath(scale: float) -> None:
    for a in (scale * numbers(4, 4), scale * complex_numbers(3, 3), scale * np.triu(numbers(3, 3))):
        mp = mpmath.mp.clone()
        mp.dps = 60
        want = np.array(mp.expm(mp.matrix(a.tolist())).tolist(), complex)
        got = expm(a)
        size = np.abs(want).max()
        # The condition of the exponential grows with the norm of its argument.
        assert np.abs(got - want).max() <= 1e-14 * (1 + np.linalg.norm(a, 1)) * size
        np.testing.assert_allclose(got, scipy.linalg.expm(a), atol=1e-12 * size)


def test_values_of_other_kinds() -> None:
    assert expm(np.zeros((2, 2), int)).dtype == float
    assert expm(np.zeros((2, 2), np.float32)).dtype == np.float32
    assert expm(np.zeros((2, 0, 0))).shape == (2, 0, 0)
    np.testing.assert_array_equal(expm([[0, 0], [0, 0]]), np.eye(2))
    np.testing.assert_allclose(expm(np.array([[0.0, 1], [0, 0]])), [[1, 1], [0, 1]], rtol=1e-15)
    stack = np.stack([np.zeros((2, 2)), 40 * numbers(2, 2)])
    np.testing.assert_allclose(expm(stack), [expm(a) for a in stack], rtol=1e-12)
    with np.errstate(all="ignore"):
        assert not np.isfinite(expm(np.array([[np.inf, 0], [0, 1.0]]))).all()


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (1, 1), (0, 0), (0, 2, 2)], ids=str)
def test_derivatives(shape: Any) -> None:
    check_derivative(expm, numbers(*shape))
    check_complex_derivative(expm, complex_numbers(*shape))


def test_a_defective_matrix_and_the_second_derivative() -> None:
    jordan = np.array([[1.0, 1, 0], [0, 1, 1], [0, 0, 1]])
    check_derivative(expm, jordan)
    check_second_order(lambda a: np.sum(numbers(3, 3) * 0 + np.arange(9).reshape(3, 3) * expm(a)), jordan)
    check_second_order(lambda a: np.sum(expm(a) ** 2), numbers(2, 2))
    third = cr.derivative(lambda t: expm(t * jordan)[0, 2], order=3)(0.5)
    want = (np.linalg.matrix_power(jordan, 3) @ scipy.linalg.expm(0.5 * jordan))[0, 2]
    np.testing.assert_allclose(third, want, rtol=1e-11)


def test_the_derivative_in_a_direction_is_scipys() -> None:
    a, e = numbers(4, 4), numbers(4, 4)
    _, tangent = cr.jvp(expm, (a,), (e,))
    np.testing.assert_allclose(tangent, scipy.linalg.expm_frechet(a, e, compute_expm=False), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(cr.grad(lambda a: np.trace(expm(a)))(a), expm(a).T, rtol=1e-11, atol=1e-12)


def test_the_derivative_of_the_derivative_by_each_of_its_operands() -> None:
    a, e = numbers(3, 3), numbers(3, 3)
    check_derivative(lambda a: cr.jvp(expm, (a,), (e,))[1], a)
    check_derivative(lambda e: cr.jvp(expm, (a,), (e,))[1], e)
    check_derivative(lambda t: cr.jvp(expm, (a * t[0],), (e * t[1],))[1], numbers(2))


def test_a_rotation_from_its_generator() -> None:
    """The flow of x' = A x: the sensitivity of its end in an entry of A, against the equation for it."""
    a, start = numbers(3, 3), numbers(3)
    end = cr.jacobian(lambda a: expm(a) @ start)(a)
    e = np.zeros((3, 3))
    e[1, 2] = 1
    times, weights = np.polynomial.legendre.leggauss(24)
    flows = [w / 2 * expm((1 - t) * a) @ e @ expm(t * a) @ start for t, w in zip((times + 1) / 2, weights, strict=True)]
    np.testing.assert_allclose(np.asarray(end)[:, 1, 2], np.sum(flows, axis=0), rtol=1e-10)
