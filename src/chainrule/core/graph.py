"""The graph: frozen nodes in positional SSA form, each an array operation on earlier nodes.

Nodes compare by identity and are never changed after they are made (`verify` checks it). A graph lists its nodes so
that every operand stands before its use; all traversals are loops, so a million nodes need no recursion.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.operators import Operators
from chainrule.core.registry import building
from chainrule.core.shapes import Dtype, Shape

if TYPE_CHECKING:
    from chainrule.core.primitive import Primitive

__all__ = ["Graph", "Guard", "Node", "Site", "build", "constant", "lift", "place_of", "site_of", "topological"]

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the user's code."""

    filename: str
    line: int

    def __str__(self) -> str:
        return f"{self.filename.replace(chr(92), '/').rsplit('/', 1)[-1]}, line {self.line}"


@lru_cache(maxsize=4096)
def site_of(code: CodeType, offset: int) -> Site:
    """The place of an instruction, given its code object and its offset there."""
    for start, end, line in code.co_lines():
        if start <= offset < end and line is not None:
            return Site(code.co_filename, line)
    return Site(code.co_filename, code.co_firstlineno)


def place_of(code: CodeType | None, offset: int) -> str:
    """The line of the user's that an instruction stands on, as the end of a message; "" where it is not known."""
    if code is None:
        return ""
    site = site_of(code, offset)
    source = linecache.getline(site.filename, site.line).strip()
    return f"\n  in {site}" + (f": {source}" if source else "")


class Node(Operators):
    """One value of a graph: a primitive applied to earlier nodes.

    Attributes:
        primitive: what is computed; None for an input and for a constant.
        operands: the nodes that it is computed from.
        parameters: static arguments of the primitive (axis, keepdims, ...); of a constant, its `value`.
        shape, dtype: of the value; a dtype that is a Python type is weak, as in NumPy's promotion.
        name: the name of an input, or the name that the user's code gave to this value; else "".
        site: where in the user's code it was computed, if known.
    """

    __slots__ = ("dtype", "name", "operands", "parameters", "primitive", "shape", "site")
    F = building
    __array_ufunc__ = None  # so that `array * node` reaches Node.__rmul__ instead of making an object array

    def __init__(
        self,
        primitive: Primitive | None,
        operands: tuple[Node, ...],
        parameters: Mapping[str, Any],
        shape: Shape,
        dtype: Dtype,
        name: str = "",
        site: Site | None = None,
    ) -> None:
        self.primitive = primitive
        self.operands = operands
        self.parameters = parameters
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self.site = site

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def is_constant(self) -> bool:
        return self.primitive is None and "value" in self.parameters

    @property
    def is_input(self) -> bool:
        return self.primitive is None and "value" not in self.parameters

    def __repr__(self) -> str:
        if self.is_constant:
            return f"<constant {self.shape} {self.parameters['value']!r:.40}>"
        what = "input" if self.primitive is None else self.primitive.name
        return f"<{what}{' ' + self.name if self.name else ''} {self.shape} {self.dtype}>"


def constant(value: Any) -> Node:
    """A node that holds a value; a Python scalar stays weak in promotion."""
    if type(value) in (bool, int, float, complex):
        return Node(None, (), {"value": value}, (), type(value))
    if not hasattr(value, "record"):  # a traced value of an outer level stays what it is
        value = np.asarray(value)[()]
    return Node(None, (), {"value": value}, value.shape, value.dtype)


def lift(value: Any) -> Node:
    """The value itself if it is a node, else a constant."""
    return value if isinstance(value, Node) else constant(value)


def build(primitive: Primitive, operands: Sequence[Any], parameters: Mapping[str, Any]) -> Node:
    """Apply a primitive to nodes: the graph-building form of `F`."""
    nodes = tuple([lift(operand) for operand in operands])
    shape, dtype = primitive.infer(nodes, parameters)
    return Node(primitive, nodes, parameters or _NOTHING, shape, dtype)


def topological(outputs: Iterable[Node]) -> list[Node]:
    """Every node that the outputs need, operands before their uses, without recursion."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(node, False) for node in reversed(list(outputs))]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(node.operands) if operand not in seen)
    return order


@dataclass(frozen=True, slots=True)
class Guard:
    """A branch that Python took while the graph was traced: `node` had the value `outcome`."""

    node: Node
    outcome: bool | int


@dataclass(frozen=True, eq=False)
class Graph:
    """A computation as a list of primitive array operations.

    Attributes:
        inputs: the input nodes, in the order of the arguments.
        nodes: all nodes, operands before their uses; inputs that nothing uses are among them too.
        outputs: the nodes of the results.
        guards: the branches taken on values while it was traced; it holds where they hold.
        name: the name of the function it was traced from, or the formula.
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    guards: tuple[Guard, ...] = ()
    name: str = "f"
    nodes: tuple[Node, ...] = field(init=False)

    def __post_init__(self) -> None:
        roots = [*self.inputs, *self.outputs, *(guard.node for guard in self.guards)]
        object.__setattr__(self, "nodes", tuple(topological(roots)))

    def __len__(self) -> int:
        return len(self.nodes)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied by position: following operands from node to node would need deep recursion."""
        position = {node: i for i, node in enumerate(self.nodes)}
        rows = [
            (n.primitive, tuple(position[o] for o in n.operands), dict(n.parameters), n.shape, n.dtype, n.name, n.site)
            for n in self.nodes
        ]
        places = {
            "inputs": tuple(position[node] for node in self.inputs),
            "outputs": tuple(position[node] for node in self.outputs),
            "guards": tuple((position[guard.node], guard.outcome) for guard in self.guards),
        }
        rest = {f.name: getattr(self, f.name) for f in fields(self) if f.init and f.name not in places}
        return _restore, (type(self), rows, places, rest)


def _restore(kind: type[Graph], rows: list[tuple[Any, ...]], places: dict[str, Any], rest: dict[str, Any]) -> Graph:
    nodes: list[Node] = []
    for primitive, operands, *fields_ in rows:
        nodes.append(Node(primitive, tuple(nodes[i] for i in operands), *fields_))
    return kind(
        inputs=tuple(nodes[i] for i in places["inputs"]),
        outputs=tuple(nodes[i] for i in places["outputs"]),
        guards=tuple(Guard(nodes[i], outcome) for i, outcome in places["guards"]),
        **rest,
    )
