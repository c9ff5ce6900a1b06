"""What became of a numerical derivative, as a name rather than as a number that looks like any other."""

from __future__ import annotations

from enum import Enum

__all__ = ["Side", "Status"]


class Status(Enum):
    """What an estimate of a derivative is worth, and why it is not worth more.

    >>> from chainrule.numeric import Status, estimate
    >>> estimate(abs, 0.0).status is Status.KINK
    True
    """

    CONVERGED = "converged"
    """The relative error is below eps**(1 / (order + 1)), or f is constant as far as was looked."""
    ROUNDING = "limited by rounding"
    """The rounding of f hides the rest: f is flat and goes on in steps, or large numbers cancel in it."""
    NOISY = "noisy function"
    """The values of f tremble by far more than rounding explains."""
    KINK = "kink"
    """The slopes from the left and from the right differ; value and error span both."""
    JUMP = "jump"
    """The function is not continuous at x."""
    UNBOUNDED = "unbounded slope"
    """The slope grows without limit towards x: a vertical tangent."""
    UNDEFINED = "undefined near x"
    """The function is NaN, infinite or raises beside x or at it; a derivative from the other side is given if it is."""
    UNRESOLVED = "not resolved"
    """No scale was found at which the function is smooth, within the evaluations allowed."""

    def __str__(self) -> str:
        return self.value


class Side(Enum):
    """On which side of x a function is not defined.

    >>> import math
    >>> from chainrule.numeric import Side, estimate
    >>> estimate(math.sqrt, 0.0).side is Side.LEFT
    True
    """

    LEFT = "on the left"
    RIGHT = "on the right"
    BOTH = "on both sides"
    HERE = "at x itself"

    def __str__(self) -> str:
        return self.value
