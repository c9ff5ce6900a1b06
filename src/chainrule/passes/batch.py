"""Batching: run a graph that was traced for one example on many at once, along a leading axis.

Each primitive says by its shape rule where its axes go, so it can carry one more in front. The computation is done
with an `F`, so it can be traced again: batched derivatives nest with all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.shapes import Array
from chainrule.errors import GuardError

__all__ = ["batch"]


def batch(graph: Graph, arguments: Sequence[Array], batched: Sequence[bool], F: Any) -> list[tuple[Array, bool]]:
    """Evaluate `graph` on arguments of which some carry a leading batch axis.

    Args:
        graph: traced for one example.
        arguments: one for each input; with the batch axis first where `batched` says so.
        batched: which arguments carry the batch axis.
        F: the namespace to compute with.

    Returns:
        Each output, and whether it carries the batch axis in front (False: it is the same for every example).

    Raises:
        GuardError: where the function branches on a value and the examples would take different branches.
    """
    values: dict[Node, tuple[Array, bool]] = {
        node: (argument, many) for node, argument, many in zip(graph.inputs, arguments, batched, strict=True)
    }
    for node in graph.nodes:
        if node.primitive is None:
            if node.is_constant:
                values[node] = (node.parameters["value"], False)
            continue
        operands = [values[operand][0] for operand in node.operands]
        flags = [values[operand][1] for operand in node.operands]
        # A user's own operation stands in no namespace, whatever its name.
        apply = node.primitive if node.primitive.opaque else getattr(F, node.primitive.name)
        if any(flags):
            rule = node.primitive.shape
            values[node] = (rule.batch(F, apply, operands, flags, node.parameters), rule.batches_result)
        else:
            values[node] = (apply(*operands, **node.parameters), False)
    for guard in graph.guards:
        value, _ = values[guard.node]
        outcomes = np.asarray(getattr(value, "value", value)) == guard.outcome
        if not np.all(outcomes):
            where = f" ({guard.node.site})" if guard.node.site else ""
            raise GuardError(
                f"{graph.name} branches on a value{where}, and example {int(np.argmin(outcomes))} takes another "
                "branch than the first\n  write the branch with np.where, or map with a Python loop"
            )
    return [values[node] for node in graph.outputs]
