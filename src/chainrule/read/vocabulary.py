"""What a word in a formula means: a variable, a function, a constant, or a product of letters.

The order is: a declared variable; a function or constant; a letter with digits or a subscript, which is a variable;
a word that is near no known name and has two or three letters, which is their product. Anything else is an error.
"""

from __future__ import annotations

import difflib
import inspect
import keyword
import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

import chainrule.ops  # noqa: F401  enters the primitives in the registry
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building, primitives
from chainrule.core.shapes import elementwise

__all__ = ["CONSTANTS", "Function", "UnknownWordError", "Vocabulary"]

CONSTANTS = {"e": math.e, "pi": math.pi, "π": math.pi}

# Names in formulas of primitives that are named or written otherwise. A primitive whose notation is a call needs no
# row: it is read as it is written.
_OTHER_NAMES = {
    "ln": "log", "log": "log", "sgn": "sign", "sign": "sign", "abs": "abs", "pow": "power", "tg": "tan", "sqrt": "sqrt",
    "cbrt": "cbrt", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "arsinh": "arcsinh", "arcosh": "arccosh", "artanh": "arctanh", "sigmoid": "expit",
    "sigma": "expit", "σ": "expit", "expit": "expit", "max": "maximum", "min": "minimum", "arctan2": "arctan2",
    "atan2": "arctan2",
}  # fmt: skip
_COMPOSED: dict[str, Callable[[Any], Any]] = {
    "cot": lambda x: building.divide(1.0, building.tan(x)),
    "sec": lambda x: building.divide(1.0, building.cos(x)),
    "csc": lambda x: building.divide(1.0, building.sin(x)),
}
_FOLDED = ("maximum", "minimum")  # take any number of operands, two at a time
_ALSO_LETTERS = ("σ", "sigma")  # a function before a parenthesis, elsewhere a letter like any other

_GREEK = frozenset(
    ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "mu", "nu", "xi", "rho",
     "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega")
)  # fmt: skip
# Short words with a meaning in mathematics: reading them as a product of letters would be a silent mistake.
_MEANINGFUL = frozenset(
    ("arg", "cov", "det", "div", "dot", "erf", "gcd", "im", "inf", "int", "inv", "lcm", "lim", "log", "max", "med",
     "min", "mod", "nan", "re", "std", "sum", "sup", "tr", "var")
)  # fmt: skip
_LETTER = re.compile(r"[^\W\d_][0-9]*(_[^\W_]+)*")
_SUBSCRIPTED = re.compile(r"[^\W_]+(_[^\W_]+)+")


@dataclass(frozen=True, slots=True)
class Function:
    """A function that formulas can use: how many operands it takes, None for any number, and how to build it."""

    name: str
    least: int
    most: int | None
    build: Callable[..., Any]


class UnknownWordError(Exception):
    """A word without a meaning; the reader adds the place and raises a `FormulaError`."""

    def __init__(self, problem: str, expected: str) -> None:
        self.problem, self.expected = problem, expected
        super().__init__(problem)


class Vocabulary:
    """The words of one formula, given its declared variables."""

    def __init__(self, declared: Collection[str]) -> None:
        self.declared = frozenset(declared)
        self._primitives = primitives()
        self._functions: dict[tuple[str, bool], Function | None] = {}
        self._named = dict(_OTHER_NAMES)
        for name, primitive in self._primitives.items():
            if isinstance(primitive.notation, Call) and primitive.shape is elementwise:
                self._named |= {name: name, primitive.notation.name or name: name}

    def function(self, word: str, called: bool) -> Function | None:
        """The function that the word names; `called` if a parenthesis follows."""
        key = (word, called)
        if key not in self._functions:
            self._functions[key] = self._function(word, called)
        return self._functions[key]

    def _function(self, word: str, called: bool) -> Function | None:
        if word in self.declared or (word in _ALSO_LETTERS and not called):
            return None
        if word in _COMPOSED:
            return Function(word, 1, 1, _COMPOSED[word])
        primitive = self._primitives.get(self._named.get(word, ""))
        if primitive is None:
            return None
        count = _operands(primitive)
        build = getattr(building, primitive.name)
        return Function(word, count, None if primitive.name in _FOLDED else count, build)

    def letters(self, word: str, called: bool) -> list[str]:
        """The variables or constants whose product the word is: mostly the word alone.

        Raises:
            UnknownWordError: it is none of these.
        """
        if word in self.declared or word in CONSTANTS:
            return [word]
        if keyword.iskeyword(word):
            raise UnknownWordError(f"{word} is a word of Python's language and no name", "a variable, for example x")
        if _LETTER.fullmatch(word):
            return [word]
        if (word in _GREEK or _SUBSCRIPTED.fullmatch(word)) and not called:
            return [word]
        if word.isalpha() and self.declared.issuperset(word):
            return list(word)
        near = self._near(word)
        short = (
            len(word) == len(set(word)) <= 3
            and word.isalpha()
            and not called
            and word not in _MEANINGFUL
            and word not in _GREEK
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
        known = [*self._named, *_COMPOSED, *self.declared, "pi"]
        begins = [name for name in self._named if len(name) > 1 and word.startswith(name)]
        if begins:
            name = max(begins, key=len)
            return f"{name} {word[len(name) :]:.20}".strip()
        return " or ".join(difflib.get_close_matches(word[:30].lower(), known, n=1, cutoff=0.65))


@lru_cache(maxsize=512)
def _operands(primitive: Primitive) -> int:
    if isinstance(primitive.evaluate, np.ufunc):
        return primitive.evaluate.nin
    parameters = inspect.signature(primitive.evaluate).parameters.values()
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in parameters)
