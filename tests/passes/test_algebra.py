"""The rules for reading, in each of their cases: the form that a textbook gives, and the value at a point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.core.graph import Graph, Node
from chainrule.core.registry import building
from chainrule.core.verify import verify
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.passes.simplify import simplify
from chainrule.read.formula import parse
from chainrule.views.text import formula_text

F = building

FORMS = [
    ("2((3/x) y)", "6y/x"), ("2((x/y) z)", "2x z/y"), ("2(3/x)", "6/x"), ("2(x/3)", "2x/3"),
    ("2.5x/1.5", "2.5x/1.5"), ("2x/1.5", "2x/1.5"), ("2x/4", "x/2"), ("6x/(4y)", "3x/(2y)"), ("2x/3", "2x/3"),
    ("x^3/x", "x^2"), ("y x^3/x", "y x^2"), ("y x^2/x", "y x"), ("x/x^3", "1/x^2"), ("x^3/x^3", "1"),
    ("y x/x", "y"), ("x^1.5/x^0.5", "x"), ("x^0", "1"), ("x^2 x^-2", "1"),
    ("sigmoid(-x) sigmoid(x)", "sigmoid(x) (1 - sigmoid(x))"),
    ("sigmoid(x) sigmoid(-x)", "sigmoid(x) (1 - sigmoid(x))"),
    ("sigmoid(y) sigmoid(x)", "sigmoid(y) sigmoid(x)"), ("sigmoid(-y) sigmoid(x)", "sigmoid(-y) sigmoid(x)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "want"), FORMS, ids=[text for text, _ in FORMS])
def test_a_formula_in_the_form_of_a_textbook(text: str, want: str) -> None:
    graph = parse(text)
    shown = verify(simplify(graph, for_view=True))
    assert formula_text(shown) == want
    at = [0.7, 1.3, 2.1][: len(graph.inputs)]
    np.testing.assert_allclose(evaluate(shown, *at)[0], evaluate(graph, *at)[0], rtol=1e-14)


def test_a_power_of_an_array_to_zero_keeps_its_shape() -> None:
    x = Node(None, (), {"name": "x"}, (3,), np.dtype(float), "x")
    shown = verify(simplify(Graph((x,), (F.power(x, 0.0),)), for_view=True))
    np.testing.assert_array_equal(evaluate(shown, np.array([0.0, 2.0, np.inf]))[0], np.ones(3))


# What a rule says of infinite numbers is no part of the formula, on however many levels a quotient stands.
NESTED = ["1/(1 + 1/(1 + exp(x)))", "1/exp(1/(1 + exp(x)))", "2^(1/(1 + 2^x))"]


@pytest.mark.parametrize("text", NESTED)
def test_a_derivative_shows_no_care_for_infinity(text: str) -> None:
    graph = parse(text, "x")
    derivative = reverse(graph)
    names = {node.primitive.name for node in derivative.nodes if node.primitive is not None}
    assert {"where", "unsaturated", "logical_and"} <= names
    shown = simplify(derivative, for_view=True)
    assert "where" not in formula_text(shown).replace(" where v1", "")
    slope = [float(evaluate(graph, 0.7 + h)[0]) for h in (1e-5, -1e-5)]
    np.testing.assert_allclose(evaluate(shown, 0.7)[0], (slope[0] - slope[1]) / 2e-5, rtol=1e-8)


def test_two_axes_of_one_length_have_one_letter() -> None:
    def inputs(*shapes: tuple[int, ...]) -> list[Any]:
        return [Node(None, (), {"name": n}, s, np.dtype(float), n) for n, s in zip("xyz", shapes, strict=False)]

    x, y, z = inputs((20,), (20,), (7,))
    sizes = [F.size(v, axis=(0,)) for v in (x, y, z)]
    graph = Graph((x, y, z), (F.multiply(sizes[0], F.add(sizes[1], sizes[2])),))
    shown = simplify(graph, for_view=True)
    assert formula_text(shown).endswith("N (N + M)")
    assert evaluate(shown, np.zeros(20), np.zeros(20), np.zeros(7)) == (20 * 27,)


def test_complex_numbers_are_left_as_they_are() -> None:
    x = Node(None, (), {"name": "x"}, (), np.dtype(float), "x")
    graph = Graph((x,), (F.multiply(F.multiply(x, 1 + 2j), F.multiply(F.ones_like(x), 2 - 1j)),))
    shown = verify(simplify(graph, for_view=True))
    assert evaluate(shown, 3.0)[0] == 3.0 * (1 + 2j) * (2 - 1j)
