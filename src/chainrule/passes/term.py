"""What of a primitive is linear: rules may take signs and factors out of such operands."""

from __future__ import annotations

from chainrule.core.derivative import Linear, Multilinear
from chainrule.core.graph import Node
from chainrule.core.primitive import Primitive

__all__ = ["is_linear", "linear_operands"]


def is_linear(primitive: Primitive) -> bool:
    derivative = primitive.derivative
    if isinstance(derivative, Multilinear):
        return True
    return isinstance(derivative, Linear) and not derivative.variadic and derivative.transposes[0] is not None


def linear_operands(node: Node) -> range:
    """The operands in each of which the node is linear by itself."""
    derivative = node.primitive.derivative if node.primitive else None
    if isinstance(derivative, Linear):
        alone = all(transpose is None for transpose in derivative.transposes[1:])
        return range(1 if alone else 0)
    return range(len(node.operands))
