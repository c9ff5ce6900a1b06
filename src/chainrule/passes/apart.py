"""Operations that mix rows written with operations that keep them apart or fold them, where that can be done."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from chainrule.core.graph import Graph, Guard, Node
from chainrule.core.registry import building
from chainrule.passes.own_rows import by_comparison
from chainrule.passes.simplify import rewrite

__all__ = ["taken_apart"]


def taken_apart(graph: Graph, nodes: Collection[Node]) -> Graph:
    """The graph with some nodes written otherwise: a softmax over rows by a maximum, exponentials and a sum, and so on.

    Args:
        graph: any graph.
        nodes: what is to be written otherwise, where a way is known.

    Returns:
        A graph of the same values, to rounding; the graph itself if no way is known for any of the nodes.
    """
    new: dict[Node, Node] = {}
    guards: list[Guard] = []
    for node in graph.nodes:
        operands = tuple([new[operand] for operand in node.operands])
        same = all(a is b for a, b in zip(operands, node.operands, strict=True))
        moved = node if same else _with(node, operands)
        found = _apart(moved) if node in nodes else None
        if found is not None:
            moved, guard = found
            guards += [] if guard is None else [guard]
        new[node] = moved
    if all(new[node] is node for node in nodes):
        return graph
    held = [Guard(new[guard.node], guard.outcome) for guard in graph.guards]
    apart = Graph(graph.inputs, tuple(new[node] for node in graph.outputs), (*held, *guards), graph.name)
    return rewrite(apart, ())  # what is equal in several of them is computed once


def _with(node: Node, operands: tuple[Node, ...]) -> Node:
    return Node(node.primitive, operands, node.parameters, node.shape, node.dtype, node.name, node.site)


def _apart(node: Node) -> tuple[Node, Guard | None] | None:
    compared = by_comparison(node)
    if compared is not None:
        return compared
    assert node.primitive is not None
    if node.primitive.by_folds is None or np.dtype(node.dtype).kind != "f":
        return None
    return node.primitive.by_folds(building, *node.operands, **node.parameters), None
