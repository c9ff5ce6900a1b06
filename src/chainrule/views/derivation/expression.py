"""An expression in a derivation: a term with the ways to write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.core.graph import Graph, Node
from chainrule.passes.evaluate import evaluate
from chainrule.views.text import TextNotation, write_text
from chainrule.views.tree import DerivativeNotation

__all__ = ["Expression"]


@dataclass(frozen=True, eq=False)
class Expression:
    """A term of a derivation, in which derivatives may stand that are still to be taken; prints as a formula.

    Attributes:
        node: the term.
        inputs: what it is a function of.
        derivative: how a derivative still to be taken is written.
        names: parts of it that are written as a name.
    """

    node: Node
    inputs: tuple[Node, ...]
    derivative: DerivativeNotation = "prime"
    names: Mapping[Node, str] = field(default_factory=dict, repr=False)

    def text(self, notation: TextNotation = "text", share: bool = False) -> str:
        """The formula; with `share`, what is used again and is large is named once: "v1 sin(v1) where v1 = ..."."""
        written = write_text(self.node, notation, self.derivative, self.names, share)
        where = ", ".join(f"{name} = {text}" for name, text in written.definitions)
        return f"{written.outputs[0]} where {where}" if where else written.outputs[0]

    def __call__(self, *values: Any) -> Any:
        """The value at these values of the inputs; nothing may be left to derive."""
        return evaluate(self.graph, *values)[0]

    @property
    def graph(self) -> Graph:
        """The term as a graph."""
        return Graph(self.inputs, (self.node,))

    def __str__(self) -> str:
        return self.text(share=True)
