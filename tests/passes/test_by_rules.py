"""Derivatives as textbooks write them: their form, their order, their values, and how much work they may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from chainrule.core.graph import Graph, constant
from chainrule.core.verify import verify
from chainrule.errors import LimitError
from chainrule.passes.by_rules import by_rules, simplified
from chainrule.passes.precise import Precise
from chainrule.read.formula import parse
from chainrule.views.text import formula_text


def shown(text: str, order: int = 1, by: str = "x") -> str:
    graph = parse(text)
    return formula_text(by_rules(graph, next(node for node in graph.inputs if node.name == by), order))


@pytest.mark.parametrize(
    ("formula", "derivative"),
    [
        ("x", "1"), ("y + 0x", "0"), ("3x^2 + 5x", "6x + 5"), ("a x^2 + b x + c", "2a x + b"),
        ("1/x", "-1/x^2"), ("x^-1", "-x^(-2)"), ("1/x + x^-2", "-x^(-2) - 2x^(-3)"), ("c/x^3", "-3c/x^4"),
    ],
)  # fmt: skip
def test_the_order_and_the_quotients_are_those_of_the_author(formula: str, derivative: str) -> None:
    assert shown(formula) == derivative


def test_what_is_equal_is_derived_once() -> None:
    graph = parse("sin(x)")
    node = graph.outputs[0]
    for _ in range(40):  # written out, the sum has 2^40 terms
        node = node + node * node
    assert len(by_rules(Graph(graph.inputs, (node,)), graph.inputs[0])) < 1_000


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("x^x", lambda x: x**x),
        ("exp(sin(x))", lambda x: mpmath.exp(mpmath.sin(x))),
        ("sqrt(x^2 + 1)", lambda x: mpmath.sqrt(x * x + 1)),
        ("ln(x)/x", lambda x: mpmath.log(x) / x),
        ("sin(x)^2 exp(x^2)/(1 + x^2)", lambda x: mpmath.sin(x) ** 2 * mpmath.exp(x * x) / (1 + x * x)),
    ],
)
def test_derivatives_of_any_order_have_the_value_of_differences(
    text: str, function: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = parse(text)
    (x,) = graph.inputs
    for read in (300, 20):  # the form of short derivatives, and that of long ones
        monkeypatch.setattr("chainrule.passes.by_rules._READ", read)
        for order in (1, 2, 4, 6):
            derivative = by_rules(graph, x, order)
            verify(derivative)
            got = Precise(graph.inputs, [[0.75]], digits=20).value(derivative.outputs[0], 0)
            with mpmath.workdps(60):
                exact = mpmath.diff(function, mpmath.mpf(0.75), order)
            assert mpmath.almosteq(got, exact, 1e-15), (read, order)


def test_a_long_derivative_keeps_its_products_in_form() -> None:
    terms = " + ".join(f"sin({i}x)" for i in range(2, 200))
    assert shown(terms).startswith("2 cos(2x) + 3 cos(3x) + ")


@pytest.mark.parametrize(
    "text",
    ["x^x", "exp(sin(x))", "sin(x)^2 exp(x^2)/(1 + x^2)", "*".join(f"sin({i}x)" for i in range(1, 21))],
    ids=["x^x", "exp(sin(x))", "a quotient", "a product"],
)
def test_what_grows_too_large_is_refused(text: str) -> None:
    with pytest.raises(LimitError, match="the limit shown_derivative_nodes"):
        shown(text, 20)


def test_powers_that_are_no_quotients_stay_as_they_are() -> None:
    graph = parse("x^n + x^2 + (x + 1)^pi", ["x", "n"])
    assert formula_text(simplified(graph, of=parse("1/x"))) == formula_text(graph)
    assert formula_text(simplified(parse("x^-1 - x^-2"), of=parse("1/x"))) == "1/x - 1/x^2"
    (x,) = parse("x").inputs
    assert formula_text(by_rules(Graph((x,), (constant(2.0),)), x)) == "0"


def test_a_long_formula_has_its_letters_in_the_order_of_their_first_use() -> None:
    graph = parse(" + ".join(f"b^{i} x^{i} a" for i in range(2, 30)))
    (x,) = (node for node in graph.inputs if node.name == "x")
    assert formula_text(by_rules(graph, x)).startswith("2b^2 x a + 3b^3 x^2 a")


def test_letters_stand_as_the_author_has_them() -> None:
    graph = parse("k x^2/2 + c x^4/4", "x, c, k")
    assert formula_text(by_rules(graph, graph.inputs[0])) == "k x + c x^3"
