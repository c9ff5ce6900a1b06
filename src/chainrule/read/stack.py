"""The stack of a reader: operands, and the operators and groups that wait for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chainrule.core.graph import Node
from chainrule.errors import FormulaError
from chainrule.limits import LIMITS
from chainrule.read.arrays import MisfitError
from chainrule.read.functions import Function

__all__ = ["CLOSING", "Group", "Operator", "Stack", "same"]

CLOSING = {"(": ")", "{": "}", "|": "|", "‖": "‖"}
_GROUPS = {"(": "parenthesis", "{": "group", "|": "bar", "‖": "bar"}


def same(x: Any) -> Any:
    return x


@dataclass(slots=True, eq=False)
class Operator:
    """An operator that waits for its last operand.

    Attributes:
        sign: as it is written, "" for a product without a sign and for a function.
        application: the function without parentheses that this operator stands in or is.
        open: for such a function: its argument has only numbers so far.
    """

    precedence: int
    arity: int
    build: Callable[..., Node]
    position: int
    sign: str = ""
    application: Operator | None = None
    open: bool = False


@dataclass(slots=True, eq=False)
class Group:
    """A parenthesis or bar that waits to be closed; with a function, its call.

    Attributes:
        finish: what is done with the value of the call: the power in sin^2(x).
        start: where the operands of the call begin.
        place: where the function stands.
        options: of the call.
    """

    sign: str
    position: int
    function: Function | None = None
    finish: Callable[[Any], Any] = same
    start: int = 0
    place: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return _GROUPS[self.sign]


class Stack:
    """Operands and what waits for them.

    Args:
        shown: the formula as messages show it.
    """

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.operands: list[Node] = []
        self._waiting: list[Operator | Group] = []

    def push(self, entry: Operator | Group) -> None:
        """Let an operator or a group wait; raises `LimitError` where too many do."""
        LIMITS.check("formula_depth", len(self._waiting))
        self._waiting.append(entry)

    @property
    def last(self) -> Operator | Group | None:
        return self._waiting[-1] if self._waiting else None

    @property
    def top(self) -> Operator | None:
        entry = self.last
        return entry if isinstance(entry, Operator) else None

    @property
    def innermost(self) -> str:
        """The sign of the group that is open."""
        for entry in reversed(self._waiting):
            if isinstance(entry, Group):
                return entry.sign
        return ""

    def close_coefficients(self) -> None:
        """What is read now is more than a number: the argument of a function without parentheses ends with it."""
        top = self.top
        if top is not None and top.application is not None:
            top.application.open = False

    def reduce(self, precedence: int) -> None:
        """Apply the waiting operators that bind at least so tightly."""
        while (top := self.top) is not None and top.precedence >= precedence:
            self._waiting.pop()
            operands = self.operands[-top.arity :]
            del self.operands[-top.arity :]
            try:
                self.operands.append(top.build(*operands))
            except MisfitError as error:
                raise self.misfit(error, top.position) from None

    def reduce_to_group(self) -> Group | None:
        """Apply all operators of the innermost group, and take it from the stack."""
        self.reduce(0)
        entry = self._waiting.pop() if self._waiting else None
        return entry if isinstance(entry, Group) else None

    def replace(self, build: Callable[[Node], Node], position: int) -> None:
        """Apply what stands behind an operand."""
        try:
            self.operands.append(build(self.operands.pop()))
        except MisfitError as error:
            raise self.misfit(error, position) from None

    def misfit(self, error: MisfitError, position: int) -> FormulaError:
        return self.error(error.problem, position, error.expected)

    def error(self, problem: str, position: int, expected: str = "") -> FormulaError:
        return FormulaError(problem, self.shown, position, expected)
