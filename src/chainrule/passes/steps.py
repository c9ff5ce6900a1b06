"""Group the operations of a graph into the steps that its author named."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.core.graph import Graph, Node, topological

__all__ = ["StepGraph", "steps_of"]


@dataclass(frozen=True, eq=False)
class StepGraph:
    """One step: the operations between its sources and its result, as a graph of its own.

    Attributes:
        name: the name that the author gave to the result, or v1, v2, ...
        node: the result in the whole graph.
        sources: the nodes it starts from in the whole graph: inputs and results of earlier steps.
        graph: the step by itself, with the sources as named inputs.
        members: its operations in the whole graph.
    """

    name: str
    node: Node
    sources: tuple[Node, ...]
    graph: Graph
    members: frozenset[Node]


def steps_of(graph: Graph, output: Node, elementary: bool = False) -> list[StepGraph]:
    """The steps that lead to `output`, in order.

    An operation without a name belongs to the named step that uses it; one that several steps use is a step itself.
    Where the author named nothing, or with `elementary`, every operation is a step.

    Args:
        graph: the whole graph.
        output: one of its nodes.
        elementary: take every operation as a step, whatever the names.
    """
    nodes = topological([output])
    computed = [node for node in nodes if node.primitive is not None]
    every = elementary or not any(node.name for node in computed)
    home: dict[Node, Node] = {}
    users: dict[Node, set[Node]] = {node: set() for node in nodes}
    for node in reversed(computed):
        homes = users[node]
        home[node] = node if every or node.name or node is output or len(homes) != 1 else next(iter(homes))
        for operand in node.operands:
            users[operand].add(home[node])
    names = _names(graph, computed, home, output)
    return [_cut(names, node, home) for node in computed if home[node] is node]


def _names(graph: Graph, computed: list[Node], home: dict[Node, Node], output: Node) -> dict[Node, str]:
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


def _cut(names: dict[Node, str], head: Node, home: dict[Node, Node]) -> StepGraph:
    """The part of the graph that belongs to one step, with what it starts from as inputs."""
    copies: dict[Node, Node] = {}
    sources: list[Node] = []
    stack: list[tuple[Node, bool]] = [(head, False)]
    while stack:
        node, ready = stack.pop()
        if node in copies:
            continue
        if node.is_constant:
            copies[node] = node
        elif node is not head and (node.is_input or home[node] is not head):
            copies[node] = Node(None, (), {"name": names[node]}, node.shape, node.dtype, names[node])
            sources.append(node)
        elif ready:
            operands = tuple(copies[operand] for operand in node.operands)
            copies[node] = Node(node.primitive, operands, node.parameters, node.shape, node.dtype, "", node.site)
        else:
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(node.operands))
    inputs = tuple(copies[source] for source in sources)
    own = frozenset(node for node in copies if node.primitive is not None and node not in sources)
    return StepGraph(names[head], head, tuple(sources), Graph(inputs, (copies[head],), (), names[head]), own)
