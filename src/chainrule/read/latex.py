r"""LaTeX as tokens of the same grammar: \frac{a}{b} becomes { {a} / {b} }, with parentheses that nobody sees.

Only the commands of `latex_commands.py` are read; no other one does anything. Each token keeps its place in the LaTeX.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import NamedTuple

from chainrule.errors import FormulaError
from chainrule.limits import LIMITS
from chainrule.read.latex_commands import (
    ACCENTS,
    FONTS,
    GREEK_WORDS,
    NAMES,
    REFUSED,
    SIDES,
    SIGNS,
    SIZES,
    SPACES,
    WORDS,
)
from chainrule.read.tokens import Token, plain, scan

__all__ = ["latex_tokens"]

_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_ONE_LETTER = re.compile(r"\{ *(?:[^\W\d_]|\\[A-Za-z]+) *\}")
_LETTERS = re.compile(r"[^\W\d_]+[0-9]*")
_INDEX = re.compile(r" *_ *(\{[^{}\\$]*\}|\\[A-Za-z]+|[^\W_]|\{ *\\[A-Za-z]+ *\{[^{}\\$]*\} *\}|\{ *\\[A-Za-z]+ *\})")
_DEGREE = re.compile(r" *\[ *([0-9]{1,4}|[A-Za-z]) *\]")
_POWER_OF_TEN = re.compile(r" *\\(?:cdot|times) *10 *\^ *\{ *(-?[0-9]{1,4}) *\}")
_ALONE = re.compile(r" *\^ *\{ *(-?[0-9]{1,4}) *\}")
_OPTION = re.compile(
    r"\\(?:mathrm|text)\{(axis|keepdims|ddof|ord)\} *= *(?:\\(?:mathrm|text)\{(\w+)\}|(-?[0-9]+|\([-0-9, ]*\)))"
)
_SPACE = "|".join(rf"\\{re.escape(name)}{'(?![A-Za-z])' if name.isalpha() else ''}" for name in sorted(SPACES))
_BLANK = re.compile(rf"(?:[ ~$]|{_SPACE})*")


class _Frame(NamedTuple):
    """A group that is open: how it was opened, where, and what its end begins or ends."""

    sign: str
    position: int
    then: str


def latex_tokens(text: str) -> Iterator[Token]:
    r"""The tokens of a formula in LaTeX, and one of kind "end".

    Raises:
        FormulaError: a command or a character that is not read, or a group that is not closed.
        LimitError: the text or the number of tokens exceeds its limit.

    >>> " ".join(token.text for token in latex_tokens(r"\frac{1}{2} \hat{y}^{\top} x_{1}"))
    '{ { 1 } / { 2 } } y_hat ^ { ⊤ } x_1 '
    """
    LIMITS.check("formula_length", len(text))
    for count, token in enumerate(_Latex(text).tokens()):
        LIMITS.check("formula_tokens", count)
        yield token


class _Latex:
    def __init__(self, text: str) -> None:
        self.text = text
        self.source = plain(text)
        self.position = 0
        self.frames: list[_Frame] = []
        self.wanted = ""  # what the next item is an argument of: "above" and "below" a bar, "radicand", "exponent"
        self.degrees: list[list[Token]] = []

    def tokens(self) -> Iterator[Token]:
        while True:
            self._blank()
            if self.position >= len(self.source):
                break
            yield from self._item()
        if self.wanted:
            raise self._error("an argument is missing here", len(self.source), "a group { }")
        if self.frames:
            frame = self.frames[-1]
            raise self._error("this group is not closed", frame.position, "}" if frame.sign == "{" else ")")
        yield Token("end", "", len(self.source))

    def _blank(self) -> None:
        found = _BLANK.match(self.source, self.position)
        self.position = found.end() if found else self.position

    def _item(self) -> Iterator[Token]:
        """What stands at the position; where it is an argument without braces, it is closed behind it."""
        place, character = self.position, self.source[self.position]
        if character == "{":
            self.position += 1
            yield from self._open("{", place)
            return
        wanted, self.wanted = self.wanted, ""
        if wanted in ("above", "below", "radicand"):
            yield Token("sign", "{", place)
        depth = len(self.frames)
        yield from self._single(character, place, wanted)
        if not wanted:
            return
        if len(self.frames) > depth or self.wanted:  # \frac and \sqrt hold what follows: their end is the end of this
            if wanted != "exponent":
                raise self._error("this argument needs braces", place, "a group { }")
            return
        if wanted != "exponent":
            yield Token("sign", "}", place)
        yield from self._completed(wanted, self.position - 1)

    def _single(self, character: str, place: int, wanted: str) -> Iterator[Token]:
        if character == "\\":
            yield from self._command()
        elif character == "}":
            self.position += 1
            yield from self._close("}", place)
        elif character in "([":
            self.position += 1
            yield from self._open("(", place)
        elif character in ")]":
            self.position += 1
            yield from self._close(")", place)
        elif character == "^":
            self._exponent()
            yield Token("sign", "^", place)
        elif character == "_":
            yield from self._index_of_norm()
        elif found := _LETTERS.match(self.source, place):
            yield from self._word(found.group()[: 1 if wanted else None], place)
        elif wanted and character.isdecimal():
            self.position += 1
            if wanted == "exponent" and self.source[self.position : self.position + 1].isdecimal():
                raise self._error("without braces one digit is the argument", self.position, "{ } around the number")
            yield Token("number", character, place)
        elif wanted:
            raise self._error("without braces one letter or digit is the argument", place, "a group { }")
        else:
            tokens, self.position = scan(self.text, self.source, place)
            if tokens and tokens[0].kind == "number":
                tokens = [self._number(tokens[0])]
            yield from tokens

    def _number(self, token: Token) -> Token:
        r"""A number with its power of ten: 2 \cdot 10^{-3}, but for a divisor, and 10^{-20}."""
        found = _POWER_OF_TEN.match(self.source, self.position)
        alone = _ALONE.match(self.source, self.position) if token.text == "10" else None
        # Numbers are written with a power of ten alone where Python writes them with an e.
        if alone is not None and (-308 < int(alone[1]) < -4 or 16 <= int(alone[1]) < 308):
            found, mantissa = alone, "1"
        elif found is not None and not self.source[: token.position].rstrip(" ").endswith("/"):
            mantissa = token.text
        else:
            return token
        number = f"{mantissa}e{found[1]}"
        scan(number, number, 0)
        self.position = found.end()
        return Token("number", number, token.position)

    # Groups.

    def _open(self, sign: str, place: int) -> Iterator[Token]:
        then, self.wanted = self.wanted, ""
        self.frames.append(_Frame(sign, place, then))
        LIMITS.check("formula_depth", len(self.frames))
        yield Token("sign", sign, place)

    def _close(self, sign: str, place: int) -> Iterator[Token]:
        if not self.frames:
            raise self._error("this was never opened", place, "an operator or the end")
        frame = self.frames.pop()
        if (frame.sign == "{") != (sign == "}"):
            closing = "}" if frame.sign == "{" else ")"
            raise self._error(f"a group was opened with {frame.sign} and is closed with {sign}", place, closing)
        yield Token("sign", sign, place)
        yield from self._completed(frame.then, place)

    def _completed(self, argument: str, place: int) -> Iterator[Token]:
        """What follows when an argument has been read."""
        if argument == "above":
            yield Token("sign", "/", place)
            self.wanted = "below"
        elif argument == "below":
            yield Token("sign", "}", place)
        elif argument == "radicand":
            yield from self.degrees.pop()
            yield Token("sign", "}", place)

    # Commands.

    def _command(self) -> Iterator[Token]:
        place = self.position
        found = _COMMAND.match(self.source, place)
        if found is None:
            raise self._error("a backslash that begins no command", place, r"a command such as \frac")
        name = found[1]
        self.position = found.end()
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            self.wanted = "above"
            yield Token("sign", "{", place)
        elif name == "sqrt":
            yield from self._root(place)
        elif name in ("left", "right") or name in SIZES:
            yield from self._delimiter(name, place)
        elif name in SIDES:
            kind, sign = SIDES[name]
            yield Token(kind, sign, place)  # type: ignore[arg-type]
        elif name in ("{", "lbrace", "lbrack"):
            yield from self._open("(", place)
        elif name in ("}", "rbrace", "rbrack"):
            yield from self._close(")", place)
        elif name in SIGNS:
            yield Token("sign", SIGNS[name], place)
        elif name in WORDS:
            yield Token("word", self._logarithm() if name == "log" else name, place)
        elif name in FONTS and self._at("{") and _ONE_LETTER.match(self.source, self.position) is None:
            yield from self._item()  # a group with more than a letter: its font says nothing
        elif option := _OPTION.match(self.source, place):
            self.position = option.end()
            yield Token("option", f"{option[1]}={option[2] or option[3]}", place)
        elif name in GREEK_WORDS or name in FONTS or name in NAMES or name in ACCENTS:
            yield from self._name(name, place)
        else:
            raise self._unknown(name, place)

    def _at(self, character: str) -> bool:
        self._blank()
        return self.source.startswith(character, self.position)

    def _root(self, place: int) -> Iterator[Token]:
        """sqrt[n]{x} becomes { √{x} }, with the signs of the third and fourth root, or { {x}^{1/n} }."""
        found = _DEGREE.match(self.source, self.position)
        if found is None and self._at("["):
            raise self._error("the degree of a root is a number or a letter", self.position, "[3]")
        degree = found[1] if found else "2"
        self.position = found.end() if found else self.position
        self.wanted = "radicand"
        yield Token("sign", "{", place)
        sign = {"2": "√", "3": "∛", "4": "∜"}.get(degree, "")
        rest: list[Token] = []
        if sign:
            yield Token("sign", sign, place)
        else:
            number = Token("number" if degree.isdecimal() else "word", degree, place)
            rest = [Token("sign", "^", place), Token("sign", "{", place), Token("number", "1", place),
                    Token("sign", "/", place), number, Token("sign", "}", place)]  # fmt: skip
        self.degrees.append(rest)

    def _delimiter(self, command: str, place: int) -> Iterator[Token]:
        r"""The sign behind \left, \right and \big."""
        self._blank()
        start = self.position
        side = "open" if command == "left" or command[-1] == "l" else "close" if command[-1] in "rt" else ""
        character = self.source[start : start + 1]
        found = _COMMAND.match(self.source, start)
        sign = character if found is None else SIDES.get(found[1], ("", SIGNS.get(found[1], "")))[1]
        self.position = start + 1 if found is None else found.end()
        if sign in ("(", "[") and sign:
            yield from self._open("(", place)
        elif sign in (")", "]") and sign:
            yield from self._close(")", place)
        elif sign in ("|", "‖") and sign:
            yield Token(side or "sign", sign, place)  # type: ignore[arg-type]
        else:
            raise self._error(f"\\{command} stands before a parenthesis or a bar", start, "( ) [ ] | or \\|")

    def _exponent(self) -> None:
        self.position += 1
        self._blank()
        if self.source[self.position : self.position + 1] in ("-", "+"):
            raise self._error("without braces a sign alone is the exponent", self.position, "{ } around the exponent")
        if self.source[self.position : self.position + 1] not in ("", "{", "'", "("):
            self.wanted = "exponent"

    # Names.

    def _word(self, word: str, place: int) -> Iterator[Token]:
        """Letters as they stand in text; an index belongs to the last of them."""
        if word in ("lim", "int", "sum") and self.source.startswith("_", place + len(word)):
            raise self._error(REFUSED[word], place, "a formula of numbers, names and functions")
        self.position = place + len(word)
        index = self._index()
        if index and len(word) > 1 and word.isalpha():
            yield Token("word", word[:-1], place)
            place, word = place + len(word) - 1, word[-1]
        yield Token("name" if index else "word", word + index, place)

    def _name(self, command: str, place: int) -> Iterator[Token]:
        """A Greek letter, or a name with its font, its accents and its index."""
        self.position = place
        certain = False
        accents: list[str] = []
        closing = 0
        while True:
            found = _COMMAND.match(self.source, self.position)
            command = found[1] if found else ""
            if found is None or not (command in FONTS or command in NAMES or command in ACCENTS):
                break
            self.position = found.end() + self.source.startswith("*", found.end())
            certain |= command in NAMES
            if command in ACCENTS:
                accents.append(ACCENTS[command])
            if self._at("{"):
                self.position += 1
                closing += 1
                self._blank()
        if found is not None and command in GREEK_WORDS:
            word, self.position = GREEK_WORDS[command], found.end()
        else:
            word = self._letters(closing > 0 and certain)
        word += self._index() if closing else ""
        for _ in range(closing):
            if not self._at("}"):
                raise self._error("a name is written in letters, digits and _", self.position, "}")
            self.position += 1
        word += "".join(f"_{accent}" for accent in reversed(accents)) + self._index()
        yield Token("name" if accents or certain or "_" in word else "word", word, place)

    def _letters(self, in_text: bool) -> str:
        """A name in letters; in a text with digits, _ and spaces between them."""
        pattern = r"[^\W\d_](?:[^\W_]|\\?_| (?=[^\W_]))*" if in_text else r"[^\W\d_]"
        found = re.compile(pattern).match(self.source, self.position)
        if found is None:
            raise self._error("a name is written in letters, digits and _", self.position, "a letter")
        self.position = found.end()
        return found.group().replace("\\", "").replace(" ", "_")

    def _index(self) -> str:
        """The index behind a name as a part of the name: _1, _max; "" if there is none."""
        found = _INDEX.match(self.source, self.position)
        if found is None:
            if self._at("_"):
                raise self._error("an index is a letter, a number or a word", self.position + 1, "_1 or _{ij}")
            return ""
        self.position = found.end()
        parts = re.findall(r"[^\W_]+", re.sub(r"\\(?:text|mathrm|mathit|operatorname)\b", "", found[1]))
        if not parts:
            raise self._error("an index is a letter, a number or a word", found.start(1), "_1 or _{ij}")
        return "".join(f"_{GREEK_WORDS.get(part, part)}" for part in parts)

    def _logarithm(self) -> str:
        index = self._index()
        if index and not (index[1:].isdecimal() or len(index) == 2):
            raise self._error("the base of a logarithm is a number or a letter", self.position - 1, r"\log_{2}")
        return f"log{index}"

    def _index_of_norm(self) -> Iterator[Token]:
        place = self.position
        before = self.source[:place].rstrip(" ")
        if not before.endswith(("|", "Vert", "vert")):
            raise self._error("an index belongs to a name", place, "a letter before it")
        yield Token("word", self._index(), place)

    def _unknown(self, name: str, place: int) -> FormulaError:
        known = [
            *WORDS,
            *GREEK_WORDS,
            *SPACES,
            *FONTS,
            *NAMES,
            *ACCENTS,
            *SIGNS,
            *SIDES,
            "frac",
            "sqrt",
            "left",
        ]
        near = difflib.get_close_matches(name[:30], [word for word in known if len(word) > 1], n=1, cutoff=0.65)
        problem = REFUSED.get(name) or f"the command \\{name:.40} is not read in a formula"
        suggestion = f": did you mean \\{near[0]}?" if near and name not in REFUSED else ""
        return self._error(problem + suggestion, place, r"a command such as \frac, \sqrt, \sin or \alpha")

    def _error(self, problem: str, position: int, expected: str) -> FormulaError:
        return FormulaError(problem, self.source, position, expected)
