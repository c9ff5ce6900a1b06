"""Shorter forms of gradients under what textbooks suppose."""

from __future__ import annotations

from chainrule.passes.agreement import Verifier
from chainrule.passes.special_cases import special_cases
from chainrule.read.formula import parse
from chainrule.views.text import formula_text


def cases(formula: str, shapes: str) -> list[tuple[str, str, str]]:
    graph = parse(formula, shapes=shapes)
    found = []
    for case in special_cases(graph.outputs[0], graph.inputs):
        Verifier(graph).equal(*case.both(graph.outputs[0]))
        found.append((case.input.name, case.supposed, formula_text(case.term)))
    return found


def test_each_supposition_gives_an_equal_form() -> None:
    assert cases("A x + A^T x", "A: n n, x: n") == [("A", "symmetric", "2A x")]
    assert cases("inv(A)^T x", "A: n n, x: n") == [("A", "symmetric", "A^(-1) x")]
    assert cases("sum(y)*softmax(x) - y", "x: n, y: n") == [("y", "sums to 1", "softmax(x) - y")]
    assert cases("A x + sum(A, axis=0)", "A: n n, x: n") == []


def test_what_is_written_out_alike_has_no_shorter_form() -> None:
    assert cases("(A B)^T x + A x", "A: n n, B: n n, x: n") == []
