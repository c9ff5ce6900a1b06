"""The noise of the gradients of mini-batches, and the loss above which it keeps a descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.learn.lanczos import lanczos
from chainrule.learn.verdict.model import Model

__all__ = ["Noise", "floor_of", "measured_noise"]


@dataclass(frozen=True, slots=True)
class Noise:
    """What the gradients of mini-batches differ by, and what follows from it.

    Attributes:
        deviation: the root of the mean square of |gradient of a batch - gradient of all|.
        floor: the mean loss above the optimum at which a descent at this rate stays.
    """

    deviation: float
    floor: float


def floor_of(curvatures: NDArray[np.float64], rate: float, batches: int, step: int) -> NDArray[np.float64]:
    """The mean loss above the optimum that noise of variance 1 along each curvature upholds after many epochs.

    A step is x <- (1 - rate lambda) x - rate xi. With batches drawn anew at each step, the variance of x settles at
    rate / (lambda (2 - rate lambda)), so the loss at rate / (2 (2 - rate lambda)), close to rate / 4. But an epoch
    takes every row once, so that the noise of its batches adds up to zero: they correlate by -1 / (batches - 1), and
    what changes slowly within an epoch feels less of it. After `step` steps it is at its place in the epoch.

    >>> floor_of(np.array([1.0]), 0.1, 1_000_000, 0).round(4)
    array([0.0263])
    """
    keep = 1 - rate * curvatures
    count = max(batches, 2)

    def added(steps: int) -> NDArray[np.float64]:
        """The variance that so many steps of one epoch add, over rate^2."""
        with np.errstate(divide="ignore", invalid="ignore"):
            plain = np.where(keep == 1, steps, (1 - keep**steps) / (1 - keep))
            squared = np.where(np.abs(keep) == 1, steps, (1 - keep ** (2 * steps)) / (1 - keep**2))
        return np.asarray(squared - (plain**2 - squared) / (count - 1))

    settled = added(count) / -np.expm1(2 * count * np.log(np.maximum(np.abs(keep), 1e-300)))
    place = step % count
    variance = rate**2 * (keep ** (2 * place) * settled + (added(place) if place else 0.0))
    return np.asarray(curvatures * np.maximum(variance, 0.0) / 2)


def measured_noise(
    model: Model, slopes: NDArray[np.float64], rate: float, batches: int, step: int, products: int
) -> Noise:
    """The noise, from the gradients of some batches, shape (batches measured, size).

    With few parameters the variance along each eigenvector is taken. Else a random combination of the deviations, whose
    covariance is theirs, stands for all of them: Gauss's quadrature from it needs a few products.
    """
    away = slopes - model.hessian.gradient
    deviation = float(np.sqrt((away**2).sum(axis=1).mean()))
    if deviation == 0:
        return Noise(0.0, 0.0)
    ends = model.ends
    if len(ends.values) == model.hessian.coordinates.size:
        vectors = ends.mixing.T @ ends.basis
        values, squares = ends.values, ((away @ vectors.T) ** 2).mean(axis=0)
    else:
        signs = np.random.default_rng(len(away)).choice([-1.0, 1.0], len(away))
        drawn = signs @ away / np.sqrt(len(away))
        limit = max(2, min(products - model.hessian.products, 12))
        seen = lanczos(model.hessian, drawn, limit)
        values, squares = seen.values, deviation**2 * seen.weights
    up = (values > model.negligible) & (rate * values < 2)
    return Noise(deviation, float(squares[up] @ floor_of(values[up], rate, batches, step)))
