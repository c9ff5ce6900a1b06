"""Learning rates that change from step to step: frozen records, called with the number of steps made before.

>>> import chainrule as cr
>>> rate = cr.schedules.cosine(0.1, steps=100)
>>> rate(0), round(rate(50), 6), rate(100)
(0.1, 0.05, 0.0)
"""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError
from chainrule.learn.fields import count, nonnegative, positive, share

__all__ = [
    "Schedule", "constant", "cosine", "exponential", "inverse_time", "one_cycle", "polynomial", "step", "warmup",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Schedule(ABC):
    """A learning rate as a function of how many steps were made before: `schedule(0)` is that of the first step.

    A schedule of one's own is a subclass, or any function of that number.

    >>> import chainrule as cr
    >>> isinstance(cr.schedules.constant(0.1), cr.schedules.Schedule)
    True
    """

    @abstractmethod
    def __call__(self, done: int) -> float:
        """The rate of the step that follows `done` steps."""


@final
@dataclass(frozen=True, slots=True)
class constant(Schedule):
    """The same rate at every step; a number is one too.

    Attributes:
        rate: that rate, positive.

    >>> import chainrule as cr
    >>> cr.schedules.constant(0.1)(1000)
    0.1
    """

    rate: float

    def __post_init__(self) -> None:
        positive(self, "rate")

    def __call__(self, done: int) -> float:
        return self.rate


@final
@dataclass(frozen=True, slots=True)
class step(Schedule):
    """Stairs: rate * factor^floor(k / every) after k steps.

    Attributes:
        rate: the rate at first, positive.
        factor: by what it is multiplied at each stair, from 0 up to 1, and not 1.
        every: how many steps a stair has.

    >>> import chainrule as cr
    >>> rate = cr.schedules.step(0.8, factor=0.5, every=10)
    >>> rate(9), rate(10), rate(29)
    (0.8, 0.4, 0.2)
    """

    rate: float
    factor: float = 0.1
    every: int = 30

    def __post_init__(self) -> None:
        positive(self, "rate")
        share(self, "factor")
        count(self, "every")

    def __call__(self, done: int) -> float:
        return self.rate * self.factor ** (done // self.every)


@final
@dataclass(frozen=True, slots=True)
class exponential(Schedule):
    """rate * factor^k after k steps.

    Attributes:
        rate: the rate of the first step, positive.
        factor: by what it is multiplied after each step, from 0 up to 1, and not 1.

    >>> import chainrule as cr
    >>> cr.schedules.exponential(0.8, factor=0.5)(3)
    0.1
    """

    rate: float
    factor: float

    def __post_init__(self) -> None:
        positive(self, "rate")
        share(self, "factor")

    def __call__(self, done: int) -> float:
        return self.rate * self.factor**done


@final
@dataclass(frozen=True, slots=True)
class inverse_time(Schedule):
    """rate / (1 + decay k) after k steps: its sum has no bound and that of its squares has one.

    So stochastic descent converges in spite of the noise.
    Source: H. Robbins, S. Monro, "A stochastic approximation method", Ann. Math. Statist. 22, 1951.

    Attributes:
        rate: the rate of the first step, positive.
        decay: how fast it falls, 0 or more: after 1 / decay steps it is half.

    >>> import chainrule as cr
    >>> cr.schedules.inverse_time(0.1, decay=0.01)(100)
    0.05
    """

    rate: float
    decay: float

    def __post_init__(self) -> None:
        positive(self, "rate")
        nonnegative(self, "decay")

    def __call__(self, done: int) -> float:
        return self.rate / (1 + self.decay * done)


@final
@dataclass(frozen=True, slots=True)
class polynomial(Schedule):
    """From `rate` to `last` in so many steps: last + (rate - last) (1 - k / steps)^power, and `last` from then on.

    Attributes:
        rate: the rate of the first step, positive.
        steps: after how many steps it is `last`.
        power: the exponent, positive; 1 is a straight line.
        last: the rate at the end, 0 or more.

    >>> import chainrule as cr
    >>> cr.schedules.polynomial(0.1, steps=100, power=2)(50)
    0.025
    """

    rate: float
    steps: int
    power: float = 1.0
    last: float = 0.0

    def __post_init__(self) -> None:
        positive(self, "rate", "power")
        nonnegative(self, "last")
        count(self, "steps")

    def __call__(self, done: int) -> float:
        return self.last + (self.rate - self.last) * (1 - min(done / self.steps, 1.0)) ** self.power


@final
@dataclass(frozen=True, slots=True)
class cosine(Schedule):
    """Half a cosine: last + (rate - last) (1 + cos(pi k / steps)) / 2 after k steps, and `last` from then on.

    Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, equation 5,
    without the restarts.

    Attributes:
        rate: the rate of the first step, positive.
        steps: after how many steps it is `last`.
        last: the rate at the end, 0 or more.

    >>> import chainrule as cr
    >>> cr.schedules.cosine(0.1, steps=10, last=0.02)(10)
    0.02
    """

    rate: float
    steps: int
    last: float = 0.0

    def __post_init__(self) -> None:
        positive(self, "rate")
        nonnegative(self, "last")
        count(self, "steps")

    def __call__(self, done: int) -> float:
        if done >= self.steps:
            return self.last
        return self.last + (self.rate - self.last) * (1 + math.cos(math.pi * done / self.steps)) / 2


@final
@dataclass(frozen=True, slots=True)
class warmup(Schedule):
    """A straight line up from a part of the rate of `then`, which goes on from there.

    After k < steps steps it is (k + 1) / (steps + 1) of `then(0)`, later `then(k - steps)`.

    Attributes:
        steps: how many steps have a lower rate.
        then: the schedule that follows, or a number.

    >>> import chainrule as cr
    >>> rate = cr.schedules.warmup(3, then=0.4)
    >>> [round(rate(k), 3) for k in range(5)]
    [0.1, 0.2, 0.3, 0.4, 0.4]
    """

    steps: int
    then: Schedule | float

    def __post_init__(self) -> None:
        count(self, "steps")
        if not isinstance(self.then, Schedule):
            positive(self, "then")

    def __call__(self, done: int) -> float:
        if done >= self.steps:
            return self.then(done - self.steps) if isinstance(self.then, Schedule) else self.then
        first = self.then(0) if isinstance(self.then, Schedule) else self.then
        return first * (done + 1) / (self.steps + 1)


@final
@dataclass(frozen=True, slots=True)
class one_cycle(Schedule):
    """Up to a peak and down to nearly nothing, each by half a cosine, in so many steps.

    Source: L. N. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large learning
    rates", 2017; with the cosines and the defaults of PyTorch.

    Attributes:
        peak: the largest rate, positive.
        steps: how many steps the cycle has; the last rate holds from then on.
        rise: the share of the steps that go up.
        first: the rate of the first step as a share of the peak.
        last: that of the last step.

    >>> import chainrule as cr
    >>> rate = cr.schedules.one_cycle(0.1, steps=11, rise=0.5)
    >>> round(rate(0), 6), round(max(rate(k) for k in range(11)), 6), round(rate(10), 9)
    (0.004, 0.097975, 4e-07)
    """

    peak: float
    steps: int
    rise: float = 0.3
    first: float = 1 / 25
    last: float = 1 / 250_000

    def __post_init__(self) -> None:
        positive(self, "peak")
        count(self, "steps")
        share(self, "rise", "first", "last")

    def __call__(self, done: int) -> float:
        summit = self.rise * self.steps - 1
        if done <= summit:
            return self.peak * _between(self.first, 1.0, done / summit if summit > 0 else 1.0)
        span = self.steps - 1 - max(summit, 0.0)
        return self.peak * _between(1.0, self.last, min((done - max(summit, 0.0)) / span, 1.0) if span > 0 else 1.0)


def _between(start: float, end: float, way: float) -> float:
    """From start to end along half a cosine, `way` of the way."""
    return end + (start - end) * (1 + math.cos(math.pi * way)) / 2


def rates_ahead(asked: Any, rate: float, done: int, count: int) -> NDArray[np.float64]:
    """The rates of so many steps, or of fewer: a schedule of the user's own is asked at each step by itself."""
    if not callable(asked):
        return np.full(count, rate)
    if not isinstance(asked, Schedule):
        return np.empty(0)
    found: list[float] = []
    with contextlib.suppress(ArgumentError):  # said when that step is reached
        for k in range(done, done + count):
            found.append(rate_at(asked, k))
    return np.array(found, np.float64)


def rate_at(schedule: Callable[[int], float], done: int) -> float:
    """The rate of the step after `done` steps; raises `ArgumentError` where a schedule gives no number that is one."""
    found: Any = schedule(done)
    number = isinstance(found, int | float | np.integer | np.floating)
    rate = float(found) if number or (isinstance(found, np.ndarray) and not found.ndim) else math.nan
    if not 0 <= rate < math.inf:
        raise ArgumentError(
            f"learning_rate gives {found!r:.60} after {done:,} steps, expected a finite number, 0 or more"
        )
    return rate
