"""A cotangent loses rows, is shifted by one row, or is not summed where a value was broadcast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.numeric.diagnosis.arrangement import shift
from chainrule.numeric.diagnosis.backward import Backward
from chainrule.numeric.diagnosis.changes.change import Change, only_kind
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["broadcasts", "rows"]


def broadcasts(backward: Backward) -> Iterator[Change]:
    """Where an operand was broadcast: the mean, the first, the last or the largest row in place of the sum."""
    for edge in backward.edges:
        step, position = edge.step, edge.position
        primal = step.values[position]
        if not isinstance(step.primitive and step.primitive.derivative, Elementwise):
            continue
        if np.shape(primal) == step.value.shape or not step.value.size:
            continue

        def unsummed(step: Any = step, position: int = position) -> Any:
            values = list(step.values)
            values[position] = np.broadcast_to(values[position], step.value.shape)
            return backward.terms(step, values)[position]

        axes = _broadcast_axes(np.shape(primal), step.value.shape)
        count = int(np.prod([step.value.shape[axis] for axis in axes]))
        name = backward.name(edge.operand)
        for which, taken in (
            ("the mean", lambda a, x: np.mean(a, axis=x)),
            ("the first row", lambda a, x: _row(a, x, 0)),
            ("the last row", lambda a, x: _row(a, x, -1)),
        ):
            yield Change(
                ("broadcast", backward.key(step), position, which),
                only_kind(Mistake.NOT_SUMMED),
                edge.operand,
                edge.term,
                lambda taken=taken, u=unsummed, x=axes, p=primal: np.reshape(taken(u(), x), np.shape(p)),  # type: ignore[misc]
                f"not summed over the axis along which {name} is broadcast in {backward.label(step)}: "
                f"{which} of {count} is taken in place of the sum",
                backward.site(step),
                scaled=which != "the mean",
            )


def _broadcast_axes(shape: tuple[int, ...], full: tuple[int, ...]) -> tuple[int, ...]:
    padded = (1,) * (len(full) - len(shape)) + tuple(shape)
    return tuple(axis for axis, (a, b) in enumerate(zip(padded, full, strict=True)) if a != b)


def _row(values: Any, axes: tuple[int, ...], index: int) -> Any:
    return values[tuple(index if axis in axes else slice(None) for axis in range(values.ndim))]


def rows(backward: Backward) -> Iterator[Change]:
    """The cotangent of every step, along every axis: without an end, the ends alone, shifted or rolled by one row."""
    for record in backward.steps:
        cotangent = backward.cotangents[record]
        shape = np.shape(cotangent)
        for axis, size in enumerate(shape):
            if size < 2:
                continue
            for name, kind, altered in _altered(size):
                text = {
                    Mistake.ROWS_LEFT_OUT: f"{name}, of {size} along axis {axis} of {backward.label(record)}",
                    Mistake.SHIFTED: f"off by one row: {backward.label(record)} is {name} along axis {axis}",
                }[kind]
                yield Change(
                    ("rows", backward.key(record), axis, name),
                    only_kind(kind),
                    record,
                    cotangent,
                    lambda altered=altered, g=cotangent, axis=axis: altered(np.asarray(g), axis),  # type: ignore[misc]
                    text,
                    backward.site(record),
                )


def _altered(size: int) -> Iterator[tuple[str, Mistake, Callable[[Any, int], Any]]]:
    left_out = Mistake.ROWS_LEFT_OUT
    yield "the last row is left out", left_out, lambda a, axis: _kept(a, axis, slice(0, -1))
    yield "the first row is left out", left_out, lambda a, axis: _kept(a, axis, slice(1, None))
    if size > 2:
        yield "only the first row is used", left_out, lambda a, axis: _kept(a, axis, slice(0, 1))
        yield "only the last row is used", left_out, lambda a, axis: _kept(a, axis, slice(-1, None))
    for by, way in ((1, "down"), (-1, "up")):
        for how, fill in (("rolled", "roll"), ("shifted", "zero"), ("shifted, with the end repeated,", "again")):
            yield (
                f"{how} {way} by one row",
                Mistake.SHIFTED,
                lambda a, axis, by=by, fill=fill: shift(a, by, axis, fill),  # type: ignore[misc]
            )


def _kept(values: Any, axis: int, keep: slice) -> Any:
    index = tuple(keep if i == axis else slice(None) for i in range(values.ndim))
    kept = np.zeros_like(values)
    kept[index] = values[index]
    return kept
