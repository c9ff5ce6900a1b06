"""Trace a function into a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Guard, Node, constant, site_of
from chainrule.core.record import Record
from chainrule.core.traced import Trace, Traced
from chainrule.read.names import Place, array_names, assigned_name, calling_place

__all__ = ["graph_of_records", "trace"]

_NO_NAMES: Mapping[str, np.ndarray[Any, Any]] = {}


def trace(
    f: Callable[..., Any], values: Sequence[Any], names: Sequence[str], name: str, named_in: Any = None
) -> tuple[Graph, Any]:
    """The graph of `f` called with traced values, and f's result.

    Args:
        f: called with the traced values, positionally; its result is one traced value or constant, or a sequence.
        values: arrays.
        names: of the inputs.
        name: of the function.
        named_in: the user's function, whose closure and globals give arrays their names; None gives none.
    """
    recording = Trace()
    recording.elsewhere = True
    try:
        inputs = [recording.input(value, label) for value, label in zip(values, names, strict=True)]
        result = f(*inputs)
    finally:
        records = recording.close(gives_back=False)
    outputs = list(result) if isinstance(result, (list, tuple)) else [result]
    known = array_names(named_in)
    return graph_of_records(
        records, inputs, outputs, recording.guards, recording, name, known, calling_place()
    ), result  # fmt: skip


class _Names:
    """The names that the user's code gave to the records of a tape, each used once: h, h_2, h_3 in a loop.

    Args:
        records: the tape.
        outside: where the tracing was called; what is assigned there is its result, not a step of the function.
    """

    def __init__(self, records: Sequence[Record], outside: Place | None) -> None:
        self._records = records
        self._outside = outside
        self._inside = _inside_a_call(records)
        self._taken = {record.parameters["name"] for record in records if record.primitive is None}
        self._count: dict[str, int] = {}

    def of(self, i: int) -> str:
        record = self._records[i]
        if record.code is None or i in self._inside or (record.code, record.offset) == self._outside:
            return ""
        name = assigned_name(record.code, record.offset)
        if not name:
            return ""
        unique = name
        while unique in self._taken:
            self._count[name] = self._count.get(name, 1) + 1
            unique = f"{name}_{self._count[name]}"
        self._taken.add(unique)
        return unique


def _inside_a_call(records: Sequence[Record]) -> set[int]:
    """The records that are not the last of their call: one call of the user's may make several.

    A loop over one operation, x = np.sin(x), has its records at one place too: there all are of one primitive.
    """
    inside: set[int] = set()
    for _, run in groupby(range(len(records)), lambda i: (id(records[i].code), records[i].offset)):
        *before, last = run
        if any(records[i].primitive is not records[last].primitive for i in before):
            inside.update(before)
    return inside


def _named(node: Node, known: Mapping[str, np.ndarray[Any, Any]]) -> Node:
    """A constant array under the name that the user's function knows it by."""
    value = node.parameters["value"]
    for name, array in known.items():
        if array is value or (
            array.shape == value.shape and array.dtype == value.dtype and np.array_equal(array, value)
        ):
            return Node(None, (), node.parameters, node.shape, node.dtype, name)
    return node


def graph_of_records(
    records: Sequence[Record],
    inputs: Sequence[Traced],
    outputs: Sequence[Any],
    guards: Sequence[tuple[Record, bool | int]],
    recording: Trace,
    name: str,
    known: Mapping[str, np.ndarray[Any, Any]] = _NO_NAMES,
    outside: Place | None = None,
) -> Graph:
    """Freeze a tape into a graph: records become nodes, other operands become constants."""
    nodes: dict[Record, Node] = {}
    shared: dict[int, tuple[Any, Node]] = {}  # one constant for one array, however often it is used

    def constant_node(value: Any) -> Node:
        if not isinstance(value, np.ndarray):
            return constant(value)
        found = shared.get(id(value))
        if found is None:
            found = shared[id(value)] = (value, _named(constant(value), known))
        return found[1]

    names = _Names(records, outside)
    for i, record in enumerate(records):
        value = record.value
        site = None if record.code is None else site_of(record.code, record.offset)
        if record.primitive is None:
            nodes[record] = Node(None, (), record.parameters, value.shape, value.dtype, record.parameters["name"])
            continue
        operands = tuple(
            constant_node(value) if operand is None else nodes[operand]
            for operand, value in zip(record.operands, record.values, strict=True)
        )
        shape, dtype = (value.shape, value.dtype) if hasattr(value, "dtype") else ((), type(value))
        nodes[record] = Node(record.primitive, operands, record.parameters, shape, dtype, names.of(i), site)

    def output_node(value: Any) -> Node:
        if isinstance(value, Traced) and value.record.trace is recording:
            return nodes[value.record]
        return constant(value)

    return Graph(
        tuple(nodes[traced.record] for traced in inputs),
        tuple(output_node(value) for value in outputs),
        tuple(Guard(nodes[record], outcome) for record, outcome in guards),
        name,
    )
