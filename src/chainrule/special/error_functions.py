"""The error function and its relatives: complement, scaled, inverse, the normal distribution."""

from __future__ import annotations

import math

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import floating, real
from chainrule.read.special_functions import COMPLEX, REAL, special_function

__all__ = ["erf", "erfc", "erfcinv", "erfcx", "erfinv", "log_ndtr", "ndtr", "ndtri", "voigt_profile", "wofz"]

F = evaluating


@special_function(
    "scipy.special.erf",
    derivative="2 / sqrt(pi) exp(-x^2)",
    returns="An array of x's shape, within a few units in the last place",
    scipy=False,
    x="an array of any shape, real, or complex where SciPy is installed",
)
def erf(x: Array) -> Array:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    >>> from chainrule import special
    >>> print(f"{special.erf(0.5):.6f}")
    0.520500
    """
    return F.erf(floating(x))


@special_function(
    "scipy.special.erfc",
    derivative="-2 / sqrt(pi) exp(-x^2)",
    returns="An array of x's shape, within a few units in the last place",
    scipy=False,
    x="an array of any shape, real, or complex where SciPy is installed",
)
def erfc(x: Array) -> Array:
    """The complementary error function 1 - erf(x), with all its digits where erf(x) is near 1.

    >>> from chainrule import special
    >>> print(f"{special.erfc(10.0):.6e}")
    2.088488e-45
    """
    return F.erfc(floating(x))


@special_function(
    "scipy.special.erfcx",
    returns="An array of x's shape, within a few units in the last place; its derivative keeps its digits for every x",
    scipy=False,
    x="an array of any shape, real, or complex where SciPy is installed",
)
def erfcx(x: Array) -> Array:
    """exp(x^2) erfc(x), which stays a number where erfc(x) has become 0.

    >>> from chainrule import special
    >>> print(f"{special.erfcx(100.0):.8f}")
    0.00564161
    """
    return F.erfcx(floating(x))


@special_function(
    "scipy.special.erfinv",
    derivative="sqrt(pi) / 2 exp(erfinv(x)^2)",
    x="an array of any shape, with numbers in (-1, 1)",
)
def erfinv(x: Array) -> Array:
    """The inverse of `erf`.

    >>> from chainrule import special
    >>> print(f"{special.erfinv(0.5):.6f}")
    0.476936
    """
    return F.erfinv(real(x))


@special_function(
    "scipy.special.erfcinv",
    derivative="-sqrt(pi) / 2 exp(erfcinv(x)^2)",
    x="an array of any shape, with numbers in (0, 2)",
)
def erfcinv(x: Array) -> Array:
    """The inverse of `erfc`, for small x with all the digits that erfinv(1 - x) loses.

    >>> from chainrule import special
    >>> print(f"{special.erfcinv(1e-30):.6f}")
    8.148616
    """
    return F.erfcinv(real(x))


@special_function(
    "scipy.special.ndtr",
    derivative="exp(-x^2 / 2) / sqrt(2 pi)",
    returns="An array of x's shape, between 0 and 1",
    scipy=False,
    x="an array of any shape, real, or complex where SciPy is installed",
)
def ndtr(x: Array) -> Array:
    """The distribution function of the standard normal distribution.

    >>> from chainrule import special
    >>> print(f"{special.ndtr(-10.0):.6e}")
    7.619853e-24
    """
    return 0.5 * F.erfc(floating(x) / -math.sqrt(2.0))


@special_function(
    "scipy.special.log_ndtr",
    returns="An array of x's shape, at most 0",
    derivative="the density divided by the distribution function; it and the next one keep their digits in both tails",
    scipy=False,
    x="an array of any shape, real, or complex where SciPy is installed",
)
def log_ndtr(x: Array) -> Array:
    """The logarithm of the distribution function of the standard normal distribution, for every x.

    >>> from chainrule import special
    >>> special.log_ndtr(-1e8)
    np.float64(-5000000000000019.0)
    """
    return F.log_ndtr(floating(x))


@special_function("scipy.special.ndtri", p="an array of any shape, with numbers in (0, 1)")
def ndtri(p: Array) -> Array:
    """The quantile of the standard normal distribution: the inverse of `ndtr`.

    >>> from chainrule import special
    >>> print(f"{special.ndtri(0.975):.6f}")
    1.959964
    """
    return F.ndtri(real(p))


@special_function("scipy.special.wofz", derivative="-2 z wofz(z) + 2i / sqrt(pi)", z=COMPLEX)
def wofz(z: Array) -> Array:
    """Faddeeva's function exp(-z^2) erfc(-i z), a complex number.

    >>> from chainrule import special
    >>> print(f"{special.wofz(1.0 + 1.0j):.6f}")
    0.304744+0.208219j
    """
    return F.erfcx(-1j * floating(z))


@special_function(
    "scipy.special.voigt_profile",
    returns="An array of the shape that they broadcast to; it is differentiable by each",
    x=REAL,
    sigma="an array of positive numbers, the standard deviation of the normal distribution",
    gamma="an array of numbers of at least 0, the half width at half maximum of the Cauchy distribution",
)
def voigt_profile(x: Array, sigma: Array, gamma: Array) -> Array:
    """The density of the sum of a normal and a Cauchy variate, the form of a spectral line.

    >>> from chainrule import special
    >>> print(f"{special.voigt_profile(0.5, 1.0, 0.3):.6f}")
    0.289003
    """
    x, sigma, gamma = real(x), real(sigma), real(gamma)
    width = math.sqrt(2.0) * sigma
    return F.real(F.erfcx((gamma - 1j * x) / width)) / (math.sqrt(math.pi) * width)
