"""Sums of parts of one array: which of them are written as additions into it, line by line.

The gradient by an array that was read in parts is a sum of arrays that are zero but for one part each. By hand one
array of zeros is made, and each part is added where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
    absorbed: set[Node] = set()
    for node in reversed(order):
        if node in absorbed:
            continue
        if _is_part(node):
            found[node] = Accumulation(None, (node,), frozenset())
        elif known_name(node) == "add" and node.shape:
            accumulation = _of_sum(node, private)
            if accumulation is not None:
                found[node] = accumulation
                absorbed |= accumulation.inner
    return found


def _of_sum(total: Node, private: Callable[[Node], bool]) -> Accumulation | None:
    """A sum from left to right as an accumulation; None if no part is among its terms, or a term is of another kind."""
    sums = [total]
    while known_name(left := sums[-1].operands[0]) == "add" and left.shape == total.shape and private(left):
        sums.append(left)
    sums.reverse()  # each is the one before plus a term
    terms = [node.operands[1] for node in sums]
    parts = [i for i, term in enumerate(terms) if _is_part(term) and private(term)]
    first = sums[0].operands[0]
    if _is_part(first) and private(first):
        base, start, terms = None, 0, [first, *terms]
    elif not parts:
        return None
    elif parts[0] > 0:  # the sum of what stands before the first part
        start = parts[0]
        base, terms = sums[start - 1], terms[start:]
    elif is_new_array(first) and private(first) and first.dtype == total.dtype and _fits(first, total):
        base, start = first, 0
    else:
        base, start, terms = None, 0, [terms[0], first, *terms[1:]]
    if not all(term.dtype == total.dtype and _fits(term, total) for term in (*terms, base or total)):
        return None
    return Accumulation(
        base, tuple(terms), frozenset((*sums[start:-1], *(t for t in terms if _is_part(t) and private(t))))
    )


def _is_part(node: Node) -> bool:
    return known_name(node) == "scatter" and node.ndim > 0


def _fits(term: Node, total: Node) -> bool:
    return not isinstance(term.dtype, type) and term.shape == total.shape


def is_new_array(node: Node) -> bool:
    """Whether a value is an array that nothing else refers to, and can be written into."""
    evaluate = None if node.primitive is None else node.primitive.evaluate
    made = known_name(node) in ("scatter", "set_item", "zeros_like", "ones_like")
    return bool(node.shape) and (made or isinstance(evaluate, np.ufunc))
