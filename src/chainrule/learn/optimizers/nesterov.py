"""Nesterov's accelerated gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chainrule.learn.fields import share
from chainrule.learn.optimizers.optimizer import Rule, State

__all__ = ["nesterov"]


@final
@dataclass(frozen=True, slots=True)
class nesterov(Rule):
    """Momentum that looks ahead: the gradient counts as if it were taken where the velocity leads.

        v <- mu v + g
        w <- w - rate (g + mu v)

    It has no default rate.
    Source: Yu. Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k^2)", 1983, in
    the form of I. Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, with
    the parameters at the point that was looked at.

    Attributes:
        mu: the share of the velocity that is left after a step, 0 or more and below 1.

    >>> import chainrule as cr
    >>> cr.descend("(x - 3)^2", 0.0, 0.25, steps=2, optimizer=cr.optimizers.nesterov(mu=0.5)).parameters
    np.float64(3.1875)
    """

    mu: float = 0.9

    def __post_init__(self) -> None:
        share(self, "mu")

    def init(self, parameter: Any) -> State:
        return (np.zeros_like(parameter)[()],)

    def stability_limit(self) -> float:
        return 2 * (1 + self.mu) / (1 + 2 * self.mu)

    def lengthening(self) -> float:
        return 1 / (1 - self.mu)

    def update(self, parameter: Any, gradient: Any, state: State, rate: float, step: int) -> tuple[Any, State]:
        velocity = self.mu * state[0] + gradient
        return parameter - rate * (gradient + self.mu * velocity), (velocity,)
