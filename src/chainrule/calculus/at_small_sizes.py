"""Derivations of functions of large arrays: each step is checked at small sizes, the result at those given."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.registry import building
from chainrule.errors import DerivationError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.jacobian_matrix import without_diagonals
from chainrule.passes.reverse import reverse
from chainrule.passes.smaller import Smaller, smaller
from chainrule.views.derivation.derivation import Derivation
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Detail, Part

__all__ = ["at_small_sizes"]

Method = Callable[..., Derivation]
_DIGITS = 1e-6  # floats at the sizes given, where sums are long


def at_small_sizes(
    method: Method,
    graph: Graph,
    by: Sequence[Node],
    detail: Detail,
    point: Mapping[str, Any],
    lettered: bool = False,
) -> Derivation:
    """What a method makes of a function of arrays; where these are large, of the same function of small ones.

    Args:
        method: makes the derivation.
        graph, by, detail, point: its arguments.
        lettered: whether it takes letters for sizes too.

    Raises:
        DerivationError: a step could not be verified, or the result is not the derivative at the sizes given.
    """
    found = smaller(graph)
    if found is None:
        return method(graph, by, detail, point)
    corner = {name: found.corner(value) for name, value in point.items()}
    letters = {"sizes": found.letters()} if lettered else {}
    made = method(found.graph, [found.small[x] for x in by], detail, corner, **letters)
    grown = _grown(made, found)
    names = {found.grown(node): name for node, name in made.names.items()}
    each = zip(grown.parts, itertools.cycle(by), strict=False)  # all orders go through the variables in turn
    parts = tuple(_at_size(graph, part, x, point, found) for part, x in each)
    return replace(grown, function=graph, names=names, parts=parts, at=point)


def _at_size(graph: Graph, part: Part, x: Node, point: Mapping[str, Any], found: Smaller) -> Part:
    """A derivative with its value at the point, and that it is the one there."""
    values = [np.asarray(point[node.name], float) for node in graph.inputs]
    before = [node for name in part.path[:-1] for node in graph.inputs if node.name == name]
    (output,) = reverse(graph, before).outputs if before else graph.outputs
    weights = np.random.default_rng(2).normal(size=output.shape)
    total = output if not output.shape else building.sum(building.multiply(weights, output), axis=(0,), keepdims=False)
    with np.errstate(all="ignore"):
        value = evaluate(Graph(graph.inputs, (without_diagonals(part.result.node),)), *values)[0]
        backward = evaluate(reverse(Graph(graph.inputs, (total,)), [x]), *values)[0]
    combined = value if not output.shape else np.tensordot(weights, value, 1)
    if not np.allclose(combined, backward, rtol=_DIGITS, atol=_DIGITS * np.max(np.abs(backward)), equal_nan=True):
        raise DerivationError(f"the derivative by {x.name} is that at small sizes, not at those given")
    sizes = ", ".join(f"{small} for {large:,}" for small, large in found.sizes.items())
    return replace(part, value=value, instead=f" with arrays of a smaller size ({sizes})")


def _grown(made: Any, found: Smaller) -> Any:
    """A record with each of its expressions at the sizes given."""
    if isinstance(made, Expression):
        inputs = tuple(found.grown(node) for node in made.inputs)
        names = {found.grown(node): name for node, name in made.names.items()}
        return replace(made, node=found.grown(made.node), inputs=inputs, names=names)
    if isinstance(made, tuple):
        return tuple(_grown(entry, found) for entry in made)
    if isinstance(made, Node):
        return found.grown(made)
    if is_dataclass(made) and not isinstance(made, (type, Graph)):
        changed = {}
        for entry in fields(made):
            before = getattr(made, entry.name)
            after = _grown(before, found)
            if after is not before:
                changed[entry.name] = after
        return replace(made, **changed) if changed else made
    return made
