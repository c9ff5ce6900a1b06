"""Verify that a graph is legal: on a page, and run after every pass in the tests."""

from __future__ import annotations

from chainrule.core.graph import Graph, Node
from chainrule.core.registry import primitives
from chainrule.errors import GraphError

__all__ = ["verify"]


def verify(graph: Graph) -> Graph:
    """Return the graph if it is legal; raise `GraphError` with the node that is not.

    Legal is: operands stand before their uses; a node is listed once; every primitive is the registered one; shapes
    and dtypes are those that the primitive infers; inputs, outputs and guards are among the nodes.
    """
    known = primitives()
    seen: set[Node] = set()
    for position, node in enumerate(graph.nodes):
        where = f"node {position} of {graph.name}, {node!r}"
        if node in seen:
            raise GraphError(f"{where}: listed twice")
        for operand in node.operands:
            if operand not in seen:
                raise GraphError(f"{where}: its operand {operand!r} does not stand before it")
        seen.add(node)
        if node.primitive is None:
            if node.operands:
                raise GraphError(f"{where}: an input or a constant has no operands")
            continue
        if node.primitive.shape.depends_on_values:
            continue
        if known.get(node.primitive.name) is not node.primitive:
            raise GraphError(f"{where}: its primitive is not the registered one")
        shape, dtype = node.primitive.infer(node.operands, node.parameters)
        if shape != node.shape or dtype != node.dtype:
            raise GraphError(f"{where}: inferred is {shape} {dtype}")
    for node in (*graph.inputs, *graph.outputs, *(guard.node for guard in graph.guards)):
        if node not in seen:
            raise GraphError(f"{graph.name}: {node!r} is not among its nodes")
    return graph
