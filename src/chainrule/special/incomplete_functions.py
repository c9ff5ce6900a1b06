"""Incomplete gamma and beta functions, and exponential integrals."""

from __future__ import annotations

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import real

__all__ = ["betainc", "betaincc", "exp1", "expi", "gammainc", "gammaincc"]

F = evaluating


@stands_for("scipy.special.gammainc")
def gammainc(a: Array, x: Array) -> Array:
    """The regularised lower incomplete gamma function, the distribution function of the gamma distribution.

    The derivative by x is the density. That by a is an integral of its own, computed to 13 digits for a from 0.01 to
    1e10 and x on either side; for smaller a, at most -log10(a) more digits are lost.

    Args:
        a: an array of positive numbers.
        x: an array of numbers of at least 0, which broadcasts with a.

    Returns:
        An array of numbers from 0 to 1.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.gammainc(2.0, 3.0):.6f}")
    0.800852
    """
    return F.gammainc(real(a), real(x))


@stands_for("scipy.special.gammaincc")
def gammaincc(a: Array, x: Array) -> Array:
    """The regularised upper incomplete gamma function 1 - gammainc(a, x), with all its digits where it is small.

    For its derivatives see `gammainc`.

    Args:
        a: an array of positive numbers.
        x: an array of numbers of at least 0, which broadcasts with a.

    Returns:
        An array of numbers from 0 to 1.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.gammaincc(2.0, 100.0):.6e}")
    3.757277e-42
    """
    return F.gammaincc(real(a), real(x))


@stands_for("scipy.special.betainc")
def betainc(a: Array, b: Array, x: Array) -> Array:
    """The regularised incomplete beta function, the distribution function of the beta distribution.

    The derivative by x is the density. Those by a and b are integrals of their own, computed to eleven digits or more
    for parameters from 0.001 to 1e5.

    Args:
        a: an array of positive numbers.
        b: an array of positive numbers, which broadcasts with a.
        x: an array of numbers from 0 to 1, which broadcasts with them.

    Returns:
        An array of numbers from 0 to 1.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.betainc(2.0, 3.0, 0.5):.6f}")
    0.687500
    """
    return F.betainc(real(a), real(b), real(x))


@stands_for("scipy.special.betaincc")
def betaincc(a: Array, b: Array, x: Array) -> Array:
    """The complement 1 - betainc(a, b, x), with all its digits where it is small.

    For its derivatives see `betainc`.

    Args:
        a: an array of positive numbers.
        b: an array of positive numbers, which broadcasts with a.
        x: an array of numbers from 0 to 1, which broadcasts with them.

    Returns:
        An array of numbers from 0 to 1.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.betaincc(2.0, 30.0, 0.9):.6e}")
    2.800000e-29
    """
    return F.betaincc(real(a), real(b), real(x))


@stands_for("scipy.special.expi")
def expi(x: Array) -> Array:
    """The exponential integral Ei(x), the integral of exp(t) / t from minus infinity to x.

    Args:
        x: an array of any shape, real and not 0.

    Returns:
        An array of x's shape; its derivative is exp(x) / x.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.expi(1.0):.6f}")
    1.895118
    """
    return F.expi(real(x))


@stands_for("scipy.special.exp1")
def exp1(x: Array) -> Array:
    """The exponential integral E1(x), the integral of exp(-t) / t from x to infinity.

    Args:
        x: an array of any shape, with positive numbers.

    Returns:
        An array of x's shape; its derivative is -exp(-x) / x.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.exp1(1.0):.6f}")
    0.219384
    """
    return F.exp1(real(x))
