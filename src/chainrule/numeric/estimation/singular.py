"""What a function does at a point where it is not smooth: kink, jump, vertical tangent, an edge, or only noise."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import Enum
from itertools import pairwise

import numpy as np

from chainrule.numeric.estimation.extrapolate import extrapolate
from chainrule.numeric.estimation.ladder import Ladder, rung
from chainrule.numeric.estimation.polynomial import Fit
from chainrule.numeric.estimation.scale import find_scale

__all__ = ["Approach", "approach", "one_sided", "scatter", "steepness", "trembles"]

# Evaluations that one side may take.
ALLOWANCE = 24
# Rungs apart: far enough for powers of the distance to tell themselves apart.
APART = 4
# Values this many times their noise are seen.
SEEN = 6.0


class Approach(Enum):
    """How phi(t) - phi(0) behaves as t goes to 0 from one side."""

    REGULAR = "like t, or faster to 0"
    JUMP = "like a constant"
    UNBOUNDED = "like a power of t between 0 and 1"
    SCATTERED = "like no power of t"
    ENDING = "finite next to the point only"
    UNDEFINED = "not finite"


def approach(ladder: Ladder, side: int) -> Approach:
    """How the function behaves next to the point, from the growth of its values over a factor 4096 in distance."""
    places = [ladder.lowest + 1 + APART * k for k in range(4)]
    samples = [ladder.sample(place, side) for place in places]
    values = [v for _, v in samples]
    if not np.isfinite(values).all():
        return Approach.ENDING if math.isfinite(ladder.sample(ladder.lowest, side)[1]) else Approach.UNDEFINED
    noise = SEEN * ladder.rounding(values)
    seen = [(abs(t), v) for t, v in samples if abs(v) > noise]
    if len(seen) < 2:
        return Approach.REGULAR
    if min(v for _, v in seen) < 0 < max(v for _, v in seen):
        return Approach.SCATTERED
    powers = [math.log(abs(w / v)) / math.log(s / t) for (t, v), (s, w) in pairwise(seen)]
    if min(powers) > 0.75:
        return Approach.REGULAR
    if max(map(abs, powers)) < 0.02:
        return Approach.JUMP
    if min(powers) > 0 and max(powers) - min(powers) < 0.1:
        return Approach.UNBOUNDED
    return Approach.SCATTERED


def steepness(ladder: Ladder, side: int) -> float:
    """Plus or minus infinity: the slope towards which an unbounded side goes."""
    t, v = ladder.sample(ladder.lowest + 1 + 2 * APART, side)
    return math.copysign(math.inf, v / t)


def scatter(ladder: Ladder, above: int) -> float:
    """The standard deviation of the values on both sides at some rungs `above` the lowest."""
    places = [ladder.lowest + 1 + above + APART * k for k in range(3)]
    return float(np.std([ladder.sample(place, side)[1] for place in places for side in (1, -1)]))


def one_sided(ladder: Ladder, side: int, order: int) -> Fit | None:
    """The derivative from one side, which the value at the point belongs to. None if no fit can be had.

    Where the function is rough at all scales, as x^1.5 is at 0, or where the fit leaves more than rounding over, the
    bar covers twice what the quotient of the nearest sample has still to go; for higher orders, twice that quotient.
    """
    scale = find_scale(ladder, (side,), order)
    if scale.undefined:
        return None
    found = extrapolate(ladder, scale.top, order, (side,), budget=ladder.evaluations + ALLOWANCE)
    if found is None or (scale.smooth and not found.suspicious(ladder.spacing(0.0))):
        return found
    t, v = ladder.sample(ladder.lowest + 1, side)
    quotient = v / t
    for k in range(2, order + 1):
        quotient *= k / t
    away = abs(found.value - quotient) if order == 1 else abs(found.value) + abs(quotient)
    return replace(found, error=max(found.error, 2 * away))


def trembles(ladder: Ladder, fit: Fit) -> tuple[bool, int]:
    """Whether what a fit leaves over is noise, which is the same much nearer to the point, and the rung looked at.

    It is so near that the slope carries the function by a fiftieth of the residual only. Noise is as large there as
    before, or a staircase of which one step is seen; structure is not.
    """
    slope = abs(fit.slope)
    distance = min(0.02 * fit.noise / slope if slope else math.inf, fit.radius / 1024)
    place = rung(distance, math.floor)
    if place - 2 <= ladder.lowest:
        # Arguments can no longer be told apart: it is they that are rounded inside the function.
        return True, ladder.lowest
    t, v = ladder.take([place, place - 1, place - 2], (1, -1))
    if not np.isfinite(v).all():
        return False, place
    if not any(v) and slope * abs(t[0]) > ladder.rounding(v):
        return True, place
    here = float(np.dot(t, v) / np.dot(t, t))
    return float(np.std(np.array(v) - here * np.array(t))) > 0.1 * fit.noise, place
