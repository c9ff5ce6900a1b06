"""Formulas in presentation MathML (MathML Core, which browsers show), as well-formed XML.

Rows are nested as the formula is, products have an invisible sign between their factors and functions one before their
operands, so that a screen reader says what is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from chainrule.views.symbols import SIGNS, function_name_parts
from chainrule.views.tree import Piece, Rope, Written, joined
from chainrule.views.typeset import ACCENTS, TypesetPrinter

__all__ = ["MathmlPrinter"]

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_INVISIBLE_TIMES = "<mo>\u2062</mo>"
_FUNCTION_APPLICATION = "<mo>\u2061</mo>"
_THIN_SPACE = '<mspace width="0.167em"/>'
_PRIMES = ("", "′", "″", "‴")
_DOUBLE_BAR = "‖"


class MathmlPrinter(TypesetPrinter):
    """Marks boxes up with the elements of MathML."""

    def line(self, written: Written) -> str:
        parts: list[Rope] = list(written.outputs)
        if len(parts) > 1:
            parts = [self.fenced("(", Piece(self.list(parts), tall=True), ")")]
        if written.definitions:
            equations = [self.row(name, self.operator("="), text) for name, text in written.definitions]
            parts += ['<mspace width="1em"/><mtext>where\u00a0</mtext>', self.list(equations)]
        return joined((f'<math xmlns="{_NAMESPACE}" display="block">', *parts, "</math>"))

    def row(self, *parts: Rope) -> Rope:
        return _element("mrow", parts)

    def fenced(self, opening: str, piece: Piece, closing: str) -> Rope:
        height = "" if piece.tall else ' stretchy="false"'
        left, right = (_DOUBLE_BAR if fence == "||" else fence for fence in (opening, closing))
        before, after = (f'<mo fence="true" form="{form}"{height}>' for form in ("prefix", "postfix"))
        return self.row(f"{before}{left}</mo>", piece.text, f"{after}{right}</mo>")

    def operator(self, symbol: str, latex: str = "") -> Rope:
        return _element("mo", _character(symbol, latex))

    def mark(self, symbol: str, latex: str = "") -> Rope:
        return _element("mo", _character(symbol, latex))

    def side_by_side(self, left: Piece, right: Piece) -> Rope:
        apart = left.last == "word" or right.first in ("word", "call")
        return (_INVISIBLE_TIMES, _THIN_SPACE) if apart else _INVISIBLE_TIMES

    def letter(self, character: str) -> Rope:
        return self.word(character)

    def word(self, text: str) -> Rope:
        return _element("mi", _text(text))

    def number(self, digits: str) -> Rope:
        return _element("mn", digits)

    def literal(self, text: str) -> Rope:
        return self.number(text) if text.isdecimal() else _element("mi" if text == "∞" else "mtext", _text(text))

    def function(self, latex: str, name: str) -> Rope:
        parts: list[Rope] = []
        for kind, text in function_name_parts(latex):
            if kind == "index":
                parts[-1] = self.lowered(parts[-1], self.number(text))
            else:
                parts.append(_element("mi" if kind == "word" else "mo", _text(text)))
        return (parts[0] if len(parts) == 1 else self.row(*parts)) if parts else self.word(name)

    def applied(self, function: Rope, operands: Rope) -> Rope:
        return self.row(function, _FUNCTION_APPLICATION, operands)

    def raised(self, base: Rope, exponent: Rope) -> Rope:
        return _element("msup", (base, exponent))

    def lowered(self, base: Rope, index: Rope) -> Rope:
        return _element("msub", (base, index))

    def accented(self, base: Rope, accent: str) -> Rope:
        return ('<mover accent="true">', base, f'<mo stretchy="false">{ACCENTS[accent]}</mo></mover>')

    def primed(self, base: Rope, count: int, tall: bool = False) -> Rope:
        # The character is raised in the font: as an exponent it would be raised twice and too small. Only what is
        # higher than a line needs that, and there the prime keeps its size.
        if tall:
            return self.raised(base, f'<mo form="postfix" scriptlevel="+0">{_PRIMES[count]}</mo>')
        return self.row(base, f'<mo form="postfix" lspace="0" rspace="0">{_PRIMES[count]}</mo>')

    def over(self, numerator: Rope, denominator: Rope) -> Rope:
        return _element("mfrac", (numerator, denominator))

    def radical(self, operand: Rope, degree: int) -> Rope:
        if degree == 2:
            return _element("msqrt", operand)
        return _element("mroot", (operand, self.number(str(degree))))

    def change(self, order: int, of: Rope = "") -> Rope:
        sign: Rope = self.letter("∂" if self.derivative == "partial" else "d")
        if order > 1:
            sign = self.raised(sign, self.number(str(order)))
        return self.row(sign, of) if of else sign

    def limit_sign(self, variable: Rope) -> Rope:
        target = self.row(variable, self.operator("→"), self.number("0"))
        return _element("munder", (_element("mo", "lim"), target))

    def list(self, parts: Sequence[Rope]) -> Rope:
        commas = tuple(part for entry in parts for part in (self.operator(","), entry))[1:]
        return commas[0] if len(parts) == 1 else self.row(*commas)

    def matrix(self, rows: Sequence[Sequence[Rope]]) -> Rope:
        cells = [_element("mtr", tuple(_element("mtd", entry) for entry in row)) for row in rows]
        return self.fenced("(", Piece(_element("mtable", tuple(cells)), tall=True), ")")


def _element(tag: str, content: Rope) -> Rope:
    return (f"<{tag}>", content, f"</{tag}>")


def _text(text: str) -> str:
    """Text of an element: escaped, without the characters that XML does not allow."""
    return escape("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text))


def _character(symbol: str, latex: str) -> str:
    return "−" if symbol == "-" else SIGNS.get(latex) or escape(symbol)
