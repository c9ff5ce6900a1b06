"""A record: one evaluated or built operation, as derivative rules see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.core.primitive import Primitive

__all__ = ["Record"]


class Record:
    """One operation of a computation: the same form for a tape of values and for a graph.

    Attributes:
        primitive: the operation; None for an input.
        operands: the records of the operands that are differentiated, None for the others.
        values: the operands: arrays on a tape, nodes in a graph; Python scalars stay what they are.
        value: the result: an array on a tape, a node in a graph.
        parameters: static arguments.
        trace: the trace it was recorded on; None in a graph.
        code, offset: where the user's code called it: a code object and the instruction's offset.
    """

    __slots__ = ("code", "offset", "operands", "parameters", "primitive", "trace", "value", "values")

    def __init__(
        self,
        primitive: Primitive | None,
        operands: Sequence[Record | None],
        values: Sequence[Any],
        value: Any,
        parameters: Mapping[str, Any],
        trace: Any = None,
        code: CodeType | None = None,
        offset: int = 0,
    ) -> None:
        self.primitive = primitive
        self.operands = operands
        self.values = values
        self.value = value
        self.parameters = parameters
        self.trace = trace
        self.code = code
        self.offset = offset
