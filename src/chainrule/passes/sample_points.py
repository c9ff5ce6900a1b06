"""Points to compare two terms at: inside the domain of a graph, off its kinks, on both sides of each branch.

Candidates are drawn, evaluated in floats, and chosen from: first some of moderate size, then many over all scales and
around the constants of the graph; where none is inside the domain, a search walks from those that come closest. The
same graph gets the same points.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.core.domain import Interval
from chainrule.core.graph import Graph, Node
from chainrule.errors import ArgumentError, DerivationError
from chainrule.passes.screening import Screen, Screening

__all__ = ["sample_points"]

Bounds = tuple[float, float]

_FEW, _MANY = 48, 2000
_EACH_SIDE = 4
_SIDES = 4  # of a branch with more sides, such as floor(x), the most frequent ones count
_CLOSEST, _PATIENCE = 24, 12
_ROUNDS = 40  # a distance may shrink by a factor for ever, and never be 0
_STYLES = 5  # ways to draw an array


def sample_points(
    graph: Graph, domain: Mapping[str, Any] | None = None, start: Mapping[str, Any] | None = None, count: int = 8
) -> list[list[Any]]:
    """At least `count` points, each with a value for every input, as fractions: no float stands on a special place.

    Args:
        graph: its outputs are finite at the points, its guards hold, and none is at a kink if that can be avoided.
        domain: for inputs by name the interval that they lie in, as an `Interval` or a pair.
        start: values of inputs by name near which to look too, such as the arguments that the graph was traced at.
        count: more points are taken where a branch or kink needs them, four on each side that exists.

    Raises:
        ArgumentError: an interval is empty, or of an input that does not exist.
        DerivationError: no point was found where the graph is defined.
    """
    if not graph.inputs:
        return [[]]
    drawing = _Drawing(graph, domain or {}, start or {})
    screen = Screen(graph)
    found = screen(drawing.moderate(_FEW if screen.at_once else 3 * count))
    if not found.enough(count) or found.one_sided(_EACH_SIDE):
        found = found.joined(screen(drawing.anywhere(_MANY if screen.at_once else 30 * count)))
    if not found.enough(count) and screen.at_once:
        found = _nearer(screen, drawing, found, count)
    chosen = _chosen(found, count)
    if not chosen:
        where = "".join(f" and {node.name} in {Interval(*drawing.bounds[node])}" for node in graph.inputs)
        raise DerivationError(
            f"{graph.name} is defined at none of {len(found.usable):,} points tried, with{where[4:]}\n"
            "  narrow the search: domain={'x': (low, high)}"
        )
    tails = random.Random(0)
    return [[_off_the_floats(column[i], tails) for column in found.columns] for i in chosen]


def _off_the_floats(value: Any, tails: random.Random) -> Any:
    """The value with more binary digits behind its last one, so that no identity holds at it by accident."""
    if isinstance(value, np.ndarray):
        return np.frompyfunc(lambda v: _off_the_floats(v, tails), 1, 1)(value) if value.dtype.kind == "f" else value
    if not isinstance(value, (float, np.floating)):
        return value
    return Fraction(float(value)) * (1 + Fraction(tails.getrandbits(100), 1 << 160))


def _chosen(found: Screening, count: int) -> list[int]:
    """The first points, and as many more as give each side of each branch its four."""
    usable = found.candidates()
    chosen = [int(i) for i in usable[:count]]
    for branch in found.branches:
        values, counts = np.unique(branch[usable], return_counts=True)
        for value in values[np.argsort(-counts, kind="stable")][:_SIDES]:
            side = [int(i) for i in usable[branch[usable] == value]]
            missing = _EACH_SIDE - sum(i in side for i in chosen)
            chosen += [i for i in side if i not in chosen][: max(missing, 0)]
    return chosen


def _nearer(screen: Screen, drawing: _Drawing, found: Screening, count: int) -> Screening:
    """Candidates around those that come closest to the domain, until some are inside it or none comes closer."""
    best, stalled, rounds = np.inf, 0, 0
    while stalled < _PATIENCE and rounds < _ROUNDS and not found.enough(2 * count):
        rounds += 1
        closest = np.argsort(found.badness, kind="stable")[:_CLOSEST]
        found = found.only(closest).joined(screen(drawing.around([c[closest] for c in found.columns], 10 * _CLOSEST)))
        stalled = stalled + 1 if found.badness.min() > 0.99 * best or found.usable.any() else 0
        best = min(best, found.badness.min())
    return found


class _Drawing:
    """Candidates for the inputs of a graph; a column of values for each input."""

    def __init__(self, graph: Graph, domain: Mapping[str, Any], start: Mapping[str, Any]) -> None:
        self.graph = graph
        self.rng = np.random.default_rng(0)
        names = [node.name for node in graph.inputs]
        unknown = [name for name in domain if name not in names]
        if unknown:
            raise ArgumentError(f"the domain names {unknown[0]!r}, which is no input; inputs are {', '.join(names)}")
        self.bounds = {node: _bounds(node.name, domain.get(node.name)) for node in graph.inputs}
        self.start = {node: np.asarray(start[node.name]) for node in graph.inputs if node.name in start}
        self.marks = [0.0, 1.0, math.pi]  # places where something may happen
        for node in graph.nodes:
            if node.is_constant and not node.shape and np.dtype(node.dtype).kind in "iuf":
                self.marks.append(float(node.parameters["value"]))
        self.marks = [mark for mark in dict.fromkeys(self.marks) if math.isfinite(mark)]
        self.samplers = {
            operand: node.primitive.domain.sample
            for node in graph.nodes
            if node.primitive is not None and node.primitive.domain.sample is not None
            for operand in node.operands
        }

    def moderate(self, count: int) -> list[Any]:
        """Of the size of 1, both signs."""
        return [self._column(node, count, wide=False) for node in self.graph.inputs]

    def anywhere(self, count: int) -> list[Any]:
        """Over many scales, along the axis, and around the marks."""
        return [self._column(node, count, wide=True) for node in self.graph.inputs]

    def around(self, columns: Sequence[Any], count: int) -> list[Any]:
        """Around given candidates, at all distances; half of them along one axis only."""
        rng = self.rng
        parents = rng.integers(len(columns[0]), size=count)
        axis = rng.integers(2 * len(columns), size=count)
        moved = []
        for i, (node, column) in enumerate(zip(self.graph.inputs, columns, strict=True)):
            value = column[parents]
            step = rng.normal(size=count) * 10.0 ** rng.uniform(-6, 1, count) * np.maximum(1, np.abs(value))
            inside = np.clip(value + np.where((axis == i) | (axis >= len(columns)), step, 0), *self.bounds[node])
            moved.append(np.where(np.isin(inside, self.bounds[node]), value, inside))
        return moved

    def _column(self, node: Node, count: int, wide: bool) -> Any:
        kind = np.dtype(node.dtype).kind
        values = self._reals(node, count, wide)
        if kind == "c":
            return values + 1j * self._reals(node, count, wide)
        return values if kind == "f" else np.rint(values).astype(node.dtype)

    def _reals(self, node: Node, count: int, wide: bool) -> Any:
        low, high = self.bounds[node]
        bounded = math.isfinite(low) or math.isfinite(high)
        if not node.shape:
            values = _between(low, high, self._spread(count, wide), self.rng.uniform(size=count))
        elif node in self.samplers and not bounded:
            values = np.stack([self.samplers[node](self.rng, node.shape) for _ in range(count)])
        else:
            values = np.stack([self._array(node.shape, low, high, i % _STYLES) for i in range(count)])
        near = self.start.get(node)
        if near is not None:  # every second candidate, at all distances
            each = (count, *(1 for _ in node.shape))
            distance = 10.0 ** self.rng.uniform(-4, 0, each) * (self.rng.uniform(size=each) < 0.5)
            step = distance * self.rng.normal(size=values.shape) * np.maximum(1.0, np.abs(near))
            inside = (near + step > low) & (near + step < high)
            values = np.where((distance > 0) & inside, near + step, values)
            if np.all((near > low) & (near < high)):  # itself comes last: a guard may leave nothing else
                values[-1] = near
        return values

    def _spread(self, count: int, wide: bool) -> Any:
        rng = self.rng
        signs = rng.choice([-1.0, 1.0], count)
        moderate = signs * 10.0 ** rng.uniform(-0.7, 0.6, count)
        if not wide:
            return moderate
        marks = rng.choice(self.marks, count)
        around = marks + signs * np.maximum(np.abs(marks), 1) * 10.0 ** rng.uniform(-3, 0, count)
        ways = [moderate, signs * 10.0 ** rng.uniform(-3, 3, count), rng.uniform(-12, 12, count), around]
        return np.choose(rng.integers(len(ways), size=count), ways)

    def _array(self, shape: tuple[int, ...], low: float, high: float, style: int) -> Any:
        rng = self.rng
        if math.isfinite(low) or math.isfinite(high):
            return _between(low, high, rng.normal(size=shape), rng.uniform(size=shape))
        if style == 1:
            return 10.0 ** rng.uniform(-0.7, 0.6, shape)
        if style == 2:
            return rng.uniform(0.05, 0.95, shape)
        if style == 3:
            return 1 + 10.0 ** rng.uniform(-0.7, 0.6, shape)
        if style == 4 and len(shape) > 1 and shape[-1] == shape[-2]:
            x = rng.normal(size=shape)
            return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])
        return rng.normal(size=shape)


def _between(low: float, high: float, spread: Any, uniform: Any) -> Any:
    """Numbers strictly inside an interval: `spread` where it is the whole line, else made from one of the two."""
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * (0.01 + 0.98 * uniform)
    if math.isfinite(low):
        return low + np.abs(spread) * max(1.0, abs(low))
    if math.isfinite(high):
        return high - np.abs(spread) * max(1.0, abs(high))
    return spread


def _bounds(name: str, interval: Any) -> Bounds:
    if interval is None:
        return (-math.inf, math.inf)
    low, high = (interval.low, interval.high) if isinstance(interval, Interval) else map(float, interval)
    if not low < high:
        raise ArgumentError(f"the domain of {name}, from {low:g} to {high:g}, is empty")
    return low, high
