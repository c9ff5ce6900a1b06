"""The loops of a map: kept axes outside, then one axis that runs along vectors, then the axes that are folded.

By row the vectors run along the rows; otherwise along the axis on which most operands lie side by side. Neighbouring
axes that every operand steps through alike are one loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import final

from chainrule.kernels.codegen import Place
from chainrule.kernels.program import Map, Value

__all__ = ["Access", "Nest", "nest_of"]


@final
@dataclass(frozen=True, slots=True)
class Access:
    """How a map steps through the components of a value.

    Attributes:
        value: that is read or written.
        place: where it lies.
        along: the stride from one lane of a vector to the next; 1 is side by side, 0 the same in all lanes.
        kept: the strides of the outer loops.
        folded: the strides of the inner loops.
    """

    value: Value
    place: Place
    along: int
    kept: tuple[int, ...]
    folded: tuple[int, ...]


@final
@dataclass(frozen=True, slots=True)
class Nest:
    """The loops of a map, and every value that it reads or writes in memory.

    Attributes:
        kept: sizes of the outer loops, None for the rows.
        along: the size of the axis that vectors run along, None for the rows.
        along_folded: whether that axis is folded; of the rows each fold says so itself.
        folded: sizes of the inner loops.
        reads: of each operand in memory.
        writes: of each result in memory.
    """

    kept: tuple[int | None, ...]
    along: int | None
    along_folded: bool
    folded: tuple[int, ...]
    reads: Mapping[Value, Access]
    writes: Mapping[Value, Access]


@dataclass(frozen=True, slots=True)
class _Axis:
    size: int | None  # None of the rows
    folded: bool
    strides: tuple[int, ...]  # of every operand


def nest_of(stage: Map, place: Callable[[Value], Place], lanes: int, along_items: bool) -> Nest:
    """The loops of a map; by row the vectors run along the rows, or along the items of each row."""
    folded = set(stage.folds[0].axes) if stage.folds else set()
    made = {step.target for step in stage.assignments}
    operands = [operand for step in stage.assignments for operand in step.operands]
    operands += [fold.source for fold in stage.folds] + [source for source, _ in stage.copies]
    inputs = list(dict.fromkeys(o for o in operands if isinstance(o, Value) and o not in made))
    stored = [*stage.stores, *(out for _, out in stage.copies)]
    results = [*stored, *(fold.out for fold in stage.folds)]
    places = [place(value) for value in [*inputs, *results]]
    strides = [_repeated(value, at, stage) for value, at in zip([*inputs, *stored], places, strict=False)]
    for at in places[len(strides) :]:
        kept_strides = iter(at.strides)
        strides.append(tuple(0 if axis in folded else next(kept_strides) for axis in range(len(stage.shape))))
    axes = _collapsed(
        [
            _Axis(size, axis in folded, tuple(s[axis] for s in strides))
            for axis, size in enumerate(stage.shape)
            if size != 1
        ]
    )
    along_rows = stage.by_row and not along_items
    vector = None if along_rows else _vector_axis(axes, lanes)
    kept = [axis for axis in axes if axis is not vector and not axis.folded]
    if along_items:
        kept.insert(0, _Axis(None, False, tuple(at.row_stride for at in places)))
    inner = [axis for axis in axes if axis is not vector and axis.folded]
    accesses = [
        Access(
            value,
            at,
            at.row_stride if along_rows else vector.strides[i] if vector else 0,
            tuple(axis.strides[i] for axis in kept),
            tuple(axis.strides[i] for axis in inner),
        )
        for i, (value, at) in enumerate(zip([*inputs, *results], places, strict=True))
    ]
    return Nest(
        tuple(axis.size for axis in kept),
        None if along_rows else _known(vector.size) if vector else 1,
        vector is not None and vector.folded,
        tuple(_known(axis.size) for axis in inner),
        {access.value: access for access in accesses[: len(inputs)]},
        {access.value: access for access in accesses[len(inputs) :]},
    )


def _repeated(value: Value, place: Place, stage: Map) -> tuple[int, ...]:
    """The strides of an operand along the axes of the map: 0 where it has no such axis, or one of length 1."""
    missing = len(stage.shape) - len(value.shape)
    own = [
        0 if size == 1 and stage.shape[missing + axis] != 1 else stride
        for axis, (size, stride) in enumerate(zip(value.shape, place.strides, strict=True))
    ]
    return (0,) * missing + tuple(own)


def _known(size: int | None) -> int:
    assert size is not None  # only a kept axis is the rows
    return size


def _collapsed(axes: Sequence[_Axis]) -> list[_Axis]:
    found: list[_Axis] = []
    for axis in axes:
        if found and found[-1].folded == axis.folded:
            outer = found[-1]
            if all(far == near * _known(axis.size) for far, near in zip(outer.strides, axis.strides, strict=True)):
                found[-1] = _Axis(_known(outer.size) * _known(axis.size), axis.folded, axis.strides)
                continue
        found.append(axis)
    return found


def _vector_axis(axes: Sequence[_Axis], lanes: int) -> _Axis | None:
    """The axis on which the fewest operands have to be gathered; then one that fills vectors, then the last."""
    if not axes or prod(_known(axis.size) for axis in axes) <= 1:
        return None

    def cost(position: int) -> tuple[int, bool, int]:
        axis = axes[position]
        return sum(stride not in (0, 1) for stride in axis.strides), _known(axis.size) < lanes, -position

    return axes[min(range(len(axes)), key=cost)]
