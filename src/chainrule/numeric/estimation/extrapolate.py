"""The best window of samples around a point: large against the noise, small against the radius of convergence.

Each window reaches from a rung down to the samples nearer to the point; together they are what the rows of a
Richardson table are. The error bar of the best is widened until it agrees with all smaller windows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chainrule.numeric.estimation.ladder import Ladder, Sides
from chainrule.numeric.estimation.polynomial import SPARE, Fit, fit

__all__ = ["BUDGET", "extrapolate", "scan"]

# Evaluations that an estimate of a smooth function may take.
BUDGET = 29
# A relative error bar of so many units of rounding is good enough to stop, the bar being several times the error;
# each order of derivative divides the noise by one more distance.
GOAL, GOAL_PER_ORDER = 200, 4
# Values this many times their noise are nought.
NOTHING = 6
# Rungs sampled at first, on two sides; on one side twice as many.
RUNGS = 6
# Residuals this many times the noise show truncation.
RESOLVED = 5
# A window holds samples down to this many rungs below its top; nearer ones tell nothing more.
DEPTH = 9
# Rungs from one sample to the next where all scales are looked at.
SKIP = 2
# Samples must make the bar smaller by this factor now and then, or no more are taken.
WORTH, PATIENCE = 0.9, 3


@dataclass(frozen=True, slots=True)
class _Window:
    top: float
    fit: Fit


class _Table:
    """All windows below a rung, each fitted once."""

    def __init__(self, ladder: Ladder, order: int, sides: Sides, count: int) -> None:
        self.ladder, self.order, self.sides, self.count = ladder, order, sides, count
        self._fits: dict[tuple[float, ...], Fit | None] = {}

    def windows(self, top: float) -> list[_Window]:
        """The outermost windows that can be fitted, widest first."""
        places = self.ladder.rungs(self.sides, top)
        found: list[_Window] = []
        for end in range(len(places), 0, -1):
            inside = tuple(place for place in places[:end] if place > places[end - 1] - DEPTH)
            if len(inside) * len(self.sides) < self.order + SPARE or len(found) >= self.count:
                break
            if inside not in self._fits:
                t, v = self.ladder.take(inside, self.sides)
                self._fits[inside] = fit(t, v, self.order, self.ladder.rounding(v))
            one = self._fits[inside]
            # Where the noise is known, more than it is the function itself.
            known = self.ladder.noise
            if one is not None and (not known or one.noise <= 3 * known):
                found.append(_Window(places[end - 1], one))
        return found

    def agreed(self, best: _Window) -> Fit:
        """The fit of a window, its bar widened until it agrees with all windows further in.

        The nearest come from the search for the scale: what they show and the best steps over is not noise.
        """
        value, error = best.fit.value, best.fit.error
        windows = self.windows(best.top)
        for top in self.ladder.rungs(self.sides, windows[-1].top if windows else best.top):
            windows += self.windows(top)[:1]
        for window in windows:
            error = max(error, abs(value - window.fit.value) - window.fit.error)
        return replace(best.fit, error=error)


def extrapolate(ladder: Ladder, start: int, order: int, sides: Sides, budget: int = BUDGET) -> Fit | None:
    """The derivative from the best window that `budget` evaluations can reach. None if all windows are undefined."""
    need = order + SPARE
    first = max(RUNGS, (need + 4) // 2) if len(sides) == 2 else max(2 * RUNGS - 2, need + 4)
    top = min(max(start, ladder.lowest + first), ladder.highest)
    room = (budget - ladder.evaluations) // len(sides)
    missing = [top - k for k in range(first) if not all(ladder.known(top - k, side) for side in sides)]
    ladder.take(missing[: max(room, 0)], sides)
    table = _Table(ladder, order, sides, first)
    windows = table.windows(top)
    goal = GOAL * GOAL_PER_ORDER ** (order - 1) * ladder.eps
    idle, least = 0, float("inf")
    while True:
        best = min(windows, key=lambda window: window.fit.error, default=None)
        if best is not None:
            idle = 0 if best.fit.error < WORTH * least else idle + 1
            least = min(least, best.fit.error)
            if best.fit.size <= NOTHING * best.fit.floor:
                break
            if best.fit.error <= goal * abs(best.fit.value) or idle > PATIENCE:
                break
        if ladder.evaluations + len(sides) > budget:
            break
        if best is None:
            # Undefined in the outer part.
            top -= 1
            place = _below(ladder, sides, top)
        else:
            place = None
            if best.fit.noise > RESOLVED * best.fit.floor and idle < 2:
                # What is left is truncation, as long as nearer samples help.
                place = _below(ladder, sides, best.top)
            elif best.top + (idle > 0) >= top and top < ladder.highest:
                place = top = int(top) + 1
            place = _gap(ladder, sides, best.top) if place is None else place
        if place is None:
            break
        ladder.take([place], sides)
        windows = table.windows(top)
    return table.agreed(best) if best else None


def scan(ladder: Ladder, low: int, high: int, order: int, sides: Sides) -> Fit | None:
    """The derivative from the best window between two rungs that leaves no more over than rounding. None without one.

    Every second rung is sampled, so that no scale is stepped over.
    """
    places = range(low, high + 1, SKIP)
    ladder.take(places, sides)
    table = _Table(ladder, order, sides, RUNGS)
    windows = [window for place in places for window in table.windows(place)]
    # Where structure is known to be, a little more than rounding is a part of it, which is not noise and has no mean.
    quiet = [window for window in windows if not window.fit.suspicious(ladder.spacing(0.0), RESOLVED)]
    best = min(quiet, key=lambda window: window.fit.error, default=None)
    return table.agreed(best) if best else None


def _below(ladder: Ladder, sides: Sides, top: float) -> float | None:
    # The next rung of the ladder: each brings the truncation down by the square of its distance.
    return next((top - k for k in range(DEPTH) if _free(ladder, sides, top - k)), None)


def _gap(ladder: Ladder, sides: Sides, top: float) -> float | None:
    # Between the outermost samples: they average the noise best, and resolve the highest degrees.
    places = (top - k / 2 for k in range(4 * RUNGS))
    return next((place for place in places if _free(ladder, sides, place)), None)


def _free(ladder: Ladder, sides: Sides, place: float) -> bool:
    return place > ladder.lowest and not all(ladder.known(place, side) for side in sides)
