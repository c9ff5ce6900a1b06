"""The letters of rules, u and v, where the formula has variables of these names itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

__all__ = ["free_letters", "free_name", "in_other_letters"]

_OF_RULES = ("u", "v", "c", "n", "a", "b")  # what the statements of rules call functions, constants and exponents
_OTHERS = ("w", "p", "q", "r", "s", "t", "g", "h", "k", "m", "z", "y")
_LETTER = re.compile(r"(?<![^\W_])[a-z](?![^\W_])")  # not a letter of a word: the s of sin


def free_letters(taken: Collection[str]) -> dict[str, str]:
    """For each letter of a rule that a formula uses itself, another letter; the same formula gets the same ones.

    >>> free_letters({"x", "u", "w"})
    {'u': 'p'}
    """
    free = [letter for letter in _OTHERS if letter not in taken]
    free += [name for name in (f"u_{i}" for i in range(1, 1 + len(_OF_RULES))) if name not in taken]
    return {letter: free.pop(0) for letter in _OF_RULES if letter in taken}


def in_other_letters(statement: str, letters: Mapping[str, str]) -> str:
    """The statement of a rule with other letters.

    >>> in_other_letters("(sin u)' = cos(u) u'", {"u": "p"})
    "(sin p)' = cos(p) p'"
    """
    return _LETTER.sub(lambda found: letters.get(found[0], found[0]), statement) if letters else statement


def free_name(wanted: Collection[str], taken: Collection[str]) -> str:
    """The first of some names that is not taken, else the first one with a number."""
    numbered = (f"{next(iter(wanted))}_{i}" for i in range(1, 2 + len(taken)))
    return next(name for name in (*wanted, *numbered) if name not in taken)
