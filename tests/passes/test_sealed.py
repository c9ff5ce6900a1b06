"""Parts of a term that no rule takes apart."""

from __future__ import annotations

import pytest

from chainrule.core.graph import Graph
from chainrule.errors import GraphError
from chainrule.passes.by_rules import simplified
from chainrule.passes.evaluate import evaluate
from chainrule.passes.sealed import Seals
from chainrule.read.formula import parse


def test_what_is_sealed_stays_and_is_opened_again() -> None:
    graph = parse("(e^x)^2 e^x + 0")
    seals = Seals(graph.inputs)
    part = next(node for node in graph.nodes if node.primitive is not None and node.operands == graph.inputs)
    seals.add(part)
    seals.add(part)
    closed = Graph(graph.inputs, (seals.closed(graph.outputs[0]),))
    opened = seals.opened(simplified(closed, graph).outputs[0])
    assert part in Graph(graph.inputs, (opened,)).nodes
    assert evaluate(Graph(graph.inputs, (opened,)), 0.5)[0] == pytest.approx(evaluate(graph, 0.5)[0], rel=1e-14)
    with pytest.raises(GraphError, match="until it is opened"):
        evaluate(closed, 0.5)
