"""Derivatives from the definition: the lines of textbooks, and every line equal to the line before."""

from __future__ import annotations

import math

import pytest

from chainrule.calculus.explain import explain
from chainrule.errors import ArgumentError
from chainrule.passes.polynomials import polynomial
from chainrule.read.formula import parse
from chainrule.views.text import formula_text


def lines(text: str, **options: str) -> list[str]:
    part = explain(text, method="limit", **options).parts[0]
    return [whole.text() for whole in part.wholes]


def test_s4_the_square_from_first_principles() -> None:
    part = explain("x^2", method="limit").parts[0]
    assert part.start.text() == "lim(h -> 0) ((x + h)^2 - x^2)/h"
    assert [(step.rule.name, whole.text()) for step, whole in zip(part.steps, part.wholes, strict=True)] == [
        ("expand", "lim(h -> 0) (x^2 + 2x h + h^2 - x^2)/h"),
        ("cancel", "lim(h -> 0) (2x h + h^2)/h"),
        ("factor out h", "lim(h -> 0) (2x + h)"),
        ("let h go to 0", "2x"),
    ]
    assert [part.result(x) for x in (3.0, -1.0, 0.0)] == [6.0, -2.0, 0.0]


def test_a_fraction_gets_a_common_denominator() -> None:
    assert lines("1/x")[:2] == ["lim(h -> 0) (x - (x + h))/(h (x + h) x)", "lim(h -> 0) (x - x - h)/(h (x + h) x)"]


def test_a_root_is_multiplied_by_its_conjugate() -> None:
    assert lines("sqrt(x)") == [
        "lim(h -> 0) (x + h - x)/(h (sqrt(x + h) + sqrt(x)))",
        "lim(h -> 0) h/(h (sqrt(x + h) + sqrt(x)))",
        "lim(h -> 0) 1/(sqrt(x + h) + sqrt(x))",
        "1/(2 sqrt(x))",
    ]


def test_exp_rests_on_its_standard_limit() -> None:
    assert lines("e^x")[:2] == ["lim(h -> 0) e^x (e^h - 1)/h", "e^x (lim(h -> 0) (e^h - 1)/h)"]


KNOWN = [
    "7x", "x", "x^3 - 3x", "3x^2 + 5x - 7", "(3x + 2)^2", "a x^2 + b x", "1/x", "x^-2", "(2x + 1)/(x - 3)",
    "1/(x^2 + 1)", "sqrt(x)", "sqrt(x^2 + 1)", "x^0.5", "cbrt(x)", "sqrt(sin x)", "e^x", "e^(3x^2)", "e^(sin x)", "2^x",
    "a^x", "ln x",
    "ln(2x + 1)", "ln(e^x + 1)", "sin x", "cos(3x)", "sin(x^2)", "x^2 e^x", "e^x sin x", "sin(x)/x", "x/5", "sin(x)/a",
    "1/(1 + e^-x)", "-cos x", "x sin(x) cos(x)", "sqrt(x) + 1/x - e^x", "a", "1/sqrt(x)", "cbrt(sin x)", "a sin(x)",
    "sin(x) a", "0x", "sin(x)^2", "x^100", "x^12", "(2x + 1)^30", "x^-100", "sin(x)^3", "ln(x)^8", "3/sqrt(2x + 1)",
    "1/sqrt(sin x)", "1/sin x", "a/cos x", "tan x", "tan(3x)", "tan(x^2)", "|x|", "|x^2 - 1|", "|sin x|", "x^1.3",
    "x^(3/2)", "x^(1/3)", "x^(-1/2)", "x^n", "x^x", "(x^2 + 1)^(2/3)", "sinh x", "cosh(2x)", "tanh x", "sigmoid(x)",
    "softplus(x)", "log2(x)", "log10(x)", "log(1 + x)", "np.log1p(x)", "np.expm1(x)", "np.exp2(x)", "np.reciprocal(x)",
    "e^(a x) sin(b x + c)", "x^9 + x", "ln(a x)", "1/cbrt(x)", "x^(-1/3)", "h x^2", "k x + h e^(u x)",
    "sin(x)^2 + sin(x) e^x",
]  # fmt: skip


@pytest.mark.parametrize("text", KNOWN)
def test_every_line_is_verified_and_the_result_is_that_of_the_rules(text: str) -> None:
    derivation = explain(text, wrt="x", variables="x", method="limit")
    assert derivation.steps
    assert all(step.evidence is not None and step.evidence.digits == 30 for step in derivation.steps)
    by_rules = explain(text, wrt="x", variables="x")
    point = [0.7] * len(derivation.function.inputs)
    assert derivation.result(*point) == pytest.approx(by_rules.result(*point), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "named"),
    [("atan x", "arctan"), ("floor(x)", "floor"), ("x + max(x, 0)", "maximum"), ("sin(x)^20000", "power")],
)
def test_what_no_step_is_known_for_is_named(text: str, named: str) -> None:
    with pytest.raises(ArgumentError, match=rf"known for {named}: known are poly(.|\n)*method=\"rules\""):
        explain(text, method="limit")


def test_the_step_has_a_letter_that_the_formula_does_not_use() -> None:
    assert explain("h x", wrt="x", method="limit").parts[0].start.text().startswith("lim(k -> 0)")


def test_the_rules_speak_of_the_letters_of_the_derivation() -> None:
    part = explain("h x^2 + u e^(2x)", wrt="x", method="limit").parts[0]
    rules = {step.rule.name: step.rule.statement for step in part.steps}
    assert "factor out k" in rules
    assert rules["let k go to 0"] == "what is left is continuous in k"
    (exponents,) = (step for step in part.steps if step.rule.name == "add exponents")
    (u, q) = (letter for letter, _ in exponents.substitution)
    assert exponents.rule.statement == f"e^({u} + {q}) = e^{u} e^{q}"
    assert {u, q}.isdisjoint({"h", "k", "u", "x"})


def test_one_over_a_root_is_multiplied_by_the_conjugate() -> None:
    assert [step.rule.name for step in explain("1/sqrt(x)", method="limit").parts[0].steps][:6] == [
        "common denominator", "multiply by the conjugate", "expand", "cancel", "factor out h", "let h go to 0"
    ]  # fmt: skip
    assert lines("1/sqrt(x)")[-1] == "-1/(2x^(3/2))"


def test_a_high_power_is_a_sum() -> None:
    assert lines("x^100") == [
        "lim(h -> 0) (x + h - x) sum((x + h)^(99 - k)*x^k)/h", "lim(h -> 0) sum((x + h)^(99 - k)*x^k)", "100x^99"
    ]  # fmt: skip
    assert "sum" not in " ".join(lines("x^5"))


def test_a_square_is_a_difference_of_squares() -> None:
    assert lines("sin(x)^2")[0] == "lim(h -> 0) ((sin(x + h) - sin(x))/h) (sin(x + h) + sin(x))"
    assert lines("sin(x)^2")[-1] == "2 sin(x) cos(x)"


@pytest.mark.parametrize(
    ("text", "at", "value", "note"),
    [
        ("|x|", 0.0, None, "from the left it is -1, from the right 1"),
        ("|x - 1| + 3x", 1.0, None, "from the left it is 2, from the right 4"),
        ("sqrt(x^2)", 0.0, None, "from the left it is -1, from the right 1"),
        ("sqrt(x)", 0.0, None, "from the left it is undefined, from the right inf"),
        ("x |x|", 0.0, 0.0, ""),
        ("cbrt(x)", 0.0, math.inf, "infinite"),
        ("ln(x)", 0.0, None, "no finite value"),
        ("|x|", 2.0, 1.0, ""),
    ],
)
def test_a_limit_at_a_kink_is_taken_from_both_sides(text: str, at: float, value: float | None, note: str) -> None:
    part = explain(text, method="limit", at=at).parts[0]
    assert part.value == value
    assert note in part.note
    assert bool(note) == bool(part.note)


@pytest.mark.parametrize(
    ("text", "letters", "wanted"),
    [
        ("(x + h)^3", "x, h", "x^3 + 3x^2 h + 3x h^2 + h^3"),
        ("(x - 1)(x + 1)", "x", "x^2 - 1"),
        ("x - x", "x", "0"),
        ("(a + x)^2/4", "x", "0.25a^2 + 0.5a x + 0.25x^2"),
        ("sin(a) x + x sin(a)", "x", "2 sin(a) x"),
        ("-x^0", "x", "-1"),
    ],
)
def test_polynomials_are_expanded(text: str, letters: str, wanted: str) -> None:
    graph = parse(text, letters)
    known = [node for node in graph.inputs if node.name in letters]
    found = polynomial(graph.outputs[0], known)
    assert found is not None
    assert formula_text(found.node) == wanted


def test_a_letter_that_is_not_in_every_term_cannot_be_taken_out() -> None:
    graph = parse("x^2 + 1")
    found = polynomial(graph.outputs[0], graph.inputs)
    assert found is not None
    assert found.over(graph.inputs[0]) is None


@pytest.mark.parametrize(
    "text",
    [
        "sin(x)",
        "x^-1",
        "x^0.5",
        "1/x",
        "x^21",
        "(a + b + c + d + x)^9",
        "2^x",
        "(a + b + c + d + x)^5 (a - 2b + 3c + d + 5x)^5",
        "x/0",
    ],
)
def test_what_is_no_polynomial_or_too_long_to_read(text: str) -> None:
    graph = parse(text, "x")
    assert polynomial(graph.outputs[0], graph.inputs[:1]) is None
