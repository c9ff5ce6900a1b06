"""The error function and its complement."""

from __future__ import annotations

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import floating

__all__ = ["erf", "erfc"]

F = evaluating


def erf(x: Array) -> Array:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape, within a few units in the last place; its derivative is 2 / sqrt(pi) exp(-x^2).

    >>> from chainrule import special
    >>> print(f"{special.erf(0.5):.6f}")
    0.520500
    """
    return F.erf(floating(x))


def erfc(x: Array) -> Array:
    """The complementary error function 1 - erf(x), with all its digits where erf(x) is near 1.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape, within a few units in the last place; its derivative is -2 / sqrt(pi) exp(-x^2).

    >>> from chainrule import special
    >>> print(f"{special.erfc(10.0):.6e}")
    2.088488e-45
    """
    return F.erfc(floating(x))
