"""Letters and signs in LaTeX and as characters: Greek letters, relations, and the names of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

__all__ = ["GREEK", "LETTERS", "SIGNS", "NamePart", "function_name_parts", "greek_letter"]

# Greek letters by the name that Python code gives them. Those that look like Latin letters have no LaTeX command.
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
}  # fmt: skip
LETTERS = {letter: name for name, letter in GREEK.items()}

# Signs of operators by their LaTeX command.
SIGNS = {
    r"\leq": "≤", r"\geq": "≥", r"\neq": "≠", "=": "=", r"\land": "∧", r"\lor": "∨", r"\lnot": "¬", r"\oplus": "⊕",
    r"\odot": "⊙", r"\cdot": "·", r"\bmod": "mod", r"\mathbin{//}": "//",
}  # fmt: skip

_NAME_PART = re.compile(
    r"\\operatorname\{(?P<word>[^{}]+)\}|\\(?P<command>[A-Za-z]+)|_\{?(?P<index>\w+)\}?|(?P<sign>.)"
)


class NamePart(NamedTuple):
    """A part of a function's name: a word, a letter, the index of what stands before it, or a sign."""

    kind: Literal["word", "index", "sign"]
    text: str


def function_name_parts(latex: str) -> Iterator[NamePart]:
    r"""The LaTeX name of a function, as characters in parts.

    >>> [tuple(part) for part in function_name_parts(r"\log_{10}")]
    [('word', 'log'), ('index', '10')]
    """
    for found in _NAME_PART.finditer(latex):
        word = found["word"] or found["command"]
        if word:
            yield NamePart("word", GREEK.get(word, word))
        else:
            yield NamePart("index", found["index"]) if found["index"] else NamePart("sign", found["sign"])


def greek_letter(latex: str) -> str:
    r"""The Greek letter that a LaTeX command stands for, "" if it is none.

    >>> greek_letter(r"\sigma"), greek_letter(r"\sin")
    ('σ', '')
    """
    return GREEK.get(latex.removeprefix("\\"), "") if latex[:1] == "\\" else ""
