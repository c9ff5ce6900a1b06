"""Traced values among the constants of a graph become inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

import chainrule as cr
from chainrule.core.verify import verify
from chainrule.passes.closure import opened
from chainrule.passes.evaluate import evaluate
from chainrule.read.trace import trace


def test_each_traced_value_is_one_input() -> None:
    seen: list[Any] = []

    def outer(a: Any) -> Any:
        b = a * 2

        def inner(x: Any) -> Any:
            y = x * a + (b + x) * a
            return y if y > 0 else -y

        graph, _ = trace(inner, [np.float64(1.0)], ["x"], "inner")
        seen.append(opened(graph))
        return a

    cr.grad(outer)(3.0)
    graph, values = seen[0]
    verify(graph)
    assert [float(v.value) for v in values] == [3.0, 6.0]
    assert len(graph.inputs) == 3
    assert len(graph.guards) == 1
    assert evaluate(graph, 2.0, 5.0, 7.0)[0] == 2 * 5 + (7 + 2) * 5


def test_a_graph_without_any_stays_as_it_is() -> None:
    graph, _ = trace(lambda x: np.sin(x) * 2, [np.float64(1.0)], ["x"], "f")
    same, values = opened(graph)
    assert values == []
    assert same.nodes == graph.nodes
