"""AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from chainrule.learn.fields import nonnegative, positive, share
from chainrule.learn.optimizers.adam import adam_step
from chainrule.learn.optimizers.optimizer import Rule, State

__all__ = ["adamw"]


@final
@dataclass(frozen=True, slots=True)
class adamw(Rule):
    """Adam with weight decay of its own: the decay is not divided by the root of the squares, as L2 in the loss is.

        w <- w - rate weight_decay w
        w <- the step of `adam` from there

    Source: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2, where the rate
    is the product of the schedule and the factor alpha.

    Attributes:
        beta1: the weight of the past in the mean of gradients, 0 or more and below 1.
        beta2: the weight of the past in the mean of squares, 0 or more and below 1.
        epsilon: what keeps the quotient finite, positive.
        weight_decay: by how much, times the rate, a step without a gradient shrinks a parameter; 0 or more.

    >>> import chainrule as cr
    >>> round(float(cr.descend("(x - 3)^2", 0.0, 0.1, steps=300, optimizer="adamw").parameters), 3)
    2.984
    """

    default_learning_rate: ClassVar[float | None] = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        share(self, "beta1", "beta2")
        positive(self, "epsilon")
        nonnegative(self, "weight_decay")

    def init(self, parameter: Any) -> State:
        return np.zeros_like(parameter)[()], np.zeros_like(parameter.real)[()]

    def update(self, parameter: Any, gradient: Any, state: State, rate: float, step: int) -> tuple[Any, State]:
        decayed = parameter * (1 - rate * self.weight_decay)
        return adam_step(decayed, gradient, state, rate, step, self.beta1, self.beta2, self.epsilon)
