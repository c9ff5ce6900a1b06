"""Gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from chainrule.learn.optimizers.optimizer import Rule, State

__all__ = ["gd"]


@final
@dataclass(frozen=True, slots=True)
class gd(Rule):
    """Gradient descent, w <- w - rate g; on mini-batches, stochastic gradient descent.

    It has no default rate: below the critical rate 2 / lambda_max a quadratic converges, and above it diverges.
    Source: A.-L. Cauchy, "Méthode générale pour la résolution des systèmes d'équations simultanées", 1847.

    >>> import chainrule as cr
    >>> cr.descend("(x - 3)^2", 0.0, 0.25, steps=3, optimizer=cr.optimizers.gd()).parameters
    np.float64(2.625)
    """

    def stability_limit(self) -> float:
        return 2.0

    def update(self, parameter: Any, gradient: Any, state: State, rate: float, step: int) -> tuple[Any, State]:
        return parameter - rate * gradient, state
