"""Names for the forward steps of a function, so that the lines of its derivation stay short."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

from chainrule.core.graph import Graph, Node, topological
from chainrule.passes.rewrites import operation
from chainrule.passes.stepwise import replaced

__all__ = ["is_probability", "named_numbers", "named_steps", "times_written", "with_size_letters"]

_LARGE = 40  # operations: the whole of a larger function of numbers is too long to be repeated in each line
_WRITTEN = 3 * _LARGE  # operations as they are written, with what is used again written again
_PART = 6  # of so many operations a part of a large function gets a name
_WORTH = 3  # operations that a name must save in a line
_LETTERS = {"expit": "p", "softmax": "p", "subtract": "r", "matmul": "z", "add": "z"}


def named_numbers(outputs: Sequence[Node], taken: Collection[str]) -> tuple[dict[Node, str], bool]:
    """The steps of a function of numbers that have a name, and whether the function is large.

    A step keeps the name that its author gave it. Of a large function other parts get names too, u1, u2 and so on, so
    that what is written is as long as the function has operations.

    Args:
        outputs: of the function.
        taken: names that are in use.
    """
    nodes = [node for node in topological(outputs) if node.primitive is not None]
    by_author = {node: node.name for node in nodes if _by_author(node, [*taken]) and node not in outputs}
    written = sum(size for node, size in _sizes(nodes, by_author).items() if node in by_author or node in outputs)
    if len(nodes) <= _LARGE and written <= _WRITTEN:
        return by_author, False
    used = {*taken, *by_author.values(), *(node.name for node in topological(outputs))}
    free = (name for i in itertools.count(1) if (name := f"u{i}") not in used)
    names: dict[Node, str] = {}
    size: dict[Node, int] = {}
    for node in nodes:
        size[node] = 1 + sum(size.get(operand, 0) for operand in node.operands)
        if node not in outputs and (node in by_author or size[node] >= _PART):
            names[node] = by_author.get(node) or next(free)
            size[node] = 0
    return names, True


def _sizes(nodes: Sequence[Node], names: Mapping[Node, str]) -> dict[Node, int]:
    """How many operations each node takes as it is written, where those with a name are written as it."""
    sizes: dict[Node, int] = {}
    for node in nodes:
        sizes[node] = 1 + sum(0 if operand in names else sizes.get(operand, 0) for operand in node.operands)
    return sizes


def is_probability(node: Node) -> bool:
    """Whether a step is one that textbooks call p: the logistic function or softmax."""
    return _LETTERS.get(operation(node)) == "p"


def named_steps(output: Node, line: Node, taken: Sequence[str], probabilities: bool = False) -> dict[Node, str]:
    """The steps of a function that a line is shorter with, and their names, in the order of computation.

    A step keeps the name that its author gave it. Others get the letter that is usual for their operation.

    Args:
        output: the function.
        line: a term in which its steps stand.
        taken: names that are in use.
        probabilities: whether p is named where it stands twice, however short it is.
    """
    steps = [node for node in topological([output]) if node.primitive is not None and node.ndim and node is not output]
    written = times_written(line)
    names: dict[Node, str] = {}
    for least in (2, 1):  # where a step is written again and again, long ones are named too
        for node in steps:
            size = _size(node, names)
            saved = (written.get(node, 0) - least + 1) * size
            worth = (size > 1 and saved >= _WORTH) or (
                probabilities and written.get(node, 0) > 1 and is_probability(node)
            )
            if node in written and node not in names and (_by_author(node, taken) or worth):
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
    return _sizes([inner for inner in topological([node]) if inner.primitive is not None], names)[node]


def times_written(line: Node) -> dict[Node, int]:
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
