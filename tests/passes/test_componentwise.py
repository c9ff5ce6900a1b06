"""Sums, products and quotients of components, multiplied out."""

from __future__ import annotations

import pytest

from chainrule.passes.agreement import Verifier
from chainrule.passes.componentwise import multiplied_out
from chainrule.read.formula import parse
from chainrule.views.text import formula_text

FORMS = [
    ("y*(1 - p) - (1 - y)*p", "y - p"),
    ("(y/p - (1 - y)/(1 - p))*(p*(1 - p))", "y - p"),
    ("-(y - p)/2", "(1/2) (p - y)"),
    ("y^2*y^2/y", "y^3"),
    ("(y + p)^2 - y^2 - p^2", "2(y*p)"),
    ("3/y*p", "3(p/y)"),
    ("1/(y*y)", "1/(y*y)"),
    ("c y/k + c p/k", "(c/k) (y + p)"),
    ("y/(1 - p)*(1 - p)*(1 - p)", "y - y*p"),
    ("c y - 2 p", "c y - 2p"),
]


@pytest.mark.parametrize(("term", "form"), FORMS)
def test_the_form_is_equal_and_written_so(term: str, form: str) -> None:
    graph = parse(term, variables="c k", shapes="y: n, p: n")
    found = multiplied_out(graph.outputs[0])
    assert found is not None
    assert formula_text(found) == form
    Verifier(graph).equal(graph.outputs[0], found)


@pytest.mark.parametrize("term", ["y - y", "(a + b + k + d + y)^2 * (a + b + p)^2", "y/y + 0*p", "y/0"])
def test_what_has_no_such_form(term: str) -> None:
    assert multiplied_out(parse(term, shapes="y: n, p: n").outputs[0]) is None
