"""Forms with a simpler differential."""

from __future__ import annotations

from chainrule.passes.agreement import Verifier
from chainrule.passes.standard_forms import standard_forms
from chainrule.read.formula import parse
from chainrule.views.text import formula_text


def forms(formula: str, shapes: str) -> list[str]:
    graph = parse(formula, shapes=shapes)
    found = [term for _, term in standard_forms(graph.outputs[0])]
    for term in found:
        Verifier(graph).equal(graph.outputs[0], term)
    return [formula_text(term) for term in found]


def test_forms_are_equal() -> None:
    assert forms("||A x||^2 + x^T x", "A: m n, x: n") == ["sum((A x)^2) + x^T x"]
    assert forms("sum(1/(1 + exp(-x)))", "x: n") == ["sum(sigmoid(x))"]
    assert forms("sum(1/(exp(-A x) + 1))", "A: m n, x: n") == ["sum(sigmoid(A x))"]
    assert forms("sum(1/(1 + exp((-A) x)))", "A: m n, x: n") == ["sum(sigmoid(A x))"]


def test_what_has_none() -> None:
    assert forms("sum(1/(1 + exp(x)))", "x: n") == []
    assert forms("sum(1/(2 + exp(-x)))", "x: n") == []
    assert forms("sum(1/(1 + x^2)) + ||x||", "x: n") == []
