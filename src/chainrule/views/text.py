"""Formulas as one line of text, with as few parentheses as a reader needs.

What this writes for a formula of scalars is what `read/formula.py` reads back: equal but for the grouping of sums and
products, whose parentheses are dropped where they do not matter: x + (y + z) is written x + y + z.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.index import ARRAY
from chainrule.core.notation import Bars, Infix, Postfix, Power, Precedence, Prefix, Subscript
from chainrule.errors import ArgumentError
from chainrule.views.tree import DerivativeNotation, Edge, Piece, Printer, Product, Written

__all__ = ["formula_text", "write_text"]

TextNotation = Literal["text", "unicode"]


def formula_text(
    graph: Graph | Node, notation: TextNotation = "text", derivative: DerivativeNotation = "prime"
) -> str:
    """A graph's output, or a node, as one line of mathematics.

    Args:
        graph: a graph, or one of its nodes. Several outputs are written in parentheses, with commas.
        notation: "text" for plain characters, "unicode" for exponents as superscripts and the sign −.
        derivative: how a derivative still to be taken is written: "prime" for u', "leibniz" for d/dx u, "partial".

    Returns:
        The line. What is used again and is large is named once: "v1 cos(v1) where v1 = ...".

    >>> from chainrule.read.formula import parse
    >>> formula_text(parse("2*x**2 - (-3)*sin(x)/(x*y)"))
    '2x^2 - (-3) sin(x)/(x y)'
    >>> formula_text(parse("2*x**2 - (-3)*sin(x)/(x*y)"), "unicode")
    '2x² − (−3) sin(x)/(x y)'
    """
    written = write_text(graph, notation, derivative)
    line = written.outputs[0] if len(written.outputs) == 1 else f"({', '.join(written.outputs)})"
    where = ", ".join(f"{name} = {text}" for name, text in written.definitions)
    return f"{line} where {where}" if where else line


def write_text(
    graph: Graph | Node,
    notation: TextNotation = "text",
    derivative: DerivativeNotation = "prime",
    names: Mapping[Node, str] | None = None,
    share: bool = True,
) -> Written:
    """The outputs and the definitions one by one, for views that set them in lines of their own."""
    if notation not in _PRINTERS:
        raise ArgumentError(f"notation is {notation!r}: expected one of {', '.join(_PRINTERS)}")
    return _PRINTERS[notation](derivative, names, share).write([graph] if isinstance(graph, Node) else graph.outputs)


class _TextPrinter(Printer):
    """Plain characters."""

    minus = "-"
    times = "*"
    pi = "pi"
    partial = "d"

    def exponent(self, digits: str) -> str:
        return f"^{digits}"

    def mark(self, symbol: str) -> str:
        return symbol

    def name(self, name: str) -> Piece:
        # A word of several letters, or σ, before a parenthesis would look like a call.
        letter = len(name) == 1 and name.isascii()
        short = len(name) <= 2 and name[0] not in "eE"  # beside a number; 2 e1 is not 2e1
        first: Edge = "letter" if letter else "short" if short else "word"
        return Piece(self.pi if name == "pi" else name, first=first, last="letter" if letter else "word")

    def constant(self, value: Any) -> Piece:
        if np.ndim(value):
            return Piece(f"array{np.shape(value)}".replace(",)", ")"), first="call", last="close")
        digits = number_text(value)
        if digits[0] == "-":
            return Piece((self.minus, digits[1:]), Precedence.PREFIX, "minus", "number")
        return Piece(digits, first="open" if digits[0] == "(" else "number", last="number")

    def call(self, name: str, operands: Sequence[Piece], options: Mapping[str, Any]) -> Piece:
        parts: list[Any] = []
        for operand in operands:
            parts += [", ", operand.text]
        for option, value in options.items():
            parts += [", ", f"{option}={value}"]
        return Piece((name, "(", *parts[1:], ")"), first="call", last="close")

    def infix(self, layout: Infix, left: Piece, right: Piece, scalar: bool) -> Piece:
        if layout.symbol in ("*", "@"):
            return self._product("matrix" if layout.symbol == "@" else "scalar" if scalar else "array", left, right)
        precedence = layout.precedence
        chained = precedence > Precedence.COMPARISON
        left = _enclosed(left, left.precedence < precedence or (left.precedence == precedence and not chained))
        same = layout.associative and right.sign == layout.symbol
        loose = right.precedence < precedence or (right.precedence == precedence and not same)
        right = _enclosed(right, loose or right.first == "minus")
        symbol = self.minus if layout.symbol == "-" else layout.symbol
        product: Product = "fraction" if precedence == Precedence.PRODUCT else ""  # // and %: grouped as / is
        return _around(left, f" {symbol} ", right, precedence, product, layout.symbol)

    def _product(self, kind: Product, left: Piece, right: Piece) -> Piece:
        """Factors side by side, as textbooks have them; a sign only where they would run together."""
        # A scalar factor may stand before a product of any kind; products of arrays and of matrices do not mix.
        mixed = {"scalar": (), "array": ("matrix",), "matrix": ("array",)}[kind]
        left = _enclosed(left, left.precedence < Precedence.PRODUCT or left.product in (*mixed, "fraction"))
        numbered = right.product == "scalar" and (kind != "scalar" or right.first == "number")  # x (2y), not x*2y
        inside = numbered or right.product in ("fraction", *mixed)
        right = _enclosed(right, right.precedence < Precedence.PRODUCT or inside)
        return _around(left, self._between(kind, left, right), right, Precedence.PRODUCT, product=kind)

    def _between(self, kind: Product, left: Piece, right: Piece) -> str:
        if kind == "array" or right.first == "number":
            return self.times
        if left.last == "word" and right.first == "open":
            return self.times
        if left.first == left.last == "number" and isinstance(left.text, str) and len(left.text) <= 4:
            return "" if right.first in ("open", "bar", "letter", "short") else " "
        return " "

    def fraction(self, numerator: Piece, denominator: Piece) -> Piece:
        above = _enclosed(numerator, numerator.precedence < Precedence.PRODUCT)
        below = _enclosed(denominator, denominator.precedence <= Precedence.PRODUCT)
        return _around(above, "/", below, Precedence.PRODUCT, product="fraction")

    def power(self, layout: Power, operands: Sequence[Piece]) -> Piece:
        base = _enclosed(operands[0], operands[0].precedence < Precedence.POSTFIX)
        if layout.exponent:
            digits = layout.exponent
            exponent = Piece(digits if digits.isalnum() else f"({digits})", last="mark")
        else:
            exponent = _enclosed(operands[1], operands[1].precedence < Precedence.POWER)
        text = exponent.text
        raised = self.exponent(text) if isinstance(text, str) and text.isdecimal() else ("^", text)
        bars = base.bars or exponent.bars
        last: Edge = "mark" if exponent.last == "number" else exponent.last
        return Piece((base.text, raised), Precedence.POWER, base.first, last, bars=bars)

    def prefix(self, layout: Prefix, operand: Piece) -> Piece:
        operand = _enclosed(operand, operand.precedence <= Precedence.PREFIX)
        symbol = self.minus if layout.symbol == "-" else layout.symbol
        return Piece((symbol, operand.text), Precedence.PREFIX, "minus", operand.last, bars=operand.bars)

    def postfix(self, layout: Postfix, operand: Piece) -> Piece:
        operand = _enclosed(operand, operand.precedence < Precedence.POSTFIX)
        return Piece((operand.text, self.mark(layout.symbol)), Precedence.POSTFIX, operand.first, bars=operand.bars)

    def bars(self, layout: Bars, operand: Piece) -> Piece:
        return Piece((layout.bar, operand.text, layout.bar), first="bar", last="bar", bars=True)

    def differential(self, operands: Sequence[Piece]) -> Piece:
        term = operands[0]
        if len(operands) > 2:
            atom = term.precedence >= Precedence.POSTFIX and term.first in ("letter", "word", "open", "short")
            return Piece(("d", _enclosed(term, not atom).text), Precedence.POSTFIX, "word", term.last)
        if self.derivative == "prime":
            atom = term.precedence == Precedence.ATOM and term.first in ("letter", "word", "short")
            return Piece((_enclosed(term, not atom).text, "'"), Precedence.POSTFIX, "open", "mark", bars=term.bars)
        sign = self.partial if self.derivative == "partial" else "d"
        inner = _enclosed(term, term.first != "open" or term.last != "close" or term.precedence < Precedence.ATOM)
        return Piece((f"{sign}/{sign}", operands[1].text, " ", inner.text), Precedence.POWER, "word", "close")

    def subscript(self, layout: Subscript, operands: Sequence[Piece], parameters: Mapping[str, Any]) -> Piece:
        indexed = _enclosed(operands[0], operands[0].precedence < Precedence.POSTFIX)
        arrays = iter(operands[1:])
        parts: list[Any] = []
        for part in parameters.get("pattern", (ARRAY,) * (len(operands) - 1)):
            parts += [", ", next(arrays).text if part == ARRAY else _index_text(part)]
        return Piece((indexed.text, "[", *parts[1:], "]"), Precedence.POSTFIX, indexed.first, bars=indexed.bars)


class _UnicodePrinter(_TextPrinter):
    """Superscripts, the sign −, the point · and π."""

    minus = "−"
    times = "·"
    pi = "π"
    partial = "∂"

    def exponent(self, digits: str) -> str:
        return digits.translate(_SUPERSCRIPTS)

    def mark(self, symbol: str) -> str:
        return symbol[1:].translate(_SUPERSCRIPTS) if symbol[0] == "^" and symbol[1:] in "T" else symbol


_SUPERSCRIPTS = str.maketrans("0123456789T", "⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ")
_PRINTERS: dict[str, type[_TextPrinter]] = {"text": _TextPrinter, "unicode": _UnicodePrinter}


def number_text(value: Any) -> str:
    """A number as short as it can be written without loss: 2 for 2.0.

    >>> number_text(2.0), number_text(0.1), number_text(1e-20)
    ('2', '0.1', '1e-20')
    """
    if isinstance(value, (np.ndarray, np.generic)):
        value = np.asarray(value)[()]
        digits = str(value) if value.dtype.kind == "f" else repr(value.item())
    else:
        digits = repr(value)
    return digits.removesuffix(".0")


def _index_text(part: Any) -> str:
    if isinstance(part, slice):
        ends = ["" if end is None else str(end) for end in (part.start, part.stop, part.step)]
        return ":".join(ends if part.step is not None else ends[:2])
    return "..." if part is Ellipsis else str(part)


def _enclosed(piece: Piece, needed: bool) -> Piece:
    return Piece(("(", piece.text, ")"), first="open", last="close") if needed else piece


def _around(
    left: Piece, between: str, right: Piece, precedence: Precedence, product: Product = "", sign: str = ""
) -> Piece:
    bars = left.bars or right.bars or "|" in between
    return Piece((left.text, between, right.text), precedence, left.first, right.last, product, bars, sign)
