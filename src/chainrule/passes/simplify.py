"""Simplify a graph: share what is equal and apply a table of rewrite rules.

The nodes are taken once, operands first, and each is built from operands that are simplified already; what a rule
builds is simplified as it is built. So one sweep reaches the fixed point, in time linear in the size of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Guard, Node, lift
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.passes.algebra import ALGEBRA
from chainrule.passes.plumbing import PLUMBING
from chainrule.passes.rewrites import VALUE_SAFE, Rewrite

__all__ = ["FOR_VIEW", "rewrite", "simplify"]

# Like terms and plumbing first: a rule for signs would hide them. A fraction such as 2/20 is not folded for a reader.
FOR_VIEW = (*PLUMBING, *ALGEBRA, *VALUE_SAFE[1:])

_NESTING = 30  # how many rules may be under way inside each other: deeper is left as it is, and Python's stack is safe
_COMMUTATIVE = ("add", "multiply")
_SIZE_NAMES = ("N", "M", "K", "L")


def simplify(graph: Graph, for_view: bool = False) -> Graph:
    """The graph with equal parts shared and the rules applied.

    Args:
        graph: any graph.
        for_view: also apply the algebraic rules, which hold in stated domains and turn sizes into letters. The result
            is for reading: it is equal at the shapes that the graph was made for, to rounding.

    Returns:
        A graph with the same inputs. Without `for_view` it has the same values at any shapes, to rounding and to the
        sign of a zero.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> formula_text(simplify(parse("1 x^1 - (-y) + 0")))
    'x + y'
    >>> formula_text(simplify(parse("2 (3x + 2) 3 - x (-x)"), for_view=True))
    '6(3x + 2) + x^2'
    """
    return rewrite(graph, FOR_VIEW if for_view else VALUE_SAFE)


def rewrite(graph: Graph, table: Sequence[Rewrite]) -> Graph:
    """The graph after the rules of one table."""
    build = _Building(table, {node.name for node in graph.nodes})
    new: dict[Node, Node] = {}
    for node in graph.nodes:
        new[node] = build.rebuilt(node, [new[operand] for operand in node.operands])
    return Graph(
        graph.inputs,
        tuple(new[node] for node in graph.outputs),
        tuple(Guard(new[guard.node], guard.outcome) for guard in graph.guards),
        graph.name,
    )


class _Building:
    """The namespace F that rules build with: each node is shared with an equal one, and simplified."""

    def __init__(self, table: Sequence[Rewrite], taken: set[str]) -> None:
        self._table = table
        self._rules: dict[Primitive, list[Rewrite]] = {}
        self._known: dict[Any, Node] = {}
        self._nesting = 0
        self._taken = taken
        self._sizes: dict[int, Node] = {}

    def __getattr__(self, name: str) -> Any:
        primitive = primitives()[name]

        def apply(*operands: Any, **parameters: Any) -> Node:
            nodes = tuple([self._shared(lift(operand)) for operand in operands])
            key = _key(primitive, nodes, parameters)
            found = self._found(key)
            if found is None:
                shape, dtype = primitive.infer(nodes, parameters)
                found = self._known[key] = self._simplified(Node(primitive, nodes, parameters, shape, dtype))
            return found

        setattr(self, name, apply)
        return apply

    def rebuilt(self, node: Node, operands: Sequence[Node]) -> Node:
        """The node with new operands, or what the rules make of it."""
        if node.primitive is None:
            return self._shared(node)
        key = _key(node.primitive, operands, node.parameters)
        found = self._found(key)
        if found is None:
            if any(new is not old for new, old in zip(operands, node.operands, strict=True)):
                node = Node(
                    node.primitive, tuple(operands), node.parameters, node.shape, node.dtype, node.name, node.site
                )
            found = self._known[key] = self._simplified(node)
        return found

    def _found(self, key: Any) -> Node | None:
        found = self._known.get(key)
        if found is None and key[0].name in _COMMUTATIVE:
            return self._known.get((key[0], key[2], key[1]))
        return found

    def size_letter(self, count: int, dtype: Any) -> Node:
        """A constant that is written as a letter: N for the first size met."""
        if count not in self._sizes:
            free = [name for name in _SIZE_NAMES if name not in self._taken] or [f"N{len(self._sizes)}"]
            self._taken.add(free[0])
            self._sizes[count] = Node(None, (), {"value": count}, (), dtype, free[0])
        return self._sizes[count]

    def _shared(self, node: Node) -> Node:
        if not node.is_constant or node.shape != ():
            return node
        value = node.parameters["value"]
        exact = repr(value) if isinstance(node.dtype, type) else np.asarray(value).tobytes()
        return self._known.setdefault((node.dtype, isinstance(node.dtype, type), exact, node.name), node)

    def _simplified(self, node: Node) -> Node:
        primitive = node.primitive
        if primitive is None or self._nesting >= _NESTING:
            return node
        rules = self._rules.get(primitive)
        if rules is None:
            rules = self._rules[primitive] = [rule for rule in self._table if rule.on(primitive)]
        self._nesting += 1
        try:
            for rule in rules:
                found = rule.apply(self, node)
                if found is not None and found is not node and found.shape == node.shape and _same_dtype(found, node):
                    return self._shared(found)
        finally:
            self._nesting -= 1
        return node


def _same_dtype(x: Node, y: Node) -> bool:
    # A weak dtype promotes otherwise than the numpy.dtype it compares equal to.
    return bool(x.dtype == y.dtype) and isinstance(x.dtype, type) == isinstance(y.dtype, type)


def _key(primitive: Primitive, operands: Sequence[Node], parameters: Mapping[str, Any]) -> Any:
    if not parameters:
        return (primitive, *operands)
    return (primitive, *operands, *((name, _frozen(parameters[name])) for name in sorted(parameters)))


def _frozen(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *map(_frozen, value))
    if isinstance(value, slice):  # not hashable before Python 3.12
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, (bool, int, float, complex, str, np.generic)):
        return (type(value).__name__, repr(value))
    return id(value)
