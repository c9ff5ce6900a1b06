"""The tokens of a formula: numbers, words and signs, each with its place in the text.

Typographic characters are brought to their plain form one by one (a full-width 2 is a 2, the minus sign is a -), so a
place in the plain text is the same place in the text that was given. Raised characters become ^ and a group: x²ⁿ is
x ^ { 2 n }, where { and } are parentheses that nobody sees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple

from chainrule.errors import FormulaError
from chainrule.limits import LIMITS
from chainrule.read.refusals import SIGNS

__all__ = ["SUPERSCRIPTS", "Lookahead", "Token", "plain", "scan", "tokenize"]

# "qualified": a word behind np. or math.; "name": a word that is one name for certain; "attribute": .T; "option":
# axis=0; "open" and "close": a bar whose side is known.
Kind = Literal["number", "word", "qualified", "name", "attribute", "option", "sign", "open", "close", "end"]

_DEGREES = {"²": "√", "³": "∛", "⁴": "∜"}  # of a root: ³√x
_BEFORE_OPERAND = " (+-*/^,=·×{"  # or nothing
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", "0123456789+-()abcdefghijklmnoprstuvwxyz")

_SIGNS = {
    **dict.fromkeys("·⋅∙", "·"),
    **dict.fromkeys("÷∕⁄", "/"),
    **dict.fromkeys("−–‐‑", "-"),
    **dict.fromkeys("∣❘", "|"),
    **dict.fromkeys("‖∥", "‖"),
    **dict.fromkeys("′’", "'"),
    "∗": "*",
    "∘": "⊙",
    "⊺": "⊤",
    "∧": "^",
    "\N{INVISIBLE TIMES}": " ",
}
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
# Letters that look Latin and are not: a formula that mixes them up would have two variables with one face.
_LOOKALIKES = dict(
    zip("аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "aeopcyxijshdqwABEKMHOPCTYXIJSABEZHIKMNOPTYXo", strict=True)
)

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_LETTER = "A-Za-zÀ-ÖØ-öø-žα-νξπ-ωΓΔΘΛΞΠΣΦΨΩ"
_VALUE = r"(?:None|True|False|-?[0-9]+|\([-0-9, ]*\))"
_TOKEN = re.compile(
    rf"(?P<space> +)|(?P<number>{_NUMBER})|(?P<option>(?:axis|keepdims|ddof|ord) *= *{_VALUE})"
    r"|(?P<module>(?:np|numpy|math|scipy|cr|chainrule)\.(?:(?:linalg|special)\.)?(?=[A-Za-z]))"
    rf"|(?P<word>[{_LETTER}_][{_LETTER}_0-9]*)|(?P<attribute>\.[A-Za-z_][A-Za-z_0-9]*)"
    rf"|(?P<transposed>⁻?ᵀ)|(?P<superscript>[{''.join(map(chr, SUPERSCRIPTS))}]+)|(?P<fraction>[¼-¾⅐-⅞])"
    r"|(?P<sign>\*\*|\.[*/^]|[-+*/^()|,!√∛∜·×⊙@'‖⊤])"
)


class Token(NamedTuple):
    """A token with the place of its first character; `text` is in plain characters, "" at the end."""

    kind: Kind
    text: str
    position: int


class Lookahead:
    """Tokens by their number, read no further than they are asked for: what is too deep is refused before its end."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._rest = tokens
        self._read: list[Token] = []

    def __getitem__(self, i: int) -> Token:
        while len(self._read) <= i:
            # Behind the end there is nothing but the end.
            self._read.append(next(self._rest, None) or self._read[-1])
        return self._read[i]


def plain(text: str) -> str:
    """The text in plain characters, place by place; what has no plain form becomes the replacement character.

    >>> plain("２∙x − ϕ")
    '2·x - φ'
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_plain, text))


def _plain(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"):
        return "\N{REPLACEMENT CHARACTER}"  # also in messages: such characters reorder or break the line they stand in
    if _TOKEN.match(character):
        return character
    folded = unicodedata.normalize("NFKC", character)
    # Full-width forms, mathematical letters and subscript digits; not ①, which would turn into something else.
    kept = (
        unicodedata.category(character) in ("Nd", "Ll", "Lu", "Ps", "Pe", "Po", "Sm", "Pc") or character in _SUBSCRIPTS
    )
    return folded if kept and len(folded) == 1 and (folded in ".{}" or _TOKEN.match(folded)) else character


def tokenize(text: str) -> Iterator[Token]:
    """The tokens of a formula, and one of kind "end".

    Raises:
        FormulaError: a character or a number that cannot be read.
        LimitError: the text, a number or the number of tokens exceeds its limit.
    """
    LIMITS.check("formula_length", len(text))
    source = plain(text)
    if len(source) > LIMITS.formula_tokens:  # counted first: reading up to the limit would take longer than counting
        LIMITS.check("formula_tokens", sum(found.lastgroup != "space" for found in _TOKEN.finditer(source)))
    position, qualified = 0, False
    while position < len(source):
        tokens, position = scan(text, source, position)
        for token in tokens:
            yield token._replace(kind="qualified") if qualified and token.kind == "word" else token
        qualified = not tokens and source[position - 1] == "."
    yield Token("end", "", len(source))


def scan(text: str, source: str, position: int) -> tuple[list[Token], int]:
    """What stands at a position, as tokens (none for space and for np.), and the position behind it.

    Args:
        text: as it was given.
        source: the same in plain characters.
        position: where to read.
    """
    found = _TOKEN.match(source, position)
    if found is None:
        raise _refused(text, source, position)
    kind, value, end = str(found.lastgroup), found.group(), found.end()
    match kind:
        case "space" | "module":
            return [], end
        case "number":
            _check_number(text, source, position, value)
        case "superscript":
            begins = source[:position][-1:] in _BEFORE_OPERAND  # x²√y is x² times a root
            if begins and source.startswith("√", end) and value in _DEGREES:
                return [Token("sign", _DEGREES[value], position)], end + 1
            return _exponent(value, position), end
        case "transposed":
            signs = "^{-⊤}" if len(value) > 1 else "^⊤"
            return [Token("sign", sign, position) for sign in signs], end
        case "fraction":
            return _fraction(value, source, position), end
    return [Token(kind, value, position)], end  # type: ignore[arg-type]


def _exponent(characters: str, position: int) -> list[Token]:
    exponent = characters.translate(SUPERSCRIPTS)
    tokens = [Token("sign", "^", position), Token("sign", "{", position)]
    place = 0
    while place < len(exponent):
        inner, place_after = scan(exponent, exponent, place)
        tokens += [token._replace(position=position + token.position) for token in inner]
        place = place_after
    return [*tokens, Token("sign", "}", position + len(exponent) - 1)]


def _fraction(character: str, source: str, position: int) -> list[Token]:
    if position and source[position - 1].isdecimal():
        raise FormulaError(f"{character} behind a number could be added or multiplied", source, position, "+ or *")
    above, below = unicodedata.normalize("NFKC", character).split("⁄")
    parts = ("{", above, "/", below, "}")
    return [Token("number" if part.isdecimal() else "sign", part, position) for part in parts]


def _check_number(text: str, source: str, position: int, digits: str) -> None:
    LIMITS.check("number_length", len(digits))
    end = position + len(digits)
    for place in range(position, end):
        if text[place] in _SUBSCRIPTS:
            raise FormulaError("a subscript belongs to a letter", source, place, "a name such as x₁")
    if source.startswith(".", end) and source[end + 1 : end + 2] not in ("*", "/", "^"):
        raise FormulaError(f"{digits}. is not a number: it has a second decimal point", source, end, "one point")
    if source.startswith("_", end):
        raise FormulaError("digits are not grouped with _", source, end, "the digits without it")
    if float(digits) == float("inf"):
        raise FormulaError(f"{digits:.20} is too large for a float64", source, position, "a number below 1.8e308")


def _refused(text: str, source: str, position: int) -> FormulaError:
    character = text[position]
    code = f"U+{ord(character):04X}"
    if character in _LOOKALIKES:
        name = unicodedata.name(character).lower()
        return FormulaError(
            f"this is not the Latin {_LOOKALIKES[character]} but {code}, {name}",
            source,
            position,
            f"the Latin letter {_LOOKALIKES[character]}",
        )
    if source[position] == "\N{REPLACEMENT CHARACTER}":
        name = unicodedata.name(character, "a control character").lower()
        return FormulaError(f"the invisible character {code} ({name}) is not allowed", source, position)
    if character == ".":
        return FormulaError("a point that is part of no number", source, position, "a digit beside it")
    hint = SIGNS.get(character, "")
    return FormulaError(f"{character!r} is not read in a formula" + (f": {hint}" if hint else ""), source, position)
