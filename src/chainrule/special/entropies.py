"""Terms of entropies and divergences."""

from __future__ import annotations

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import floating, real
from chainrule.read.special_functions import BROADCASTS, REAL, special_function

__all__ = ["entr", "kl_div", "rel_entr", "xlog1py", "xlogy"]

F = evaluating


@special_function(
    "scipy.special.xlogy", returns="An array", scipy=False, x="a real array", y="a real array" + BROADCASTS
)
def xlogy(x: Array, y: Array) -> Array:
    """x ln(y), which is 0 where x is 0.

    >>> from chainrule import special
    >>> special.xlogy(0.0, 0.0)
    np.float64(0.0)
    """
    x, y = floating(x), floating(y)
    both = F.logical_and(F.equal(x, 0.0), F.equal(y, 0.0))
    return x * F.log(F.where(both, 1.0, y))


@special_function(
    "scipy.special.xlog1py", returns="An array", scipy=False, x="a real array", y="a real array" + BROADCASTS
)
def xlog1py(x: Array, y: Array) -> Array:
    """x ln(1 + y), which is 0 where x is 0.

    >>> from chainrule import special
    >>> special.xlog1py(0.0, -1.0)
    np.float64(0.0)
    """
    x, y = floating(x), floating(y)
    both = F.logical_and(F.equal(x, 0.0), F.equal(y, -1.0))
    return x * F.log1p(F.where(both, 0.0, y))


@special_function("scipy.special.entr", derivative="-ln(x) - 1", scipy=False, x=REAL)
def entr(x: Array) -> Array:
    """-x ln(x), a term of an entropy; 0 at 0, and minus infinity below.

    >>> from chainrule import special
    >>> print(f"{special.entr(0.5):.6f}")
    0.346574
    """
    return F.entr(real(x))


@special_function(
    "scipy.special.rel_entr",
    returns="An array; its derivatives are ln(x / y) + 1 and -x / y",
    scipy=False,
    x="a real array",
    y="a real array" + BROADCASTS,
)
def rel_entr(x: Array, y: Array) -> Array:
    """x ln(x / y), a term of a relative entropy; infinite where x or y is negative.

    >>> from chainrule import special
    >>> print(f"{special.rel_entr(0.5, 0.25):.6f}")
    0.346574
    """
    return F.rel_entr(real(x), real(y))


@special_function(
    "scipy.special.kl_div",
    returns="An array; its derivatives are ln(x / y) and 1 - x / y",
    scipy=False,
    x="a real array",
    y="a real array" + BROADCASTS,
)
def kl_div(x: Array, y: Array) -> Array:
    """x ln(x / y) - x + y, a term of a Kullback-Leibler divergence: never negative, and exact also near x = y.

    >>> from chainrule import special
    >>> print(f"{special.kl_div(1.0, 1.0 + 1e-9):.3e}")
    5.000e-19
    """
    return F.kl_div(real(x), real(y))
