"""A function as a graph of its arguments and of all arrays that it finds around it.

What a loop repeats is traced once. The arrays of its closure, traced ones among them, become operands: so they are
differentiated as if they had been arguments, and graphs that differ in their values alone are one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import ops, read  # noqa: F401  enters the primitives and the answers to NumPy
from chainrule.core.graph import Graph, Node
from chainrule.core.loop import Body, Part, substituted
from chainrule.core.record import Record
from chainrule.core.traced import Trace, Traced, plain_value
from chainrule.emit import engine  # noqa: F401  enters how a loop runs
from chainrule.errors import ArgumentError
from chainrule.passes.simplify import simplify
from chainrule.read.boundary import naming_the_line
from chainrule.read.trace import graph_of_records

__all__ = ["Closed", "body_of", "check_integers", "closed", "is_operand", "number_or_array"]


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    """What one call of a function computes.

    Attributes:
        graph: its inputs are the arguments, then the arrays found around the function; its outputs the leaves of the
            result that are arrays or numbers.
        around: the values of those arrays; traced ones stay traced.
        result: what the function returned, with values of the trace in it, which has ended.
        values: of the graph's outputs in this call, as plain arrays.
        key: equal where two graphs compute the same.
        opaque: whether it holds what a graph does not show: an operation of the user's own, or what is done with a
            plain value that `cr.value` gave.
    """

    graph: Graph
    around: tuple[Any, ...]
    result: Any
    values: tuple[Any, ...]
    key: Hashable
    opaque: bool


def closed(
    f: Callable[..., Any],
    examples: Sequence[Any],
    names: Sequence[str],
    leaves_of: Callable[[Any], Sequence[Any]],
    name: str,
    of: Callable[..., Any],
) -> Closed:
    """Call f with traced values that stand for its arguments.

    Args:
        f: the function of the examples.
        examples: plain arrays.
        names: of the inputs.
        leaves_of: from the result of f to the parts that are wanted; it checks what f returned.
        name: of the function.
        of: the user's function: two of them are different steps even where they compute the same.
    """
    recording = Trace()
    recording.elsewhere = True
    inputs = [recording.input(value, label) for value, label in zip(examples, names, strict=True)]
    started = [Traced(traced.record) for traced in inputs]  # a write into an argument lets it stand for another record
    try:
        with naming_the_line():
            result = f(*inputs)
            leaves = [leaf if type(leaf) is Traced else number_or_array(leaf, "a result") for leaf in leaves_of(result)]
    finally:
        records = recording.close(gives_back=False)
        _forget(records)
    graph = graph_of_records(records, started, leaves, recording.guards, recording, name)
    values = tuple(plain_value(leaf) for leaf in leaves)
    if recording.left or any(node.primitive is not None and node.primitive.opaque for node in graph.nodes):
        return Closed(graph, (), result, values, None, True)
    graph, around = _opened(graph)
    return Closed(graph, around, result, values, (getattr(of, "__code__", None), _key(graph)), False)


def is_operand(leaf: Any) -> bool:
    """Whether a leaf of an argument goes into the graph; sizes, names and switches are passed on as they are."""
    if type(leaf) is Traced or isinstance(leaf, (float, complex)):
        return True
    return isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fc"


def number_or_array(value: Any, path: str) -> Any:
    """The value as an array or NumPy scalar; traced values stay what they are. Integers and truth values are kept."""
    if type(value) is Traced or (type(value) is np.ndarray and value.ndim and value.dtype.kind in "biufc"):
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise ArgumentError(f"{path} is a masked array: use numpy.where with the mask, or .filled(value)")
    known = isinstance(value, (np.ndarray, np.generic, int, float, complex)) or hasattr(value, "__array__")
    if not known or isinstance(value, type):
        raise ArgumentError(f"{path} is {value!r:.60} of type {type(value).__name__}: expected a number or an array")
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise ArgumentError(f"{path} has dtype {array.dtype}: expected numbers")
    return array[()]


_BODIES = 64  # remembered
_bodies: dict[Hashable, Body] = {}
_lock = threading.Lock()


def body_of(found: Closed, carries: int, rows: int) -> Body:
    """The step that a graph is, with what has been made of an equal one before: its code, its derivatives."""
    key = (found.key, carries, rows)
    with _lock:
        body = _bodies.pop(key, None)
        if body is not None:
            _bodies[key] = body  # the last is the one used last
            return body
    body = Body(simplify(found.graph), carries, rows)
    with _lock:
        _bodies[key] = body
        while len(_bodies) > _BODIES:
            del _bodies[next(iter(_bodies))]
    return body


def check_integers(packed: Any, parts: Sequence[Part]) -> None:
    """Beside floats, integers travel in float64, which is exact up to 2^53."""
    if packed.dtype.kind not in "fc":
        return
    plain = plain_value(packed)
    for part in parts:
        if part.dtype.kind in "iu" and part.dtype.itemsize == 8 and np.any(abs(plain[part.start : part.stop]) >= 2**53):
            raise ArgumentError(
                "there is an integer beyond 2^53, where integers cannot be told apart beside floats\n"
                "  compute integers of that size by themselves, or as floats"
            )


def _opened(graph: Graph) -> tuple[Graph, tuple[Any, ...]]:
    """The graph with an input for each array among its constants, and their values; Python's numbers stay."""
    known: dict[Node, Node] = {}
    around: list[Any] = []
    places: dict[int, Node] = {}
    for node in graph.nodes:
        if not node.is_constant or isinstance(node.dtype, type):
            continue
        value = node.parameters["value"]
        identity = id(value.record if type(value) is Traced else value)
        if identity not in places:
            label = node.name or f"k{len(around)}"
            places[identity] = Node(None, (), {"name": label}, node.shape, node.dtype, label)
            around.append(value)
        known[node] = places[identity]
    known |= {node: node for node in graph.inputs}
    return substituted(graph, known, (*graph.inputs, *places.values())), tuple(around)


def _forget(records: Sequence[Record]) -> None:
    """Take from the tapes around what was recorded there on the way: it belongs to an example, and nobody uses it.

    It would keep the memory of a whole step until the derivative is computed, which `checkpoint` is there to save.
    """
    on_tapes: dict[Trace, set[Record]] = {}
    for record in records:
        value = record.value if record.primitive is not None else None
        while type(value) is Traced:
            if value.record.primitive is not None:
                on_tapes.setdefault(value.record.trace, set()).add(value.record)
            value = value.record.value
    for tape, dead in on_tapes.items():
        if tape.records is None:
            continue
        kept: list[Record] = []
        left = len(dead)
        while left and tape.records:
            last = tape.records.pop()
            if last in dead:
                left -= 1
            else:
                kept.append(last)
        tape.records.extend(reversed(kept))
        tape.guards[:] = [guard for guard in tape.guards if guard[0] not in dead]


def _key(graph: Graph) -> Hashable:
    places = {node: i for i, node in enumerate(graph.nodes)}
    rows: list[Hashable] = []
    for node in graph.nodes:
        if node.primitive is None:
            value = repr(node.parameters["value"]) if node.is_constant else node.name
            rows.append((None, value, node.shape, str(node.dtype)))
        else:
            rows.append((node.primitive, *(places[x] for x in node.operands), frozen(node.parameters), str(node.dtype)))
    outputs = tuple(places[node] for node in graph.outputs)
    guards = tuple((places[guard.node], guard.outcome) for guard in graph.guards)
    return (graph.name, tuple(rows), tuple(places[node] for node in graph.inputs), outputs, guards)


def frozen(value: Any) -> Hashable:
    """A parameter of an operation, to be compared."""
    if isinstance(value, Mapping):
        return tuple((key, frozen(part)) for key, part in value.items())
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *map(frozen, value))
    if isinstance(value, slice):  # not hashable before Python 3.12
        return ("slice", frozen(value.start), frozen(value.stop), frozen(value.step))
    if isinstance(value, np.ndarray):
        return (value.shape, str(value.dtype), value.tobytes())
    return (type(value).__name__, value)
