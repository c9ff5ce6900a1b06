"""A product sends back with another operand than it should: not transposed, left out, or taken before an activation;
and a cotangent that is transposed itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise, Multilinear, Select
from chainrule.core.record import Record
from chainrule.numeric.diagnosis.backward import Backward, Edge
from chainrule.numeric.diagnosis.changes.change import Change, only_kind
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["other_operands", "transposed_terms"]

LONGEST = 12  # elementwise operations between an activation's output and its input


def other_operands(backward: Backward) -> Iterator[Change]:
    """Of every product: the other operand not transposed (square ones: else NumPy itself would say so), ones in its
    place, no product at all, and the other operand as it was before its activation.
    """
    for edge in backward.edges:
        step = edge.step
        if not isinstance(step.primitive and step.primitive.derivative, Multilinear):
            continue
        label, to = backward.label(step), backward.name(edge.operand)
        inner = f"an inner factor is missing: {label} sends back to {to} without its other operand"
        if np.shape(backward.cotangents[step]) == np.shape(edge.term):
            yield _change(backward, edge, "nothing", Mistake.INNER_FACTOR, inner)
        for other, value in enumerate(step.values):
            shape = np.shape(value)
            if other == edge.position:
                continue
            yield _change(backward, edge, "ones", Mistake.INNER_FACTOR, inner, _with(step, other, np.ones_like(value)))
            if len(shape) > 1 and shape[-1] == shape[-2]:
                text = f"operand {other + 1} of {label} is not transposed on the way back to {to}"
                values = _with(step, other, np.swapaxes(value, -1, -2))
                yield _change(backward, edge, f"transposed {other}", Mistake.STEP_TRANSPOSED, text, values)
            for before in _before(step.operands[other]):
                text = (
                    f"{label} sends back to {to} with the input of an activation, {backward.name(before)}, "
                    f"in place of its output"
                )
                values = _with(step, other, before.value)
                name = f"before {backward.key(before)}"
                yield _change(backward, edge, name, Mistake.AT_INPUT, text, values)


def transposed_terms(backward: Backward) -> Iterator[Change]:
    """What is sent back by any step, transposed, where it is square."""
    for edge in backward.edges:
        shape = np.shape(edge.term)
        if len(shape) > 1 and shape[-1] == shape[-2] > 1:
            yield Change(
                ("transposed", backward.key(edge.step), edge.position),
                only_kind(Mistake.STEP_TRANSPOSED),
                edge.operand,
                edge.term,
                lambda edge=edge: np.swapaxes(edge.term, -1, -2),  # type: ignore[misc]
                f"what {backward.label(edge.step)} sends back to {backward.name(edge.operand)} is transposed",
                backward.site(edge.step),
            )


def _change(
    backward: Backward, edge: Edge, how: str, kind: Mistake, text: str, values: Sequence[Any] | None = None
) -> Change:
    step = edge.step
    return Change(
        ("operand", backward.key(step), edge.position, how),
        only_kind(kind),
        edge.operand,
        edge.term,
        lambda: backward.cotangents[step] if values is None else backward.terms(step, values)[edge.position],
        text,
        backward.site(step),
        scaled=kind is Mistake.INNER_FACTOR,
    )


def _with(step: Record, position: int, value: Any) -> list[Any]:
    values = list(step.values)
    values[position] = value
    return values


def _before(record: Record | None) -> Iterator[Record]:
    """What an operand was computed from by elementwise operations of one operand each."""
    shape = None if record is None else np.shape(record.value)
    for _ in range(LONGEST):
        derivative = record.primitive.derivative if record is not None and record.primitive is not None else None
        if record is None or not isinstance(derivative, Elementwise | Select):
            return
        sources = {operand for operand in record.operands if operand is not None}
        if len(sources) != 1:
            return
        record = sources.pop()
        if np.shape(record.value) != shape:
            return
        yield record
