"""The rules for reading, in each of their cases: the form that a textbook gives, and the value at a point."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
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
    ("x + y + x", "2x + y"), ("x + y - x - z", "y - z"), ("x y + y x", "2x y"), ("x - (y - x) + 2", "2x - y + 2"),
    ("0.1x + 0.2x", "0.3x"), ("x/3 + x/6", "x/2"), ("2x/3 - x/6", "x/2"), ("-(x - y)", "y - x"),
    ("-(x - y) - z", "y - x - z"),
    ("(-x - y)/z", "-(x + y)/z"), ("(-x - y)^2 z", "z (x + y)^2"), ("(-x - y + z) x", "x (-x - y + z)"),
    ("x^2 y x^3", "x^5 y"), ("x y/(x z)", "y/z"), ("x^(1/3) x", "x^(4/3)"), ("x^0.5 x", "x^1.5"),
    ("x sqrt(x)", "x sqrt(x)"), ("x/sqrt(x)", "sqrt(x)"), ("sqrt(x)/x", "1/sqrt(x)"), ("sqrt(x) sqrt(x)", "x"),
    ("x^2/cbrt(x)", "x cbrt(x)^2"), ("x^-2 x^-1", "x^(-3)"), ("x^-2", "x^(-2)"), ("1/x^2", "1/x^2"),
    ("e^x e^y", "e^(x + y)"), ("e^x/e^y", "e^(x - y)"), ("e^2 e^x", "e^(2 + x)"), ("e^2 e^3", "e^5"),
    ("1/(e^x e^y)", "1/e^(x + y)"), ("e^(2x)/e^x", "e^x"), ("x x^y", "x^(1 + y)"), ("2^x*2^y", "2^(x + y)"),
    ("x e^y + y e^y", "e^y (x + y)"), ("2x e^y - 4 e^y", "2e^y (x - 2)"), ("x^2 + 2x", "x^2 + 2x"),
    ("-x e^y - e^y", "-e^y (x + 1)"), ("e^(-x) - x e^(-x)", "e^(-x) (1 - x)"), ("x/2 + y/2", "(x + y)/2"),
    ("sqrt(x)^3 y + sqrt(x)", "sqrt(x) (x y + 1)"), ("sin(x)/y + x/y^2", "(y sin(x) + x)/y^2"),
    ("1/x + 1/x^2", "1/x + 1/x^2"), ("1 - x/(x + y)", "y/(x + y)"), ("1/(1 + y/x)/x", "1/(x + y)"),
    ("x/(x + y/x)", "x^2/(x^2 + y)"), ("2/(x (1 + (y/x)^2))", "2x/(x^2 + y^2)"), ("1/(1 + 1/x)", "1/(1 + 1/x)"),
    ("sqrt(x + y) + x/sqrt(x + y)", "(2x + y)/sqrt(x + y)"), ("1/(x - 5) - 1/(x + 5)", "10/((x - 5) (x + 5))"),
    ("3(x - 1) + 2(x + 1)", "5x - 1"), ("x (y + 1) - x y", "x"), ("x (y + 1) + z", "x (y + 1) + z"),
    ("sin(x)^2 + y + cos(x)^2", "1 + y"), ("y - y cos(x)^2", "y sin(x)^2"), ("1 + tan(x)^2", "1 + tan(x)^2"),
    ("2 sin(x)^2 + cos(x)^2", "2 sin(x)^2 + cos(x)^2"), ("sin(x)^2 + cos(y)^2", "sin(x)^2 + cos(y)^2"),
    ("sin(x)/cos(x)", "tan(x)"), ("sin(x)/cos(x)^2", "sin(x)/cos(x)^2"), ("sinh(x)/cosh(x)", "tanh(x)"),
    ("sqrt(x^2)", "|x|"), ("|x|^2", "x^2"), ("x^2 sign(x)", "x |x|"), ("sign(x)/|x|", "1/x"),
    ("x/sign(x)", "x/sign(x)"), ("sign(x) |y|", "sign(x) |y|"), ("1/((1 - x)(1 + x))", "1/(1 - x^2)"),
    ("(1 - x)(1 + x)", "(1 - x) (1 + x)"), ("sqrt((1 - x)(1 + x))", "sqrt(1 - x^2)"),
    ("sqrt((1 - x)(2 + x))", "sqrt((1 - x) (2 + x))"),
    ("(x - y)(x + y)", "(x - y) (x + y)"),
    ("ln(x^2)", "ln(x^2)"), ("(x^2)^3", "x^6"), ("(x^2)^(1/2)", "(x^2)^(1/2)"), ("(x^0.5)^4", "x^2"),
    ("(e^x)^2", "e^(2x)"), ("(3x + 2)^2", "(3x + 2)^2"), ("sin(x + y) (y + x)", "sin(x + y) (x + y)"),
    ("sin(x y) + y x", "sin(x y) + x y"), ("sin(x) y", "y sin(x)"),
    ("(3x)^2", "9x^2"), ("(-x y)^3", "-x^3 y^3"), ("(3x)^9", "(3x)^9"), ("(0.1x)^12", "(0.1x)^12"),
    ("(x/2)^2", "x^2/4"),
    ("(x/y)^2", "(x/y)^2"), ("(x/y)^2 y", "x^2/y"), ("(x sin(y))^2/sin(y)", "x^2 sin(y)"), ("2x^(-1/3)", "2/x^(1/3)"),
    ("(x^2 + 2x)/(y + x)", "x (x + 2)/(y + x)"), ("(4x + 6y)/(2x + 1)", "2(2x + 3y)/(2x + 1)"),
    ("4/(2 + 2x^2)", "2/(1 + x^2)"), ("(x y + x z) sin(y)", "x (y + z) sin(y)"), ("(x - y)/(y - x)^2", "-1/(y - x)"),
    ("x/sin(y) (x - y)^3 (y - x)", "-x (y - x)^4/sin(y)"), ("1/(2(1 + (x/2)^2))", "2/(4 + x^2)"),
    ("(1 - x/2)/4", "(2 - x)/8"), ("1/(3 sqrt(1 - x^2/9))", "1/sqrt(9 - x^2)"), ("(1 + x/y)/(x + y)", "1/y"),
    ("(x/(1 + x^2) - atan(x))/x^2", "(x/(1 + x^2) - arctan(x))/x^2"), ("1/cos(x) + x", "1/cos(x) + x"),
    ("tan(x) + 1/cos(x)", "(sin(x) + 1)/cos(x)"), ("(1 + tan(x)^2)/tan(x)^2", "1/sin(x)^2"),
    ("(1 + tan(x)^2) cos(y)", "(1 + tan(x)^2) cos(y)"), ("cosh(x)^2 - sinh(x)^2", "1"), ("1 + sinh(x)^2", "cosh(x)^2"),
    ("x cosh(x)^2 - x", "x sinh(x)^2"), ("x + 2(y - z)", "x + 2y - 2z"), ("e^(y ln(x))", "x^y"),
    ("sqrt(2) x sqrt(3)", "sqrt(6) x"), ("x/(sqrt(2) sqrt(pi))", "x/sqrt(2pi)"), ("1/(x sqrt(x))", "1/x^(3/2)"),
    ("1/(x cbrt(x))", "1/(x cbrt(x))"), ("3 x^3*3^pi", "3*3^pi x^3"), ("(1 + x) e^x", "e^x (1 + x)"),
    ("(1 + x) exp(-(x - 1)^2/2)", "(1 + x) exp(-(x - 1)^2/2)"), ("x + x^2 + 3 - 2x", "x^2 - x + 3"),
    ("sigmoid(y) sigmoid(x)", "sigmoid(y) sigmoid(x)"), ("sigmoid(-y) sigmoid(x)", "sigmoid(-y) sigmoid(x)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "want"), FORMS, ids=[text for text, _ in FORMS])
def test_a_formula_in_the_form_of_a_textbook(text: str, want: str) -> None:
    graph = parse(text)
    shown = verify(simplify(graph, for_view=True))
    assert formula_text(shown) == want
    at = [0.7, 1.3, 2.1][: len(graph.inputs)]
    np.testing.assert_allclose(evaluate(shown, *at)[0], evaluate(graph, *at)[0], rtol=1e-14)


def test_powers_of_complex_products_stay() -> None:
    x = Node(None, (), {"name": "x"}, (), np.dtype(complex), "x")
    graph = Graph((x,), (F.square(F.multiply(3.0, x)),))
    assert formula_text(simplify(graph, for_view=True)) == "(3x)^2"


def test_what_the_author_wrote_keeps_its_order() -> None:
    author = parse("(2 - x^2) cos(b a x) + 1")
    x = author.inputs[0]
    made = Graph(author.inputs, (F.negative(F.multiply(F.subtract(2.0, F.square(x)), F.sin(x))),))
    assert formula_text(simplify(made, for_view=True)) == "-(2 - x^2) sin(x)"
    assert formula_text(simplify(made, for_view=True, author=author)) == "-(2 - x^2) sin(x)"
    assert formula_text(simplify(made, for_view=True, author=parse("x"))) == "(x^2 - 2) sin(x)"


def test_roots_of_conjugates_are_one_root() -> None:
    graph = parse("sqrt(x - 1) sqrt(x + 1)")
    shown = simplify(graph, for_view=True)
    assert formula_text(shown) == "sqrt(x^2 - 1)"
    np.testing.assert_allclose(evaluate(shown, 1.7)[0], evaluate(graph, 1.7)[0], rtol=1e-14)


@pytest.mark.parametrize("text", ["x/0", "x y/(0x)", "2x/(3y*0)", "1e200^2/x"])
def test_a_division_by_zero_is_left_for_evaluation(text: str) -> None:
    assert "/" in formula_text(simplify(parse(text), for_view=True))


def test_products_of_many_sums_are_not_multiplied_out() -> None:
    text = " ".join(f"(x + y^{i} + {i} + z^{i})" for i in range(1, 4)) + " - x"
    assert formula_text(simplify(parse(text), for_view=True)).count("(") == 3


def test_a_large_part_that_is_used_twice_is_left_whole() -> None:
    x = Node(None, (), {"name": "x"}, (), np.dtype(float), "x")
    factors = [F.sin(F.multiply(float(i), x)) for i in range(2, 14)]
    shared = factors[0]
    for factor in factors[1:]:
        shared = F.multiply(shared, factor)
    graph = Graph((x,), (F.add(F.multiply(shared, 2.0), F.exp(shared)),))
    shown = verify(simplify(graph, for_view=True))
    assert len(shown) <= len(graph)
    np.testing.assert_allclose(evaluate(shown, 0.4)[0], evaluate(graph, 0.4)[0], rtol=1e-14)


def test_nothing_is_left_of_an_array_less_itself() -> None:
    x = Node(None, (), {"name": "x"}, (3,), np.dtype(float), "x")
    shown = verify(simplify(Graph((x,), (F.subtract(x, F.multiply(1.0, x)),)), for_view=True))
    np.testing.assert_array_equal(evaluate(shown, np.arange(3.0))[0], np.zeros(3))


def long_sum(x: Node, count: int) -> Node:
    total = x
    for i in range(1, count):
        term = F.power(x, float(i % 9)) if i % 2 else F.sin(F.multiply(float(i), x))
        total = F.add(total, F.multiply(float(i), term)) if i % 3 else F.subtract(total, term)
    return total


def nest(x: Node, count: int) -> Node:
    for _ in range(count):
        x = F.sin(F.add(F.square(x), 1.0))
    return x


def long_product(x: Node, count: int) -> Node:
    total = x
    for i in range(1, count):
        total = F.multiply(total, F.add(F.sin(F.multiply(float(i), x)), float(i)))
    return total


LARGE = [(long_sum, 1000), (nest, 200), (long_product, 100)]


@pytest.mark.no_cover  # measuring coverage takes time of its own
@pytest.mark.parametrize(("make", "count"), LARGE, ids=["a sum", "a nest", "a product"])
@pytest.mark.parametrize("of", ["the formula", "its derivative"])
def test_large_formulas_take_linear_time_and_stay_small(make: Callable[..., Node], count: int, of: str) -> None:
    seconds = []
    for size in (count, 4 * count):
        x = Node(None, (), {"name": "x"}, (), np.dtype(float), "x")
        graph = Graph((x,), (make(x, size),))
        graph = graph if of == "the formula" else reverse(graph)
        gc.collect()
        gc.freeze()  # or the collector goes through what all tests before this one have left, again and again
        start = time.process_time()
        shown = verify(simplify(graph, for_view=True))
        seconds.append(time.process_time() - start)
        gc.unfreeze()
        assert len(shown) <= 1.2 * len(graph)
    assert seconds[1] < 10 * seconds[0] + 0.2
    assert seconds[0] < 3


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


def test_a_declared_size_has_its_letter() -> None:
    x = Node(None, (), {"name": "X", "sizes": ("m", "")}, (4, 3), np.dtype(float), "X")
    graph = Graph((x,), (F.multiply(F.size(x, axis=(0,)), F.size(x, axis=(1,))),))
    assert formula_text(simplify(graph, for_view=True)) == "m N"


def test_complex_numbers_are_left_as_they_are() -> None:
    x = Node(None, (), {"name": "x"}, (), np.dtype(float), "x")
    graph = Graph((x,), (F.multiply(F.multiply(x, 1 + 2j), F.multiply(F.ones_like(x), 2 - 1j)),))
    shown = verify(simplify(graph, for_view=True))
    assert evaluate(shown, 3.0)[0] == 3.0 * (1 + 2j) * (2 - 1j)
