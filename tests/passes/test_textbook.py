"""Textbook derivatives: right by SymPy and by their answers, and written about as short as SymPy's."""

from __future__ import annotations

import statistics
import zlib
from collections import Counter
from typing import Any

import numpy as np
import pytest
import sympy
from sympy_twin import expression
from textbook import RULES, Row, depth_of, rules_of, written_operations

from chainrule.core.graph import Graph, constant
from chainrule.core.verify import verify
from chainrule.passes.evaluate import evaluate
from chainrule.passes.forward import forward
from chainrule.passes.reverse import reverse
from chainrule.passes.simplify import rewrite_steps, simplify
from chainrule.read.formula import parse
from chainrule.views.text import formula_text

ROWS = Row.read()
each_row = pytest.mark.parametrize("row", ROWS, ids=str)
POINTS = 60
WITHIN = 8  # how many points in the domain a row has at least


def derivative(row: Row) -> Graph:
    graph = row.graph()
    return reverse(graph, [node for node in graph.inputs if node.name == row.variable])


def points(row: Row, count: int) -> Any:
    """Points around 0, and as many closer to it and positive, where logarithms and roots are defined."""
    rng = np.random.default_rng(zlib.crc32(str(row).encode()))
    return np.concatenate([rng.uniform(-3, 3, (POINTS // 2, count)), rng.uniform(0, 1.6, (POINTS // 2, count))])


def test_the_table_covers_every_rule() -> None:
    assert len(ROWS) >= 300
    assert len({(row.formula, row.variable) for row in ROWS}) == len(ROWS)
    count = Counter(rule for row in ROWS for rule in row.rules)
    assert {rule for rule in RULES if count[rule] < 15} == set()
    assert sum(row.depth >= 3 for row in ROWS) >= 60
    assert sum(row.variables > 1 for row in ROWS) >= 30


@each_row
def test_a_row_says_what_it_exercises(row: Row) -> None:
    graph = row.graph()
    assert (row.rules, row.depth) == (rules_of(graph, row.variable), depth_of(graph, row.variable))
    assert row.variables == len(graph.inputs)


@each_row
def test_the_answer_is_the_derivative(row: Row) -> None:
    graph, taken = row.graph(), derivative(row)
    names = [node.name for node in graph.inputs]
    answer, shown = parse(row.answer, names), verify(simplify(taken, for_view=True))
    symbols = [sympy.Symbol(name, real=True) for name in names]
    slope = sympy.diff(expression(graph), sympy.Symbol(row.variable, real=True))
    oracle = sympy.lambdify(symbols, slope, modules=["scipy", "numpy"])
    within = 0
    with np.errstate(all="ignore"):
        for point in points(row, len(names)):
            if not (np.isfinite(evaluate(graph, *point)[0]) and np.isfinite(evaluate(taken, *point)[0])):
                continue
            want = float(oracle(*point))
            if np.isnan(want):  # SymPy's root of a negative number is complex
                continue
            within += 1
            got = [evaluate(each, *point)[0] for each in (taken, answer, shown)]
            np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-9)
    assert within >= WITHIN


@each_row
def test_simplifying_again_changes_nothing(row: Row) -> None:
    shown = simplify(derivative(row), for_view=True)
    assert formula_text(simplify(shown, for_view=True)) == formula_text(shown)


@each_row
def test_each_step_of_simplifying_keeps_the_value(row: Row) -> None:
    graph = row.graph()
    variable = [node for node in graph.inputs if node.name == row.variable]
    taken = Graph(graph.inputs, forward(graph, variable, [constant(np.float64(1.0))]).outputs)
    steps = rewrite_steps(taken)
    point = next(p for p in points(row, len(graph.inputs)) if _is_inside(graph, taken, p))
    want = evaluate(taken, *point)[0]
    for step in steps:
        for whole in (step.before, step.after):
            np.testing.assert_allclose(evaluate(Graph(graph.inputs, (whole,)), *point)[0], want, rtol=1e-9, atol=1e-12)
    last = simplify(taken, for_view=True)
    assert not steps or formula_text(steps[-1].after) == formula_text(last)


def _is_inside(graph: Graph, taken: Graph, point: Any) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.isfinite(evaluate(graph, *point)[0]) and np.isfinite(evaluate(taken, *point)[0]))


def test_results_are_about_as_short_as_those_of_sympy() -> None:
    ratios = [
        written_operations(simplify(derivative(row), for_view=True)) / max(row.sympy_operations, 1) for row in ROWS
    ]
    assert statistics.median(ratios) <= 1.0
    assert statistics.quantiles(ratios, n=20)[-1] <= 1.5  # nineteen in twenty


@pytest.mark.parametrize("row", ROWS[::23], ids=str)
def test_the_operations_of_sympy_are_as_recorded(row: Row) -> None:
    slope = sympy.diff(expression(row.graph()), sympy.Symbol(row.variable, real=True))
    assert sympy.simplify(slope).count_ops() == row.sympy_operations
