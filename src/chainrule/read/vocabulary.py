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
    ("arg", "cov", "det", "div", "dot", "erf", "gcd", "im", "inf", "int", "inv", "lcm", "lim", "log", "max", "med",
     "min", "mod", "nan", "re", "std", "sum", "sup", "tr", "var")
)  # fmt: skip
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
        if not called:
            letter = word in _ALSO_LETTERS or word in GREEK or _LETTER.fullmatch(word)
            return None if letter else self._functions.get(word)
        return self._functions.get(word) or indexed_function(word)

    def known(self, word: str) -> str:
        """The declared variable that the word spells, else the word itself."""
        if word in self.declared or not self._spellings:
            return word
        return self._spellings.get(_spelling(word), word)

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
            before = token.text
            if token.kind == "word" and not index:
                waiting = next(source)  # read ahead no further than is needed: errors come in their order
                yield from self._resolved(token, waiting.text == "(", shown, notes)
            elif token.kind == "qualified":
                yield self._qualified(token, shown)
            else:
                yield token._replace(text=self.known(token.text)) if token.kind == "name" else token
        yield token

    def _resolved(self, token: Token, called: bool, shown: str, notes: dict[Note, None]) -> Iterator[Token]:
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
            yield Token("word", letter, place)

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
            f"a function such as exp, a variable of one letter, or a name declared with variables={product}",
        )

    def _near(self, word: str) -> str:
        begins = [name for name in self._functions if len(name) > 1 and word.startswith(name)]
        if begins:
            name = max(begins, key=len)
            return f"{name} {word[len(name) :]:.20}".strip()
        known = [*self._functions, *self.declared, "pi"]
        return " or ".join(difflib.get_close_matches(word[:30].lower(), known, n=1, cutoff=0.65))


def _spelling(name: str) -> str:
    """One form for all spellings of a name: Greek letters by their words, digits without _ before them."""
    spelled = name if name.isascii() else name.translate(_SPELLED)
    return re.sub(r"_(?=[0-9])", "", spelled) if "_" in spelled else spelled
