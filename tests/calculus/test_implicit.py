"""Solutions of equations: derivatives of every order against closed forms, refitting and differences."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.optimize

import chainrule as cr

RNG = np.random.default_rng(21)
square_root = cr.custom_root(lambda x, a: x**2 - a)


# --- one unknown, in closed form --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("order", "factor"), [(1, 1 / 2), (2, -1 / 4), (3, 3 / 8), (4, -15 / 16)])
def test_derivatives_of_every_order(order: int, factor: float) -> None:
    root = lambda a: square_root(1.0, a)
    want = factor * 3.0 ** (0.5 - order)
    np.testing.assert_allclose(cr.derivative(root, order)(3.0), want, rtol=1e-12)
    by_reverse = root
    for _ in range(order):
        by_reverse = cr.grad(by_reverse)
    np.testing.assert_allclose(by_reverse(3.0), want, rtol=1e-12)


def test_a_formula() -> None:
    root = cr.custom_root("x^2 - a")
    np.testing.assert_allclose(cr.value_and_grad(root, argnums=1)(1.0, 2.0), (np.sqrt(2), 0.5 / np.sqrt(2)))


def test_newtons_method_asks_for_few_values() -> None:
    calls = []

    def f(x: Any, a: Any) -> Any:
        calls.append(1)
        return x**2 - a

    cr.custom_root(f)(1.0, 2.0)
    assert len(calls) <= 16


def test_what_stands_in_the_closure_is_differentiated() -> None:
    root = lambda a: cr.custom_root(lambda x: x**2 - np.sqrt(a) * np.sqrt(a))(1.0)
    a = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(cr.grad(root)(2.0), 0.5 / np.sqrt(2))
    np.testing.assert_allclose(cr.jvp(root, (2.0,), (1.0,))[1], 0.5 / np.sqrt(2))
    np.testing.assert_allclose(cr.grad(cr.grad(root))(2.0), -0.25 * 2**-1.5)
    np.testing.assert_allclose(cr.vmap(root)(a), np.sqrt(a))
    np.testing.assert_allclose(cr.vmap(cr.grad(root))(a), 0.5 / np.sqrt(a))


@pytest.mark.parametrize("kind", ["root", "fixed point", "minimum"])
def test_each_kind_in_each_surrounding(kind: str) -> None:
    """The solution x = a b, with a an argument and b in the closure."""

    def solution(a: Any, b: Any) -> Any:
        if kind == "root":
            return cr.custom_root(lambda x, a: np.exp(x) - np.exp(a * b))(0.5, a)
        if kind == "fixed point":
            return cr.fixed_point(lambda x, a: 0.25 * x + 0.75 * a * b)(0.5, a)
        return cr.custom_minimum(lambda x, a: (x - a * b) ** 2 + (x - a * b) ** 4)(0.5, a)

    np.testing.assert_allclose(solution(0.7, 1.1), 0.77)
    np.testing.assert_allclose(cr.grad(solution, argnums=(0, 1))(0.7, 1.1), (1.1, 0.7))
    np.testing.assert_allclose(cr.jvp(solution, (0.7, 1.1), (2.0, 1.0))[1], 2.9)
    np.testing.assert_allclose(
        cr.hessian(lambda z: solution(z[0], z[1]))(np.array([0.7, 1.1])), [[0, 1], [1, 0]], atol=1e-9
    )
    a = np.array([0.5, 0.7, 0.9])
    np.testing.assert_allclose(cr.vmap(solution)(a, a[::-1]), a * a[::-1])
    np.testing.assert_allclose(cr.vmap(cr.grad(solution, argnums=1))(a, a[::-1]), a)
    graph = cr.graph(solution, 0.7, 1.1)
    np.testing.assert_allclose(graph(b=2.0), 1.4)
    assert kind.replace(" ", "_") in str(graph)


@pytest.mark.parametrize("kind", ["root", "fixed point", "minimum"])
def test_a_solver_gets_a_plain_function_also_where_the_closure_is_traced(kind: str) -> None:
    seen = []

    def bisected(f: Any, x0: Any) -> Any:
        seen.append(f(x0))
        if kind == "minimum":
            return scipy.optimize.minimize_scalar(f, tol=1e-12).x
        residual = f if kind == "root" else lambda x: f(x) - x
        return scipy.optimize.brentq(residual, 0.1, 9.0, xtol=1e-14)

    def solution(a: Any) -> Any:
        if kind == "root":
            return cr.custom_root(lambda x: x**2 - a, bisected)(1.0)
        if kind == "fixed point":
            return cr.fixed_point(lambda x: (x + a / x) / 2, bisected)(1.0)
        return cr.custom_minimum(lambda x: (x - np.sqrt(a)) ** 2, bisected)(1.0)

    np.testing.assert_allclose(cr.value_and_grad(solution)(2.0), (np.sqrt(2), 0.5 / np.sqrt(2)), rtol=1e-6)
    np.testing.assert_allclose(cr.vmap(solution)(np.array([1.0, 4.0])), [1.0, 2.0], rtol=1e-6)
    assert all(isinstance(value, float) for value in seen)


# --- several unknowns, in containers ----------------------------------------------------------------------------------


class Flow(NamedTuple):
    u: Any
    v: Any


def equations(p: Flow, load: Any, *, scale: float = 1.0, name: str = "none") -> Flow:
    assert name in ("none", "given")
    return Flow(p.u**3 + p.v - load[0], scale * 2 * p.v + np.sum(p.u) - load[1])


def by_scipy(residual: Any, start: Flow) -> Flow:
    def vector(z: Any) -> Any:
        r = residual(Flow(z[:2], z[2]))
        return np.append(r.u, r.v)

    z = scipy.optimize.root(vector, np.append(start.u, start.v), tol=1e-13).x
    return Flow(z[:2], z[2])


@pytest.mark.parametrize("solve", [None, by_scipy])
def test_containers_and_other_peoples_solvers(solve: Any) -> None:
    flow = cr.custom_root(equations, solve)
    start, load = Flow(np.ones(2), 0.5), np.array([3.0, 2.0])
    found = flow(start, load, scale=1.5, name="given")
    assert isinstance(found, Flow)
    for part in equations(found, load, scale=1.5):
        np.testing.assert_allclose(part, 0.0, atol=1e-12)
    f = lambda load, scale: np.sum(flow(start, load, scale=scale).u ** 2)
    gradient = cr.grad(f, argnums=(0, 1))
    # The same by hand: J dx = -df.
    u = flow(start, load, scale=1.5).u
    v = flow(start, load, scale=1.5).v
    J = np.array([[3 * u[0] ** 2, 0, 1], [0, 3 * u[1] ** 2, 1], [1, 1, 3.0]])
    adjoint = np.linalg.solve(J.T, np.append(2 * u, 0))
    np.testing.assert_allclose(gradient(load, 1.5)[0], [adjoint[0] + adjoint[1], adjoint[2]], rtol=1e-9)
    np.testing.assert_allclose(gradient(load, 1.5)[1], -adjoint[2] * 2 * v, rtol=1e-9)
    np.testing.assert_allclose(
        cr.jacobian(lambda load: flow(start, load).u, mode="forward")(load),
        cr.jacobian(lambda load: flow(start, load).u, mode="reverse")(load),
        rtol=1e-9,
    )


def test_a_hessian_agrees_with_differences() -> None:
    flow = cr.custom_root(equations)
    f = lambda load: flow(Flow(np.ones(2), 0.5), load).v
    load = np.array([3.0, 2.0])
    np.testing.assert_allclose(cr.hessian(f)(load), cr.numeric.hessian(f, load), atol=1e-8)
    assert cr.check(f, cr.grad(f), load).passed


def test_where_the_solver_starts_has_no_derivative() -> None:
    np.testing.assert_array_equal(cr.grad(square_root, argnums=0)(1.0, 2.0), 0.0)
    assert cr.jvp(square_root, (1.0, 2.0), (1.0, 0.0))[1] == 0
    assert cr.jvp(lambda x0: cr.custom_root(lambda x: x**2 - 2.0)(x0), (1.0,), (1.0,))[1] == 0
    starts = np.array([1.0, -1.0])
    np.testing.assert_allclose(cr.vmap(lambda x0: square_root(x0, 2.0))(starts), starts * np.sqrt(2))


# --- the optimum of a model -------------------------------------------------------------------------------------------


def test_the_hypergradient_of_ridge_regression() -> None:
    X, y, V, z = RNG.normal(size=(20, 4)), RNG.normal(size=20), RNG.normal(size=(9, 4)), RNG.normal(size=9)
    ridge = cr.custom_minimum(lambda w, r: np.mean((y - X @ w) ** 2) + np.exp(r) * w @ w)
    error = lambda r: np.mean((z - V @ ridge(np.zeros(4), r)) ** 2)
    refitted = lambda r: np.mean((z - V @ np.linalg.solve(X.T @ X / 20 + np.exp(r) * np.eye(4), X.T @ y / 20)) ** 2)
    np.testing.assert_allclose(error(-1.0), refitted(-1.0))
    np.testing.assert_allclose(cr.grad(error)(-1.0), cr.grad(refitted)(-1.0), rtol=1e-10)
    np.testing.assert_allclose(cr.derivative(error, 2)(-1.0), cr.derivative(refitted, 2)(-1.0), rtol=1e-9)
    assert cr.check(refitted, cr.grad(error), -1.0).passed


def test_logistic_regression_by_scipy() -> None:
    X = RNG.normal(size=(40, 3))
    y = np.where(X @ np.array([1.0, -1.0, 0.5]) + RNG.normal(size=40) > 0, 1.0, -1.0)
    loss = lambda w, r: np.mean(np.log1p(np.exp(-y * (X @ w)))) + np.exp(r) * w @ w

    def solve(loss: Any, start: Any) -> Any:
        return scipy.optimize.minimize(loss, start, jac=cr.grad(loss), options={"gtol": 1e-10}).x

    weights = cr.custom_minimum(loss, solve)
    want = cr.numeric.jacobian(lambda r: solve(lambda w: loss(w, r), np.zeros(3)), -2.0, h=1e-3)
    np.testing.assert_allclose(cr.jacobian(weights, argnums=1)(np.zeros(3), -2.0), want, rtol=1e-4)


# --- many unknowns ----------------------------------------------------------------------------------------------------

N = 40


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on ten unknowns are many."""
    monkeypatch.setattr("chainrule.calculus.equation.DENSE", 10)


def chain(x: Any, a: Any) -> Any:
    return x + 0.1 * np.tanh(np.roll(x, 1) * 1.5 - np.roll(x, -1)) - np.cos(a)


def derivatives(f: Any, a: Any, v: Any) -> Any:
    return np.concatenate([cr.grad(f)(a), [cr.jvp(f, (a,), (v,))[1]], cr.hvp(f, a, v)])


ROOT = cr.custom_root(chain)
SMOOTH = cr.custom_minimum(lambda x, a: np.sum((x - a) ** 2) + 0.5 * np.sum((x[1:] - x[:-1]) ** 2) + np.sum(x**4))


@pytest.mark.parametrize("solution", [ROOT, SMOOTH], ids=["GMRES", "CG"])
def test_many_unknowns_by_products_alone(solution: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the Jacobian itself, without forming it."""
    f = lambda a: np.sum(np.sin(solution(np.zeros(N), a)))
    a, v = np.linspace(0, 1, N), RNG.normal(size=N)
    want = derivatives(f, a, v)
    monkeypatch.setattr("chainrule.calculus.equation.DENSE", 10)
    monkeypatch.setattr("chainrule.calculus.equation.Equation._by_factors", None)
    np.testing.assert_allclose(derivatives(f, a, v), want, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("kind", [cr.custom_root, cr.custom_minimum])
def test_sparse_factors_give_what_dense_ones_give(kind: Any) -> None:
    f = chain if kind is cr.custom_root else lambda x, a: np.sum((x - a) ** 2 + x**4) + np.sum(x[1:] * x[:-1]) / 9
    a, v = np.linspace(0, 1, N), RNG.normal(size=N)
    found, want = (
        derivatives(lambda a, s=solution: np.sum(np.sin(s(np.zeros(N), a))), a, v)
        for solution in (kind(f, linear_solve="sparse"), kind(f))
    )
    np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-10)


def test_a_boundary_value_problem_depends_on_its_parameter_as_the_closed_form_does() -> None:
    def bratu(u: Any, c: Any) -> Any:
        p = np.pad(u, 1)
        return (p[2:] - 2 * u + p[:-2]) * (len(u) + 1) ** 2 + c * np.exp(u)

    def middle(c: float) -> Any:
        a = scipy.optimize.brentq(lambda a: a - np.sqrt(2 * c) * np.cosh(a / 4), 0, 4, xtol=1e-15)
        return 2 * np.log(np.cosh(a / 4))

    solution = cr.custom_root(bratu, linear_solve="sparse")
    f = lambda c: solution(np.zeros(3001), c)[1500]
    np.testing.assert_allclose(f(3.0), middle(3.0), rtol=1e-6)
    np.testing.assert_allclose(cr.grad(f)(3.0), cr.numeric.derivative(middle, 3.0), rtol=1e-5)
    np.testing.assert_allclose(cr.derivative(f, 2)(3.0), cr.numeric.derivative(middle, 3.0, order=2), rtol=1e-5)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, a: np.roll(x, 1) - x + a,  # singular up to rounding
        lambda x, a: np.stack([x[0] - a[0], 0 * x[1], x[2]]),  # and exactly
    ],
)
def test_singular_sparse_systems_are_named(f: Any) -> None:
    root = cr.custom_root(f, lambda residual, x0: x0, linear_solve="sparse", tolerance=np.inf)
    with pytest.raises(cr.SingularError, match="no derivative"):
        cr.jvp(lambda a: root(np.ones(3), a), (np.zeros(3),), (np.ones(3),))


def test_ten_thousand_unknowns() -> None:
    n = 10_000
    f = lambda a: np.sum(ROOT(np.zeros(n), a) ** 2)
    a, v = np.linspace(0, 1, n), RNG.normal(size=n)
    gradient = cr.grad(f)(a)
    change = (f(a + 1e-5 * v) - f(a - 1e-5 * v)) / 2e-5
    np.testing.assert_allclose(gradient @ v, change, rtol=1e-6)


def test_a_linear_solver_of_the_users() -> None:
    sizes = []

    def jacobi(product: Any, b: Any) -> Any:
        sizes.append(b.size)
        y = b
        for _ in range(200):
            y = y + (b - product(y)) / 1.2
        return y

    root = cr.custom_root(chain, linear_solve=jacobi)
    a = np.linspace(0, 1, 6)
    want = cr.grad(lambda a: np.sum(cr.custom_root(chain)(np.zeros(6), a) ** 2))(a)
    np.testing.assert_allclose(cr.grad(lambda a: np.sum(root(np.zeros(6), a) ** 2))(a), want, rtol=1e-9)
    assert set(sizes) == {6}


# --- what can be wrong ------------------------------------------------------------------------------------------------


def test_an_answer_that_is_no_root_is_refused() -> None:
    early = lambda f, x0: 1.41
    with pytest.raises(cr.ConvergenceError, match=r"of size 1.4e\+00, changes it by 4.2e-03"):
        cr.custom_root(lambda x, a: x**2 - a, early)(1.0, 2.0)
    assert cr.custom_root(lambda x, a: x**2 - a, early, tolerance=0.01)(1.0, 2.0) == 1.41
    assert cr.custom_root(lambda x, a: x**2 - a, early, tolerance=np.inf)(1.0, 2.0) == 1.41


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_check_does_not_depend_on_units(scale: float) -> None:
    root = lambda answer: cr.custom_root(lambda x, a: (x / scale) ** 2 - a, lambda f, x0: answer * scale)(scale, 2.0)
    np.testing.assert_allclose(root(np.sqrt(2)), np.sqrt(2) * scale)
    with pytest.raises(cr.ConvergenceError):
        root(1.4142)


def test_unknowns_of_different_units_are_no_singular_jacobian() -> None:
    root = cr.custom_root(lambda x, a: np.stack([1e-12 * x[0] - a, 1e12 * x[1] - a * x[0]]))
    np.testing.assert_allclose(cr.jacobian(root, argnums=1)(np.ones(2), 2.0), [1e12, 4.0])


@pytest.mark.parametrize(
    ("f", "x0", "args"),
    [
        (lambda x, a: (x - a) ** 2, 2.0, (2.0,)),  # a double root
        (lambda x, a: np.stack([x[0] + x[1] - a, 2 * x[0] + 2 * x[1] - 2 * a]), np.ones(2), (2.0,)),
        (lambda x, a: np.stack([x[0] - a, 0 * x[1]]), np.ones(2), (1.0,)),
        (lambda x, a: np.cbrt(x) * a, 0.0, (1.0,)),
    ],
)
def test_a_singular_jacobian_is_named(f: Any, x0: Any, args: Any) -> None:
    root = cr.custom_root(f, lambda residual, x0: x0)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(root(x0, *args), x0)  # the value exists
        with pytest.raises(cr.SingularError, match="no derivative"):
            cr.jacobian(root, argnums=1)(x0, *args)


def test_large_singular_systems_are_named(many: None) -> None:
    """A chain without ends: what is added to all unknowns changes no equation."""
    stay = lambda residual, x0: x0
    root = cr.custom_root(lambda x, a: np.roll(x, 1) - x + a, stay, tolerance=np.inf)
    moved = lambda direction: cr.jvp(lambda a: root(np.ones(N), a), (np.zeros(N),), (direction,))[1]
    with pytest.raises(cr.ConvergenceError, match="GMRES has not solved"):
        moved(np.ones(N))
    np.testing.assert_array_equal(moved(np.zeros(N)), 0.0)  # nothing has to be solved


def test_an_array_that_was_written_into_since_is_noticed() -> None:
    X = np.ones((3, 2)) + np.eye(3, 2)
    ridge = cr.custom_minimum(lambda w, r: np.sum((1.0 - X @ w) ** 2) + r * w @ w)
    _, pullback = cr.vjp(lambda r: ridge(np.zeros(2), r), 0.5)
    pullback(np.ones(2))
    X *= 2
    with pytest.raises(cr.TraceError, match="has changed since its minimum was found"):
        pullback(np.ones(2))


def test_a_stationary_point_is_no_minimum() -> None:
    with pytest.raises(cr.ConvergenceError, match="returned no minimum"):
        cr.custom_minimum(lambda x, a: a * np.cos(x))(0.1, 1.0)


def test_a_branch_on_a_value_of_the_closure() -> None:
    root = lambda a: cr.custom_root(lambda x: x - a if x > 5 else 2 * (x - a))(0.0)
    np.testing.assert_allclose(cr.grad(root)(3.0), 1.0)
    with pytest.raises(cr.GuardError, match="as arguments"):
        cr.grad(root)(12.0)
    given = cr.custom_root(lambda x, a: x - a if x > 5 else 2 * (x - a))
    np.testing.assert_allclose(cr.grad(given, argnums=1)(0.0, 12.0), 1.0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: cr.custom_root(3), cr.ArgumentError, "expected a function or a formula, not 3"),
        (lambda: cr.custom_root(np.sin)(), TypeError, r"root_of_sin\(\) missing .* 'x0'"),
        (lambda: cr.custom_root(np.sin, 3), cr.ArgumentError, "solve is 3"),
        (lambda: cr.fixed_point(np.sin, linear_solve="cg"), cr.ArgumentError, "linear_solve is 'cg'"),
        (lambda: cr.custom_root(np.sin, tolerance=-1.0), cr.ArgumentError, "tolerance is -1.0"),
        (lambda: cr.custom_root(np.sin, tolerance=True), cr.ArgumentError, "tolerance is True"),
        (lambda: cr.custom_root(lambda x: np.stack([x, x]))(1.0), cr.ShapeError, "as many equations as unknowns"),
        (lambda: cr.custom_root(lambda x: [x])(1.0), cr.ArgumentError, "has the parts"),
        (lambda: cr.custom_root(lambda x: x * 1j)(1.0), cr.ArgumentError, "value of f is complex"),
        (lambda: cr.custom_root(lambda x: x)(1j), cr.ArgumentError, "x0 is complex"),
        (lambda: cr.custom_root(lambda x: x)("start"), cr.ArgumentError, "expected a number"),
        (lambda: cr.custom_root(lambda x: x, lambda f, x: None)(1.0), cr.ArgumentError, "the answer of solve for f"),
        (lambda: cr.custom_root(lambda x: x, lambda f, x: [0.0])(1.0), cr.ArgumentError, "the answer of solve for f"),
        (lambda: cr.custom_root(lambda x: x, lambda f, x: np.zeros(2))(1.0), cr.ShapeError, "the answer of solve"),
        (lambda: cr.custom_root(lambda x: x, lambda f, x: f([0.0]))(1.0), cr.ArgumentError, "the x that solve gives"),
        (lambda: cr.custom_root(lambda x: x, lambda f, x: np.nan)(1.0), cr.NonFiniteError, "x is not finite"),
        (lambda: cr.custom_root(lambda x: 1 / x, lambda f, x: 0.0)(1.0), cr.NonFiniteError, "residual at x"),
        (lambda: cr.custom_root(lambda x: x**2 + 1)(1.0), cr.ConvergenceError, "singular on the way"),
        (lambda: cr.custom_root(lambda x: x**2 + 1)(0.9), cr.ConvergenceError, "Newton's method has found no root"),
        (lambda: cr.custom_minimum(lambda x: x)(1.0), cr.ConvergenceError, "no minimum of f: its Hessian is"),
        (
            lambda: cr.custom_minimum(lambda x: np.exp(x))(1.0),
            cr.ConvergenceError,
            r"no minimum of f: max .gradient.",
        ),
        (lambda: cr.custom_root(lambda x: x)(np.nan), cr.NonFiniteError, "start from: x0 is not finite"),
        (lambda: cr.custom_root(lambda x: np.log(x))(-1.0), cr.NonFiniteError, "the value of f at x0 is not finite"),
        (
            lambda: cr.custom_root(lambda x: x - 1, scipy.optimize.root)(np.ones(1)),
            cr.ArgumentError,
            "solve for f returned SciPy's OptimizeResult: let it return its x",
        ),
        (lambda: cr.custom_root(lambda x: np.exp(x))(1.0), cr.ConvergenceError, "Newton's method has found no root"),
        (lambda: cr.fixed_point(lambda x: 2 * x + 1)(1.0), cr.ConvergenceError, "does not converge"),
        (lambda: cr.fixed_point(lambda x: -x)(1.0), cr.ConvergenceError, "does not converge"),
        (lambda: cr.custom_minimum(lambda x: np.stack([x, x]))(1.0), cr.NotScalarError, r"\(2,\)"),
        (lambda: cr.custom_root(lambda x: float(x))(1.0), cr.TraceError, "takes a traced value out"),
        (
            lambda: cr.custom_root(lambda x: x - 1, linear_solve=lambda product, b: b * np.ones(2))(np.zeros(1)),
            cr.ShapeError,
            "linear_solve returned shape",
        ),
        (
            lambda: cr.custom_root(lambda x: x - 1, linear_solve=lambda product, b: 3 * b)(np.zeros(1)),
            cr.ConvergenceError,
            "linear_solve left a residual",
        ),
    ],
)
def test_refusals(call: Any, error: type[Exception], text: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(error, match=text):
        call()


def test_many_unknowns_need_scipy(many: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.sparse.linalg", None)
    with pytest.raises(cr.MissingExtraError, match="40 unknowns are more than 10"):
        cr.custom_root(chain)(np.zeros(N), np.zeros(N))


def test_dtypes_and_sizes() -> None:
    root = cr.custom_root(lambda x, a: x - a)
    assert root(np.float32(1), np.float32(3)).dtype == np.float32
    assert cr.grad(root, argnums=1)(np.float32(1), np.float32(3)).dtype == np.float32
    assert root(1, 3) == 3.0
    assert root(np.zeros((0, 2)), np.zeros((0, 2))).shape == (0, 2)
    assert cr.jacobian(root, argnums=1)(np.zeros(0), np.zeros(0)).shape == (0, 0)
    assert root(np.zeros((2, 3)), np.ones((2, 3))).shape == (2, 3)
    assert cr.custom_root(lambda x: x**2)(0.0) == 0.0


def test_a_number_that_is_a_size_stays_one() -> None:
    """Integers, names and switches among the arguments are passed on as they are."""
    root = cr.custom_root(lambda x, a, n, names: x - a * np.sum(np.ones(n)) * len(names))
    np.testing.assert_allclose(cr.grad(root, argnums=1)(0.0, 2.0, 3, ["u", "v"]), 6.0)
