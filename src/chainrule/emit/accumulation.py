"""Sums of parts of one array: which of them are written as additions into it, line by line.

The gradient by an array that was read in parts is a sum of arrays that are zero but for one part each. By hand one
array of zeros is made, and each part is added where it belongs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.core.graph import Node
from chainrule.emit.layout import known_name

__all__ = ["Accumulation", "accumulations", "is_new_array"]


@dataclass(frozen=True, slots=True)
class Accumulation:
    """An array that is filled part by part.

    Attributes:
        base: what it starts as, a new array; None for zeros.
        terms: what is added, in order: parts (`scatter`) and whole arrays.
        inner: the nodes of the sum that need no line of their own.
    """

    base: Node | None
    terms: tuple[Node, ...]
    inner: frozenset[Node]


def accumulations(order: Sequence[Node], uses: Mapping[Node, int], kept: Collection[Node]) -> dict[Node, Accumulation]:
    """The accumulations among nodes in order of computation.

    Args:
        order: the nodes that are written.
        uses: how often each is mentioned.
        kept: nodes that need a line of their own for other reasons.
    """

    def private(node: Node) -> bool:
        return uses[node] == 1 and not node.name and node not in kept

    found: dict[Node, Accumulation] = {}
    for node in order:
        if _is_part(node):
            found[node] = Accumulation(None, (node,), frozenset())
        if known_name(node) != "add" or not node.shape:
            continue
        left, right = node.operands
        terms, inner = [right], {right} if _is_part(right) and private(right) else set()
        if private(left) and left in found:
            before = found[left]
            base, terms = before.base, [*before.terms, right]
            inner |= {left, *before.inner}
        elif private(left) and inner and is_new_array(left) and left.dtype == node.dtype and _fits(left, node):
            base = left
        elif inner:
            base, terms = None, [right, left]
        else:
            continue
        if all(term.dtype == node.dtype and _fits(term, node) for term in terms):
            found[node] = Accumulation(base, tuple(terms), frozenset(inner))
    absorbed = {node for accumulation in found.values() for node in accumulation.inner}
    return {node: accumulation for node, accumulation in found.items() if node not in absorbed}


def _is_part(node: Node) -> bool:
    return known_name(node) == "scatter" and node.ndim > 0


def _fits(term: Node, total: Node) -> bool:
    return not isinstance(term.dtype, type) and term.shape == total.shape


def is_new_array(node: Node) -> bool:
    """Whether a value is an array that nothing else refers to, and can be written into."""
    evaluate = None if node.primitive is None else node.primitive.evaluate
    made = known_name(node) in ("scatter", "set_item", "zeros_like", "ones_like")
    return bool(node.shape) and (made or isinstance(evaluate, np.ufunc))
