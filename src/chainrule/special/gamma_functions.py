"""The gamma function and its relatives."""

from __future__ import annotations

import math

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.errors import ArgumentError
from chainrule.read.special_arguments import fixed, floating, real
from chainrule.read.special_functions import BROADCASTS, COMPLEX, POSITIVE, REAL, special_function

__all__ = [
    "beta",
    "betaln",
    "binom",
    "digamma",
    "factorial",
    "gamma",
    "gammaln",
    "gammasgn",
    "loggamma",
    "multigammaln",
    "poch",
    "polygamma",
    "psi",
    "rgamma",
    "zeta",
]

F = evaluating


@special_function("scipy.special.gammaln", derivative="`digamma`", x=REAL)
def gammaln(x: Array) -> Array:
    """The logarithm of the modulus of the gamma function.

    >>> from chainrule import special
    >>> print(f"{special.gammaln(1000.0):.6f}")
    5905.220423
    """
    return F.gammaln(real(x))


@special_function(
    "scipy.special.loggamma", derivative="`digamma`", x="an array of any shape, real and positive, or complex"
)
def loggamma(x: Array) -> Array:
    """The logarithm of the gamma function, holomorphic in the plane without the negative real axis.

    >>> from chainrule import special
    >>> print(special.loggamma(2.0 + 3.0j).round(6))
    (-2.092852+2.302397j)
    """
    return F.loggamma(floating(x))


@special_function("scipy.special.gamma", derivative="gamma(x) digamma(x)", x=COMPLEX)
def gamma(x: Array) -> Array:
    """The gamma function, which is (n - 1)! at a whole number n.

    >>> from chainrule import special
    >>> special.gamma(5.0)
    np.float64(24.0)
    """
    return F.gamma(floating(x))


@special_function(
    "scipy.special.factorial",
    n="an array of any shape with numbers of at least 0; whole ones are taken as real numbers",
)
def factorial(n: Array) -> Array:
    """n!, as gamma(n + 1): also between the whole numbers, where it has a derivative.

    >>> from chainrule import special
    >>> special.factorial(4)
    np.float64(24.0)
    """
    return F.gamma(floating(n) + 1.0)


@special_function("scipy.special.rgamma", derivative="-digamma(x) rgamma(x), and NaN at 0, -1, -2, ...", x=COMPLEX)
def rgamma(x: Array) -> Array:
    """The reciprocal of the gamma function.

    >>> from chainrule import special
    >>> print(f"{special.rgamma(5.0):.6f}")
    0.041667
    """
    return F.rgamma(floating(x))


@special_function("scipy.special.gammasgn", derivative="0", x=REAL)
def gammasgn(x: Array) -> Array:
    """The sign of the gamma function, with which `gammaln` goes for negative numbers.

    >>> from chainrule import special
    >>> special.gammasgn(-0.5)
    np.float64(-1.0)
    """
    return F.gammasgn(real(x))


@special_function(
    "scipy.special.poch",
    returns="An array of the shape that z and m broadcast to",
    derivative="by m poch(z, m) digamma(z + m)",
    z=POSITIVE,
    m="an array of numbers greater than -z, which broadcasts with it",
)
def poch(z: Array, m: Array) -> Array:
    """Pochhammer's symbol gamma(z + m) / gamma(z), also called the rising factorial.

    >>> from chainrule import special
    >>> special.poch(2.0, 3.0)
    np.float64(24.0)
    """
    return F.poch(real(z), real(m))


@special_function("scipy.special.digamma", "scipy.special.psi", derivative="polygamma(1, x)", x=COMPLEX)
def digamma(x: Array) -> Array:
    """The derivative of the logarithm of the gamma function.

    >>> from chainrule import special
    >>> print(f"{special.digamma(1.0):.6f}")
    -0.577216
    """
    return F.digamma(floating(x))


psi = digamma
"""Another name of `digamma`."""


@special_function(
    "scipy.special.polygamma",
    raises="n is no whole number",
    n="a whole number of at least 0. There is no derivative by it",
    x=COMPLEX,
)
def polygamma(n: int, x: Array) -> Array:
    """The derivative of order n of `digamma`.

    >>> from chainrule import special
    >>> print(f"{special.polygamma(1, 1.0):.6f}")
    1.644934
    """
    order = fixed(n, "the order n of polygamma", least=0)
    return F.polygamma(floating(x), order=order) if order else F.digamma(floating(x))


@special_function(
    "scipy.special.beta",
    returns="An array; its derivative by a is beta(a, b) (digamma(a) - digamma(a + b))",
    a=POSITIVE,
    b=POSITIVE + BROADCASTS,
)
def beta(a: Array, b: Array) -> Array:
    """The beta function, gamma(a) gamma(b) / gamma(a + b).

    >>> from chainrule import special
    >>> print(f"{special.beta(2.0, 3.0):.6f}")
    0.083333
    """
    return F.beta(real(a), real(b))


@special_function(
    "scipy.special.betaln",
    returns="An array; its derivative by a is digamma(a) - digamma(a + b), taken together",
    scipy=False,
    a=POSITIVE,
    b=POSITIVE + BROADCASTS,
)
def betaln(a: Array, b: Array) -> Array:
    """The logarithm of the beta function, without the cancellation of the three gamma functions.

    >>> from chainrule import special
    >>> print(f"{special.betaln(0.5, 1e10):.12f}")
    -10.940560522033
    """
    return F.betaln(real(a), real(b))


@special_function(
    "scipy.special.multigammaln",
    returns="An array of a's shape",
    raises="d is no positive whole number",
    a="an array of any shape, with numbers greater than (d - 1) / 2",
    d="a positive whole number",
)
def multigammaln(a: Array, d: int) -> Array:
    """The logarithm of the multivariate gamma function of dimension d.

    >>> from chainrule import special
    >>> print(f"{special.multigammaln(3.0, 2):.6f}")
    1.550195
    """
    a, d = real(a), fixed(d, "the dimension d of multigammaln", least=1)
    total = d * (d - 1) / 4 * math.log(math.pi)
    for j in range(d):
        total = total + F.gammaln(a - j / 2)
    return total


@special_function(
    "scipy.special.binom", returns="An array", n="an array", k="an array that broadcasts with it, with 0 <= k <= n"
)
def binom(n: Array, k: Array) -> Array:
    """The binomial coefficient, also between the whole numbers.

    >>> from chainrule import special
    >>> special.binom(5, 2)
    np.float64(10.0)
    """
    return F.binom(real(n), real(k))


@special_function(
    "scipy.special.zeta",
    returns="An array of q's shape; its derivative by q is -x zeta(x + 1, q)",
    raises="x is not greater than 1",
    x="a number greater than 1. There is no derivative by it",
    q=POSITIVE,
)
def zeta(x: float, q: Array = 1.0) -> Array:
    """The Hurwitz zeta function, the sum of (q + k)^-x over k = 0, 1, ...; of Riemann for q = 1.

    >>> from chainrule import special
    >>> print(f"{special.zeta(2):.6f}")
    1.644934
    """
    exponent = fixed(x, "the exponent x of zeta")
    if exponent <= 1:
        raise ArgumentError(
            f"the exponent x of zeta is greater than 1, not {exponent}: below, the sum does not converge"
        )
    return F.zeta(real(q), s=exponent)
