"""Derivatives of the step of a loop, and the step of many loops at once: bodies made of bodies.

What a step back needs of the step forward is kept or computed again. A value that is needed is kept where that is
cheaper than to compute it, and where it is not larger than what the loop carries: in a body that computes large arrays
from small carries the arrays are computed again, so that memory stays that of the carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from chainrule.core.axes import expanded, follows_second, scalar_of_shape
from chainrule.core.graph import Graph, Guard, Node, lift, topological
from chainrule.core.loop import Body, derived, floating, substituted
from chainrule.core.registry import building
from chainrule.core.shapes import Dtype, Shape
from chainrule.passes.batch import batch
from chainrule.passes.forward import push
from chainrule.passes.reverse import pull, records_of
from chainrule.passes.simplify import simplify

__all__ = ["batched", "depending", "kept", "of_numbers", "of_shape", "pushed", "transposed"]

F = building
_SMALL = 64  # components: a value of fewer is kept whatever the size of the carries


def kept(body: Body, active: tuple[bool, ...], sparing: bool) -> Body:
    """The body whose last ys are what its transpose by the active inputs needs of each step."""
    graph = body.graph
    active = _spread(body, active)
    seeded = (True,) * (len(graph.outputs) - body.carries)
    back, _ = _pulled(derived(body, graph, active=active), seeded)
    end = body.carries + body.rows
    at_hand = [node for i, node in enumerate(graph.inputs) if active[i] or i >= body.carries]
    varying = depending(graph.nodes, graph.inputs[:end])
    carries, rows = graph.inputs[: body.carries], set(graph.inputs[body.carries : end])
    wanted = [node for node in _frontier(back, graph, at_hand) if node in varying and node not in rows]
    chosen = [node for node in wanted if node in carries or (not sparing and _worth_keeping(node, body))]
    stop = set(chosen)
    reached = _needed([node for node in wanted if node not in stop], stop)
    chosen += [node for node in carries if node in reached and node not in stop]
    return Body(replace(graph, outputs=(*graph.outputs, *chosen)), body.carries, body.rows, len(chosen), active)


def transposed(body: Body, seeded: tuple[bool, ...]) -> Body:
    """One step back.

    Its carries are the cotangents of the active carries, and for each active constant the sum so far; its xs those of
    the body, what was kept, and the cotangents of the ys that are seeded; its constants those of the body.
    """
    graph = body.graph
    outputs, seeds = _pulled(body, seeded)
    constants = graph.inputs[body.carries + body.rows :]
    sums = [
        of_shape(f"sum_{node.name}", node.shape, node.dtype)
        for node, on in zip(constants, body.active[body.carries + body.rows :], strict=True)
        if on
    ]
    moving, still, by_rows = _in_order(body, outputs)
    totals = [F.add(before, term) for before, term in zip(sums, still, strict=True)]
    own = graph.outputs[len(graph.outputs) - (body.kept or 0) :]
    rows = graph.inputs[body.carries : body.carries + body.rows]
    history = [of_shape(f"kept_{node.name}", node.shape, np.dtype(node.dtype)) for node in own]
    on_carries = [seed for seed in seeds[: body.carries] if seed is not None]
    on_ys = [seed for seed in seeds[body.carries :] if seed is not None]
    inputs = (*on_carries, *sums, *rows, *history, *on_ys, *constants)
    made = Graph(inputs, (*moving, *totals, *by_rows), name=f"step back of {graph.name}")
    known = dict(zip(inputs, inputs, strict=True)) | dict(zip(own, history, strict=True))
    made = simplify(substituted(_without_shapes(made, inputs), known, inputs))
    return Body(made, len(on_carries) + len(sums), len(rows) + len(history) + len(on_ys))


def pushed(body: Body, active: tuple[bool, ...]) -> tuple[Body, tuple[bool, ...], tuple[bool, ...]]:
    """A step with its tangents; which inputs have one after it was spread over the carries, and which ys."""
    graph = body.graph
    active = _spread(body, active)
    tangents = [
        of_shape(f"d_{node.name}", node.shape, node.dtype) if on else None
        for node, on in zip(graph.inputs, active, strict=True)
    ]
    records = records_of(graph, [node for node, on in zip(graph.inputs, active, strict=True) if on])
    given = {records[node]: t for node, t in zip(graph.inputs, tangents, strict=True) if t is not None}
    moving = push(list(records.values()), given, F)
    changes = [
        moving.get(records[node]) if node in records and floating(node.dtype) else None for node in graph.outputs
    ]
    carried = [
        F.zeros_like(node) if change is None else change
        for node, change, on in zip(graph.outputs, changes[: body.carries], active, strict=False)
        if on
    ]
    moved = tuple(change is not None for change in changes[body.carries :])
    stacked = [change for change in changes[body.carries :] if change is not None]
    inputs = [
        node for i, own in enumerate(_thirds(body, graph.inputs)) for node in (*own, *_present(body, tangents, i))
    ]
    outputs = (*graph.outputs[: body.carries], *carried, *stacked)
    made = simplify(Graph(tuple(inputs), outputs, graph.guards, f"tangent of {graph.name}"))
    counts = [len(own) + len(_present(body, tangents, i)) for i, own in enumerate(_thirds(body, graph.inputs))]
    return Body(made, counts[0], counts[1]), active, moved


def batched(body: Body, flags: tuple[bool, ...], count: int) -> tuple[Body, tuple[bool, ...], tuple[bool, ...]]:
    """A step of `count` loops at once; which carries and which ys differ from loop to loop."""
    graph = body.graph
    plain = Graph(graph.inputs, (*graph.outputs, *(guard.node for guard in graph.guards)), name=graph.name)
    many = list(flags)
    while True:
        inputs = [
            of_shape(node.name, (count, *node.shape) if flag else node.shape, node.dtype)
            for node, flag in zip(graph.inputs, many, strict=True)
        ]
        found = batch(plain, inputs, many, F)
        joined = [before or now for before, (_, now) in zip(many, found[: body.carries], strict=False)]
        if joined == many[: body.carries]:
            break
        many[: body.carries] = joined
    outputs = [
        node if now or not flag else F.broadcast_to(lift(node), shape=(count, *np.shape(node)))
        for (node, now), flag in zip(found[: body.carries], many, strict=False)
    ]
    ends = len(graph.outputs)
    outputs += [node for node, _ in found[body.carries : ends]]
    guards = [
        _guard_of_all(node, guard.outcome, now) for (node, now), guard in zip(found[ends:], graph.guards, strict=True)
    ]
    made = simplify(Graph(tuple(inputs), tuple(map(lift, outputs)), tuple(guards), graph.name))
    stacked = tuple(now for _, now in found[body.carries : ends])
    return derived(body, made), tuple(many[: body.carries]), stacked


def of_numbers(graph: Graph) -> bool:
    """Whether a step computes with single numbers alone, so that Python's own are the fastest."""
    return all(node.shape == () for node in graph.nodes)


def of_shape(name: str, shape: Shape, dtype: Dtype) -> Node:
    """An input."""
    return Node(None, (), {"name": name}, shape, dtype, name)


def _thirds(body: Body, every: Sequence[Node | None]) -> list[list[Node]]:
    end = body.carries + body.rows
    parts = (every[: body.carries], every[body.carries : end], every[end:])
    return [[node for node in part if node is not None] for part in parts]


def _present(body: Body, tangents: Sequence[Node | None], part: int) -> list[Node]:
    return _thirds(body, tangents)[part]


def _spread(body: Body, active: Sequence[bool]) -> tuple[bool, ...]:
    """The active inputs with all carries that they reach in some step."""
    graph, on = body.graph, list(active)
    while True:
        reached = depending(graph.nodes, [node for node, flag in zip(graph.inputs, on, strict=True) if flag])
        new = [
            flag or (node in reached and floating(node.dtype))
            for flag, node in zip(on, graph.outputs[: body.carries], strict=False)
        ]
        if new == on[: body.carries]:
            return tuple(on)
        on[: body.carries] = new


def depending(nodes: Iterable[Node], on: Iterable[Node]) -> set[Node]:
    """The nodes with all that is computed from them."""
    found = set(on)
    for node in nodes:
        if any(operand in found for operand in node.operands):
            found.add(node)
    return found


def _pulled(body: Body, seeded: Sequence[bool]) -> tuple[list[Node], list[Node | None]]:
    """The cotangents of the active inputs, in order, and the inputs that stand for those of the outputs."""
    graph = body.graph
    wrt = [node for node, on in zip(graph.inputs, body.active, strict=True) if on]
    records = records_of(graph, wrt)
    flags = (*body.active[: body.carries], *seeded)
    seeds = [
        of_shape(f"grad_{node.name}", node.shape, np.dtype(node.dtype)) if flag and floating(node.dtype) else None
        for node, flag in zip(graph.outputs, flags, strict=True)
    ]
    given: dict[object, Node] = {}
    for node, seed in zip(graph.outputs, seeds, strict=True):
        if seed is not None and node in records:
            record = records[node]
            given[record] = F.add(given[record], seed) if record in given else seed
    found = pull(list(records.values()), given, F)  # type: ignore[arg-type]
    return [found[records[node]] if records[node] in found else F.zeros_like(node) for node in wrt], seeds


def _in_order(body: Body, outputs: Sequence[Node]) -> tuple[list[Node], list[Node], list[Node]]:
    """Cotangents of the active inputs as those of carries, of constants and of xs."""
    rest = iter(outputs)
    every = [next(rest) if on else None for on in body.active]
    carries, rows, constants = _thirds(body, every)
    return carries, constants, rows


def _without_shapes(graph: Graph, available: Sequence[Node]) -> Graph:
    """The graph with an input in the place of what is asked for its shape alone, where one has that shape."""
    models = {(node.shape, np.dtype(node.dtype)): node for node in reversed(available)}
    new: dict[Node, Node] = {}
    for node in graph.nodes:
        asked = _asked_for_shape(node)
        operands = tuple(
            models.get((o.shape, np.dtype(o.dtype)), new[o]) if i == asked else new[o]
            for i, o in enumerate(node.operands)
        )
        if all(a is b for a, b in zip(operands, node.operands, strict=True)):
            new[node] = node
        else:
            new[node] = Node(node.primitive, operands, node.parameters, node.shape, node.dtype, node.name, node.site)
    return Graph(graph.inputs, tuple(new[node] for node in graph.outputs), name=graph.name)


def _asked_for_shape(node: Node) -> int | None:
    rule = None if node.primitive is None else node.primitive.shape
    return 1 if rule is follows_second or rule is expanded else 0 if rule is scalar_of_shape else None


def _frontier(outputs: Sequence[Node], graph: Graph, at_hand: Sequence[Node]) -> list[Node]:
    """The values of a step that its cotangents are computed with, in order of computation."""
    forward = set(graph.nodes)
    found: set[Node] = {node for node in outputs if node in forward}
    shapes = {(node.shape, np.dtype(node.dtype)) for node in at_hand}
    for node in topological(outputs):
        if node not in forward:
            asked = _asked_for_shape(node)
            for i, operand in enumerate(node.operands):
                if operand in forward and not (i == asked and (operand.shape, np.dtype(operand.dtype)) in shapes):
                    found.add(operand)
    return [node for node in graph.nodes if node in found and not node.is_constant]


def _worth_keeping(node: Node, body: Body) -> bool:
    carried = sum(prod(carry.shape) for carry in body.graph.inputs[: body.carries])
    # A product of Python's numbers takes less time than to keep and to fetch it.
    return not of_numbers(body.graph) and prod(node.shape) <= max(_SMALL, 2 * carried)


def _needed(outputs: Sequence[Node], stop: set[Node]) -> set[Node]:
    """All that the outputs are computed from, not beyond `stop`."""
    found: set[Node] = set()
    waiting = list(outputs)
    while waiting:
        node = waiting.pop()
        if node not in found and node not in stop:
            found.add(node)
            waiting += node.operands
    return found


def _guard_of_all(node: Node, outcome: bool | int, many: bool) -> Guard:
    """The branch that every loop of a batch has to take."""
    if not many:
        return Guard(node, outcome)
    taken = F.logical_not(node) if outcome is False else node if outcome is True else F.equal(node, outcome)
    return Guard(F.all(taken, axis=(0,), keepdims=False), True)
