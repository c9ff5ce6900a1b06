"""Sparse Jacobians and Hessians against the dense ones, SciPy's solvers, and what can go wrong."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from random_programs import programs
from scipy.optimize._numdiff import group_columns

import chainrule as cr

RNG = np.random.default_rng(11)


def bratu(u: Any, strength: float = 3.0) -> Any:
    h = 1 / (len(u) + 1)
    p = np.pad(u, 1)
    return (p[2:] - 2 * u + p[:-2]) / h**2 + strength * np.exp(u)


def brusselator(state: dict[str, Any]) -> dict[str, Any]:
    u, v = state["u"], state["v"]
    reaction = u**2 * v
    return {
        "u": 1 + reaction - 4 * u + 0.1 * np.diff(np.pad(u, 1, mode="edge"), 2),
        "v": 3 * u - reaction + 0.1 * np.diff(np.pad(v, 1, mode="edge"), 2),
    }


def flat(blocks: Any) -> Any:
    return np.vstack([np.hstack([row[key] for key in row]) for row in blocks.values()])


def test_the_jacobian_of_a_boundary_value_problem() -> None:
    u = RNG.normal(size=60)
    J = cr.sparse_jacobian(bratu)
    np.testing.assert_allclose(J(u).toarray(), cr.jacobian(bratu)(u), rtol=1e-13)
    assert (J.forward, J.reverse) == (3, 0)
    assert J(u).nnz == 3 * 60 - 2
    assert "60 x 60 with 178 entries from 3 tangents and 0 cotangents" in repr(J)
    assert repr(cr.sparse_jacobian(bratu)) == "<sparse_jacobian_bratu>"


def test_it_takes_no_more_products_than_the_grouping_of_scipy() -> None:
    """SciPy's own grouping of columns, for its Jacobians by differences."""
    n = 15

    def laplacian(u: Any) -> Any:
        p = np.pad(u.reshape(n, n), 1)
        return (p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * p[1:-1, 1:-1]).ravel()

    J = cr.sparse_jacobian(laplacian)
    u = RNG.normal(size=n * n)
    np.testing.assert_allclose(J(u).toarray(), cr.jacobian(laplacian)(u))
    assert J.forward <= group_columns(J.pattern).max() + 1


def test_containers_and_several_arguments() -> None:
    state = {"u": RNG.uniform(1, 2, 9), "v": RNG.uniform(1, 2, 9)}
    J = cr.sparse_jacobian(brusselator)
    np.testing.assert_allclose(J(state).toarray(), flat(cr.jacobian(brusselator)(state)), rtol=1e-13)
    f = lambda a, b, c: a * b[0] * c
    a, b = RNG.normal(size=4), RNG.normal(size=3)
    want = np.hstack([*cr.jacobian(f, argnums=(0, 1))(a, b, 2.0)])
    np.testing.assert_allclose(cr.sparse_jacobian(f, argnums=(0, "b"))(a, b, c=2.0).toarray(), want)


@dataclass
class Parameters:
    w: Any
    b: Any


def test_the_hessian_of_a_sum_of_local_terms() -> None:
    def energy(p: Parameters) -> Any:
        return np.sum((p.w[1:] - p.w[:-1] ** 2) ** 2) + np.sum(np.cosh(p.w) * p.b)

    p = Parameters(RNG.normal(size=12), 0.5)
    H = cr.sparse_hessian(energy)
    found = H(p).toarray()
    of_vector = lambda z: energy(Parameters(z[:12], z[12]))
    np.testing.assert_allclose(found, cr.hessian(of_vector)(np.append(p.w, p.b)), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)
    assert H.forward <= 4  # three for the band, one for the parameter that all terms share
    assert repr(H).startswith("<sparse_hessian_energy: 13 x 13")


def test_the_hessian_of_rosenbrock_in_many_variables() -> None:
    """Against the Hessian that SciPy states by hand."""
    from scipy.optimize import rosen, rosen_hess

    rosenbrock = lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    x = RNG.normal(size=200)
    np.testing.assert_allclose(rosenbrock(x), rosen(x))
    H = cr.sparse_hessian(rosenbrock)
    np.testing.assert_allclose(H(x).toarray(), rosen_hess(x), rtol=1e-12)
    assert H.forward == 3


def test_newtons_method_converges_quadratically() -> None:
    from scipy.sparse.linalg import spsolve

    J, u = cr.sparse_jacobian(bratu), np.zeros(2000)
    sizes = []
    for _ in range(6):
        step = spsolve(J(u).tocsc(), -bratu(u))
        u = u + step
        sizes.append(np.abs(step).max())
    assert sizes[3] < sizes[2] ** 1.5 < sizes[1] ** 2
    assert np.abs(bratu(u)).max() < 1e-5
    # The solution in closed form: u = -2 log(cosh((x - 1/2) a / 2) / cosh(a / 4)), where a = sqrt(2 * 3) cosh(a / 4).
    from scipy.optimize import brentq

    a = brentq(lambda a: a - np.sqrt(6) * np.cosh(a / 4), 0, 4)
    x = np.linspace(0, 1, 2002)[1:-1]
    exact = -2 * np.log(np.cosh((x - 0.5) * a / 2) / np.cosh(a / 4))
    np.testing.assert_allclose(u, exact, atol=1e-6)


def test_blocks_of_many_colours_equal_one(monkeypatch: pytest.MonkeyPatch) -> None:
    f = lambda x: np.append(np.cumsum(x**2), np.sum(x))
    x = RNG.normal(size=8)
    whole = cr.sparse_jacobian(f)(x).toarray()
    monkeypatch.setattr("chainrule.calculus.sparse._BLOCK", 100)
    np.testing.assert_array_equal(cr.sparse_jacobian(f)(x).toarray(), whole)


# --- the pattern ------------------------------------------------------------------------------------------------------


def test_a_pattern_that_is_given_is_used() -> None:
    x = RNG.normal(size=5)
    wide = np.tri(5, 5, 1)
    for pattern in (wide, sp.coo_array(wide), sp.csc_matrix(wide), wide.astype(bool)):
        J = cr.sparse_jacobian(lambda x: x**2 * np.append(0.0, x[:-1]), pattern=pattern)
        assert J(x).nnz == wide.sum()
        np.testing.assert_allclose(J(x).toarray(), cr.jacobian(lambda x: x**2 * np.append(0.0, x[:-1]))(x))
    H = cr.sparse_hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2), pattern=np.tri(5, 5, 1) - np.tri(5, 5, -1))
    np.testing.assert_allclose(H(x).toarray(), cr.hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2))(x))


@pytest.mark.parametrize("f", [np.cumsum, lambda x: np.stack([np.sum(x)])], ids=["forward", "reverse"])
def test_a_pattern_that_lacks_entries_is_refused(f: Any) -> None:
    x = RNG.normal(size=4)
    pattern = np.eye(len(f(x)), 4)
    with pytest.raises(cr.DerivationError, match="lacks entries"):
        cr.sparse_jacobian(f, pattern=pattern)(x)


def test_a_pattern_is_found_again_where_the_function_does_something_else() -> None:
    """Another branch, another shape, another index."""
    J = cr.sparse_jacobian(lambda x: np.cumsum(x) if x[0] > 0 else 2 * x)
    x = np.array([1.0, 2.0, 3.0])
    assert [J(x).nnz, J(-x).nnz, J(x).nnz, J(np.ones(4)).nnz] == [6, 3, 6, 10]
    index = [0, 1]
    J = cr.sparse_jacobian(lambda x: x[index] * x[:2])
    np.testing.assert_array_equal(J(x).toarray(), [[2.0, 0, 0], [0, 4.0, 0]])
    index[:] = [2, 0]
    np.testing.assert_array_equal(J(x).toarray(), [[3.0, 0, 1.0], [2.0, 1.0, 0]])


def test_a_pattern_is_kept_where_it_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    original = sys.modules["chainrule.calculus.sparse"].dependence
    monkeypatch.setattr("chainrule.calculus.sparse.dependence", lambda *args: found.append(1) or original(*args))
    J = cr.sparse_jacobian(lambda x: np.sin(x[1:]) * x[:-1])
    for k in range(3):
        J(np.arange(4.0) + k)
    assert len(found) == 1


def test_what_is_returned_may_be_written_into() -> None:
    J = cr.sparse_jacobian(lambda x: x[1:] * x[:-1])
    x = np.arange(1.0, 5.0)
    first = J(x)
    first.data[:] = 0
    first.indices[:] = 0
    np.testing.assert_array_equal(J(x).toarray(), cr.jacobian(lambda x: x[1:] * x[:-1])(x))


# --- what may be given ------------------------------------------------------------------------------------------------


def test_sizes_of_nothing_and_of_one() -> None:
    assert cr.sparse_jacobian(lambda x: x * 2)(np.zeros((0, 3))).shape == (0, 0)
    assert cr.sparse_jacobian(lambda x: x[:0])(np.ones(3)).shape == (0, 3)
    assert cr.sparse_jacobian(lambda x: np.ones(4))(np.ones(3)).nnz == 0
    assert cr.sparse_jacobian("x^2")(3).toarray() == [[6.0]]
    assert cr.sparse_hessian(lambda x: np.sum(x))(np.ones(3)).nnz == 0
    assert cr.sparse_hessian("x^3")(2.0).toarray() == [[12.0]]


@pytest.mark.parametrize(("given", "want"), [(np.arange(3), np.float64), (np.arange(3, dtype=np.float32), np.float32)])
def test_dtypes(given: Any, want: Any) -> None:
    found = cr.sparse_jacobian(lambda x: x**2)(given)
    assert found.dtype == want
    np.testing.assert_array_equal(found.toarray(), np.diag([0, 2, 4]))


def test_infinite_derivatives_stay_infinite() -> None:
    with np.errstate(all="ignore"):
        found = cr.sparse_jacobian(np.sqrt)(np.array([0.0, 4.0])).toarray()
    assert found[0, 0] == np.inf
    assert found[1, 1] == 0.25


def test_strict_finds_the_kink() -> None:
    with cr.strict(), pytest.raises(cr.KinkError):
        cr.sparse_jacobian(np.abs)(np.array([1.0, 0.0]))


def test_an_operation_with_one_mode_only() -> None:
    twice = cr.primitive(lambda x: 2 * np.sum(x))
    cr.define_vjp(twice, lambda g, out, x: 2 * g * np.ones_like(x))
    J = cr.sparse_jacobian(lambda x: np.stack([twice(x)]))
    np.testing.assert_array_equal(J(np.ones(3)).toarray(), [[2.0, 2.0, 2.0]])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: cr.sparse_jacobian(np.sin)(1j * np.ones(2)), cr.ArgumentError, "complex"),
        (lambda: cr.sparse_jacobian(lambda x: x * 1j)(np.ones(2)), cr.ArgumentError, "value is complex"),
        (lambda: cr.sparse_jacobian(lambda x: "s")(np.ones(2)), cr.ArgumentError, "returned 's'"),
        (lambda: cr.sparse_jacobian(lambda x: None)(np.ones(2)), cr.ArgumentError, "returned None"),
        (lambda: cr.sparse_jacobian(np.sin)("text"), cr.ArgumentError, "expected a number"),
        (lambda: cr.sparse_jacobian(np.sin, argnums=3)(np.ones(2)), cr.ArgumentError, "was not given"),
        (lambda: cr.sparse_jacobian(np.sin, pattern=np.eye(3))(np.ones(2)), cr.ShapeError, r"\(3, 3\)"),
        (lambda: cr.sparse_hessian(np.sum, pattern=np.ones((2, 3)))(np.ones(2)), cr.ShapeError, r"\(2, 3\)"),
        (lambda: cr.sparse_jacobian(np.sin, pattern="eye"), cr.ArgumentError, "the pattern is 'eye'"),
        (lambda: cr.sparse_jacobian(np.sin, pattern=[1, 0]), cr.ArgumentError, "two axes"),
        (lambda: cr.sparse_hessian(np.sin)(np.ones(2)), cr.NotScalarError, r"\(2,\)"),
        (lambda: cr.sparse_jacobian(7), cr.ArgumentError, "expected a function"),
        (
            lambda: cr.grad(lambda x: cr.sparse_jacobian(np.sin)(x).sum())(np.ones(2)),
            cr.TraceError,
            "cannot be traced",
        ),
    ],
)
def test_refusals(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_without_scipy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(cr.MissingExtraError, match=r'pip install "chainrule\[special\]"'):
        cr.sparse_jacobian(np.sin)(np.ones(2))


def test_a_defect_of_a_pattern_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a pattern ever to miss an entry, the product with a random vector would show it."""
    monkeypatch.setattr("chainrule.calculus.sparse._Recorded.pattern", lambda self: sp.eye_array(3, dtype=bool).tocsr())
    with pytest.raises(cr.DerivationError, match="defect of chainrule"):
        cr.sparse_jacobian(np.cumsum)(np.ones(3))


def test_hessians_of_random_programs() -> None:
    """Among them is one of which rounding is all that there is: it is no reason to find a defect."""
    for program in programs(15, 9360):
        with np.errstate(all="ignore"):
            found = cr.sparse_hessian(program, argnums=(0, 1, 2))(*program.point).toarray()
            blocks = cr.hessian(program, argnums=(0, 1, 2))(*program.point)
        sizes = [np.size(x) for x in program.point]
        want = np.block(
            [
                [np.asarray(b).reshape(m, n) for b, n in zip(row, sizes, strict=True)]
                for row, m in zip(blocks, sizes, strict=True)
            ]
        )
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-9 * (1 + np.abs(want).max()), err_msg=str(program))


def test_threads_at_other_shapes_do_not_disturb_each_other() -> None:
    J = cr.sparse_jacobian(lambda x: x[1:] * x[:-1])
    sizes = [5 + k % 7 for k in range(60)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: J(np.arange(1.0, n + 1)), sizes))
    for n, matrix in zip(sizes, found, strict=True):
        x = np.arange(1.0, n + 1)
        want = np.eye(n - 1, n) * x[1:, None] + np.eye(n - 1, n, 1) * x[:-1, None]
        np.testing.assert_array_equal(matrix.toarray(), want)
