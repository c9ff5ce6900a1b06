"""Formulas of the assignments of a loop, for the reader of a plan: what is used once stands inside what uses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, final

import numpy as np

from chainrule.core.notation import Bars, Call, Fraction, Infix, Notation, Power, Precedence, Prefix, Transparent
from chainrule.kernels.program import Assignment, Map, Number, Operand, Value

__all__ = ["Formulas", "number_text"]

_Text = tuple[str, int]  # a formula and how tightly it binds
_LONGEST = 72  # characters of a formula that goes into another one


def number_text(value: Any) -> str:
    """A number as it is typed: short, and with no digit lost.

    >>> number_text(np.float64(2.0)), number_text(0.1), number_text(np.True_)
    ('2', '0.1', 'True')
    """
    plain = value.item() if isinstance(value, (np.generic, np.ndarray)) else value
    if isinstance(plain, float) and plain == int(plain) if np.isfinite(plain) else False:
        return str(int(plain)) if abs(plain) < 1e16 else repr(plain)
    return repr(plain)


@final
class Formulas:
    """The assignments of one loop as formulas.

    Args:
        stage: the loop.
        name: the name of a value that is read or shown.
    """

    def __init__(self, stage: Map, name: Callable[[Value], str]) -> None:
        self._stage = stage
        self._name = name
        self._inside: dict[Value, _Text] = {}

    def lines(self) -> Iterator[tuple[Value, str]]:
        """What the loop computes: the values that have a name or are used more than once, each with its formula."""
        uses = Counter(x for step in self._stage.assignments for x in step.operands if isinstance(x, Value))
        uses.update(fold.source for fold in self._stage.folds if isinstance(fold.source, Value))
        stored = set(self._stage.stores)
        for step in self._stage.assignments:
            text = self._formula(step)
            target = step.target
            if target in stored or target.name or uses[target] > 1 or len(text[0]) > _LONGEST:
                yield target, text[0]
            else:
                self._inside[target] = text

    def of(self, operand: Operand, binding: int = 0) -> str:
        """What an operand is written as, in parentheses where it binds less tightly."""
        if isinstance(operand, Number):
            text, own = number_text(operand.value), Precedence.ATOM
            return f"({text})" if text.startswith("-") and binding > Precedence.SUM else text
        text, own = self._inside.get(operand) or (self._name(operand), Precedence.ATOM)  # type: ignore[assignment]
        return f"({text})" if own < binding else text

    def _formula(self, step: Assignment) -> _Text:
        write = _WRITERS.get(type(step.primitive.notation), _call)
        return write(self, step, step.primitive.notation)


def _infix(formulas: Formulas, step: Assignment, notation: Any) -> _Text:
    left, right = step.operands
    own = notation.precedence
    after = own if notation.associative else own + 1
    before = own + (own == Precedence.COMPARISON)
    return f"{formulas.of(left, before)} {notation.symbol} {formulas.of(right, after)}", own


def _fraction(formulas: Formulas, step: Assignment, notation: Any) -> _Text:
    left, right = step.operands
    own = Precedence.PRODUCT
    return f"{formulas.of(left, own)} / {formulas.of(right, own + 1)}", own


def _prefix(formulas: Formulas, step: Assignment, notation: Any) -> _Text:
    return f"{notation.symbol}{formulas.of(step.operands[0], Precedence.PREFIX + 1)}", Precedence.PREFIX


def _power(formulas: Formulas, step: Assignment, notation: Any) -> _Text:
    base, *rest = step.operands
    exponent = notation.exponent or formulas.of(rest[0], Precedence.POWER + 1)
    return f"{formulas.of(base, Precedence.POWER + 1)}^{exponent}", Precedence.POWER


def _bars(formulas: Formulas, step: Assignment, notation: Any) -> _Text:
    return f"{notation.bar}{formulas.of(step.operands[0])}{notation.bar}", Precedence.ATOM


def _transparent(formulas: Formulas, step: Assignment, notation: Any) -> _Text:
    operand = step.operands[0]
    if isinstance(operand, Value) and operand in formulas._inside:
        return formulas._inside[operand]
    return formulas.of(operand), Precedence.ATOM


def _call(formulas: Formulas, step: Assignment, notation: Any) -> _Text:
    name = (notation.name if isinstance(notation, Call) else "") or step.primitive.name
    parameters = [f"{key}={value}" for key, value in step.parameters.items()]
    return f"{name}({', '.join([*map(formulas.of, step.operands), *parameters])})", Precedence.ATOM


_WRITERS: Mapping[type[Notation], Callable[[Formulas, Assignment, Any], _Text]] = {
    Infix: _infix,
    Fraction: _fraction,
    Prefix: _prefix,
    Power: _power,
    Bars: _bars,
    Transparent: _transparent,
}
