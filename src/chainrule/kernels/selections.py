"""Reading and writing by arrays of integers, with the rows taken out: a label of each row is compared with numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.core.graph import Node
from chainrule.core.index import is_basic
from chainrule.kernels.items import NoCodeError
from chainrule.kernels.moves import BASIC_INDEX
from chainrule.kernels.parts import Handler, Part, Parts
from chainrule.ops import indexing

__all__ = ["SELECTIONS"]


def _indexed(primitive: Any, advanced: Handler) -> Handler:
    def handler(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        if all(x.axis is None for x in operands) and not is_basic(parameters["pattern"]):
            return parts.called(primitive, operands, parameters)
        basic = BASIC_INDEX[primitive]
        return (basic if is_basic(parameters["pattern"]) else advanced)(parts, operands, parameters)

    return handler


def _own_row(x: Part) -> bool:
    """Whether an index is that of the row itself: np.arange(N)."""
    return x.item.name == "the row"


def _chosen(parts: Parts, x: Part, arrays: Sequence[Part], pattern: Sequence[Any]) -> Node:
    """Booleans by row along the last axis of x: which component the label of the row names."""
    raise NoCodeError("an index array picks components")


def _getitem(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    raise NoCodeError("an index array picks components")


def _scatter(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    raise NoCodeError("an index array picks components")


SELECTIONS: Mapping[Any, Handler] = {
    indexing.getitem: _indexed(indexing.getitem, _getitem),
    indexing.scatter: _indexed(indexing.scatter, _scatter),
    indexing.set_item: _indexed(indexing.set_item, _scatter),
}
