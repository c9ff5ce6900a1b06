"""D[u] and LIM[u]: a derivative or a limit that a derivation has not taken yet.

It stands in a graph like any other node, so that lines of a derivation are printed, simplified and evaluated as all
graphs are. No rule makes one but the stepwise pass, and nothing but a derivation evaluates one.
"""

from __future__ import annotations

from typing import Any

from chainrule.core.derivative import Custom
from chainrule.core.graph import Node
from chainrule.core.notation import Differential, Limit
from chainrule.core.primitive import Primitive
from chainrule.core.shapes import elementwise
from chainrule.errors import GraphError

__all__ = ["is_pending", "is_pending_limit", "pending", "pending_limit"]


def _not_evaluated(*operands: Any) -> Any:
    raise GraphError("this stands for a derivative or a limit that has not been taken yet: it has no value by itself")


_PENDING = Primitive(
    "D",
    evaluate=_not_evaluated,
    shape=elementwise,
    derivative=Custom(reason="it is itself a derivative that is still to be taken"),
    notation=Differential(),
)

_PENDING_LIMIT = Primitive(
    "LIM",
    evaluate=_not_evaluated,
    shape=elementwise,
    derivative=Custom(reason="it is a limit that is still to be taken"),
    notation=Limit(),
)


def pending(term: Node, x: Node, direction: Node | None = None) -> Node:
    """The derivative of `term` by the scalar x, or its change when x changes by `direction`, as a node.

    Args:
        term: what is to be differentiated.
        x: an input.
        direction: of the shape of x; without it x is a scalar, and the direction is 1.

    Returns:
        A node of the shape of `term` with the operands term, x and, if given, the direction.
    """
    operands = (term, x) if direction is None else (term, x, direction)
    return Node(_PENDING, operands, {}, term.shape, term.dtype)


def is_pending(node: Node) -> bool:
    """Whether the node is a D[u]."""
    return node.primitive is _PENDING


def pending_limit(term: Node, h: Node) -> Node:
    """The limit of a scalar term as the scalar input h goes to 0, as a node with the operands term and h."""
    return Node(_PENDING_LIMIT, (term, h), {}, term.shape, term.dtype)


def is_pending_limit(node: Node) -> bool:
    """Whether the node is a LIM[u]."""
    return node.primitive is _PENDING_LIMIT
