"""What a derivation is of: the function as a graph, the variables, the point; each checked as it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.calculus.functions import as_function
from chainrule.calculus.graphs import graph as graph_of
from chainrule.calculus.own_operations import with_named_operations
from chainrule.core.graph import Graph, Guard, Node
from chainrule.errors import ArgumentError
from chainrule.passes.entries import by_entries
from chainrule.passes.letters import free_name
from chainrule.passes.simplify import rewrite
from chainrule.passes.stepwise import replaced
from chainrule.read.components import components_of
from chainrule.read.formula import parse
from chainrule.read.shapes import ShapesLike

__all__ = ["Subject", "subject_of", "variables_of"]

_NAMES = ("f", "F", "g", "phi")


@dataclass(frozen=True, eq=False)
class Subject:
    """What a derivation is of.

    Attributes:
        graph: the function.
        point: the values of its inputs by name, or none.
        notes: how the formula was read where people read in several ways.
        arguments: of a formula such as f(t) = A e^(-k t) those of the function: its other letters are held constant.
    """

    graph: Graph
    point: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether it has more than one number as its value."""
        return len(self.graph.outputs) > 1 or bool(self.graph.outputs[0].shape)

    @cached_property
    def name(self) -> str:
        """What the function is called: as its author calls its value, or itself, else f."""
        outputs = [output for output in self.graph.outputs if output.primitive is not None]
        taken = {node.name for node in self.graph.nodes if node.name and node not in outputs}
        author = "" if self.several or not outputs else outputs[0].name
        author = "" if author.rpartition("_")[0] in taken else author  # a name that was given again: x_2
        own = self.graph.name if self.graph.name.isidentifier() else ""
        return next((name for name in (author, own) if name and name not in taken), "") or free_name(_NAMES, taken)

    @cached_property
    def called(self) -> tuple[str, ...]:
        """What each value is called: as its author calls it, else f1, f2 and so on."""
        outputs = self.graph.outputs
        if not self.several:
            return (self.name,)
        inputs = {node.name for node in self.graph.inputs}
        names = tuple(output.name for output in outputs)
        if all(names) and len({*names}) == len(names) and not inputs.intersection(names):
            return names
        taken = {node.name for node in self.graph.nodes if node.name}
        return tuple(free_name([f"{self.name}{i}"], taken) for i in range(1, 1 + len(outputs)))

    def in_numbers(self, by: Sequence[Node]) -> tuple[Subject, list[Node]]:
        """The same by the entries of arrays, where these are only taken apart; and the entries to differentiate by."""
        if not any(node.shape for node in self.graph.nodes):
            return self, list(by)
        found = by_entries(self.graph)
        if found is None:
            return self, list(by)
        point = {
            entry.name: value
            for x, entries in found.of.items()
            if x.name in self.point
            for entry, value in zip(entries, np.ravel(self.point[x.name]), strict=True)
        }
        graph = rewrite(found.graph, ())
        return replace(self, graph=graph, point=point), [entry for x in by for entry in found.of[x]]


def subject_of(
    f: Any,
    args: Sequence[Any],
    variables: Sequence[str] | str | None,
    shapes: ShapesLike | None,
    at: Mapping[str, Any] | None,
    wrt: Any = None,
) -> Subject:
    """The graph of a function or formula, and the values of its inputs by name, if there are any."""
    if isinstance(f, (str, list, tuple)):
        if args:
            raise ArgumentError("a formula takes no arguments: give a point as at={...}")
        texts = components_of(f) if isinstance(f, str) else list(f)
        if variables is None and shapes is None and wrt is not None and not any(parse(text).inputs for text in texts):
            variables = wrt  # a constant is a function of whatever is asked for
        graph, notes, arguments = _of_formulas(texts, variables, shapes)
        return Subject(graph, _point(graph, at), notes, arguments)
    if at is not None or variables is not None or shapes is not None:
        raise ArgumentError("at=, variables= and shapes= belong to formulas: give a function's arguments after it")
    if not args:
        raise ArgumentError("a function is followed at a point: give its arguments after it, explain(f, 1.0)")
    traced = graph_of(as_function(f), *args)
    for name, value in traced.arguments:
        if np.asarray(value).dtype.kind == "c":
            raise ArgumentError(f"{name} is complex: derivations are of functions of real numbers")
    if not traced.outputs:
        raise ArgumentError(f"{traced.name} returns no number: there is nothing to differentiate")
    point = {name: np.asarray(value, float)[()] for name, value in traced.arguments}
    return Subject(_with_named_arrays(rewrite(with_named_operations(traced), ())), point)


def _with_named_arrays(graph: Graph) -> Graph:
    """The function with a name for each array that it holds; what its author computed on the way, as -X, has none."""
    taken = {node.name for node in graph.nodes if node.name}
    named: dict[Node, Node] = {}
    for node in graph.nodes:
        if node.is_constant and node.shape and not node.name:
            name = free_name([f"c{len(named) + 1}"], taken)
            named[node] = Node(None, (), node.parameters, node.shape, node.dtype, name)
            taken.add(name)
    if not named:
        return graph
    outputs = tuple(replaced(output, named, inside=False) for output in graph.outputs)
    guards = tuple(Guard(replaced(guard.node, named, inside=False), guard.outcome) for guard in graph.guards)
    return Graph(graph.inputs, outputs, guards, graph.name)


def _of_formulas(
    texts: Sequence[Any], variables: Sequence[str] | str | None, shapes: ShapesLike | None
) -> tuple[Graph, tuple[str, ...], tuple[str, ...]]:
    """The graph of some formulas of the same variables, how they were read, and the arguments that they name."""
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ArgumentError(f"several formulas are a list of texts, such as ['x y', 'x + y'], not {texts!r:.60}")
    formulas = [parse(text, variables, shapes) for text in texts]
    inputs: dict[str, Node] = {}
    for formula in formulas:
        inputs = inputs | {node.name: node for node in formula.inputs if node.name not in inputs}
    same = {node: inputs[node.name] for formula in formulas for node in formula.inputs}
    outputs = tuple(replaced(formula.outputs[0], same, inside=False) for formula in formulas)
    notes = tuple(dict.fromkeys(str(note) for formula in formulas for note in formula.notes))
    arguments = tuple(dict.fromkeys(name for formula in formulas for name in formula.arguments))
    return rewrite(Graph(tuple(inputs.values()), outputs, (), ", ".join(texts)), ()), notes, arguments


def variables_of(graph: Graph, wrt: str | Sequence[str] | None) -> list[Node]:
    """The inputs to differentiate by."""
    known = {node.name: node for node in graph.inputs}
    if wrt is None:
        if len(known) != 1:
            listed = f"there are several variables: say by which with wrt=, of {', '.join(known)}"
            raise ArgumentError(listed if known else "there is no variable to differentiate by")
        return list(known.values())
    if not isinstance(wrt, (str, list, tuple)) or not wrt:
        raise ArgumentError(f"wrt is {wrt!r:.60}: expected the name of a variable, or a list of names")
    chosen = [wrt] if isinstance(wrt, str) else list(wrt)
    for name in chosen:
        if name not in known:
            raise ArgumentError(f"there is no variable {name!r}; there is {', '.join(known) or 'none'}")
        if chosen.count(name) > 1:
            raise ArgumentError(f"wrt has {name} twice")
    return [known[name] for name in chosen]


def _point(graph: Graph, at: Any) -> dict[str, Any]:
    names = [node.name for node in graph.inputs]
    if at is None:
        return {}
    if not isinstance(at, Mapping):
        if len(names) != 1:
            raise ArgumentError(f"at gives one value: expected one for each of {', '.join(names) or 'no variable'}")
        at = {names[0]: at}
    for name in at:
        if name not in names:
            raise ArgumentError(f"at has {name!r}, which is no variable; there is {', '.join(names) or 'none'}")
    missing = [name for name in names if name not in at]
    if missing:
        raise ArgumentError(f"at gives no value for {', '.join(missing)}")
    return {node.name: _number(at[node.name], node) for node in graph.inputs}


def _number(value: Any, node: Node) -> Any:
    wanted = "a finite number" if not node.shape else f"finite numbers in the shape {node.shape}"
    try:
        number = np.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"at gives {value!r:.60} for {node.name}: expected {wanted}") from error
    if number.shape != node.shape or not np.isfinite(number).all():
        raise ArgumentError(f"at gives {value!r:.60} for {node.name}: expected {wanted}")
    return number[()]
