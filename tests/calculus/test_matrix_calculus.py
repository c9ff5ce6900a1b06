"""Gradients of functions of arrays, derived: in the form in which people write them, every line verified."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.read.formula_function import formula_function

# formula, variable, shapes, gradient; the forms of textbooks (Magnus and Neudecker; The Matrix Cookbook).
GRADIENTS = [
    ("mean((y - X w)^2)", "w", "X: N d, y: N, w: d", "-(2/N) X^T (y - X w)"),
    ("(1/N) (y - X w)^T (y - X w)", "w", "X: N d, y: N, w: d", "-(2/N) X^T (y - X w)"),
    ("(1/N) ||Y - X W||^2", "W", "X: N d, W: d K, Y: N K", "-(2/N) X^T (Y - X W)"),
    (
        "-mean(y*ln(sigmoid(X w)) + (1 - y)*ln(1 - sigmoid(X w)))", "w", "X: N d, y: N, w: d",
        "(1/N) X^T (p - y)",
    ),
    ("mean(ln(1 + exp(X w)))", "w", "X: N d, w: d", "(1/N) X^T (e^(X w)/(1 + e^(X w)))"),
    ("mean(exp(X w)/y)", "w", "X: N d, y: N, w: d", "(1/N) X^T (e^(X w)/y)"),
    ("mean(softplus(X w) - y*(X w))", "w", "X: N d, y: N, w: d", "(1/N) X^T (sigmoid(X w) - y)"),
    ("logsumexp(z) - y^T z", "z", "z: K, y: K", "softmax(z) - y"),
    ("-sum(y*ln(softmax(z)))", "z", "z: K, y: K", "sum(y) softmax(z) - y"),
    ("-sum(y*log_softmax(z))", "z", "z: K, y: K", "sum(y) softmax(z) - y"),
    ("mean((y - X w)^2) + c ||w||^2", "w", "X: N d, y: N, w: d", "2c w - (2/N) X^T (y - X w)"),
    ("mean((y - X w)^2) + c w^T w", "w", "X: N d, y: N, w: d", "2c w - (2/N) X^T (y - X w)"),
    ("mean((y - X w)^2) + c ||w||^2", "c", "X: N d, y: N, w: d", "sum(w^2)"),
    (
        "-1/2 ln det S - 1/2 (x - mu)^T S^-1 (x - mu)", "mu", "S: d d, x: d, mu: d",
        "(1/2) (S^(-1) (x - mu) + (S^(-1))^T (x - mu))",
    ),
    (
        "-1/2 ln det S - 1/2 (x - mu)^T S^-1 (x - mu)", "S", "S: d d, x: d, mu: d",
        "(1/2) ((S^(-1))^T (x - mu) (x - mu)^T (S^(-1))^T - (S^(-1))^T)",
    ),
    ("tr(A X)", "X", "A: m n, X: n m", "A^T"),
    ("tr(X^T A X)", "X", "A: n n, X: n m", "A X + A^T X"),
    ("tr(A X B)", "X", "A: k m, X: m n, B: n k", "A^T B^T"),
    ("x^T A x", "x", "A: n n, x: n", "A x + A^T x"),
    ("x^T A y", "A", "A: m n, x: m, y: n", "x y^T"),
    ("ln det X", "X", "X: n n", "(X^(-1))^T"),
    ("||A x - b||^2", "x", "A: m n, x: n, b: m", "2A^T (A x - b)"),
    ("a^T x", "x", "a: n, x: n", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "x", "shapes", "gradient"), GRADIENTS)
def test_the_gradient_has_the_form_that_people_write(formula: str, x: str, shapes: str, gradient: str) -> None:
    derivation = cr.explain(formula, wrt=x, shapes=shapes)
    assert derivation.parts[0].result.text() == gradient
    assert all(step.evidence.digits >= 15 for step in derivation.steps)
    assert f"dL/d{x} = {gradient}" in derivation.to_text()


def test_mean_squared_error_line_by_line() -> None:
    shown = cr.explain("mean((y - X w)^2)", wrt="w", shapes="X: N d, y: N, w: d").to_text()
    lines = [line.split("= ", 1)[1] for line in shown.splitlines() if line.strip().startswith("= ")]
    assert lines == [
        "mean(d((y - X w)^2))",
        "mean(2(y - X w)*d(y - X w))",
        "mean(2(y - X w)*(-d(X w)))",
        "mean(2(y - X w)*(-X dw))",
        "(1/N) sum(2(y - X w)*(-X dw))",
        "-(2/N) (y - X w)^T X dw",
        "-(2/N) (X^T (y - X w))^T dw",
    ]
    assert "(d,) = (d, N) (N,)" in shown
    assert "X  (N, d)  matrix, constant" in shown


FORMS = [
    ("x^T A x", "x", "A: n n, x: n", "2A x", "for symmetric A"),
    ("tr(X^T A X)", "X", "A: n n, X: n m", "2A X", "for symmetric A"),
    ("ln det X", "X", "X: n n", "X^(-1)", "for symmetric X"),
    ("-1/2 (x - mu)^T S^-1 (x - mu)", "mu", "S: d d, x: d, mu: d", "S^(-1) (x - mu)", "for symmetric S"),
    ("-sum(y*ln(softmax(z)))", "z", "z: K, y: K", "softmax(z) - y", "where the components of y sum to 1"),
    (
        "-(1/N) sum(Y*ln(softmax(X W)))", "W", "X: N d, W: d K, Y: N K", "(1/N) X^T (p - Y)",
        "where the rows of Y sum to 1",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "x", "shapes", "form", "supposed"), FORMS)
def test_shorter_forms_say_what_they_suppose(formula: str, x: str, shapes: str, form: str, supposed: str) -> None:
    differential = cr.explain(formula, wrt=x, shapes=shapes).parts[0].differential
    assert differential is not None
    assert [(found.result.text(), found.supposed) for found in differential.forms] == [(form, supposed)]


def test_a_network_of_two_layers_by_all_its_parameters() -> None:
    formula = "sum((y - W2 tanh(W1 x + b1) - b2)^2)"
    by = ["W1", "b1", "W2", "b2"]
    derivation = cr.explain(formula, wrt=by, shapes="W1: h d, b1: h, W2: k h, b2: k, x: d, y: k")
    assert list(derivation.names.values()) == ["z", "h1", "r"]
    assert [part.result.text() for part in derivation.parts] == [
        "-2((W2^T r)*(1 - h1^2)) x^T",
        "-2((W2^T r)*(1 - h1^2))",
        "-2r h1^T",
        "-2r",
    ]


def mean_squared_error(X: Any, y: Any, w: Any) -> Any:
    return np.mean((y - X @ w) ** 2)


def network(W1: Any, b1: Any, W2: Any, b2: Any, X: Any, Y: Any) -> Any:
    H = np.tanh(X @ W1 + b1)
    P = H @ W2 + b2
    R = Y - P
    return np.mean(R**2)


def logistic_loss(X: Any, y: Any, w: Any) -> Any:
    p = 1 / (1 + np.exp(-X @ w))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def arrays(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.uniform(0.1, 0.9, size=shape) for shape in shapes]


def test_a_numpy_function_with_its_values() -> None:
    X, y, w = arrays((6, 3), (6,), (3,))
    part = cr.explain(mean_squared_error, X, y, w, wrt="w").parts[0]
    assert part.result.text() == "-(2/N) X^T (y - X w)"
    np.testing.assert_allclose(part.value, -2 / 6 * X.T @ (y - X @ w), rtol=1e-13)


def test_the_author_s_names_stand_in_the_lines() -> None:
    derivation = cr.explain(network, *arrays((3, 4), (4,), (4, 2), (2,), (5, 3), (5, 2)), wrt=["W1", "b1", "W2", "b2"])
    assert list(derivation.names.values()) == ["z", "H", "P", "R"]
    assert [part.result.text() for part in derivation.parts] == [
        "-(2/N) X^T ((R W2^T)*(1 - H^2))",
        "-(2/N) sum((R W2^T)*(1 - H^2), axis=0)",
        "-(2/N) H^T R",
        "-(2/N) sum(R, axis=0)",
    ]


def test_a_logistic_function_that_is_written_out_is_recognised() -> None:
    derivation = cr.explain(logistic_loss, *arrays((6, 3), (6,), (3,)), wrt="w")
    assert derivation.parts[0].result.text() == "(1/N) X^T (p - y)"


def test_a_function_that_does_not_depend_on_the_variable() -> None:
    derivation = cr.explain("mean(x)", wrt="y", shapes="x: n, y: m", variables="x y")
    assert derivation.parts[0].value is None
    assert derivation.steps[-1].rule.name == "a constant or the variable itself"
    assert cr.explain("c", wrt="c", shapes="x: n", variables="c x").parts[0].result.text() == "1"


def test_every_notation() -> None:
    derivation = cr.explain("x^T A x", wrt="x", shapes="A: n n, x: n", at={"A": np.eye(5), "x": np.ones(5)})
    assert r"\frac{dL}{dx} &= A x + A^{T} x" in derivation.to_latex()
    assert r"\text{for symmetric A}" in derivation.to_latex()
    assert "| $A$ | `(n, n)` | matrix, constant |" in derivation.to_markdown()
    assert "Shapes: <code>(n,) = (n, n) (n,) + (n, n) (n,)</code>" in derivation.to_html()
    assert "dL/dx = [2., 2., 2., 2., 2.]" in derivation.to_text("unicode")
    derivation = cr.explain("x^T A x", wrt="x", shapes="A: n n, x: n")
    assert json.loads(json.dumps(derivation.to_dict()))["derivatives"][0]["derivative"] == "dL/dx"


def test_a_matrix_that_has_to_be_tall() -> None:
    with pytest.raises(cr.DerivationError, match=r'more rows than columns, declare such sizes: shapes="A: 7 5"'):
        cr.explain("log det (A^T A)", shapes="A: m n")
    (part,) = cr.explain("log det (A^T A)", shapes="A: 7 5").parts
    assert part.result.text() == "A (A^T A)^(-1) + A ((A^T A)^(-1))^T"


def test_what_is_refused() -> None:
    with pytest.raises(cr.errors.ArgumentError, match=r"of shape \(5,\) by X of shape \(5, 7\) is no matrix"):
        cr.explain("X w", wrt="X", shapes="X: N d, w: d")
    with pytest.raises(cr.errors.ArgumentError, match="expected one number, such as a loss, or one vector"):
        cr.explain(["X w", "w"], wrt="w", shapes="X: N d, w: d")
    with pytest.raises(cr.errors.ArgumentError, match="method 'index' is for one number"):
        cr.explain("X w", wrt="w", shapes="X: N d, w: d", method="index")
    with pytest.raises(cr.errors.ArgumentError, match="no Jacobian matrix is known for the operation"):
        cr.explain(lambda w: np.cumsum(w**2), np.ones(3))
    with pytest.raises(cr.errors.ArgumentError, match="function of arrays, and method 'limit'"):
        cr.explain("w^T w", wrt="w", shapes="w: d", method="limit")


def test_a_sum_that_keeps_its_axis_is_derived_by_index() -> None:
    def f(X: Any) -> Any:
        return np.sum(np.sum(X**2, axis=1, keepdims=True) ** 2)

    X = np.array([[1.0, -2.0], [0.5, 3.0], [0.1, 0.2]])
    derivation = cr.explain(f, X, method="index")
    np.testing.assert_allclose(derivation.parts[0].value, cr.grad(f)(X), rtol=1e-12)


# Jacobian matrices.

JACOBIANS = [
    ("X w", "X: N d, w: d", "w", "X"),
    ("sigmoid(X w)", "X: N d, w: d", "w", "diag(f*(1 - f)) X"),
    ("softmax(W x + b)", "W: k d, x: d, b: k", "x", "(diag(f) - f f^T) W"),
    ("softmax(W x + b)", "W: k d, x: d, b: k", "b", "diag(f) - f f^T"),
    ("log_softmax(x)", "x: n", "x", "I - 1 (e^f)^T"),
    ("x - mean(x)", "x: n", "x", "I - (1/n) 1 1^T"),
    ("x*x - 3 x", "x: n", "x", "diag(2x) - 3I"),
    ("x (a^T x)", "x: n, a: n", "x", "(a^T x) I + x a^T"),
    ("x/||x||", "x: n", "x", "(1/||x||^3) (||x||^2 I - x x^T)"),
    ("sin(A x)*b", "A: n n, x: n, b: n", "x", "diag(b*cos(A x)) A"),
    ("(sum(x) a + x)/(1 + b)", "a: n, b: n, x: n", "x", None),
    ("W sigmoid(V x + b) + sum(x)", "W: m k, V: k d, x: d, b: k", "x", None),
    ("tanh(A x) - (x^T B x) x", "A: n n, B: n n, x: n", "x", None),
    ("A x (a^T (A x)) - c*(B x) sum(B x)", "A: n n, B: n n, x: n, a: n, c: n", "x", None),
    ("t^2 x + sin(t)", "x: n", "t", "2t x + cos(t)"),
    ("x", "x: n", "x", "I"),
    ("-sin(A x)", "A: n n, x: n", "x", "-diag(cos(A x)) A"),
    ("a", "a: n, x: n", "x", "0"),
    ("b - a*x", "a: n, b: n, x: n", "x", "-diag(a)"),
    ("2 sum(x) + 0 a", "a: n, x: n", "x", "2 1 1^T"),
    ("a + 0 x", "a: n, x: n", "x", None),
]


@pytest.mark.parametrize(("text", "shapes", "wrt", "wanted"), JACOBIANS)
def test_the_jacobian_matrix_of_a_vector(text: str, shapes: str, wrt: str, wanted: str | None) -> None:
    f = formula_function(text, shapes=shapes)
    rng = np.random.default_rng(3)
    point = {node.name: rng.normal(size=node.shape) for node in f.graph.inputs}
    derivation = cr.explain(text, shapes=shapes, wrt=wrt, at=point)
    (part,) = derivation.parts
    assert wanted is None or part.result.text() == wanted
    of = f.variables.index(wrt)
    jacobian = cr.jacobian(f, argnums=of)(*point.values())
    np.testing.assert_allclose(part.value, jacobian, rtol=1e-11, atol=1e-12)
    assert all(step.evidence is not None for step in part.steps)
    for written in (derivation.to_latex(), derivation.to_html(), derivation.to_markdown()):
        assert "diag" in written or "diag" not in part.result.text()


def test_the_lines_of_a_jacobian_are_in_terms_of_the_function() -> None:
    shown = str(cr.explain("softmax(W x + b)", wrt="x", shapes="W: k d, x: d, b: k"))
    assert "     = f*(W dx - sum(f*(W dx)))\n" in shown
    assert "c*u = diag(c) u; c = c 1 with the vector 1 of ones" in shown
    assert "  df/dx = (diag(f) - f f^T) W\n  (k, d) = (k, k) (k, d)\n" in shown


def test_the_jacobian_of_a_number_that_is_kept_as_an_array() -> None:
    def f(x: Any) -> Any:
        return x * np.sum(np.sum(x**2, keepdims=True), keepdims=True)

    x = np.array([0.3, -1.0, 2.0])
    np.testing.assert_allclose(cr.explain(f, x).parts[0].value, cr.jacobian(f)(x), rtol=1e-12)
    with pytest.raises(cr.ArgumentError, match="is known for the operation expand_dims"):
        cr.explain(lambda x: np.outer(x, x) @ np.ones(3), x)


def test_the_jacobian_of_a_traced_function() -> None:
    X = np.random.default_rng(4).normal(size=(4, 3))

    def f(w: Any) -> Any:
        return np.exp(X @ w) / 2

    w = np.array([0.1, -0.2, 0.3])
    derivation = cr.explain(f, w)
    np.testing.assert_allclose(derivation.parts[0].value, cr.jacobian(f)(w), rtol=1e-12)


# Large arrays.


def test_large_arrays_are_checked_at_small_sizes_and_the_result_at_those_given() -> None:
    rng = np.random.default_rng(5)
    X, y, w = rng.normal(size=(2000, 30)), rng.normal(size=2000), rng.normal(size=30)

    def mse(w: Any, X: Any, y: Any) -> Any:
        r = X @ w - y
        return np.mean(r**2)

    for method in ("rules", "index"):
        derivation = cr.explain(mse, w, X, y, wrt="w", method=method)  # type: ignore[arg-type]
        (part,) = derivation.parts
        assert part.result.text() == "(2/N) X^T r"
        np.testing.assert_allclose(part.value, cr.grad(mse)(w, X, y), rtol=1e-12)
        np.testing.assert_allclose(part.result(w, X, y), part.value, rtol=1e-12)
        assert "with arrays of a smaller size (5 for 30, 7 for 2,000), and the result" in str(derivation)
        assert derivation.function.inputs[1].shape == (2000, 30)
    shown = str(cr.explain(mse, w, X, y, wrt="w", method="index"))
    assert "(1/N) sum_i(" in shown
    assert "7 sum" not in shown
    assert "(30,) = (30, 2000) (2000,)" in str(cr.explain(lambda w: mse(w, X, y), w))


def test_the_jacobian_of_large_arrays() -> None:
    X = np.random.default_rng(6).normal(size=(200, 20))

    def f(w: Any) -> Any:
        return np.tanh(X @ w) + np.sum(w)

    w = np.linspace(-0.1, 0.1, 20)
    np.testing.assert_allclose(cr.explain(f, w).parts[0].value, cr.jacobian(f)(w), rtol=1e-10)


def test_a_result_that_is_not_that_of_the_sizes_given_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.ones((200, 20))
    monkeypatch.setattr("chainrule.passes.smaller.Smaller._count", lambda self, count: count)
    with pytest.raises(cr.DerivationError, match="is that at small sizes"):
        cr.explain(lambda w: np.mean((X @ w) ** 2), np.ones(20))


# Parts of arrays.


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize(
    "f", [rosenbrock, lambda x: x[0] ** 2 + np.sum(x), lambda x: np.sum(np.diff(x) ** 2), lambda x: x[-1] * (x @ x)]
)
def test_parts_of_arrays(f: Any) -> None:
    x = np.array([1.0, 2.0, -3.0, 0.5])
    derivation = cr.explain(f, x)
    (part,) = derivation.parts
    np.testing.assert_allclose(part.value, cr.grad(f)(x), rtol=1e-13)
    np.testing.assert_allclose(part.result(x + 1), cr.grad(f)(x + 1), rtol=1e-13)
    assert all(step.before.text() != step.after.text() for step in part.steps)
    assert "slice(" not in str(derivation) + derivation.to_latex()


def test_rules_have_letters_that_the_formula_does_not_use() -> None:
    shown = str(cr.explain("u^T A u + sum(c*u) + sum(u*u)", wrt="u", shapes="A: n n, u: n, c: n"))
    assert "linear map, d(P w) = P dw\n" in shown
    assert "transpose of a product, g^T P w = (P^T g)^T w\n" in shown
    assert "product rule, d(w v) = dw v + w dv, with w = u, v = u\n" in shown
    assert "d(A u)" not in shown


# Large arrays that no smaller ones can stand for.

DATA = np.random.default_rng(10).normal(size=(1500, 60))


def twice(w: Any) -> Any:
    return np.mean((DATA @ np.concatenate([w, w]) - DATA[:, 0]) ** 2)


def test_where_there_is_no_smaller_function_the_lines_are_checked_in_floats() -> None:
    w = np.linspace(-1, 1, 30)
    derivation = cr.explain(twice, w)
    np.testing.assert_allclose(derivation.parts[0].value, cr.grad(twice)(w), rtol=1e-10)
    assert "points or more in floats, as the arrays are too large for 30 digits, and" in str(derivation)
    with pytest.raises(cr.errors.LimitError, match=r"exact_multiplications = 10,000 .*\n  method='rules' checks"):
        cr.explain(twice, w, method="index")


def test_a_hessian_and_a_jacobian_in_floats() -> None:
    def loss(w: Any) -> Any:
        return np.mean(np.logaddexp(0, DATA @ w)) if w[0] < 5 else np.sum(w)

    w = np.linspace(-1, 1, 60)
    derivation = cr.explain(loss, w, order=2)
    np.testing.assert_allclose(derivation.parts[1].value, cr.hessian(loss)(w), rtol=1e-9, atol=1e-12)
    assert "in floats" in str(derivation).split("\n\n")[-1]

    def f(w: Any) -> Any:
        return np.tanh(DATA @ w) if w[0] < 5 else w

    np.testing.assert_allclose(cr.explain(f, w).parts[0].value, cr.jacobian(f)(w), rtol=1e-10, atol=1e-14)


# Complex steps, and NaN on the way.


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.abs(x * 1j)),
        lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2),
        lambda x: np.abs(np.sum(np.exp(1j * x))) ** 2,
        lambda x: np.sum(np.gradient(x) ** 2),
        lambda x: np.median(x) ** 2,
        lambda x: np.quantile(x, 0.3) ** 2,
    ],
)
def test_complex_steps_and_order_statistics(f: Any) -> None:
    x = np.array([0.3, -1.0, 2.0, 0.7, 1.1, -0.2])
    derivation = cr.explain(f, x)
    np.testing.assert_allclose(derivation.parts[0].value, cr.grad(f)(x), rtol=1e-11)
    for written in (derivation.to_latex(), derivation.to_html(), derivation.to_markdown()):
        assert written
    with pytest.raises(cr.ArgumentError, match="Jacobian matrix is"):
        cr.explain(f, x, order=2)


def test_a_vector_by_complex_steps_has_no_jacobian_matrix_here() -> None:
    with pytest.raises(cr.ArgumentError, match="real numbers only\n  take a number of it"):
        cr.explain(lambda x: np.abs(x + 1j), np.ones(3))


def test_a_number_times_the_vector_of_ones() -> None:
    x = np.array([0.3, -1.0, 2.0])
    second = cr.explain(lambda x: np.var(x), x, order=2).parts[1]
    np.testing.assert_allclose(second.value, cr.hessian(lambda x: np.var(x))(x), rtol=1e-12)


# Components that are read and written.


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (lambda x: np.diff(x), "I[1:] - I[:-1]"),
        (lambda x: x[1:] * x[:-1], "diag(x[:-1]) I[1:] + diag(x[1:]) I[:-1]"),
        (lambda x: x[2] * x, None),
        (lambda x: x[..., [2, 0, 1]] ** 2, None),
        (lambda x: x[..., 1:4] * x[3, None], None),
        (lambda x: x[[0, 0, 2]] ** 2, None),
        (lambda x: np.tanh(x)[::-2], None),
    ],
)
@pytest.mark.parametrize("n", [5, 60])
def test_the_jacobian_matrix_of_parts(f: Any, wanted: str | None, n: int) -> None:
    x = np.linspace(-1.0, 1.3, n)
    (part,) = cr.explain(f, x).parts
    assert wanted is None or part.result.text() == wanted
    np.testing.assert_allclose(part.value, cr.jacobian(f)(x), rtol=1e-12, atol=1e-14)


def test_an_index_of_another_kind_is_named() -> None:
    for f in (lambda x: x[:, None][:, 0] * 2, lambda x: x[[[0, 1], [1, 2]]] @ np.ones(2)):
        with pytest.raises(cr.ArgumentError, match="is known for the operation getitem"):
            cr.explain(f, np.ones(3))
