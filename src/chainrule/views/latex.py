r"""Formulas in LaTeX, for math mode; nothing but amsmath is needed, and KaTeX and MathJax read it as well."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.views.symbols import LETTERS
from chainrule.views.tree import Piece, Rope, Written
from chainrule.views.typeset import TypesetPrinter

__all__ = ["LatexPrinter"]

_FENCES = {"|": ("\\left|", "\\right|"), "||": ("\\left\\|", "\\right\\|")}
_PLAIN = re.compile(r"[A-Za-z0-9_]+")
_ESCAPED = str.maketrans(
    {character: f"\\{character}" for character in "#$%&_{}"}
    | {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}
)


class LatexPrinter(TypesetPrinter):
    """Marks boxes up for TeX."""

    def line(self, written: Written) -> str:
        line = written.outputs[0] if len(written.outputs) == 1 else rf"\left({', '.join(written.outputs)}\right)"
        where = r",\; ".join(f"{name} = {text}" for name, text in written.definitions)
        return rf"{line} \quad \text{{where }} {where}" if where else line

    def row(self, *parts: Rope) -> Rope:
        return parts

    def fenced(self, opening: str, piece: Piece, closing: str) -> Rope:
        left, right = _FENCES.get(opening) or (
            (rf"\left{opening}", rf"\right{closing}") if piece.tall else (opening, closing)
        )
        return (left, piece.text, right)

    def operator(self, symbol: str, latex: str = "") -> Rope:
        return f" {latex or symbol} "

    def mark(self, symbol: str, latex: str = "") -> Rope:
        return f"{latex} " if latex else symbol

    def side_by_side(self, left: Piece, right: Piece) -> Rope:
        return r" \, " if "word" in (left.last, right.first) else " "

    def letter(self, character: str) -> Rope:
        if character in LETTERS:
            return f"\\{LETTERS[character]}"
        return character if character.isascii() else self.word(character)

    def word(self, text: str) -> Rope:
        shown = "".join(character if character.isprintable() else " " for character in text).translate(_ESCAPED)
        return rf"\mathrm{{{shown}}}" if _PLAIN.fullmatch(text) else rf"\text{{{shown}}}"

    def number(self, digits: str) -> Rope:
        return digits

    def literal(self, text: str) -> Rope:
        return r"\infty" if text == "∞" else text if re.fullmatch(r"[-0-9.:, ()]+", text) else self.word(text)

    def function(self, latex: str, name: str) -> Rope:
        return latex or rf"\operatorname{{{name.translate(_ESCAPED)}}}"

    def applied(self, function: Rope, operands: Rope) -> Rope:
        return (function, operands)

    def raised(self, base: Rope, exponent: Rope) -> Rope:
        return (base, "^{", exponent, "}")

    def lowered(self, base: Rope, index: Rope) -> Rope:
        return (base, "_{", index, "}")

    def accented(self, base: Rope, accent: str) -> Rope:
        return (f"\\{accent}{{", base, "}")

    def primed(self, base: Rope, count: int, tall: bool = False) -> Rope:
        return (base, "'" * count)

    def over(self, numerator: Rope, denominator: Rope) -> Rope:
        return (r"\frac{", numerator, "}{", denominator, "}")

    def radical(self, operand: Rope, degree: int) -> Rope:
        return (r"\sqrt{" if degree == 2 else rf"\sqrt[{degree}]{{", operand, "}")

    def change(self, order: int, of: Rope = "") -> Rope:
        sign = r"\partial" if self.derivative == "partial" else "d"
        sign = sign if order == 1 else f"{sign}^{{{order}}}"
        return (sign, " " if self.derivative == "partial" or order > 1 else "", of) if of else sign

    def limit_sign(self, variable: Rope) -> Rope:
        return (r"\lim_{", variable, r" \to 0} ")

    def list(self, parts: Sequence[Rope]) -> Rope:
        return tuple(part for entry in parts for part in (", ", entry))[1:]

    def matrix(self, rows: Sequence[Sequence[Rope]]) -> Rope:
        lines = [[part for entry in row for part in (" & ", entry)][1:] for row in rows]
        body = [part for line in lines for part in (r" \\ ", *line)][1:]
        return (r"\begin{pmatrix}", *body, r"\end{pmatrix}")
