"""What a gradient becomes where a matrix is symmetric, or where the components of an array sum to 1.

Textbooks often suppose one of them without saying so: that x^T A x has the gradient 2 A x,
and cross-entropy p - y.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chainrule.core.graph import Node, constant, topological
from chainrule.core.registry import building
from chainrule.core.shapes import transposed
from chainrule.passes.columns import tidied, with_operands
from chainrule.passes.rewrites import operation
from chainrule.passes.stepwise import replaced

__all__ = ["SpecialCase", "special_cases"]

F = building
Supposed = Literal["symmetric", "sums to 1", "rows sum to 1"]


@dataclass(frozen=True, slots=True, eq=False)
class SpecialCase:
    """A shorter form of a term that holds where something is supposed of an input.

    Attributes:
        input: the input.
        supposed: what is supposed of it.
        term: the shorter form.
        sample: of the input: a value for which it holds, to test the form with.
    """

    input: Node
    supposed: Supposed
    term: Node
    sample: Node

    def both(self, general: Node) -> tuple[Node, Node]:
        """The general term and the shorter one, for a value of the input for which they are equal."""
        value = {self.input: self.sample}
        return replaced(general, value, inside=False), replaced(self.term, value, inside=False)


def special_cases(term: Node, inputs: tuple[Node, ...]) -> Iterator[SpecialCase]:
    """The shorter forms of a term."""
    for x in inputs:
        if x.ndim == 2 and x.shape[0] == x.shape[1]:
            found = _with_symmetric(term, x)
            if found is not term:
                sample = F.divide(F.add(x, transposed(F, x)), 2.0)
                yield SpecialCase(x, "symmetric", tidied(found, inputs), sample)
        for total in topological([term]):
            if operation(total) == "sum" and total.operands[0] is x:
                axis = total.parameters["axis"]
                supposed: Supposed = "sums to 1" if len(axis) == x.ndim else "rows sum to 1"
                if axis != tuple(range(x.ndim)) and axis != (x.ndim - 1,):
                    continue
                one = F.ones_like(total) if total.ndim else constant(1.0)
                sample = F.divide(x, F.sum(x, axis=axis, keepdims=True))
                yield SpecialCase(x, supposed, tidied(replaced(term, {total: one}, inside=False), inputs), sample)


def _with_symmetric(term: Node, x: Node) -> Node:
    """The term with X for X^T, and with X^-1 for its transpose."""
    new: dict[Node, Node] = {}
    for node in topological([term]):
        made = with_operands(node, tuple(new[operand] for operand in node.operands))
        if operation(made) == "transpose" and made.ndim == 2:
            (inner,) = made.operands
            if inner is x or (operation(inner) == "inv" and inner.operands[0] is x):
                made = inner
        new[node] = made
    return new[term]
