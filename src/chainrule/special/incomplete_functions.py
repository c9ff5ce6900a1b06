"""Incomplete gamma and beta functions, and exponential integrals."""

from __future__ import annotations

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import floating, real
from chainrule.read.special_functions import AT_LEAST_0, BROADCASTS, POSITIVE, special_function

__all__ = ["betainc", "betaincc", "exp1", "expi", "gammainc", "gammaincc"]

F = evaluating


@special_function(
    "scipy.special.gammainc", returns="An array of numbers from 0 to 1", a=POSITIVE, x=AT_LEAST_0 + BROADCASTS
)
def gammainc(a: Array, x: Array) -> Array:
    """The regularised lower incomplete gamma function, the distribution function of the gamma distribution.

    The derivative by x is the density. That by a is an integral of its own, computed to 13 digits for a from 0.01 to
    1e10 and x on either side; for smaller a, at most -log10(a) more digits are lost.

    >>> from chainrule import special
    >>> print(f"{special.gammainc(2.0, 3.0):.6f}")
    0.800852
    """
    return F.gammainc(real(a), real(x))


@special_function(
    "scipy.special.gammaincc", returns="An array of numbers from 0 to 1", a=POSITIVE, x=AT_LEAST_0 + BROADCASTS
)
def gammaincc(a: Array, x: Array) -> Array:
    """The regularised upper incomplete gamma function 1 - gammainc(a, x), with all its digits where it is small.

    For its derivatives see `gammainc`.

    >>> from chainrule import special
    >>> print(f"{special.gammaincc(2.0, 100.0):.6e}")
    3.757277e-42
    """
    return F.gammaincc(real(a), real(x))


@special_function(
    "scipy.special.betainc",
    returns="An array of numbers from 0 to 1",
    a=POSITIVE,
    b=POSITIVE + BROADCASTS,
    x="an array of numbers from 0 to 1" + BROADCASTS,
)
def betainc(a: Array, b: Array, x: Array) -> Array:
    """The regularised incomplete beta function, the distribution function of the beta distribution.

    The derivative by x is the density. Those by a and b are integrals of their own, computed to eleven digits or more
    for parameters from 0.001 to 1e5.

    >>> from chainrule import special
    >>> print(f"{special.betainc(2.0, 3.0, 0.5):.6f}")
    0.687500
    """
    return F.betainc(real(a), real(b), real(x))


@special_function(
    "scipy.special.betaincc",
    returns="An array of numbers from 0 to 1",
    a=POSITIVE,
    b=POSITIVE + BROADCASTS,
    x="an array of numbers from 0 to 1" + BROADCASTS,
)
def betaincc(a: Array, b: Array, x: Array) -> Array:
    """The complement 1 - betainc(a, b, x), with all its digits where it is small.

    For its derivatives see `betainc`.

    >>> from chainrule import special
    >>> print(f"{special.betaincc(2.0, 30.0, 0.9):.6e}")
    2.800000e-29
    """
    return F.betaincc(real(a), real(b), real(x))


@special_function("scipy.special.expi", derivative="exp(x) / x", x="an array of any shape, real or complex, and not 0")
def expi(x: Array) -> Array:
    """The exponential integral Ei(x), the integral of exp(t) / t from minus infinity to x.

    >>> from chainrule import special
    >>> print(f"{special.expi(1.0):.6f}")
    1.895118
    """
    return F.expi(floating(x))


@special_function(
    "scipy.special.exp1", derivative="-exp(-x) / x", x="an array of any shape, with positive numbers, or complex"
)
def exp1(x: Array) -> Array:
    """The exponential integral E1(x), the integral of exp(-t) / t from x to infinity.

    >>> from chainrule import special
    >>> print(f"{special.exp1(1.0):.6f}")
    0.219384
    """
    return F.exp1(floating(x))
