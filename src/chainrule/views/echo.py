"""How a formula was understood."""

from __future__ import annotations

from chainrule.read.formula import Formula
from chainrule.views.write import formula as written

__all__ = ["echo"]


def echo(formula: Formula, notation: str = "text") -> str:
    """A formula as it was understood, with a line for each rule that decided between several readings.

    Args:
        formula: what `parse` gives.
        notation: as for `chainrule.views.write.formula`.

    >>> from chainrule.read.formula import parse
    >>> print(echo(parse("1/2x + sin x^2")))
    (1/2) x + sin(x^2)
      quotients and products without a sign are read from left to right: 1/2x is (1/2) x
      a power belongs to the argument of a function without parentheses: sin x^2 is sin(x^2)
    >>> print(echo(parse("x^2 exp(x)")))
    x^2 e^x
    """
    return "\n  ".join((written(formula, notation), *formula.notes))
