"""Group the operations of a graph into the steps that its author named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from chainrule.core.graph import Graph, Node, topological

__all__ = ["StepGraph", "steps_of"]


@dataclass(frozen=True, eq=False)
class StepGraph:
    """One step: the operations between its sources and its result.

    Attributes:
        name: the name that the author gave to the result, or v1, v2, ...
        node: the result in the whole graph.
        sources: the nodes it starts from in the whole graph: inputs and results of earlier steps.
        members: its operations in the whole graph.
    """

    name: str
    node: Node
    sources: tuple[Node, ...]
    members: frozenset[Node]
    _names: Mapping[Node, str] = field(repr=False)

    @cached_property
    def graph(self) -> Graph:
        """The step by itself, with the sources as named inputs; made when it is asked for, as a long loop has many."""
        copies = {
            source: Node(None, (), {"name": self._names[source]}, source.shape, source.dtype, self._names[source])
            for source in self.sources
        }
        inputs = tuple(copies.values())
        stack: list[tuple[Node, bool]] = [(self.node, False)]
        while stack:
            node, ready = stack.pop()
            if node in copies:
                continue
            if node.is_constant:
                copies[node] = node
            elif ready:
                operands = tuple(copies[operand] for operand in node.operands)
                copies[node] = Node(node.primitive, operands, node.parameters, node.shape, node.dtype, "", node.site)
            else:
                stack.append((node, True))
                stack.extend((operand, False) for operand in reversed(node.operands))
        return Graph(inputs, (copies[self.node],), (), self.name)


def steps_of(graph: Graph, *outputs: Node, elementary: bool = False) -> list[StepGraph]:
    """The steps that lead to `outputs`, in order.

    An operation without a name belongs to the named step that uses it; one that several steps use is a step itself.
    Where the author named nothing, or with `elementary`, every operation is a step.

    Args:
        graph: the whole graph.
        outputs: some of its nodes.
        elementary: take every operation as a step, whatever the names.
    """
    nodes = topological(outputs)
    computed = [node for node in nodes if node.primitive is not None]
    every = elementary or not any(node.name for node in computed)
    ends = set(outputs)
    home: dict[Node, Node] = {}
    only: dict[Node, Node | None] = {}  # the one step that uses a node, None if several do
    for node in reversed(computed):
        user = only.get(node)
        head = home[node] = node if every or node.name or node in ends or user is None else user
        for operand in node.operands:
            if only.setdefault(operand, head) is not head:
                only[operand] = None
    names = _names(graph, computed, home, outputs[0] if len(outputs) == 1 else None)
    return [_step(names, node, home) for node in computed if home[node] is node]


def _names(graph: Graph, computed: list[Node], home: dict[Node, Node], output: Node | None) -> dict[Node, str]:
    names = {node: node.name for node in graph.inputs}
    taken = {node.name for node in graph.nodes if node.name}
    count = 0
    for node in computed:
        if home[node] is not node:
            continue
        name = node.name
        if not name and node is output and graph.name.isidentifier() and graph.name not in taken:
            name = graph.name
        while not name:
            count += 1
            name = "" if f"v{count}" in taken else f"v{count}"
        names[node] = name
        taken.add(name)
    return names


def _step(names: Mapping[Node, str], head: Node, home: Mapping[Node, Node]) -> StepGraph:
    sources: dict[Node, None] = {}
    members = {head}
    stack = list(reversed(head.operands))
    while stack:
        node = stack.pop()
        if node.is_constant or node in members:
            continue
        if node.is_input or home[node] is not head:
            sources[node] = None
        else:
            members.add(node)
            stack.extend(reversed(node.operands))
    return StepGraph(names[head], head, tuple(sources), frozenset(members), names)
