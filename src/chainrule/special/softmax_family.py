"""Softmax, its logarithm, and the logarithm of a sum of exponentials."""

from __future__ import annotations

import numpy as np

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import plain_value
from chainrule.errors import ArgumentError
from chainrule.read.special_arguments import Axis, axes, floating, real

__all__ = ["log_softmax", "logsumexp", "softmax"]

F = evaluating


@stands_for("scipy.special.softmax")
def softmax(x: Array, axis: Axis = -1) -> Array:
    """exp(x) / sum(exp(x)) along an axis, without overflow.

    Args:
        x: an array.
        axis: the axis or axes to sum over; None for all.

    Returns:
        An array of x's shape whose sum along the axis is 1.

    Raises:
        ArgumentError: x has no such axis.

    >>> from chainrule import special
    >>> import numpy as np
    >>> special.softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    x = floating(x)
    return F.softmax(x, axis=axes(x, axis))


@stands_for("scipy.special.log_softmax")
def log_softmax(x: Array, axis: Axis = -1) -> Array:
    """x - log(sum(exp(x))) along an axis: the logarithm of `softmax`, also where that is 0 in floating point.

    Args:
        x: an array.
        axis: the axis or axes to sum over; None for all.

    Returns:
        An array of x's shape.

    Raises:
        ArgumentError: x has no such axis.

    >>> from chainrule import special
    >>> import numpy as np
    >>> special.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """
    x = floating(x)
    return F.log_softmax(x, axis=axes(x, axis))


@stands_for("scipy.special.logsumexp")
def logsumexp(x: Array, axis: Axis = None, b: Array | None = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) over axes, without overflow; its derivative is `softmax`.

    Args:
        x: an array.
        axis: the axis or axes to sum over; None for all.
        b: weights of at least 0 that multiply the exponentials and broadcast with x; by default ones.
        keepdims: keep the axes with size 1.

    Returns:
        The array without these axes; -inf for a sum of nothing.

    Raises:
        ArgumentError: x has no such axis, or a weight is negative.

    >>> from chainrule import special
    >>> import numpy as np
    >>> special.logsumexp(np.array([1000.0, -1000.0]))
    np.float64(1000.0)
    >>> special.logsumexp(np.array([1000.0, 1000.0]), b=np.array([1.0, 0.0]))
    np.float64(1000.0)
    """
    x = floating(x)
    if b is not None:
        b = real(b)
        if np.any(plain_value(b) < 0):
            raise ArgumentError("logsumexp: a weight is at least 0: of a negative sum there is no logarithm")
        counted = F.greater(b, 0.0)
        x = F.where(counted, x + F.log(F.where(counted, b, 1.0)), -np.inf)
    return F.logsumexp(x, axis=axes(x, axis), keepdims=bool(keepdims))
