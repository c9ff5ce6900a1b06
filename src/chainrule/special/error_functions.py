"""The error function and its relatives: complement, scaled, inverse, the normal distribution."""

from __future__ import annotations

import math

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import real

__all__ = ["erf", "erfc", "erfcinv", "erfcx", "erfinv", "log_ndtr", "ndtr", "ndtri"]

F = evaluating


@stands_for("scipy.special.erf")
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
    return F.erf(real(x))


@stands_for("scipy.special.erfc")
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
    return F.erfc(real(x))


@stands_for("scipy.special.erfcx")
def erfcx(x: Array) -> Array:
    """exp(x^2) erfc(x), which stays a number where erfc(x) has become 0.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape, within a few units in the last place; its derivative keeps its digits for every x.

    >>> from chainrule import special
    >>> print(f"{special.erfcx(100.0):.8f}")
    0.00564161
    """
    return F.erfcx(real(x))


@stands_for("scipy.special.erfinv")
def erfinv(x: Array) -> Array:
    """The inverse of `erf`.

    Args:
        x: an array of any shape, with numbers in (-1, 1).

    Returns:
        An array of x's shape; its derivative is sqrt(pi) / 2 exp(erfinv(x)^2).

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.erfinv(0.5):.6f}")
    0.476936
    """
    return F.erfinv(real(x))


@stands_for("scipy.special.erfcinv")
def erfcinv(x: Array) -> Array:
    """The inverse of `erfc`, for small x with all the digits that erfinv(1 - x) loses.

    Args:
        x: an array of any shape, with numbers in (0, 2).

    Returns:
        An array of x's shape; its derivative is -sqrt(pi) / 2 exp(erfcinv(x)^2).

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.erfcinv(1e-30):.6f}")
    8.148616
    """
    return F.erfcinv(real(x))


@stands_for("scipy.special.ndtr")
def ndtr(x: Array) -> Array:
    """The distribution function of the standard normal distribution.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape, between 0 and 1; its derivative is exp(-x^2 / 2) / sqrt(2 pi).

    >>> from chainrule import special
    >>> print(f"{special.ndtr(-10.0):.6e}")
    7.619853e-24
    """
    return 0.5 * F.erfc(real(x) / -math.sqrt(2.0))


@stands_for("scipy.special.log_ndtr")
def log_ndtr(x: Array) -> Array:
    """The logarithm of the distribution function of the standard normal distribution, for every x.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape, at most 0; its derivative, the density divided by the distribution function, and the
        next one keep their digits in the left tail.

    >>> from chainrule import special
    >>> special.log_ndtr(-1e8)
    np.float64(-5000000000000019.0)
    """
    return F.log_ndtr(real(x))


@stands_for("scipy.special.ndtri")
def ndtri(p: Array) -> Array:
    """The quantile of the standard normal distribution: the inverse of `ndtr`.

    Args:
        p: an array of any shape, with numbers in (0, 1).

    Returns:
        An array of p's shape.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.ndtri(0.975):.6f}")
    1.959964
    """
    return F.ndtri(real(p))
