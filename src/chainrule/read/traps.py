"""Where people read a formula in several ways, seen from the tokens: what the reader notes as it goes."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.read.notes import Note
from chainrule.read.tokens import Lookahead, Token

__all__ = ["POWERS", "ROOTS", "traps"]

POWERS = ("^", "**", ".^")
ROOTS = ("√", "∛", "∜")


def traps(tokens: Lookahead, i: int) -> Iterator[Note]:
    """Notes on the token behind an operand, if both stand side by side."""
    token, previous = tokens[i], tokens[i - 1]
    if previous.position + len(previous.text) != token.position:
        return
    factor = token.kind in ("word", "name", "qualified")
    if factor and previous.kind == "number" and "e" in previous.text.lower():
        yield Note.POWER_OF_TEN
    place = i - 3 if i > 2 and tokens[i - 2].text == "-" else i - 2  # of the sign before the operand
    sign = tokens[place].text if place >= 0 else ""
    if sign in ROOTS and factor:
        yield Note.ROOT
    if sign in POWERS and place > 0:
        half = token.text == "/" and previous.text == "1" and tokens[i + 1].kind == "number"
        if half or (factor and _is_number(tokens[place - 1])):
            yield Note.EXPONENT


def _is_number(token: Token) -> bool:
    return token.kind == "number" or token.text == "e"
