"""The backward pass of f at the point of the check, open at every step: what each sends back, and what would follow
if it sent something else.

By linearity a changed contribution changes the gradient by what its difference sends on to the parameters; so one
changed step needs no second pass over the whole graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.core.cotangent import Masked, Piece
from chainrule.core.derivative import Elementwise
from chainrule.core.graph import Graph, Node, Site
from chainrule.core.record import Record
from chainrule.core.registry import evaluating, plain
from chainrule.errors import ChainruleError
from chainrule.numeric.diagnosis.named import leaves
from chainrule.numeric.evidence import Evidence, Part
from chainrule.numeric.probe import RealArray
from chainrule.passes.evaluate import values_of
from chainrule.passes.forward import push
from chainrule.passes.reverse import pull

CALL = 5_000  # numbers that are computed in the time that calling one operation on small arrays takes
PER_NUMBER = 10  # operations for each number of a result, where matrix products are among them

# Contributions that add up to this part of themselves are zero but for rounding.
CANCELLED = 1e-12

__all__ = ["CALL", "Backward", "Edge", "backward_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """What one step sends back to one of its operands.

    Attributes:
        step: the step.
        position: of the operand among the step's operands.
        operand: the operand.
        term: the contribution to the operand's cotangent.
        piece: where the step reads a part of the operand, the contribution before it was spread out.
    """

    step: Record
    position: int
    operand: Record
    term: Any
    piece: Piece | None = None


class Backward:
    """A traced f at a point: the values and cotangents of all steps.

    Attributes:
        order: the records in order of computation.
        records: what depends on the parameters, by node.
        inputs: the record of each part of the gradient, by its name.
        cotangents: the derivative of f by the value of each record.
        gradients: by the name of the part.
        changes: kept here by those who list them.
    """

    def __init__(
        self,
        graph: Graph,
        values: Mapping[Node, Any],
        parameters: Mapping[str, Node],
        constants: frozenset[Node] = frozenset(),
    ) -> None:
        self._graph, self._values, self._parameters, self._constants = graph, values, parameters, constants
        wanted = set(parameters.values())
        self.records: dict[Node, Record] = {}
        for node in graph.nodes:
            operands = [self.records.get(operand) for operand in node.operands]
            if node in wanted:
                self.records[node] = Record(None, (), (), values[node], node.parameters)
            elif (
                node not in constants
                and any(operand is not None for operand in operands)
                and np.dtype(node.dtype).kind == "f"
            ):
                at = [values[operand] for operand in node.operands]
                self.records[node] = Record(node.primitive, operands, at, values[node], node.parameters)
        self.order = list(self.records.values())
        self._nodes = {record: node for node, record in self.records.items()}
        self._places = {record: place for place, record in enumerate(self.order)}
        self._keys = {node: number for number, node in enumerate(graph.nodes)}
        computed = (node for node in graph.nodes if node.primitive is not None)
        self._steps = {node: number for number, node in enumerate(computed, 1)}
        self.inputs = {name: self.records[node] for name, node in parameters.items()}
        self.cotangents: dict[Record, Any] = {}
        self.changes: dict[Any, Any] | None = None
        self._masks: dict[Record, Any] = {}
        (output,) = graph.outputs
        self.output = self.records.get(output)
        if self.output is not None:
            seeds = {self.output: np.ones_like(self.output.value)}
            with np.errstate(all="ignore"):
                pull(self.order, seeds, plain, self._keep)
        self.gradients = {
            name: np.asarray(self.cotangents.get(record, np.zeros_like(record.value)), np.float64)
            for name, record in self.inputs.items()
        }

    def _keep(self, record: Record, cotangent: Any, mask: Any, _: Sequence[Any]) -> None:
        self.cotangents[record] = cotangent
        self._masks[record] = mask

    def cancelled(self) -> set[Node]:
        """The nodes over which nothing goes back because it cancels, such as the maximum that a softmax takes away."""
        sizes: dict[Record, float] = {}
        for edge in self.edges:
            derivative = edge.step.primitive.derivative if edge.step.primitive is not None else None
            moved = isinstance(derivative, Elementwise) and not callable(derivative.partials[edge.position])
            sent = self.cotangents[edge.step] if moved else edge.term  # before it is summed, where that is known
            sizes[edge.operand] = sizes.get(edge.operand, 0.0) + float(np.sum(np.abs(sent)))
        arrived = {record: float(np.sum(np.abs(self.cotangents[record]))) for record in sizes}
        return {self._nodes[record] for record, size in sizes.items() if arrived[record] <= CANCELLED * size}

    def without(self, constants: Iterable[Record]) -> Backward:
        """The backward pass in which some steps are taken for constants."""
        nodes = self._constants.union(self._nodes[record] for record in constants)
        return Backward(self._graph, self._values, self._parameters, nodes)

    def place(self, record: Record) -> int:
        """Where a record stands in the order of computation."""
        return self._places[record]

    def key(self, record: Record) -> int:
        """What a record is called in every trace of the same computation."""
        return self._keys[self._nodes[record]]

    def find(self, key: int) -> Record | None:
        """The record with this key, if the gradient depends on it."""
        nodes = self._graph.nodes
        return self.records.get(nodes[key]) if key < len(nodes) else None

    def site(self, record: Record) -> Site | None:
        """The user's line."""
        return self._nodes[record].site

    def name(self, record: Record) -> str:
        """A value as the user knows it: by its name, else as the step that computes it."""
        node = self._nodes[record]
        if node.primitive is None or node.name:
            return node.name or "an input"
        return f"step {self._steps[node]} ({node.primitive.name})"

    def label(self, record: Record) -> str:
        """A step with its operation and its line: "step 3 (exp; loss.py, line 12)"."""
        node = self._nodes[record]
        within = "" if node.primitive is None else node.primitive.name
        within = "; ".join(str(part) for part in (within, node.site) if part)
        return f"step {node.name or self._steps.get(node, '')}" + (f" ({within})" if within else "")

    @cached_property
    def cost(self) -> int:
        """What one pass over all steps costs, in numbers computed."""
        return sum(CALL + PER_NUMBER * int(np.size(record.value)) for record in self.order)

    @property
    def steps(self) -> Iterator[Record]:
        """The steps that f depends on, the last first."""
        return (record for record in reversed(self.order) if record in self.cotangents and record.primitive is not None)

    @cached_property
    def edges(self) -> list[Edge]:
        """All contributions, those of the last step first."""
        found = []
        for step in self.steps:
            for position, (operand, term) in enumerate(zip(step.operands, self._sent(step, None), strict=True)):
                if operand is not None and term is not None:
                    piece = term if isinstance(term, Piece) else None
                    found.append(Edge(step, position, operand, unwrapped(term), piece))
        return found

    def terms(self, step: Record, values: Sequence[Any] | None = None) -> list[Any]:
        """What a step sends back to its operands, with other `values` of them if given."""
        return [unwrapped(term) for term in self._sent(step, values)]

    def _sent(self, step: Record, values: Sequence[Any] | None) -> Sequence[Any]:
        assert step.primitive is not None
        at = step
        if values is not None:
            at = Record(step.primitive, step.operands, values, step.value, step.parameters)
        with np.errstate(all="ignore"):
            return step.primitive.derivative.pull(plain, at, self.cotangents[step], self._masks[step])

    def send(self, target: Record, change: Any) -> dict[str, NDArray[np.float64]]:
        """By how much the gradients change, if the cotangent of `target` changes by `change`."""
        with np.errstate(all="ignore"):
            found = pull(self.order[: self._places[target] + 1], {target: change}, plain)
        return {
            name: np.asarray(found.get(record, np.zeros_like(record.value)), np.float64)
            for name, record in self.inputs.items()
        }

    def altered(self, alter: Callable[[Record, Any, Sequence[Any]], Sequence[Any]]) -> dict[str, NDArray[np.float64]]:
        """The gradients, if every step sent back what `alter` makes of itself, its cotangent and the right terms."""
        pending: dict[Record, Any] = {} if self.output is None else {self.output: np.ones_like(self.output.value)}
        with np.errstate(all="ignore"):
            for step in self.steps:
                cotangent = pending.get(step)
                if cotangent is None or step.primitive is None:
                    continue
                terms = step.primitive.derivative.pull(plain, step, cotangent, self._masks[step])
                for operand, term in zip(
                    step.operands, alter(step, cotangent, [unwrapped(term) for term in terms]), strict=True
                ):
                    if operand is not None and term is not None:
                        pending[operand] = term if operand not in pending else pending[operand] + term
        return {
            name: np.asarray(pending.get(record, np.zeros_like(record.value)), np.float64)
            for name, record in self.inputs.items()
        }

    def tangents(self, direction: Mapping[str, RealArray]) -> dict[Record, Any]:
        """How the value of each step moves with the parameters: what sees a changed contribution without sending it."""
        given = {
            self.inputs[name]: np.asarray(v).astype(self.inputs[name].value.dtype) for name, v in direction.items()
        }
        with np.errstate(all="ignore"):
            return push(self.order, given, evaluating)


def unwrapped(term: Any) -> Any:
    """A contribution as an array."""
    if isinstance(term, Masked):
        return term.value
    return term.whole() if isinstance(term, Piece) else term


def backward_of(evidence: Evidence, parts: Sequence[Part]) -> Backward | None:
    """The backward pass at the point of the evidence; None where f could not be traced, or not be followed there."""
    graph = evidence.graph
    if graph is None or len(graph.outputs) != 1 or graph.outputs[0].shape != ():
        return None
    found = _inputs(graph, evidence, parts)
    if found is None:
        return None
    arguments, parameters = found
    try:
        values = values_of(graph, arguments)
        backward = Backward(graph, values, parameters)
        # A gradient written by hand does without them, so with a mistake in one path they do not come to life.
        constants = frozenset(backward.cancelled() - set(parameters.values()))
        return Backward(graph, values, parameters, constants) if constants else backward
    except (ChainruleError, TypeError, ValueError, ArithmeticError):
        return None  # a diagnosis is a help, and never what makes a check fail


def _inputs(graph: Graph, evidence: Evidence, parts: Sequence[Part]) -> tuple[list[Any], dict[str, Node]] | None:
    """The value of every input of the graph, and the input that belongs to each part: by name, else by position."""
    points = {part.name: part.point for part in evidence.parts}
    named = {node.name: node for node in graph.inputs}
    if not set(points) <= set(named):
        if len(graph.inputs) != len(points):
            return None
        named = dict(zip(points, graph.inputs, strict=True))
    given = dict(leaves(evidence.arguments)) | dict(getattr(graph, "arguments", ())) | points
    if not all(name in given for name in named):
        return None
    names = {node: name for name, node in named.items()}
    arguments = [np.asarray(given[names[node]]).astype(node.dtype)[()] for node in graph.inputs]
    return arguments, {part.name: named[part.name] for part in parts}
