"""A graph of large arrays with small ones in their place, and its terms at the sizes that it has.

What holds for arrays of any sizes need not be checked at 10,000 rows. Each large size becomes a small prime number,
the same wherever it occurs; of arrays that the function holds the first entries are taken. That the result is the
same function is seen by running it: where a shape comes out otherwise, there is no smaller graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node, topological
from chainrule.core.shapes import Shape
from chainrule.passes.evaluate import values_of

__all__ = ["Smaller", "smaller"]

_LARGE = 16  # larger sizes are replaced
_PRIMES = (5, 7, 11, 13, 17, 19, 23)


class Smaller:
    """A graph with small arrays.

    Attributes:
        graph: it.
        sizes: for each small size the one that it stands for.
        small: for each node of the given graph the one in its place.
    """

    def __init__(self, graph: Graph, sizes: Mapping[int, int], small: Mapping[Node, Node]) -> None:
        self.graph = graph
        self.sizes = sizes
        self.small = small
        self._grown = {found: node for node, found in small.items()}

    def corner(self, value: Any) -> Any:
        """The first entries of a value, as many as the smaller graph takes."""
        return _corner(value, {n: m for m, n in self.sizes.items()})

    def letters(self) -> dict[int, str]:
        """A letter for each small size that no variable has."""
        taken = {node.name for node in self.graph.nodes}
        free = [letter for letter in ("N", "M", "K", "L", "n", "m", "k", "l") if letter not in taken]
        return dict(zip(sorted(self.sizes, key=lambda m: -self.sizes[m]), free, strict=False))

    def grown(self, term: Node) -> Node:
        """A term that was made from the smaller graph, at the sizes of the given one."""
        for node in topological([term]):
            if node not in self._grown:
                self._grown[node] = self._at_size(node)
        return self._grown[term]

    def _at_size(self, node: Node) -> Node:
        shape = _shape(node.shape, self.sizes)
        if node.is_constant:
            value = node.parameters["value"]
            if node.shape:
                value = _constant(np.asarray(value), shape)
            elif node.name and isinstance(value, int):
                value = self._count(value) if value else 0
            return Node(None, (), {**node.parameters, "value": value}, shape, node.dtype, node.name, node.site)
        operands = tuple(self._grown[operand] for operand in node.operands)
        parameters = _parameters(node, self.sizes)
        return Node(node.primitive, operands, parameters, shape, node.dtype, node.name, node.site)

    def _count(self, count: int) -> int:
        """A number of components: the product of sizes that stands for a product of small ones."""
        grown = 1
        for small, large in self.sizes.items():
            while count % small == 0:
                count //= small
                grown *= large
        return count * grown


def smaller(graph: Graph) -> Smaller | None:
    """The graph with small arrays; None where all are small, or where the function depends on their sizes.

    >>> import chainrule as cr
    >>> graph = cr.graph(lambda w: np.mean((np.ones((1000, 50)) @ w) ** 2), np.ones(50))
    >>> found = smaller(graph)
    >>> found.sizes, found.graph.inputs
    ({5: 50, 7: 1000}, (<input w (5,) float64>,))
    """
    present = dict.fromkeys(n for node in graph.nodes for n in node.shape)
    large = [n for n in present if n > _LARGE]
    primes = [p for p in _PRIMES if p not in present]
    declared = any(any(node.parameters.get("sizes", ())) for node in graph.inputs)
    if not large or len(large) > len(primes) or graph.guards or declared:
        return None
    sizes = dict(zip(large, primes, strict=False))
    small: dict[Node, Node] = {}
    for node in graph.nodes:
        shape = _shape(node.shape, sizes)
        parameters = _parameters(node, sizes)
        if node.is_constant and node.shape:
            parameters = {**parameters, "value": _corner(node.parameters["value"], sizes)}
        operands = tuple(small[operand] for operand in node.operands)
        small[node] = Node(node.primitive, operands, parameters, shape, node.dtype, node.name, node.site)
    made = Graph(
        tuple(small[x] for x in graph.inputs), tuple(small[output] for output in graph.outputs), (), graph.name
    )
    return Smaller(made, {m: n for n, m in sizes.items()}, small) if _runs(made) else None


def _runs(graph: Graph) -> bool:
    """Whether each value comes out in the shape that it is to have."""
    rng = np.random.default_rng(0)
    values = [rng.uniform(0.1, 0.9, node.shape).astype(node.dtype) for node in graph.inputs]
    try:
        with np.errstate(all="ignore"):
            found = values_of(graph, values)
    except Exception:  # an index beyond the end, a shape that does not fit: whatever the operations raise
        return False
    return all(np.shape(value) == node.shape for node, value in found.items())


def _shape(shape: Shape, sizes: Mapping[int, int]) -> Shape:
    return tuple(sizes.get(n, n) for n in shape)


def _parameters(node: Node, sizes: Mapping[int, int]) -> Mapping[str, Any]:
    """The parameters with the sizes in a shape replaced."""
    shape = node.parameters.get("shape")
    return node.parameters if shape is None else {**node.parameters, "shape": _shape(shape, sizes)}


def _corner(value: Any, sizes: Mapping[int, int]) -> Any:
    return value[tuple(slice(sizes.get(n, n)) for n in np.shape(value))] if np.ndim(value) else value


def _constant(value: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
    """A constant array that a derivation made, at another size: the identity matrix, or equal entries."""
    if value.shape == shape:
        return value
    if value.ndim == 2 and np.array_equal(value, np.eye(value.shape[0], value.shape[1])):
        return np.eye(shape[0], shape[1])
    return np.full(shape, value.flat[0])
