"""What of a step need not wait for the step before: computed for all steps at once, as operations on whole arrays.

Two parts of a step are of this kind. What no carry goes into (the derivative of an activation, a drive that comes from
outside) can be computed ahead. And a sum over the steps, as the cotangent of each constant is, can be taken behind: of
outer products, which the cotangent of a matrix is made of, it is one product of matrices.
Source: loop fission, Kennedy and Allen (2001), Optimizing Compilers for Modern Architectures, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.loop import Body, substituted
from chainrule.core.registry import plain
from chainrule.passes.batch import batch
from chainrule.passes.loop import depending, of_numbers, of_shape
from chainrule.passes.rewrites import operation

__all__ = ["Fission", "fission"]

_SMALL = 64  # components: of what is larger, all steps together would not fit where one step does


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum over the steps of what was stacked: of one, or of the outer products of two.

    Attributes:
        carry: which carry it is.
        terms: the ys of the step that is left that are summed, or multiplied pair by pair.
    """

    carry: int
    terms: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fission:
    """A step in three parts.

    Attributes:
        whole: the step.
        left: what each step has to do for itself.
        before: what is computed ahead, a graph of the rows and the constants; None where that is nothing.
        sums: what is summed behind.
    """

    whole: Body
    left: Body
    before: Graph | None
    sums: tuple[_Sum, ...]

    def operands(self, operands: Sequence[Any]) -> list[Any]:
        """Those of the step that is left."""
        body = self.whole
        ends = body.carries + body.rows
        extra: list[Any] = []
        if self.before is not None:
            flags = [i < ends for i in range(body.carries, len(operands))]
            with np.errstate(all="ignore"):  # a step may never come to what is computed ahead of it
                extra = [value for value, _ in batch(self.before, operands[body.carries :], flags, plain)]
        summed = {each.carry for each in self.sums}
        carries = [x for i, x in enumerate(operands[: body.carries]) if i not in summed]
        return [*carries, *operands[body.carries : ends], *extra, *operands[ends:]]

    def packed(self, operands: Sequence[Any], out: Any, length: int) -> Any:
        """The results of the whole steps from those of what was left of them."""
        if not self.sums:
            return out
        body = self.whole
        found = [out[part.start : part.stop].reshape(part.shape) for part in self.left.parts(length)]
        ys = found[self.left.carries :]
        sums = {each.carry: operands[each.carry] + _total([ys[i] for i in each.terms]) for each in self.sums}
        carries = iter(found[: self.left.carries])
        results = [sums[i] if i in sums else next(carries) for i in range(body.carries)]
        results += ys[: len(body.graph.outputs) - body.carries]
        return np.concatenate([np.ravel(result) for result in results])


def _total(terms: Sequence[Any]) -> Any:
    return np.sum(terms[0], axis=0) if len(terms) == 1 else terms[0].T @ terms[1]


def fission(body: Body) -> Fission | None:
    """The parts of a step; None where all of it has to wait."""
    before, left = _ahead(body)
    sums: tuple[_Sum, ...] = ()
    if not of_numbers(body.graph):
        left, sums = _behind(left)
    return Fission(body, left, before, sums) if before is not None or sums else None


def _ahead(body: Body) -> tuple[Graph | None, Body]:
    graph, ends = body.graph, body.carries + body.rows
    rows, constants = graph.inputs[body.carries : ends], graph.inputs[ends:]
    room = max(_SMALL, 2 * sum(prod(node.shape) for node in rows))
    known = set(graph.inputs[body.carries :])
    moved: set[Node] = set()
    for node in graph.nodes:
        if node.is_constant:
            known.add(node)
        elif prod(node.shape) <= room and _goes_ahead(node, known):
            known.add(node)
            moved.add(node)
    moved &= depending(graph.nodes, rows)
    wanted = {*graph.outputs, *(guard.node for guard in graph.guards)}
    wanted.update(x for node in graph.nodes if node not in moved for x in node.operands)
    taken = [node for node in graph.nodes if node in moved and node in wanted]
    if not taken:
        return None, body
    extra = [of_shape(f"ahead_{node.name}", node.shape, node.dtype) for node in taken]
    inputs = (*graph.inputs[:ends], *extra, *constants)
    known_nodes = dict(zip(inputs, inputs, strict=True)) | dict(zip(taken, extra, strict=True))
    left = substituted(graph, known_nodes, inputs)
    return Graph((*rows, *constants), tuple(taken)), Body(left, body.carries, body.rows + len(extra))


def _goes_ahead(node: Node, known: set[Node]) -> bool:
    if node.primitive is None or isinstance(node.dtype, type) or not node.primitive.shape.batches_result:
        return False
    return all(operand in known for operand in node.operands)


def _behind(body: Body) -> tuple[Body, tuple[_Sum, ...]]:
    graph = body.graph
    uses: dict[Node, int] = dict.fromkeys(graph.nodes, 0)
    for node in (*(x for user in graph.nodes for x in user.operands), *graph.outputs, *(g.node for g in graph.guards)):
        uses[node] += 1
    ys = list(graph.outputs[body.carries :])
    own = len(ys)
    # What is stacked for sums at most doubles what the loop reads and writes: a loop that only sums stays small.
    room = sum(prod(node.shape) for node in (*graph.inputs[body.carries : body.carries + body.rows], *ys))
    sums: list[_Sum] = []
    for i, (start, after) in enumerate(zip(graph.inputs[: body.carries], graph.outputs, strict=False)):
        if operation(after) != "add" or start not in after.operands or (uses[start], uses[after]) != (1, 1):
            continue
        (term,) = (x for x in after.operands if x is not start)
        factors = _outer(term)
        new = [factor for factor in factors if factor not in ys[own:]]
        size = sum(prod(factor.shape) for factor in new)
        if term.shape != start.shape or size > room or (len(factors) == 1 and size > _SMALL):
            continue
        room -= size
        ys += new
        sums.append(_Sum(i, tuple(own + ys[own:].index(factor) for factor in factors)))
    summed = {each.carry for each in sums}
    carries = [i for i in range(body.carries) if i not in summed]
    inputs = (*(graph.inputs[i] for i in carries), *graph.inputs[body.carries :])
    outputs = (*(graph.outputs[i] for i in carries), *ys)
    return Body(Graph(inputs, outputs, graph.guards, graph.name), len(carries), body.rows), tuple(sums)


def _outer(term: Node) -> tuple[Node, ...]:
    """The vectors of which a term is the outer product, or the term itself."""
    if operation(term) == "multiply" and term.ndim == 2:
        for column, row in (term.operands, term.operands[::-1]):
            if operation(column) == "expand_dims" and column.parameters["axis"] == (1,) and column.ndim == 2:
                if row.ndim == 1:
                    return column.operands[0], row
                if operation(row) == "expand_dims" and row.parameters["axis"] == (0,):
                    return column.operands[0], row.operands[0]
    return (term,)
