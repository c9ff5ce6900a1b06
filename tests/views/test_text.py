"""Formulas as text: pinned forms, what is printed is what is read, and linear size at any depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from nodes import input_node

import chainrule.read
from chainrule.core.graph import Graph, Node, constant
from chainrule.core.registry import building
from chainrule.errors import ArgumentError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.read.formula import parse
from chainrule.views.text import formula_text, number_text, write_text

F = building
assert chainrule.read  # importing it enters the answers to NumPy's functions

# A formula, its form as text, and in Unicode where that differs.
FORMS = [
    ("x^2*exp(x)", "x^2 e^x", "x² eˣ"),
    ("3*x**2+5*x-7", "3x^2 + 5x - 7", "3x² + 5x − 7"),
    ("-x^2", "-x^2", "−x²"),
    ("(-x)^2", "(-x)^2", "(−x)²"),
    ("--x", "-(-x)", "−(−x)"),
    ("x + -y", "x + (-y)", "x + (−y)"),
    ("-x + y", "-x + y", "−x + y"),
    ("-(x+y)", "-(x + y)", "−(x + y)"),
    ("-(x y)", "-x y", "−x y"),
    ("(-x) y", "(-x) y", "(−x) y"),
    ("x - (y - z)", "x - (y - z)", "x − (y − z)"),
    ("x - (y + z)", "x - (y + z)", "x − (y + z)"),
    ("x + (y + z)", "x + y + z", None),
    ("x + (y - z)", "x + (y - z)", "x + (y − z)"),
    ("2*x", "2x", None),
    ("x*2", "x*2", "x·2"),
    ("2*3", "2*3", "2·3"),
    ("x (2 y)", "x (2y)", None),
    ("x (y z)", "x y z", None),
    ("2*(x+1)", "2(x + 1)", None),
    ("x*(x+1)", "x (x + 1)", None),
    ("y_hat*(1-y_hat)", "y_hat*(1 - y_hat)", "y_hat·(1 − y_hat)"),
    ("σ (x+1)", "sigmoid(x + 1)", "σ(x + 1)"),
    ("θ*(x+1)", "θ*(x + 1)", "θ·(x + 1)"),
    ("2*x1", "2x1", None),
    ("2*e1", "2 e1", None),
    ("2*e", "2e", None),
    ("2*y_hat", "2 y_hat", None),
    ("2*sin(x)", "2 sin(x)", None),
    ("sin(x)*cos(x)", "sin(x) cos(x)", None),
    ("sin(x)^2", "sin(x)^2", "sin²(x)"),
    ("2 pi", "2pi", "2π"),
    ("a/b", "a/b", None),
    ("a/b/c", "a/b/c", None),
    ("a/(b c)", "a/(b c)", None),
    ("a/(b/c)", "a/(b/c)", None),
    ("(a/b) c", "(a/b) c", None),
    ("a (b/c)", "a (b/c)", None),
    ("a b/c", "a b/c", None),
    ("(a+b)/(a-b)", "(a + b)/(a - b)", "(a + b)/(a − b)"),
    ("(-a)/b", "(-a)/b", "(−a)/b"),
    ("-a/b", "-a/b", "−a/b"),
    ("x^y^z", "x^(y^z)", "x^(yᶻ)"),
    ("(x^y)^z", "(x^y)^z", "(xʸ)ᶻ"),
    ("x^-1", "x^(-1)", "x⁻¹"),
    ("x^(y+1)", "x^(y + 1)", None),
    ("x^10", "x^10", "x¹⁰"),
    ("x^0.5", "x^0.5", None),
    ("x^2 y", "x^2 y", "x² y"),
    ("|x|", "|x|", None),
    ("2|x|", "2|x|", None),
    ("|x| |y|", "|x| |y|", None),
    ("||x||", "abs(|x|)", None),
    ("|2(|x|+1)|", "|2(|x| + 1)|", None),
    ("max(x, min(y, 2))", "max(x, min(y, 2))", None),
    ("1e-5 x", "1e-5 x", None),
    ("1e20", "1e20", None),
    ("0.1 + 0.2", "0.1 + 0.2", None),
]


@pytest.mark.parametrize(("text", "plain", "fancy"), FORMS, ids=[form[0] for form in FORMS])
def test_forms(text: str, plain: str, fancy: str | None) -> None:
    graph = parse(text)
    assert formula_text(graph) == plain
    assert formula_text(graph, "unicode") == (fancy or plain)
    assert formula_text(parse(plain)) == plain
    assert formula_text(parse(fancy or plain)) == plain


X, S, w, y, c, T = (
    input_node("X", (20, 2)), input_node("S", (2, 2)), input_node("w", (2,)), input_node("y", (20,)), input_node("c"),
    input_node("T", (2, 3, 4)),
)  # fmt: skip

ARRAYS: list[tuple[Node, str]] = [
    (F.matmul(X, w), "X w"),
    (F.subtract(y, F.matmul(X, w)), "y - X w"),
    (F.matmul(F.transpose(X, axes=(1, 0)), F.subtract(y, F.matmul(X, w))), "X^T (y - X w)"),
    (F.matmul(w, w), "w^T w"),
    (F.matmul(F.matmul(w, S), w), "w^T S w"),
    (F.matmul(F.matmul(F.transpose(w, axes=(0,)), S), w), "w^T S w"),
    (F.matmul(F.transpose(F.matmul(w, S), axes=(0,)), w), "((w^T S)^T)^T w"),
    (F.matmul(F.add(w, w), S), "(w + w)^T S"),
    (F.matmul(F.inv(S), w), "S^(-1) w"),
    (F.multiply(c, F.matmul(X, w)), "c X w"),
    (F.matmul(X, F.multiply(c, w)), "X (c w)"),
    (F.multiply(F.divide(2.0, c), F.matmul(X, w)), "(2/c) X w"),
    (F.multiply(y, F.matmul(X, w)), "y*(X w)"),
    (F.matmul(F.multiply(X, X), w), "(X*X) w"),
    (F.multiply(F.multiply(y, y), y), "y*y*y"),
    (F.multiply(c, F.multiply(y, y)), "c (y*y)"),
    (F.multiply(F.multiply(c, y), y), "c y*y"),
    (F.sum(y, axis=(0,), keepdims=False), "sum(y)"),
    (F.mean(F.square(y), axis=(0,), keepdims=False), "mean(y^2)"),
    (F.sum(X, axis=(0,), keepdims=False), "sum(X, axis=0)"),
    (F.sum(X, axis=(0, 1), keepdims=True), "sum(X, keepdims=True)"),
    (F.transpose(T, axes=(0, 2, 1)), "T^T"),
    (F.transpose(T, axes=(2, 1, 0)), "transpose(T, axes=(2, 1, 0))"),
    (F.broadcast_like(c, y), "c"),
    (F.matmul(constant(np.ones((20, 2))), w), "array(20, 2) w"),
    (F.getitem(y, pattern=(slice(1, 3),)), "y[1:3]"),
    (F.getitem(X, pattern=(0, slice(None, None, 2))), "X[0, ::2]"),
    (F.getitem(F.add(y, y), pattern=(..., 0)), "(y + y)[..., 0]"),
    (F.getitem(y, constant(np.array([0, 2])), pattern=("#",)), "y[array(2)]"),
    (F.less(c, 1.0), "c < 1"),
    (F.multiply(y, F.floor_divide(y, c)), "y*(y // c)"),
    (F.floor_divide(F.multiply(c, c), c), "c c // c"),
    (constant(-2.0), "-2"),
    (F.multiply(constant(-2.0), c), "-2c"),
    (F.multiply(F.multiply(constant(-2.0), c), c), "-2c c"),
    (F.multiply(c, F.multiply(constant(-2.0), c)), "c (-2c)"),
    (F.square(F.multiply(constant(-2.0), c)), "(-2c)^2"),
    (F.subtract(c, F.multiply(constant(-2.0), c)), "c - (-2c)"),
    (F.divide(constant(-2.0), c), "-2/c"),
    (F.multiply(F.divide(constant(-2.0), c), F.sin(c)), "(-2/c) sin(c)"),
    (F.multiply(constant(-2.0), constant(3.0)), "-2*3"),
    (constant(np.float32(0.1)), "0.1"),
    (constant(True), "True"),
]


@pytest.mark.parametrize(("node", "text"), ARRAYS, ids=[text for _, text in ARRAYS])
def test_arrays(node: Node, text: str) -> None:
    assert formula_text(node) == text


def test_unicode_transpose() -> None:
    assert formula_text(F.transpose(S, axes=(1, 0)), "unicode") == "Sᵀ"


def test_several_outputs() -> None:
    x = input_node("x")
    assert formula_text(Graph((x,), (F.square(x), F.sin(x)))) == "(x^2, sin(x))"


def test_an_unknown_notation_is_refused() -> None:
    with pytest.raises(ArgumentError, match="unicode"):
        formula_text(parse("x"), "braille")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, 5e-324, 1.7976931348623157e308, 123456789.0, 1e22, 2.0, 0.0])
def test_numbers_lose_nothing(value: float) -> None:
    assert float(number_text(value)) == value
    assert evaluate(parse(number_text(value)))[0] == value


# What is printed is what is read: equal but for the grouping of sums and products, which the text leaves out.


def structure(graph: Graph) -> Any:
    made: dict[Node, Any] = {}
    for node in graph.nodes:
        if node.primitive is None:
            made[node] = node.name or ("number", node.parameters["value"])
            continue
        name = node.primitive.name
        operands: list[Any] = []
        for operand in node.operands:
            part = made[operand]
            operands += part[1:] if name in ("add", "multiply") and part[0] == name else [part]
        made[node] = (name, *operands)
    return made[graph.outputs[0]]


def leaves() -> st.SearchStrategy[str]:
    names = st.sampled_from(["x", "y", "z", "α", "x1", "e1", "y_hat", "e", "pi"])
    return names | st.integers(0, 30).map(str) | st.floats(0, 1e3).map(repr)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    sign = st.sampled_from(["+", "-", "*", "/", " ", "^", "**"])
    function = st.sampled_from(["sin", "exp", "sqrt", "ln", "σ", "abs", "-", "+", "√", "sin^2", "arctan"])
    return st.one_of(
        st.tuples(pair, sign).map(lambda t: f"({t[0][0]}){t[1]}({t[0][1]})"),
        st.tuples(pair, sign).map(lambda t: f"{t[0][0]} {t[1]} ({t[0][1]})"),
        st.tuples(function, inner).map(lambda t: f"{t[0]}({t[1]})"),
        pair.map(lambda t: f"max({t[0]}, {t[1]})"),
        inner.map(lambda t: f"|({t})|"),
        inner.map(lambda t: f"({t})^2"),
        inner.map(lambda t: f"-{t}"),
        inner.map(lambda t: f"3{t}" if t[0] in "xyz(" else f"3 ({t})"),
    )


@given(st.recursive(leaves(), grown, max_leaves=15))
def test_printed_is_read_again(text: str) -> None:
    variables = ["x", "y", "z", "α", "x1", "e1", "y_hat"]
    graph = parse(text, variables)
    for notation in ("text", "unicode"):
        written = write_text(graph, notation)  # type: ignore[arg-type]
        assert not written.definitions
        again = parse(written.outputs[0], variables)
        assert structure(again) == structure(graph)
        assert formula_text(again) == formula_text(graph)
    at = [0.7, 1.3, 2.1, 0.4, 1.1, 0.9, 0.2]
    with np.errstate(all="ignore"):
        got, want = evaluate(again, *at)[0], evaluate(graph, *at)[0]
    np.testing.assert_allclose(got, want, rtol=1e-9)


# Size and depth.


def test_what_is_shared_is_named_once() -> None:
    shared = parse("exp(x^2 + 3x + 1)").outputs[0]
    assert formula_text(F.multiply(shared, F.sin(shared))) == "v1 sin(v1) where v1 = exp(x^2 + 3x + 1)"
    assert formula_text(reverse(parse("sin(x)"))) == "ones(sin(x)) cos(x)"


def test_a_name_in_use_is_not_taken() -> None:
    shared = parse("(v1^2 + 3 v1 + 1) + sin(v1)").outputs[0]
    assert "where v2 = " in formula_text(F.multiply(shared, shared))


def test_nested_functions_print_in_linear_size() -> None:
    sizes = [len(formula_text(reverse(parse("sin(" * n + "x" + ")" * n)))) for n in (50, 100, 200)]
    assert sizes[2] - sizes[1] < 2.2 * (sizes[1] - sizes[0])


def test_doubling_prints_in_linear_size() -> None:
    x = node = input_node("x")
    for _ in range(100):
        node = F.multiply(F.add(node, x), node)
    assert len(formula_text(node)) < 6_000


@pytest.mark.parametrize("depth", [1_000, 30_000])
def test_depth_needs_no_recursion(depth: int) -> None:
    node = input_node("x")
    for i in range(depth):
        node = F.sin(node) if i % 2 else F.add(1.0, node)
    line = formula_text(node)
    assert line.count("sin(") == depth // 2
