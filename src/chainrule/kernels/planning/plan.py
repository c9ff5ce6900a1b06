"""A program of a graph: the rows taken out, the passes over them found, operations put together to loops."""

from __future__ import annotations

from chainrule.core.graph import Graph, Node
from chainrule.core.shapes import Shape
from chainrule.kernels.lowering import computed_in
from chainrule.kernels.planning.items import Items, NoCodeError, NotPlannedError, concrete
from chainrule.kernels.planning.normal import Normal, normal_form
from chainrule.kernels.planning.parts import Part
from chainrule.kernels.planning.sections import drafts
from chainrule.kernels.planning.worth import check_worth
from chainrule.kernels.planning.writing import Writing
from chainrule.kernels.program import Guarded, Program, Value
from chainrule.passes.rows import NotByRows, Rows

__all__ = ["NotPlannedError", "plan", "program_of"]


def plan(graph: Graph, rows: Rows | NotByRows) -> Program:
    """The program that computes a graph.

    Args:
        graph: simplified to run.
        rows: which axis of its arrays is the rows, or why there is none.

    Returns:
        The program. Where the rows cannot be taken out, all arrays are fixed, and a note says why.

    Raises:
        NotPlannedError: no part of it is worth compiling; the message says why.
    """
    program = program_of(graph, rows)
    check_worth(program)
    return program


def program_of(graph: Graph, rows: Rows | NotByRows) -> Program:
    """The program of a graph, whether it is worth compiling or not; see `plan`."""
    if isinstance(rows, NotByRows):
        return _program(graph, normal_form(graph, {}, computed_in), [f"not cut into rows: {rows.reason}"])
    for flat in (True, False) if rows.flat else (False,):
        try:
            shape = next(node.shape for node in rows.axis) if flat else None
            return _program(rows.graph, normal_form(rows.graph, rows.axis, computed_in, flat), [], shape)
        except NoCodeError as error:
            reason = str(error)
    return _program(graph, normal_form(graph, {}, computed_in), [f"not cut into rows: {reason}"])


def _program(graph: Graph, normal: Normal, notes: list[str], flat: Shape | None = None) -> Program:
    items = normal.items
    results: list[Node] = []
    seen: set[Node] = set()
    for part in normal.outputs:
        results.append(_result(items, part, seen))
    guards = [(items.copied(n) if n.is_constant else n, outcome) for n, outcome in normal.guards]
    given = {
        part.item: Value(part.item.shape, concrete(part.dtype), part.axis is not None, part.item.name)
        for part in normal.inputs
    }
    names = items.names
    by_row = [(Value(x.shape, concrete(x.dtype), True, names.get(x, "")), array) for x, array in normal.constants]
    leaves = [leaf for leaf, _ in normal.constants]
    given |= {leaf: value for leaf, (value, _) in zip(leaves, by_row, strict=True)}
    guarded = [items.layout(node)[0] for node, _ in guards]
    writing = Writing(items, given, results, guarded)
    sections = writing.sections(drafts(items, [*results, *(node for node, _ in guards)]))
    outputs = tuple(writing.array(node) for node in results)
    held = tuple(Guarded(writing.array(node), outcome) for node, outcome in guards)
    return Program(
        inputs=tuple(given[part.item] for part in normal.inputs),
        row_axes=tuple(part.axis for part in normal.inputs),
        constants=(*by_row, *writing.constants),
        rows=writing.rows,
        sections=tuple(sections),
        outputs=outputs,
        output_axes=tuple(part.axis for part in normal.outputs),
        flat=flat,
        guards=held,
        name=graph.name,
        notes=tuple(notes),
    )


def _result(items: Items, part: Part, seen: set[Node]) -> Node:
    """The node whose memory is an output: copied where the value has none of its own, or is one for all rows."""
    node = part.item
    own = node in items.totals or (node.primitive is not None and not items.is_view(node))
    if own and items.by_row(node) == (part.axis is not None):
        return node
    return items.copied(node, by_row=part.axis is not None)
