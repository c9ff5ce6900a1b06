"""Simplifying: every rule of both tables on its declared domain, whole derivatives, and linear time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from samples import Sample, all_samples

import chainrule.read
from chainrule.core.graph import Graph, Node
from chainrule.core.registry import building
from chainrule.core.verify import verify
from chainrule.passes.economy import ECONOMY
from chainrule.passes.evaluate import evaluate
from chainrule.passes.precise import Precise
from chainrule.passes.reverse import reverse
from chainrule.passes.rewrites import Rewrite
from chainrule.passes.simplify import FOR_RUNNING, FOR_VIEW, rewrite, simplify, simplify_to_run
from chainrule.read.formula import parse
from chainrule.read.trace import trace
from chainrule.views.text import formula_text

F = building
assert chainrule.read  # importing it enters the answers to NumPy's functions
RULES = list(dict.fromkeys((*FOR_RUNNING, *FOR_VIEW)))
each_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.statement for rule in RULES])


def example_of(rule: Rewrite) -> Graph:
    inputs = [
        Node(None, (), {"name": name}, shape, np.dtype(float), name)
        for name, shape in zip("xyzt", rule.operands, strict=False)
    ]
    return Graph(tuple(inputs), (rule.example(F, *inputs),), name=rule.statement)


def drawn(rule: Rewrite, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    low, high = max(rule.domain.low, -3.0), min(rule.domain.high, 3.0)
    return [rng.uniform(low, high, shape)[()] for shape in rule.operands]


@each_rule
def test_a_rule_applies_to_its_example_and_holds_on_its_domain(rule: Rewrite) -> None:
    graph = verify(example_of(rule))
    simpler = verify(rewrite(graph, [rule], author=Graph(graph.inputs, ())))
    assert simpler.outputs[0] is not graph.outputs[0]
    for seed in range(20):
        values = drawn(rule, seed)
        np.testing.assert_allclose(evaluate(simpler, *values)[0], evaluate(graph, *values)[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", FOR_VIEW, ids=[f"{rule.name}: {rule.statement}" for rule in FOR_VIEW])
def test_a_rule_for_reading_holds_to_thirty_digits(rule: Rewrite) -> None:
    graph = example_of(rule)
    (new,) = rewrite(graph, [rule], author=Graph(graph.inputs, ())).outputs
    # Away from zeros: to zero digits no number is exact.
    values = [[np.where(np.abs(x) < 0.1, 0.5, x)[()] for x in drawn(rule, seed)] for seed in range(5)]
    precise = Precise(graph.inputs, values, digits=32)
    for i in range(len(values)):
        differences = np.asarray(precise.value(new, i) - precise.value(graph.outputs[0], i))
        size = np.max(np.abs(np.asarray(precise.value(new, i)))) + 1
        assert np.all(np.abs(differences) <= 1e-30 * size)


@each_rule
def test_rules_have_short_names(rule: Rewrite) -> None:
    assert 0 < len(rule.name) <= 30
    assert rule.name != rule.statement


@each_rule
def test_a_rule_keeps_values_within_the_whole_table(rule: Rewrite) -> None:
    graph = example_of(rule)
    for simpler in (simplify(graph), simplify_to_run(graph)[0], simplify(graph, for_view=True)):
        verify(simpler)
        values = drawn(rule, 3)
        np.testing.assert_allclose(evaluate(simpler, *values)[0], evaluate(graph, *values)[0], rtol=1e-12, atol=1e-14)


each_running_rule = pytest.mark.parametrize("rule", FOR_RUNNING, ids=[rule.statement for rule in FOR_RUNNING])


def at_special(rule: Rewrite, simpler: Graph, special: float) -> tuple[Any, Any]:
    values = [np.full(shape, special)[()] for shape in rule.operands]
    with np.errstate(all="ignore"):
        return evaluate(simpler, *values)[0], evaluate(example_of(rule), *values)[0]


@each_running_rule
def test_rules_for_what_is_run_keep_nan_and_infinity(rule: Rewrite) -> None:
    simpler = rewrite(example_of(rule), [rule])
    for special in (np.nan, np.inf, -np.inf, 0.0, -0.0):
        got, want = at_special(rule, simpler, special)
        np.testing.assert_array_equal(got, want)  # 0.0 equals -0.0: the sign of a zero is what may change


@each_running_rule
def test_rules_for_what_is_run_overflow_no_sooner(rule: Rewrite) -> None:
    graph = example_of(rule)
    simpler = rewrite(graph, [rule])
    for special in (1e308, -1e308, 5e-324):
        got, want = (np.asarray(x).ravel() for x in at_special(rule, simpler, special))
        lost = ~np.isclose(got, want, rtol=4e-16, atol=0, equal_nan=True)
        assert rule in ECONOMY or not lost.any()
        if lost.any():  # what the left side has lost on the way, the right side has
            values = [[np.full(shape, special)[()] for shape in rule.operands]]
            exact = np.asarray(Precise(graph.inputs, values, digits=32).value(graph.outputs[0], 0)).ravel()
            np.testing.assert_allclose(got[lost], exact[lost].astype(float), rtol=4e-16)


# Each derivative with the form that a textbook gives it.
DERIVATIVES = [
    ("x^2", "2x"), ("x^3", "3x^2"), ("x^2 exp(x)", "e^x (x^2 + 2x)"), ("(3x+2)^2", "6(3x + 2)"),
    ("sin x cos x", "cos(x)^2 - sin(x)^2"), ("sigmoid(x)", "sigmoid(x) (1 - sigmoid(x))"), ("x^2 y + 3y^2", "2x y"),
    ("x/y", "1/y"), ("sqrt(x)", "1/(2 sqrt(x))"), ("sqrt(x^2+1)", "x/sqrt(x^2 + 1)"), ("ln x", "1/x"),
    ("ln(x^2+1)", "2x/(x^2 + 1)"), ("1/x^2", "-2/x^3"), ("x exp(-x^2)", "e^(-x^2) (1 - 2x^2)"),
    ("sin(x)^3", "3 sin(x)^2 cos(x)"), ("x x x", "3x^2"), ("e^(2x)", "2e^(2x)"), ("sin^2 x + cos^2 x", "0"),
    ("cos(x)/x", "-(cos(x) + x sin(x))/x^2"), ("x^-2", "-2x^(-3)"), ("1/(1+e^-x)", "e^(-x)/(1 + e^(-x))^2"),
    ("2^x", "2^x log(2)"), ("|x|", "sign(x)"), ("softplus(x)", "sigmoid(x)"), ("7", "0"), ("x", "1"),
    ("(2x+1)/(3x)", "-1/(3x^2)"), ("-(-x)", "1"), ("x - x", "0"), ("x + x + x", "3"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "want"), DERIVATIVES, ids=[text for text, _ in DERIVATIVES])
def test_derivatives_in_the_form_of_a_textbook(text: str, want: str) -> None:
    graph = parse(text, "x")
    derivative = reverse(graph, [graph.inputs[0]])
    shown = verify(simplify(derivative, for_view=True))
    assert formula_text(shown) == want.replace("log(2)", formula_text(parse("ln(2)")))
    at = [0.7, 1.3][: len(graph.inputs)]
    np.testing.assert_allclose(evaluate(shown, *at)[0], evaluate(derivative, *at)[0], rtol=1e-12, atol=1e-15)
    again = simplify(shown, for_view=True)
    assert formula_text(again) == formula_text(shown)
    assert len(again) == len(shown)


rng = np.random.default_rng(0)
DATA = {"w": rng.normal(size=2), "b": np.float64(0.3), "X": rng.normal(size=(20, 2)), "y": rng.normal(size=20)}
LOSSES: list[tuple[Callable[..., Any], str, str]] = [
    (lambda w, b, X, y: np.mean((y - X @ w) ** 2), "w", "-(2/N) X^T (y - X w)"),
    (lambda w, b, X, y: np.mean((X @ w - y) ** 2), "w", "(2/N) X^T (X w - y)"),
    (lambda w, b, X, y: np.mean((y - (X @ w + b)) ** 2), "b", "-(2/N) sum(y - (X w + b))"),
    (lambda w, b, X, y: 0.5 * np.sum((y - X @ w) ** 2), "w", "-X^T (y - X w)"),
    (lambda w, b, X, y: np.mean((y - X @ w) ** 2) + 0.1 * np.sum(w**2), "w", "0.2w - (2/N) X^T (y - X w)"),
    (lambda w, b, X, y: (y - X @ w) @ (y - X @ w), "w", "-2X^T (y - X w)"),
    (lambda w, b, X, y: np.sum(w * w), "w", "2w"),
    (lambda w, b, X, y: w @ (X.T @ X) @ w, "w", None),
    (lambda w, b, X, y: -np.mean(y * np.log(1 / (1 + np.exp(-X @ w)))), "w", None),
]


@pytest.mark.parametrize(("loss", "wrt", "want"), LOSSES, ids=[str(want) for _, _, want in LOSSES])
def test_the_backward_pass_is_the_result_of_matrix_calculus(
    loss: Callable[..., Any], wrt: str, want: str | None
) -> None:
    values = list(DATA.values())
    graph, _ = trace(loss, values, list(DATA), "loss")
    gradient = reverse(graph, [graph.inputs[list(DATA).index(wrt)]])
    expected = evaluate(gradient, *values)[0]
    shown, shorter = verify(simplify(gradient, for_view=True)), verify(simplify(gradient))
    assert len(shorter) <= len(gradient)
    for simpler in (shown, shorter):
        np.testing.assert_allclose(evaluate(simpler, *values)[0], expected, rtol=1e-12)
    if want is not None:
        assert formula_text(shown) == want


@pytest.mark.parametrize("sample", [sample for sample in all_samples() if sample.active], ids=str)
@pytest.mark.parametrize("for_view", [False, True])
def test_the_gradient_of_every_primitive_keeps_its_values(sample: Sample, for_view: bool) -> None:
    names = [f"x{i}" for i in sample.active]
    graph, _ = trace(sample.call, sample.values(), names, sample.primitive.name)
    (out,) = graph.outputs
    gradient = reverse(graph, seed=Node(None, (), {"name": "g"}, out.shape, out.dtype, "g"))
    values = [*sample.values(), np.random.default_rng(1).normal(size=out.shape).astype(out.dtype)[()]]
    simpler = verify(simplify(gradient, for_view))
    for got, want in zip(evaluate(simpler, *values), evaluate(gradient, *values), strict=True):
        assert np.shape(got) == np.shape(want)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    assert formula_text(simplify(simpler, for_view)) == formula_text(simpler)


def test_without_for_view_it_serves_any_number_of_rows() -> None:
    loss = LOSSES[0][0]
    graph, _ = trace(loss, list(DATA.values()), list(DATA), "loss")
    gradient = simplify(reverse(graph, [graph.inputs[0]]))
    w, X, y = DATA["w"], np.ones((7, 2)), np.arange(7.0)
    np.testing.assert_allclose(evaluate(gradient, w, 0.0, X, y)[0], -2 / 7 * X.T @ (y - X @ w), rtol=1e-13)


def test_equal_parts_are_shared_and_names_stay() -> None:
    def f(x: Any) -> Any:
        inner = np.sin(x) + 1.0
        return inner * np.exp(1.0 + np.sin(x))

    graph, _ = trace(f, [np.float64(0.3)], ["x"], "f")
    shared = simplify(graph)
    assert sum(node.primitive is not None and node.primitive.name == "sin" for node in shared.nodes) == 1
    assert "inner" in [node.name for node in shared.nodes]
    assert shared.inputs == graph.inputs


def test_guards_are_kept() -> None:
    graph, _ = trace(lambda x: x * 1.0 if x + 0.0 > 0 else -x, [np.float64(2.0)], ["x"], "f")
    simpler = verify(simplify(graph))
    assert [guard.outcome for guard in simpler.guards] == [guard.outcome for guard in graph.guards]
    assert simpler.outputs == simpler.inputs


def test_a_result_keeps_its_shape_and_dtype() -> None:
    x = Node(None, (), {"name": "x"}, (3,), np.dtype(np.float32), "x")
    for node in (F.multiply(x, np.ones(3)), F.add(x, np.float64(0)), F.add(x, np.zeros((2, 3)))):
        simpler = simplify(Graph((x,), (node,))).outputs[0]
        assert (simpler.shape, simpler.dtype) == (node.shape, node.dtype)
    square = Node(None, (), {"name": "a"}, (3, 3), np.dtype(float), "a")
    v = Node(None, (), {"name": "v"}, (3,), np.dtype(float), "v")
    # Spread along the last axis: NumPy would line a vector up with the other one, and the sizes would hide it.
    node = F.multiply(F.expand_like(v, square, axis=(1,), keepdims=False), square)
    values = [np.arange(3.0), np.arange(9.0).reshape(3, 3)]
    got = evaluate(simplify(Graph((v, square), (node,))), *values)[0]
    np.testing.assert_array_equal(got, values[0][:, None] * values[1])


def test_numbers_are_folded_where_that_is_meant() -> None:
    assert formula_text(simplify(parse("2*3 + x"))) == "6 + x"
    assert formula_text(simplify(parse("2 pi x"))) == f"{2 * np.pi!r} x"
    assert formula_text(simplify(parse("1/0 + x"))) == "1/0 + x"  # the warning belongs to evaluation
    assert formula_text(simplify(parse("x/20 (2)"), for_view=True)) == "x/10"
    assert formula_text(simplify(parse("(2/3) x"), for_view=True)) == "2x/3"
    assert formula_text(simplify(parse("0.1*3 + x"), for_view=True)) == "0.3 + x"
    assert formula_text(simplify(parse("2 pi x"), for_view=True)) == "2pi x"
    assert formula_text(simplify(parse("exp(0) x + cos(1)"), for_view=True)) == "x + cos(1)"


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(pair, st.sampled_from("+-*/")).map(lambda t: f"({t[0][0]}){t[1]}({t[0][1]})"),
        inner.map(lambda t: f"-({t})"),
        inner.map(lambda t: f"({t})^2"),
        st.tuples(st.sampled_from(["exp", "ln", "sqrt", "σ", "sin"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
    )


@given(st.recursive(st.sampled_from(["x", "y", "0", "1", "2", "3", "0.5", "pi"]), grown, max_leaves=14))
def test_random_formulas_keep_their_values(text: str) -> None:
    graph = parse(text, "x y")
    points = [np.array([0.7, 1.9]), np.array([1.3, 0.4])]
    with np.errstate(all="ignore"):
        want = np.broadcast_to(evaluate(graph, *points)[0], (2,))
        safe = np.broadcast_to(evaluate(verify(simplify(graph)), *points)[0], (2,))
        shown = simplify(graph, for_view=True)
        seen = np.broadcast_to(evaluate(verify(shown), *points)[0], (2,))
    np.testing.assert_allclose(safe, want, rtol=1e-9, atol=1e-9)
    finite = np.isfinite(want)  # outside the domain the algebraic rules promise nothing
    np.testing.assert_allclose(seen[finite], want[finite], rtol=1e-6, atol=1e-6)
    assert formula_text(simplify(shown, for_view=True)) == formula_text(shown)


def chain(length: int) -> Graph:
    x = Node(None, (), {"name": "x"}, (), np.dtype(float), "x")
    node: Any = x
    steps = (lambda n: F.sin(n), lambda n: F.multiply(n, 2.0), lambda n: F.negative(n), lambda n: F.add(n, x),
             lambda n: F.divide(n, 3.0), lambda n: F.multiply(x, n), lambda n: F.subtract(1.0, n))  # fmt: skip
    for i in range(length):
        node = steps[i % len(steps)](node)
    return Graph((x,), (node,))


@pytest.mark.no_cover  # measuring coverage takes time of its own
@pytest.mark.parametrize("for_view", [False, True])
def test_time_is_linear_and_depth_needs_no_recursion(for_view: bool) -> None:
    times = []
    for length in (12_500, 100_000):
        graph = chain(length)
        start = time.process_time()
        simpler = simplify(graph, for_view)
        times.append(time.process_time() - start)
        assert len(simpler) <= len(graph)
    assert times[1] < 20 * times[0]


def test_a_result_that_has_no_number_to_carry_the_dtype_is_not_taken() -> None:
    x = Node(None, (), {"name": "x"}, (3,), np.dtype(float), "x")

    def sizes_only(F: Any, node: Node) -> Node:
        size = F.size(x, axis=(0,))
        return F.divide(size, size)

    rule = Rewrite("sizes", "sum(x) = N / N", lambda primitive: primitive.name == "sum", sizes_only, lambda F, x: x)
    graph = Graph((x,), (F.sum(x, axis=(0,), keepdims=False),), name="f")
    assert rewrite(graph, (rule,)).outputs[0].primitive is graph.outputs[0].primitive


def test_minus_one_times_a_condition_is_no_minus_of_a_boolean() -> None:
    y = np.array([1.0, -2.0])
    for f in (lambda x: np.sum((y > 0) * -1.0 * x), lambda x: np.sum((0 - (x > 0)) * x)):
        graph, _ = trace(f, [np.ones(2)], ["x"], "f")
        assert evaluate(simplify_to_run(graph)[0], np.ones(2)) == evaluate(graph, np.ones(2))
