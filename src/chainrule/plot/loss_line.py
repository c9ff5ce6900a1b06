"""A loss against its step as a line: what of it to draw, where it rises, and its numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from chainrule.plot.numbers import number

__all__ = ["loss_number", "rises", "smoothed", "thinned"]

# More points than a line of a page's width can show.
MOST = 2_000


def loss_number(value: float) -> str:
    """A loss as it is written: four decimals where they say something, else five digits.

    >>> loss_number(336.635), loss_number(-1e-7), loss_number(0.0), loss_number(float("inf"))
    ('336.6350', '−1e−07', '0', '∞')
    """
    if not math.isfinite(value):
        return number(value)
    return (f"{value:.4f}" if 0.01 <= abs(value) < 1e5 else f"{value:.5g}").replace("-", "−")


def thinned(values: NDArray[np.float64], most: int = MOST) -> NDArray[np.intp]:
    """Which of many values to draw: of each of `most` / 2 stretches the lowest and the highest, the first and the last.

    A stretch that holds a number that is not finite keeps the first of these too, so that the line has its gap there.

    >>> thinned(np.array([0.0, 5.0, 1.0, 1.0, -3.0, 2.0]), most=4).tolist()
    [0, 1, 4, 5]
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    edges = np.linspace(0, count, most // 2 + 1).astype(np.intp)
    chosen = {0, count - 1}
    for begin, end in itertools.pairwise(edges):
        chosen.add(int(begin + np.argmin(low[begin:end])))
        chosen.add(int(begin + np.argmax(high[begin:end])))
        if not finite[begin:end].all():
            chosen.add(int(begin + np.argmin(finite[begin:end])))
    return np.array(sorted(chosen), dtype=np.intp)


def rises(losses: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places whose loss is above the one before by more than rounding.

    >>> rises(np.array([3.0, 2.0, 2.5, 1.0])).tolist()
    [2]
    """
    with np.errstate(invalid="ignore", over="ignore"):
        higher = np.diff(losses) > 4 * np.finfo(float).eps * np.abs(losses[:-1])
    return np.flatnonzero(higher) + 1


def smoothed(losses: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The mean over `width` neighbours of each loss, at the ends over those there are; without what is not finite.

    >>> smoothed(np.array([0.0, 3.0, 0.0]), 3).tolist()
    [1.5, 1.0, 1.5]
    """
    finite = np.isfinite(losses)
    sums, counts = (
        np.concatenate([[0.0], np.cumsum(part)]) for part in (np.where(finite, losses, 0.0), finite.astype(float))
    )
    places = np.arange(len(losses))
    begin, end = np.maximum(places - width // 2, 0), np.minimum(places + width // 2 + 1, len(losses))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums[end] - sums[begin]) / (counts[end] - counts[begin])
