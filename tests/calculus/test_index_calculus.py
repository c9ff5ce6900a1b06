"""Gradients derived by index: component by component, every line verified."""

from __future__ import annotations

import pytest

import chainrule as cr

# formula, variable, shapes, the last line by index, the gradient
GRADIENTS = [
    (
        "mean((y - X w)^2)", "w", "X: N d, y: N, w: d",
        "-(2/N) sum_i(X_ij*(y_i - sum_k(X_ik w_k)))", "-(2/N) X^T (y - X w)",
    ),
    (
        "(1/N) (y - X w)^T (y - X w)", "w", "X: N d, y: N, w: d",
        "-(2/N) sum_i(X_ij*(y_i - sum_k(X_ik w_k)))", "-(2/N) X^T (y - X w)",
    ),
    (
        "(1/N) ||Y - X W||^2", "W", "X: N d, W: d K, Y: N K",
        "-(2/N) sum_i(X_ij*(Y_il - sum_m(X_im W_ml)))", "-(2/N) X^T (Y - X W)",
    ),
    ("logsumexp(z) - y^T z", "z", "z: K, y: K", "e^z_j/sum_i(e^z_i) - y_j", "softmax(z) - y"),
    ("||A x - b||^2", "x", "A: m n, x: n, b: m", "2 sum_i(A_ij*(sum_k(A_ik x_k) - b_i))", "2A^T (A x - b)"),
    ("x^T A x", "x", "A: n n, x: n", "sum_i(A_ji x_i) + sum_k(A_kj x_k)", "A x + A^T x"),
    ("tr(A X)", "X", "A: m n, X: n m", "A_lj", "A^T"),
    ("a^T x", "x", "a: n, x: n", "a_j", "a"),
    ("sum((X + b)^2)", "b", "X: m n, b: n", None, None),
    ("sum(a b^T * X)/2", "X", "a: m, b: n, X: m n", None, None),
    ("sum(log_softmax(z)*y) + sum(softmax(z)*y)", "z", "z: K, y: K", None, None),
    ("c sum(x^2) - c", "c", "x: n", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "x", "shapes", "line", "gradient"), GRADIENTS)
def test_the_component_and_the_matrix_form(
    formula: str, x: str, shapes: str, line: str | None, gradient: str | None
) -> None:
    part = cr.explain(formula, wrt=x, shapes=shapes, method="index").parts[0]
    assert all(step.evidence.digits >= 15 for step in part.steps)
    assert gradient in (None, part.result.text())
    assert line in (None, part.steps[-1].before.text())


def test_mean_squared_error_line_by_line() -> None:
    derivation = cr.explain("mean((y - X w)^2)", wrt="w", shapes="X: N d, y: N, w: d", method="index")
    assert [line.text() for line in derivation.parts[0].wholes][-4:] == [
        "(1/N) sum_i(2(y_i - sum_k(X_ik w_k)) (0 - sum_k(X_ik delta_kj)))",
        "(1/N) sum_i(2(y_i - sum_k(X_ik w_k)) (-X_ij))",
        "-(2/N) sum_i(X_ij*(y_i - sum_k(X_ik w_k)))",
        "(-(2/N) X^T (y - X w))[j]",
    ]
    assert derivation.to_text().count("\n  dL/dw = -(2/N) X^T (y - X w)\n") == 1
    assert r"\frac{dL}{dw} &= -\frac{2}{N} X^{T} (y - X w)" in derivation.to_latex()
    assert r"(y - X w)\right)_{j} && \text{in matrix form}" in derivation.to_latex()
    assert "gradient" not in derivation.to_text()
    assert r"\sum_{i}" in derivation.to_latex()
    assert "dL/dw_j" in derivation.to_text()


def test_rules_have_letters_that_the_formula_does_not_use() -> None:
    shown = str(cr.explain("sum(sin(u)^2 + c*u)", wrt="u", shapes="u: n, c: n", method="index"))
    assert "power rule, (w^2)' = 2w w', with w = sin(u_i)\n" in shown


def test_what_has_no_form_by_index() -> None:
    with pytest.raises(cr.errors.DerivationError, match="no derivation by index is known for logabsdet"):
        cr.explain("ln det X", wrt="X", shapes="X: n n", method="index")
    with pytest.raises(cr.errors.ArgumentError, match="is for functions of arrays"):
        cr.explain("x^2", method="index")
