"""What is known of values from shapes alone: where to ask for a shape, and numbers made of sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.axes import along_axis, follows_first, follows_second
from chainrule.core.graph import Node
from chainrule.core.index_axes import into_first
from chainrule.core.shapes import elementwise
from chainrule.emit.layout import known_name

__all__ = ["models", "static_number"]


def models(nodes: Sequence[Node]) -> dict[Node, Node]:
    """For each node the value to ask for its shape: an input, or the earliest that has the same shape for any data.

    So a value need not be computed, or kept, for its shape alone.
    """
    found: dict[Node, Node] = {}
    for node in nodes:
        candidates: Sequence[Node] = ()
        rule = None if node.primitive is None else node.primitive.shape
        if rule is elementwise:
            candidates = node.operands
        elif rule is follows_second:
            candidates = node.operands[1:2]
        elif rule in (follows_first, along_axis, into_first):
            candidates = node.operands[:1]
        same = [found[operand] for operand in candidates if operand.shape == node.shape]
        found[node] = next((m for m in same if m.primitive is None), same[0] if same else node)
    return found


def static_number(node: Node) -> Any:
    """A Python number in the graph, whose value follows from shapes."""
    values: dict[Node, Any] = {}
    stack = [node]
    while stack:
        top = stack[-1]
        if top.is_constant:
            values[top] = top.parameters["value"]
        elif known_name(top) == "size":
            values[top] = int(np.prod([top.operands[0].shape[a] for a in top.parameters["axis"]], dtype=int))
        elif top.primitive is not None and all(operand in values for operand in top.operands):
            with np.errstate(all="ignore"):
                values[top] = top.primitive.evaluate(*(values[operand] for operand in top.operands), **top.parameters)
        else:
            stack += [operand for operand in top.operands if operand not in values]
            continue
        stack.pop()
    return values[node]
