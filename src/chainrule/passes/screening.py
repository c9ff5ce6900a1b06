"""Candidates for sample points, evaluated in floats: where a graph is defined, at a kink, and on which side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.graph import Graph, Node
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import elementwise
from chainrule.ops.rules import STEP

__all__ = ["Screen", "Screening"]

# Points where all values are between these and their inverses come first: the exponential of what is beyond 1e3 is
# beyond most numbers.
_SCALES = (1e3, 1e8, 1e30, 1e100)
_GOOD, _AT_A_KINK = 1, 100  # ranks


@dataclass(frozen=True, eq=False)
class Screening:
    """What is known of candidates, an array with a component for each.

    Attributes:
        columns: for each input its values.
        usable: whether the outputs are finite and the guards hold.
        rank: 0 for the best, where all values are near 1; higher ones further from it; `_AT_A_KINK` there.
        branches: for each step function that decides a branch or a kink its value.
        badness: how far from usable: how many operations are not finite, and by how much their operands are outside.
    """

    columns: list[Any]
    usable: Any
    rank: Any
    branches: list[Any]
    badness: Any

    def candidates(self) -> Any:
        """The numbers of those to choose from, the best first; those at a kink only if there are no others."""
        order = np.argsort(self.rank, kind="stable")
        usable = order[self.usable[order]]
        smooth = usable[self.rank[usable] < _AT_A_KINK]
        return smooth if len(smooth) else usable

    def enough(self, count: int) -> bool:
        """Whether there are so many candidates of a good rank."""
        return int(np.count_nonzero(self.usable & (self.rank <= _GOOD))) >= count

    def one_sided(self, least: int) -> bool:
        """Whether some side of a branch has fewer candidates than that, or there is one side only."""
        candidates = self.candidates()
        for branch in self.branches:
            counts = np.unique(branch[candidates], return_counts=True)[1]
            if len(counts) == 1 or counts.min() < least:
                return True
        return False

    def joined(self, *others: Screening) -> Screening:
        every = (self, *others)
        return Screening(
            [np.concatenate(parts) for parts in zip(*(each.columns for each in every), strict=True)],
            np.concatenate([each.usable for each in every]),
            np.concatenate([each.rank for each in every]),
            [np.concatenate(parts) for parts in zip(*(each.branches for each in every), strict=True)],
            np.concatenate([each.badness for each in every]),
        )

    def only(self, rows: Any) -> Screening:
        return Screening(
            [column[rows] for column in self.columns],
            self.usable[rows],
            self.rank[rows],
            [branch[rows] for branch in self.branches],
            self.badness[rows],
        )


class _Steps:
    """F that computes in floats, and keeps the values of the step functions that a rule computes."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        primitive = primitives()[name]

        def compute(*operands: Any, **parameters: Any) -> Any:
            value = primitive.evaluate(*operands, **parameters)
            if primitive.rule is STEP:
                self.values.append(value)
            return value

        return compute


class Screen:
    """A graph to evaluate candidates with: all at once where every node is a number, else one by one."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.at_once = all(
            node.shape == () and (node.primitive is None or node.primitive.shape is elementwise) for node in graph.nodes
        )
        known = primitives()
        self.moving = set(graph.inputs)
        for node in graph.nodes:
            if any(operand in self.moving for operand in node.operands):
                self.moving.add(node)
        # Branches are followed for numbers: an array has components on both sides anyway.
        self.deciding = {
            node
            for node in graph.nodes
            if node in self.moving
            and node.shape == ()
            and node.primitive is not None
            and known.get(node.primitive.name) is node.primitive
            and node.primitive.shape is elementwise
            and (node.primitive.rule is STEP or node.primitive.domain.kinks)
        }

    def __call__(self, columns: list[Any]) -> Screening:
        count = len(columns[0])
        with np.errstate(all="ignore"):
            if self.at_once:
                return self._judged(columns, columns, count)
            rows = [self._row(columns, i) for i in range(count)]
        branches = max(len(row.branches) for row in rows)
        first, *others = (row if len(row.branches) == branches else _unusable(row, branches) for row in rows)
        return first.joined(*others)

    def _row(self, columns: Sequence[Any], i: int) -> Screening:
        own = [column[i : i + 1] for column in columns]
        try:
            return self._judged(own, [column[i] for column in columns], 1)
        except (np.linalg.LinAlgError, ArithmeticError, ValueError, IndexError):
            return Screening(own, np.zeros(1, bool), np.zeros(1, int), [], np.ones(1))

    def _judged(self, columns: list[Any], given: Sequence[Any], count: int) -> Screening:
        values: dict[Node, Any] = dict(zip(self.graph.inputs, given, strict=True))
        kinked = np.zeros(count, bool)
        rank = np.zeros(count, int)
        badness = np.zeros(count)
        outside = np.zeros(count)
        inside = np.ones(count, bool)
        branches: list[Any] = []
        for node in self.graph.nodes:
            primitive = node.primitive
            if primitive is None:
                values.setdefault(node, node.parameters.get("value"))
                continue
            operands = [values[operand] for operand in node.operands]
            value = values[node] = primitive.evaluate(*operands, **node.parameters)
            size = np.abs(value)
            undefined = ~_everywhere(np.isfinite(size), count)
            badness += undefined
            outside += undefined * _distance(primitive, operands, count)
            if node not in self.moving:
                continue
            zero = size == 0
            exact = zero & _zero_is_exact(primitive, value, operands) if np.any(zero) else zero
            for i, scale in enumerate(_SCALES):
                near = ((size < scale) & (size > 1 / scale)) | exact | ((zero | np.isnan(size)) & (i > _GOOD))
                rank = np.maximum(rank, np.where(_everywhere(near, count), 0, i + 1))
            if sum(operand in self.moving for operand in node.operands) > 1:
                # (-2)^2 exists by accident: beside it u^v does not, and no rule for it holds.
                inside &= _distance(primitive, operands, count) == 0
            for kink in primitive.domain.kinks:
                kinked |= ~_everywhere(~np.asarray(kink.where(value, *operands, **node.parameters), bool), count)
            if node in self.deciding:
                branches += _decisions(primitive, value, operands, node.parameters)
        usable = inside
        for output in self.graph.outputs:
            usable &= _everywhere(np.isfinite(values[output]), count)
        for guard in self.graph.guards:
            holds = _everywhere(np.equal(values[guard.node], guard.outcome), count)
            usable &= holds
            badness += ~holds
        branches = [np.broadcast_to(branch, count) for branch in branches]
        badness = np.where(usable, 0, badness + outside / (1 + outside))
        return Screening(columns, usable, np.where(kinked, _AT_A_KINK, rank), branches, badness)


def _zero_is_exact(primitive: Primitive, value: Any, operands: Sequence[Any]) -> Any:
    """Whether a 0 is a step or a difference, or comes from a 0 before it; any other may be a number too small."""
    if (
        primitive.rule is STEP
        or primitive.name in ("add", "subtract")
        or np.asarray(value).dtype == bool
        or np.ndim(value) > 1
    ):
        return True
    exact: Any = False
    for operand in operands:
        exact = exact | (np.asarray(operand) == 0) if np.shape(operand) in ((), np.shape(value)) else True
    return exact


def _everywhere(holds: Any, count: int) -> Any:
    """For each candidate whether it holds: of a batch component by component, of one array for all components."""
    holds = np.asarray(holds)
    return np.broadcast_to(holds, count) if holds.ndim == 0 or count > 1 else np.full(1, holds.all())


def _distance(primitive: Primitive, operands: Sequence[Any], count: int) -> Any:
    """By how much operands are outside of their intervals."""
    total = np.zeros(count)
    for i, operand in enumerate(operands):
        interval = primitive.domain.interval(i)
        value = np.real(operand)
        gap = np.maximum(interval.low - value, 0) + np.maximum(value - interval.high, 0)
        total += np.where(np.isfinite(gap), gap, 0) if count > 1 or np.ndim(gap) == 0 else 0
    return total


def _decisions(primitive: Primitive, value: Any, operands: Sequence[Any], parameters: Any) -> list[Any]:
    """The step functions in an operation and in its derivative: they tell on which side of a kink it is."""
    if primitive.rule is STEP:
        return [value]
    derivative = primitive.derivative
    steps = _Steps()
    if isinstance(derivative, Elementwise):
        for partial in derivative.partials:
            if callable(partial):
                partial(steps, value, *operands, **parameters)
    return steps.values


def _unusable(row: Screening, branches: int) -> Screening:
    return Screening(row.columns, row.usable, row.rank, [np.zeros(1)] * branches, row.badness)
