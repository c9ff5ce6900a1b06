"""Loops and flows in mpmath: the operations whose parameter is a body, step by step and by extrapolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.loop import Body

__all__ = ["function_of_body"]

_LEVELS = 18  # of an extrapolation, at the least
_HALVINGS = 8


class Nodes(Protocol):
    """What nodes compute in a context of mpmath."""

    m: Any

    def constant(self, node: Node) -> Any:
        """The value of a constant."""

    def function(self, node: Node) -> Callable[..., Any]:
        """The operation of a node."""


def function_of_body(nodes: Nodes, node: Node) -> Callable[..., Any] | None:
    """The operation of a node that repeats or integrates a body; None for any other."""
    parameters = node.parameters
    if isinstance(body := parameters.get("body"), Body):
        return lambda *operands: _steps(_Step(nodes, body), operands, parameters["length"], parameters["reverse"])
    if isinstance(system := parameters.get("system"), Body):
        return lambda *operands: _flow(nodes.m, _Step(nodes, system), *operands)
    return None


class _Step:
    """A body as a function of the values of its inputs."""

    def __init__(self, nodes: Nodes, body: Body) -> None:
        self.body = body
        graph = body.graph
        self._constants = {node: nodes.constant(node) for node in graph.nodes if node.is_constant}
        self._functions = {node: nodes.function(node) for node in graph.nodes if node.primitive is not None}

    def __call__(self, *inputs: Any) -> list[Any]:
        values = self._constants | dict(zip(self.body.graph.inputs, inputs, strict=True))
        for node, function in self._functions.items():
            values[node] = function(*[values[x] for x in node.operands])
        return [values[node] for node in self.body.graph.outputs]


def _steps(step: _Step, operands: Sequence[Any], length: int, reverse: bool) -> Any:
    carries, ends = step.body.carries, step.body.carries + step.body.rows
    state, ys = list(operands[:carries]), []
    for i in range(length)[:: -1 if reverse else 1]:
        found = step(*state, *(x[i] for x in operands[carries:ends]), *operands[ends:])
        state = found[:carries]
        ys.append(found[carries:])
    stacked = zip(*ys[:: -1 if reverse else 1], strict=True)
    parts = [*state, *(part for column in stacked for part in column)]
    return np.array([number for part in parts for number in np.ravel(np.asarray(part, object))], object)


def _flow(m: Any, system: _Step, start: Any, times: Any, *constants: Any) -> Any:
    def rate(t: Any, y: Any) -> Any:
        return np.asarray(system(y, t, *constants)[0], object)

    path = [np.asarray(start, object)]
    error = 100 * m.eps
    # A level gives about two digits over an interval of moderate length: fewer of them take shorter intervals, and many
    # more evaluations.
    levels = max(_LEVELS, m.dps // 2)
    with m.extradps(10 + levels // 3):  # extrapolation amplifies rounding errors, by (e / 2)^2 a level
        for before, after in pairwise(times):
            path.append(_across(m, rate, m.convert(before), m.convert(after), path[-1], error, levels, _HALVINGS))
    return np.array(path, object)


def _across(
    m: Any, rate: Callable[[Any, Any], Any], t0: Any, t1: Any, y: Any, error: Any, levels: int, halvings: int
) -> Any:
    """The state at t1, by extrapolation of the midpoint rule. Source: Bulirsch and Stoer (1966)."""
    row: list[Any] = []
    for level in range(1, levels + 1):
        new = [_midpoints(rate, t0, t1, y, 2 * level)]
        for k in range(1, level):
            ratio = (m.mpf(level) / (level - k)) ** 2
            new.append(new[-1] + (new[-1] - row[k - 1]) / (ratio - 1))
        change = max((abs(a - b) for a, b in zip(new[-1], row[-1], strict=True)), default=0) if row else m.inf
        if change <= error * (1 + max(map(abs, new[-1]), default=0)):
            return new[-1]
        row = new
    if not halvings:
        return row[-1]
    middle = (t0 + t1) / 2
    halfway = _across(m, rate, t0, middle, y, error, levels, halvings - 1)
    return _across(m, rate, middle, t1, halfway, error, levels, halvings - 1)


def _midpoints(rate: Callable[[Any, Any], Any], t0: Any, t1: Any, y: Any, count: int) -> Any:
    # The array comes first in a product: mpmath, asked first, would print it to see whether it is a number.
    h = (t1 - t0) / count
    before, now = y, y + rate(t0, y) * h
    for i in range(1, count):
        before, now = now, before + rate(t0 + i * h, now) * (2 * h)
    return (now + before + rate(t1, now) * h) / 2
