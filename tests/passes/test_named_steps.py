"""Names of forward steps."""

from __future__ import annotations

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.registry import building
from chainrule.passes.named_steps import named_steps, with_size_letters
from chainrule.passes.simplify import rewrite
from chainrule.read.formula import parse
from chainrule.views.text import formula_text


def names(formula: str, shapes: str, *taken: str) -> list[str]:
    graph = rewrite(parse(formula, shapes=shapes), ())
    return list(
        named_steps(graph.outputs[0], graph.outputs[0], [node.name for node in graph.inputs] + [*taken]).values()
    )


def test_what_is_written_often_has_a_name() -> None:
    assert names("sum(sigmoid(A x)*sigmoid(A x)*sigmoid(A x))", "A: m n, x: n") == ["p"]
    assert names("sum(sigmoid(A x)*sigmoid(A x)*sigmoid(A x))", "A: m n, x: n", "p") == ["p1"]
    assert names("sum((A x)^2)", "A: m n, x: n") == []


def test_sizes_have_their_letters() -> None:
    assert formula_text(with_size_letters(parse("sum(x)/n", shapes="x: n"))) == "sum(x)/n"
    x = Node(None, (), {"name": "x"}, (3,), np.dtype(float), "x")
    size = building.size(x, axis=(0,))
    assert with_size_letters(Graph((x,), (size,))).outputs == (size,)
