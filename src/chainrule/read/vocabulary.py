"""What a word in a formula means: a variable, a function, a constant, or a product of letters.

The order is: a declared variable; a function or constant; a letter with digits or a subscript, which is a variable;
a word that is near no known name and has two or three letters, which is their product. Anything else is an error.

A declared variable is also meant by another spelling of its name: θ is theta, x_1 and x₁ are x1, ŷ is y_hat.
"""

from __future__ import annotations

import difflib
import keyword
import math
import re
from collections.abc import Collection, Iterable, Iterator

from chainrule.errors import FormulaError
from chainrule.read.functions import Function, functions, indexed_function, qualified_function
from chainrule.read.notes import Note
from chainrule.read.refusals import WORDS
from chainrule.read.tokens import Token

__all__ = ["CONSTANTS", "GREEK", "UnknownWordError", "Vocabulary"]

CONSTANTS = {"e": math.e, "pi": math.pi, "π": math.pi}
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
"""Greek letters by the word that stands for them; those that look like Latin letters are left out."""

_ALSO_LETTERS = ("σ", "ψ", "Γ")  # functions before a parenthesis, elsewhere letters like any other, as in words
# Short words with a meaning in mathematics: reading them as a product of letters would be a silent mistake.
_MEANINGFUL = frozenset(
    ("arg", "cov", "det", "div", "dot", "erf", "gcd", "im", "inf", "inv", "lcm", "log", "max", "med", "min", "nan",
     "re", "std", "sum", "sup", "tr", "var", *WORDS)
)  # fmt: skip
_DIFFERENTIAL = re.compile(r"[dδ][^\W\d_]")
_TO_BASE = re.compile(r"(?:log|ln)_(?P<base>[0-9]{1,12}|[^\W\d_])")
_LETTER = re.compile(r"[^\W\d_][0-9]*(_[^\W_]+)*")
_SUBSCRIPTED = re.compile(r"[^\W_]+(_[^\W_]+)+")
_HATTED = {"ŷ": "y_hat", "ŵ": "w_hat", "ĉ": "c_hat", "ŝ": "s_hat", "ĝ": "g_hat", "ĥ": "h_hat"}
_SPELLED = str.maketrans(_HATTED | {letter: name for name, letter in GREEK.items()})


class UnknownWordError(Exception):
    """A word without a meaning; the reader adds the place and raises a `FormulaError`."""

    def __init__(self, problem: str, expected: str) -> None:
        self.problem, self.expected = problem, expected
        super().__init__(problem)


class Vocabulary:
    """The words of one formula, given its declared variables and sizes."""

    def __init__(self, declared: Collection[str]) -> None:
        self.declared = frozenset(declared)
        self._functions = functions()
        self._spellings = {_spelling(name): name for name in declared}

    def function(self, word: str, called: bool, qualified: bool = False) -> Function | None:
        """The function that the word names; `called` if a parenthesis follows, `qualified` behind np. or math."""
        if qualified:
            return qualified_function(word)
        if self.known(word) in self.declared:
            return None
        if self.base(word):
            return self._functions["log"]
        if not called:
            letter = word in _ALSO_LETTERS or word in GREEK or _LETTER.fullmatch(word)
            return None if letter else self._functions.get(word)
        return self._functions.get(word) or indexed_function(word)

    def base(self, word: str) -> str:
        """The base of the logarithm that the word names, a number or a letter; "" for any other word."""
        found = _TO_BASE.fullmatch(word) if "_" in word and self.known(word) not in self.declared else None
        return "" if found is None else found["base"]

    def known(self, word: str) -> str:
        """The variable that the word spells, declared or met before, else the word itself."""
        if word in self.declared or not self._spellings:
            return word
        return self._spellings.get(_spelling(word), word)

    def _met(self, word: str, notes: dict[Note, None], before: str) -> str:
        """A variable by the name under which it was met first: x_1 after x₁ is x1."""
        if before[-1:].isdecimal() and word[-1].isdecimal() and "_" not in word:
            notes[Note.NAME_WITH_DIGITS] = None
        return self._spellings.setdefault(_spelling(word), word)

    def resolved(self, tokens: Iterable[Token], shown: str, notes: dict[Note, None]) -> Iterator[Token]:
        """The tokens, each word with a meaning; one that is a product of letters becomes a word for each.

        Args:
            tokens: the formula.
            shown: the formula as messages show it.
            notes: gets a note where a word is read as a product.

        Raises:
            FormulaError: a word has no meaning.
        """
        source, before = iter(tokens), ""
        waiting: Token | None = None
        while (token := waiting or next(source)).kind != "end":
            waiting = None
            index = before in ("|", "‖") and token.text[:1] == "_"  # the 2 in ||x||_2
            if token.kind == "word" and not index:
                waiting = next(source)  # read ahead no further than is needed: errors come in their order
                yield from self._resolved(token, waiting.text == "(", shown, notes, before)
            elif token.kind == "qualified":
                yield self._qualified(token, shown)
            else:
                yield token._replace(text=self._met(token.text, {}, "")) if token.kind == "name" else token
            before = token.text
        yield token

    def _resolved(
        self, token: Token, called: bool, shown: str, notes: dict[Note, None], before: str
    ) -> Iterator[Token]:
        if self.function(token.text, called) is not None:
            yield token
            return
        try:
            letters = self.letters(token.text, called)
        except UnknownWordError as error:
            raise FormulaError(error.problem, shown, token.position, error.expected) from None
        if len(letters) > 1:
            notes[Note.LETTERS] = None
        for place, letter in enumerate(letters, token.position):
            yield Token("word", letter if letter in CONSTANTS else self._met(letter, notes, before), place)

    def _qualified(self, token: Token, shown: str) -> Token:
        if token.text in CONSTANTS:
            return token._replace(kind="word")
        if qualified_function(token.text) is None:
            problem = f"the function {token.text:.40} is not known"
            raise FormulaError(problem, shown, token.position, "a function such as exp")
        return token

    def letters(self, word: str, called: bool) -> list[str]:
        """The variables or constants whose product the word is: mostly the word alone.

        Raises:
            UnknownWordError: it is none of these.
        """
        word = self.known(word)
        if word in self.declared or word in CONSTANTS:
            return [word]
        if keyword.iskeyword(word):
            raise UnknownWordError(f"{word} is a word of Python's language and no name", "a variable, for example x")
        if _LETTER.fullmatch(word):
            return [word]
        if (word in GREEK or _SUBSCRIPTED.fullmatch(word)) and not called:
            return [word]
        if word.isalpha() and self.declared.issuperset(word):
            return list(word)
        if _DIFFERENTIAL.fullmatch(word) and not called:
            raise UnknownWordError(
                f"{word} is a product, a differential or a name of its own",
                f'{word[0]}*{word[1]} for the product, or the name declared with variables="{word}" (derivatives are '
                "taken by explain, and integrals are not read)",
            )
        if word in WORDS:
            raise UnknownWordError(f"{word} is not read: {WORDS[word]}", "a formula of numbers, names and functions")
        near = self._near(word)
        short = (
            len(word) == len(set(word)) <= 3
            and word.isalpha()
            and not called
            and word not in _MEANINGFUL
            and word not in GREEK
        )
        if short and not near:
            return list(word)
        what = "the function" if called else "the name"
        suggestion = f": did you mean {near}?" if near else ""
        product = f", or write the product {' '.join(word)}" if len(word) <= 3 and word.isalpha() else ""
        raise UnknownWordError(
            f"{what} {word:.40} is not known{suggestion}",
            "a function such as exp, a variable of one letter, or a name declared with "
            + ("variables=" if near else f'variables="{word:.20}, ..." or before the formula: f({word:.20}, ...) = ...')
            + product,
        )

    def _near(self, word: str) -> str:
        parts = self._parts(word[:30])
        if len(parts) < len(word[:30]):
            return " ".join(parts)
        if len(word) < 3:
            return ""  # ax is no max
        known = [*self._functions, *self.declared, "pi"]
        cutoff = 0.65 if len(word) == 3 else 0.7
        return " or ".join(difflib.get_close_matches(word[:30].lower(), known, n=1, cutoff=cutoff))

    def _parts(self, word: str) -> list[str]:
        """The functions, constants and letters that a word can be taken apart into: sin, x, cos, x."""
        parts: list[str] = []
        place = 0
        while place < len(word):
            lengths = range(min(len(word) - place, 10), 1, -1)
            names = (word[place : place + length] for length in lengths)
            part = next((name for name in names if name in self._functions or name == "pi"), word[place])
            if parts and parts[-1].isdecimal():
                parts[-1] += part  # sin 2x
            else:
                parts.append(part)
            place += len(part)
        return parts


def _spelling(name: str) -> str:
    """One form for all spellings of a name: Greek letters by their words, digits without _ before them."""
    spelled = name if name.isascii() else name.translate(_SPELLED)
    return re.sub(r"_(?=[0-9])", "", spelled) if "_" in spelled else spelled
