"""Modified Bessel functions, and those scaled by an exponential."""

from __future__ import annotations

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import fixed, floating, real
from chainrule.read.special_functions import ORDER, POSITIVE, REAL, special_function

__all__ = ["i0", "i0e", "i1", "i1e", "iv", "ive", "k0", "k0e", "k1", "k1e", "kv", "kve"]

F = evaluating


@special_function("scipy.special.i0", derivative="i1(x)", x=REAL)
def i0(x: Array) -> Array:
    """The Bessel function of the first kind, modified, of order 0.

    >>> from chainrule import special
    >>> print(f"{special.i0(1.5):.6f}")
    1.646723
    """
    return F.i0(real(x))


@special_function("scipy.special.i1", derivative="(i0(x) + iv(2, x)) / 2", x=REAL)
def i1(x: Array) -> Array:
    """The Bessel function of the first kind, modified, of order 1.

    >>> from chainrule import special
    >>> print(f"{special.i1(1.5):.6f}")
    0.981666
    """
    return F.i1(real(x))


@special_function("scipy.special.k0", derivative="-k1(x)", x=POSITIVE)
def k0(x: Array) -> Array:
    """The Bessel function of the second kind, modified, of order 0.

    >>> from chainrule import special
    >>> print(f"{special.k0(1.5):.6f}")
    0.213806
    """
    return F.k0(real(x))


@special_function("scipy.special.k1", derivative="-(k0(x) + kv(2, x)) / 2", x=POSITIVE)
def k1(x: Array) -> Array:
    """The Bessel function of the second kind, modified, of order 1.

    >>> from chainrule import special
    >>> print(f"{special.k1(1.5):.6f}")
    0.277388
    """
    return F.k1(real(x))


@special_function("scipy.special.i0e", derivative="i1e(x) - sign(x) i0e(x), with its digits for every x", x=REAL)
def i0e(x: Array) -> Array:
    """The Bessel function of the first kind, modified, of order 0, times exp(-|x|).

    >>> from chainrule import special
    >>> print(f"{special.i0e(1.5):.6f}")
    0.367434
    """
    return F.i0e(real(x))


@special_function(
    "scipy.special.i1e",
    derivative="that of i1(x) times exp(-|x|), minus sign(x) i1e(x), with its digits for every x",
    x=REAL,
)
def i1e(x: Array) -> Array:
    """The Bessel function of the first kind, modified, of order 1, times exp(-|x|).

    >>> from chainrule import special
    >>> print(f"{special.i1e(1.5):.6f}")
    0.219039
    """
    return F.i1e(real(x))


@special_function("scipy.special.k0e", derivative="k0e(x) - k1e(x), with its digits for every x", x=POSITIVE)
def k0e(x: Array) -> Array:
    """The Bessel function of the second kind, modified, of order 0, times exp(x).

    >>> from chainrule import special
    >>> print(f"{special.k0e(1.5):.6f}")
    0.958210
    """
    return F.k0e(real(x))


@special_function(
    "scipy.special.k1e", derivative="that of k1(x) times exp(x), plus k1e(x), with its digits for every x", x=POSITIVE
)
def k1e(x: Array) -> Array:
    """The Bessel function of the second kind, modified, of order 1, times exp(x).

    >>> from chainrule import special
    >>> print(f"{special.k1e(1.5):.6f}")
    1.243166
    """
    return F.k1e(real(x))


@special_function(
    "scipy.special.iv",
    derivative="(iv(v - 1, z) + iv(v + 1, z)) / 2",
    v=ORDER,
    z="an array of any shape, positive or complex",
)
def iv(v: float, z: Array) -> Array:
    """The Bessel function of the first kind, modified, of any real order.

    >>> from chainrule import special
    >>> print(f"{special.iv(2.5, 1.5):.6f}")
    0.171662
    """
    return F.iv(floating(z), order=fixed(v, "the order v of iv"))


@special_function(
    "scipy.special.kv",
    "scipy.special.kn",
    derivative="-(kv(v - 1, z) + kv(v + 1, z)) / 2",
    v=ORDER,
    z="an array of any shape, positive or complex",
)
def kv(v: float, z: Array) -> Array:
    """The Bessel function of the second kind, modified, of any real order.

    >>> from chainrule import special
    >>> print(f"{special.kv(2.5, 1.5):.6f}")
    0.989452
    """
    return F.kv(floating(z), order=fixed(v, "the order v of kv"))


@special_function(
    "scipy.special.ive",
    derivative="that of iv(v, z) times exp(-|z|), minus sign(z) ive(v, z), with its digits for every z",
    v=ORDER,
    z="an array of any shape, positive, or complex with |Re z| up to 700",
)
def ive(v: float, z: Array) -> Array:
    """The Bessel function of the first kind, modified, of any real order, times exp(-|Re z|).

    >>> from chainrule import special
    >>> print(f"{special.ive(2.5, 1.5):.6f}")
    0.038303
    """
    z, order = floating(z), fixed(v, "the order v of ive")
    if z.dtype.kind == "c":  # |Re z| is no holomorphic function of z, so this is a product
        return F.iv(z, order=order) * F.exp(-F.abs(F.real(z)))
    return F.ive(z, order=order)


@special_function(
    "scipy.special.kve",
    derivative="that of kv(v, z) times exp(z), plus kve(v, z), with its digits for every z",
    v=ORDER,
    z="an array of any shape, positive or complex",
)
def kve(v: float, z: Array) -> Array:
    """The Bessel function of the second kind, modified, of any real order, times exp(z).

    >>> from chainrule import special
    >>> print(f"{special.kve(2.5, 1.5):.6f}")
    4.434416
    """
    return F.kve(floating(z), order=fixed(v, "the order v of kve"))
