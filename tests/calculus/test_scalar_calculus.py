"""Derivations of functions of numbers: the author's steps, several values, letters, and what is said of a line."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import chainrule as cr


def lines(derivation: cr.Derivation) -> list[str]:
    """The lines as they are shown, without their reasons."""
    return [match[1] for match in re.finditer(r"^ +(?:\S+ )?= (.*)$", str(derivation), re.MULTILINE)]


# The author's steps.


def loss(w: Any, x: Any, b: Any, y: Any) -> Any:
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L


def swish(x: Any) -> Any:
    s = 1 / (1 + np.exp(-x))
    return x * s


def test_lines_are_written_in_the_names_of_the_author() -> None:
    derivation = cr.explain(loss, 1.0, 2.0, 1.0, 7.0, wrt=["w", "b"])
    text = str(derivation)
    assert text.startswith("L(w, x, b, y) = e^2\n  y_hat = w x + b\n  e = y - y_hat\n\n  dL/dw = d/dw (e^2)\n")
    assert "chain rule: power rule: d/de (e^2) = 2e\n        = 2e (de/dw)" in text
    assert [part.result.text() for part in derivation.parts] == ["-2x e", "-2e"]
    assert [part.value for part in derivation.parts] == [-16, -8]
    assert derivation.parts[0].result(1.0, 2.0, 1.0, 7.0) == -16
    assert r"e &= y - \hat{y}" in derivation.to_latex()


def test_a_step_is_derived_in_terms_of_itself() -> None:
    derivation = cr.explain(swish, 0.3, order=2)
    text = str(derivation)
    assert "in terms of s itself: s' = s (1 - s)" in text
    assert "from above: s' = s (1 - s)" in text
    first, second = (part.result for part in derivation.parts)
    assert first.text() == "s (1 + x (1 - s))"
    assert first(0.3) == pytest.approx(float(cr.derivative(swish)(0.3)), rel=1e-14)
    assert second(0.3) == pytest.approx(float(cr.derivative(cr.derivative(swish))(0.3)), rel=1e-13)


def test_higher_derivatives_of_the_logistic_function_are_in_terms_of_it() -> None:
    first, second, third = (part.result for part in cr.explain("1/(1 + e^-x)", order=3).parts)
    assert [first.text(), second.text()] == ["f (1 - f)", "f (1 - f) (1 - 2f)"]
    s = 1 / (1 + np.exp(-0.3))
    assert third(0.3) == pytest.approx(s * (1 - s) * (1 - 6 * s + 6 * s**2), rel=1e-13)


def test_a_name_that_is_given_again_and_names_of_functions() -> None:
    def twice(x: Any) -> Any:
        x = np.sin(x) * 2
        x = x * x + 1
        return x

    assert str(cr.explain(twice, 0.3)).startswith("twice(x) = x_2 x_2 + 1\n  x_2 = sin(x)*2\n")
    assert str(cr.explain("f^2 sin f")).startswith("F(f) = ")
    assert str(cr.explain("x")).startswith("f(x) = x\n")
    assert str(cr.explain(lambda x: x**2, 1.0)).startswith("f(x) = ")


def test_steps_that_are_used_again_and_again_are_written_in_linear_size() -> None:
    def repeated(times: int) -> Any:
        def f(x: Any) -> Any:
            for _ in range(times):
                x = x * 0.5 + np.sin(x) * x
            return x

        return f

    made = {times: cr.explain(repeated(times), 0.3) for times in (11, 22)}
    for write in (str, cr.Derivation.to_latex, cr.Derivation.to_html, lambda d: str(d.to_dict())):
        sizes = [len(write(derivation)) for derivation in made.values()]
        assert sizes[1] < 3 * sizes[0]
    assert made[22].parts[0].value == pytest.approx(float(cr.derivative(repeated(22))(0.3)), rel=1e-12)


# Several values.


def polar(r: Any, t: Any) -> Any:
    x = r * np.cos(t)
    y = r * np.sin(t)
    return x, y


def in_parts(x: Any) -> Any:
    return np.stack([x[0] ** 2 * x[1], 5 * x[0] + np.sin(x[1]), x[1] * 1.0])


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (lambda: cr.explain(in_parts, np.array([0.3, 2.0])), cr.jacobian(in_parts)(np.array([0.3, 2.0]))),
        (
            lambda: cr.explain(polar, 0.3, 2.0),
            np.array([[np.cos(2.0), -0.3 * np.sin(2.0)], [np.sin(2.0), 0.3 * np.cos(2.0)]]),
        ),
        (
            lambda: cr.explain(["x^2 y", "5x + sin y"], at={"x": 0.3, "y": 2.0}),
            np.array([[1.2, 0.09], [5.0, np.cos(2.0)]]),
        ),
        (
            lambda: cr.explain("(y^2, x y)", at={"y": 2.0, "x": 0.3}, wrt=["x", "y"], method="limit"),
            np.array([[0.0, 4.0], [2.0, 0.3]]),
        ),
    ],
)
def test_a_jacobian_has_a_row_for_each_value(made: Any, wanted: Any) -> None:
    derivation = made()
    values = np.reshape([part.value for part in derivation.parts], wanted.shape)
    np.testing.assert_allclose(values, wanted, rtol=1e-12)
    results = np.reshape([part.result(0.3, 2.0) if part.of.inputs[0].name != "y" else part.result(2.0, 0.3)
                          for part in derivation.parts], wanted.shape)  # fmt: skip
    np.testing.assert_allclose(results, wanted, rtol=1e-12)
    assert [part.function for part in derivation.parts] == [
        name for name, _ in derivation.components for _ in range(wanted.shape[1])
    ]


def test_the_matrix_stands_at_the_end_in_every_form() -> None:
    derivation = cr.explain(polar, 2.0, 1.0)
    assert str(derivation).startswith("polar(r, t) = (x, y)\n  x = r cos(t)\n  y = r sin(t)\n")
    assert str(derivation).endswith("Jacobian matrix\n  J = [cos(t)   -r sin(t)]\n      [sin(t)   r cos(t) ]")
    matrix = r"J = \begin{pmatrix} \cos(t) & -r \sin(t) \\ \sin(t) & r \cos(t) \end{pmatrix}"
    assert derivation.to_latex().endswith(matrix)
    assert f"**Jacobian matrix**\n\n$${matrix}$$" in derivation.to_markdown()
    assert derivation.to_html().count("<mtd>") == 4
    assert derivation.to_dict()["components"] == {"x": "r cos(t)", "y": "r sin(t)"}


def test_the_gradient_and_the_hessian_stand_at_the_end() -> None:
    assert str(cr.explain("x^2 y", wrt=["x", "y"])).endswith("gradient\n  grad f = [2x y   x^2]")
    hessian = str(cr.explain("x^2 y + 3y^2", wrt=["x", "y"], order=2))
    assert hessian.endswith("Hessian matrix\n  H = [2y   2x]\n      [2x   6 ]")
    assert "d^2f/(dy dx) = d/dy (2x y)" in hessian  # first by x
    assert "matrix" not in str(cr.explain("x^2 y", wrt=["x", "y"], order=3))
    assert "matrix" not in str(cr.explain(["x^2", "x^3"], order=2))
    assert "gradient" not in str(cr.explain("x^2 y", wrt="x"))


def test_values_need_a_method_that_takes_several() -> None:
    with pytest.raises(cr.ArgumentError, match='2 values, and method="graph"'):
        cr.explain(["x", "x^2"], method="graph")
    for wrong in ([], ["x", 3], ("x", None)):
        with pytest.raises(cr.ArgumentError, match="several formulas are a list of texts"):
            cr.explain(wrong)
    with pytest.raises(cr.ArgumentError, match="returns no number"):
        cr.explain(lambda x: (), 1.0)
    with pytest.raises(cr.FormulaError):
        cr.explain("(x^2, 5x + )")


# Letters.


@pytest.mark.parametrize(
    ("text", "options", "wanted"),
    [
        ("sin(u^2) u", {}, ["(w v)' = w' v + w v'", "w = u^2", "d/dw (sin(w))"]),
        ("v sin(v)", {}, ["(u w)' = u' w + u w'", "w = sin(v)"]),
        ("c x", {"wrt": "x"}, ["d/dx (c x) = c (dx/dx)"]),
        ("x^x u", {"wrt": "x"}, ["(w^v)' = w^v (v' ln(w) + v w'/w), for w > 0"]),
        ("log(e^u + e^v) + logaddexp(u, v)", {"wrt": "u"}, []),
    ],
)
def test_rules_are_written_in_letters_that_the_formula_does_not_have(
    text: str, options: Any, wanted: list[str]
) -> None:
    shown = str(cr.explain(text, **options))
    for part in wanted:
        assert part in shown


# What is said of a line.


def test_a_derivative_that_stands_in_two_places_is_replaced_in_both() -> None:
    assert "derivative of the variable: x' = 1, in both places\n" in str(cr.explain("x^x", detail="every"))
    shown = str(cr.explain("sin(x)^2/(1 + sin(x))", detail="every"))
    assert "sum rule: (1 + sin(x))' = (1)' + (sin(x))'\n   as before: (sin(x))' = cos(x)\n" in shown
    assert "places" not in str(cr.explain("x^x", detail="brief"))
    assert "as before: x' = 1\n" in str(cr.explain("x e^x + x^x", detail="every"))
    assert "as before" not in str(cr.explain("x e^x + x^x"))
    assert ", in all 3 places" in str(cr.explain(lambda x: 3 * np.clip(x, x, x), 0.5, detail="every"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x^x", "for u > 0, with u = x, v = x"),
        ("|x|", "(|x|)' = sign(x), for x not 0"),
        ("|3x - 1|", "u = 3x - 1; derivative of the absolute value: d/du (|u|) = sign(u), for u not 0"),
        ("sin(x)/x", "for v not 0, with u = sin(x), v = x"),
        ("arcsin(x)", "for -1 < x < 1"),
        ("2^x", ""),
        ("a^x", "for a > 0"),
    ],
)
def test_what_a_rule_supposes_is_said(text: str, said: str) -> None:
    derivation = cr.explain(text, wrt="x")
    assert said in str(derivation)
    assert (", for " in str(derivation)) == bool(said)
    if said:
        assert derivation.steps[0].rule.condition in derivation.to_dict()["derivatives"][0]["steps"][0]["condition"]


def test_how_a_formula_was_read_is_said_once() -> None:
    derivation = cr.explain("1/2x + sin x^2 + 1/3x", order=2)
    note = "quotients and products without a sign are read from left to right: 1/2x is (1/2) x"
    for written in (str(derivation), derivation.to_markdown(), derivation.to_html(), derivation.to_latex()):
        assert written.count("read from left to right") == 1
        assert written.count("sin x") == 1
    assert derivation.notes[0] == note
    assert derivation.to_dict()["notes"] == list(derivation.notes)
    for method in ("limit", "graph"):
        assert note in str(cr.explain("1/2x", method=method))
    assert "read so" not in str(cr.explain("x^2"))


def test_a_unit_is_written_with_a_sign() -> None:
    assert lines(cr.explain("x sin(x)", detail="every"))[2] == "1*sin(x) + x (sin(x))'"
    assert "1*y" in lines(cr.explain("x y", wrt="x"))
    assert r"1 \cdot \sin(x)" in cr.explain("x sin(x)").to_latex()


def test_the_branch_is_said_in_every_form() -> None:
    derivation = cr.explain(lambda x: x**2 if x > 0 else -x, 1.0)
    assert r"\text{valid where }x > 0\text{ is True}" in derivation.to_latex()
    assert "<p>Valid where <math>" in derivation.to_html()
    assert "valid where x > 0 is True" in str(cr.explain(lambda x: x**2 if x > 0 else -x, 1.0, method="graph"))
