"""SciPy's linear algebra and convolutions under their names, against SciPy and against differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.signal

import chainrule as cr
from chainrule.errors import ArgumentError, ShapeError, SingularError, TraceError

special = cr.special
rng = np.random.default_rng(7)
A = rng.normal(size=(3, 3)) + 4 * np.eye(3)


def agrees_with_differences(f: Callable[..., Any], *args: Any) -> None:
    """The gradient of a weighted sum of f's components, in each argument; and forward mode."""
    weights = np.random.default_rng(3).normal(size=np.shape(f(*args)))

    def loss(*a: Any) -> Any:
        return np.sum(weights * f(*a))

    for i in range(len(args)):
        wanted = cr.numeric.gradient(lambda x, i=i: loss(*args[:i], x, *args[i + 1 :]), args[i])
        np.testing.assert_allclose(cr.grad(loss, argnums=i)(*args), wanted, rtol=1e-6, atol=1e-7)
    directions = [np.random.default_rng(i).normal(size=np.shape(a)) for i, a in enumerate(args)]
    _, change = cr.jvp(loss, args, directions)
    gradients = cr.grad(loss, argnums=tuple(range(len(args))))(*args)
    want = sum(np.sum(g * d) for g, d in zip(gradients, directions, strict=True))
    assert change == pytest.approx(want, rel=1e-10)


@pytest.mark.parametrize(("trans", "lower", "unit"), list(itertools.product([0, 1, "N", "T"], *[[False, True]] * 2)))
def test_triangular_systems(trans: Any, lower: bool, unit: bool) -> None:
    options = {"trans": trans, "lower": lower, "unit_diagonal": unit}
    for b in (rng.normal(size=3), rng.normal(size=(3, 2))):
        got = special.solve_triangular(A, b, **options)
        np.testing.assert_allclose(got, scipy.linalg.solve_triangular(A, b, **options), rtol=1e-12)
        agrees_with_differences(lambda a, b: special.solve_triangular(a, b, **options), A, b)
    by_a = cr.grad(lambda a: np.sum(special.solve_triangular(a, np.ones(3), **options)))(A)
    unread = np.triu(by_a, 1 - unit) if lower else np.tril(by_a, unit - 1)
    assert not unread.any()


def test_triangular_systems_are_solved_by_substitution() -> None:
    # With values below the diagonal that would overflow in a general system, and a row that is not to be read.
    a = np.triu(A) + np.tril(np.full((3, 3), 1e300), -1)
    graph = cr.graph(cr.grad(lambda a: np.sum(special.solve_triangular(a, np.ones(3)) ** 2)), a)
    names = {node.primitive.name for node in graph.nodes if node.primitive}
    assert "solve_triangular" in names
    assert "solve" not in names
    by_a = cr.hessian(lambda a: np.sum(special.solve_triangular(a, np.ones(3)) ** 2))(A)
    want = cr.hessian(lambda a: np.sum(np.linalg.solve(np.triu(a), np.ones(3)) ** 2))(A)
    np.testing.assert_allclose(by_a, want, rtol=1e-10, atol=1e-12)
    stacked = cr.vmap(lambda a: special.solve_triangular(a, np.ones(3)))(np.stack([A, 2 * A]))
    np.testing.assert_allclose(stacked[1], np.linalg.solve(np.triu(2 * A), np.ones(3)))
    with pytest.raises(np.linalg.LinAlgError, match="zero on its diagonal"):
        special.solve_triangular(np.zeros((2, 2)), np.ones(2))
    with pytest.raises(ShapeError, match="needs 2 rows"):
        special.solve_triangular(np.eye(2), np.ones(3))


def test_triangular_systems_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    want = special.solve_triangular(A, np.ones(3), "T")
    monkeypatch.setattr("chainrule.special.linear_systems.find_spec", lambda name: None)
    np.testing.assert_allclose(special.solve_triangular(A, np.ones(3), "T"), want)


def test_complex_triangular_systems() -> None:
    a, b = A + 1j * np.triu(A), rng.normal(size=3) + 1j
    for trans in (0, 1, 2, "C"):
        got = special.solve_triangular(a, b, trans)
        np.testing.assert_allclose(got, scipy.linalg.solve_triangular(a, b, trans), rtol=1e-12)


@pytest.mark.parametrize("lower", [False, True])
def test_systems_by_the_cholesky_factor(lower: bool) -> None:
    matrix = A @ A.T
    factor, side = special.cho_factor(matrix, lower)
    want, _ = scipy.linalg.cho_factor(matrix, lower)
    assert side is lower
    np.testing.assert_allclose(factor, np.tril(want) if lower else np.triu(want), rtol=1e-12)
    b = rng.normal(size=(3, 2))
    np.testing.assert_allclose(special.cho_solve((factor, lower), b), np.linalg.solve(matrix, b), rtol=1e-11)

    def solved(a: Any, b: Any) -> Any:
        return special.cho_solve(special.cho_factor(a @ a.T, lower), b)

    agrees_with_differences(solved, A, b)
    z = A + 0.3j * rng.normal(size=(3, 3))
    hermitian = z @ np.conj(z.T)
    np.testing.assert_allclose(
        special.cho_solve(special.cho_factor(hermitian, lower), b), np.linalg.solve(hermitian, b), rtol=1e-11
    )


ROOTS = [
    A,
    np.array([[2.0, 1.0], [0.0, 2.0]]),  # defective
    np.array([[0.0, -1.0], [1.0, 0.0]]),  # eigenvalues i and -i
    np.stack([A, A.T]),
]


@pytest.mark.parametrize("name", ["sqrtm", "logm"])
@pytest.mark.parametrize("a", ROOTS, ids=["general", "defective", "turn", "stack"])
def test_functions_of_a_matrix(name: str, a: Any) -> None:
    ours, theirs = getattr(special, name), getattr(scipy.linalg, name)
    inverse = {"sqrtm": lambda s: s @ s, "logm": special.expm}[name]
    want = np.array([theirs(x) for x in a]) if a.ndim > 2 else theirs(a)
    np.testing.assert_allclose(ours(a), np.real(want), rtol=1e-12, atol=1e-13)
    # The inverse function undoes it, and the derivative too; reverse mode is the transpose of forward mode.
    e, w = rng.normal(size=a.shape), rng.normal(size=a.shape)
    _, back = cr.jvp(lambda a: inverse(ours(a)), (a,), (e,))
    np.testing.assert_allclose(back, e, rtol=1e-11, atol=1e-12)
    _, change = cr.jvp(ours, (a,), (e,))
    (pulled,) = cr.vjp(ours, a)[1](w)
    assert np.sum(pulled * e) == pytest.approx(np.sum(w * change), rel=1e-11)


@pytest.mark.parametrize("name", ["sqrtm", "logm"])
def test_functions_of_complex_matrices_and_second_derivatives(name: str) -> None:
    ours = getattr(special, name)
    inverse = {"sqrtm": lambda s: s @ s, "logm": special.expm}[name]
    z = A + 0.5j * rng.normal(size=(3, 3))
    _, change = cr.jvp(lambda z: inverse(ours(z)), (z,), (z * z,))
    np.testing.assert_allclose(change, z * z, rtol=1e-11)
    assert ours(np.zeros((0, 0))).shape == (0, 0)
    assert ours(A.astype(np.float32)).dtype == np.float32
    twice = cr.derivative(lambda t: inverse(ours(A + t * t * np.ones((3, 3))))[0, 1], order=2)
    assert twice(0.3) == pytest.approx(2, rel=1e-10)


def test_the_derivative_of_the_root_solves_the_equation_of_sylvester() -> None:
    e = rng.normal(size=(3, 3))
    root, change = cr.jvp(special.sqrtm, (A,), (e,))
    np.testing.assert_allclose(change, scipy.linalg.solve_sylvester(root, root, e), rtol=1e-11)


@pytest.mark.parametrize("name", ["sqrtm", "logm"])
def test_matrices_without_root_or_logarithm(name: str) -> None:
    function = getattr(special, name)
    with pytest.raises(SingularError, match=rf"{name} of a matrix with the eigenvalue -1 .* pass a \+ 0j"):
        function(np.diag([1.0, -1.0]))
    with pytest.raises(SingularError, match=rf"{name} of a matrix with the eigenvalue 0 has no derivative$"):
        cr.grad(lambda a: np.sum(function(a)))(np.ones((2, 2)) - 1)
    with pytest.raises(ShapeError, match=rf"{name} needs a square matrix, or a stack of them, not shape \(2, 3\)"):
        function(np.ones((2, 3)))
    assert np.iscomplexobj(function(np.diag([1.0, -1.0]) + 0j))


def test_matrices_of_blocks_and_of_diagonals() -> None:
    parts = [rng.normal(size=(2, 3)), rng.normal(size=2), np.float64(1.5)]
    np.testing.assert_array_equal(special.block_diag(*parts), scipy.linalg.block_diag(*parts))
    assert special.block_diag().shape == scipy.linalg.block_diag().shape
    agrees_with_differences(special.block_diag, *parts)
    c, r = rng.normal(size=3), rng.normal(size=4)
    np.testing.assert_array_equal(special.toeplitz(c, r), scipy.linalg.toeplitz(c, r))
    np.testing.assert_array_equal(special.toeplitz(c + 1j), scipy.linalg.toeplitz(c + 1j))
    agrees_with_differences(special.toeplitz, c, r)
    agrees_with_differences(special.toeplitz, c)
    with pytest.raises(ShapeError, match=r"block_diag takes matrices, not an array of shape \(1, 2, 3\)"):
        special.block_diag(np.ones((1, 2, 3)))
    with pytest.raises(ShapeError, match="toeplitz takes vectors"):
        special.toeplitz(np.ones((2, 2)))


SHAPES = [((5,), (3,)), ((3,), (5,)), ((4, 5), (2, 3)), ((3, 4, 2), (2, 2, 2)), ((), ())]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("method", ["direct", "fft", "auto"])
def test_convolutions(shapes: Any, mode: Any, method: Any) -> None:
    a, b = (rng.normal(size=shape) for shape in shapes)
    for x, y in ((a, b), (a + 1j * a, b - 2j)):
        want = scipy.signal.convolve(x, y, mode)
        np.testing.assert_allclose(special.convolve(x, y, mode, method), want, rtol=1e-11, atol=1e-13)
    if method != "auto":
        agrees_with_differences(lambda a, b: special.convolve(a, b, mode, method), a, b)


def test_large_convolutions_go_by_transforms() -> None:
    a, b = rng.normal(size=12000), rng.normal(size=12000)
    got = special.convolve(a, b, "valid")
    assert got.shape == (1,)
    np.testing.assert_allclose(got, [a @ b[::-1]], atol=1e-9)


def test_what_is_refused() -> None:
    x, y = np.ones(3), np.ones((2, 2))
    for one, other in ((x, y), (x, np.ones(0))):
        with pytest.raises(ShapeError, match="convolve takes arrays with as many axes"):
            special.convolve(one, other)
    with pytest.raises(ShapeError, match="none lies inside the other"):
        special.convolve(np.ones((2, 5)), np.ones((3, 2)), "valid")
    for options in ({"mode": "most"}, {"method": "fast"}):
        with pytest.raises(ArgumentError, match="mode is full, valid or same"):
            special.convolve(x, x, **options)
    with pytest.raises(ArgumentError, match="trans is 0, 1 or 2"):
        special.solve_triangular(A, x, trans=3)
    with pytest.raises(ShapeError, match=r"solve_triangular needs a square matrix, not shape \(2, 3\)"):
        special.solve_triangular(np.ones((2, 3)), x)


def test_errors_of_scipy_name_them() -> None:
    for call, name in (
        (lambda x: scipy.linalg.solve_triangular(A, x), "solve_triangular"),
        (lambda x: scipy.linalg.sqrtm(A * x[0]), "sqrtm"),
        (lambda x: scipy.linalg.logm(A * x[0]), "logm"),
        (lambda x: scipy.linalg.block_diag(x, x), "block_diag"),
        (lambda x: scipy.linalg.toeplitz(x), "toeplitz"),
        (lambda x: scipy.linalg.cho_factor(A * x[0])[0], "cho_factor"),
        (lambda x: scipy.signal.convolve(x, x), "convolve"),
    ):
        with pytest.raises(TraceError, match=rf"\.{name} cannot be traced: use cr\.special\.{name}"):
            cr.grad(lambda x, call=call: np.sum(call(x)))(np.ones(3))
