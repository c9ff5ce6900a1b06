"""Special functions of machine learning and statistics, without SciPy: for plain arrays and for traced values.

Each is computed with care where the textbook formula overflows or loses digits, and so is its derivative.

>>> import chainrule as cr
>>> cr.grad(cr.special.softplus)(-1000.0), cr.special.softplus(1000.0)
(np.float64(0.0), np.float64(1000.0))
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import chainrule.ops  # noqa: F401  enters the primitives
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError

__all__ = [
    "erf",
    "erfc",
    "expit",
    "gelu",
    "log_expit",
    "log_softmax",
    "logit",
    "logsumexp",
    "one_hot",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
]

F = evaluating
Axis = int | tuple[int, ...] | None


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
    return F.expit(_array(x))


sigmoid = expit
"""Another name of `expit`."""


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
    return F.log_expit(_array(x))


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
    return F.logit(_array(x))


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
    return F.softplus(_array(x))


def relu(x: Array) -> Array:
    """The rectifier max(x, 0).

    Args:
        x: an array of any shape.

    Returns:
        An array of x's shape; its derivative is 1 for x > 0 and 0 else, also at 0, as in all machine learning
        libraries (np.maximum(x, 0) has 1/2 there).

    >>> from chainrule import special
    >>> import numpy as np
    >>> special.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return F.relu(_array(x))


def gelu(x: Array) -> Array:
    """The Gaussian error linear unit x P(Z <= x) for a standard normal Z, in its exact form.

    Source: Hendrycks and Gimpel (2016), Gaussian error linear units.

    Args:
        x: an array of any shape.

    Returns:
        An array of x's shape.

    >>> from chainrule import special
    >>> special.gelu(0.0)
    np.float64(0.0)
    """
    x = _array(x)
    # by erfc, which keeps its digits in the left tail where 1 + erf cancels
    return 0.5 * x * F.erfc(-x / math.sqrt(2.0))


def silu(x: Array) -> Array:
    """The sigmoid linear unit x expit(x), also called swish.

    Args:
        x: an array of any shape.

    Returns:
        An array of x's shape.

    >>> from chainrule import special
    >>> special.silu(0.0)
    np.float64(0.0)
    """
    x = _array(x)
    return x * F.expit(x)


def erf(x: Array) -> Array:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape, within a few units in the last place; its derivative is 2 / sqrt(pi) exp(-x^2).

    >>> from chainrule import special
    >>> print(f"{special.erf(0.5):.6f}")
    0.520500
    """
    return F.erf(_array(x))


def erfc(x: Array) -> Array:
    """The complementary error function 1 - erf(x), with all its digits where erf(x) is near 1.

    Args:
        x: an array of any shape, real.

    Returns:
        An array of x's shape, within a few units in the last place; its derivative is -2 / sqrt(pi) exp(-x^2).

    >>> from chainrule import special
    >>> print(f"{special.erfc(10.0):.6e}")
    2.088488e-45
    """
    return F.erfc(_array(x))


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
    x = _array(x)
    return F.softmax(x, axis=_axes(x, axis))


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
    x = _array(x)
    return F.log_softmax(x, axis=_axes(x, axis))


def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) over axes, without overflow; its derivative is `softmax`.

    Args:
        x: an array.
        axis: the axis or axes to sum over; None for all.
        keepdims: keep the axes with size 1.

    Returns:
        The array without these axes; -inf for a sum of nothing.

    Raises:
        ArgumentError: x has no such axis.

    >>> from chainrule import special
    >>> import numpy as np
    >>> special.logsumexp(np.array([1000.0, -1000.0]))
    np.float64(1000.0)
    """
    x = _array(x)
    return F.logsumexp(x, axis=_axes(x, axis), keepdims=bool(keepdims))


def one_hot(labels: Array, classes: int) -> Array:
    """Labels as rows that are 1 at the label and 0 elsewhere.

    Args:
        labels: an array of integers from 0 to classes - 1.
        classes: how many there are.

    Returns:
        A float64 array with a new last axis of size `classes`. It does not change with the labels: no derivative.

    Raises:
        ArgumentError: a label is not such an integer.

    >>> from chainrule import special
    >>> special.one_hot([0, 2], classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = _array(labels)
    values = labels
    while isinstance(values, Traced):
        values = values.value
    wrong = np.flatnonzero((values != np.floor(values)) | (values < 0) | (values >= classes))
    if wrong.size:
        first = np.ravel(values)[wrong[0]]
        raise ArgumentError(f"label {first} (number {wrong[0]}) is not one of the {classes} classes 0 to {classes - 1}")
    return F.one_hot(labels, classes=int(classes))


def _array(x: Any) -> Array:
    if isinstance(x, Traced):
        return x
    array = np.asarray(x)
    if array.dtype.kind not in "biufc":
        raise ArgumentError(f"expected numbers, not {x!r:.60}")
    # Of small integers NumPy computes functions in half precision.
    return array.astype(np.float64) if array.dtype.kind in "biu" else array


def _axes(x: Array, axis: Axis) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(a + x.ndim if a < 0 else a for a in given)
    if any(not 0 <= a < x.ndim for a in axes) or len(set(axes)) < len(axes):
        raise ArgumentError(
            f"axis {axis} of an array of shape {x.shape}: expected an axis from {-x.ndim} to {x.ndim - 1}"
        )
    return tuple(sorted(axes))
