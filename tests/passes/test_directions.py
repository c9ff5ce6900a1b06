"""Derivatives at equal values by every way in: the right number for functions of a space, an error for others.

The oracle are differences of the gradient, which runs the function again with other vectors, or of the function.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracles import richardson

import chainrule as cr
from chainrule.calculus.arguments import Selection
from chainrule.calculus.eager import Run
from chainrule.core.registry import evaluating
from chainrule.passes.forward import push

I3 = np.eye(3)
D = np.diag([1.0, 1.0, 4.0])
APART = D + np.diag([0.0, 0.5, 0.0]) + 0.1
E = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 0.5], [2.0, 0.5, 0.3]])
F = Callable[[Any], Any]


def first(a: Any) -> Any:
    return np.linalg.eigh(a)[1][0, 0]


def smallest_squared(a: Any) -> Any:
    return (np.linalg.eigh(a)[0][0] - 1) ** 2


def logarithm(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return ((v * np.log(w)) @ v.T)[0, 1]


def projector(a: Any) -> Any:
    v = np.linalg.eigh(a)[1][:, :2]
    return (v @ v.T)[0, 2]


def squares(a: Any) -> Any:
    return np.sum(np.linalg.eigh(a)[0] ** 2)


def squares_of_values(a: Any) -> Any:
    return np.sum(np.linalg.eigvalsh(a) ** 2)


def at_its_optimum(a: Any) -> Any:
    return np.sum((np.linalg.eigh(a)[0] - 1) ** 2)


def determinant(a: Any) -> Any:
    return np.prod(np.linalg.eigh(a)[0])


def polar(a: Any) -> Any:
    u, _, vh = np.linalg.svd(a)
    return (u @ vh)[0, 1]


def singular(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    return ((u * np.sin(s)) @ vh)[1, 0]


INVARIANT = [
    (logarithm, D), (logarithm, I3), (projector, D), (squares, D), (squares, I3), (squares_of_values, I3),
    (at_its_optimum, I3), (determinant, D), (polar, D), (polar, I3), (singular, D),
]  # fmt: skip
each = pytest.mark.parametrize(("f", "a"), INVARIANT, ids=lambda x: getattr(x, "__name__", str(len(np.unique(x)))))


def emitted(f: F) -> F:
    namespace: dict[str, Any] = {}
    exec(cr.source(f, APART), namespace)
    return namespace[f"grad_{f.__name__}"]  # type: ignore[no-any-return]


@each
def test_invariant_functions_have_one_derivative_by_every_way_in(f: F, a: Any) -> None:
    want = cr.grad(f)(a)
    compiled = cr.compile(cr.grad(f))
    compiled(APART)
    value, linear = cr.linearize(f, a)
    forward = [
        cr.graph(f, APART).forward_backward(a=a).gradients["a"],
        cr.graph(cr.grad(f), APART)(a=a),
        compiled(a),
        cr.compile(cr.grad(f))(a),
        cr.jacobian(f)(a),
        cr.jacobian(f, mode="forward")(a),
        linear.transpose(1.0)[0],
    ]
    for got in forward:
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    for got in (cr.jvp(f, (a,), (E,))[1], linear(E), cr.vmap(lambda t: cr.jvp(f, (a,), (t,))[1])(np.stack([E, E]))[1]):
        np.testing.assert_allclose(got, np.sum(want * E), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(value, f(a))


@each
def test_code_that_is_taken_away_refuses_where_it_would_have_to_run_the_function_again(f: F, a: Any) -> None:
    if f in (squares, squares_of_values, at_its_optimum, determinant):
        np.testing.assert_allclose(emitted(f)(a), cr.grad(f)(a), rtol=1e-9, atol=1e-12)
        return
    with pytest.raises(np.linalg.LinAlgError, match="which this code does not"):
        emitted(f)(a)


@each
def test_second_derivatives_agree_with_differences_of_the_first_where_they_are_given(f: F, a: Any) -> None:
    if f in (logarithm, singular):  # the inner gradient takes its blocks from several bases, as numbers
        with pytest.raises(cr.DegeneracyError, match="values"):
            cr.hvp(f, a, E)
        return
    want = richardson(lambda t: cr.grad(f)(a + t * E))
    np.testing.assert_allclose(cr.hvp(f, a, E), want, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(np.tensordot(cr.hessian(f)(a), E), want, rtol=1e-7, atol=1e-8)


def test_reverse_over_reverse_is_given_where_values_stand_alone() -> None:
    for f, a in ((squares, D), (at_its_optimum, I3), (determinant, D)):
        twice = cr.grad(lambda b, f=f: np.sum(cr.grad(f)(b) * E))(a)
        np.testing.assert_allclose(twice, richardson(lambda t, f=f, a=a: cr.grad(f)(a + t * E)), rtol=1e-7, atol=1e-8)


def test_stacks_and_complex_matrices() -> None:
    stack, tangents = np.stack([D, APART, I3]), np.stack([E, E, -E])
    for f in (squares, lambda a: np.sum(np.linalg.eigh(a)[1][0, :, 2:] ** 4) + np.sum(np.linalg.eigvalsh(a) ** 3)):
        np.testing.assert_allclose(cr.hvp(f, stack[:2], tangents[:2]),
                                   richardson(lambda t, f=f: cr.grad(f)(stack[:2] + t * tangents[:2])),
                                   rtol=1e-7, atol=1e-7)  # fmt: skip
    np.testing.assert_allclose(cr.jvp(squares, (stack,), (tangents,))[1], np.sum(cr.grad(squares)(stack) * tangents))
    turned = E + 1j * (np.tril(E, -1) - np.tril(E, -1).T)

    def of_space(a: Any) -> Any:
        v = np.linalg.eigh(a)[1][:, :2]
        return np.real((v @ np.conj(v.T))[0, 2])

    for g in (of_space, squares):
        want = richardson(lambda t, g=g: g(D + t * turned))
        np.testing.assert_allclose(cr.jvp(g, (D + 0j,), (turned,))[1], want, rtol=1e-8, atol=1e-9)
        want = richardson(lambda t, g=g: cr.grad(g)(D + t * turned))
        np.testing.assert_allclose(cr.hvp(g, D + 0j, turned), want, rtol=1e-7, atol=1e-8)


WAYS: dict[str, Callable[[F, Any], Any]] = {
    "graph": lambda f, a: cr.graph(cr.grad(f), APART)(a=a),
    "graph there": lambda f, a: cr.graph(cr.grad(f), a)(a=a),
    "both passes": lambda f, a: cr.graph(f, APART).forward_backward(a=a),
    "compiled": lambda f, a: [cr.compile(cr.grad(f))(x) for x in (APART, a)],
    "source": lambda f, a: emitted(f)(a),
    "jacobian": lambda f, a: cr.jacobian(f)(a),
    "forward jacobian": lambda f, a: cr.jacobian(f, mode="forward")(a),
    "jvp": lambda f, a: cr.jvp(f, (a,), (E,)),
    "jvp that stands still": lambda f, a: cr.jvp(f, (a,), (0 * E,)),
    "linear": lambda f, a: cr.linearize(f, a)[1](E),
    "hvp": lambda f, a: cr.hvp(f, a, E),
    "hessian": lambda f, a: cr.hessian(f)(a),
    "twice": lambda f, a: cr.grad(lambda b: np.sum(cr.grad(f)(b) * E))(a),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_function_that_stands_still_at_lapacks_basis_is_refused_by_every_way_in(way: str) -> None:
    """Its cotangents and tangents are all zero there: nothing but another basis tells."""
    for a in (D, I3):
        with pytest.raises((cr.DegeneracyError, np.linalg.LinAlgError), match="eigenvalues 0 and 1"):
            WAYS[way](first, a)


def test_derivatives_to_one_side_are_no_columns_of_a_matrix() -> None:
    _, tangent = cr.jvp(lambda a: np.linalg.eigvalsh(a)[0], (I3,), (E,))
    np.testing.assert_allclose(tangent, np.linalg.eigvalsh(E)[0])
    for f in (np.linalg.eigvalsh, lambda a: np.linalg.eigh(a)[0], lambda a: np.linalg.eigvalsh(a)[:1]):
        with pytest.raises(cr.DegeneracyError, match="to each side at most"):
            cr.jacobian(f, mode="forward")(I3)
    with pytest.raises(cr.DegeneracyError, match="to each side at most"):
        cr.jvp(lambda a: (lambda w, v: w[0] + (v @ v.T)[0, 1])(*np.linalg.eigh(a)), (I3,), (E,))
    with pytest.raises(cr.DegeneracyError, match="eigenvalues 0 and 1"):
        cr.hvp(smallest_squared, I3, E)
    with pytest.raises(cr.DegeneracyError, match="eigenvalues 0 and 1"):
        cr.grad(lambda b: np.sum(cr.grad(lambda a: (np.linalg.eigvalsh(a)[0] - 1) ** 2)(b) * E))(I3)


def test_vectors_that_nobody_reads_need_not_be_known() -> None:
    """Of a covariance with a null space, the leading vectors: also in code that is taken away."""
    null = np.diag([0.0, 0.0, 1.0, 2.0])

    def leading(a: Any) -> Any:
        v = np.linalg.eigh(a)[1][:, -2:]
        return (v @ v.T)[0, 3] + v[3, -1]

    def leading_singular(a: Any) -> Any:
        return np.sum(np.abs(np.linalg.svd(a)[2][:1]) ** 3) + np.linalg.svd(a)[0][0, 0] ** 2

    other = null + np.diag([0.0, 0.3, 0, 0]) + 0.01
    for f in (leading, leading_singular):
        namespace: dict[str, Any] = {}
        exec(cr.source(f, other), namespace)
        np.testing.assert_allclose(namespace[f"grad_{f.__name__}"](null), cr.grad(f)(null), atol=1e-12)
        np.testing.assert_allclose(cr.graph(cr.grad(f), other)(a=null), cr.grad(f)(null), atol=1e-12)
    np.testing.assert_allclose(cr.jvp(lambda a: np.linalg.eigh(a)[0][3], (null,), (np.ones((4, 4)),))[1], 1)


def test_which_vectors_are_read_is_told_by_indices_of_numbers() -> None:
    null = np.diag([0.0, 0.0, 1.0, 2.0])
    other = null + np.diag([0.0, 0.3, 0, 0]) + 0.01
    read: dict[str, Callable[[Any], Any]] = {
        "...": lambda a: np.linalg.eigh(a)[1][..., -1],
        "the vector": lambda a: np.linalg.eigh(a)[1].T[3],
        "an array": lambda a: np.linalg.eigh(a)[1][:, np.array([3])],
        "all": lambda a: np.linalg.eigh(a)[1] @ np.array([0, 0, 0, 1.0]),
    }
    for name, vector in read.items():
        gradient = cr.graph(lambda a, v=vector: cr.grad(lambda a: np.sum(v(a) ** 4))(a), other)
        again = pickle.loads(pickle.dumps(gradient))
        if name in ("an array", "all"):
            with pytest.raises(cr.DegeneracyError, match="which this code does not"):
                again(a=null)
        else:
            np.testing.assert_allclose(again(a=null), np.zeros((4, 4)), atol=1e-12)


def test_tangents_of_all_that_a_tape_ends_in() -> None:
    run = Run(projector, Selection(projector, 0), (D,), {})
    moving = push(run.records, {run.input_records[0]: E}, evaluating)
    np.testing.assert_allclose(moving[run.result.record], np.sum(cr.grad(projector)(D) * E))


def test_an_input_that_does_not_move_is_held() -> None:
    def scaled(p: Any) -> Any:
        return p["scale"] * projector(p["a"])

    run = Run(scaled, Selection(scaled, 0), ({"a": D, "scale": np.float64(3.0)},), {})
    by_shape = {np.shape(record.value): record for record in run.input_records}
    moving = push(run.records, {by_shape[3, 3]: E}, evaluating)
    np.testing.assert_allclose(moving[run.result.record], 3 * np.sum(cr.grad(projector)(D) * E))


def test_general_matrices_have_tangents_where_the_direction_keeps_the_space() -> None:
    def space(a: Any) -> Any:
        v = np.linalg.eig(a)[1]
        return np.real((v[:, :2] @ np.linalg.inv(v)[:2])[0, 2])

    kept = np.array([[1.0, 0, 2], [0, 1, -1], [3, 0.5, 2]])
    np.testing.assert_allclose(cr.jvp(space, (D,), (kept,))[1], np.sum(cr.grad(space)(D) * kept))
    with pytest.raises(cr.DegeneracyError, match="eigenvalues 0 and 1"):
        cr.jvp(space, (D,), (E,))


def test_wide_and_tall_matrices_with_null_vectors() -> None:
    rng = np.random.default_rng(2)
    q = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    for a in (q[:, :3] * np.array([2.0, 2.0, 1.0]), (q[:, :3] * np.array([2.0, 2.0, 1.0])).T):
        direction = rng.normal(size=a.shape)

        def space(a: Any) -> Any:
            u, s, vh = np.linalg.svd(a)
            return np.sum((u[:, :2] @ vh[:2]) ** 3) + np.sum(s**2)

        want = richardson(lambda t, a=a, v=direction: space(a + t * v))
        np.testing.assert_allclose(cr.jvp(space, (a,), (direction,))[1], want, rtol=1e-8)
        values = lambda a: np.sum(np.linalg.svd(a)[1] ** 2)
        np.testing.assert_allclose(cr.jvp(values, (a,), (direction,))[1], 2 * np.sum(a * direction))


def test_a_graph_without_its_function_refuses() -> None:
    made = cr.graph(cr.grad(logarithm), APART)
    for other in (copy.copy(made), pickle.loads(pickle.dumps(made))):
        with pytest.raises(cr.DegeneracyError, match="which this code does not"):
            other(a=I3)


def test_compiled_code_is_kept_after_a_call_at_equal_values() -> None:
    compiled = cr.compile(cr.grad(logarithm))
    np.testing.assert_allclose(compiled(I3), cr.grad(logarithm)(I3), atol=1e-12)
    np.testing.assert_allclose(compiled(APART), cr.grad(logarithm)(APART), rtol=1e-12)
    assert "NumPy" in compiled.plan()


def test_watched_passes_at_equal_values() -> None:
    with cr.watch_numbers():
        np.testing.assert_allclose(cr.jvp(projector, (D,), (E,))[1], np.sum(cr.grad(projector)(D) * E))
    with cr.strict(), pytest.raises(cr.KinkError, match="abs"):
        cr.jvp(lambda a: projector(a) + np.abs(a[0, 1]), (D,), (E,))


def test_a_tangent_of_a_tangent_is_refused_where_values_are_equal() -> None:
    direction = np.array([[1.0, 0.5], [0.5, 2.0]])
    tangent = lambda a: cr.jvp(lambda b: np.sum(np.linalg.eigh(b)[0] ** 2), (a,), (direction,))[1]
    with pytest.raises(cr.DegeneracyError, match="eigenvalues 0 and 1 are equal"):
        cr.jvp(tangent, (np.eye(2),), (direction,))


def test_a_direction_that_is_traced_itself_is_refused() -> None:
    along = lambda t: cr.jvp(projector, (D,), (t * E,))[1]
    with pytest.raises(cr.DegeneracyError, match="arbitrary basis of a common space"):
        cr.grad(along)(2.0)
