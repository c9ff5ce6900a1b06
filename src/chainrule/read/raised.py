"""An exponent behind the name of a function: sin^2 x is a square, and sin^-1 x the inverse function."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.errors import FormulaError
from chainrule.read.functions import Function, inverse_function
from chainrule.read.notes import Note
from chainrule.read.stack import CLOSING
from chainrule.read.tokens import Lookahead

__all__ = ["raised_function", "short_exponent"]


def short_exponent(tokens: Lookahead, i: int) -> tuple[tuple[str, ...], int]:
    """An exponent of one word or number, with its sign, as it stands or in parentheses, and what follows it."""
    grouped = tokens[i].text in ("{", "(")
    first = i + grouped
    end = first + 1 + (tokens[first].text == "-")
    if grouped and tokens[end].text != CLOSING[tokens[i].text]:
        return (), i
    return tuple(tokens[place].text for place in range(first, end)), end + grouped


def raised_function(
    tokens: Lookahead, i: int, function: Function, error: Callable[[str, int, str], FormulaError]
) -> tuple[Function, int, int, Note]:
    """The function that f^n is, the power to which its value is raised, what follows, and how it was read.

    Args:
        tokens: the formula.
        i: where the sign of the power stands.
        function: f.
        error: makes an error of a problem, a place and what was expected.
    """
    raised, after = short_exponent(tokens, i + 1)
    digits = "".join(raised)
    inverse = inverse_function(function) if digits == "-1" else None
    if inverse is not None:
        return inverse, 1, after, Note.INVERSE
    if digits.isdecimal() and int(digits[:9]) >= 2:
        return function, int(digits[:9]), after, Note.POWER_OF_FUNCTION
    place = tokens[i + 2 if tokens[i + 1].text == "{" else i + 1].position
    name = function.name
    raise error(
        f"{name}^ with this exponent can be read in several ways", place,
        f"a whole number from 2 on, as in {name}^2 x; else write 1/{name}(x), {name}(x)^n or, for the inverse "
        "function, its name",
    )  # fmt: skip
