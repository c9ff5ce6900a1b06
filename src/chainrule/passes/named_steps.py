"""Names for the forward steps of a function of arrays, so that the lines of its derivation stay short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.core.graph import Graph, Node, topological
from chainrule.passes.rewrites import operation
from chainrule.passes.stepwise import replaced

__all__ = ["named_steps", "with_size_letters"]

_WORTH = 3  # operations that a name must save in a line
_LETTERS = {"expit": "p", "softmax": "p", "subtract": "r", "matmul": "z", "add": "z"}


def named_steps(output: Node, line: Node, taken: Sequence[str]) -> dict[Node, str]:
    """The steps of a function that a line is shorter with, and their names, in the order of computation.

    A step keeps the name that its author gave it. Others get the letter that is usual for their operation.

    Args:
        output: the function.
        line: a term in which its steps stand.
        taken: names that are in use.
    """
    steps = [node for node in topological([output]) if node.primitive is not None and node.ndim and node is not output]
    written = _times_written(line)
    names: dict[Node, str] = {}
    for least in (2, 1):  # where a step is written again and again, long ones are named too
        for node in steps:
            size = _size(node, names)
            saved = (written.get(node, 0) - least + 1) * size
            if node in written and node not in names and (_by_author(node, taken) or (size > 1 and saved >= _WORTH)):
                names[node] = _free(node, [*taken, *names.values()])
        if not names:
            break
    return {node: names[node] for node in steps if node in names}


def _by_author(node: Node, taken: Sequence[str]) -> bool:
    return bool(node.name) and node.name not in taken


def _free(node: Node, taken: Sequence[str]) -> str:
    letter = node.name or _LETTERS.get(operation(node), "h")
    name, number = letter, 0
    while name in taken:
        number += 1
        name = f"{letter}{number}"
    return name


def _size(node: Node, names: Mapping[Node, str]) -> int:
    """How many operations a step takes as it is written."""
    sizes: dict[Node, int] = {}
    for inner in topological([node]):
        atom = inner.primitive is None or (inner in names and inner is not node)
        sizes[inner] = 0 if atom else 1 + sum(sizes[operand] for operand in inner.operands)
    return sizes[node]


def _times_written(line: Node) -> dict[Node, int]:
    """How many times each term stands in a line that writes out what it repeats."""
    order = topological([line])
    count = dict.fromkeys(order, 0)
    count[line] = 1
    for node in reversed(order):
        for operand in node.operands:
            count[operand] += count[node]
    return count


def with_size_letters(graph: Graph) -> Graph:
    """The graph with each size of an input's axis as the letter that it was declared with."""
    new: dict[Node, Node] = {}
    for node in graph.nodes:
        x = node.operands[0] if operation(node) == "size" else None
        if x is None or not x.is_input or len(node.parameters["axis"]) != 1:
            continue
        (axis,) = node.parameters["axis"]
        letters = x.parameters.get("sizes", ())
        if letters and letters[axis]:
            new[node] = Node(None, (), {"value": x.shape[axis]}, (), int, letters[axis])
    outputs = tuple(replaced(output, new, inside=False) for output in graph.outputs)
    return Graph(graph.inputs, outputs, graph.guards, graph.name)
