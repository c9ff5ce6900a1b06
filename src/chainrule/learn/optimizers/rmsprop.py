"""RMSprop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from chainrule.learn.fields import positive, share
from chainrule.learn.optimizers.optimizer import Rule, State, squares

__all__ = ["rmsprop"]


@final
@dataclass(frozen=True, slots=True)
class rmsprop(Rule):
    """Each component is divided by the root of a running mean of its squares.

        s <- rho s + (1 - rho) |g|^2
        w <- w - rate g / (sqrt(s) + epsilon)

    Source: T. Tieleman, G. Hinton, "Lecture 6.5: divide the gradient by a running average of its recent magnitude",
    Neural Networks for Machine Learning, 2012.

    Attributes:
        rho: the weight of the past in the running mean, 0 or more and below 1.
        epsilon: what keeps the quotient finite, positive.

    >>> import chainrule as cr
    >>> round(float(cr.descend("(x - 3)^2", 0.0, 0.01, steps=300, optimizer="rmsprop").parameters), 2)
    2.81
    """

    default_learning_rate: ClassVar[float | None] = 0.01
    rho: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        share(self, "rho")
        positive(self, "epsilon")

    def init(self, parameter: Any) -> State:
        return (np.zeros_like(parameter.real)[()],)

    def update(self, parameter: Any, gradient: Any, state: State, rate: float, step: int) -> tuple[Any, State]:
        mean = self.rho * state[0] + (1 - self.rho) * squares(gradient)
        return parameter - rate * gradient / (np.sqrt(mean) + self.epsilon), (mean,)
