"""When mini-batches have brought no more for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.learn.stopping import Memory, Stop

__all__ = ["EpochsWithoutProgress", "epoch_means"]


@final
@dataclass(frozen=True, slots=True)
class EpochsWithoutProgress(Stop):
    """The mean loss of an epoch was not below the best by `least`, in more than `patience` epochs; scikit-learn's rule.

    Attributes:
        batches: how many batches make an epoch.
        least: by how much an epoch has to be better.
        patience: how many epochs one after the other may be no better.
    """

    batches: int
    least: float
    patience: int

    def init(self) -> Memory:
        """No epoch yet."""
        return 0.0, float("inf"), 0

    def look(
        self, step: int, loss: float, norm: float, parameters: Callable[[], Any], memory: Memory
    ) -> tuple[str, Memory]:
        """The reason to stop; asked before step + 1, with the loss of its batch."""
        total, best, since = memory
        if step and step % self.batches == 0:
            mean = total / self.batches
            since = since + 1 if mean > best - self.least else 0
            best, total = min(best, mean), 0.0
            if since > self.patience:
                return f"the loss fell by less than {self.least:g} in {since} epochs", (total, best, since)
        return "", (total + loss, best, since)


def epoch_means(losses: NDArray[np.float64], batches: int) -> list[float]:
    """The mean loss of the batches of each epoch, from the loss before each step."""
    return [float(np.mean(losses[i : i + batches])) for i in range(0, len(losses), batches)]
