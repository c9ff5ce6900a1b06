"""Activation functions of neural networks, and labels as rows."""

from __future__ import annotations

import math

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError
from chainrule.read.special_arguments import fixed, floating, real
from chainrule.read.special_functions import special_function

__all__ = ["gelu", "one_hot", "relu", "silu"]

F = evaluating


@special_function(
    derivative="1 for x > 0 and 0 else, also at 0, as in all machine learning libraries; np.maximum has 1/2",
    scipy=False,
    x="an array of any shape",
)
def relu(x: Array) -> Array:
    """The rectifier max(x, 0).

    >>> from chainrule import special
    >>> import numpy as np
    >>> special.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return F.relu(real(x))


@special_function(scipy=False, x="an array of any shape")
def gelu(x: Array) -> Array:
    """The Gaussian error linear unit x P(Z <= x) for a standard normal Z, in its exact form.

    Source: Hendrycks and Gimpel (2016), Gaussian error linear units.

    >>> from chainrule import special
    >>> special.gelu(0.0)
    np.float64(0.0)
    """
    x = floating(x)
    # by erfc, which keeps its digits in the left tail where 1 + erf cancels
    return 0.5 * x * F.erfc(-x / math.sqrt(2.0))


@special_function(scipy=False, x="an array of any shape")
def silu(x: Array) -> Array:
    """The sigmoid linear unit x expit(x), also called swish.

    >>> from chainrule import special
    >>> special.silu(0.0)
    np.float64(0.0)
    """
    x = floating(x)
    return x * F.expit(x)


def one_hot(labels: Array, classes: int) -> Array:
    """Labels as rows that are 1 at the label and 0 elsewhere.

    Args:
        labels: an array of integers from 0 to classes - 1.
        classes: how many there are.

    Returns:
        A float64 array with a new last axis of size `classes`. It does not change with the labels: no derivative.

    Raises:
        ArgumentError: a label is not such an integer, or classes is no positive one.

    >>> from chainrule import special
    >>> special.one_hot([0, 2], classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels, classes = floating(labels), fixed(classes, "the number of classes of one_hot", least=1)
    values = labels
    while isinstance(values, Traced):
        values = values.value
    wrong = np.flatnonzero((values != np.floor(values)) | (values < 0) | (values >= classes))
    if wrong.size:
        first = np.ravel(values)[wrong[0]]
        raise ArgumentError(f"label {first} (number {wrong[0]}) is not one of the {classes} classes 0 to {classes - 1}")
    return F.one_hot(labels, classes=classes)
