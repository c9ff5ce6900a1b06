"""Linear algebra: NumPy is the oracle for values; matrix calculus, SymPy and differences for derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
import sympy
from oracles import (
    check_derivative,
    check_second_order,
    numbers,
    positive_definite,
    regular,
    reseeded,  # noqa: F401
    richardson,
)

import chainrule as cr
from chainrule.core.graph import constant
from chainrule.core.registry import building, evaluating
from chainrule.read.trace import trace

# Systems and inverses


@pytest.mark.parametrize(
    "shapes",
    [((3, 3), (3,)), ((3, 3), (3, 2)), ((5, 3, 3), (3,)), ((5, 3, 3), (5, 3, 1)), ((5, 3, 3), (3, 2)),
     ((3, 3), (5, 3, 2)), ((2, 1, 3, 3), (4, 3, 2)), ((1, 1), (1,)), ((0, 0), (0,)), ((0, 0), (0, 2)), ((3, 3), (3, 0)),
     ((0, 2, 2), (2,))],
    ids=str,
)  # fmt: skip
def test_solve(shapes: Any) -> None:
    a, b = regular(*shapes[0]), numbers(*shapes[1])
    check_derivative(lambda a: np.linalg.solve(a, b), a)
    check_derivative(lambda b: np.linalg.solve(a, b), b)
    check_derivative(lambda t: np.linalg.solve(a + t[0] * np.ones_like(a), b * t[1]), numbers(2) / 10)


def test_solve_takes_a_stack_of_vectors_for_a_matrix_as_numpy_does() -> None:
    a, b = regular(3, 3, 3), numbers(3, 3)
    check_derivative(lambda b: np.linalg.solve(a, b), b)
    check_derivative(lambda a: np.linalg.solve(a, b.tolist()), a)


def test_the_gradient_of_a_quadratic_form_of_the_inverse() -> None:
    a, b = regular(4, 4), numbers(4)
    x, y = np.linalg.solve(a, b), np.linalg.solve(a.T, b)
    got = cr.grad(lambda a: b @ np.linalg.solve(a, b))(a)
    np.testing.assert_allclose(got, -np.outer(y, x), rtol=1e-11)
    np.testing.assert_allclose(cr.grad(lambda b: b @ np.linalg.solve(a, b))(b), x + y, rtol=1e-11)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (1, 1), (0, 0), (0, 2, 2)], ids=str)
def test_inv(shape: Any) -> None:
    a = regular(*shape)
    check_derivative(np.linalg.inv, a)
    _, tangent = cr.jvp(np.linalg.inv, (a,), (v := numbers(*shape),))
    x = np.linalg.inv(a)
    np.testing.assert_allclose(tangent, -x @ v @ x, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 3, 6, np.int64(5)])
def test_matrix_power(n: Any) -> None:
    check_derivative(lambda a: np.linalg.matrix_power(a, n), regular(3, 3) / 3)
    check_derivative(lambda a: np.linalg.matrix_power(a, n), regular(2, 2, 2) / 3)


def test_matrix_power_needs_an_integer() -> None:
    with pytest.raises(cr.ArgumentError, match=r"0\.5"):
        cr.vjp(lambda a: np.linalg.matrix_power(a, 0.5), regular(2, 2))


# Determinants


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (1, 1), (0, 0), (0, 2, 2)], ids=str)
def test_det_and_slogdet(shape: Any) -> None:
    for a in (regular(*shape), np.flip(regular(*shape), -1)):
        check_derivative(np.linalg.det, a)
        check_derivative(lambda a: np.linalg.slogdet(a).logabsdet, a)
        (sign, logabsdet), _ = cr.vjp(np.linalg.slogdet, a)
        np.testing.assert_array_equal(sign, np.linalg.slogdet(a)[0])
        np.testing.assert_allclose(logabsdet, np.linalg.slogdet(a)[1])
        if a.size:
            np.testing.assert_allclose(
                cr.grad(lambda a: np.sum(np.linalg.slogdet(a)[1]))(a), np.swapaxes(np.linalg.inv(a), -1, -2), rtol=1e-10
            )


def sympy_det(a: Any, order: int) -> Any:
    """The derivatives of the determinant polynomial, exactly."""
    n = len(a)
    x = sympy.Matrix(n, n, sympy.symbols(f"x:{n * n}"))
    terms = x.det(method="berkowitz").expand()
    flat = list(x)
    at = dict(zip(flat, [sympy.Integer(int(v)) for v in np.ravel(a)], strict=True))
    if order == 1:
        return np.array([float(terms.diff(s).subs(at)) for s in flat]).reshape(n, n)
    return np.array([[float(terms.diff(s, t).subs(at)) for t in flat] for s in flat]).reshape(n, n, n, n)


SINGULAR = {
    "rank 2 of 3": [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
    "rank 1 of 3": [[1, 2, 3], [2, 4, 6], [-1, -2, -3]],
    "rank 0 of 3": [[0, 0, 0]] * 3,
    "rank 3 of 4": [[1, 2, 0, 1], [0, 1, 1, 3], [2, 0, 1, -1], [3, 3, 2, 3]],
    "rank 2 of 4": [[1, 2, 0, 1], [0, 1, 1, 3], [1, 3, 1, 4], [2, 5, 1, 5]],
    "zero": [[0]],
    "regular": [[2, 1, 0], [1, -3, 1], [0, 1, 4]],
}


@pytest.mark.parametrize("name", SINGULAR)
def test_det_of_singular_matrices_has_its_first_and_second_derivative(name: str) -> None:
    a = np.array(SINGULAR[name], float)
    np.testing.assert_allclose(cr.grad(np.linalg.det)(a), sympy_det(a, 1), atol=1e-12 * (1 + abs(a).max()) ** 3)
    second = np.asarray(cr.jacobian(cr.grad(np.linalg.det))(a))
    np.testing.assert_allclose(second, sympy_det(a, 2), atol=1e-12 * (1 + abs(a).max()) ** 3)


def test_a_singular_matrix_has_no_logarithm_and_no_inverse() -> None:
    a = np.ones((2, 2))
    for f in (lambda a: np.linalg.slogdet(a)[1], np.linalg.inv, lambda a: np.linalg.solve(a, a)):
        with pytest.raises(np.linalg.LinAlgError, match=r"[Ss]ingular"):
            cr.grad(lambda a, f=f: np.sum(f(a)))(a)


def test_the_derivative_of_the_determinant_is_jacobis_formula_and_third_order_holds() -> None:
    a, v = regular(4, 4), numbers(4, 4)
    _, tangent = cr.jvp(np.linalg.det, (a,), (v,))
    np.testing.assert_allclose(tangent, np.linalg.det(a) * np.trace(np.linalg.inv(a) @ v), rtol=1e-11)

    def along(t: Any) -> Any:
        return np.linalg.det(a + t * v)

    # det(a + t v) is a polynomial in t: its third derivative at 0 is read off a fit through exact nodes.
    nodes = np.linspace(-1, 1, 5)
    coefficients = np.polynomial.polynomial.polyfit(nodes, [along(t) for t in nodes], 4)
    third = cr.derivative(along, order=3)(0.0)
    np.testing.assert_allclose(third, 6 * coefficients[3], rtol=1e-9)


def test_the_derivative_of_the_cofactors_is_linear_in_its_direction() -> None:
    a, h, v = regular(3, 3), numbers(3, 3), numbers(3, 3)
    _, tangent = cr.jvp(lambda h: evaluating.cofactor_change(a, h), (h,), (v,))
    np.testing.assert_allclose(tangent, cr.jvp(evaluating.cofactor, (a,), (v,))[1], rtol=1e-13)


# Cholesky


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (1, 1), (0, 0)], ids=str)
def test_cholesky(shape: Any) -> None:
    a = positive_definite(*shape)
    value, pullback = cr.vjp(np.linalg.cholesky, a)
    np.testing.assert_allclose(value, np.linalg.cholesky(a), rtol=1e-13)
    # NumPy reads the lower triangle only: what a direction has above the diagonal changes nothing.
    v = numbers(*shape)
    _, tangent = cr.jvp(np.linalg.cholesky, (a,), (v,))
    np.testing.assert_allclose(tangent, richardson(lambda t: np.linalg.cholesky(a + t * v)), rtol=1e-8, atol=1e-9)
    v = np.tril(v) + np.swapaxes(np.tril(v, -1), -1, -2)
    lower = value
    np.testing.assert_allclose(
        tangent @ np.swapaxes(lower, -1, -2) + lower @ np.swapaxes(tangent, -1, -2), v, rtol=1e-10, atol=1e-11
    )
    (back,) = pullback(w := numbers(*shape))
    np.testing.assert_array_equal(back, np.tril(back))
    np.testing.assert_allclose(np.sum(back * v), np.sum(w * tangent), rtol=1e-9, atol=1e-10)


def test_the_upper_factor_is_the_transposed_lower_one() -> None:
    a = positive_definite(3, 3)
    value, pullback = cr.vjp(lambda a: np.linalg.cholesky(a, upper=True), a)
    np.testing.assert_allclose(value, np.linalg.cholesky(a, upper=True), rtol=1e-13)
    w = numbers(3, 3)
    # NumPy reads the upper triangle here.
    np.testing.assert_allclose(pullback(w)[0], cr.vjp(np.linalg.cholesky, a)[1](w.T)[0].T, rtol=1e-12)


def test_log_determinant_by_the_factor_has_the_inverse_as_its_gradient() -> None:
    a = positive_definite(4, 4)
    by_factor = cr.grad(lambda a: 2 * np.sum(np.log(np.diag(np.linalg.cholesky(a)))))(a)
    np.testing.assert_allclose((by_factor + by_factor.T) / 2, np.linalg.inv(a), rtol=1e-10, atol=1e-12)
    by_determinant = cr.grad(lambda a: np.linalg.slogdet(a)[1])(a)
    np.testing.assert_allclose(by_determinant, np.linalg.inv(a), rtol=1e-10, atol=1e-12)


def test_a_matrix_without_a_factor() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        cr.vjp(np.linalg.cholesky, -np.eye(2))


# Second order


def test_second_order() -> None:
    c, b = numbers(3, 3), numbers(3)
    a = positive_definite(3, 3)
    check_second_order(lambda a: np.sum(c * np.linalg.inv(a)), a)
    check_second_order(lambda a: np.sum(c[0] * np.linalg.solve(a, b)), a)
    check_second_order(lambda a: np.sum(c[:, :2] * np.linalg.solve(a, np.stack([b, a[0]], 1))), a)
    check_second_order(lambda a: np.sum(c * np.linalg.cholesky(a)), a)
    check_second_order(lambda a: np.linalg.slogdet(a)[1], a)
    check_second_order(np.linalg.det, a)
    check_second_order(np.linalg.norm, a)
    check_second_order(lambda a: np.trace(np.linalg.matrix_power(a, 3)), a)


def test_the_hessian_of_log_det_is_the_kronecker_product_of_inverses() -> None:
    a = positive_definite(3, 3)
    x = np.linalg.inv(a)
    got = np.asarray(cr.hessian(lambda a: np.linalg.slogdet(a)[1])(a))
    np.testing.assert_allclose(got, -np.einsum("jk,li->ijkl", x, x), rtol=1e-9, atol=1e-10)


# Trace and the like


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 2), (0, 0), (1, 1)], ids=str)
def test_trace(shape: Any) -> None:
    x = numbers(*shape)
    check_derivative(np.trace, x)
    check_derivative(lambda x: x.trace(), x)
    check_derivative(np.linalg.trace, x)


def test_trace_of_stacks_and_beside_the_diagonal() -> None:
    x = numbers(3, 4, 3, 3)
    check_derivative(lambda x: np.trace(x, axis1=0, axis2=2), x)
    check_derivative(lambda x: np.trace(x, axis1=-1, axis2=0), x)
    check_derivative(np.trace, x)
    check_derivative(np.linalg.trace, x)
    for offset in (-1, 1, 2):
        check_derivative(lambda x, k=offset: np.linalg.trace(x, offset=k), x)
        check_derivative(lambda x, k=offset: np.trace(x, k), x)
    check_derivative(lambda x: np.linalg.diagonal(x, offset=1), x)
    check_derivative(np.linalg.matrix_transpose, x)
    np.testing.assert_array_equal(cr.grad(np.trace)(numbers(3, 3)), np.eye(3))
    a, b = numbers(2, 3), numbers(3, 2)
    np.testing.assert_allclose(cr.grad(lambda a: np.trace(a @ b))(a), b.T, rtol=1e-14)


# Complex and single precision


@pytest.mark.parametrize("name", ["inv", "det", "solve", "cholesky", "logabsdet", "sign", "norm", "upper"])
def test_complex(name: str) -> None:
    """The cotangent g stands for the change Re(g dz), as in JAX and autograd."""
    b, c = numbers(3) + 1j * numbers(3), numbers(3, 3) + 1j * numbers(3, 3)
    a = c @ np.conj(c.T) + np.eye(3) if name in ("cholesky", "upper") else c + 3 * np.eye(3)
    f = {
        "inv": np.linalg.inv,
        "det": np.linalg.det,
        "solve": lambda a: np.linalg.solve(a, b),
        "cholesky": np.linalg.cholesky,
        "upper": lambda a: np.linalg.cholesky(a, upper=True),
        "logabsdet": lambda a: np.linalg.slogdet(a)[1],
        "sign": lambda a: np.linalg.slogdet(a)[0],
        "norm": lambda a: np.linalg.norm(a, axis=1),
    }[name]
    v = numbers(3, 3) + 1j * numbers(3, 3)
    v = v + np.conj(v.T) if name in ("cholesky", "upper") else v
    value, tangent = cr.jvp(f, (a,), (v,))
    np.testing.assert_allclose(value, f(a), rtol=1e-12)
    np.testing.assert_allclose(tangent, richardson(lambda t: f(a + t * v)), rtol=1e-7, atol=1e-8)
    w = numbers(*np.shape(value)) + (1j * numbers(*np.shape(value)) if np.iscomplexobj(value) else 0)
    (back,) = cr.vjp(f, a)[1](w)
    np.testing.assert_allclose(np.sum(np.real(back * v)), np.sum(np.real(w * tangent)), rtol=1e-9)


def test_slogdet_of_complex_matrices_overflows_no_more_than_that_of_real_ones() -> None:
    a = 10 * (numbers(300, 300) + 1j * numbers(300, 300))  # |det| is about 1e650
    (sign, logarithm), pullback = cr.vjp(np.linalg.slogdet, a)
    np.testing.assert_allclose(sign, np.linalg.slogdet(a)[0], rtol=1e-12)
    np.testing.assert_allclose(logarithm, np.linalg.slogdet(a)[1], rtol=1e-12)
    (back,) = pullback((0j, 1.0))
    np.testing.assert_allclose(back, np.linalg.inv(a).T, rtol=1e-10)
    (back,) = pullback((1 + 0j, 0.0))
    # A turn of the first row by t turns the sign by t.
    np.testing.assert_allclose(np.sum(np.real(back[0] * 1j * a[0])), np.real(1j * sign), rtol=1e-9)


def test_the_sign_of_a_singular_complex_matrix_is_zero() -> None:
    (sign, logarithm), _ = cr.vjp(np.linalg.slogdet, np.ones((2, 2), np.complex64))
    assert (sign, sign.dtype, logarithm, logarithm.dtype) == (0, np.complex64, -np.inf, np.float32)


def test_holomorphic_pullbacks_are_transposed_and_not_conjugated() -> None:
    a, w = regular(3, 3) + 1j * numbers(3, 3), numbers(3, 3) + 1j * numbers(3, 3)
    x = np.linalg.inv(a)
    np.testing.assert_allclose(cr.vjp(np.linalg.inv, a)[1](w)[0], -x.T @ w @ x.T, rtol=1e-11)
    np.testing.assert_allclose(cr.vjp(np.linalg.det, a)[1](1 + 0j)[0], np.linalg.det(a) * x.T, rtol=1e-11)


def test_float32_stays() -> None:
    a = positive_definite(3, 3).astype(np.float32)
    for f in (np.linalg.inv, np.linalg.det, np.linalg.cholesky, np.trace, np.linalg.norm,
              lambda a: np.linalg.slogdet(a)[1], lambda a: np.linalg.solve(a, a[0]),
              lambda a: np.linalg.norm(a, 3, axis=0), lambda a: np.linalg.matrix_power(a, -2)):  # fmt: skip
        value, pullback = cr.vjp(f, a)
        assert value.dtype == np.float32
        (back,) = pullback(np.ones_like(value))
        assert back.dtype == np.float32
        exact = cr.vjp(f, a.astype(float))[1](np.ones_like(value, float))[0]
        np.testing.assert_allclose(back, exact, rtol=2e-3, atol=1e-3 * np.abs(exact).max())


# Errors, and a use


def test_wrong_shapes_are_named() -> None:
    rectangle = np.ones((2, 3))
    for f in (np.linalg.inv, np.linalg.det, np.linalg.cholesky, np.linalg.slogdet, lambda a: np.linalg.solve(a, a),
              lambda a: np.linalg.matrix_power(a, 2)):  # fmt: skip
        with pytest.raises(cr.ShapeError, match=r"square(.|\n)*\(2, 3\)"):
            cr.vjp(f, rectangle)
    with pytest.raises(cr.ShapeError, match=r"\(2, 2\) and \(3,\): the right-hand side needs 2 rows"):
        cr.vjp(lambda a: np.linalg.solve(a, np.ones(3)), np.eye(2))
    for f in (np.trace, np.linalg.matrix_transpose):
        with pytest.raises(cr.ShapeError, match=r"\(3,\)"):
            cr.vjp(f, np.ones(3))
    with pytest.raises(cr.ArgumentError, match="dtype="):
        cr.vjp(lambda a: np.trace(a, dtype=np.float32), np.eye(2))
    a, b = constant(rectangle), constant(np.eye(3))
    with pytest.raises(cr.ShapeError, match=r"\(2, 3\)"):
        building.inv(a)
    with pytest.raises(cr.ShapeError, match=r"\(2, 3\) and \(3, 3\): the first must be"):
        building.solve(a, b)
    with pytest.raises(cr.ShapeError, match=r"\(3, 3\) and \(2, 3\): the right-hand side needs 3 rows"):
        building.solve(b, a)


def test_gaussian_log_likelihood() -> None:
    """The gradient in the covariance S of log N(x; 0, S) is (S^-1 x x^T S^-1 - S^-1) / 2."""
    s, x = positive_definite(4, 4), numbers(4)

    def by_factor(s: Any) -> Any:
        lower = np.linalg.cholesky(s)
        white = np.linalg.solve(lower, x)
        return -0.5 * white @ white - np.sum(np.log(np.diagonal(lower)))

    def by_determinant(s: Any) -> Any:
        return -0.5 * x @ np.linalg.solve(s, x) - 0.5 * np.linalg.slogdet(s)[1]

    inverse = scipy.linalg.inv(s)
    want = (np.outer(inverse @ x, inverse @ x) - inverse) / 2
    np.testing.assert_allclose(cr.grad(by_determinant)(s), want, rtol=1e-9, atol=1e-10)
    triangle = cr.grad(by_factor)(s)  # of the lower triangle, which stands for both
    np.testing.assert_allclose((triangle + triangle.T) / 2, want, rtol=1e-9, atol=1e-10)


def test_a_derivative_of_the_derivative_stays_a_graph() -> None:
    graph, _ = trace(lambda a: np.linalg.det(a), [regular(2, 2)], ["a"], "f")
    assert [node.primitive.name for node in graph.nodes if node.primitive is not None] == ["det"]
