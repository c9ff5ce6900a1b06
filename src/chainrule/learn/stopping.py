"""When a descent has gone far enough: frozen records, asked at every step.

>>> import chainrule as cr
>>> run = cr.descend("(x - 3)^2", 0.0, 0.25, steps=1000, stop=cr.stopping.gradient_norm(1e-6))
>>> run.steps, run.stopped
(23, 'the norm of the gradient, 7.15e-07, is below 1e-06')
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from chainrule.errors import ArgumentError
from chainrule.learn.fields import count, nonnegative, positive

__all__ = ["Stop", "gradient_norm", "loss_change", "validation"]

# What a criterion remembers from step to step: numbers, so that they can be stored exactly.
Memory = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Stop(ABC):
    """A reason to end a descent before its steps are done.

    >>> import chainrule as cr
    >>> isinstance(cr.stopping.gradient_norm(1e-6), cr.stopping.Stop)
    True
    """

    def init(self) -> Memory:
        """What it remembers before the start."""
        return ()

    @abstractmethod
    def look(
        self, step: int, loss: float, norm: float, parameters: Callable[[], Any], memory: Memory
    ) -> tuple[str, Memory]:
        """The reason to stop, "" to go on, and what to remember.

        Args:
            step: how many steps were made.
            loss: the loss before the next one; with mini-batches, that of the batch.
            norm: the Euclidean norm of the gradient there.
            parameters: makes a copy of the parameters.
            memory: what the look before has returned, or `init`.
        """


@final
@dataclass(frozen=True, slots=True)
class gradient_norm(Stop):
    """The Euclidean norm of the gradient is below a limit.

    Attributes:
        below: that limit, positive, in units of the loss by those of the parameters.

    >>> import chainrule as cr
    >>> cr.descend("x^2", 1.0, 0.25, steps=100, stop=cr.stopping.gradient_norm(0.1)).steps
    5
    """

    below: float

    def __post_init__(self) -> None:
        positive(self, "below")

    def look(
        self, step: int, loss: float, norm: float, parameters: Callable[[], Any], memory: Memory
    ) -> tuple[str, Memory]:
        return f"the norm of the gradient, {norm:.3g}, is below {self.below:g}" if norm < self.below else "", ()


@final
@dataclass(frozen=True, slots=True)
class loss_change(Stop):
    """The loss has changed by less than a share of itself in each of several steps. It is meant for full batches.

    Attributes:
        relative: that share, positive.
        patience: in how many steps one after the other.

    >>> import chainrule as cr
    >>> run = cr.descend("x^2 + 1", 1.0, 0.25, steps=100, stop=cr.stopping.loss_change(1e-6, patience=3))
    >>> run.steps, run.stopped
    (13, 'the loss changed by less than 1e-06 of itself in 3 steps')
    """

    relative: float = 1e-9
    patience: int = 10

    def __post_init__(self) -> None:
        positive(self, "relative")
        count(self, "patience")

    def init(self) -> Memory:
        return math.inf, 0

    def look(
        self, step: int, loss: float, norm: float, parameters: Callable[[], Any], memory: Memory
    ) -> tuple[str, Memory]:
        before, still = memory
        still = still + 1 if abs(loss - before) <= self.relative * abs(loss) else 0
        reason = f"the loss changed by less than {self.relative:g} of itself in {self.patience} steps"
        return reason if still >= self.patience else "", (loss, still)


@final
@dataclass(frozen=True, slots=True)
class validation(Stop):
    """A loss over other data has not fallen for a while.

    The run ends where it is, up to `patience` looks after the best place.

    Attributes:
        loss: a function of the parameters alone; it gets a copy of them.
        patience: how many looks may pass without a new lowest loss.
        every: how many steps lie between two looks.
        least: by how much, at the least, a new lowest loss is lower; 0 or more.

    >>> import numpy as np, chainrule as cr
    >>> stop = cr.stopping.validation(lambda w: (w - 0.5) ** 2, patience=3)
    >>> run = cr.descend(lambda w: (w - 1.0) ** 2, 0.0, 0.05, steps=100, stop=stop)
    >>> run.steps, run.stopped
    (10, 'the validation loss has not fallen below 0.000471 for 3 looks')
    """

    loss: Callable[[Any], Any]
    patience: int = 10
    every: int = 1
    least: float = 0.0

    def __post_init__(self) -> None:
        if not callable(self.loss):
            raise ArgumentError(f"validation: loss is {self.loss!r:.60}, expected a function of the parameters")
        count(self, "patience", "every")
        nonnegative(self, "least")

    def init(self) -> Memory:
        return math.inf, 0

    def look(
        self, step: int, loss: float, norm: float, parameters: Callable[[], Any], memory: Memory
    ) -> tuple[str, Memory]:
        if step % self.every:
            return "", memory
        best, since = memory
        found = float(self.loss(parameters()))
        if found < best - self.least:
            return "", (found, 0)
        reason = f"the validation loss has not fallen below {best:.3g} for {self.patience} looks"
        return reason if since + 1 >= self.patience else "", (best, since + 1)


def as_stops(stop: Any) -> tuple[Stop, ...]:
    """None, one criterion or several; raises `ArgumentError` for anything else."""
    found = () if stop is None else tuple(stop) if isinstance(stop, list | tuple) else (stop,)
    for each in found:
        if not isinstance(each, Stop):
            raise ArgumentError(
                f"stop is {each!r:.60}, expected one of chainrule.stopping such as gradient_norm(1e-6), or several"
            )
    return found
