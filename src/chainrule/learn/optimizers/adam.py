"""Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from chainrule.learn.fields import positive, share
from chainrule.learn.optimizers.optimizer import Rule, State, squares

__all__ = ["adam", "adam_step"]


@final
@dataclass(frozen=True, slots=True)
class adam(Rule):
    """A running mean of the gradients, divided by the root of a running mean of their squares, both without bias.

        m <- beta1 m + (1 - beta1) g
        v <- beta2 v + (1 - beta2) |g|^2
        w <- w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)

    Source: D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.

    Attributes:
        beta1: the weight of the past in the mean of gradients, 0 or more and below 1.
        beta2: the weight of the past in the mean of squares, 0 or more and below 1.
        epsilon: what keeps the quotient finite, positive.

    >>> import chainrule as cr
    >>> round(float(cr.descend("(x - 3)^2", 0.0, 0.1, steps=300, optimizer="adam").parameters), 3)
    3.0
    """

    default_learning_rate: ClassVar[float | None] = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        share(self, "beta1", "beta2")
        positive(self, "epsilon")

    def init(self, parameter: Any) -> State:
        return np.zeros_like(parameter)[()], np.zeros_like(parameter.real)[()]

    def update(self, parameter: Any, gradient: Any, state: State, rate: float, step: int) -> tuple[Any, State]:
        return adam_step(parameter, gradient, state, rate, step, self.beta1, self.beta2, self.epsilon)


def adam_step(
    parameter: Any, gradient: Any, state: State, rate: float, step: int, beta1: float, beta2: float, epsilon: float
) -> tuple[Any, State]:
    """The step of Adam, which that of AdamW contains."""
    mean = beta1 * state[0] + (1 - beta1) * gradient
    square = beta2 * state[1] + (1 - beta2) * squares(gradient)
    root = np.sqrt(square / (1 - beta2**step)) + epsilon
    return parameter - rate / (1 - beta1**step) * mean / root, (mean, square)
