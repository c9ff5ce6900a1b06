"""What every optimizer is: a frozen record of its hyperparameters, with a rule or a solver."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = ["Optimizer", "Rule", "State", "squares"]

# Arrays of the shape of a parameter, and nothing else: so a state can be stored exactly.
State = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Optimizer(ABC):  # noqa: B024  # its two kinds have no operation in common
    """What lowers a loss: a frozen record of hyperparameters, which holds no state. It is a `Rule` or a `Solver`.

    Attributes:
        default_learning_rate: the rate that is taken where none is given; None where there is no good one.

    >>> import chainrule as cr
    >>> cr.optimizers.adam().name, cr.optimizers.adam().default_learning_rate
    ('adam', 0.001)
    """

    default_learning_rate: ClassVar[float | None] = None

    @property
    def name(self) -> str:
        """The name by which `cr.descend` knows it."""
        return type(self).__name__


@dataclass(frozen=True, slots=True)
class Rule(Optimizer):
    """A rule that makes a step of a gradient and a learning rate, for each parameter array by itself.

    A rule of one's own is a subclass:

    >>> from dataclasses import dataclass
    >>> import numpy as np, chainrule as cr
    >>> @dataclass(frozen=True, slots=True)
    ... class sign(cr.optimizers.Rule):
    ...     def update(self, parameter, gradient, state, rate, step):
    ...         return parameter - rate * np.sign(gradient), state
    >>> cr.descend("x^4", 1.0, 0.25, steps=3, optimizer=sign()).parameters
    np.float64(0.25)
    """

    def init(self, parameter: Any) -> State:
        """The state before the first step of one parameter array: none, unless the rule has one."""
        return ()

    def stability_limit(self) -> float | None:
        """The learning rate times the curvature below which a quadratic converges; None where there is no such bound.

        A rule that has one is the same at every step, and linear in the gradient and its state.
        """
        return None

    def lengthening(self) -> float:
        """How many times as long as a step of `gd` a step becomes on a long run of like gradients."""
        return 1.0

    @abstractmethod
    def update(self, parameter: Any, gradient: Any, state: State, rate: float, step: int) -> tuple[Any, State]:
        """One parameter array after a step, and the state after it; nothing is written in place.

        Args:
            parameter: the array before the step.
            gradient: its gradient there, of its shape and dtype; of a complex parameter, the direction of ascent.
            state: what the step before has left, or `init`: arrays of the parameter's shape.
            rate: the learning rate of this step.
            step: the number of this step, from 1.
        """


def squares(gradient: Any) -> Any:
    """The square of the magnitude of each component, real."""
    return gradient * gradient if gradient.dtype.kind == "f" else gradient.real**2 + gradient.imag**2
