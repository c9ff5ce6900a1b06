"""Evaluate a graph on values, checking the branches that it was traced through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.shapes import Array
from chainrule.errors import GuardError

__all__ = ["evaluate", "values_of"]


def values_of(graph: Graph, arguments: Sequence[Array]) -> dict[Node, Array]:
    """The value of every node; raises `GuardError` where a branch would go another way than when it was traced."""
    values: dict[Node, Array] = dict(zip(graph.inputs, arguments, strict=True))
    for node in graph.nodes:
        if node.primitive is not None:
            operands = [values[operand] for operand in node.operands]
            value = node.primitive(*operands, **node.parameters)
            # A number of Python's stays one; what it was broadcast to is an array, and a traced value stays traced.
            weak = isinstance(node.dtype, type) and isinstance(value, (np.generic, np.ndarray)) and not value.ndim
            values[node] = value.item() if weak else value
        elif node.is_constant:
            values[node] = node.parameters["value"]
    for guard in graph.guards:
        outcome = type(guard.outcome)(values[guard.node])
        if outcome != guard.outcome:
            where = f" ({guard.node.site})" if guard.node.site else ""
            raise GuardError(
                f"{graph.name} was traced through a branch taken with {guard.outcome}{where}, "
                f"but at these values it is {outcome}\n  trace it again at these values: chainrule.graph(f, ...)"
            )
    return values


def evaluate(graph: Graph, *arguments: Any) -> tuple[Array, ...]:
    """The outputs of a graph at the given inputs, in their order."""
    values = values_of(graph, arguments)
    return tuple(values[node] for node in graph.outputs)
