"""The form of a term as a textbook writes it: its sign, a number, scalar factors, and the rest.

The rules of `algebra.py` keep terms in this form, so each part is found by one look at the node.
"""

from __future__ import annotations

from typing import Any

from chainrule.core.derivative import Linear, Multilinear
from chainrule.core.graph import Node, constant
from chainrule.core.primitive import Primitive
from chainrule.passes.rewrites import number, operation, scalar_node

__all__ = ["base_and_exponent", "is_linear", "linear_operands", "numbered", "raised", "scaled", "unsigned"]


def unsigned(x: Node) -> tuple[bool, Node]:
    """Whether a term has a minus sign, and the term without it."""
    if operation(x) == "negative":
        return True, x.operands[0]
    value = number(x)
    if value is not None and not isinstance(value, complex) and value < 0:
        return True, scalar_node(-value, x)
    return False, x


def numbered(x: Node) -> tuple[Node | None, Node]:
    """The number in front of a term, if any, and the rest."""
    if operation(x) == "multiply" and number(x.operands[0]) is not None:
        return x.operands[0], x.operands[1]
    return None, x


def scaled(x: Node) -> tuple[Node | None, Node]:
    """The scalar factor in front of an array, if any, and the array."""
    if operation(x) == "multiply" and x.ndim and x.operands[0].ndim == 0 and x.operands[0].dtype != complex:
        return x.operands[0], x.operands[1]
    return None, x


def base_and_exponent(x: Node) -> tuple[Node, Any]:
    if operation(x) == "square":
        return x.operands[0], 2
    if operation(x) == "power" and number(x.operands[1]) is not None:
        return x.operands[0], number(x.operands[1])
    return x, 1


def raised(F: Any, base: Node, exponent: Any) -> Node:
    if exponent in (1, 2):
        return base if exponent == 1 else F.square(base)
    return F.power(base, constant(float(exponent)))


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
