"""Reading and writing by an index: basic ones are strides, a label of each row is compared with the places.

Labels that pick from values of each row are no index here any more: `passes.rows` writes them as comparisons. Those
that pick from a fixed array are, and so is the sum of what rows give to the place that they name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.index import ARRAY, is_basic
from chainrule.core.primitive import Primitive
from chainrule.kernels.planning.moves import BASIC_INDEX
from chainrule.kernels.planning.parts import Handler, Part, Parts
from chainrule.kernels.program import FoldKind
from chainrule.ops import indexing, piecewise

__all__ = ["SELECTIONS"]

_MOST = 64  # places that a label is compared with; a longer array is left to NumPy


def _indexed(primitive: Primitive) -> Handler:
    basic, labelled = BASIC_INDEX[primitive], _LABELLED.get(primitive)

    def handler(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        if is_basic(parameters["pattern"]):
            return basic(parts, operands, parameters)
        if labelled is not None and _is_labelled(operands[0], operands[-1], parameters["pattern"]):
            return labelled(parts, operands, parameters)
        return parts.called(primitive, operands, parameters)

    return handler


def _is_labelled(x: Part, label: Part, pattern: tuple[Any, ...]) -> bool:
    """Whether each row has one label, and it picks along the first axis of a short fixed array."""
    first, *rest = pattern
    whole = all(part is Ellipsis or part == slice(None) for part in rest)
    by_row = label.axis is not None and label.item.shape == () and np.dtype(label.dtype).kind in "iu"
    short = x.axis is None and 0 < x.shape[0] <= _MOST and np.dtype(x.dtype).kind != "b"
    return first is ARRAY and whole and by_row and short


def _is_picked(parts: Parts, x: Part, label: Part) -> Node:
    """For each place along the first axis whether the label of the row names it."""
    F, n = parts.F, x.shape[0]
    parts.items.refused.append(
        parts.items.over_rows(FoldKind.ANY, F.logical_or(F.less(label, -n), F.greater_equal(label, n)).item, ())
    )
    places = parts.number(np.arange(n).reshape(n, *[1] * (x.ndim - 1)))
    return F.equal(F.where(F.less(label, 0), F.add(label, n), label), _beside(parts, places, label)).item


def _beside(parts: Parts, places: Part, label: Part) -> Part:
    """The places as a value that is the same for all rows."""
    rows = label.shape[label.axis or 0]
    return Part(places.item, (*places.shape, rows), places.ndim)


def _picked(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    x, label = operands
    chosen = parts.items.apply(piecewise.where, (_is_picked(parts, x, label), x.item, parts.items.number(0)), {})
    row = parts.items.folded(FoldKind.SUM, chosen, (0,))
    return parts.part(row, (*label.shape, *x.shape[1:]), 0)


def _given(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    x, given, label = operands
    chosen = parts.items.apply(piecewise.where, (_is_picked(parts, x, label), given.item, parts.items.number(0)), {})
    total = parts.items.over_rows(FoldKind.SUM, parts.items.repeated(chosen, x.shape), ())
    return Part(total, x.shape, None)


_LABELLED: Mapping[Primitive, Handler] = {indexing.getitem: _picked, indexing.scatter: _given}
SELECTIONS: Mapping[Primitive, Handler] = {primitive: _indexed(primitive) for primitive in BASIC_INDEX}
