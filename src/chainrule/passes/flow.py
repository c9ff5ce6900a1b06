"""Derivatives of y' = f(y, t, k): the equations that carry tangents forward and cotangents back.

Their right-hand sides are bodies as f is, of which the state is one vector. So they are integrated by the same
operation, and differentiated again.
Source: Pontryagin et al. (1962), The Mathematical Theory of Optimal Processes; Chen, Rubanova, Bettencourt, Duvenaud
(2018), Neural ordinary differential equations, for the equation back.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.loop import Body, substituted
from chainrule.core.registry import building
from chainrule.passes.forward import push
from chainrule.passes.loop import of_shape
from chainrule.passes.reverse import pull, records_of
from chainrule.passes.simplify import simplify

__all__ = ["adjoint", "sensitivity"]

F = building


def adjoint(body: Body, active: tuple[bool, ...]) -> Body:
    """z = (y, a, s) with a' = -a f_y and s' = -a f_k for the active constants k; s is one vector.

    The constants of f are followed by one more, which does not enter: what y comes to at the end, to compare with.
    """
    graph = body.graph
    (y, t, *constants), (rate,) = graph.inputs, graph.outputs
    chosen = [node for node, on in zip(constants, active, strict=True) if on]
    a = of_shape("a", y.shape, y.dtype)
    records = records_of(graph, [y, *chosen])
    found = pull(list(records.values()), {records[rate]: a}, F) if rate in records else {}
    back = [found[records[node]] if records[node] in found else F.zeros_like(node) for node in (y, *chosen)]
    n, size = y.shape[0], 2 * y.shape[0] + sum(prod(node.shape) for node in chosen)
    end = of_shape("y_end", y.shape, y.dtype)
    outputs = [rate, *(F.negative(F.reshape(g, shape=(prod(g.shape),))) for g in back)]
    return _of_vector(body, (y, a), n, size, outputs, [t, *constants, end])


def sensitivity(body: Body, active: tuple[bool, ...]) -> Body:
    """z = (y, v) with v' = f_y v + f_k w, where the tangents w of the active constants follow the constants."""
    graph = body.graph
    (y, t, *constants), (rate,) = graph.inputs, graph.outputs
    chosen = [node for node, on in zip(constants, active, strict=True) if on]
    v = of_shape("v", y.shape, y.dtype)
    along = [of_shape(f"d_{node.name}", node.shape, node.dtype) for node in chosen]
    records = records_of(graph, [y, *chosen])
    given = {records[node]: w for node, w in zip((y, *chosen), (v, *along), strict=True)}
    moving = push(list(records.values()), given, F)
    change = moving.get(records[rate]) if rate in records else None
    n = y.shape[0]
    outputs = [rate, F.zeros_like(rate) if change is None else change]
    return _of_vector(body, (y, v), n, 2 * n, outputs, [t, *constants, *along])


def _of_vector(
    body: Body, halves: tuple[Node, Node], n: int, size: int, outputs: Sequence[Node], others: Sequence[Node]
) -> Body:
    """The equation as one of a single vector, of which the first two parts are `halves`."""
    first, second = halves
    z = of_shape("z", (size,), first.dtype)
    cut = {node: node for node in others}
    cut[first] = F.getitem(z, pattern=(slice(0, n),))
    cut[second] = F.getitem(z, pattern=(slice(n, 2 * n),))
    same = [x if np.dtype(x.dtype) == z.dtype else F.cast(x, dtype=z.dtype.name) for x in outputs]
    graph = Graph((first, second, *others), (F.concatenate(*same, axis=0),), body.graph.guards, body.graph.name)
    return Body(simplify(substituted(graph, cut, (z, *others))), 1, 1)
