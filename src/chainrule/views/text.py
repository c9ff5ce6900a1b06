"""Formulas as one line of text, with as few parentheses as a reader needs.

What this writes for a formula of scalars is what `read/formula.py` reads back: equal but for the grouping of sums and
products, whose parentheses are dropped where they do not matter: x + (y + z) is written x + y + z.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.notation import Call, Postfix, Power, Precedence, Root, Subscript
from chainrule.errors import ArgumentError
from chainrule.read.tokens import SUPERSCRIPTS
from chainrule.views.grouping import (
    GroupingPrinter,
    begins_negative,
    ends_with_one,
    index_parts,
    number_text,
    option_text,
)
from chainrule.views.symbols import SIGNS, greek_letter
from chainrule.views.tree import DerivativeNotation, Edge, Piece, Product, Rope, Written, joined

__all__ = ["TextPrinter", "UnicodePrinter", "formula_text", "write_text"]

TextNotation = Literal["text", "unicode"]


def formula_text(graph: Graph | Node, notation: TextNotation = "text", derivative: DerivativeNotation = "prime") -> str:
    """A graph's output, or a node, as one line of mathematics.

    Args:
        graph: a graph, or one of its nodes. Several outputs are written in parentheses, with commas.
        notation: "text" for plain characters, "unicode" for raised exponents, √, σ, and the sign −.
        derivative: how a derivative still to be taken is written: "prime" for u', "leibniz" for d/dx u, "partial".

    Returns:
        The line. What is used again and is large is named once: "v1 cos(v1) where v1 = ...".

    >>> from chainrule.read.formula import parse
    >>> formula_text(parse("2*x**2 - (-3)*sin(x)/(x*y)"))
    '2x^2 - (-3) sin(x)/(x y)'
    >>> formula_text(parse("2*x**2 - (-3)*sin(x)/(x*y)"), "unicode")
    '2x² − (−3) sin(x)/(x y)'
    """
    return _printer(notation, derivative).line(write_text(graph, notation, derivative))


def write_text(
    graph: Graph | Node,
    notation: TextNotation = "text",
    derivative: DerivativeNotation = "prime",
    names: Mapping[Node, str] | None = None,
    share: bool = True,
) -> Written:
    """The outputs and the definitions one by one, for views that set them in lines of their own."""
    printer = _printer(notation, derivative, names, share)
    return printer.write([graph] if isinstance(graph, Node) else graph.outputs)


def _printer(
    notation: str, derivative: DerivativeNotation, names: Mapping[Node, str] | None = None, share: bool = True
) -> TextPrinter:
    if notation not in _PRINTERS:
        raise ArgumentError(f"notation is {notation!r}: expected one of {', '.join(_PRINTERS)}")
    return _PRINTERS[notation](derivative, names, share)


class TextPrinter(GroupingPrinter):
    """Plain characters."""

    minus = "-"
    times = "*"
    pi = "pi"
    partial = "d"
    nabla = "grad "
    arrow = "->"

    def line(self, written: Written) -> str:
        line = written.outputs[0] if len(written.outputs) == 1 else f"({', '.join(written.outputs)})"
        where = ", ".join(f"{name} = {text}" for name, text in written.definitions)
        return f"{line} where {where}" if where else line

    def row(self, *parts: Rope) -> Rope:
        return parts

    def fenced(self, opening: str, piece: Piece, closing: str) -> Rope:
        return (opening, piece.text, closing)

    def operator(self, symbol: str, latex: str = "") -> Rope:
        return f" {self.mark(symbol, latex)} "

    def mark(self, symbol: str, latex: str = "") -> str:
        return self.minus if symbol == "-" else symbol

    def exponent(self, text: str) -> str:
        """An exponent that is one word, as it stands behind the base; "" if it must be written with ^."""
        return ""

    def raised_mark(self, mark: str) -> str:
        """A mark behind its operand, such as that of a transpose."""
        return f"^{mark}"

    def function(self, layout: Call, name: str) -> str:
        """The name of a function before its operands."""
        return layout.name or name

    def name(self, name: str) -> Piece:
        # A word of several letters, or σ, before a parenthesis would look like a call.
        letter = len(name) == 1 and name.isascii()
        short = len(name) <= 2 and name[0] not in "eE"  # beside a number; 2 e1 is not 2e1
        # Nor is 2 times the vector 1 of ones 21.
        first: Edge = "word" if name[:1].isdigit() else "letter" if letter else "short" if short else "word"
        return Piece(self.pi if name == "pi" else name, first=first, last="letter" if letter else "word")

    def constant(self, value: Any) -> Piece:
        if np.ndim(value):
            return Piece(f"array{np.shape(value)}".replace(",)", ")"), first="call", last="close")
        digits = number_text(value)
        if digits[0] == "-":
            return Piece((self.minus, digits[1:]), Precedence.PREFIX, "minus", "number", digits=digits)
        return Piece(digits, first="open" if digits[0] == "(" else "number", last="number", digits=digits)

    def call(self, layout: Call, name: str, operands: Sequence[Piece], options: Mapping[str, Any]) -> Piece:
        parts: list[Any] = []
        for operand in operands:
            parts += [", ", operand.text]
        for option, value in options.items():
            parts += [", ", option_text(option, value)]
        function, arguments = self.function(layout, name), ("(", *parts[1:], ")")
        word = len(function) > 1  # σ²(x) is seldom written
        return Piece((function, arguments), first="call", last="close", call=(function, arguments) if word else None)

    def between(self, product: Product, left: Piece, right: Piece) -> str:
        if product == "array" or right.first == "number" or ends_with_one(left):
            return self.times
        if left.last == "word" and right.first == "open":
            return self.times
        if left.last == "number" and _is_short_number(left):
            return "" if right.first in ("open", "bar", "letter", "short") else " "
        return " "

    def fraction(self, numerator: Piece, denominator: Piece) -> Piece:
        coefficient = begins_negative(numerator)
        above = self.enclosed(numerator, numerator.precedence < Precedence.PRODUCT and not coefficient)
        below = self.enclosed(denominator, denominator.precedence <= Precedence.PRODUCT)
        precedence = Precedence.PREFIX if coefficient else Precedence.PRODUCT
        return self.around(above, "/", below, precedence, product="fraction")

    def power(self, layout: Power, operands: Sequence[Piece]) -> Piece:
        base = self.enclosed(operands[0], operands[0].precedence < Precedence.POSTFIX)
        if layout.exponent:
            exponent = Piece(layout.exponent, Precedence.PREFIX if layout.exponent[0] == "-" else Precedence.ATOM)
        else:
            exponent = operands[1]
        text = joined(exponent.text) if _is_word(exponent) else ""
        raised = self.exponent(text)
        if raised and base.call and text.isdecimal() and int(text) > 1:  # sin⁻¹ would be the inverse function
            name, arguments = base.call
            return Piece((name, raised, arguments), Precedence.POWER, base.first, base.last, bars=base.bars)
        # x^(sin(y)) and x^(y^z): people differ on x^y^z, and x^sin(y) looks like (x^sin)(y)
        call = exponent.first == "call" and exponent.last == "close"
        exponent = self.enclosed(exponent, exponent.precedence <= Precedence.POWER or call)
        last: Edge = "mark" if raised or exponent.last == "number" else exponent.last
        bars = base.bars or exponent.bars
        return Piece((base.text, raised or ("^", exponent.text)), Precedence.POWER, base.first, last, bars=bars)

    def root(self, layout: Root, operand: Piece) -> Piece:
        return self.call(layout, layout.name, [operand], {})

    def postfix(self, layout: Postfix, operand: Piece) -> Piece:
        operand = self.enclosed(operand, operand.precedence < Precedence.POSTFIX)
        return Piece((operand.text, self.raised_mark(layout.mark)), Precedence.POWER, operand.first, bars=operand.bars)

    def differential(self, operands: Sequence[Piece]) -> Piece:
        term = operands[0]
        if len(operands) > 2:
            atom = term.precedence >= Precedence.POSTFIX and term.first in ("letter", "word", "open", "short")
            return Piece(("d", self.enclosed(term, not atom).text), Precedence.POSTFIX, "word", term.last)
        if self.derivative == "prime":
            atom = term.precedence == Precedence.ATOM and term.first in ("letter", "word", "short")
            text = (self.enclosed(term, not atom).text, "'")
            return Piece(text, Precedence.POSTFIX, "open", "mark", bars=term.bars)
        sign = self.partial if self.derivative == "partial" else "d"
        if term.precedence == Precedence.ATOM and term.first in ("letter", "word", "short") and term.last != "close":
            quotient = (sign, term.text, f"/{sign}", operands[1].text)
            return Piece(quotient, Precedence.PRODUCT, "word", "word", product="fraction")
        inner = self.enclosed(term, term.first != "open" or term.last != "close" or term.precedence < Precedence.ATOM)
        return Piece((f"{sign}/{sign}", operands[1].text, " ", inner.text), Precedence.POWER, "word", "close")

    def derivative_name(self, function: str, variables: Sequence[str]) -> str:
        order = len(variables)
        if self.derivative == "prime":
            return function + "'" * order if order <= 3 else f"{function}^({order})"
        sign = self.partial if self.derivative == "partial" else "d"
        runs = [(name, len([*run])) for name, run in groupby(reversed(variables))]
        below = " ".join(f"{sign}{name}{self._times(count)}" for name, count in runs)
        quotient = f"{sign}{self._times(order, function)}/"
        return f"{quotient}({below})" if len(runs) > 1 else quotient + below

    def gradient_name(self, function: str) -> str:
        return f"{self.nabla}{function}"

    def _times(self, count: int, of: str = "") -> str:
        """How many times; d^2f, but d^10 f, which must not be read as d^1 0f."""
        raised = "" if count == 1 else self.exponent(str(count))
        return raised + of if raised or count == 1 else f"^{count}{' ' if of and count > 9 else ''}{of}"

    def limit(self, operands: Sequence[Piece]) -> Piece:
        term, h = operands
        inner = self.enclosed(term, term.precedence < Precedence.PRODUCT)
        # It binds loosest, so that it stands in parentheses wherever something follows it.
        return Piece(("lim(", h.text, f" {self.arrow} 0) ", inner.text), Precedence.COMPARISON, "word", inner.last)

    def subscript(self, layout: Subscript, operands: Sequence[Piece], parameters: Mapping[str, Any]) -> Piece:
        indexed = self.enclosed(operands[0], operands[0].precedence < Precedence.POSTFIX)
        parts: list[Rope] = []
        for part in index_parts(parameters, operands[1:]):
            parts += [", ", part.text if isinstance(part, Piece) else part]
        return Piece((indexed.text, "[", *parts[1:], "]"), Precedence.POSTFIX, indexed.first, bars=indexed.bars)


class UnicodePrinter(TextPrinter):
    """Raised exponents, the signs − · √ ≤, Greek names of functions, and π."""

    minus = "−"
    times = "·"
    pi = "π"
    partial = "∂"
    nabla = "∇"
    arrow = "→"

    def exponent(self, text: str) -> str:
        return text.translate(_RAISED) if text and _RAISED.keys() >= set(map(ord, text)) else ""

    def raised_mark(self, mark: str) -> str:
        return _MARKS.get(mark) or super().raised_mark(mark)

    def between(self, product: Product, left: Piece, right: Piece) -> str:
        return " ⊙ " if product == "array" else super().between(product, left, right)

    def mark(self, symbol: str, latex: str = "") -> str:
        return SIGNS.get(latex) or super().mark(symbol)

    def function(self, layout: Call, name: str) -> str:
        return greek_letter(layout.latex) or super().function(layout, name)

    def root(self, layout: Root, operand: Piece) -> Piece:
        operand = self.enclosed(operand, operand.precedence < Precedence.ATOM or operand.first == "call")
        return Piece(
            (_RADICALS[layout.degree], operand.text), Precedence.POWER, "open", operand.last, bars=operand.bars
        )


_RADICALS = {2: "√", 3: "∛"}
_MARKS = {"T": "ᵀ"}
# What is raised is what is read as an exponent.
_RAISED = {plain: raised for raised, plain in SUPERSCRIPTS.items()} | {ord("−"): ord("⁻")}
_PRINTERS: dict[str, type[TextPrinter]] = {"text": TextPrinter, "unicode": UnicodePrinter}


def _is_short_number(piece: Piece) -> bool:
    return piece.digits.lstrip("-").replace(".", "").isdecimal() and len(piece.digits) <= 4


def _is_word(piece: Piece) -> bool:
    """Whether an exponent is a number or a letter, with a sign or not, or a product of both: n, -1, 2x."""
    loose = (Precedence.ATOM, Precedence.PREFIX, Precedence.PRODUCT)
    return piece.precedence in loose and piece.last in ("letter", "number", "mark")
