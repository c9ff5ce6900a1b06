"""Whether the iterates of a descent go from side to side along a direction, as the loss alone does not show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Swings", "seen_swings"]

LAST = 10  # steps that the growth is taken over


@dataclass(frozen=True, slots=True)
class Swings:
    """What steps did along one direction.

    Attributes:
        changes: how many went to the opposite side of the step before.
        looked: how many pairs of steps were compared: those between iterates that were kept one after the other, both
            longer than what rounding leaves.
        growth: the factor by which the steps grew, on average over the last of them; NaN where none were compared.
        outgrown: whether one of the last is the longest of all: swings that stay bounded were as long before.
    """

    changes: int
    looked: int
    growth: float
    outgrown: bool = True

    @property
    def mostly(self) -> bool:
        """Whether most of the steps went to and fro."""
        return self.looked >= 2 and self.changes >= 0.6 * self.looked


def seen_swings(steps: Sequence[int], along: NDArray[np.float64], resolution: float) -> Swings:
    """The swings of iterates, given their numbers and their coordinates along the direction.

    >>> seen_swings((0, 1, 2, 3), np.array([1.0, -0.5, 0.25, -0.125]), 1e-12)
    Swings(changes=2, looked=2, growth=0.5, outgrown=True)
    """
    changes, ratios, lengths = 0, [], []
    for i in range(2, len(steps)):
        first, second = float(along[i - 1] - along[i - 2]), float(along[i] - along[i - 1])
        consecutive = steps[i] - steps[i - 1] == 1 == steps[i - 1] - steps[i - 2]
        if consecutive and resolution < abs(first) < math.inf and resolution < abs(second) < math.inf:
            changes += first * second < 0
            ratios.append(abs(second / first))
            lengths.append(abs(second))
    growth = float(np.exp(np.mean(np.log(ratios[-LAST:])))) if ratios else math.nan
    outgrown = len(lengths) <= 2 * LAST or max(lengths[-LAST:]) > max(lengths[:-LAST])
    return Swings(changes, len(ratios), growth, outgrown)
