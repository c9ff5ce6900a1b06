"""What is run once more, and how often: an operation that counts its calls stands behind the decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr


class Counter:
    """x^2, counted."""

    def __init__(self) -> None:
        self.calls = 0

        @cr.primitive
        def square(x: Any) -> Any:
            self.calls += 1
            return x * x

        cr.define_vjp(square, lambda g, out, x: 2 * g * x)
        self.square = square


def runs(f: Any, a: Any) -> int:
    counter = Counter()
    cr.grad(lambda a: f(a, counter.square))(a)
    return counter.calls


def projected(a: Any, square: Any) -> Any:
    v = np.linalg.eigh(a)[1][:, :2]
    return square((v @ np.conj(v.T))[0, 1]) if a.dtype.kind != "c" else np.real(square((v @ np.conj(v.T))[0, 0]))


def joint(a: Any, square: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return square(1 + ((v * np.exp(w)) @ v.T)[0, 1])


def test_nothing_is_run_again_where_nothing_is_open() -> None:
    a = np.diag([1.0, 2.0, 3.0]) + 0.1
    assert runs(projected, a) == runs(joint, a) == 1
    assert runs(lambda a, square: square(np.linalg.eigvalsh(a)[0]), a) == 1
    assert runs(lambda a, square: square(np.sum(np.linalg.eigh(a)[0])), np.eye(3)) == 1  # no vector is read


def test_once_more_for_a_space_and_for_phases() -> None:
    assert runs(projected, np.diag([1.0, 1.0, 3.0])) == 2
    assert runs(projected, np.diag([1.0, 2.0, 3.0]) + 0.1j * (np.tri(3, k=-1) - np.tri(3, k=-1).T)) == 2


def test_some_bases_for_values_with_vectors() -> None:
    for n in (2, 3, 6):
        found = runs(joint, np.eye(n))
        assert found == 2 + n // 2 + 1  # two more than there are unknowns for


def test_what_does_not_depend_on_it_is_not_run_again() -> None:
    def f(a: Any, square: Any) -> Any:
        return square(a[0, 1]) + np.linalg.eigh(a)[1][0, 2] ** 2

    assert runs(f, np.diag([1.0, 1.0, 3.0])) == 1


def test_several_outputs_and_inner_derivatives() -> None:
    a = np.diag([1.0, 1.0, 3.0])
    _, pullback = cr.vjp(lambda a: (np.linalg.eigh(a)[1][:, 2] ** 2, 2 * a), a)
    (back,) = pullback((np.array([1.0, 0, 0]), np.ones((3, 3))))
    np.testing.assert_allclose(back, 2 * np.ones((3, 3)), atol=1e-14)

    def slope(t: Any) -> Any:  # an inner gradient at equal values, whose vectors an outer one would move
        return np.sum(cr.grad(lambda a: (np.linalg.eigh(a)[1][:, :2] @ np.linalg.eigh(a)[1][:, :2].T)[0, 2])(t * a))

    np.testing.assert_allclose(slope(2.0), -0.25, rtol=1e-12)
    with pytest.raises(cr.DegeneracyError, match="eigenvalues 0 and 1"):
        cr.grad(slope)(2.0)


def test_a_function_that_changes_is_refused_with_its_line() -> None:
    a = np.diag([1.0, 1.0, 3.0])
    with pytest.raises(cr.DegeneracyError, match=r"values 0 and 1(.|\n)*other vectors(.|\n)*test_choices.py, line"):
        cr.grad(lambda a: np.linalg.eigh(a)[1][0, 0])(a)
    with cr.tape() as tape:
        x = tape.watch(a)
        y = np.linalg.eigh(x)[1][0, 0]
    with pytest.raises(cr.DegeneracyError, match="other vectors"):
        tape.gradient(y, x)


def rotated(values: Any) -> Any:
    q = np.linalg.qr(np.random.default_rng(5).normal(size=(len(values), len(values))))[0]
    a = (q * np.array(values)) @ q.T
    return (a + a.T) / 2


def test_weights_that_are_rounding_are_no_reason_to_refuse() -> None:
    """A loss at its optimum: what comes back is nothing but rounding."""
    a = rotated([1.0, 1.0, 1.0, 1.0])
    for f in (lambda a: np.sum((np.linalg.eigvalsh(a) - 1) ** 2), lambda a: np.sum((np.linalg.eigh(a)[0] - 1) ** 2),
              lambda a: np.sum((np.linalg.svdvals(a) - 1) ** 2), lambda a: np.sum((np.linalg.eigvals(a) - 1) ** 2),
              lambda a: (lambda w, v: np.sum(((v * np.sqrt(w)) @ v.T - np.eye(4)) ** 2))(*np.linalg.eigh(a)),
              lambda a: (lambda u, s, vh: np.sum((u @ vh - np.eye(4)) ** 2))(*np.linalg.svd(a))):  # fmt: skip
        np.testing.assert_allclose(cr.grad(f)(a), np.zeros((4, 4)), atol=1e-13)
    # One that is far from its optimum beside them: the weights of the equal ones differ by rounding alone.
    b = rotated([1.0, 1.0, 1.0, 3.0])
    for f in (np.linalg.eigvalsh, lambda b: np.linalg.eigh(b)[0]):
        got = cr.grad(lambda b, f=f: np.sum((f(b) - 1) ** 2))(b)
        np.testing.assert_allclose(got, np.tril(2 * (b - np.eye(4))) + np.tril(2 * (b - np.eye(4)), -1), atol=1e-13)
    steep = cr.grad(lambda b: np.sum(np.exp(1e9 * (np.linalg.eigvalsh(b)[:3] - 1))))(b)
    assert np.isfinite(steep).all()  # their weights differ by more than half of the digits, for the same reason
    with pytest.raises(cr.DegeneracyError, match="different weights"):
        cr.grad(lambda b: np.linalg.eigvalsh(b)[0] ** 2)(b)
    with pytest.raises(cr.DegeneracyError, match="other vectors"):
        cr.grad(lambda b: np.linalg.eigh(b)[1][0, 0] ** 2)(b)


def test_compiled_code_that_refuses_gives_way_to_the_function() -> None:
    generic = np.diag([1.0, 2.0, 3.0]) + 0.1
    root = cr.compile(cr.grad(lambda a: (lambda w, v: ((v * np.sqrt(w)) @ v.T)[0, 1])(*np.linalg.eigh(a))))
    root(generic)
    np.testing.assert_allclose(root(np.eye(3)), [[0, 0, 0], [0.5, 0, 0], [0, 0, 0]], atol=1e-12)
    least = cr.compile(cr.grad(lambda a: np.linalg.eigvalsh(a)[0]))
    least(generic)
    with pytest.raises(cr.DegeneracyError, match="eigenvalues 0 and 1"):
        least(np.eye(3))
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        cr.compile(np.linalg.inv)(np.zeros((2, 2)))


SWAP = np.array([[0.0, 1.0], [1.0, 0.0]])


def values_of_another_call(a: Any) -> Any:
    v = np.linalg.eigh(a)[1]
    return np.sum((v * np.exp(np.linalg.eigvalsh(a))) @ v.T * SWAP)


def singular_values_of_another_call(a: Any) -> Any:
    u, _, vh = np.linalg.svd(a)
    return np.sum((u * np.linalg.svd(a, compute_uv=False) ** 3) @ vh * SWAP)


def quotient_of_rayleigh(a: Any) -> Any:
    v = np.linalg.eigh(a)[1][:, 0]
    return v @ a @ v


@pytest.mark.parametrize(
    "f", [values_of_another_call, singular_values_of_another_call, quotient_of_rayleigh], ids=lambda f: f.__name__
)
def test_what_stands_beside_the_vectors_is_compared_too(f: Any) -> None:
    """The cotangents at the basis of the identity are all zero or equal, here: nothing but another basis tells."""
    with pytest.raises(cr.errors.DegeneracyError, match="take values and vectors from one call"):
        cr.grad(f)(np.eye(2))


def test_values_of_the_same_call_are_right() -> None:
    def f(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return np.sum((v * np.exp(w)) @ v.T * SWAP)

    # Of the lower triangle, which NumPy reads, the component below the diagonal stands for both.
    np.testing.assert_allclose(cr.grad(f)(np.eye(2)), [[0, 0], [2 * np.e, 0]], atol=1e-12)


def test_a_space_beside_its_matrix_has_a_derivative() -> None:
    weights = np.arange(9.0).reshape(3, 3)

    def f(a: Any) -> Any:
        a = (a + a.T) / 2
        v = np.linalg.eigh(a)[1][:, :2]
        return np.sum((a @ v @ v.T) ** 3 * weights) + np.trace(v.T @ a @ v)

    a = np.diag([1.0, 1.0, 3.0]) + 0.2
    np.testing.assert_allclose(cr.grad(f)(a), cr.numeric.gradient(f, a), rtol=1e-7, atol=1e-8)


def joint_with(weights: Any) -> Any:
    def f(a: Any) -> Any:
        w, v = np.linalg.eigh(a)
        return np.sum((v * np.exp(w)) @ v.T * weights)

    return f


STACK = np.stack([np.diag([1.0, 2.0]), np.eye(2), np.diag([3.0, 3.0])])


def test_examples_of_a_batch_are_asked_one_by_one_where_a_basis_is_open() -> None:
    with pytest.raises(cr.errors.DegeneracyError, match="example 1 of the batch: eigenvalues 0 and 1 are equal"):
        cr.vmap(cr.grad(lambda a: np.linalg.eigh(a)[1][0, 0]))(STACK)
    gradient = cr.grad(joint_with(SWAP + np.diag([1.0, -2.0])))
    np.testing.assert_allclose(cr.vmap(gradient)(STACK), [gradient(a) for a in STACK], rtol=1e-12, atol=1e-12)
    # The first example is the one that is traced.
    np.testing.assert_allclose(cr.vmap(gradient)(STACK[1:]), [gradient(a) for a in STACK[1:]], rtol=1e-12, atol=1e-12)


def test_examples_whose_vectors_are_known_are_run_at_once() -> None:
    """Phases, and the basis of a null space, are no reason to run them one by one."""
    rng = np.random.default_rng(11)
    tall, square = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 3, 3)) + 1j * rng.normal(size=(4, 3, 3))

    def of_space(a: Any) -> Any:
        u = np.linalg.svd(a)[0][:, 2:]
        return np.sum((u @ u.T) ** 3)

    def of_phases(a: Any) -> Any:
        return np.sum(np.abs(np.linalg.eigh(a + np.conj(a.T))[1]) ** 3)

    for f, stack in ((of_space, tall), (of_phases, square)):
        calls = []
        counted = cr.grad(lambda a, f=f, calls=calls: (calls.append(a), f(a))[1])
        found = cr.vmap(counted)(stack)
        assert len(calls) == 1
        np.testing.assert_allclose(found, [counted(a) for a in stack], rtol=1e-9, atol=1e-12)
