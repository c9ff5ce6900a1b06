"""One rule at a time: every rule agrees with its entry, and all steps together with the reverse pass."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from samples import samples_of

from chainrule.core.derivative import Constant
from chainrule.core.graph import Graph, Node
from chainrule.core.pending import is_pending, pending
from chainrule.core.primitive import Primitive
from chainrule.core.record import Record
from chainrule.core.registry import evaluating, primitives
from chainrule.core.rule import Rule
from chainrule.core.shapes import elementwise
from chainrule.errors import GraphError
from chainrule.ops import rules
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.passes.stepwise import Application, applications, replaced
from chainrule.read.formula import parse
from chainrule.views.text import formula_text

SCALAR = [p for p in primitives().values() if p.shape is elementwise and not isinstance(p.derivative, Constant)]


def derived(text: str, by: str = "x") -> tuple[Graph, list[Application], Node]:
    graph = parse(text)
    x = next(node for node in graph.inputs if node.name == by)
    steps = list(applications(graph.outputs[0], x))
    return graph, steps, replaced(steps[0].before, {step.before: step.after for step in steps})


def scalar_samples() -> list[Any]:
    cases = []
    for primitive in SCALAR:
        sample = next((s for s in samples_of(primitive) if all(np.asarray(v).dtype == float for v in s.values())), None)
        sample = sample or next(iter(samples_of(primitive)))
        values = [np.asarray(v).ravel()[:1] for v in sample.operands]
        count = len(values)
        for active in itertools.product([False, True], repeat=count):
            if any(active) and all(v.dtype.kind == "f" or not a for v, a in zip(values, active, strict=True)):
                numbers = [v[0] for v in values]
                name = f"{primitive.name}{active}"
                cases.append(pytest.param(primitive, numbers, sample.parameters, active, id=name))
    return cases


@pytest.mark.parametrize(("primitive", "numbers", "parameters", "active"), scalar_samples())
def test_what_a_rule_says_is_what_the_entry_computes(
    primitive: Primitive, numbers: list[Any], parameters: dict[str, Any], active: tuple[bool, ...]
) -> None:
    """u, v as functions of x with derivatives 0.7, -1.3, ... against the tangents of forward mode."""
    letters = [Node(None, (), {"name": f"u{i}"}, (), np.asarray(v).dtype, f"u{i}") for i, v in enumerate(numbers)]
    x = Node(None, (), {"name": "x"}, (), np.dtype(float), "x")
    slopes = [0.7, -1.3, 0.4][: len(numbers)]
    # u + 0 x has the value of u and depends on x; its D is put in by hand.
    moving = [letter + 0.0 * x if a else letter for letter, a in zip(letters, active, strict=True)]
    term = primitive_node(primitive, moving, parameters)
    steps = applications(term, x)
    step = next(steps)
    if step.after.primitive is not None and step.rule is rules.AS_POWER:
        step = next(steps) if np.isfinite(numbers[0]) else step
    given: dict[Node, Node] = {}
    for node in Graph((x, *letters), (step.after,)).nodes:
        if is_pending(node):
            assert node.operands[0] in moving or node.operands[0].primitive is not None
            i = next((i for i, m in enumerate(moving) if m is node.operands[0]), None)
            if i is None:
                pytest.skip("a rule that rewrites the term before it derives it: checked as a derivation")
            given[node] = parse(repr(slopes[i] if active[i] else 0.0)).outputs[0]
    after = replaced(step.after, given)
    values = [primal * 1 for primal in numbers]
    got = evaluate(Graph((x, *letters), (after,)), 0.0, *values)[0]
    record = Record(primitive, [None] * len(values), values, primitive(*values, **parameters), parameters)
    tangents = [np.float64(slope) if a else None for slope, a in zip(slopes, active, strict=True)]
    want = primitive.derivative.push(evaluating, record, tangents)
    np.testing.assert_allclose(got, 0.0 if want is None else want, rtol=1e-12, atol=1e-14)


def primitive_node(primitive: Primitive, operands: list[Node], parameters: dict[str, Any]) -> Node:
    shape, dtype = primitive.infer(operands, parameters)
    return Node(primitive, tuple(operands), parameters, shape, dtype)


FORMULAS = [
    "x^2 exp(x)", "3x^2 + 5x - 7", "(3x + 2)^2", "1/(1 + exp(-x))", "x^2 y + 3y^2", "sin(x)/x", "x^x", "5/x^2",
    "ln(sin(x^2 + 1))", "2^(3x)", "sqrt(1 + x^2)", "x^y y^x", "max(x, y x^2)", "arctan(x/y)", "|x - y|", "7/(3x)",
    "x^-3", "erf(x^2)", "tanh(3x - 1)", "x", "y", "e^(x y)", "sqrt(x)/ln(x + 1)", "1/x + 1/(2x + 1)^3",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_all_steps_together_give_the_derivative(text: str) -> None:
    graph = parse(text, "x, y")
    x = graph.inputs[0]
    steps = list(applications(graph.outputs[0], x))
    result = replaced(steps[0].before, {step.before: step.after for step in steps})
    assert not any(is_pending(node) for node in Graph(graph.inputs, (result,)).nodes)
    point = (0.83, 1.7)
    want = evaluate(reverse(graph, [x]), *point)[0]
    np.testing.assert_allclose(evaluate(Graph(graph.inputs, (result,)), *point)[0], want, rtol=1e-13)


def test_a_term_that_occurs_again_is_derived_once() -> None:
    graph = parse("x")
    (x,) = graph.inputs
    wave = parse("sin(x^2)", "x")
    u = replaced(wave.outputs[0], {wave.inputs[0]: x})
    steps = list(applications(u * u + u, x))
    assert [step.rule.name for step in steps].count("derivative of the sine") == 1


def test_the_chain_rule_names_the_inner_function() -> None:
    _, steps, _ = derived("(3x + 2)^2")
    chain = steps[0].chain
    assert chain is not None
    assert [formula_text(node) for node in (chain.inner, chain.outer, chain.derivative)] == ["3x + 2", "u^2", "2u"]
    assert formula_text(steps[1].after) == "3"


def test_letters_say_what_was_substituted() -> None:
    _, steps, _ = derived("x^2 sin(x)")
    assert [(letter, formula_text(node)) for letter, node in steps[0].letters] == [("u", "x^2"), ("v", "sin(x)")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("c", ["constant rule"]), ("x", ["derivative of the variable"]), ("c x", ["constant factor rule"]),
        ("x c", ["constant factor rule"]), ("x/c", ["constant factor rule"]), ("-x", ["constant factor rule"]),
        ("c/x", ["a quotient as a power", "constant factor rule", "power rule"]), ("x^c", ["power rule"]),
        ("c^x", ["derivative of the exponential to a base"]), ("x^x", ["general power rule"]),
        ("floor(x)", ["piecewise constant"]), ("x^0", ["power rule"]), ("x^1", ["power rule"]),
    ],
)  # fmt: skip
def test_the_rule_follows_what_depends_on_the_variable(text: str, names: list[str]) -> None:
    graph = parse(text, "x, c")
    found = [step.rule.name for step in applications(graph.outputs[0], graph.inputs[0])]
    assert found[: len(names)] == names


def test_a_unit_in_an_inner_function_is_a_slope() -> None:
    x = Node(None, (), {"name": "x"}, (), np.dtype(float), "x")
    angle = primitive_node(primitives()["deg2rad"], [x], {})
    steps = list(applications(evaluating_free_sin(angle), x))
    assert steps[1].rule is rules.LINEAR_FUNCTION
    assert evaluate(Graph((x,), (steps[1].after,)), 1.0)[0] == pytest.approx(np.pi / 180, rel=1e-15)


def test_a_derivative_that_is_not_taken_has_no_value() -> None:
    graph = parse("x^2")
    with pytest.raises(GraphError, match="not been taken"):
        evaluate(Graph(graph.inputs, (pending(graph.outputs[0], graph.inputs[0]),)), 1.0)


def test_a_deep_nest_needs_no_recursion_and_linear_work() -> None:
    x = Node(None, (), {"name": "x"}, (), np.dtype(float), "x")
    term = x
    for _ in range(3000):
        term = evaluating_free_sin(term)
    steps = list(applications(term, x))
    assert len(steps) == 3000
    assert isinstance(steps[0].rule, Rule)


def evaluating_free_sin(node: Node) -> Node:
    return primitive_node(primitives()["sin"], [node], {})
