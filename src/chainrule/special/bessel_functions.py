"""Bessel functions."""

from __future__ import annotations

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import fixed, floating, real

__all__ = ["j0", "j1", "jv", "y0", "y1", "yv"]

F = evaluating


@stands_for("scipy.special.j0")
def j0(x: Array) -> Array:
    """The Bessel function of the first kind, of order 0.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.j0(1.5):.6f}")
    0.511828
    """
    return F.j0(real(x))


@stands_for("scipy.special.j1")
def j1(x: Array) -> Array:
    """The Bessel function of the first kind, of order 1.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.j1(1.5):.6f}")
    0.557937
    """
    return F.j1(real(x))


@stands_for("scipy.special.y0")
def y0(x: Array) -> Array:
    """The Bessel function of the second kind, of order 0.

    Args:
        x: an array of any shape, with positive numbers.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.y0(1.5):.6f}")
    0.382449
    """
    return F.y0(real(x))


@stands_for("scipy.special.y1")
def y1(x: Array) -> Array:
    """The Bessel function of the second kind, of order 1.

    Args:
        x: an array of any shape, with positive numbers.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.y1(1.5):.6f}")
    -0.412309
    """
    return F.y1(real(x))


@stands_for("scipy.special.jv", "scipy.special.jn")
def jv(v: float, z: Array) -> Array:
    """The Bessel function of the first kind, of any real order.

    Args:
        v: the order, a number. There is no derivative by it.
        z: an array of any shape, positive or complex.

    Returns:
        An array of z's shape; its derivative is made of the functions of order v - 1 and v + 1.

    Raises:
        TraceError: v is traced.
                ArgumentError: v is an array.
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.jv(2.5, 1.5):.6f}")
    0.124446
    """
    return F.jv(floating(z), order=fixed(v, "the order v of jv"))


@stands_for("scipy.special.yv", "scipy.special.yn")
def yv(v: float, z: Array) -> Array:
    """The Bessel function of the second kind, of any real order.

    Args:
        v: the order, a number. There is no derivative by it.
        z: an array of any shape, positive or complex.

    Returns:
        An array of z's shape; its derivative is made of the functions of order v - 1 and v + 1.

    Raises:
        TraceError: v is traced.
                ArgumentError: v is an array.
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.yv(2.5, 1.5):.6f}")
    -1.315037
    """
    return F.yv(floating(z), order=fixed(v, "the order v of yv"))
