"""What is rewritten before a differential is taken, since the other form has the simpler one.

The square of a norm is a sum of squares, without the root; 1/(1 + e^(-z)) is the logistic function, whose differential
is s (1 - s) dz.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.core.graph import Node, topological
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.passes.columns import with_operands
from chainrule.passes.rewrites import is_one, operation

__all__ = ["standard_forms"]

F = building


def standard_forms(term: Node) -> Iterator[tuple[Rule, Node]]:
    """The term after each rule that applies, with the rule.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> for rule, form in standard_forms(parse("||A x||^2", shapes="A: m n, x: n").outputs[0]):
    ...     print(f"{rule.name}: {formula_text(form)}")
    square of the norm: sum((A x)^2)
    """
    for rule, form in _FORMS:
        new: dict[Node, Node] = {}
        for node in topological([term]):
            made = with_operands(node, tuple(new[operand] for operand in node.operands))
            found = form(made)
            if found is not None:
                made = Node(
                    found.primitive, found.operands, found.parameters, made.shape, found.dtype, node.name, node.site
                )
            new[node] = made
        if new[term] is not term:
            term = new[term]
            yield rule, term


def _squared_norm(node: Node) -> Node | None:
    norm = node.operands[0] if operation(node) == "square" else None
    if norm is None or operation(norm) != "norm" or norm.parameters["ord"] != 2:
        return None
    made: Node = F.sum(F.square(norm.operands[0]), axis=norm.parameters["axis"], keepdims=norm.parameters["keepdims"])
    return made


def _logistic(node: Node) -> Node | None:
    if operation(node) != "divide" or not is_one(node.operands[0]) or operation(node.operands[1]) != "add":
        return None
    for one, other in (node.operands[1].operands, node.operands[1].operands[::-1]):
        if is_one(one) and operation(other) == "exp":
            z = _opposite(other.operands[0])
            return None if z is None else F.expit(z)
    return None


def _opposite(node: Node) -> Node | None:
    """u for -u, and X w for (-X) w."""
    if operation(node) == "negative":
        return node.operands[0]
    if operation(node) == "matmul" and operation(node.operands[0]) == "negative":
        made: Node = F.matmul(node.operands[0].operands[0], node.operands[1])
        return made
    return None


_FORMS: tuple[tuple[Rule, Callable[[Node], Node | None]], ...] = (
    (Rule("square of the norm", "||u||^2 = sum(u^2)"), _squared_norm),
    (Rule("the logistic function", "1/(1 + e^(-z)) = sigmoid(z)"), _logistic),
)
