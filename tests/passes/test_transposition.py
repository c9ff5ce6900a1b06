"""Identities of matrix calculus, and moving what multiplies dx to the left with them."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.core.graph import Graph, Node
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.passes.agreement import Verifier
from chainrule.passes.differentials import change_of, differentials, rule_in_letters
from chainrule.passes.identities import IDENTITIES, sides
from chainrule.passes.reverse import reverse
from chainrule.passes.simplify import rewrite
from chainrule.passes.stepwise import replaced
from chainrule.passes.transposition import gradient_moves
from chainrule.read.formula import parse
from chainrule.views.text import formula_text


@pytest.mark.parametrize("name", IDENTITIES)
def test_both_sides_of_an_identity_are_equal(name: str) -> None:
    identity = IDENTITIES[name]
    left = parse(identity.statement.split(" = ")[0], shapes=identity.shapes)
    right = parse(identity.statement.split(" = ")[1], shapes=identity.shapes)
    letters = {node.name: node for node in left.inputs}
    term = replaced(right.outputs[0], {node: letters[node.name] for node in right.inputs if node.name in letters})
    assert Verifier(left).equal(left.outputs[0], term).digits == 30
    assert [side.shape for side in sides(identity)] == [left.outputs[0].shape] * 2


def moved(graph: Graph, x: Node) -> tuple[list[tuple[Rule, str]], Node]:
    """The moves with the lines that they give, each verified, and the gradient."""
    steps = list(differentials(graph.outputs[0], change_of(x)))
    line = replaced(steps[0].before, {step.before: step.after for step in steps})
    dx = next(node for node in [line, *_below(line)] if node.primitive is not None and node.primitive.name == "D")
    verifier = Verifier(graph)
    found, gradient = [], None
    for move in gradient_moves(line, dx, graph.inputs):
        verifier.equal(line, move.after)
        line, gradient = move.after, move.gradient
        found.append((move.rule, formula_text(line)))
    assert gradient is not None
    verifier.equal(gradient, reverse(graph, [x]).outputs[0])
    return found, gradient


def _below(node: Node) -> list[Node]:
    return [inner for operand in node.operands for inner in (operand, *_below(operand))]


# Formulas whose operations have no identity of their own, or meet in a way that the worked examples do not have.
GENERAL = [
    ("sum(A*X^T)", "X", "A: m n, X: n m"),
    ("tr(inv(X) A)", "X", "X: n n, A: n n"),
    ("det(X)", "X", "X: n n"),
    ("||x||", "x", "x: n"),
    ("var(x)", "x", "x: n"),
    ("max(x)", "x", "x: n"),
    ("sum(softmax(A x)*b)", "x", "A: m n, x: n, b: m"),
    ("sum((A x)/(1 + x^T x))", "x", "A: m n, x: n"),
    ("sum(x) ||x||^2/2", "x", "x: n"),
    ("a^T X^T X b", "X", "X: m n, a: n, b: n"),
    ("sum((X + b)^2)", "b", "X: m n, b: n"),
    ("mean(X)", "X", "X: m n"),
    ("sum(exp(x)*x)", "x", "x: n"),
    ("sum(1/(1 + x^2))", "x", "x: n"),
    ("sum(X X^T A)", "X", "X: m n, A: m m"),
    ("tr(A) c", "A", "A: n n"),
    ("c tr(A) + tr(A A)", "A", "A: n n"),
    ("x^T x + 3 x^T A^T x", "x", "A: n n, x: n"),
    ("sum(max(x, y)^2)", "x", "x: n, y: n"),
    ("sum(y/0.5) + sum(x)/c", "x", "x: n, y: n"),
]


@pytest.mark.parametrize(("formula", "x", "shapes"), GENERAL)
def test_any_function_of_arrays_is_derived(formula: str, x: str, shapes: str) -> None:
    graph = rewrite(parse(formula, shapes=shapes), ())
    (by,) = [node for node in graph.inputs if node.name == x]
    moved(graph, by)


def test_stacks_of_matrices_are_multiplied_by_component() -> None:
    shapes = {"x": (2, 3, 4), "w": (4, 2)}
    x, w = (Node(None, (), {"name": name}, shape, np.dtype(float), name) for name, shape in shapes.items())
    F = building
    graph = rewrite(Graph((x, w), (F.sum(F.square(F.matmul(x, w)), axis=(0, 1, 2), keepdims=False),)), ())
    found, gradient = moved(graph, w)
    assert gradient.shape == (4, 2)
    found, gradient = moved(graph, x)
    assert found[-1][1].startswith("2 sum(")


def test_the_rule_of_an_operation_in_letters() -> None:
    graph = parse("sum(ln(x^2)*y)", shapes="x: n, y: n")
    written = []
    for step in differentials(graph.outputs[0], change_of(graph.inputs[0])):
        both = rule_in_letters(step)
        written.append(None if both is None else " = ".join(map(formula_text, both)))
    assert written == [None, "d(u c) = du c", "d(ln(u)) = (1/u) du", "d(u^2) = 2u du"]
