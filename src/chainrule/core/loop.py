"""The body of a loop or of a differential equation: one step as a graph, and how the results of a loop are packed.

A primitive has one result, and a loop has many: the last carry and the stacked ys. They are packed into a vector, part
behind part, from which `unpacked` takes them out again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, ClassVar, TypeVar

import numpy as np

from chainrule.core.graph import Graph, Guard, Node, build
from chainrule.core.shapes import Array, Dtype, Shape

__all__ = ["Body", "Engine", "Part", "derived", "floating", "substituted", "unpacked"]

_Made = TypeVar("_Made")


class Engine(ABC):
    """What is done with a body: it is emitted, run and differentiated in layers above, which enter themselves here."""

    def restored(self, *fields: Any) -> Body:
        """A body out of a pickle."""
        return Body(*fields)

    @abstractmethod
    def run(self, body: Body, operands: Sequence[Any], length: int, reverse: bool) -> Any:
        """The packed results of all steps, on plain arrays."""

    @abstractmethod
    def kept(self, body: Body, active: tuple[bool, ...], sparing: bool) -> Body:
        """The body with further ys: what its transpose will want of each step. `sparing` keeps carries alone."""

    @abstractmethod
    def transposed(self, body: Body, seeded: tuple[bool, ...]) -> Body:
        """One step back of a body that keeps: cotangents of the next carry and of the ys to those of all inputs."""

    @abstractmethod
    def pushed(self, body: Body, active: tuple[bool, ...]) -> tuple[Body, tuple[bool, ...], tuple[bool, ...]]:
        """A step that carries tangents too; which inputs have one, and which ys."""

    @abstractmethod
    def batched(
        self, body: Body, flags: tuple[bool, ...], count: int
    ) -> tuple[Body, tuple[bool, ...], tuple[bool, ...]]:
        """A step of many loops at once; which carries and which ys have the batch axis."""

    @abstractmethod
    def function(self, body: Body) -> Callable[..., Any]:
        """The body as a function of plain arrays."""

    @abstractmethod
    def applied(
        self, F: Any, body: Body, operands: Sequence[Array], batched: Sequence[bool]
    ) -> list[tuple[Array, bool]]:
        """The results of the body, computed with F; which of them have the batch axis."""

    @abstractmethod
    def adjoint(self, body: Body, active: tuple[bool, ...]) -> Body:
        """Of y' = f(y, t, ...) the equation that carries cotangents back, for the active constants."""

    @abstractmethod
    def sensitivity(self, body: Body, active: tuple[bool, ...]) -> Body:
        """Of y' = f(y, t, ...) the equation that carries tangents forward, for the active constants."""


@dataclass(frozen=True, slots=True)
class Part:
    """Where one result of a loop lies in the vector of all of them."""

    start: int
    stop: int
    shape: Shape
    dtype: np.dtype[Any]


@dataclass(frozen=True, eq=False)
class Body:
    """One step of a loop; or the right-hand side of an equation, whose carry is y and whose row is t.

    Attributes:
        graph: its inputs are the carries, a row of each of the xs, and the constants; its outputs the next carries and
            a row of each of the ys.
        carries: how many carries there are.
        rows: how many xs.
        kept: how many of the last ys are there for the transpose alone; None where nothing was kept for one.
        active: the inputs by which a body that keeps can be transposed.
    """

    engine: ClassVar[Engine]

    graph: Graph
    carries: int
    rows: int
    kept: int | None = None
    active: tuple[bool, ...] = ()
    _known: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def memo(self, key: Hashable, make: Callable[[], _Made]) -> _Made:
        """What was made of this body before under this key, or is made now."""
        if key not in self._known:
            self._known[key] = make()
        made: _Made = self._known[key]
        return made

    def parts(self, length: int) -> list[Part]:
        """Where each result lies after `length` steps."""
        found = []
        start = 0
        for i, node in enumerate(self.graph.outputs):
            shape = node.shape if i < self.carries else (length, *node.shape)
            stop = start + prod(shape)
            found.append(Part(start, stop, shape, np.dtype(node.dtype)))
            start = stop
        return found

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the vector: one that holds every result without loss, but for integers beyond 2^53 beside floats."""
        dtypes = [np.dtype(node.dtype) for node in self.graph.outputs]
        return np.result_type(*dtypes) if dtypes else np.dtype(np.float64)

    def at(self, dtypes: Sequence[Dtype]) -> Body:
        """The same step for inputs of other dtypes."""
        own = tuple(node.dtype for node in self.graph.inputs)
        given = tuple(np.dtype(dtype) for dtype in dtypes)
        return self if given == own else self.memo(given, lambda: self._retyped(given))

    def _retyped(self, dtypes: Sequence[Dtype]) -> Body:
        inputs = tuple(
            Node(None, (), node.parameters, node.shape, dtype, node.name)
            for node, dtype in zip(self.graph.inputs, dtypes, strict=True)
        )
        known = dict(zip(self.graph.inputs, inputs, strict=True))
        return derived(self, substituted(self.graph, known, inputs), self.kept, self.active)

    def __reduce__(self) -> tuple[Any, ...]:
        # By way of the engine: who unpickles a graph with a loop in it may not have imported what runs it.
        return self.engine.restored, (self.graph, self.carries, self.rows, self.kept, self.active)

    def __str__(self) -> str:
        return self.graph.name

    def __repr__(self) -> str:
        return f"<{self.graph.name}: {self.carries} carried, {self.rows} rows>"


def derived(body: Body, graph: Graph, kept: int | None = None, active: tuple[bool, ...] = ()) -> Body:
    """A body with the carries and the xs of another one, and its own graph."""
    return Body(graph, body.carries, body.rows, kept, active)


def floating(dtype: Dtype) -> bool:
    """Whether values of a dtype carry a derivative."""
    return bool(np.dtype(dtype).kind in "fc")


def substituted(graph: Graph, known: dict[Node, Node], inputs: tuple[Node, ...]) -> Graph:
    """The graph with other nodes in the place of those that are known; shapes and dtypes are inferred anew."""
    new = dict(known)
    for node in graph.nodes:
        if node in new:
            continue
        operands = tuple(new[operand] for operand in node.operands)
        if node.primitive is None or all(a is b for a, b in zip(operands, node.operands, strict=True)):
            new[node] = node
            continue
        made = build(node.primitive, operands, node.parameters)
        new[node] = Node(made.primitive, operands, made.parameters, made.shape, made.dtype, node.name, node.site)
    outputs = tuple(new[node] for node in graph.outputs)
    return Graph(inputs, outputs, tuple(Guard(new[g.node], g.outcome) for g in graph.guards), graph.name)


def unpacked(F: Any, packed: Array, parts: Sequence[Part]) -> list[Array]:
    """The results of a loop, taken out of their vector."""
    found = []
    for part in parts:
        where = slice(part.start, part.stop) if part.shape else part.start
        piece = F.getitem(packed, pattern=(where,))
        if len(part.shape) > 1:
            piece = F.reshape(piece, shape=part.shape)
        if piece.dtype.kind == "c" and part.dtype.kind != "c":
            piece = F.real(piece)
        if piece.dtype != part.dtype:
            cast = F.cast if floating(part.dtype) else F.cast_discrete
            piece = cast(piece, dtype=part.dtype.name)
        found.append(piece)
    return found
