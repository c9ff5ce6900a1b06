"""Where parentheses and signs of multiplication are needed: what all notations decide alike.

A medium says how parts stand in a row, what encloses them and which signs it has; `text.py` has one line of characters,
`typeset.py` has bars of fractions, raised exponents and radicals.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.index import ARRAY
from chainrule.core.notation import Bars, Infix, Precedence, Prefix
from chainrule.views.tree import Piece, Printer, Product, Rope

__all__ = ["GroupingPrinter", "begins_negative", "ends_with_one", "index_parts", "number_text", "option_text"]


class GroupingPrinter(Printer):
    """Puts parts together with as few parentheses as a reader needs."""

    @abstractmethod
    def row(self, *parts: Rope) -> Rope:
        """Parts side by side."""

    @abstractmethod
    def fenced(self, opening: str, piece: Piece, closing: str) -> Rope:
        """An expression between two signs: ( ), | |, || ||."""

    @abstractmethod
    def operator(self, symbol: str, latex: str = "") -> Rope:
        """A sign between two operands."""

    @abstractmethod
    def mark(self, symbol: str, latex: str = "") -> Rope:
        """A sign before an operand."""

    @abstractmethod
    def between(self, product: Product, left: Piece, right: Piece) -> Rope:
        """What stands between two factors."""

    def enclosed(self, piece: Piece, needed: bool) -> Piece:
        """The expression, in parentheses where they are needed."""
        if not needed:
            return piece
        return Piece(self.fenced("(", piece, ")"), first="open", last="close", tall=piece.tall)

    def around(
        self, left: Piece, between: Rope, right: Piece, precedence: Precedence, product: Product = "", sign: str = ""
    ) -> Piece:
        """Two operands with what stands between them."""
        return Piece(
            self.row(left.text, between, right.text),
            precedence,
            left.first,
            right.last,
            product,
            bars=left.bars or right.bars or sign == "|",
            sign=sign,
            digits=right.digits if right.last == "number" else "",
            tall=left.tall or right.tall,
        )

    def infix(self, layout: Infix, left: Piece, right: Piece, scalar: bool) -> Piece:
        if layout.symbol in ("*", "@"):
            return self._product("matrix" if layout.symbol == "@" else "scalar" if scalar else "array", left, right)
        precedence = layout.precedence
        chained = precedence > Precedence.COMPARISON
        left = self.enclosed(left, left.precedence < precedence or (left.precedence == precedence and not chained))
        same = layout.associative and right.sign == layout.symbol
        loose = right.precedence < precedence or (right.precedence == precedence and not same)
        right = self.enclosed(right, loose or right.first == "minus")
        product: Product = "fraction" if precedence == Precedence.PRODUCT else ""  # // and %: grouped as / is
        between = self.operator(layout.symbol, layout.latex)
        return self.around(left, between, right, precedence, product, layout.symbol)

    def _product(self, kind: Product, left: Piece, right: Piece) -> Piece:
        """Factors side by side, as textbooks have them; a sign only where they would run together."""
        # A scalar factor may stand before a product of any kind; products of arrays and of matrices do not mix.
        mixed = {"scalar": (), "array": ("matrix",), "matrix": ("array",)}[kind]
        inner = kind == "scalar" and left.product == "matrix"  # (a^T x) y: a^T x y would begin with x y
        apart = inner or left.product in (*mixed, "fraction")
        coefficient = begins_negative(left) and not apart
        left = self.enclosed(left, apart or (left.precedence < Precedence.PRODUCT and not coefficient))
        numbered = right.product == "scalar" and (kind != "scalar" or right.first == "number")  # x (2y), not x*2y
        scaled = kind == "scalar" and right.product == "array"  # c (x*y): c x*y is (c x)*y
        inside = numbered or scaled or right.product in ("fraction", *mixed)
        right = self.enclosed(right, right.precedence < Precedence.PRODUCT or inside)
        # -3 x is the product of -3 and x, and it is -(3 x): it binds as the latter is read.
        precedence = Precedence.PREFIX if coefficient else Precedence.PRODUCT
        return self.around(left, self.between(kind, left, right), right, precedence, product=kind)

    def prefix(self, layout: Prefix, operand: Piece) -> Piece:
        operand = self.enclosed(operand, operand.precedence <= Precedence.PREFIX)
        text = self.row(self.mark(layout.symbol, layout.latex), operand.text)
        return Piece(text, Precedence.PREFIX, "minus", operand.last, bars=operand.bars, tall=operand.tall)

    def bars(self, layout: Bars, operand: Piece) -> Piece:
        text = self.fenced(layout.bar, operand, layout.bar)
        return Piece(text, first="bar", last="bar", bars=True, tall=operand.tall)


def begins_negative(piece: Piece) -> bool:
    """Whether a piece is a number with a minus sign or a product that begins with one, not the negative of a term."""
    return piece.precedence == Precedence.PREFIX and (piece.digits != "" or piece.product != "")


def ends_with_one(piece: Piece) -> bool:
    """Whether a factor is or ends with the number 1, which nobody writes in front of another without a sign: 1 y."""
    return piece.last == "number" and piece.digits.lstrip("-") == "1"


def number_text(value: Any) -> str:
    """A number as short as it can be written without loss: 2 for 2.0.

    >>> number_text(2.0), number_text(0.1), number_text(1e-5), number_text(1e20)
    ('2', '0.1', '1e-5', '1e20')
    """
    if isinstance(value, (np.ndarray, np.generic)):
        value = np.asarray(value)[()]
        digits = str(value) if value.dtype.kind == "f" else repr(value.item())
    else:
        digits = repr(value)
    mantissa, _, exponent = digits.partition("e")
    if not exponent.lstrip("+-").isdecimal():  # False, (1e5+2j)
        return digits.removesuffix(".0")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def index_parts(parameters: Mapping[str, Any], arrays: Sequence[Piece]) -> list[Piece | str]:
    """The parts of an index: arrays as they are written, numbers and slices as Python has them; a part by its name."""
    if "name" in parameters:
        return [str(parameters["name"])]
    remaining = iter(arrays)
    pattern = parameters.get("pattern", (ARRAY,) * len(arrays))
    return [next(remaining) if part == ARRAY else _part_text(part) for part in pattern]


def option_text(name: str, value: Any) -> str:
    """An option of a call as a reader of NumPy knows it: axis=0, and a place in an array as [1:].

    >>> option_text("axis", 0), option_text("pattern", (slice(1, None), 0))
    ('axis=0', '[1:, 0]')
    """
    if name == "pattern":
        return f"[{', '.join('array' if part == ARRAY else _part_text(part) for part in value)}]"
    return f"{name}={value}"


def _part_text(part: Any) -> str:
    if isinstance(part, slice):
        ends = ["" if end is None else str(end) for end in (part.start, part.stop, part.step)]
        return ":".join(ends if part.step is not None else ends[:2])
    return "..." if part is Ellipsis else str(part)
