"""Formulas with bars of fractions, radicals, raised and lowered parts: what LaTeX and MathML have in common.

A medium says how a few boxes are marked up: a letter, a number, a fraction, a root. How names and numbers are set
stands here: alpha is α, x_1 and x1 have an index, y_hat has an accent, 1e-20 is a power of ten.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import groupby
from typing import Any

import numpy as np

from chainrule.core.notation import Call, Postfix, Power, Precedence, Root, Subscript
from chainrule.views.grouping import GroupingPrinter, ends_with_one, index_parts, number_text, option_text
from chainrule.views.symbols import GREEK
from chainrule.views.tree import DerivativeNotation, Edge, Piece, Product, Rope, joined

__all__ = ["ACCENTS", "TypesetPrinter"]

ACCENTS = {"hat": "^", "bar": "¯", "tilde": "~"}  # endings of names, as in y_hat

_NAME = re.compile(r"(?P<head>[^\W\d_]+)(?P<digits>[0-9]*)(?P<rest>(?:_[^\W_]+)*)")
_WRITTEN_OUT = 9  # entries of a constant array; a larger one is written by its shape
_WORDS = {"inf": "∞", "nan": "NaN"}


class TypesetPrinter(GroupingPrinter):
    """Layouts in terms of boxes; a subclass marks these up."""

    def __init__(
        self, derivative: DerivativeNotation = "prime", names: Mapping[Any, str] | None = None, share: bool = True
    ) -> None:
        super().__init__(derivative, names, share)
        self._meaning: dict[
            str, str
        ] = {}  # what a name or an index is, by how it looks: x_1 and x1 must not look alike

    # Boxes.

    @abstractmethod
    def letter(self, character: str) -> Rope: ...
    @abstractmethod
    def word(self, text: str) -> Rope: ...
    @abstractmethod
    def number(self, digits: str) -> Rope: ...
    @abstractmethod
    def literal(self, text: str) -> Rope:
        """A value as Python writes it."""

    @abstractmethod
    def function(self, latex: str, name: str) -> Rope:
        """The name of a function; `latex` is "" if it has none but its plain name."""

    @abstractmethod
    def applied(self, function: Rope, operands: Rope) -> Rope: ...
    @abstractmethod
    def raised(self, base: Rope, exponent: Rope) -> Rope: ...
    @abstractmethod
    def lowered(self, base: Rope, index: Rope) -> Rope: ...
    @abstractmethod
    def accented(self, base: Rope, accent: str) -> Rope: ...
    @abstractmethod
    def primed(self, base: Rope, count: int, tall: bool = False) -> Rope: ...
    @abstractmethod
    def over(self, numerator: Rope, denominator: Rope) -> Rope: ...
    @abstractmethod
    def radical(self, operand: Rope, degree: int) -> Rope: ...
    @abstractmethod
    def change(self, order: int, of: Rope = "") -> Rope:
        """d or ∂ before what changes."""

    @abstractmethod
    def limit_sign(self, variable: Rope) -> Rope:
        """The sign of the limit as the variable goes to 0."""

    @abstractmethod
    def side_by_side(self, left: Piece, right: Piece) -> Rope:
        """What stands between factors that need no sign."""

    @abstractmethod
    def list(self, parts: Sequence[Rope]) -> Rope:
        """Parts with commas."""

    @abstractmethod
    def matrix(self, rows: Sequence[Sequence[Rope]]) -> Rope: ...

    # Names and numbers.

    def name(self, name: str) -> Piece:
        found = _NAME.fullmatch(name)
        piece = self._set(**found.groupdict()) if found else None
        if piece is None or not self._looks_new(piece.text, name):
            return Piece(self.word(name), first="word", last="word")
        return piece

    def _set(self, head: str, digits: str, rest: str) -> Piece | None:
        """A name with its indices and accents; None for several words."""
        head = GREEK.get(head, head)
        if rest and len(head) > 1:
            return None
        edge: Edge = "letter" if len(head) == 1 else "word"
        text = self.letter(head) if edge == "letter" else self.word(head)
        parts = [digits] * bool(digits) + rest.split("_")[1:]
        if rest and not digits and parts[0] in ACCENTS:
            text = self.accented(text, parts.pop(0))
        if parts:
            text = self.lowered(text, self.list([self._index(part) for part in parts]))
        return Piece(text, first=edge, last=edge, indexed=bool(parts))

    def _index(self, part: str) -> Rope:
        if part.isdecimal():
            return self.number(part)
        part = GREEK.get(part, part)
        return self.letter(part) if len(part) == 1 else self.word(part)

    def _looks_new(self, text: Rope, meaning: str) -> bool:
        return self._meaning.setdefault(joined(text), meaning) == meaning

    def constant(self, value: Any) -> Piece:
        if np.ndim(value):
            return self._array(np.asarray(value))
        digits = number_text(value)
        size = digits.removeprefix("-")
        text, precedence = self._magnitude(size)
        first: Edge = "open" if digits[0] == "(" else "number"
        last: Edge = "number" if precedence == Precedence.ATOM else "mark"
        product: Product = "scalar" if precedence == Precedence.PRODUCT else ""
        if size == digits:
            return Piece(text, precedence, first, last, product, digits=digits)
        return Piece(self.row(self.mark("-"), text), Precedence.PREFIX, "minus", last, digits=digits)

    def _magnitude(self, digits: str) -> tuple[Rope, Precedence]:
        mantissa, _, exponent = digits.partition("e")
        if not exponent.lstrip("-").isdecimal():
            plain = digits.replace(".", "").isdecimal()
            return self.number(digits) if plain else self.literal(_WORDS.get(digits, digits)), Precedence.ATOM
        power = self.raised(self.number("10"), self.constant(int(exponent)).text)
        if mantissa == "1":
            return power, Precedence.POWER
        return self.row(self.number(mantissa), self.operator("*", r"\cdot"), power), Precedence.PRODUCT

    def _array(self, value: np.ndarray[Any, Any]) -> Piece:
        if value.ndim > 2 or not 0 < value.size <= _WRITTEN_OUT:
            return Piece(self.literal(f"array{value.shape}".replace(",)", ")")), first="call", last="close")
        rows = value.reshape(len(value), -1)
        text = self.matrix([[self.constant(entry).text for entry in row] for row in rows])
        return Piece(text, first="open", last="close", tall=True)

    # Layouts.

    def call(self, layout: Call, name: str, operands: Sequence[Piece], options: Mapping[str, Any]) -> Piece:
        parts = [operand.text for operand in operands]
        parts += [
            self.literal(option_text(option, value))
            if option == "pattern"
            else self.row(self.word(option), self.operator("="), self.literal(str(value)))
            for option, value in options.items()
        ]
        tall = any(operand.tall for operand in operands)
        function = self.function(layout.latex, layout.name or name)
        arguments = self.fenced("(", Piece(self.list(parts), tall=tall), ")")
        word = len(layout.name or name) > 1 and layout.latex.removeprefix("\\") not in GREEK  # σ²(x) is seldom written
        call = (function, arguments) if word else None
        return Piece(self.applied(function, arguments), first="call", last="close", tall=tall, call=call)

    def between(self, product: Product, left: Piece, right: Piece) -> Rope:
        if product == "array":
            return self.operator("*", r"\odot")
        mixed = left.last == "number" and right.first == "fraction"  # 2 times 1/3 must not look like a mixed number
        if mixed or right.first == "number" or ends_with_one(left) or (left.last == "word" and right.first == "open"):
            return self.operator("*", r"\cdot")
        return self.side_by_side(left, right)

    def fraction(self, numerator: Piece, denominator: Piece) -> Piece:
        first: Edge = "fraction" if numerator.first == "number" else "mark"
        return Piece(self.over(numerator.text, denominator.text), Precedence.POWER, first, "mark", tall=True)

    def power(self, layout: Power, operands: Sequence[Piece]) -> Piece:
        base = self.enclosed(operands[0], operands[0].precedence < Precedence.POSTFIX)
        exponent = operands[1] if len(operands) > 1 else self.constant(int(layout.exponent))
        tall = base.tall or exponent.tall
        times = int(exponent.digits) if exponent.precedence == Precedence.ATOM and exponent.digits.isdecimal() else 0
        if base.call and times > 1:  # sin⁻¹ would be the inverse function
            name, arguments = base.call
            text = self.applied(self.raised(name, exponent.text), arguments)
            return Piece(text, Precedence.POWER, base.first, base.last, tall=tall)
        text = self.raised(base.text, exponent.text)
        return Piece(text, Precedence.POWER, base.first, "mark", bars=base.bars, tall=tall)

    def root(self, layout: Root, operand: Piece) -> Piece:
        return Piece(self.radical(operand.text, layout.degree), tall=operand.tall)

    def postfix(self, layout: Postfix, operand: Piece) -> Piece:
        operand = self.enclosed(operand, operand.precedence < Precedence.POSTFIX)
        text = self.raised(operand.text, self.letter(layout.mark))
        return Piece(text, Precedence.POWER, operand.first, bars=operand.bars, tall=operand.tall)

    def differential(self, operands: Sequence[Piece]) -> Piece:
        term = operands[0]
        named = term.precedence == Precedence.ATOM and term.first in ("letter", "word")
        if len(operands) > 2:
            inner = self.enclosed(term, not named)
            return Piece(self.row(self.letter("d"), inner.text), Precedence.POSTFIX, "letter", inner.last)
        if self.derivative == "prime":
            text = self.primed(self.enclosed(term, not named).text, 1, term.tall)
            return Piece(text, Precedence.POWER, "open", tall=term.tall)
        below = self.change(1, operands[1].text)
        if named:
            return Piece(self.over(self.change(1, term.text), below), Precedence.POWER, tall=True)
        inner = self.enclosed(term, term.first != "open" or term.last != "close" or term.precedence < Precedence.ATOM)
        text = self.row(self.over(self.change(1), below), inner.text)
        return Piece(text, Precedence.POWER, last="close", tall=True)

    def limit(self, operands: Sequence[Piece]) -> Piece:
        term, h = operands
        inner = self.enclosed(term, term.precedence < Precedence.PRODUCT)
        text = self.row(self.limit_sign(h.text), inner.text)
        return Piece(text, Precedence.COMPARISON, last=inner.last, tall=True)

    def derivative_name(self, function: str, variables: Sequence[str]) -> str:
        name, order = self.name(function).text, len(variables)
        if self.derivative == "prime":
            bracketed = self.fenced("(", Piece(self.number(str(order))), ")")
            return joined(self.primed(name, order) if order <= 3 else self.raised(name, bracketed))
        runs = [(self.name(variable).text, len([*run])) for variable, run in groupby(reversed(variables))]
        below = [Piece(self.change(1, self._times(text, count)), first="word", last="word") for text, count in runs]
        product = reduce(lambda x, y: self.around(x, self.side_by_side(x, y), y, Precedence.PRODUCT), below)
        return joined(self.over(self.change(order, name), product.text))

    def gradient_name(self, function: str) -> str:
        return joined(self.row(self.mark("∇", r"\nabla"), self.name(function).text))

    def _times(self, text: Rope, count: int) -> Rope:
        return text if count == 1 else self.raised(text, self.number(str(count)))

    def subscript(self, layout: Subscript, operands: Sequence[Piece], parameters: Mapping[str, Any]) -> Piece:
        indexed = self.enclosed(operands[0], operands[0].precedence < Precedence.POSTFIX)
        parts = index_parts(parameters, operands[1:])
        index = self.list([part.text if isinstance(part, Piece) else self.literal(part) for part in parts])
        text = self.lowered(indexed.text, index)
        named = indexed.precedence == Precedence.ATOM and indexed.first in ("letter", "word")
        lowered = not indexed.indexed and (not named or self._looks_new(text, joined((indexed.text, "[", index, "]"))))
        if not lowered:
            text = self.row(indexed.text, self.fenced("[", Piece(index), "]"))
        first, bars, tall = indexed.first, indexed.bars, indexed.tall
        return Piece(text, Precedence.POSTFIX, first, bars=bars, tall=tall, indexed=lowered)
