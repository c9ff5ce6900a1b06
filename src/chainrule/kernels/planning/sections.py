"""Sections from nodes in normal form: in which pass a value is computed, and which operations share a loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

from chainrule.core.graph import Node, topological
from chainrule.core.shapes import elementwise
from chainrule.kernels.planning.items import FOLDS, Items
from chainrule.ops import indexing, products, shape
from chainrule.passes.fuse import Group, Step, fuse

__all__ = ["JOINS", "Draft", "Written", "drafts", "is_loop_value"]

JOINS = frozenset({shape.concatenate, shape.stack, indexing.set_item, indexing.scatter})


@final
@dataclass(frozen=True, slots=True)
class Written:
    """One part of a value that is put together from several: the step that writes it."""

    node: Node
    place: int


@final
@dataclass(frozen=True, eq=False, slots=True)
class Draft:
    """A section before its values have memory.

    Attributes:
        by_row: whether it runs over the rows.
        groups: of steps that share a loop.
        makes: the nodes that are computed in it, folds over rows included.
        calls: the nodes that NumPy computes; then there are no groups.
    """

    by_row: bool
    groups: Sequence[Group] = ()
    makes: frozenset[Node] = frozenset()
    calls: Sequence[Node] = field(default=())


def is_loop_value(items: Items, node: Node) -> bool:
    """Whether it is computed component by component, so that the loop that makes it can go on with it."""
    plain = node.primitive is not None and node.primitive.shape is elementwise
    return plain and node.primitive is not shape.copy and node not in items.calls


def drafts(items: Items, results: Sequence[Node]) -> list[Draft]:
    """The sections that compute some nodes, in order.

    Args:
        items: that the nodes belong to.
        results: the nodes that are wanted; those by row are outputs, which have memory of their own.
    """
    order = _needed(items, results)
    outputs = {node for node in results if items.by_row(node)}
    found: list[Draft] = []
    for level in range(max((items.level(node) for node in order), default=0) + 1):
        fixed = [n for n in order if items.level(n) == level and not items.by_row(n) and _is_computed(items, n)]
        found += _fixed(items, fixed)
        roots = [n for n in order if n in outputs and items.level(n) == level]
        roots += [n for n in order if n in items.totals and items.level(n) == level + 1]
        if roots:
            found.append(_by_row(items, roots, {n for n in outputs if items.level(n) < level}))
    return found


def _needed(items: Items, results: Sequence[Node]) -> list[Node]:
    roots = dict.fromkeys(results)
    while True:
        order = topological(roots)
        sources = [part for node in order if node in items.totals for part in items.totals[node].parts]
        if all(part in roots for part in sources):
            return order
        roots.update(dict.fromkeys(sources))


def _is_computed(items: Items, node: Node) -> bool:
    return node.primitive is not None and not items.is_view(node)


def _fixed(items: Items, nodes: Sequence[Node]) -> Iterable[Draft]:
    """Fixed values in runs: of machine code, of calls, of machine code, ..."""
    run: dict[Node, int] = {}
    for node in nodes:
        first = max((run.get(items.layout(operand)[0], 0) for operand in node.operands), default=0)
        run[node] = first + (first % 2 != (node in items.calls))
    for i in range(max(run.values(), default=-1) + 1):
        mine = [node for node in nodes if run[node] == i]
        if i % 2:
            yield Draft(False, makes=frozenset(mine), calls=mine)
        elif mine:
            yield Draft(False, fuse(_steps(items, mine)), frozenset(mine))


def _by_row(items: Items, roots: Sequence[Node], given: set[Node]) -> Draft:
    """One pass over the rows; values of an earlier pass that have no memory are computed again."""
    mine: dict[Node, None] = {}
    seen: set[Node] = set(given)
    for root in roots:
        for source in items.totals[root].parts if root in items.totals else (root,):
            for node in _in_order(items, source, seen):
                if _is_computed(items, node):
                    mine[node] = None
        mine[root] = None
    return Draft(True, fuse(_steps(items, list(mine))), frozenset(mine))


def _in_order(items: Items, source: Node, seen: set[Node]) -> Iterator[Node]:
    """The nodes by row that one needs and that were not seen before, operands first; without recursion."""
    stack = [(source, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            yield node
        elif node not in seen and items.by_row(node):
            seen.add(node)
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(node.operands))


def _steps(items: Items, nodes: Sequence[Node]) -> list[Step]:
    return [step for node in nodes for step in _Steps(items, nodes).of(node)]


class _Steps:
    """Nodes of one section as steps."""

    def __init__(self, items: Items, nodes: Sequence[Node]) -> None:
        self._items = items
        self._mine = set(nodes)

    def of(self, node: Node) -> list[Step]:
        """The steps that compute a node, one but for a value that is put together from parts."""
        total = self._items.totals.get(node)
        if total is not None and total.right is not None:
            return [Step(node, None, whole=self._bases(total.parts))]
        if total is not None:
            return [self._step(node, total.source.shape, total.parts, (total.axes, True))]
        if node.primitive is products.matmul:
            return [Step(node, None, whole=self._bases(node.operands))]
        if node.primitive in JOINS:
            return self._joined(node)
        if node.primitive in FOLDS:
            return [self._step(node, node.operands[0].shape, node.operands, (node.parameters["axis"], False))]
        return [self._step(node, node.shape, node.operands)]

    def _joined(self, node: Node) -> list[Step]:
        steps: list[Step] = []
        over = node.primitive in (indexing.set_item, indexing.scatter)
        for i, operand in enumerate(node.operands):
            loop = written_shape(node, i)
            needs = () if node.primitive is indexing.scatter and i == 0 else (operand,)
            step = self._step(Written(node, i), loop, needs)
            if over and i:
                step = Step(step.makes, loop, step.inside, (*step.whole, Written(node, 0)))
            steps.append(step)
        return steps

    def _step(
        self,
        makes: Node | Written,
        loop: tuple[int, ...],
        needs: Iterable[Node],
        reduction: tuple[tuple[int, ...], bool] | None = None,
    ) -> Step:
        needs = tuple(needs)
        inside = tuple(n for n in needs if n in self._mine and n.shape == loop and is_loop_value(self._items, n))
        whole = self._bases([n for n in needs if n not in inside])
        return Step(makes, loop, inside, whole, reduction)

    def _bases(self, needs: Iterable[Node]) -> tuple[Node | Written, ...]:
        """What makes the memory that values lie in, as far as this section makes it."""
        found: list[Node | Written] = []
        for need in needs:
            base = self._items.layout(need)[0]
            if base in self._mine and base.primitive in JOINS:
                found += [Written(base, i) for i in range(len(base.operands))]
            elif base in self._mine:
                found.append(base)
        return tuple(found)


def written_shape(node: Node, place: int) -> tuple[int, ...]:
    """The shape of the part of a value that one of its operands is written to."""
    if node.primitive in (shape.concatenate, shape.stack):
        return node.operands[place].shape
    if place == 0:
        return node.shape
    found: tuple[int, ...] = indexing.getitem.shape.infer([node.shape], node.parameters)
    return found
