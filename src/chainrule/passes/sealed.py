"""Parts of a term that are written as a name, sealed: no rule of simplification takes them apart."""

from __future__ import annotations

from typing import Any

from chainrule.core.derivative import Custom
from chainrule.core.graph import Node, topological
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.core.shapes import elementwise
from chainrule.errors import GraphError
from chainrule.passes.stepwise import replaced

__all__ = ["Seals"]


class Seals:
    """A mark for each part: a function of all variables that nothing is known of.

    Args:
        variables: the inputs of the graph.

    >>> from chainrule.passes.by_rules import simplified
    >>> from chainrule.core.graph import Graph
    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.write import formula
    >>> graph = parse("ln(e^x) + 0")
    >>> (sum_,), seals = graph.outputs, Seals(graph.inputs)
    >>> part = sum_.operands[0].operands[0]
    >>> seals.add(part)
    >>> sealed = Graph(graph.inputs, (seals.closed(sum_),))
    >>> formula(seals.opened(simplified(sealed, graph).outputs[0]), names={part: "p"})
    'ln(p)'
    """

    def __init__(self, variables: tuple[Node, ...]) -> None:
        self._variables = variables
        self._marks: dict[Node, Node] = {}

    def add(self, part: Node) -> None:
        if part not in self._marks:
            mark = Primitive("sealed", _not_evaluated, elementwise, Custom(reason="it is not opened"), Call())
            self._marks[part] = Node(mark, self._variables, {}, part.shape, part.dtype)

    def closed(self, term: Node) -> Node:
        """The term with the marks in it."""
        return replaced(term, self._marks, inside=False)

    def opened(self, term: Node) -> Node:
        """The term with the parts in place of their marks."""
        parts = {mark.primitive: part for part, mark in self._marks.items()}
        found = {node: parts[node.primitive] for node in topological([term]) if node.primitive in parts}
        return replaced(term, found, inside=False)


def _not_evaluated(*operands: Any) -> Any:
    raise GraphError("a sealed part has no value until it is opened")
