"""Rows at any count: a function traced with two numbers of rows says where the number of rows stands in its graph.

A size that Python took from an array is a plain number in the graph. What differs between two graphs of one function
has to be that size, or a number that is made of it; then it becomes a node, and the graph serves any number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Guard, Node, constant
from chainrule.core.registry import building
from chainrule.passes.rows import NotByRows, Rows, rows_of

__all__ = ["rows_at_any_count"]

_LOST = "it computes something else for another number of rows"
_OF_SIZE: tuple[tuple[int, float], ...] = tuple(
    (less, power) for less in (0, 1) for power in (1.0, -1.0, 0.5, -0.5, 2.0, -2.0)
)


def rows_at_any_count(first: Graph, second: Graph, axes: Sequence[int | None]) -> Rows | NotByRows:
    """Where the rows are in the graph of a function, so that it holds for any number of them.

    Numbers that are the number of rows, or a multiple or a part of it (N, 2 N, 1/N, 1/(N - 1), sqrt(N), N - 1), become
    nodes; arrays whose rows are all equal become one row. What Python decided from the number of rows alone cannot be
    seen.

    Args:
        first, second: of the same function, traced with two numbers of rows. Choose numbers that are the size of
            nothing else.
        axes: for each input which of its axes is the rows, None for one that has none.

    Returns:
        The rows of the first graph, with its sizes as nodes; or what stands against it. A constant that is by row still
        (np.arange(N) as numbers) holds for the rows of the first graph only.
    """
    one, two = rows_of(first, axes), rows_of(second, axes)
    if isinstance(one, NotByRows):
        return one
    if isinstance(two, NotByRows):
        return two
    if one.count == two.count:
        return NotByRows("two numbers of rows are needed, and they are the same")
    found = _matched(one, two)
    return found if isinstance(found, NotByRows) else rows_of(found, axes)


def _matched(one: Rows, two: Rows) -> Graph | NotByRows:
    position = {node: i for i, node in enumerate(two.graph.nodes)}
    place = {node: i for i, node in enumerate(one.graph.nodes)}
    ends = [
        ([place[x] for x in one.graph.outputs], [position[x] for x in two.graph.outputs]),
        ([place[g.node] for g in one.graph.guards], [position[g.node] for g in two.graph.guards]),
        ([g.outcome for g in one.graph.guards], [g.outcome for g in two.graph.guards]),
    ]
    if len(place) != len(position) or any(a != b for a, b in ends):
        return NotByRows(_LOST)
    by_row = next(node for node in one.graph.inputs if node in one.axis)
    size = building.size(by_row, axis=(one.axis[by_row],))
    new: dict[Node, Node] = {}
    for a, b in zip(one.graph.nodes, two.graph.nodes, strict=True):
        if not _alike(a, b, one, two) or [place[x] for x in a.operands] != [position[x] for x in b.operands]:
            return NotByRows(f"{_LOST}: {a!r} and {b!r}")
        made = _constant(a, b, one, two, size) if a.is_constant else _operation(a, b, one, two, new)
        if isinstance(made, NotByRows):
            return made
        new[a] = made
    guards = tuple(Guard(new[guard.node], guard.outcome) for guard in one.graph.guards)
    return Graph(one.graph.inputs, tuple(new[node] for node in one.graph.outputs), guards, one.graph.name)


def _alike(a: Node, b: Node, one: Rows, two: Rows) -> bool:
    """Whether two nodes are the same operation on rows, and differ in size along the rows only."""
    axis = one.axis.get(a)
    same = a.primitive is b.primitive and a.is_constant == b.is_constant and a.dtype == b.dtype
    if not same or axis != two.axis.get(b):
        return False
    return _without(a.shape, axis) == _without(b.shape, axis) and one.folding.get(a) is two.folding.get(b)


def _without(shape: tuple[int, ...], axis: int | None) -> tuple[int, ...]:
    return shape if axis is None else (*shape[:axis], -1, *shape[axis + 1 :])


def _operation(a: Node, b: Node, one: Rows, two: Rows, new: dict[Node, Node]) -> Node | NotByRows:
    parameters = dict(a.parameters)
    if a.primitive is not None:
        for name, value in parameters.items():
            same = _parameter(value, b.parameters.get(name), (one.count, two.count), one.axis.get(a))
            if same is None:
                return NotByRows(f"{_LOST}: {name}={value} and {b.parameters.get(name)} in {a.primitive.name}")
            parameters[name] = same[0]
    operands = tuple([new[operand] for operand in a.operands])
    if parameters == dict(a.parameters) and all(x is y for x, y in zip(operands, a.operands, strict=True)):
        return a
    return Node(a.primitive, operands, parameters, a.shape, a.dtype, a.name, a.site)


def _parameter(p: Any, q: Any, counts: tuple[int, int], axis: int | None) -> tuple[Any] | None:
    """A static argument for any number of rows, as a tuple of it alone; None where two differ in another way.

    A shape keeps the number of the first graph: a size along the rows is not read from it.
    """
    if isinstance(p, tuple) and isinstance(q, tuple) and len(p) == len(q):
        pairs = enumerate(zip(p, q, strict=True))
        parts = [(x,) if i == axis and (x, y) == counts else _parameter(x, y, counts, None) for i, (x, y) in pairs]
        return None if None in parts else (tuple([part[0] for part in parts if part is not None]),)
    if isinstance(p, slice) and isinstance(q, slice) and p != q:
        whole = (p.stop, q.stop) == counts and p.start == q.start and p.step == q.step
        return (slice(None),) if whole and p.start in (None, 0) and p.step in (None, 1) else None
    return (p,) if np.array_equal(p, q) else None


def _constant(a: Node, b: Node, one: Rows, two: Rows, size: Node) -> Node | NotByRows:
    v, w = a.parameters["value"], b.parameters["value"]
    if a in one.axis:
        return _by_row(a, np.asarray(v), np.asarray(w), one)
    if np.array_equal(v, w, equal_nan=np.asarray(v).dtype.kind in "fc"):
        return a
    kind = np.asarray(v).dtype.kind
    found = None
    if kind in "iu":
        found = _of_integers(v, w, one.count, two.count)
    elif kind == "f":
        found = _of_floats(v, w, one.count, two.count)
    if found is None:
        return NotByRows(f"{_LOST}: the numbers {_shown(v)} and {_shown(w)}, which are no simple multiple of it")
    return found(size, lambda c: constant(a.dtype(c) if isinstance(a.dtype, type) else np.asarray(c, a.dtype)[()]))


def _shown(value: Any) -> str:
    return f"{value!s:.30}"


def _by_row(a: Node, v: Any, w: Any, one: Rows) -> Node | NotByRows:
    """One row for all where they are equal; else numbers that are known for these rows only."""
    axis = one.axis[a]
    row = np.take(v, [0], axis=axis)
    if np.all(v == row) and np.all(w == row):
        return building.broadcast_to(constant(row), shape=a.shape)
    short = min(v.shape[axis], w.shape[axis])
    if np.array_equal(np.take(v, range(short), axis=axis), np.take(w, range(short), axis=axis)):
        return a
    return NotByRows(f"{_LOST}: an array of as many numbers as rows, and other ones for another number of rows")


_Made = Callable[[Node, Callable[[Any], Node]], Node]


def _of_integers(v: Any, w: Any, n: int, m: int) -> _Made | None:
    v, w = np.asarray(v), np.asarray(w)
    if np.array_equal(v - n, w - m):
        return lambda size, number: building.add(size, number(v - n))
    for power in (1, 2):
        if np.array_equal(v * m**power, w * n**power) and not np.any(v % n**power):
            return _times_size(v // n**power, 0, float(power))
    return None


def _of_floats(v: Any, w: Any, n: int, m: int) -> _Made | None:
    """c (N - j)^p, with c from the first number, and the second one to tell whether that is it."""
    v, w = np.asarray(v), np.asarray(w)
    close = 16 * np.finfo(v.dtype).eps
    for less, power in _OF_SIZE:
        c, again = v / (n - less) ** power, w / (m - less) ** power
        if np.allclose(c, again, rtol=close, atol=0):
            whole = np.round(c)
            c = np.where(np.isclose(c, whole, rtol=close, atol=0), whole, c)[()]
            return _times_size(c, less, power)
    return None


def _times_size(c: Any, less: int, power: float) -> _Made:
    return lambda size, number: _times(size, number(c), less, power)


def _times(size: Node, factor: Node, less: int, power: float) -> Node:
    F, base = building, building.subtract(size, less) if less else size
    base = {1.0: lambda x: x, 0.5: F.sqrt, 2.0: F.square}[abs(power)](base)
    return F.multiply(factor, base) if power > 0 else F.divide(factor, base)
