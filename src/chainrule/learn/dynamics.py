"""How the loss will fall from here: along each eigenvector of the Hessian by itself, at a rate of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.learn.optimizers.optimizer import Optimizer, Rule

__all__ = ["NEVER", "Outlook", "linear_rule", "transitions"]

NEVER = math.inf
HORIZON = 2**40  # steps that a prediction looks ahead


def linear_rule(optimizer: Optimizer) -> tuple[Rule, float] | None:
    """The optimizer as a rule that is linear in the gradient and its state, with its stability limit; None if not."""
    if not isinstance(optimizer, Rule):
        return None
    limit = optimizer.stability_limit()
    return None if limit is None else (optimizer, limit)


def transitions(rule: Rule, rate: float, curvatures: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a step does to the coordinate along each eigenvector and to its state: matrices of shape (k, s + 1, s + 1).

    The rule is linear in the gradient and its state, so its own update, applied to unit vectors, says it all.

    >>> from chainrule.learn.optimizers import gd
    >>> transitions(gd(), 0.1, np.array([1.0, 5.0]))[:, 0, 0]
    array([0.9, 0.5])
    """
    zero = np.zeros_like(curvatures)
    one = np.ones_like(curvatures)
    size = 1 + len(rule.init(zero))
    columns = []
    for unit in range(size):
        given = [one if place == unit else zero for place in range(size)]
        with np.errstate(all="ignore"):  # a rate of 1e308 may be asked about
            moved, state = rule.update(given[0], curvatures * given[0], tuple(given[1:]), rate, 1)
        columns.append(np.stack([moved, *state], axis=-1))
    return np.stack(columns, axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """The loss that a descent will have, as the quadratic model at its last point predicts it.

    Attributes:
        optimum: the loss at the minimum of the model.
        curvatures: eigenvalues of the Hessian along which the gradient has a component, or the nodes that stand for
            them in Gauss's quadrature, shape (k,).
        excess: how much of the loss above the optimum lies along each, shape (k,).
        matrices: what a step does along each, shape (k, s + 1, s + 1).

    >>> from chainrule.learn.optimizers import gd
    >>> curvatures = np.array([1.0, 5.0])
    >>> ahead = Outlook(3.0, curvatures, np.array([1.0, 1.0]), transitions(gd(), 0.1, curvatures))
    >>> ahead.loss_after(0), ahead.loss_after(10) < 3.2, ahead.steps_to(3.1)
    (5.0, True, 11)
    """

    optimum: float
    curvatures: NDArray[np.float64]
    excess: NDArray[np.float64]
    matrices: NDArray[np.float64]

    def loss_after(self, steps: int) -> float:
        """The loss predicted after so many more steps."""
        return self.optimum + self._left(np.linalg.matrix_power(self.matrices, steps))

    def steps_to(self, loss: float) -> float:
        """How many more steps lead to the loss, for the first time in powers of two and then by bisection.

        Infinite if it is not above the optimum, or is not reached.
        """
        target = loss - self.optimum
        if not target > 0:
            return NEVER
        if float(self.excess.sum()) <= target:
            return 0
        with np.errstate(all="ignore"):
            powers = [self.matrices]  # after 1, 2, 4, ... steps
            while not self._left(powers[-1]) <= target:
                if 2 ** len(powers) > HORIZON:
                    return NEVER
                powers.append(powers[-1] @ powers[-1])
            steps, reached = 0, np.broadcast_to(np.eye(self.matrices.shape[-1]), self.matrices.shape)
            for exponent in range(len(powers) - 2, -1, -1):
                further = reached @ powers[exponent]
                if not self._left(further) <= target:
                    steps, reached = steps + 2**exponent, further
        return steps + 1

    def _left(self, power: NDArray[np.float64]) -> float:
        # The state of a rule with memory begins at rest: that forgets what the last steps left in it.
        left = float(self.excess @ power[:, 0, 0] ** 2)
        return left if math.isfinite(left) else math.inf
