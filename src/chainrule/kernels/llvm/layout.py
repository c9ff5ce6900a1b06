"""Where the values of a program lie: in arrays of the caller, in the fixed area, in scratch memory, in totals.

Memory is used again for values that live at other times. By-row values in scratch memory stand with the row innermost,
[*shape, strip], so that a vector holds one component of several rows; the space from one component to the next is a
cache line longer than the strip, since powers of two would put all components of a row into the same set of the cache.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, final

import numpy as np

from chainrule.kernels.program import FoldKind, Map, Program, Section, Stage, Value

__all__ = [
    "Layout",
    "SectionLayout",
    "layout_of",
    "pitch",
    "reads",
    "runs_along_items",
    "total_dtype",
    "wide_dtype",
    "writes",
]

_LINE = 64  # bytes: of a cache line, and what every value is aligned to
_LONG = 16  # components: a row of as many fills vectors by itself

_Key = TypeVar("_Key", bound=Hashable)


@final
@dataclass(frozen=True, slots=True)
class SectionLayout:
    """Memory of one section.

    Attributes:
        scratch: the offset of each by-row value that is no array of the caller.
        packed: the offset of the copy of an array by row with axes of its own, the row innermost, that maps work on.
        pack_before: for each stage the arrays that are copied into it before.
        unpack_after: for each stage the arrays that are copied out of it after.
        scratch_bytes: of all these.
        totals: the offset of each sum over rows.
        totals_bytes: of all these.
        whole_range: nothing is kept between stages, so that there is no need for strips.
    """

    scratch: Mapping[Value, int]
    packed: Mapping[Value, int]
    pack_before: Mapping[int, Sequence[Value]]
    unpack_after: Mapping[int, Sequence[Value]]
    scratch_bytes: int
    totals: Mapping[Value, int]
    totals_bytes: int
    whole_range: bool


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """Memory of a program.

    Attributes:
        slots: the place in the table of arrays: inputs, constants, outputs.
        fixed: the offset in the fixed area of each fixed value that is none of these.
        fixed_bytes: of the fixed area.
        sections: in order.
    """

    slots: Mapping[Value, int]
    fixed: Mapping[Value, int]
    fixed_bytes: int
    sections: tuple[SectionLayout, ...]


def reads(stage: Stage) -> list[Value]:
    """The values in memory that a stage reads: bases, each once."""
    if not isinstance(stage, Map):
        return _unique([stage.left, stage.right])
    made = {step.target for step in stage.assignments}
    operands = [operand for step in stage.assignments for operand in step.operands]
    operands += [fold.source for fold in stage.folds] + [source for source, _ in stage.copies]
    return _unique(operand for operand in operands if isinstance(operand, Value) and operand not in made)


def writes(stage: Stage) -> list[Value]:
    """The values in memory that a stage writes, each once."""
    if not isinstance(stage, Map):
        return [stage.out]
    return _unique([*stage.stores, *(fold.out for fold in stage.folds), *(out for _, out in stage.copies)])


def _unique(values: Iterable[Value]) -> list[Value]:
    return list(dict.fromkeys(value.base for value in values))


def runs_along_items(stage: Stage, slots: Container[Value]) -> bool:
    """Whether a map by row has its vectors along the last axis of a row, and not along the rows.

    That saves copying the arrays so that the row is innermost, where a map folds nothing and all that it reads and
    writes by row lies row after row, in long rows.
    """
    if not isinstance(stage, Map) or not stage.by_row or stage.folds or not stage.shape or stage.shape[-1] < _LONG:
        return False
    made = {step.target for step in stage.assignments}
    operands = [operand for step in stage.assignments for operand in step.operands] + [s for s, _ in stage.copies]
    outs = [*stage.stores, *(out for _, out in stage.copies)]
    touched = [o for o in operands if isinstance(o, Value) and o not in made] + outs
    rows = [value.base for value in touched if value.by_row and value.base.size > 1]
    return (
        bool(rows)
        and all(base in slots for base in rows)
        and all(out.view is None for out in outs)
        and all(value.view is None or not value.shape or value.view.strides[-1] in (0, 1) for value in touched)
    )


def pitch(value: Value, strip: int) -> int:
    """The elements from one component to the next of a by-row value in scratch memory."""
    return strip if value.size <= 1 else strip + _LINE // value.dtype.itemsize


def wide_dtype(kind: FoldKind, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What many components are folded in before they are rounded once: float64 for sums and products of float32."""
    return np.dtype(np.float64) if dtype == np.float32 and kind in (FoldKind.SUM, FoldKind.PRODUCT) else dtype


def total_dtype(section: Section, value: Value) -> np.dtype[Any]:
    """What a sum over rows is kept in until all rows are in it: of a map in the wide dtype."""
    for stage in section.stages:
        for fold in stage.folds if isinstance(stage, Map) else ():
            if fold.out is value:
                return wide_dtype(fold.kind, value.dtype)
    return value.dtype


def layout_of(program: Program) -> Layout:
    """Find a place for each value of a program."""
    slots: dict[Value, int] = {}
    arrays = [*program.inputs, *(value for value, _ in program.constants), *program.outputs]
    for slot, value in enumerate(arrays):
        if value.view is None:
            slots.setdefault(value, slot)
    fixed, fixed_bytes = _fixed_area(program, slots)
    return Layout(slots, fixed, fixed_bytes, tuple(_section(section, slots) for section in program.sections))


def _fixed_area(program: Program, slots: Mapping[Value, int]) -> tuple[dict[Value, int], int]:
    """Each stage of a fixed section is a moment, and so is a by-row section, whose stages all run for each strip."""
    uses: dict[Value, list[int]] = {}
    moment = 0

    def use(values: Iterable[Value]) -> None:
        for value in values:
            if not value.base.by_row and value.base not in slots:
                uses.setdefault(value.base, []).append(moment)

    if program.rows is not None:
        use([program.rows])
    for section in program.sections:
        for stage in section.stages:
            use([*reads(stage), *writes(stage)])
            moment += not section.by_row
        for _, operands, out in section.calls:
            use([*(operand for operand in operands if isinstance(operand, Value)), out])
            moment += 1
        use(value for value, _ in section.totals)
        moment += section.by_row
    # What is looked at after the last section lives until then.
    use(guard.value for guard in program.guards)
    use(value for value in program.outputs if value.view is not None)
    if program.rows is not None:
        use([program.rows])
    sizes = {value: max(1, value.size) * value.dtype.itemsize for value in uses}
    return _allocated({value: (sizes[value], min(times), max(times)) for value, times in uses.items()})


def _section(section: Section, slots: Mapping[Value, int]) -> SectionLayout:
    uses: dict[tuple[Value, bool], list[int]] = {}  # whether it is the copy of an array
    pack_before: dict[int, list[Value]] = {}
    unpack_after: dict[int, list[Value]] = {}
    last_write: dict[Value, int] = {}
    for moment, stage in enumerate(section.stages):
        for value in reads(stage):
            if value.by_row and (value not in slots or _is_packed(stage, value, slots)):
                key = (value, value in slots)
                if key[1] and key not in uses:
                    pack_before.setdefault(moment, []).append(value)
                uses.setdefault(key, []).append(moment)
        for value in writes(stage):
            if value.by_row and (value not in slots or _is_packed(stage, value, slots)):
                key = (value, value in slots)
                if key[1]:
                    last_write[value] = moment
                uses.setdefault(key, []).append(moment)
    for value, moment in last_write.items():  # several may write parts of it
        unpack_after.setdefault(moment, []).append(value)
    lives = {
        key: (max(1, key[0].size) * pitch(key[0], section.strip) * key[0].dtype.itemsize, min(times), max(times))
        for key, times in uses.items()
    }
    offsets, scratch_bytes = _allocated(lives)
    totals: dict[Value, int] = {}
    totals_bytes = 0
    for value, _ in section.totals:
        totals[value] = totals_bytes
        totals_bytes += _rounded(max(1, value.size) * total_dtype(section, value).itemsize)
    return SectionLayout(
        {value: offset for (value, packed), offset in offsets.items() if not packed},
        {value: offset for (value, packed), offset in offsets.items() if packed},
        pack_before,
        unpack_after,
        scratch_bytes,
        totals,
        totals_bytes,
        not uses and len(section.stages) == 1 and isinstance(section.stages[0], Map),
    )


def _is_packed(stage: Stage, value: Value, slots: Mapping[Value, int]) -> bool:
    return isinstance(stage, Map) and value.size > 1 and not runs_along_items(stage, slots)


def _rounded(size: int) -> int:
    return -(-size // _LINE) * _LINE


def _allocated(lives: Mapping[_Key, tuple[int, int, int]]) -> tuple[dict[_Key, int], int]:
    """The first gap for each life (bytes, first moment, last moment) that nothing alive at the same time lies in."""
    offsets: dict[_Key, int] = {}
    end = 0
    # Large ones first: small ones fit between them.
    for key, (size, first, last) in sorted(lives.items(), key=lambda item: -item[1][0]):
        taken = sorted(
            (offsets[other], offsets[other] + _rounded(bytes_))
            for other, (bytes_, born, dead) in lives.items()
            if other in offsets and born <= last and first <= dead
        )
        offset = 0
        for start, stop in taken:
            if offset + size <= start:
                break
            offset = max(offset, stop)
        offsets[key] = offset
        end = max(end, offset + _rounded(size))
    return offsets, end
