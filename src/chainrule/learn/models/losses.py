"""The losses of the models, a row at a time, and their mean: ordinary NumPy, as a user would write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from chainrule.special import logsumexp, softplus

__all__ = [
    "Ridge",
    "RowLoss",
    "average",
    "binary_cross_entropy",
    "cross_entropy",
    "half_squared_error",
    "squared_error",
]

# Of the targets and of what the model gives for them; a number for each row.
RowLoss = Callable[[Any, Any], Any]


def squared_error(y: Any, prediction: Any) -> Any:
    """(y - prediction)^2; with several outputs, summed over them."""
    e = y - prediction
    return e**2 if np.ndim(y) == 1 else np.sum(e**2, axis=1)


def half_squared_error(Y: Any, prediction: Any) -> Any:
    """(Y - prediction)^2 / 2, the mean over the outputs; both of the shape (N, k)."""
    return np.sum((Y - prediction) ** 2, axis=1) / (2 * np.shape(Y)[1])


def binary_cross_entropy(y: Any, z: Any) -> Any:
    """-ln p for y = 1 and -ln(1 - p) for y = 0, with p = sigmoid(z); it does not overflow, whatever z is.

    Both have the shape (N,), or (N, 1) as the last layer of a network gives it.
    """
    losses = softplus(z) - y * z
    return losses if np.ndim(y) == 1 else np.sum(losses, axis=1)


def cross_entropy(Y: Any, Z: Any) -> Any:
    """-ln of the probability of the true class, with probabilities softmax(Z) and a 1 for the class in a row of Y."""
    return logsumexp(Z, axis=1) - np.sum(Y * Z, axis=1)


def average(rows: Any, s: Any = None) -> Any:
    """The mean over the rows, or the mean weighted by s."""
    return np.mean(rows) if s is None else np.sum(s * rows) / np.sum(s)


@dataclass(frozen=True, slots=True)
class Ridge:
    """The L2 penalty strength * (sum of all squares) / count; kept as a quotient, which reads better than its value.

    Attributes:
        strength: 0 or positive.
        count: of rows, positive.
    """

    strength: float
    count: float

    def __call__(self, *weights: Any) -> Any:
        squares = reduce(add, [np.sum(w**2) for w in weights])
        return (squares if self.strength == 1 else self.strength * squares) / self.count

    @property
    def factor(self) -> float:
        """What a sum of squares is multiplied by."""
        return self.strength / self.count
