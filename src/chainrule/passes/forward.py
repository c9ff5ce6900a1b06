"""Forward mode: tangents from the inputs on to the output.

Source: Wengert (1964), A simple automatic derivative evaluation program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chainrule.core.graph import Graph, Node
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.shapes import Array
from chainrule.passes.reverse import records_of

__all__ = ["Observer", "forward", "push"]

Observer = Callable[[Record, Array | None, Sequence[Array | None]], None]


def push(
    records: Sequence[Record], tangents: Mapping[Record, Array], F: Any, observe: Observer | None = None
) -> dict[Record, Array]:
    """Carry tangents forward through records in order of computation.

    Args:
        records: a tape, or `records_of` a graph.
        tangents: those of the inputs; an input without one stays fixed.
        F: the namespace to compute with.
        observe: called for each input given and for each operation, with its tangent and those of its operands.

    Returns:
        The tangent of every record that depends on the inputs given.
    """
    moving: dict[Record, Array] = dict(tangents)
    if observe is not None:
        for record, tangent in tangents.items():
            observe(record, tangent, ())
    for record in records:
        if record.primitive is None:
            continue
        incoming = [None if operand is None else moving.get(operand) for operand in record.operands]
        if any(tangent is not None for tangent in incoming):
            tangent = record.primitive.derivative.push(F, record, incoming)
            if tangent is not None:
                moving[record] = tangent
        if observe is not None:
            observe(record, moving.get(record), incoming)
    return moving


def forward(graph: Graph, wrt: Sequence[Node], tangents: Sequence[Node]) -> Graph:
    """The graph of the outputs' tangents; `tangents` are its additional inputs, one for each node of `wrt`."""
    records = records_of(graph, wrt)
    moving = push(
        list(records.values()),
        {records[node]: tangent for node, tangent in zip(wrt, tangents, strict=True)},
        building,
    )
    outputs = tuple(
        moving[records[node]] if node in records and records[node] in moving else building.zeros_like(node)
        for node in graph.outputs
    )
    return Graph((*graph.inputs, *tangents), outputs, graph.guards, f"tangent of {graph.name}")
