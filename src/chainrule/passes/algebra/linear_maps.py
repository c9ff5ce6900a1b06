"""Rules of linear maps: a sign or a scalar factor of an operand belongs in front of the map."""

from __future__ import annotations

from typing import Any

from chainrule.core.graph import Node
from chainrule.passes.rewrites import Rewrite, operation
from chainrule.passes.term import is_linear, linear_operands

__all__ = ["LINEAR_MAPS"]


def _sign_out(F: Any, node: Node) -> Node | None:
    for i in linear_operands(node):
        x = node.operands[i]
        if operation(x) == "negative":
            operands = (*node.operands[:i], x.operands[0], *node.operands[i + 1 :])
            return F.negative(getattr(F, operation(node))(*operands, **node.parameters))
    return None


def _scalar_out(F: Any, node: Node) -> Node | None:
    for i in linear_operands(node):
        x = node.operands[i]
        if operation(x) == "multiply" and x.ndim and x.operands[0].ndim == 0 and x.operands[0].dtype != complex:
            factor, rest = x.operands
            operands = (*node.operands[:i], rest, *node.operands[i + 1 :])
            return F.multiply(factor, getattr(F, operation(node))(*operands, **node.parameters))
    return None


LINEAR_MAPS: tuple[Rewrite, ...] = (
    Rewrite("take out the sign", "A(-x) = -A x, for a linear map A", is_linear, _sign_out,
            lambda F, x, y: F.matmul(x, F.negative(y)), ((2, 3), (3,))),
    Rewrite("take out a factor", "A(c x) = c A x, for a linear map A and a scalar c", is_linear, _scalar_out,
            lambda F, x, c: F.sum(F.multiply(c, x), axis=(0,), keepdims=False), ((3,), ())),
)  # fmt: skip
