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
from chainrule.core.traced import Traced
from chainrule.passes.directions import along, left_open, pushed
from chainrule.passes.reverse import records_of

__all__ = ["Observer", "forward", "push"]

Observer = Callable[[Record, Array | None, Sequence[Array | None]], None]


def push(
    records: Sequence[Record],
    tangents: Mapping[Record, Array],
    F: Any,
    observe: Observer | None = None,
    outputs: Sequence[Record] | None = None,
) -> dict[Record, Array]:
    """Carry tangents forward through records in order of computation.

    Args:
        records: a tape, or `records_of` a graph.
        tangents: those of the inputs; an input without one stays fixed.
        F: the namespace to compute with.
        observe: called for each input given and for each operation, with its tangent and those of its operands.
        outputs: the records whose tangents are wanted; None is all.

    Returns:
        The tangent of every record that depends on the inputs given, and that an output depends on.

    Raises:
        DegeneracyError: what a decomposition leaves open matters.
    """
    if outputs is not None:
        records = _behind(records, outputs)
    opened = left_open(records, tangents)
    if opened:
        settled = along(records, tangents, outputs, opened)
        if not any(type(x) is Traced for x in (*tangents.values(), *(record.value for record in records))):
            if observe is not None:
                for record in records:
                    observe(record, settled.get(record), [x and settled.get(x) for x in record.operands])
            return settled
    moving: dict[Record, Array] = dict(tangents)
    if observe is not None:
        for record, tangent in tangents.items():
            observe(record, tangent, ())
    for record in records:
        if record.primitive is None:
            continue
        incoming = [None if operand is None else moving.get(operand) for operand in record.operands]
        if any(tangent is not None for tangent in incoming):
            tangent = pushed(F, record, record, incoming, records)
            if tangent is not None:
                moving[record] = tangent
        if observe is not None:
            observe(record, moving.get(record), incoming)
    return moving


def _behind(records: Sequence[Record], outputs: Sequence[Record]) -> Sequence[Record]:
    """The records that some outputs depend on, in order."""
    needed = set(outputs)
    for record in reversed(records):
        if record in needed:
            needed.update(operand for operand in record.operands if operand is not None)
    return [record for record in records if record in needed]


def forward(graph: Graph, wrt: Sequence[Node], tangents: Sequence[Node]) -> Graph:
    """The graph of the outputs' tangents; `tangents` are its additional inputs, one for each node of `wrt`."""
    records = records_of(graph, wrt)
    moving = push(
        list(records.values()),
        {records[node]: tangent for node, tangent in zip(wrt, tangents, strict=True)},
        building,
        outputs=[records[node] for node in graph.outputs if node in records],
    )
    outputs = tuple(
        moving[records[node]] if node in records and records[node] in moving else building.zeros_like(node)
        for node in graph.outputs
    )
    return Graph((*graph.inputs, *tangents), outputs, graph.guards, f"tangent of {graph.name}")
