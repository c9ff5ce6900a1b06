"""Notes on how a formula was read where people read it in several ways."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Note"]


class Note(StrEnum):
    """A rule of reading that a formula made use of."""

    QUOTIENT_AND_FACTOR = "quotients and products without a sign are read from left to right: 1/2x is (1/2) x"
    POWER_IN_ARGUMENT = "a power belongs to the argument of a function without parentheses: sin x^2 is sin(x^2)"
    ONE_FACTOR = "a function without parentheses takes one factor, and numbers before it: sin 2x y is sin(2x) y"
    LETTERS = "a word that is no known name is the product of its letters: wx is w x"
    CALLED_LETTER = "a letter before a parenthesis is a factor: a (x + 1), also without the space"
