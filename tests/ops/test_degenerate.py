"""Where values coincide: the right gradient for functions that do not depend on a basis, an error for the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracles import (
    complex_numbers,
    numbers,
    reseeded,  # noqa: F401
    richardson,
)

import chainrule as cr
from chainrule.core.graph import constant
from chainrule.core.registry import building, evaluating

I3 = np.eye(3)
F = evaluating


def with_values(values: Any, is_complex: bool = False) -> Any:
    n = len(values)
    q = np.linalg.qr(complex_numbers(n, n) if is_complex else numbers(n, n))[0]
    a = (q * np.array(values)) @ np.conj(q.T)
    return (a + np.conj(a.T)) / 2


def lower(whole: Any) -> Any:
    """The gradient in the triangle that is read, from that by a symmetric matrix."""
    return np.tril(whole) + np.tril(whole, -1)


def by_differences(f: Callable[[Any], Any], a: Any) -> Any:
    out = np.zeros(a.shape)
    for place in np.ndindex(a.shape):
        step = np.zeros(a.shape)
        step[place] = 1
        out[place] = richardson(lambda t, step=step: f(a + t * step))
    return out


def of_matrix(a: Any, phi: Callable[[Any], Any]) -> Any:
    w, v = np.linalg.eigh(a)
    return (v * phi(w)) @ np.conj(v.T)


def space(a: Any) -> Any:
    v = np.linalg.eigh(a)[1][:, :3]
    return v @ v.T


G = np.random.default_rng(3).normal(size=(5, 5))
INVARIANT: dict[str, Callable[[Any], Any]] = {
    "sum of squares": lambda a: np.sum(np.linalg.eigvalsh(a) ** 2),
    "sum of squares by eigh": lambda a: np.sum(np.linalg.eigh(a)[0] ** 2),
    "trace": lambda a: np.sum(np.linalg.eigvalsh(a)),
    "log det": lambda a: np.sum(np.log(np.linalg.eigvalsh(a))),
    "log det by svd": lambda a: np.sum(np.log(np.linalg.svdvals(np.tril(a) + np.tril(a, -1).T))),
    "projector": lambda a: np.sum(G * space(a)),
    "projector of the others": lambda a: np.sum(G * (np.linalg.eigh(a)[1][:, 3:] @ np.linalg.eigh(a)[1][:, 3:].T)),
    "quadratic form in the space": lambda a: np.sum((np.linalg.eigh(a)[1][:, :3].T @ G[0]) ** 2),
    "exp of the matrix": lambda a: np.sum(G * of_matrix(a, np.exp)),
    "a component of the root": lambda a: of_matrix(a, np.sqrt)[0, 1],
    "a function that is zero there": lambda a: np.sum(G * of_matrix(a, np.log)),
    "both apart": lambda a: (lambda w, v: np.sum(w**3) + (v[:, :3] @ v[:, :3].T)[0, 1])(*np.linalg.eigh(a)),
    "a single one that is alone": lambda a: np.linalg.eigvalsh(a)[4] + np.abs(np.linalg.eigh(a)[1][0, 3]),
}


@pytest.mark.parametrize("name", INVARIANT)
def test_invariant_functions_have_the_gradient_that_differences_give(name: str) -> None:
    f = INVARIANT[name]
    for a in (with_values([1, 1, 1, 2, 3]), np.diag([1.0, 1.0, 1.0, 2.0, 3.0])):
        np.testing.assert_allclose(cr.grad(f)(a), by_differences(f, a), rtol=1e-6, atol=1e-7)


def test_functions_of_the_identity_and_of_zero() -> None:
    for phi, value, slope in ((np.exp, np.e, np.e), (np.log, 0, 1), (lambda w: w, 1, 1), (np.sqrt, 1, 0.5)):
        got, gradient = cr.value_and_grad(lambda a, phi=phi: np.sum(G[:3, :3] * of_matrix(a, phi)))(I3)
        np.testing.assert_allclose(got, value * np.trace(G[:3, :3]), atol=1e-14)
        want = slope * (G[:3, :3] + G[:3, :3].T) / 2
        np.testing.assert_allclose(gradient, lower(want), rtol=1e-10, atol=1e-12)
    # What one basis cannot tell: every cotangent is zero here, and the derivative is not.
    got = cr.grad(lambda a: of_matrix(a, np.log)[0, 1])(I3)
    np.testing.assert_allclose(got, [[0, 0, 0], [1, 0, 0], [0, 0, 0]], atol=1e-12)
    got = cr.grad(lambda a: of_matrix(a, lambda w: w)[0, 1])(np.zeros((3, 3)))
    np.testing.assert_allclose(got, [[0, 0, 0], [1, 0, 0], [0, 0, 0]], atol=1e-12)


def test_complex_functions_of_a_matrix() -> None:
    a, g = with_values([1, 1, 1, 2], is_complex=True), complex_numbers(4, 4)
    v = complex_numbers(4, 4)
    for f in (lambda a: np.real(np.sum(g * of_matrix(a, np.exp))),
              lambda a: np.real(np.sum(g * (lambda v: v[:, :3] @ np.conj(v[:, :3].T))(np.linalg.eigh(a)[1]))),
              lambda a: np.sum(np.linalg.eigvalsh(a) ** 3)):  # fmt: skip
        back = cr.grad(f)(a)
        want = richardson(lambda t, f=f: f(a + t * v))
        np.testing.assert_allclose(np.sum(np.real(back * v)), want, rtol=1e-7)


SINGULAR: dict[str, Callable[[Any], Any]] = {
    "nuclear norm": lambda a: np.linalg.norm(a, "nuc"),
    "Frobenius": lambda a: np.sqrt(np.sum(np.linalg.svd(a)[1] ** 2)),
    "polar factor": lambda a: np.sum(G[:3, :3] * (lambda u, s, vh: u @ vh)(*np.linalg.svd(a))),
    "put together": lambda a: np.sum(G[:3, :3] * (lambda u, s, vh: (u * np.sin(s)) @ vh)(*np.linalg.svd(a))),
    "a space": lambda a: np.sum(G[:3, :3] * (lambda u: u[:, :2] @ u[:, :2].T)(np.linalg.svd(a)[0])),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_invariant_functions_of_singular_values(name: str) -> None:
    f = SINGULAR[name]
    q, p = np.linalg.qr(numbers(3, 3))[0], np.linalg.qr(numbers(3, 3))[0]
    matrices = [(q * np.array([2.0, 2.0, 1.0])) @ p] + ([I3] if name != "a space" else [])
    for a in matrices:
        np.testing.assert_allclose(cr.grad(f)(a), by_differences(f, a), rtol=1e-6, atol=1e-7)


def test_a_zero_among_singular_values() -> None:
    """The nuclear norm at a matrix of low rank: of its subgradients the least one, as |x| has 0 at 0."""
    a = numbers(4, 2) @ numbers(2, 3)
    u, _, vh = np.linalg.svd(a)
    got = cr.grad(lambda a: np.linalg.norm(a, "nuc"))(a)
    np.testing.assert_allclose(got, u[:, :2] @ vh[:2], rtol=1e-10, atol=1e-12)
    _, tangent = cr.jvp(lambda a: np.linalg.norm(a, "nuc"), (a,), (v := numbers(4, 3),))
    np.testing.assert_allclose(tangent, np.sum(got * v), rtol=1e-9)
    with cr.strict(), pytest.raises(cr.KinkError, match="singular value of zero"):
        cr.grad(lambda a: np.linalg.norm(a, "nuc"))(a)


def test_principal_components_of_fewer_points_than_dimensions() -> None:
    """The null space of the covariance is degenerate and not read: nothing is said of it."""
    x = numbers(3, 6)

    def kept(x: Any) -> Any:
        w, v = np.linalg.eigh(x.T @ x)
        top = v[:, -2:]
        return np.sum(w[-2:]) / np.sum(w) + np.sum((x - x @ top @ top.T) ** 2) * np.sum(top[0] ** 2)

    np.testing.assert_allclose(cr.grad(kept)(x), by_differences(kept, x), rtol=1e-6, atol=1e-7)


def test_a_block_that_is_not_read_asks_for_nothing() -> None:
    x = numbers(2, 60)  # 58 equal eigenvalues, of which no number of bases would tell

    def leading(x: Any) -> Any:
        w, v = np.linalg.eigh(x.T @ x)
        return np.log(w[-1]) + np.sum((v[:, -2:] @ v[:, -2:].T)[0] ** 2) + w[-2]

    got, v = cr.grad(leading)(x), numbers(2, 60)
    np.testing.assert_allclose(np.sum(got * v), richardson(lambda t: leading(x + t * v)), rtol=1e-7)


REFUSED: dict[str, tuple[Callable[[Any], Any], Any, str]] = {
    "a component of a vector": (lambda a: np.linalg.eigh(a)[1][0, 1], I3, "eigenvalues 0 and 1"),
    "one that stands still": (lambda a: np.linalg.eigh(a)[1][0, 0], I3, "eigenvalues 0 and 1"),
    "the smallest": (lambda a: np.linalg.eigvalsh(a)[0], I3, "eigenvalues 0 and 1(.|\n)*different weights"),
    "the smallest by eigh": (lambda a: np.linalg.eigh(a)[0][0], I3, "eigenvalues 0 and 1(.|\n)*different weights"),
    "the second smallest": (
        lambda a: np.linalg.eigvalsh(a)[1], np.diag([1.0, 2.0, 2.0]), "eigenvalues 1 and 2(.|\n)*0.0e\\+00 apart"),
    "one and its vector": (
        lambda a: (lambda w, v: w[0] * (v[0, 0] ** 2))(*np.linalg.eigh(a)), I3, "eigenvalues 0 and 1|values 0 and 1"),
    "one with the space": (
        lambda a: (lambda w, v: w[0] + (v @ v.T)[0, 1])(*np.linalg.eigh(a)), I3, "values 0 and 1(.|\n)*weights"),
    "the spectral norm": (lambda a: np.linalg.norm(a, 2), I3, "singular values 0 and 1"),
    "a singular vector": (lambda a: np.linalg.svd(a)[0][0, 0], I3, "singular values 0 and 1"),
    "the polar factor of a singular matrix": (
        lambda a: np.sum(G[:3, :3] * (lambda u, s, vh: u @ vh)(*np.linalg.svd(a))), np.diag([3.0, 2.0, 0.0]),
        "singular value 2 is zero"),
    "put together with two zeros": (
        lambda a: np.sum(G[:3, :3] * (lambda u, s, vh: (u * s) @ vh)(*np.linalg.svd(a))), np.diag([3.0, 0.0, 0.0]),
        "singular values 1 and 2"),
    "put together with a zero beside a null space": (
        lambda a: np.sum(G[:4, :3] * (lambda u, s, vh: (u * s) @ vh)(*np.linalg.svd(a, full_matrices=False))),
        np.diag([3.0, 2.0, 0.0, 0.0])[:, :3], "singular value 2 is zero"),
    "a null space": (lambda a: np.linalg.svd(a)[0][0, 4], np.eye(5, 3) + G[:, :3], "last 2 vectors"),
    "one of two in a general matrix": (lambda a: np.linalg.eigvals(a)[0], I3, "eigenvalues 0 and 1"),
    "a vector of a general matrix": (lambda a: np.linalg.eig(a)[1][0, 0], I3, "eigenvalues 0 and 1"),
    "a defective matrix": (lambda a: np.linalg.eigvals(a)[0], np.array([[1.0, 1], [0, 1]]), "defective"),
    "nearly defective": (lambda a: np.sum(np.linalg.eigvals(a)), np.array([[1.0, 1], [1e-17, 1]]), "defective"),
    "a phase": (lambda a: np.real(np.linalg.eigh(a)[1][0, 0]), np.array([[1, 1j], [-1j, 3]]), "any phase"),
    "a phase by svd": (lambda a: np.real(np.linalg.svd(a)[0][0, 0]), np.array([[1, 1j], [2, 3]]), "any phase"),
    "a phase by eig": (lambda a: np.real(np.linalg.eig(a)[1][0, 0]), np.array([[1, 1j], [2, 3]]), "any phase"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_depends_on_a_basis_is_refused_and_named(name: str) -> None:
    f, a, words = REFUSED[name]
    with pytest.raises(cr.DegeneracyError, match=words) as caught:
        cr.grad(f)(a)
    assert "test_degenerate.py, line" in str(caught.value)
    assert isinstance(caught.value, cr.KinkError)


def test_the_matrix_of_a_stack_is_named() -> None:
    stack = np.stack([np.diag([1.0, 2.0, 3.0]), I3, np.diag([1.0, 2.0, 3.0])])
    for f in (lambda a: np.sum(np.linalg.eigvalsh(a)[:, 0]), lambda a: np.sum(np.linalg.eigh(a)[1][:, 0, 1]),
              lambda a: np.sum(np.linalg.svd(a)[0][:, 0, 1])):  # fmt: skip
        with pytest.raises(cr.DegeneracyError, match=r"of matrix \(1,\) of the stack"):
            cr.grad(f)(stack)
    for f in (lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), lambda a: np.sum(np.linalg.eigh(a)[0] ** 2)):
        np.testing.assert_allclose(cr.grad(f)(stack), 2 * stack, atol=1e-12)
    with pytest.raises(cr.DegeneracyError, match=r"of matrix \(0,\)(.|\n)*defective"):
        cr.grad(lambda a: np.sum(np.linalg.eigvals(a)))(np.array([[[1.0, 1], [0, 1]]]))


# Forward mode


def test_values_move_to_one_side_in_forward_mode() -> None:
    """Each of two equal eigenvalues has a kink; a direction has a derivative, to the side that it points to."""
    a, v = with_values([1, 1, 1, 2, 3]), numbers(5, 5)
    symmetric = np.tril(v) + np.tril(v, -1).T
    _, tangent = cr.jvp(np.linalg.eigvalsh, (a,), (v,))
    step = 1e-7
    want = (np.linalg.eigvalsh(a + step * symmetric) - np.linalg.eigvalsh(a)) / step
    np.testing.assert_allclose(tangent, want, atol=1e-5)
    _, tangent = cr.jvp(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2), (a,), (v,))
    np.testing.assert_allclose(tangent, np.sum(2 * a * symmetric), rtol=1e-12)
    _, tangent = cr.jvp(np.linalg.svdvals, (I3,), (v[:3, :3],))
    want = (np.linalg.svdvals(I3 + step * v[:3, :3]) - 1) / step
    np.testing.assert_allclose(tangent, want, atol=1e-5)
    with cr.strict(), pytest.raises(cr.KinkError, match="coincide"):
        cr.jvp(np.linalg.eigvalsh, (a,), (v,))


def test_open_vectors_have_no_tangent_and_functions_of_their_space_have() -> None:
    a, v, kept = np.diag([1.0, 1.0, 2.0]), numbers(3, 3), np.diag([1.0, 1.0, 5.0])
    for f in (lambda a: np.linalg.eigh(a)[1], lambda a: np.linalg.eig(a)[1], lambda a: np.linalg.svd(a)[0]):
        for direction in (v, kept):
            with pytest.raises(cr.DegeneracyError, match=r"and (1|2) are equal(.|\n)*test_degenerate"):
                cr.jvp(f, (a,), (direction,))
    with pytest.raises(cr.DegeneracyError, match="and 1 are equal"):
        cr.jvp(np.linalg.eigvals, (a,), (v,))
    np.testing.assert_allclose(cr.jvp(np.linalg.eigvals, (a,), (kept,))[1], [1, 1, 5])
    _, tangent = cr.jvp(lambda a: of_matrix(a, np.exp), (a,), (np.diag([1.0, 1.0, 5.0]),))
    np.testing.assert_allclose(tangent, np.diag([np.e, np.e, 5 * np.exp(2)]), rtol=1e-12, atol=1e-12)


def test_a_second_derivative_that_cannot_be_told_is_refused_rather_than_wrong() -> None:
    with pytest.raises(cr.DegeneracyError, match="eigenvalues"):
        cr.hessian(lambda a: (np.linalg.eigvalsh(a)[0] - 1) ** 2)(I3)  # another one to each side
    with pytest.raises(cr.DegeneracyError, match="eigenvalues"):
        cr.grad(lambda a: np.sum(cr.grad(lambda a: of_matrix(a, np.exp)[0, 1])(a)))(I3)


# The checks by themselves


def test_quotients_are_zero_by_construction_or_refused() -> None:
    w, x = np.array([1.0, 1.0, 3.0]), np.array([[0.0, 0, 2], [0, 0, 4], [-2, -4, 0]])
    np.testing.assert_allclose(F.over_gaps(x, w, x, of="eigenvalues"), [[0, 0, 1], [0, 0, 2], [1, 2, 0]])
    with pytest.raises(cr.DegeneracyError):
        F.over_gaps(x + np.ones((3, 3)), w, x, of="eigenvalues")
    s = np.array([2.0, 0.0])
    zero = np.array([[1.0, 2], [2, 0]])
    np.testing.assert_allclose(F.over_sums(zero, s, zero), [[0.25, 1], [1, 0]])
    np.testing.assert_allclose(F.over_values(zero - 2 * (zero == 2), s, zero), [[0.5, 0], [0, 0]])
    for divide in (F.over_sums, F.over_values):
        with pytest.raises(cr.DegeneracyError, match="singular value 1 is zero"):
            divide(np.ones((2, 2)), s, np.ones((2, 2)))
    weights = F.equal_weights(np.array([2.0, 2.0 + 1e-12, 5.0]), w, of="eigenvalues")
    np.testing.assert_array_equal(weights[:2], weights[0])


def test_what_only_measures_does_not_move_a_quotient() -> None:
    """The array that tells what counts as zero has no derivative; nor has the diagonal by the values beside it."""
    w, x = np.array([1.0, 2.0, 4.0]), numbers(3, 3)
    for divide in (F.over_gaps, F.over_sums, F.over_values):
        more = {"of": "eigenvalues"} if divide is F.over_gaps else {}
        for f in (lambda like, divide=divide, more=more: divide(x, w, like, **more),):
            np.testing.assert_array_equal(cr.jvp(f, (x,), (x,))[1], np.zeros((3, 3)))
            np.testing.assert_array_equal(cr.vjp(f, x)[1](x)[0], np.zeros((3, 3)))
    for f in (lambda w: F.value_changes(x, w, of="eigenvalues"),):
        np.testing.assert_array_equal(cr.jvp(f, (w,), (w,))[1], np.zeros(3))


@pytest.mark.parametrize(
    ("name", "shapes", "parameters"),
    [("eigh", [(2, 3)], {"UPLO": "L"}), ("eig", [(3,)], {}), ("svd", [(3,)], {"full_matrices": False}),
     ("svdvals", [(3,)], {}), ("qr", [(3,)], {"complete": False}), ("pinv", [(3,)], {"rcond": 1e-9}),
     ("lstsq", [(3, 2), (2, 1)], {"rcond": 1e-9}), ("over_gaps", [(3, 3), (2, 3), (3, 3)], {"of": "eigenvalues"}),
     ("expm", [(2, 3)], {})],
)  # fmt: skip
def test_shapes_that_do_not_fit_are_named_in_a_graph_too(name: str, shapes: Any, parameters: Any) -> None:
    with pytest.raises(cr.ShapeError, match=r"\(\d"):
        getattr(building, name)(*(constant(np.ones(shape)) for shape in shapes), **parameters)


def test_the_error_of_emitted_code_is_numpys() -> None:
    namespace: dict[str, Any] = {}
    exec(cr.source(lambda a: np.linalg.eigvalsh(a)[0], np.diag([1.0, 2.0, 3.0])), namespace)
    with pytest.raises(np.linalg.LinAlgError, match="eigenvalues 0 and 1 are equal"):
        namespace["grad_f"](I3)
    exec(cr.source(lambda a: of_matrix(a, np.exp)[0, 1], np.diag([1.0, 2.0, 3.0])), namespace)
    with pytest.raises(np.linalg.LinAlgError, match="running\n  the function again, which this code does not"):
        namespace["grad_f"](I3)


def test_where_the_function_cannot_be_run_again_the_cotangents_are_looked_at() -> None:
    """Both parts of a decomposition, a phase, a basis of a null space: in a graph, and in what is mapped."""
    a = np.array([[1, 1j], [-1j, 3]])
    with pytest.raises(cr.DegeneracyError, match="phase of vector 0"):
        cr.source(lambda a: np.real(np.linalg.eigh(a)[1][1, 0]), a)
    with pytest.raises(cr.DegeneracyError, match="basis of a null space"):
        cr.source(lambda a: np.linalg.qr(a, "complete")[0][0, 4], G[:, :2])
    with pytest.raises(cr.DegeneracyError, match="running\n  the function again, which this code does not"):
        cr.source(lambda a: of_matrix(a, np.exp)[0, 1], I3)
    with pytest.raises(cr.DegeneracyError, match="singular value 2 is zero"):
        cr.source(lambda a: np.sum((lambda u, s, vh: (u * (s + 1)) @ vh)(*np.linalg.svd(a))), np.diag([3.0, 2.0, 0.0]))


def test_a_single_zero_of_a_square_matrix_changes_sign_with_its_vectors() -> None:
    a = np.diag([3.0, 2.0, 0.0])
    got = cr.grad(lambda a: np.sum(G[:3, :3] * (lambda u, s, vh: (u * s) @ vh)(*np.linalg.svd(a))))(a)
    np.testing.assert_allclose(got, G[:3, :3], rtol=1e-10, atol=1e-12)
    cubed = lambda a: np.sum(G[:3, :3] * (lambda u, s, vh: (u * (s + s**3)) @ vh)(*np.linalg.svd(a)))
    np.testing.assert_allclose(cr.grad(cubed)(a), by_differences(cubed, a), rtol=1e-6, atol=1e-7)


def test_many_equal_values_with_their_vectors_are_too_many_to_try() -> None:
    with pytest.raises(cr.DegeneracyError, match=r"98 more(.|\n)*evaluations"):
        cr.grad(lambda a: of_matrix(a, np.exp)[0, 1])(np.eye(100))


def test_kinks_are_named_by_check_and_explain() -> None:
    report = cr.check(lambda a: np.linalg.norm(a, "nuc"), lambda a: np.eye(2), np.eye(2))
    assert report
    assert "singular values that coincide" in str(report)


def test_numbers_that_are_none_are_not_called_degenerate() -> None:
    for a in (np.array([[np.inf, 0.0], [0.0, 1.0]]), np.full((2, 2), np.nan)):
        with np.errstate(all="ignore"):
            for f in (lambda a: np.linalg.eigh(a)[1], lambda a: np.linalg.qr(a)[0], np.linalg.svdvals):
                try:
                    assert not np.isfinite(cr.grad(lambda a, f=f: np.sum(f(a)))(a)).all()
                except np.linalg.LinAlgError as error:  # LAPACK gives up, as it does without a derivative
                    assert "converge" in str(error)  # noqa: PT017
