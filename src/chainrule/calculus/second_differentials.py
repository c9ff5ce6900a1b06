"""Second derivatives of a function of arrays: the differential of its gradient, dg = H dw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chainrule.calculus.matrix_calculus import Gradient, by_differentials, sizes_of
from chainrule.core.graph import Graph, Node
from chainrule.errors import ArgumentError
from chainrule.passes.letters import free_name
from chainrule.passes.named_steps import is_probability
from chainrule.passes.reverse import reverse
from chainrule.views.derivation.derivation import Derivation
from chainrule.views.derivation.record import Detail, Part

__all__ = ["by_second_differentials"]


def by_second_differentials(graph: Graph, by: Sequence[Node], detail: Detail, point: Mapping[str, Any]) -> Derivation:
    """The gradients of a scalar function of vectors and numbers, then the derivatives of these: the Hessian matrix.

    Each gradient is derived again by each variable: H is what multiplies dw in dg. The result is compared with the
    backward pass of the backward pass. Source: Magnus and Neudecker, Matrix Differential Calculus (1988), chapter 10.

    Args:
        graph: of one output, a scalar; made by `prepared`.
        by: inputs of it, vectors or scalars.
        detail: how much is shown.
        point: values of the inputs by name, or nothing.

    Raises:
        ArgumentError: the output is a vector, a variable a matrix, or no matrix form of a part is known.
        DerivationError: a step could not be verified.
    """
    (output,) = graph.outputs
    if output.ndim:
        raise ArgumentError(
            f"order is 2, and the value has the shape {output.shape}: its second derivatives are no matrix\n"
            "  take a number of it, such as v^T f or sum(f), whose Hessian matrix is derived"
        )
    for x in by:
        if x.ndim > 1:
            raise ArgumentError(
                f"order is 2, and {x.name} has the shape {x.shape}: the second derivatives by it are no matrix\n"
                "  derive by a vector, such as one column of it, or compute them with cr.hessian"
            )
    first = by_differentials(graph, by, detail, point)
    names = dict(first.names)
    second: list[Part] = []
    for part, x in zip(first.parts, by, strict=True):
        gradient = _gradient(graph, part, x, names, first.name)
        again = Graph(graph.inputs, (part.result.node,), graph.guards, graph.name)
        made = by_differentials(again, by, detail, point, gradient)
        names |= made.names
        second += [replace(each, path=(*part.path, *each.path), function=first.name) for each in made.parts]
    return replace(first, parts=(*first.parts, *second), names=names)


def _gradient(graph: Graph, part: Part, x: Node, names: Mapping[Node, str], function: str) -> Gradient:
    node = part.result.node
    taken = {function, *names.values(), *sizes_of(graph).values(), *(node.name for node in graph.inputs)}
    letters = ("p", "q") if is_probability(node) else ("g", "G", "q")
    backward = reverse(Graph(graph.inputs, graph.outputs, graph.guards), [x]).outputs[0]
    return Gradient(names.get(node) or free_name(letters, taken), names, backward)
