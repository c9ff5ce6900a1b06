"""The row axis: which axis of a graph's arrays is the rows of the data, and what is summed over them.

The axes that the shape rules put together fall into classes. A class is the rows if each operation along it either
keeps the rows apart or folds them: then a block of rows gives its part of every sum, whatever the other rows are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from chainrule.core.graph import Graph, Node
from chainrule.core.labels import Carried, Folding, Labels, apart
from chainrule.passes.apart import taken_apart

__all__ = ["NotByRows", "Rows", "rows_of"]


@dataclass(frozen=True, slots=True)
class NotByRows:
    """A graph whose rows cannot be taken out.

    Attributes:
        reason: why, as the end of a sentence.
    """

    reason: str


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Where the rows are in a graph.

    A node is by row (it has one of its axes for the rows), or a sum (the rows are folded away), or fixed.

    Attributes:
        graph: the graph, in which operations that would mix the rows are written otherwise where that can be done; the
            nodes below are its own.
        count: the number of rows that it was traced with.
        size: how many components all arrays by row have.
        axis: for each node that is by row, inputs and constants included, which of its axes is the rows.
        folding: for each node that is a sum, how what each row gives is put together.
        level: for each node how many passes over the rows are behind it: 0 for inputs and for what is by row in the
            first pass; a sum has one more than what it folds.
        flat: everything by row has one shape, and each of its components is a row by itself: the operations are
            elementwise, and sums are over all axes.
    """

    graph: Graph
    count: int
    size: int
    axis: Mapping[Node, int]
    folding: Mapping[Node, Folding]
    level: Mapping[Node, int]
    flat: bool

    @property
    def sums(self) -> tuple[Node, ...]:
        """The nodes that fold the rows away, in their order."""
        return tuple(self.folding)

    @property
    def passes(self) -> int:
        """How often the rows are gone through."""
        return 1 + max(self.level[node] for node in self.axis)


def rows_of(graph: Graph, axes: Sequence[int | None] | None = None) -> Rows | NotByRows:
    """Where the rows are in a graph, or why it cannot be cut into rows.

    Numbers that the function took from a size stand in the graph as they are: what is found holds for this number of
    rows. See `passes.row_counts` for any number.

    Args:
        graph: any graph.
        axes: for each input which of its axes is the rows, None for one that has none; by default the rows are taken
            that leave the fewest numbers to one row, unless most numbers stand along an axis that cannot be cut.

    >>> from chainrule.read.trace import trace
    >>> import numpy as np
    >>> graph, _ = trace(lambda X, w: np.sum(np.square(X @ w)), [np.ones((5, 3)), np.ones(3)], ["X", "w"], "f")
    >>> rows = rows_of(graph)
    >>> rows.count, [(node.name, axis) for node, axis in rows.axis.items() if node.is_input]
    (5, [('X', 0)])
    """
    while True:
        classes = _Classes(graph)
        found = _chosen(graph, classes) if axes is None else _given(graph, classes, axes)
        if not isinstance(found, _Refusal):
            return found
        simpler = taken_apart(graph, _mixing(graph, classes, found.rows))
        if simpler is graph:
            return found.instead or NotByRows(found.reason)
        graph = simpler


def _chosen(graph: Graph, classes: _Classes) -> Rows | NotByRows | _Refusal:
    classes.settle()
    candidates = dict.fromkeys(own for x in graph.inputs for own in classes.found[x])
    found = [_followed(graph, classes, candidate) for candidate in candidates]
    # Data that the function found around it has rows as well, and they may be more than those of any argument.
    constants = dict.fromkeys(own for x in graph.nodes if x.is_constant for own in classes.found[x])
    around = [_followed(graph, classes, own) for own in constants if own not in candidates]
    found += [each for each in around if isinstance(each, Rows)]
    if not found:
        return NotByRows("no argument has an axis")
    widest = max(found, key=lambda each: (each.size, isinstance(each, Rows)))
    if isinstance(widest, _Refusal):
        # Along an axis of a square weight matrix stand a few more numbers than along the rows, and it cannot be cut.
        longer = [each for each in found if isinstance(each, Rows) and each.count > classes.count(widest.rows)]
        others = [each for each in longer if 2 * each.size >= widest.size]
        return replace(widest, instead=min(others, key=_working_set)) if others else widest
    return min((each for each in found if isinstance(each, Rows)), key=_working_set)


def _given(graph: Graph, classes: _Classes, axes: Sequence[int | None]) -> Rows | NotByRows | _Refusal:
    given = {node: axis for node, axis in zip(graph.inputs, axes, strict=True) if axis is not None}
    if len({node.shape[axis] for node, axis in given.items()}) != 1:
        return NotByRows("the arguments by row have no rows, or not as many each")
    (first, at), *others = given.items()
    for other in others:
        classes.join((first, at), other)
    classes.settle()
    found = _followed(graph, classes, classes.of(first, at))
    if isinstance(found, Rows):
        for node in graph.inputs:
            if node in found.axis and given.get(node) != found.axis[node]:
                return NotByRows(f"{node.name} would be cut into rows as well")
    return found


@dataclass(frozen=True, slots=True)
class _Refusal:
    size: int
    rows: int
    reason: str
    instead: Rows | None = None  # what can be cut as well


@dataclass(slots=True)
class _Classes:
    """The axes of all nodes, and which of them go together."""

    graph: Graph
    labels: dict[Node, Labels] = field(init=False)
    found: dict[Node, tuple[int, ...]] = field(init=False)
    _first: dict[Node, int] = field(init=False)
    _parent: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.labels, self._first, count = {}, {}, 0
        for node in self.graph.nodes:
            self._first[node] = count
            count += node.ndim
        self._parent = list(range(count))
        for node in self.graph.nodes:
            if node.primitive is not None:
                labels = self.labels[node] = _labels(node)
                places = (*node.operands, node)
                for (operand, axis), *others in labels.together():
                    for other, place in others:
                        self.join((places[operand], axis), (places[other], place))

    def of(self, node: Node, axis: int) -> int:
        """The class of an axis."""
        i = self._first[node] + axis
        while self._parent[i] != i:
            self._parent[i] = i = self._parent[self._parent[i]]
        return i

    def join(self, one: tuple[Node, int], other: tuple[Node, int]) -> None:
        self._parent[self.of(*one)] = self.of(*other)

    def settle(self) -> None:
        """No more axes are joined."""
        self.found = {node: tuple([self.of(node, axis) for axis in range(node.ndim)]) for node in self.graph.nodes}

    def axes(self, node: Node, wanted: int) -> list[int]:
        """The axes of a node that are in a class."""
        return [axis for axis, own in enumerate(self.found[node]) if own == wanted]

    def count(self, wanted: int) -> int:
        """The size of the axes in a class."""
        return next(node.shape[own.index(wanted)] for node, own in self.found.items() if wanted in own)

    def size(self, wanted: int) -> int:
        """How many components there are in all arrays with an axis in a class."""
        return sum(prod(node.shape) for node, own in self.found.items() if wanted in own)


def _labels(node: Node) -> Labels:
    assert node.primitive is not None
    shapes = [operand.shape for operand in node.operands]
    if node.primitive.opaque:
        return apart(shapes, node.shape)
    return node.primitive.shape.labels(shapes, node.parameters)


def _followed(graph: Graph, classes: _Classes, rows: int) -> Rows | _Refusal:
    """What the nodes are if a class of axes is the rows."""
    count, size = classes.count(rows), classes.size(rows)
    if count < 2:
        return _Refusal(size, rows, "there are fewer than two rows")
    axis: dict[Node, int] = {}
    folding: dict[Node, Folding] = {}
    level: dict[Node, int] = {}
    for node in graph.nodes:
        own = classes.axes(node, rows)
        if len(own) > 1:
            return _Refusal(size, rows, f"{_named(node)} has the rows along two axes")
        if own:
            axis[node] = own[0]
        level[node] = 0
        if node.primitive is None:
            continue
        labels = classes.labels[node]
        carried = labels.carry([axis.get(operand) for operand in node.operands])
        if carried is None and own and not labels.repeats(own[0]):
            return _Refusal(size, rows, f"{_named(node)} makes rows of what has none")
        level[node] = max((level[x] for i, x in enumerate(node.operands) if i not in labels.patterns), default=0)
        if isinstance(carried, Carried):
            if carried is Carried.MIXED or own or node.primitive.folding is None:
                return _Refusal(size, rows, f"{_named(node)} mixes the rows")
            folding[node] = node.primitive.folding
            level[node] += 1
    if all(node.primitive is None for node in axis) and not folding:
        return _Refusal(size, rows, "nothing is computed by row")
    return Rows(graph, count, size, axis, folding, level, _is_flat(graph, classes, axis, folding))


def _working_set(rows: Rows) -> float:
    """How many numbers are there while one row is computed."""
    every = sum(prod(node.shape) for node in rows.graph.nodes)
    return every - rows.size + rows.size / rows.count


def _named(node: Node) -> str:
    what = node.primitive.name if node.primitive else node.name or "a constant"
    return f"{what} ({node.site})" if node.site else what


def _mixing(graph: Graph, classes: _Classes, rows: int) -> set[Node]:
    """The operations that mix a class of axes."""
    found = set()
    for node, labels in classes.labels.items():
        own = [next(iter(classes.axes(operand, rows)), None) for operand in node.operands]
        carried = labels.carry(own)
        unknown = node.primitive is not None and node.primitive.folding is None
        if carried is Carried.MIXED or (carried is Carried.FOLDED and unknown):
            found.add(node)
    return found


def _is_flat(graph: Graph, classes: _Classes, axis: Mapping[Node, int], folding: Mapping[Node, Folding]) -> bool:
    shape = next(iter(axis)).shape
    if any(node.shape != shape for node in axis):
        return False
    for node in graph.nodes:
        if node.primitive is None or not (node in axis or node in folding):
            continue
        labels = classes.labels[node]
        every = {own for x, own in zip(node.operands, labels.operands, strict=True) if x in axis}
        if node in axis and not all(labels.repeats(i) for i in range(node.ndim)):
            every.add(labels.result)
        if len(every) > 1 or any(None in own or len(set(own)) != len(shape) for own in every):
            return False
        beside = [x for i, x in enumerate(node.operands) if x not in axis and i not in labels.patterns]
        if any(prod(x.shape) != 1 for x in (*beside, *(() if node in axis else (node,)))):
            return False
    return True
