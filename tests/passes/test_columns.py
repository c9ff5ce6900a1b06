"""Vectors as columns, outer products as such, scalar factors in front."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.core.graph import Node
from chainrule.core.registry import building
from chainrule.passes.agreement import Verifier
from chainrule.passes.columns import inner_product, tidied
from chainrule.read.formula import parse
from chainrule.views.text import formula_text

FORMS = [
    ("x^T A", "A^T x"),
    ("x^T A^T", "A x"),
    ("x y^T", "x y^T"),
    ("(x y^T)^T", "y x^T"),
    ("(x y^T) z", "x y^T z"),
    ("(A^T B)^T", "B^T A"),
    ("(A B)^T", "(A B)^T"),
    ("(A/2) x", "(1/2) A x"),
    ("A (x/2) + B (x/2)", "(1/2) (A x + B x)"),
    ("x^T inv(A^T)", "A^(-1) x"),
    ("exp(log_softmax(x))", "softmax(x)"),
    ("(x/c)*y", "(1/c) (x*y)"),
    ("A eye(A) + B", "A + B"),
]


@pytest.mark.parametrize(("term", "form"), FORMS)
def test_the_form_is_equal_and_written_so(term: str, form: str) -> None:
    graph = parse(term.replace(" eye(A)", ""), variables="c", shapes="A: n n, B: n n, x: n, y: n, z: n")
    found = tidied(graph.outputs[0], graph.inputs)
    assert formula_text(found) == form
    Verifier(graph).equal(graph.outputs[0], found)


F = building


def variable(name: str, *shape: int) -> Node:
    return Node(None, (), {"name": name}, shape, np.dtype(float), name)


def test_identities_as_factors_are_left_out() -> None:
    a, c = variable("A", 3, 3), variable("c")
    twice = F.multiply(F.expand_dims(c, axis=(0, 1)), F.identity_like(a))
    assert formula_text(tidied(F.matmul(a, twice), (a, c))) == "c A"
    assert formula_text(tidied(F.matmul(F.identity_like(a), a), (a,))) == "A"
    assert formula_text(tidied(F.transpose(F.identity_like(a), axes=(1, 0)), (a,))) == "I(3, 3)"
    assert formula_text(inner_product(twice, a)) == "c tr(A)"


def test_inner_products() -> None:
    a, x, c, t = variable("A", 3, 3), variable("x", 3), variable("c"), variable("T", 2, 2, 2)
    assert formula_text(inner_product(F.ones_like(x), x)) == "sum(x)"
    assert formula_text(inner_product(F.negative(x), x)) == "-x^T x"
    assert formula_text(inner_product(F.negative(F.negative(x)), x)) == "x^T x"
    assert formula_text(inner_product(F.negative(F.multiply(c, x)), x)) == "-c x^T x"
    assert formula_text(inner_product(F.divide(x, c), x)) == "(1/c) x^T x"
    assert formula_text(inner_product(a, a)) == "tr(A^T A)"
    assert formula_text(inner_product(t, t)) == "sum(T*T)"
    assert formula_text(inner_product(c, c)) == "c c"
