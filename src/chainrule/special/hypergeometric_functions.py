"""Lambert's function, the dilogarithm, exponential integrals of an order, and hypergeometric functions."""

from __future__ import annotations

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.errors import ArgumentError
from chainrule.read.special_arguments import fixed, floating, real
from chainrule.read.special_functions import COMPLEX, POSITIVE, special_function

__all__ = ["expn", "hyp1f1", "hyp2f1", "lambertw", "spence"]

F = evaluating
_PARAMETER = "a number. There is no derivative by it"


@special_function(
    "scipy.special.lambertw",
    returns="An array of z's shape: complex of complex numbers (SciPy's are always complex), and real of real ones, "
    "which is NaN where the branch is not real",
    derivative="exp(-w) / (1 + w) with w = lambertw(z)",
    raises="the branch is no whole number, or z is real and the branch is neither 0 nor -1",
    z="an array of any shape: real numbers from -1/e on, or complex ones",
    k="the branch, a whole number: 0 for the principal one, -1 for the other that is real, between -1/e and 0",
)
def lambertw(z: Array, k: int = 0) -> Array:
    """Lambert's function, the solution w of w exp(w) = z.

    >>> from chainrule import special
    >>> print(f"{special.lambertw(1.0):.6f} {special.lambertw(-0.1, -1):.6f}")
    0.567143 -3.577152
    """
    z, branch = floating(z), fixed(k, "the branch k of lambertw")
    if not isinstance(branch, int):
        raise ArgumentError(f"the branch k of lambertw is a whole number, not {branch}")
    if z.dtype.kind != "c" and branch not in (0, -1):
        raise ArgumentError(f"lambertw: of a real z the branches 0 and -1 are real, not {branch}: give a complex z")
    return F.lambertw(z, branch=branch)


@special_function(
    "scipy.special.expn",
    derivative="-expn(n - 1, x)",
    raises="n is no whole number of at least 0",
    n="a whole number of at least 0. There is no derivative by it",
    x=POSITIVE,
)
def expn(n: int, x: Array) -> Array:
    """The exponential integral of order n, the integral of exp(-x t) / t^n from 1 to infinity.

    >>> from chainrule import special
    >>> print(f"{special.expn(2, 0.5):.6f}")
    0.326644
    """
    order, x = fixed(n, "the order n of expn", least=0), real(x)
    return F.expn(x, n=order) if order else F.exp(-x) / x


@special_function("scipy.special.spence", derivative="ln(z) / (1 - z)", z=COMPLEX)
def spence(z: Array) -> Array:
    """The dilogarithm of 1 - z: the integral of ln(t) / (1 - t) from 1 to z.

    >>> from chainrule import special
    >>> print(f"{special.spence(0.0):.6f}")
    1.644934
    """
    return F.spence(floating(z))


@special_function(
    "scipy.special.hyp1f1", derivative="a / b hyp1f1(a + 1, b + 1, x)", a=_PARAMETER, b=_PARAMETER, x=COMPLEX
)
def hyp1f1(a: float, b: float, x: Array) -> Array:
    """The confluent hypergeometric function 1F1.

    >>> from chainrule import special
    >>> print(f"{special.hyp1f1(0.5, 1.5, -2.0):.6f}")
    0.598144
    """
    return F.hyp1f1(floating(x), a=fixed(a, "the parameter a of hyp1f1"), b=fixed(b, "the parameter b of hyp1f1"))


@special_function(
    "scipy.special.hyp2f1",
    derivative="a b / c hyp2f1(a + 1, b + 1, c + 1, x)",
    a=_PARAMETER,
    b=_PARAMETER,
    c=_PARAMETER,
    x="an array of any shape, with numbers less than 1, or complex",
)
def hyp2f1(a: float, b: float, c: float, x: Array) -> Array:
    """Gauss's hypergeometric function 2F1.

    >>> from chainrule import special
    >>> print(f"{special.hyp2f1(1.0, 1.0, 2.0, 0.5):.6f}")
    1.386294
    """
    parameters = {name: fixed(v, f"the parameter {name} of hyp2f1") for name, v in zip("abc", (a, b, c), strict=True)}
    return F.hyp2f1(floating(x), **parameters)
