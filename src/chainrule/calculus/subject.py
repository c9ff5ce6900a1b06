"""What a derivation is of: the function as a graph, the variables, the point; each checked as it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.calculus.functions import as_function
from chainrule.calculus.graphs import graph as graph_of
from chainrule.core.graph import Graph, Node
from chainrule.errors import ArgumentError
from chainrule.passes.simplify import rewrite
from chainrule.read.formula import parse
from chainrule.read.shapes import ShapesLike

__all__ = ["function_and_point", "variables_of"]


def function_and_point(
    f: Callable[..., Any] | str,
    args: Sequence[Any],
    variables: Sequence[str] | str | None,
    shapes: ShapesLike | None,
    at: Mapping[str, Any] | None,
) -> tuple[Graph, dict[str, Any]]:
    """The graph of a function or formula, and the values of its inputs by name, if there are any."""
    if isinstance(f, str):
        if args:
            raise ArgumentError("a formula takes no arguments: give a point as at={...}")
        graph = rewrite(parse(f, variables, shapes), ())
        return graph, _point(graph, at)
    if at is not None or variables is not None or shapes is not None:
        raise ArgumentError("at=, variables= and shapes= belong to formulas: give a function's arguments after it")
    if not args:
        raise ArgumentError("a function is followed at a point: give its arguments after it, explain(f, 1.0)")
    traced = graph_of(as_function(f), *args)
    for name, value in traced.arguments:
        if np.asarray(value).dtype.kind == "c":
            raise ArgumentError(f"{name} is complex: derivations are of functions of real numbers")
    if len(traced.outputs) != 1 or traced.outputs[0].shape:
        raise ArgumentError(f"{traced.name} has no single number as its value")
    return rewrite(traced, ()), {name: np.asarray(value, float)[()] for name, value in traced.arguments}


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
