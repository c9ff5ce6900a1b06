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
    RIGHT_SIDE = "of f(x) = x^2 the right-hand side is the formula"
    INVERSE = "sin^-1 is the inverse function, arcsin; the reciprocal is 1/sin(x)"
    POWER_OF_FUNCTION = "sin^2 x is the square of sin x"
    EXPONENT = "an exponent is one number, name or parenthesis: e^2x is (e^2) x, and x^1/2 is (x^1)/2"
    ROOT = "a root sign takes one factor: √2x is (√2) x"
    POWER_OF_TEN = "2e3 is the number 2000; a product with e is written 2 e^3 or 2*e*3"
    NAME_WITH_DIGITS = "a letter with digits behind it is a name: 2x2 is 2 times the variable x2"
    ZERO_BASE = "0^x is 0 for x > 0 and 1 at x = 0; for x < 0 it has no value"
    CALLED_LETTER = "a letter before a parenthesis is a factor: a (x + 1), also without the space"
