"""Reading and writing by an index: basic ones are strides; what arrays of integers pick, NumPy picks.

Labels of rows are no index here any more: `passes.rows` writes them as comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.core.index import is_basic
from chainrule.core.primitive import Primitive
from chainrule.kernels.moves import BASIC_INDEX
from chainrule.kernels.parts import Handler, Part, Parts

__all__ = ["SELECTIONS"]


def _indexed(primitive: Primitive, basic: Handler) -> Handler:
    def handler(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
        way = basic if is_basic(parameters["pattern"]) else None
        return way(parts, operands, parameters) if way else parts.called(primitive, operands, parameters)

    return handler


SELECTIONS: Mapping[Any, Handler] = {primitive: _indexed(primitive, basic) for primitive, basic in BASIC_INDEX.items()}
