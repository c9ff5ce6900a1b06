"""A function that does not move at all around a point: how far, and what it does then.

Its values alone do not tell a constant from a function whose changes are lost in rounding, as those of log(1 + exp(x))
are at x = -40. What lies beyond tells: rounded values go on in steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from chainrule.numeric.estimation.ladder import RATIO, Ladder, Sides
from chainrule.numeric.estimation.polynomial import SUSPECT
from chainrule.numeric.estimation.scale import LEAP, UNIT_RUNG

__all__ = ["Plateau", "plateau"]

# Leaps outwards before a function is taken for constant.
LEAPS = 2
# Bisections of the exponent until the edge is found to half a hundredth, of which so many on both sides.
BISECTIONS, ON_BOTH_SIDES = 12, 6
# Where the next steps are looked for, in units of the distance of the first: a parabola reaches it at 1.7, a straight
# line at 3, and later if the first happens to lie close to the point.
NEXT = (1, 1.01, 1.25, 1.75, 3.5, 10, 100, 1e4)

# The scale of x, or of 1, lies so many rungs above the first samples: twice as far as x from 0.
NATURAL = 4


@dataclass(frozen=True, slots=True)
class Plateau:
    """The distance up to which no sample differs, and the height of the step there.

    It is part of a `staircase` if more steps follow; `rounded` if the rounding of numbers as large as the function has
    at the scale of x, or of 1, accounts for it.
    """

    reach: float
    step: float
    staircase: bool
    rounded: bool


def plateau(ladder: Ladder, top: float) -> Plateau | None:
    """What ends the plateau on which all samples up to the rung `top` lie. None if nothing is found to end it.

    Takes at most 40 evaluations.
    """
    places = {min(top + round(LEAP) * k, ladder.highest) for k in range(1, LEAPS + 1)}
    if top < UNIT_RUNG:
        places.add(UNIT_RUNG)
    beyond = ((place, _moved(ladder, place, (1, -1))) for place in sorted(places))
    edge = next(((place, side) for place, side in beyond if side), None)
    if edge is None:
        return None
    flat, (moved, side) = top, edge
    for k in range(BISECTIONS):
        place = (flat + moved) / 2
        found = _moved(ladder, place, (1, -1) if k < ON_BOTH_SIDES else (side,))
        if found:
            moved, side = place, found
        else:
            flat = place
    rises = {one: _rises(ladder, moved, one) for one in (side, -side)}
    if not rises[side]:
        return None
    height = abs(rises[side][0])
    # A step is level, and another follows: what grows from its edge on is not rounded.
    level = any(len(set(found)) < len(found) for found in rises.values())
    values = [0.0, *rises[side], *rises[-side]]
    stairs = level and max(values) - min(values) > height
    natural = min(max(ladder.start, UNIT_RUNG) + NATURAL, ladder.highest)
    sizes = [abs(ladder.centre), *(abs(ladder.sample(natural, one)[1]) for one in (1, -1))]
    rounded = height <= SUSPECT * ladder.eps * max(size for size in sizes if math.isfinite(size))
    return Plateau(ladder.distance(flat), height, stairs, rounded)


def _rises(ladder: Ladder, place: float, side: int) -> list[float]:
    """How far the function has moved on one side from a rung on, where it has."""
    places = (min(place + math.log(part, RATIO), ladder.highest) for part in NEXT)
    return [v for _, v in (ladder.sample(each, side) for each in places) if v and math.isfinite(v)]


def _moved(ladder: Ladder, place: float, sides: Sides) -> int:
    """The side on which the function differs at a rung from its value at the point, 0 if it does on none."""
    return next((side for side in sides if ladder.sample(place, side)[1] != 0), 0)
