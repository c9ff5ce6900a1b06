"""A function that takes its arrays apart into numbers, as a function of these numbers.

x[0]^2 x[1] is a function of x_0 and x_1, and np.stack makes several functions of it. Operations that only move the
entries of arrays are run on the entries themselves; they are found by running them on marks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Guard, Node, constant

__all__ = ["Entries", "by_entries"]

_MOST = 64  # numbers of all inputs: a function of more is one of arrays


@dataclass(frozen=True, eq=False)
class Entries:
    """The graph of a function of numbers, and what its numbers are.

    Attributes:
        graph: of numbers only, with an output for each entry of the outputs.
        of: for each input of the graph it was made from, its entries.
    """

    graph: Graph
    of: Mapping[Node, tuple[Node, ...]]


def by_entries(graph: Graph) -> Entries | None:
    """The function by the entries of its arrays; None where an array is more than a container of numbers.

    >>> import chainrule as cr
    >>> by_entries(cr.graph(lambda x: x[1] * np.sin(x[0]), np.ones(2))).graph.inputs
    (<input x_0 () float64>, <input x_1 () float64>)
    """
    computed = any(node.primitive is not None and node.operands and not node.operands[0].shape for node in graph.nodes)
    declared = any(any(node.parameters.get("sizes", ())) for node in graph.inputs)  # of any size, written as a letter
    if declared or not computed or sum(int(np.prod(node.shape)) for node in graph.inputs) > _MOST:
        return None
    taken = {node.name for node in graph.nodes if node.name}
    made: dict[Node, Any] = {x: _entries_of(x, taken) for x in graph.inputs}
    for node in graph.nodes:
        if node in made:
            continue
        if node.is_constant:
            made[node] = node if not node.shape else _filled(node.shape, map(constant, node.parameters["value"].flat))
            continue
        operands = [made[operand] for operand in node.operands]
        if any(isinstance(operand, np.ndarray) for operand in operands) or node.shape:
            made[node] = _moved(node, operands)
            if made[node] is None:
                return None
        else:
            made[node] = Node(node.primitive, tuple(operands), node.parameters, (), node.dtype, node.name, node.site)
    outputs = tuple(entry for output in graph.outputs for entry in _listed(made[output]))
    guards = tuple(Guard(made[guard.node], guard.outcome) for guard in graph.guards)
    of = {x: _listed(made[x]) for x in graph.inputs}
    inputs = tuple(entry for x in graph.inputs for entry in of[x])
    return Entries(Graph(inputs, outputs, guards, graph.name), of)


def _entries_of(x: Node, taken: set[str]) -> Any:
    if not x.shape:
        return x
    names = [f"{x.name}_{'_'.join(map(str, place))}" for place in np.ndindex(*x.shape)]
    while taken.intersection(names):
        names = [f"{name}_" for name in names]
    taken.update(names)
    return _filled(x.shape, (Node(None, (), {"name": name}, (), x.dtype, name) for name in names))


def _filled(shape: tuple[int, ...], entries: Any) -> Any:
    array = np.empty(shape, object)
    for place, entry in zip(np.ndindex(*shape), entries, strict=True):
        array[place] = entry
    return array


def _listed(entries: Any) -> tuple[Node, ...]:
    return tuple(entries.flat) if isinstance(entries, np.ndarray) else (entries,)


def _moved(node: Node, operands: list[Any]) -> Any:
    """The entries of an operation that only moves those of its operands; None for another operation."""
    assert node.primitive is not None
    known: dict[int, Node] = {}
    marked = []
    for operand in operands:
        marks = _filled(np.shape(operand), (_Mark() for _ in range(np.size(operand))))
        known |= zip(map(id, marks.flat), _listed(operand), strict=True)
        marked.append(marks[()])
    try:
        out = node.primitive.evaluate(*marked, **node.parameters)
    except Exception:  # a mark is no number: whatever computes with it fails in a way of its own
        return None
    found = [known[id(entry)] if isinstance(entry, _Mark) else constant(float(entry)) for entry in np.asarray(out).flat]
    return found[0] if not node.shape else _filled(node.shape, found)


class _Mark:
    """Stands for an entry while it is moved; it has no value, so it can be neither compared nor decided on."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise TypeError

    def __bool__(self) -> bool:
        raise TypeError
