"""Values of traces around a graph, which its function found in its closure: from constants to inputs of the graph."""

from __future__ import annotations

from typing import Any

from chainrule.core.graph import Graph, Guard, Node
from chainrule.core.traced import Traced

__all__ = ["opened"]


def opened(graph: Graph) -> tuple[Graph, list[Traced]]:
    """The graph with an additional input for each traced value among its constants, and these values."""
    values: dict[Any, Traced] = {}
    inputs: dict[Any, Node] = {}
    made: dict[Node, Node] = {}
    for node in graph.nodes:
        value = node.parameters.get("value") if node.is_constant else None
        if type(value) is Traced:
            if value.record not in inputs:
                values[value.record] = value
                inputs[value.record] = Node(None, (), {"name": ""}, node.shape, node.dtype)
            made[node] = inputs[value.record]
        elif all(made[operand] is operand for operand in node.operands):
            made[node] = node
        else:
            operands = tuple(made[operand] for operand in node.operands)
            made[node] = Node(node.primitive, operands, node.parameters, node.shape, node.dtype, node.name, node.site)
    outputs = tuple(made[node] for node in graph.outputs)
    guards = tuple(Guard(made[guard.node], guard.outcome) for guard in graph.guards)
    return Graph((*graph.inputs, *inputs.values()), outputs, guards, graph.name), list(values.values())
