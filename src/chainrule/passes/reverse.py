"""Reverse mode: cotangents from the output back to the inputs.

One loop serves a tape of values (with the evaluating `F`) and a graph (with the building `F`, where the result is a
graph again). Where a value is used several times, the contributions of all paths are summed when it is reached.
Source: Linnainmaa (1976); Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from chainrule.core.cotangent import Mask, Masked, Piece
from chainrule.core.graph import Graph, Node
from chainrule.core.packed import Packed
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.shapes import Array
from chainrule.errors import DegeneracyError
from chainrule.passes.choices import pulled, without_rounding

__all__ = ["Observer", "contributions_of", "pull", "records_of", "reverse"]

Observer = Callable[[Record, Array, Mask | None, Sequence[Array | Masked | Piece]], None]


def pull(
    records: Sequence[Record], seeds: Mapping[Record, Array], F: Any, observe: Observer | None = None
) -> dict[Record, Array]:
    """Carry cotangents back through records that are in order of computation.

    Args:
        records: a tape, or `records_of` a graph.
        seeds: the cotangents of the outputs.
        F: the namespace to compute with.
        observe: called for each record reached, with its cotangent, its mask, and the contributions it is the sum of.

    Returns:
        The cotangents of the inputs that the outputs depend on.
    """
    pending: dict[Record, Any] = dict(seeds)  # a contribution, or the list of several
    gathered: dict[Record, Array] = {}
    for record in reversed(records):
        cotangent = pending.pop(record, None)
        if cotangent is None:
            continue
        contributions, mask = cotangent, None
        if type(cotangent) in _PARTS:
            cotangent, mask = _total(F, cotangent if type(cotangent) is list else (cotangent,))
        if observe is not None:
            observe(record, cotangent, mask, contributions if type(contributions) is list else (contributions,))
        primitive = record.primitive
        if primitive is None:
            gathered[record] = cotangent
            continue
        terms = contributions_of(F, record, cotangent, mask, records, seeds)
        for operand, term in zip(record.operands, terms, strict=True):
            if term is not None and operand is not None:
                others = pending.get(operand)
                if others is None:
                    pending[operand] = term
                elif type(others) is list:
                    others.append(term)
                else:
                    pending[operand] = [others, term]
    return gathered


def contributions_of(
    F: Any,
    record: Record,
    cotangent: Array,
    mask: Mask | None,
    records: Sequence[Record],
    seeds: Mapping[Record, Array],
) -> Sequence[Any]:
    """What one operation sends back to its operands, in a backward pass through records from seeds."""
    assert record.primitive is not None
    derivative = record.primitive.derivative
    try:
        if type(derivative) is Packed:
            return pulled(derivative, record, cotangent, mask, F, records, seeds, pull)
        return derivative.pull(F, record, cotangent, mask)
    except DegeneracyError as error:
        return without_rounding(error, record, cotangent, mask, F, records, seeds, pull)


_PARTS = frozenset((list, Masked, Piece))  # what a cotangent has to be made of; any other type is one


def _total(F: Any, contributions: Sequence[Array | Masked | Piece]) -> tuple[Array, Mask | None]:
    """The sum over paths. It is masked where every path is: the mask of the sum is the OR of theirs."""
    total: Any = None
    mask: Mask | None = None
    whole: Any = None
    for term in contributions:
        if isinstance(term, Piece):
            if whole is None:
                whole = term.whole()
            else:
                term.add_to(whole)
        elif isinstance(term, Masked):
            if total is None:
                total, mask = term.value, term.mask
            else:
                total = total + term.value
                mask = None if mask is None else mask.joined(F, term.mask)
        else:
            total, mask = term if total is None else total + term, None
    if whole is not None:
        return whole if total is None else total + whole, None
    return total, mask


def records_of(graph: Graph, wrt: Sequence[Node], still: Collection[Node] = ()) -> dict[Node, Record]:
    """The nodes of a graph that depend on `wrt`, as records; those in `still` are taken as constants."""
    records: dict[Node, Record] = {}
    wanted = set(wrt)
    for node in graph.nodes:
        operands = [records.get(operand) for operand in node.operands]
        if node in wanted:
            records[node] = Record(None, (), (), node, node.parameters)
        elif any(operand is not None for operand in operands) and node not in still:
            values = [_unlifted(operand) for operand in node.operands]
            records[node] = Record(node.primitive, operands, values, node, node.parameters)
    return records


def _unlifted(node: Node) -> Any:
    """A Python scalar stays one, as it is on a tape: rules ask for its type."""
    if node.is_constant and isinstance(node.dtype, type):
        return node.parameters["value"]
    return node


def reverse(graph: Graph, wrt: Sequence[Node] | None = None, seed: Node | None = None) -> Graph:
    """The graph of the cotangents of `wrt` (default: all inputs), for a graph of one output.

    Args:
        graph: a graph of one output.
        wrt: inputs of the graph.
        seed: the cotangent of the output, an input of the new graph; without it the output must be a scalar, and the
            result is its gradient.
    """
    (output,) = graph.outputs
    wrt = graph.inputs if wrt is None else wrt
    F = building
    records = records_of(graph, wrt)
    start = F.ones_like(output) if seed is None else seed
    found = {}
    if output in records:
        found = pull(list(records.values()), {records[output]: start}, F)
    outputs = tuple(found[records[node]] if records[node] in found else F.zeros_like(node) for node in wrt)
    inputs = graph.inputs if seed is None else (*graph.inputs, seed)
    return Graph(inputs, outputs, graph.guards, f"gradient of {graph.name}")
