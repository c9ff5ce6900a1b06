"""An expression in a derivation: a term with the ways to write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.core.graph import Graph, Guard, Node
from chainrule.passes.evaluate import evaluate
from chainrule.views.tree import DerivativeNotation
from chainrule.views.write import formula, write

__all__ = ["Expression"]

_MATH = re.compile(r"\A<math[^>]*>|</math>\Z")


@dataclass(frozen=True, eq=False)
class Expression:
    """A term of a derivation, in which derivatives may stand that are still to be taken; prints as a formula.

    Attributes:
        node: the term.
        inputs: what it is a function of.
        derivative: how a derivative still to be taken is written.
        names: parts of it that are written as a name.
        whole: what is used again is written out again; else it is named once, after the word "where".
        guards: the branches on values that it was traced through.
    """

    node: Node
    inputs: tuple[Node, ...]
    derivative: DerivativeNotation = "prime"
    names: Mapping[Node, str] = field(default_factory=dict, repr=False)
    whole: bool = True
    guards: tuple[Guard, ...] = ()

    def text(self, notation: str = "text") -> str:
        """The formula in any notation."""
        names = {**{x: x.name for x in self.inputs}, **self.names}  # e^x is not written where a variable is named e
        if not self.whole:
            written = formula(self.node, notation, self.derivative, names)
            return _MATH.sub("", written) if notation == "mathml" else written
        return write(self.node, notation, self.derivative, names, share=False).outputs[0]

    def __call__(self, *values: Any) -> Any:
        """The value at these values of the inputs; nothing may be left to derive."""
        return evaluate(self.graph, *values)[0]

    @property
    def graph(self) -> Graph:
        """The term as a graph."""
        return Graph(self.inputs, (self.node,))

    def __str__(self) -> str:
        return self.text() if self.names else formula(self.node, names={x: x.name for x in self.inputs})
