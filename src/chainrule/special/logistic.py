"""The logistic function, its logarithm, its inverse and its integral."""

from __future__ import annotations

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.read.special_arguments import floating

__all__ = ["expit", "log_expit", "logit", "sigmoid", "softplus"]

F = evaluating


@stands_for("scipy.special.expit")
def expit(x: Array) -> Array:
    """The logistic function 1 / (1 + exp(-x)), without overflow and exact in both tails.

    Args:
        x: an array of any shape.

    Returns:
        An array of x's shape, between 0 and 1; its derivative is expit(x) expit(-x).

    >>> from chainrule import special
    >>> special.expit(0.0)
    np.float64(0.5)
    >>> special.expit(-1000.0)
    np.float64(0.0)
    """
    return F.expit(floating(x))


sigmoid = expit
"""Another name of `expit`."""


@stands_for("scipy.special.log_expit")
def log_expit(x: Array) -> Array:
    """The logarithm of the logistic function, -log(1 + exp(-x)): the log-likelihood of a binary label.

    Args:
        x: an array of any shape.

    Returns:
        An array of x's shape, at most 0; its derivative is expit(-x).

    >>> from chainrule import special
    >>> special.log_expit(-1000.0)
    np.float64(-1000.0)
    """
    return F.log_expit(floating(x))


@stands_for("scipy.special.logit")
def logit(x: Array) -> Array:
    """The log odds log(x / (1 - x)), the inverse of `expit`.

    Args:
        x: an array of any shape, with numbers in (0, 1).

    Returns:
        An array of x's shape; its derivative is 1 / (x (1 - x)).

    >>> from chainrule import special
    >>> special.logit(0.5)
    np.float64(0.0)
    """
    return F.logit(floating(x))


@stands_for("scipy.special.softplus")
def softplus(x: Array) -> Array:
    """log(1 + exp(x)), a smooth form of `relu`, without overflow.

    Args:
        x: an array of any shape.

    Returns:
        An array of x's shape; its derivative is expit(x).

    >>> from chainrule import special
    >>> special.softplus(1000.0)
    np.float64(1000.0)
    """
    return F.softplus(floating(x))
