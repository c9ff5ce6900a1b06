"""Bessel functions."""

from __future__ import annotations

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import fixed, floating, real
from chainrule.read.special_functions import ORDER, POSITIVE, REAL, special_function

__all__ = ["j0", "j1", "jv", "y0", "y1", "yv"]

F = evaluating


@special_function("scipy.special.j0", derivative="-j1(x)", x=REAL)
def j0(x: Array) -> Array:
    """The Bessel function of the first kind, of order 0.

    >>> from chainrule import special
    >>> print(f"{special.j0(1.5):.6f}")
    0.511828
    """
    return F.j0(real(x))


@special_function("scipy.special.j1", derivative="(j0(x) - jv(2, x)) / 2", x=REAL)
def j1(x: Array) -> Array:
    """The Bessel function of the first kind, of order 1.

    >>> from chainrule import special
    >>> print(f"{special.j1(1.5):.6f}")
    0.557937
    """
    return F.j1(real(x))


@special_function("scipy.special.y0", derivative="-y1(x)", x=POSITIVE)
def y0(x: Array) -> Array:
    """The Bessel function of the second kind, of order 0.

    >>> from chainrule import special
    >>> print(f"{special.y0(1.5):.6f}")
    0.382449
    """
    return F.y0(real(x))


@special_function("scipy.special.y1", derivative="(y0(x) - yv(2, x)) / 2", x=POSITIVE)
def y1(x: Array) -> Array:
    """The Bessel function of the second kind, of order 1.

    >>> from chainrule import special
    >>> print(f"{special.y1(1.5):.6f}")
    -0.412309
    """
    return F.y1(real(x))


@special_function(
    "scipy.special.jv",
    "scipy.special.jn",
    derivative="(jv(v - 1, z) - jv(v + 1, z)) / 2",
    v=ORDER,
    z="an array of any shape, positive or complex",
)
def jv(v: float, z: Array) -> Array:
    """The Bessel function of the first kind, of any real order.

    >>> from chainrule import special
    >>> print(f"{special.jv(2.5, 1.5):.6f}")
    0.124446
    """
    return F.jv(floating(z), order=fixed(v, "the order v of jv"))


@special_function(
    "scipy.special.yv",
    "scipy.special.yn",
    derivative="(yv(v - 1, z) - yv(v + 1, z)) / 2",
    v=ORDER,
    z="an array of any shape, positive or complex",
)
def yv(v: float, z: Array) -> Array:
    """The Bessel function of the second kind, of any real order.

    >>> from chainrule import special
    >>> print(f"{special.yv(2.5, 1.5):.6f}")
    -1.315037
    """
    return F.yv(floating(z), order=fixed(v, "the order v of yv"))
