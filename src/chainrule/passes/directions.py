"""Forward mode where a decomposition leaves a basis open: the direction chooses it, and the choice must not matter.

Along a tangent, equal values move apart, and of all bases of their space there is one whose vectors only begin to move:
that which the change of the matrix leaves what they are (Kato). With it the tangents of a function that is the same for
every basis are right, so the tape is run once more with it. What is found has to be

- the same value and tangent for another such basis, where the tangent leaves something open;
- linear: the sum of what two directions give, where they go together. One that is not has a derivative to each side at
  most, and is refused, unless it reads values alone.

Second derivatives are first ones of the gradient, whose tape has the same decompositions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.packed import Choice, Decomposition, Packed, Part, placed
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import plain_value
from chainrule.passes.choices import choice_matters, guarded, largest, one_sided, run_elsewhere, tolerance
from chainrule.passes.vectors_read import parts_read

__all__ = ["along", "coinciding", "left_open", "pushed"]


def coinciding(records: Sequence[Record]) -> Sequence[Record]:
    """The decompositions of which values coincide, also where they are read without vectors."""
    found = []
    for record in records:
        if record.primitive is None or not isinstance(record.primitive.derivative, Decomposition):
            continue
        out, operands = plain_value(record.value), [plain_value(value) for value in record.values]
        derivative = record.primitive.derivative
        if isinstance(derivative, Packed):
            at = derivative.choice.is_of_a_basis(out, *operands, **record.parameters)
        else:
            at = any(np.any(kink.where(out, *operands, **record.parameters)) for kink in record.primitive.domain.kinks)
        if at:
            found.append(record)
    return found


def left_open(records: Sequence[Record], tangents: Mapping[Record, Array]) -> Sequence[Record]:
    """The decompositions with an open basis that is read; raises `DegeneracyError` where a graph is to hold it."""
    found = []
    for record in records:
        if record.primitive is None or type(record.primitive.derivative) is not Packed:
            continue
        choice, parts = record.primitive.derivative.choice, parts_read(records, record)
        if parts is not None and not any(part in parts for part in choice.parts):
            continue
        out, operand = plain_value(record.value), plain_value(record.values[0])
        if isinstance(out, np.ndarray) and choice.is_of_a_basis(out, operand, **record.parameters):
            found.append(record)
            if not run_elsewhere(record.value) and any(map(run_elsewhere, tangents.values())):
                with placed(record):
                    raise choice_matters(record, elsewhere=True)
    return found


def along(
    records: Sequence[Record],
    tangents: Mapping[Record, Array],
    outputs: Sequence[Record] | None,
    opened: Sequence[Record],
) -> dict[Record, Array]:
    """The tangents of what depends on the inputs; raises `DegeneracyError` where a choice of vectors matters.

    Args:
        records: the tape. What belongs to outer levels is left out: what is found are plain arrays.
        tangents: those of the inputs.
        outputs: records whose tangents are wanted; None is all that no other is computed from, but for parts.
        opened: what `left_open` found.
    """
    if outputs is None:
        used = {operand for record in records for operand in record.operands}
        outputs = [record for record in records if record not in used and not _is_part(record)]
    outputs = [output for output in outputs if output in set(records)]
    with placed(opened[0]):
        passes = _Passes(records, outputs, opened)
        tangents = {record: plain_value(tangent) for record, tangent in tangents.items()}
        moving: dict[Record, Array] = {}
        found = passes.run(tangents, 1, moving=moving)
        again, near = passes.run(tangents, 2), passes.run(tangents, 1, rounding=True)
        rng = np.random.default_rng(3)
        # Of a general matrix a random direction has no such basis: only what keeps the spaces is answered.
        anywhere = all(_choice_of(record).along is not None for record in opened)
        others = {record: _another(rng, tangent) if anywhere else tangent for record, tangent in tangents.items()}
        both = {record: tangents[record] + others[record] for record in tangents}
        second, near_second = passes.run(others, 4), passes.run(others, 4, rounding=True)
        together = passes.run(both, 5)
        for output in outputs:
            value, tangent, size, reach = found[output]
            half = tolerance(value)
            # Where a result cancels to nothing, what rounding makes of it is all that there is.
            noise = half * (size + largest(value)) + 100 * largest(near[output][0] - value)
            wobble = half * reach + 100 * largest(near[output][1] - tangent)
            other_wobble = half * second[output][3] + 100 * largest(near_second[output][1] - second[output][1])
            moved = max(largest(other - value) for other in (plain_value(output.value), again[output][0]))
            bent = together[output][1] - tangent - second[output][1]
            if not (moved <= noise and largest(again[output][1] - tangent) <= wobble):
                raise choice_matters(opened[0])
            if not largest(bent) <= wobble + other_wobble:
                raise one_sided(opened[0])
        return moving


def _choice_of(record: Record) -> Choice:
    assert record.primitive is not None
    assert isinstance(record.primitive.derivative, Packed)
    return record.primitive.derivative.choice


def _is_part(record: Record) -> bool:
    return record.primitive is not None and isinstance(record.primitive.derivative, Part)


def _another(rng: np.random.Generator, tangent: Array) -> Array:
    """A random tangent of the size of another one."""
    drawn = rng.normal(size=np.shape(tangent)) * (largest(tangent) or 1.0)
    return np.asarray(drawn).astype(tangent.dtype)[()]


class _Passes:
    """A tape, run again with values and tangents together."""

    def __init__(self, records: Sequence[Record], outputs: Sequence[Record], opened: Sequence[Record]) -> None:
        self.records, self.outputs, self.opened = records, outputs, set(opened)
        self.changed = set(opened)
        for record in records:
            if any(operand in self.changed for operand in record.operands):
                self.changed.add(record)

    def run(
        self,
        tangents: Mapping[Record, Array],
        seed: int,
        rounding: bool = False,
        moving: dict[Record, Array] | None = None,
    ) -> Mapping[Record, tuple[Array, Array, float, float]]:
        """Of each output the value and the tangent, and how large those are that it is made of.

        Args:
            tangents: those of the inputs.
            seed: of the choice of what is open.
            rounding: whether the vectors are moved by as much as rounding moves them.
            moving: to be filled with the tangent of each record.
        """
        rng, noise = np.random.default_rng(seed), np.random.default_rng(0)
        copies: dict[Record, Record] = {}
        moving = {} if moving is None else moving
        for record in self.records:
            primitive = record.primitive
            if primitive is None:
                copies[record] = Record(None, (), (), plain_value(record.value), record.parameters)
                if record in tangents:
                    moving[record] = tangents[record]
                continue
            operands = [None if operand is None else copies[operand] for operand in record.operands]
            incoming = [None if operand is None else moving.get(operand) for operand in record.operands]
            values = [
                plain_value(value) if new is None else new.value
                for value, new in zip(record.values, operands, strict=True)
            ]
            value = plain_value(record.value)
            if any(operand in self.changed for operand in record.operands):
                value = primitive.compute(*values, **record.parameters)
            copy = Record(primitive, operands, values, value, record.parameters, None, record.code, record.offset)
            if record in self.opened:
                copy.value = self._chosen(rng, copy, incoming[0])
                if rounding:
                    step = 10 * np.finfo(value.dtype).eps * largest(value)
                    moved = step * noise.normal(size=value.shape).astype(np.real(value).dtype)
                    moved[..., 0, :] = step  # equal values stay equal
                    copy.value = copy.value + moved
            copies[record] = copy
            if any(tangent is not None for tangent in incoming):
                tangent = pushed(evaluating, record, copy, incoming, self.records)
                if tangent is not None:
                    moving[record] = tangent
        return {output: self._of(output, copies, moving) for output in self.outputs}

    @staticmethod
    def _chosen(rng: np.random.Generator, record: Record, tangent: Array | None) -> Any:
        choice, operand = _choice_of(record), record.values[0]
        if choice.along is not None:
            still = np.zeros_like(operand) if tangent is None else tangent
            return choice.along(rng, record.value, operand, still, **record.parameters)
        other = choice.other(rng, record.value, operand, **record.parameters)
        return record.value if other is None else other

    @staticmethod
    def _of(
        output: Record, copies: Mapping[Record, Record], moving: Mapping[Record, Array]
    ) -> tuple[Array, Array, float, float]:
        value = copies[output].value
        tangent = moving.get(output)
        behind = [operand for operand in output.operands if operand is not None]
        sizes = [largest(copies[operand].value) for operand in behind]
        reaches = [largest(moving[operand]) for operand in (*behind, output) if operand in moving]
        zero = np.zeros_like(value) if tangent is None else tangent
        return value, zero, max(sizes, default=0.0), max(reaches, default=0.0)


def pushed(
    F: Any, record: Record, copy: Record, incoming: Sequence[Array | None], records: Sequence[Record]
) -> Array | None:
    """The tangent of a record, computed from a copy of it; of a decomposition that of the parts that are read."""
    assert record.primitive is not None
    derivative = record.primitive.derivative
    if type(derivative) is not Packed:
        return derivative.push(F, copy, incoming)
    parts = parts_read(records, record)
    (change,) = incoming
    assert change is not None  # it has one operand
    with placed(record):
        checked = guarded(F, change, copy, derivative.choice.parts if parts is None else parts, records)
    return derivative.pushed(F, copy, [checked], parts)
