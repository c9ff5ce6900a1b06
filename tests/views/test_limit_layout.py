"""A limit still to be taken, in every notation."""

from __future__ import annotations

import pytest

from chainrule.core.graph import Node
from chainrule.core.pending import pending_limit
from chainrule.read.formula import parse
from chainrule.views.write import formula


def limit_of(text: str) -> tuple[Node, Node]:
    graph = parse(text, "h, x")
    return pending_limit(graph.outputs[0], graph.inputs[0]), graph.inputs[1]


@pytest.mark.parametrize(
    ("text", "notation", "wanted"),
    [
        ("h/x", "text", "lim(h -> 0) h/x"),
        ("h + x", "text", "lim(h -> 0) (h + x)"),
        ("h + x", "unicode", "lim(h → 0) (h + x)"),
        ("h/x", "latex", r"\lim_{h \to 0} \frac{h}{x}"),
    ],
)
def test_a_limit_stands_before_its_term(text: str, notation: str, wanted: str) -> None:
    assert formula(limit_of(text)[0], notation) == wanted


def test_a_limit_in_a_term_stands_in_parentheses() -> None:
    limit, x = limit_of("h/x")
    assert formula(x * limit + x) == "x (lim(h -> 0) h/x) + x"


def test_a_limit_in_mathml_has_its_variable_under_the_sign() -> None:
    assert "<munder><mo>lim</mo>" in formula(limit_of("h/x")[0], "mathml")
