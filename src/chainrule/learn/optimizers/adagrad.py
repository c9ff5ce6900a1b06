"""Adagrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from chainrule.learn.fields import positive
from chainrule.learn.optimizers.optimizer import Rule, State, squares

__all__ = ["adagrad"]


@final
@dataclass(frozen=True, slots=True)
class adagrad(Rule):
    """Each component has a rate of its own, which falls with the gradients that it has seen.

        s <- s + |g|^2
        w <- w - rate g / (sqrt(s) + epsilon)

    Source: J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 12, 2011.

    Attributes:
        epsilon: what keeps the quotient finite, positive.

    >>> import chainrule as cr
    >>> round(float(cr.descend("(x - 3)^2", 0.0, 1.0, steps=50, optimizer="adagrad").parameters), 4)
    3.0
    """

    default_learning_rate: ClassVar[float | None] = 0.01
    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        positive(self, "epsilon")

    def init(self, parameter: Any) -> State:
        return (np.zeros_like(parameter.real)[()],)

    def update(self, parameter: Any, gradient: Any, state: State, rate: float, step: int) -> tuple[Any, State]:
        total = state[0] + squares(gradient)
        return parameter - rate * gradient / (np.sqrt(total) + self.epsilon), (total,)
