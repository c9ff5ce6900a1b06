"""What is written is what is read: formulas of numbers and of arrays, in every notation that is both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.core.graph import Graph, Node
from chainrule.core.verify import verify
from chainrule.passes.evaluate import evaluate
from chainrule.read.formula import parse
from chainrule.views.write import formula, write

TENS = {("number", float(n)) for n in range(308)}
NOTATIONS = ("text", "unicode", "latex")


def structure(graph: Graph) -> Any:
    """The graph as nested names: sums flat, and products as what is multiplied.

    Their grouping is not written where it does not matter; that factors keep their order is seen in the values.
    """
    made: dict[Node, Any] = {}
    for node in graph.nodes:
        if node.primitive is None:
            made[node] = node.name or ("number", node.parameters["value"])
            continue
        name, operands = node.primitive.name, [made[operand] for operand in node.operands]
        if name == "expand_dims":  # the axis that makes a column of a vector is not written
            made[node] = operands[0]
        elif name in ("matmul", "multiply"):
            made[node] = ("product", *sorted(_flat("product", operands), key=repr))
        elif name == "power" and operands[0] == ("number", 10.0) and operands[1] in TENS:
            made[node] = ("number", 10.0 ** operands[1][1])  # LaTeX writes 10^{16} for both
        else:
            made[node] = (name, *(_flat(name, operands) if name == "add" else operands))
    return made[graph.outputs[0]]


def _flat(name: str, parts: list[Any]) -> list[Any]:
    return [inner for part in parts for inner in (part[1:] if part[0] == name else [part])]


# Formulas of numbers.

VARIABLES = ["x", "y", "z", "α", "x1", "e1", "y_hat", "rate"]


def leaves() -> st.SearchStrategy[str]:
    names = st.sampled_from([*VARIABLES, "e", "pi"])
    return names | st.integers(0, 30).map(str) | st.floats(1e-3, 1e3).map(repr)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    sign = st.sampled_from(["+", "-", "*", "/", "^", "**", ")("])
    function = st.sampled_from(["sin", "exp", "sqrt", "ln", "σ", "abs", "-", "√", "sin^2", "arctan", "cbrt", "log2"])
    return st.one_of(
        st.tuples(pair, sign).map(lambda t: f"(({t[0][0]}){t[1]}({t[0][1]}))"),
        st.tuples(function, inner).map(lambda t: f"{t[0]}({t[1]})"),
        pair.map(lambda t: f"max({t[0]}, {t[1]})"),
        inner.map(lambda t: f"|({t})|"),
        inner.map(lambda t: f"({t})^2"),
    )


@given(st.recursive(leaves(), grown, max_leaves=12))
def test_formulas_of_numbers(text: str) -> None:
    graph = parse(text, VARIABLES)
    for notation in NOTATIONS:
        written = write(graph, notation, share=False).outputs[0]
        again = parse(written, VARIABLES, notation="latex" if notation == "latex" else "text")
        assert structure(again) == structure(graph), written
        assert formula(again, notation) == formula(graph, notation)


# Formulas of arrays: for each shape its names, and its forms with parts of other shapes, all in parentheses.

SHAPES = "X: N d, Z: N d, y: N, w: d, v: d, S: d d, A: d d, c:, a:"
LEAVES = {"number": "c a 2 0.5 N", "w": "w v", "y": "y", "X": "X Z", "S": "S A"}
BY_COMPONENT = [
    "(({number}) ({same}))", "({same} - {same})", "(-({same}))", "(({same})*({same}))", "exp({same})", "({same})^2",
    "|({same})|", "softmax({same})", "(({same})/({same}))", "sigmoid({same})", "max({same}, 0)",
    "(({same})/({number}))", "({same} + {number})",
]  # fmt: skip
FORMS = {
    "number": [
        "({number} + {number})", "({number}*{number})", "sum({w})", "mean({X})", "mean({y})", "(({w})^T ({w}))",
        "||({y})||", "||({X})||", "det({S})", "tr({S})", "log det({S})", "sin({number})", "({number})^2", "|{number}|",
        "(({number})/({number}))", "max({w})", "-({number})", "||({w})||_1", "logsumexp({y})", "var({y})",
        "sum({X}, axis=0)^T ({w})", "(({y})^T ({X}) ({w}))",
    ],
    "w": [*BY_COMPONENT, "(({S}) ({w}))", "(({X})^T ({y}))", "solve({S}, {w})", "sum({X}, axis=0)"],
    "y": [*BY_COMPONENT, "(({X}) ({w}))", "mean({X}, axis=1)"],
    "X": [
        "(({number}) ({X}))", "({X} + {X})", "(({X}) ({S}))", "exp({X})", "({X})^2", "(({X})*({X}))", "(({y}) ({w})^T)",
        "softmax({X})", "({X} + {w})",
    ],
    "S": [
        "(({S}) ({S}))", "(({X})^T ({X}))", "(({S})^-1)", "({S} + {S})", "(({S})^T)", "(({w}) ({w})^T)",
        "(({number}) ({S}))", "(({S})*({S}))", "exp({S})",
    ],
}  # fmt: skip


def arrays(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """For each shape, formulas nested so deep."""
    leaves = {kind: st.sampled_from(names.split()) for kind, names in LEAVES.items()}
    if not depth:
        return leaves
    inner = arrays(depth - 1)

    def filled(kind: str, form: str) -> st.SearchStrategy[str]:
        parts = form.replace("same", kind).replace("}", "{").split("{")
        return st.tuples(*(inner[part] if i % 2 else st.just(part) for i, part in enumerate(parts))).map("".join)

    return {kind: leaves[kind] | st.one_of([filled(kind, form) for form in FORMS[kind]]) for kind in LEAVES}


def values(graph: Graph) -> list[Any]:
    rng = np.random.default_rng(7)
    return [rng.normal(size=node.shape) for node in graph.inputs]


@settings(deadline=None, max_examples=100)
@given(st.one_of(*arrays(3).values()))
def test_formulas_of_arrays(text: str) -> None:
    graph = verify(parse(text, shapes=SHAPES))
    for notation in NOTATIONS:
        written = write(graph, notation, share=False).outputs[0]
        again = parse(written, shapes=SHAPES, notation="latex" if notation == "latex" else "text")
        assert structure(again) == structure(graph), written
        if "solve" in text or "^-1" in text or "det" in text:  # of a matrix that may be singular
            continue
        with np.errstate(all="ignore"):
            got, want = evaluate(again, *values(again))[0], evaluate(graph, *values(graph))[0]
        size = np.max(np.abs(want), initial=0, where=np.isfinite(want))
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6 * size)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(
    "text",
    ["mean((y - X w)^2)", "-(2/N) X^T (y - X w)", "log det S", "tr(S A)", "(w - v)^T S^-1 (w - v)", "c ||w||^2",
     "softmax(X w)", "(X^T X)^-1 X^T y", "w v^T", "S^-T w", "||X||^2", "y*(X w)", "sum(ln(1 + exp(-y*(X w))))",
     "X^T (sigmoid(X w) - y)/N", "(c*w^T) v", "(w^T/2) v", "(w^T S)^T", "sum(X, axis=(0, 1))", "sum(X, keepdims=True)",
     "2.5e-9 c", "1e-20 c", "c^2 N d"],
)  # fmt: skip
def test_the_formulas_of_machine_learning(text: str, notation: str) -> None:
    graph = parse(text, shapes=SHAPES)
    again = parse(formula(graph, notation), shapes=SHAPES, notation="latex" if notation == "latex" else "text")
    assert structure(again) == structure(graph)
