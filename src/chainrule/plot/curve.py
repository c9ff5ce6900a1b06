"""The graph of a function as lines that stop where it does: at poles, jumps and the ends of its domain.

Values between two samples are predicted from exact values and slopes at both (the cubic of Hermite). Where the value in
the middle is not as predicted, the interval is halved; what is still not as predicted after 40 halvings is a place
where the function is not smooth, and the line is cut there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chainrule.plot.numbers import listed, number

__all__ = ["Curve", "curve_of"]

# Intervals to begin with, and halvings of one that is not smooth.
COARSE = 96
HALVINGS = 40
# A part of the height of the view that is not seen, and of which an end of the domain or a jump is one.
UNSEEN = 1e-3
# The samples lie off the round numbers, where poles and kinks lie.
OFF = 0.381966
# Slopes that are computed at most for the lines, and the part of the width within which a kink is found.
MOST = 4000
NEAR = 1e-12
# Beside a pole no sample is this large; a function that is has outgrown the numbers.
OVERFLOW = 1e300
# Named places at most.
NAMED = 6


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn of a function on an interval.

    Attributes:
        x, y: samples in order; NaN stands between lines that are not joined.
        low, high: the view in y; what lies beyond it, beside a pole, is cut.
        poles, jumps, kinks, ends: where the function is infinite, jumps, has a kink, and begins or ceases to exist.
        overflows: where its values become larger than the largest number.
    """

    x: Numbers
    y: Numbers
    low: float
    high: float
    poles: tuple[float, ...] = ()
    jumps: tuple[float, ...] = ()
    kinks: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()
    overflows: tuple[float, ...] = ()

    def told(self, variable: str, name: str) -> list[str]:
        """A sentence for each kind of place, for the text twin."""
        found = []
        for kind, places in (("a pole", self.poles), ("a jump", self.jumps), ("a kink", self.kinks)):
            if places:
                what = kind if len(places) == 1 else f"{kind[2:]}s"
                where = listed([number(x) for x in places[:NAMED]] + ["more"] * (len(places) > NAMED))
                found.append(f"{name} has {what} at {variable} = {where}.")
        if self.ends:
            word = "a domain that ends" if len(self.ends) == 1 else "a domain with ends"
            where = listed([number(x) for x in self.ends[:NAMED]] + ["more"] * (len(self.ends) > NAMED))
            found.append(f"{name} has {word} at {variable} = {where}: beyond it is undefined and left out.")
        if self.overflows:
            where = listed([number(x) for x in self.overflows[:NAMED]])
            found.append(f"{name} overflows beyond {variable} = {where}, which is left out.")
        return found


Numbers = NDArray[np.float64]
Function = Callable[[float], float]
# From a to b, with the values at both.
Interval = tuple[float, float, float, float]


def curve_of(f: Function, slope: Function, start: float, stop: float, seen: Sequence[float] = ()) -> Curve | None:
    """The graph of f between two places; None where it is defined nowhere there.

    Args:
        f: the function; NaN where it is undefined.
        slope: its derivative.
        start, stop: the interval.
        seen: values that the view has to hold besides.
    """
    width = stop - start
    places = [start, *(start + width * (i + OFF) / COARSE for i in range(COARSE)), stop]
    first = np.array([f(x) for x in places])
    if not np.isfinite(first).any():
        return None
    values = first[np.isfinite(first)]
    low, high = _view(values, seen)
    walk = _Walk(f, slope, low, high, width).through(places, first)
    finer = np.array(walk.y)
    finer = finer[np.isfinite(finer)]
    if not walk.poles and low < values.min() and high > values.max() and not low < finer.min() <= finer.max() < high:
        # Nothing was left out of the view: it has to hold the finer samples too, such as the end of a domain.
        low, high = _view(np.array([finer.min(), finer.max()]), seen)
        walk = _Walk(f, slope, low, high, width).through(places, first)
    x, y = np.array(walk.x), np.array(walk.y)
    # Far outside the view the transforms of Matplotlib overflow.
    height = high - low
    y = np.clip(y, low - 50 * height, high + 50 * height)
    found = (walk.poles, walk.jumps, walk.ends, walk.overflows)
    poles, jumps, ends, overflows = (_places(places, start, stop) for places in found)
    kinks = [x for x in _places(walk.kinks(), start, stop) if x not in (*poles, *jumps, *ends, *overflows)]
    return Curve(x, y, low, high, poles, jumps, tuple(kinks), ends, overflows)


def _view(values: Numbers, seen: Sequence[float]) -> tuple[float, float]:
    """The values from the least to the greatest; beside a pole, those that most samples have, and as much again."""
    low, high = float(values.min()), float(values.max())
    inner_low, inner_high = (float(np.quantile(values, q)) for q in (0.1, 0.9))
    inner = inner_high - inner_low
    if high - low > 8 * inner > 0:
        low, high = max(low, inner_low - inner), min(high, inner_high + inner)
    kept = [value for value in seen if math.isfinite(value)]
    low, high = min([low, *kept]), max([high, *kept])
    if not high - low > 1e-12 * max(abs(low), abs(high)):
        half = abs(low) / 2 or 1.0
        low, high = low - half, high + half
    margin = 0.06 * (high - low)
    return low - margin, high + margin


class _Walk:
    """The samples collected on the way from the left to the right."""

    def __init__(self, f: Function, slope: Function, low: float, high: float, width: float) -> None:
        self._f, self._slope, self._low, self._high = f, slope, low, high
        self._height, self._width = high - low, width
        self._slopes: dict[float, float] = {}
        self._leaves: list[Interval] = []
        self.x: list[float] = []
        self.y: list[float] = []
        self.poles: list[float] = []
        self.jumps: list[float] = []
        self.ends: list[float] = []
        self.overflows: list[float] = []

    def add(self, x: float, y: float) -> None:
        self.x.append(x)
        self.y.append(y if math.isfinite(y) else math.nan)

    def through(self, places: Sequence[float], values: Numbers) -> _Walk:
        """Walk through places at which the values are known.

        All are halved as often before any is halved once more: where there are too many samples, as for sin(1/x),
        the picture is as fine everywhere.
        """
        cut: set[Interval] = set()
        intervals = [(a, b, fa, fb) for (a, fa), (b, fb) in pairwise(zip(places, values.tolist(), strict=True))]
        for depth in range(HALVINGS + 1):
            rough: list[Interval] = []
            for interval in intervals:
                (self._leaves if self._as_predicted(*interval, depth) else rough).append(interval)
            intervals = []
            for a, b, fa, fb in rough:
                middle = (a + b) / 2
                if depth < HALVINGS and len(self._slopes) < MOST and a < middle < b:
                    value = self._f(middle)
                    intervals += [(a, middle, fa, value), (middle, b, value, fb)]
                else:
                    self._leaves.append((a, b, fa, fb))
                    if depth == HALVINGS or not (math.isfinite(fa) and math.isfinite(fb)):
                        cut.add((a, b, fa, fb))
        self._leaves.sort()
        for interval in self._leaves:
            self.add(interval[0], interval[2])
            if interval in cut:
                self._cut(*interval)
        self.add(places[-1], values[-1])
        return self

    def _as_predicted(self, a: float, b: float, fa: float, fb: float, depth: int) -> bool:
        if not math.isfinite(fa) and not math.isfinite(fb):
            # A domain that is narrower than this is not seen.
            return depth >= 3 or not math.isfinite(self._f((a + b) / 2))
        if not (math.isfinite(fa) and math.isfinite(fb)):
            return False
        value = self._f((a + b) / 2)
        da, db = self._slope_at(a), self._slope_at(b)
        if min(fa, fb, value) > self._high or max(fa, fb, value) < self._low:
            # Nothing of it is seen; but between slopes that lead away from the view there may be a pole.
            away = 1 if fa > self._high else -1
            return not (da * away > 0 > db * away)
        straight, bend = (fa + fb) / 2, (b - a) / 8 * (da - db)
        if math.isfinite(bend):
            return abs(value - straight - bend) < UNSEEN * self._height and abs(bend) < 4 * UNSEEN * self._height
        return abs(value - straight) < UNSEEN * self._height

    def _slope_at(self, x: float) -> float:
        if x not in self._slopes:
            self._slopes[x] = self._slope(x)
        return self._slopes[x]

    def _cut(self, a: float, b: float, fa: float, fb: float) -> None:
        """End the line at a, and say what is before b."""
        self.add(b, math.nan)
        if math.isfinite(fa) and math.isfinite(fb):
            far = min(abs(fa), abs(fb)) > max(abs(self._low), abs(self._high))
            (self.poles if far else self.jumps).append(b)
        else:
            known = fa if math.isfinite(fa) else fb
            far = OVERFLOW > abs(known) > 2 * max(abs(self._low), abs(self._high))
            if abs(known) >= OVERFLOW:
                self.overflows.append(b)
                return
            (self.poles if far or math.isinf(fa) or math.isinf(fb) else self.ends).append(b)

    def kinks(self) -> list[float]:
        """Where the slope jumps and the value does not; nothing of a function that oscillates too fast to tell."""
        found = []
        for a, b, fa, fb in self._leaves:
            if len(self._slopes) > 3 * MOST:
                return []
            if not (math.isfinite(fa) and math.isfinite(fb)):
                continue
            da, db = self._slope_at(a), self._slope_at(b)
            jump = abs(da - db)
            if not jump > 0.02 * self._height / self._width:
                continue
            # Where the slope is continuous, its change soon halves with the interval.
            while abs(da - db) > 0.6 * jump and (middle := (a + b) / 2) not in (a, b) and b - a > NEAR * self._width:
                slope = self._slope_at(middle)
                a, b, da, db = (a, middle, da, slope) if abs(slope - da) > abs(db - slope) else (middle, b, slope, db)
            if abs(da - db) > 0.6 * jump and math.isfinite(da - db):
                found.append(b)
        return found


def _places(found: Sequence[float], start: float, stop: float) -> tuple[float, ...]:
    """The places inside, rounded to what is known of them, each once."""
    near = 1e-9 * (stop - start)
    digits = 8 - math.floor(math.log10(stop - start))
    inside = [x for x in sorted(found) if start + near < x < stop - near]
    return tuple(dict.fromkeys(round(x, min(300, digits)) + 0.0 for x in inside))
