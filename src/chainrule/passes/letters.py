"""The letters of rules, u and v, where the formula has variables of these names itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

__all__ = ["free_letters", "free_name", "in_other_letters"]

# What the statements of rules call functions, constants, exponents, vectors and matrices, and what else they may be.
_LETTERS = (
    (("u", "v", "c", "n", "a", "b", "g", "k"), ("w", "p", "q", "r", "s", "t", "h", "m", "z", "y")),
    (("U", "V", "A", "B", "G"), ("P", "Q", "R", "S", "T", "C", "D", "E", "F", "H")),
)
# Not a letter of a word, as the s of sin, but u in du.
_LETTER = re.compile(r"(?<![^\W_])(d?)([A-Za-z])(?![^\W_])")


def free_letters(taken: Collection[str]) -> dict[str, str]:
    """For each letter of a rule that a formula uses itself, another letter; the same formula gets the same ones.

    >>> free_letters({"x", "u", "w", "A"})
    {'u': 'p', 'A': 'P'}
    """
    found: dict[str, str] = {}
    for letters, others in _LETTERS:
        numbered = [f"{letter}_{i}" for i in (1, 2, 3) for letter in letters]
        free = [name for name in (*others, *numbered) if name not in taken]
        found |= {letter: free.pop(0) for letter in letters if letter in taken}
    return found


def in_other_letters(statement: str, letters: Mapping[str, str]) -> str:
    """The statement of a rule with other letters.

    >>> in_other_letters("d(A sin u) = A cos(u) du", {"u": "p"})
    'd(A sin p) = A cos(p) dp'
    """
    if not letters:
        return statement
    return _LETTER.sub(lambda found: found[1] + letters.get(found[2], found[2]), statement)


def free_name(wanted: Collection[str], taken: Collection[str]) -> str:
    """The first of some names that is not taken, else the first one with a number."""
    numbered = (f"{next(iter(wanted))}_{i}" for i in range(1, 2 + len(taken)))
    return next(name for name in (*wanted, *numbered) if name not in taken)
