"""Hessian matrices, derived: in the form of textbooks, every line verified, equal to those that the engine computes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.read.formula_function import formula_function

# formula, variable, shapes, Hessian; None where only the values are looked at.
HESSIANS = [
    ("mean((y - X w)^2)", "w", "X: N d, y: N, w: d", "(2/N) X^T X"),
    ("mean((y - X w)^2) + k ||w||^2", "w", "X: N d, y: N, w: d, k:", "2k I + (2/N) X^T X"),
    ("-mean(y*ln(sigmoid(X w)) + (1 - y)*ln(1 - sigmoid(X w)))", "w", "X: N d, y: N, w: d",
     "(1/N) X^T diag(p*(1 - p)) X"),
    ("mean(softplus(X w) - y*(X w))", "w", "X: N d, y: N, w: d", "(1/N) X^T diag(p*(1 - p)) X"),
    ("logsumexp(z) - y^T z", "z", "z: K, y: K", "diag(p) - p p^T"),
    ("-sum(y*ln(softmax(z)))", "z", "z: K, y: K", "sum(y) (diag(p) - p p^T)"),
    ("logsumexp(W x + b)", "x", "W: k d, x: d, b: k", "W^T (diag(p) - p p^T) W"),
    ("logsumexp(z)", "z", "z: K", "diag(p) - p p^T"),
    ("-1/2 ln det S - 1/2 (x - mu)^T S^-1 (x - mu)", "mu", "S: d d, x: d, mu: d",
     "-(1/2) (S^(-1) + (S^(-1))^T)"),
    ("x^T A x", "x", "A: n n, x: n", "A + A^T"),
    ("||A x - b||^2", "x", "A: m n, x: n, b: m", "2A^T A"),
    ("||w||^2", "w", "w: n", "2I"),
    ("||w||", "w", "w: n", "(1/||w||^3) (||w||^2 I - w w^T)"),
    ("(a^T x)^2", "x", "a: n, x: n", "2a a^T"),
    ("sum(w^3)", "w", "w: n", "diag(6w)"),
    ("sum(exp(X w))", "w", "X: N d, w: d", "X^T diag(e^(X w)) X"),
    ("a^T x", "x", "a: n, x: n", "0"),
    ("exp(-x^T x)", "x", "x: n", "2e^(-x^T x) (2x x^T - I)"),
    ("sum(v*sigmoid(W x + b))", "x", "v: m, W: m n, x: n, b: m", None),
    ("(x^T A x)/(x^T x)", "x", "A: n n, x: n", None),
    ("ln(1 + x^T A^T A x)", "x", "A: n n, x: n", None),
    ("sum(x)^2 + c", "c", "x: n, c:", "0"),
    ("||x||^4", "x", "x: n", "4 sum(x^2) I + 8x x^T"),
    ("max(x)", "x", "x: n", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "x", "shapes", "hessian"), HESSIANS)
def test_the_hessian_has_the_form_that_people_write(formula: str, x: str, shapes: str, hessian: str | None) -> None:
    f = formula_function(formula, shapes=shapes)
    rng = np.random.default_rng(7)
    point: dict[str, Any] = {node.name: rng.normal(size=node.shape) for node in f.graph.inputs}
    if "S" in point:
        point["S"] = point["S"] @ point["S"].T + np.eye(len(point["S"]))
    derivation = cr.explain(formula, wrt=x, shapes=shapes, order=2, at=point)
    gradient, second = derivation.parts
    assert hessian is None or second.result.text() == hessian
    assert f"d^2L/d{x}^2 = {second.result.text()}" in str(derivation)
    assert second.path == (x, x)
    assert all(step.evidence.digits >= 15 for step in derivation.steps)
    of = f.variables.index(x)
    np.testing.assert_allclose(gradient.value, cr.grad(f, argnums=of)(*point.values()), rtol=1e-10, atol=1e-12)
    wanted = cr.hessian(f, argnums=of)(*point.values())
    np.testing.assert_allclose(second.value, wanted, rtol=1e-9, atol=1e-11 * (1 + np.abs(wanted).max()))


def test_least_squares_line_by_line() -> None:
    derivation = cr.explain("mean((y - X w)^2)", wrt="w", shapes="X: N d, y: N, w: d", order=2)
    shown = str(derivation).split("\n\n")[-1].splitlines()
    assert shown[:2] == ["  g = dL/dw", "  dg = d(-(2/N) X^T (y - X w))"]
    assert [line.split("= ", 1)[1] for line in shown if line.startswith("     = ")] == [
        "-(2/N) d(X^T (y - X w))",
        "-(2/N) X^T d(y - X w)",
        "-(2/N) X^T (-d(X w))",
        "-(2/N) X^T (-X dw)",
        "(2/N) X^T X dw",
    ]
    assert shown[-3:-1] == ["  d^2L/dw^2 = (2/N) X^T X", "     (d, d) = (d, N) (N, d)"]


def test_the_hessian_in_every_form() -> None:
    derivation = cr.explain("x^T A x", wrt="x", shapes="A: n n, x: n", order=2)
    assert "  d^2L/dx^2 = 2A   for symmetric A" in str(derivation)
    assert "  d²L/dx² = A + Aᵀ" in derivation.to_text("unicode")
    latex = r"\frac{d^{2} L}{dx^{2}} "
    assert latex + "&= A + A^{T}" in derivation.to_latex()
    assert latex + "= A + A^{T}" in derivation.to_markdown()
    for written, line in (
        (derivation.to_latex(), r"g &= \frac{dL}{dx}"),
        (derivation.to_markdown(), r"$$g = \frac{dL}{dx}$$"),
    ):
        assert written.count(line) == 1
    assert "<mi>g</mi><mo>=</mo><mfrac>" in derivation.to_html()
    first, second = json.loads(json.dumps(derivation.to_dict()))["derivatives"]
    assert (first["derivative"], first["by"], first["names"]) == ("dL/dx", ["x"], {})
    assert (second["derivative"], second["by"], second["names"]) == ("d^2L/dx^2", ["x", "x"], {"g": "dL/dx"})
    assert second["result"]["text"] == "A + A^T"


def test_each_gradient_is_derived_by_each_variable() -> None:
    text, shapes = "x^T A x + c a^T x + c^2 sum(v*v) + a^T x sum(v)", "x: n, A: n n, a: n, v: m, c:"
    f = formula_function(text, shapes=shapes)
    rng = np.random.default_rng(8)
    point = {node.name: rng.normal(size=node.shape) for node in f.graph.inputs}
    by = ["x", "v", "c"]
    derivation = cr.explain(text, wrt=by, shapes=shapes, order=2, at=point)
    assert len(derivation.parts) == 3 + 9
    places = [f.variables.index(name) for name in by]
    hessian = cr.hessian(f, argnums=tuple(places))(*point.values())
    for part in derivation.parts[3:]:
        first, then = (by.index(name) for name in part.path)
        np.testing.assert_allclose(part.value, hessian[first][then], rtol=1e-10, atol=1e-12)
    assert "  d^2L/(dv dx) = a 1^T" in str(derivation)


def test_the_gradient_gets_a_letter_that_the_formula_does_not_use() -> None:
    shown = str(cr.explain("g^T g + L", wrt="g", shapes="g: n, L:", order=2))
    assert "  G = df/dg\n  dG = d(2g)" in shown
    assert "  d^2f/dg^2 = 2I" in shown


def test_the_hessian_of_a_traced_function() -> None:
    rng = np.random.default_rng(9)
    X, y = rng.normal(size=(400, 30)), rng.normal(size=400)

    def loss(w: Any) -> Any:
        r = X @ w - y
        return np.mean(np.log(1 + r**2))

    w = np.linspace(-1, 1, 30)
    derivation = cr.explain(loss, w, order=2)
    second = derivation.parts[1]
    np.testing.assert_allclose(second.value, cr.hessian(loss)(w), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(second.result(w + 1), cr.hessian(loss)(w + 1), rtol=1e-9, atol=1e-12)
    assert "with arrays of a smaller size (5 for 30, 7 for 400)" in str(derivation).split("\n\n")[-1]


@pytest.mark.parametrize(
    ("text", "wrt", "shapes", "options", "message"),
    [
        ("w^T w", "w", "w: d", {"order": 3}, r"once or twice\n  cr.jacobian\(cr.hessian\(f\)\)"),
        ("X w", "w", "X: N d, w: d", {"order": 2}, r"the value has the shape \(5,\).*\n  take a number of it"),
        ("||X||^2", "X", "X: N d", {"order": 2}, r"X has the shape \(5, 7\).*\n  derive by a vector.*cr.hessian"),
        ("prod(x)", "x", "x: n", {"order": 2}, r"no Jacobian matrix is known .*\n  cr.hessian\(f\) computes"),
        ("w^T w", "w", "w: d", {"order": 2, "method": "index"}, "method 'rules' takes second ones"),
    ],
)
def test_what_is_refused(text: str, wrt: str, shapes: str, options: Any, message: str) -> None:
    with pytest.raises(cr.ArgumentError, match=message):
        cr.explain(text, wrt=wrt, shapes=shapes, **options)


def test_a_diagonal_matrix_of_many_rows_is_not_made() -> None:
    X = np.random.default_rng(11).normal(size=(100_000, 3))

    def loss(w: Any) -> Any:
        return np.mean(np.logaddexp(0, X @ w))

    w = np.array([0.3, -0.2, 0.1])
    np.testing.assert_allclose(cr.explain(loss, w, order=2).parts[1].value, cr.hessian(loss)(w), rtol=1e-10)


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (lambda x: np.sum(np.diff(x) ** 2), "2(I[1:]^T (I[1:] - I[:-1]) - I[:-1]^T (I[1:] - I[:-1]))"),
        (lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), None),
        (lambda x: x[0] * x[1] + np.sum(x**2), "2I + I[0] I[1]^T + I[1] I[0]^T"),
        (lambda x: np.sum(x[::2] ** 3), "I[::2]^T diag(6x[::2]) I[::2]"),
        (lambda x: np.sum(np.sort(x)[:3] ** 2), None),
    ],
)
@pytest.mark.parametrize("n", [5, 40])
def test_the_hessian_of_a_function_of_parts(f: Any, wanted: str | None, n: int) -> None:
    x = np.sin(np.arange(1.0, n + 1))
    second = cr.explain(f, x, order=2).parts[1]
    assert wanted is None or second.result.text() == wanted
    np.testing.assert_allclose(second.value, cr.hessian(f)(x), rtol=1e-12, atol=1e-12)
