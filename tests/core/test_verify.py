"""The verifier of graphs: each way of breaking one is found and the node named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.graph import Graph, Guard, Node, constant
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building, primitives, register
from chainrule.core.shapes import elementwise
from chainrule.core.verify import verify
from chainrule.errors import ArgumentError, GraphError

F = building


def legal() -> Graph:
    x = Node(None, (), {"name": "x"}, (3,), np.dtype(float), "x")
    return Graph(
        (x,), (F.sin(F.multiply(x, 2.0)),), (Guard(F.greater(F.sum(x, axis=(0,), keepdims=False), 0.0), True),)
    )


def with_nodes(graph: Graph, nodes: Callable[[tuple[Node, ...]], Any]) -> Graph:
    """A frozen graph, changed all the same: what the verifier is there to find."""
    object.__setattr__(graph, "nodes", tuple(nodes(graph.nodes)))
    return graph


def with_operand_of_input(graph: Graph) -> Graph:
    graph.inputs[0].operands = (constant(1.0),)
    return Graph(graph.inputs, graph.outputs)


def with_shape(graph: Graph) -> Graph:
    graph.outputs[0].shape = (4,)
    return graph


def with_dtype(graph: Graph) -> Graph:
    graph.outputs[0].dtype = np.dtype(np.float32)
    return graph


def with_stranger(graph: Graph) -> Graph:
    sine = primitives()["sin"]
    stranger = Primitive("sin", sine.evaluate, elementwise, sine.derivative)
    return Graph(graph.inputs, (Node(stranger, (graph.inputs[0],), {}, (3,), np.dtype(float)),))


BROKEN: list[tuple[Callable[[Graph], Graph], str]] = [
    (
        lambda graph: with_nodes(graph, lambda nodes: (*nodes, nodes[0])),
        r"node \d of f, <input x \(3,\) .*listed twice",
    ),
    (lambda graph: with_nodes(graph, reversed), "its operand .* does not stand before it"),
    (lambda graph: with_nodes(graph, lambda nodes: nodes[:1]), r"<sin \(3,\) float64> is not among its nodes"),
    (with_operand_of_input, "an input or a constant has no operands"),
    (with_shape, r"<sin \(4,\) float64>: inferred is \(3,\) float64"),
    (with_dtype, r"<sin \(3,\) float32>: inferred is \(3,\) float64"),
    (with_stranger, "its primitive is not the registered one"),
]


def test_a_legal_graph_comes_back() -> None:
    graph = legal()
    assert verify(graph) is graph


@pytest.mark.parametrize(("break_it", "message"), BROKEN)
def test_a_broken_graph_is_refused(break_it: Callable[[Graph], Graph], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        verify(break_it(legal()))


def test_an_operation_of_the_users_own_is_in_no_registry() -> None:
    double = cr.primitive(lambda x: 2 * x)
    graph = cr.graph(lambda x: double(np.sin(x)), 1.0)
    assert verify(graph) is graph


def test_the_registry_holds_one_entry_a_name() -> None:
    sine = primitives()["sin"]
    with pytest.raises(ArgumentError, match="a primitive named 'sin' exists already"):
        register(sine, None)
    assert repr(sine) == "<primitive sin>"
    assert repr(F) == "F (building)"
    with pytest.raises(AttributeError, match="no primitive is named 'sine'"):
        F.sine  # noqa: B018
