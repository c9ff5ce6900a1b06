"""The gamma function and its relatives."""

from __future__ import annotations

import math

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import fixed, floating, real

__all__ = [
    "beta",
    "betaln",
    "binom",
    "digamma",
    "factorial",
    "gamma",
    "gammaln",
    "loggamma",
    "multigammaln",
    "polygamma",
    "psi",
    "zeta",
]

F = evaluating


@stands_for("scipy.special.gammaln")
def gammaln(x: Array) -> Array:
    """The logarithm of the modulus of the gamma function.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape; its derivative is `digamma`.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.gammaln(1000.0):.6f}")
    5905.220423
    """
    return F.gammaln(real(x))


@stands_for("scipy.special.loggamma")
def loggamma(x: Array) -> Array:
    """The logarithm of the gamma function, holomorphic in the plane without the negative real axis.

    Args:
        x: an array of any shape, real and positive, or complex.

    Returns:
        An array of x's shape; its derivative is `digamma`.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(special.loggamma(2.0 + 3.0j).round(6))
    (-2.092852+2.302397j)
    """
    return F.loggamma(floating(x))


@stands_for("scipy.special.gamma")
def gamma(x: Array) -> Array:
    """The gamma function, which is (n - 1)! at a whole number n.

    Args:
        x: an array of any shape, real or complex.

    Returns:
        An array of x's shape; its derivative is gamma(x) digamma(x).

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> special.gamma(5.0)
    np.float64(24.0)
    """
    return F.gamma(floating(x))


@stands_for("scipy.special.factorial")
def factorial(n: Array) -> Array:
    """n!, as gamma(n + 1): also between the whole numbers, where it has a derivative.

    Args:
        n: an array of any shape with numbers of at least 0; whole ones are taken as real numbers.

    Returns:
        An array of n's shape.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> special.factorial(4)
    np.float64(24.0)
    """
    return F.gamma(floating(n) + 1.0)


@stands_for("scipy.special.digamma", "scipy.special.psi")
def digamma(x: Array) -> Array:
    """The derivative of the logarithm of the gamma function.

    Args:
        x: an array of any shape, real or complex.

    Returns:
        An array of x's shape; its derivative is polygamma(1, x).

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.digamma(1.0):.6f}")
    -0.577216
    """
    return F.digamma(floating(x))


psi = digamma
"""Another name of `digamma`."""


@stands_for("scipy.special.polygamma")
def polygamma(n: int, x: Array) -> Array:
    """The derivative of order n of `digamma`.

    Args:
        n: a whole number of at least 0.
        x: an array of any shape, real.

    Returns:
        An array of x's shape.

    Raises:
        ArgumentError: n is no whole number.
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.polygamma(1, 1.0):.6f}")
    1.644934
    """
    order = fixed(n, "the order n of polygamma", least=0)
    return F.polygamma(real(x), order=order) if order else F.digamma(real(x))


@stands_for("scipy.special.beta")
def beta(a: Array, b: Array) -> Array:
    """The beta function, gamma(a) gamma(b) / gamma(a + b).

    Args:
        a: an array of positive numbers.
        b: an array of positive numbers, which broadcasts with a.

    Returns:
        An array; its derivative by a is beta(a, b) (digamma(a) - digamma(a + b)).

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.beta(2.0, 3.0):.6f}")
    0.083333
    """
    return F.beta(real(a), real(b))


@stands_for("scipy.special.betaln")
def betaln(a: Array, b: Array) -> Array:
    """The logarithm of the beta function, without the cancellation of the three gamma functions.

    Args:
        a: an array of positive numbers.
        b: an array of positive numbers, which broadcasts with a.

    Returns:
        An array; its derivative by a is digamma(a) - digamma(a + b), taken together.

    >>> from chainrule import special
    >>> print(f"{special.betaln(0.5, 1e10):.12f}")
    -10.940560522033
    """
    return F.betaln(real(a), real(b))


@stands_for("scipy.special.multigammaln")
def multigammaln(a: Array, d: int) -> Array:
    """The logarithm of the multivariate gamma function of dimension d.

    Args:
        a: an array of any shape, with numbers greater than (d - 1) / 2.
        d: a positive whole number.

    Returns:
        An array of a's shape.

    Raises:
        ArgumentError: d is no positive whole number.
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.multigammaln(3.0, 2):.6f}")
    1.550195
    """
    a, d = real(a), fixed(d, "the dimension d of multigammaln", least=1)
    total = d * (d - 1) / 4 * math.log(math.pi)
    for j in range(d):
        total = total + F.gammaln(a - j / 2)
    return total


@stands_for("scipy.special.binom")
def binom(n: Array, k: Array) -> Array:
    """The binomial coefficient, also between the whole numbers.

    Args:
        n: an array.
        k: an array that broadcasts with it, with 0 <= k <= n.

    Returns:
        An array.

    Raises:
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> special.binom(5, 2)
    np.float64(10.0)
    """
    return F.binom(real(n), real(k))


@stands_for("scipy.special.zeta")
def zeta(x: float, q: Array = 1.0) -> Array:
    """The Hurwitz zeta function, the sum of (q + k)^-x over k = 0, 1, ...; of Riemann for q = 1.

    Args:
        x: a number greater than 1. There is no derivative by it.
        q: an array of any shape, with positive numbers.

    Returns:
        An array of q's shape; its derivative by q is -x zeta(x + 1, q).

    Raises:
        TraceError: x is traced.
        MissingExtraError: SciPy is not installed.

    >>> from chainrule import special
    >>> print(f"{special.zeta(2):.6f}")
    1.644934
    """
    return F.zeta(real(q), s=fixed(x, "the exponent x of zeta"))
