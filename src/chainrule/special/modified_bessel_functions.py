"""Modified Bessel functions, and those scaled by an exponential."""

from __future__ import annotations

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import fixed, floating, real

__all__ = ["i0", "i0e", "i1", "i1e", "iv", "ive", "k0", "k0e", "k1", "k1e", "kv", "kve"]

F = evaluating


@stands_for("scipy.special.i0")
def i0(x: Array) -> Array:
    """The Bessel function of the first kind, modified, of order 0.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.i0(1.5):.6f}")
    1.646723
    """
    return F.i0(real(x))


@stands_for("scipy.special.i1")
def i1(x: Array) -> Array:
    """The Bessel function of the first kind, modified, of order 1.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.i1(1.5):.6f}")
    0.981666
    """
    return F.i1(real(x))


@stands_for("scipy.special.k0")
def k0(x: Array) -> Array:
    """The Bessel function of the second kind, modified, of order 0.

    Args:
        x: an array of any shape, with positive numbers.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.k0(1.5):.6f}")
    0.213806
    """
    return F.k0(real(x))


@stands_for("scipy.special.k1")
def k1(x: Array) -> Array:
    """The Bessel function of the second kind, modified, of order 1.

    Args:
        x: an array of any shape, with positive numbers.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.k1(1.5):.6f}")
    0.277388
    """
    return F.k1(real(x))


@stands_for("scipy.special.i0e")
def i0e(x: Array) -> Array:
    """The Bessel function of the first kind, modified, of order 0, times exp(-|x|).

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.i0e(1.5):.6f}")
    0.367434
    """
    return F.i0e(real(x))


@stands_for("scipy.special.i1e")
def i1e(x: Array) -> Array:
    """The Bessel function of the first kind, modified, of order 1, times exp(-|x|).

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.i1e(1.5):.6f}")
    0.219039
    """
    return F.i1e(real(x))


@stands_for("scipy.special.k0e")
def k0e(x: Array) -> Array:
    """The Bessel function of the second kind, modified, of order 0, times exp(x).

    Args:
        x: an array of any shape, with positive numbers.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.k0e(1.5):.6f}")
    0.958210
    """
    return F.k0e(real(x))


@stands_for("scipy.special.k1e")
def k1e(x: Array) -> Array:
    """The Bessel function of the second kind, modified, of order 1, times exp(x).

    Args:
        x: an array of any shape, with positive numbers.

    Returns:
        An array of x's shape; its derivative is made of the functions of the neighbouring orders.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.k1e(1.5):.6f}")
    1.243166
    """
    return F.k1e(real(x))


@stands_for("scipy.special.iv")
def iv(v: float, z: Array) -> Array:
    """The Bessel function of the first kind, modified, of any real order.

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
    >>> print(f"{special.iv(2.5, 1.5):.6f}")
    0.171662
    """
    return F.iv(floating(z), order=fixed(v, "the order v of iv"))


@stands_for("scipy.special.kv", "scipy.special.kn")
def kv(v: float, z: Array) -> Array:
    """The Bessel function of the second kind, modified, of any real order.

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
    >>> print(f"{special.kv(2.5, 1.5):.6f}")
    0.989452
    """
    return F.kv(floating(z), order=fixed(v, "the order v of kv"))


@stands_for("scipy.special.ive")
def ive(v: float, z: Array) -> Array:
    """The Bessel function of the first kind, modified, of any real order, times exp(-|Re z|).

    Args:
        v: the order, a number. There is no derivative by it.
        z: an array of any shape, positive.

    Returns:
        An array of z's shape; its derivative is made of the functions of order v - 1 and v + 1.

    Raises:
        TraceError: v is traced.
                ArgumentError: v is an array.
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.ive(2.5, 1.5):.6f}")
    0.038303
    """
    return F.ive(real(z), order=fixed(v, "the order v of ive"))


@stands_for("scipy.special.kve")
def kve(v: float, z: Array) -> Array:
    """The Bessel function of the second kind, modified, of any real order, times exp(z).

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
    >>> print(f"{special.kve(2.5, 1.5):.6f}")
    4.434416
    """
    return F.kve(floating(z), order=fixed(v, "the order v of kve"))
