"""Arrays that are written part by part, as statements: gradients by parts that were read, and writes of the user."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.emit.accumulation import Accumulation, accumulations, is_new_array
from chainrule.emit.arguments import index_argument
from chainrule.emit.layout import Binding, Expression, Printer, known_name
from chainrule.emit.literals import dtype_literal, number_literal, short_number
from chainrule.emit.sizes import models
from chainrule.emit.spellings import index_text

__all__ = ["InPlacePrinter"]


class InPlacePrinter(Printer, ABC):
    """Gives what is written into an array lines of its own; arguments as for `Printer`."""

    def __init__(self, graph: Graph, name: str, leading: Sequence[Node], guard_error: str) -> None:
        super().__init__(graph, name, leading, guard_error)
        self.models = models(graph.nodes)
        self.roots = {*graph.outputs, *(guard.node for guard in graph.guards)}
        self._accumulations: dict[Node, Accumulation] = {}
        self._absorbed: set[Node] = set()

    def number(self, node: Node, consumer: Node) -> str:
        """A scalar operand where an array gives the dtype: a constant is written as a plain number."""
        value = node.parameters["value"] if node.is_constant else None
        plain = value is not None and node.shape == () and np.asarray(value).dtype.kind in "biuf"
        return (
            number_literal(short_number(np.asarray(value)[()])).text if plain else self.operand(node, consumer=consumer)
        )

    def _plan(self) -> None:
        super()._plan()
        self._accumulations = accumulations(self.order, self.uses, self.roots)
        self._absorbed = {node for found in self._accumulations.values() for node in found.inner}

    def _write(self, node: Node) -> None:
        accumulation = self._accumulations.get(node)
        if accumulation is not None:
            self._accumulate(node, accumulation)
        elif known_name(node) == "set_item" and node.shape:
            self._overwrite(node)
        elif known_name(node) == "size" and not node.name:  # as short as a name
            self.written[node] = self.spell(node)
        elif node not in self._absorbed:
            super()._write(node)

    def _accumulate(self, node: Node, accumulation: Accumulation) -> None:
        base, terms = accumulation.base, accumulation.terms
        model = self.models[node if base is not None else terms[0].operands[0]]
        if base is None:
            dtype = "" if model.dtype == node.dtype else f", dtype={dtype_literal(node.dtype)}"
            start = f"np.zeros_like({self.operand(model, Binding.ATOM, node)}{dtype})"
        else:
            start = self.operand(base)
        self.assign(node, Expression(start))
        name = self.written[node].text
        for i, term in enumerate(terms):
            first = base is None and i == 0
            if known_name(term) != "scatter" or not (term is node or term in accumulation.inner):
                self.lines.append(f"{name} += {self.operand(term)}")
                continue
            _, value, *arrays = term.operands
            index = index_text(self, term, arrays)
            if arrays:  # where an index repeats, += would add once
                self.lines.append(
                    f"np.add.at({name}, {index_argument(term, index)}, {self.operand(value, consumer=term)})"
                )
            else:
                self.lines.append(f"{name}[{index}] {'' if first else '+'}= {self.number(value, term)}")

    def _overwrite(self, node: Node) -> None:
        """A part of an array written anew: in place where nothing else needs what was there before."""
        before, value, *arrays = node.operands
        if self.uses[before] == 1 and before not in self.roots and is_new_array(before):
            self.atom(before)  # a name, if it has none
            self.written[node] = self.written[before]
        else:
            self.assign(node, Expression(f"np.array({self.operand(before)})"))
        index = index_text(self, node, arrays)
        self.lines.append(f"{self.written[node].text}[{index}] = {self.number(value, node)}")
