"""Where an operation is defined and where its derivative has a kink: for sampling, for `strict`, for messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["POSITIVE", "REAL", "Domain", "Interval", "Kink"]

_INFINITY = float("inf")


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of real numbers that one operand may lie in; the ends are open unless said otherwise.

    >>> print(Interval(0.0), Interval(-1.0, 1.0, closed=True))
    (0, inf) [-1, 1]
    """

    low: float = -_INFINITY
    high: float = _INFINITY
    closed: bool = False

    def __str__(self) -> str:
        left, right = ("[", "]") if self.closed else ("(", ")")
        return f"{left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True, slots=True)
class Kink:
    """Points where the derivative is one-sided, undefined or infinite; the documented value is returned there.

    Attributes:
        where: True at such points; called with the out value, the operands and the parameters.
        text: what it is, and which value the bare derivative takes: "|x| at 0: the derivative is taken as 0".
    """

    where: Callable[..., Any]
    text: str


@dataclass(frozen=True, slots=True)
class Domain:
    """The domain of a primitive: an interval for each operand (the last repeats), and its kinks.

    Attributes:
        operands: an interval each; outside it the value is NaN, infinite, or an error.
        text: a note where intervals do not say it all ("a symmetric positive definite matrix").
        kinks: where the derivative is not unique.
        sample: makes an operand of a given shape in the domain where intervals do not say it all; called with a
            `numpy.random.Generator` and the shape.
    """

    operands: tuple[Interval, ...] = (Interval(),)
    text: str = ""
    kinks: tuple[Kink, ...] = ()
    sample: Callable[..., Any] | None = None

    def interval(self, index: int) -> Interval:
        return self.operands[min(index, len(self.operands) - 1)]


REAL = Domain()
POSITIVE = Domain((Interval(0.0, _INFINITY),))
