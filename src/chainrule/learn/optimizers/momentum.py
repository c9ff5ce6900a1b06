"""Momentum, the method of the heavy ball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chainrule.learn.fields import share
from chainrule.learn.optimizers.optimizer import Rule, State

__all__ = ["momentum"]


@final
@dataclass(frozen=True, slots=True)
class momentum(Rule):
    """Gradients add up to a velocity, which friction slows down.

        v <- mu v + g
        w <- w - rate v

    On a long run of like gradients a step is 1 / (1 - mu) times that of `gd`. It has no default rate.
    Source: B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.

    Attributes:
        mu: the share of the velocity that is left after a step, 0 or more and below 1.

    >>> import chainrule as cr
    >>> cr.descend("(x - 3)^2", 0.0, 0.25, steps=2, optimizer=cr.optimizers.momentum(mu=0.5)).parameters
    np.float64(3.0)
    """

    mu: float = 0.9

    def __post_init__(self) -> None:
        share(self, "mu")

    def init(self, parameter: Any) -> State:
        return (np.zeros_like(parameter)[()],)

    def stability_limit(self) -> float:
        return 2 * (1 + self.mu)

    def lengthening(self) -> float:
        return 1 / (1 - self.mu)

    def update(self, parameter: Any, gradient: Any, state: State, rate: float, step: int) -> tuple[Any, State]:
        velocity = self.mu * state[0] + gradient
        return parameter - rate * velocity, (velocity,)
