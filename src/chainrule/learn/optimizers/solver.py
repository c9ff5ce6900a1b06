"""Optimizers that make their steps by themselves, from all data: SciPy's, which find the length of a step on a line."""

from __future__ import annotations

import importlib
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import MissingExtraError
from chainrule.learn.optimizers.optimizer import Optimizer

__all__ = ["Objective", "Solver"]

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Objective:
    """A loss as a function of all parameters in one vector.

    Attributes:
        both: the loss and its gradient.
        hessian: at a point, the product of the Hessian with a vector.
        arrived: to be called with the point that a step has led to; raises `StopIteration` where the run is to end.
    """

    both: Callable[[Vector], tuple[float, Vector]]
    hessian: Callable[[Vector], Callable[[Vector], Vector]]
    arrived: Callable[[Vector], None]


@dataclass(frozen=True, slots=True)
class Solver(Optimizer):
    """A method that looks along a line for the length of each step, so that it has no learning rate.

    It takes all data at every step. A trial where the loss is not finite counts as too long a step.

    >>> import chainrule as cr
    >>> isinstance(cr.optimizers.lbfgs(), cr.optimizers.Solver)
    True
    """

    @abstractmethod
    def minimize(self, objective: Objective, at: Vector, steps: int) -> str:
        """Make up to so many steps from a point; why it ended before, or "" if it did not.

        Args:
            objective: the loss, which is told of each step.
            at: all parameters in one vector.
            steps: how many steps to make.
        """

    def require(self) -> Any:
        """SciPy's optimizers; raises `MissingExtraError` with the install command."""
        try:
            return importlib.import_module("scipy.optimize")
        except ImportError:
            raise MissingExtraError(
                f'{self.name} is SciPy\'s, which is not installed: pip install "chainrule[special]"'
            ) from None
