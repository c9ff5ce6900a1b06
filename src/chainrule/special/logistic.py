"""The logistic function, its logarithm, its inverse and its integral."""

from __future__ import annotations

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import floating, real
from chainrule.read.special_functions import special_function

__all__ = ["expit", "log_expit", "logit", "sigmoid", "softplus"]

F = evaluating


@special_function(
    "scipy.special.expit",
    derivative="expit(x) expit(-x)",
    returns="An array of x's shape, between 0 and 1",
    scipy=False,
    x="an array of any shape",
)
def expit(x: Array) -> Array:
    """The logistic function 1 / (1 + exp(-x)), without overflow and exact in both tails.

    >>> from chainrule import special
    >>> special.expit(0.0)
    np.float64(0.5)
    >>> special.expit(-1000.0)
    np.float64(0.0)
    """
    return F.expit(floating(x))


sigmoid = expit
"""Another name of `expit`."""


@special_function(
    "scipy.special.log_expit",
    derivative="expit(-x)",
    returns="An array of x's shape, at most 0",
    scipy=False,
    x="an array of any shape",
)
def log_expit(x: Array) -> Array:
    """The logarithm of the logistic function, -log(1 + exp(-x)): the log-likelihood of a binary label.

    >>> from chainrule import special
    >>> special.log_expit(-1000.0)
    np.float64(-1000.0)
    """
    return F.log_expit(real(x))


@special_function(
    "scipy.special.logit", derivative="1 / (x (1 - x))", scipy=False, x="an array of any shape, with numbers in (0, 1)"
)
def logit(x: Array) -> Array:
    """The log odds log(x / (1 - x)), the inverse of `expit`.

    >>> from chainrule import special
    >>> special.logit(0.5)
    np.float64(0.0)
    """
    return F.logit(floating(x))


@special_function("scipy.special.softplus", derivative="expit(x)", scipy=False, x="an array of any shape")
def softplus(x: Array) -> Array:
    """log(1 + exp(x)), a smooth form of `relu`, without overflow.

    >>> from chainrule import special
    >>> special.softplus(1000.0)
    np.float64(1000.0)
    """
    return F.softplus(real(x))
