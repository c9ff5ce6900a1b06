"""A function of one variable around a point, sampled at geometric distances, each value asked for once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from chainrule.errors import ChainruleError

__all__ = ["RATIO", "Ladder", "Sides"]

Sides: TypeAlias = tuple[int, ...]

# Between neighbouring distances. A finer ladder amplifies noise less for the same number of samples, a coarser one
# needs fewer samples to travel; from 1.35 to 2 the smallest error to be had changes by less than a factor 2, and
# samples between two rungs make up for it.
RATIO = 2.0

# Not a power of RATIO times something round: distances with few bits let a factor inside the function round all
# arguments alike, and its noise would not be seen.
UNIT = 1.0842

# The two sides differ a little: at equal distances the argument of an inner function is rounded by opposite amounts,
# and the even part of the noise, which is half of what tells its size, is nought.
UNEQUAL = 1.0009

# The standard deviation of a value, in units of eps * |f|: that of one rounding is 12**-0.5; the mathematical
# functions of the usual libraries add about as much again.
ROUNDED = 0.4


class Ladder:
    """Values phi(t) - phi(0) of a function of one real variable, kept by rung: the distance |t| is about RATIO**rung.

    `least` is the smallest distance that means anything, `start` the first to try, `furthest` the largest allowed.
    `spacing(t)` gives the grid on which an argument at distance t lies, 0 if it has none: a distance is rounded to an
    odd multiple of it, so that the argument is exact. A value that is NaN or infinite, and an `ArithmeticError` or
    `ValueError` of phi, mean that phi is undefined there; what else it raises passes through.

    >>> ladder = Ladder(lambda t: (t - 1) ** 2, start=0.125)
    >>> ladder.centre, ladder.evaluations
    (1.0, 1)
    """

    def __init__(
        self,
        phi: Callable[[float], float],
        *,
        start: float,
        least: float = 0.0,
        furthest: float = 1e300,
        eps: float = 2.0**-52,
        spacing: Callable[[float], float] = lambda t: 0.0,
    ) -> None:
        self.phi, self.eps, self.spacing, self.evaluations = phi, eps, spacing, 0
        self.cause = ""
        self.noise = 0.0
        """A noise of phi that is known; that of rounding is added to it."""
        self.lowest = rung(max(least, start * 2.0**-60, 1e-306), math.ceil)
        self.highest = rung(min(furthest, 1e300), math.floor)
        self.start = min(max(rung(start, round), self.lowest + 3), self.highest)
        self._samples: dict[tuple[float, int], tuple[float, float]] = {}
        self.centre = self._value(0.0)
        self._origin = self.centre if math.isfinite(self.centre) else 0.0

    def _value(self, t: float) -> float:
        self.evaluations += 1
        try:
            return float(self.phi(t))
        except ChainruleError:
            raise
        except (ArithmeticError, ValueError) as error:
            self.cause = self.cause or f"{type(error).__name__}: {error}"
            return math.nan

    def sample(self, place: float, side: int) -> tuple[float, float]:
        """The distance t, with its sign, on one side at a rung, and phi(t) - phi(0), or phi(t) if phi(0) is none."""
        key = (place, side)
        if key not in self._samples:
            t = self.distance(place) * (1.0 if side > 0 else UNEQUAL)
            grid = self.spacing(t)
            if grid:
                t = (2 * math.floor(t / (2 * grid)) + 1) * grid
            self._samples[key] = (side * t, self._value(side * t) - self._origin)
        return self._samples[key]

    def known(self, place: float, side: int) -> bool:
        """Whether the sample has been taken."""
        return (place, side) in self._samples

    def rungs(self, sides: Sides, top: float) -> list[float]:
        """The rungs up to `top`, in order, at which all given sides have been sampled."""
        places = {place for place, side in self._samples if side == sides[0] and place <= top}
        return sorted(place for place in places if all((place, side) in self._samples for side in sides))

    def take(self, places: Sequence[float], sides: Sides) -> tuple[list[float], list[float]]:
        """The distances and values at several rungs, all sides at each, outermost last."""
        samples = [self.sample(place, side) for place in places for side in sides]
        return [t for t, _ in samples], [v for _, v in samples]

    def rounding(self, values: Sequence[float]) -> float:
        """The noise that the values must have: that of their own rounding, and what has been measured."""
        size = max(abs(self._origin), max(abs(v + self._origin) for v in values))
        return max(ROUNDED * self.eps * size, self.noise, 5e-324)

    @staticmethod
    def distance(place: float) -> float:
        """The distance of a rung."""
        return UNIT * RATIO**place


def rung(distance: float, rounded: Callable[[float], int]) -> int:
    """The rung of a distance."""
    return int(rounded(math.log(distance / UNIT, RATIO)))
