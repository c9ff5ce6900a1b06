"""The length scale of a function around a point: how far from it a polynomial of low degree still describes it.

Nothing is known beforehand: sin(1e6 x) and exp(-1e-12 x) look alike to a caller at x = 1. From the coefficients of
four samples follows the distance at which they would be of equal size, an estimate of the radius of convergence;
where they are already, the function is rough at this distance, and the search goes on by bisection of the exponent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from chainrule.numeric.estimation.ladder import RATIO, Ladder, Sides

__all__ = ["Scale", "find_scale"]

# The window begins at this part of the distance at which high and low coefficients would be equal: further out the
# polynomial needs too high a degree, further in the noise is divided by too small a distance.
PART = 0.35
# From here on coefficients count as falling. Values without any relation give about 1.
FALLING = 3.0
# Noise, in standard deviations, that a coefficient must exceed to be seen.
SEEN = 6.0
# Coefficients this much smaller than others are none.
NONE = 1e-6
# A prediction may be off by this part of the largest value.
PREDICTED = 0.03
# How far to go in one step where the function shows nothing but rounding.
LEAP = 20.0 / math.log2(RATIO)
# About an eighth: where nothing is to be seen at the scale of x, that of 1 is the best guess.
UNIT_RUNG = -3
# So often: what is flat, or straight, over twelve orders of magnitude is taken to be so.
LEAPS = 2
# With so many looks beyond an edge of the domain they count as a part of the search; with more it starts at the edge.
OUTSIDE = 3
# Evaluations that the search may use up.
ALLOWANCE = 14


class Looks(Enum):
    """What four samples look like."""

    UNDEFINED = "some are not finite"
    ROUGH = "the coefficients do not fall"
    CURVED = "they fall, and the highest can be seen"
    STRAIGHT = "only the lowest can be seen"
    FLAT = "none can be seen"


@dataclass(frozen=True, slots=True)
class Scale:
    """The rung at which to begin; `smooth` is false if the function is rough at all of them.

    `undefined` are the sides on which the function has no values however near. `lost` are evaluations beside the domain
    on the way to an edge close to the point.
    """

    top: int
    smooth: bool
    undefined: Sides = ()
    lost: int = 0


def find_scale(ladder: Ladder, sides: Sides, order: int = 1, start: int | None = None) -> Scale:
    """The scale of the function on the given sides of the point, looked for from the rung `start` on.

    A straight line is smooth at any scale for its slope; for a higher `order` its curvature must come into sight.
    """
    here = ladder.start if start is None else start
    reach = 1 if len(sides) == 2 else 3
    lowest = ladder.lowest + reach
    here = min(max(here, lowest), ladder.highest)
    # Rungs seen to be rough, or too flat to tell: what is looked for lies between.
    ceiling, floor = ladder.highest + 1, lowest - 1
    smooth: int | None = None
    level: int | None = None
    used = ladder.evaluations
    flats = roughs = straights = outside = lost = 0
    while True:
        looks, factor = _look(ladder, here, sides, order)
        if looks is Looks.UNDEFINED:
            nowhere = tuple(side for side in sides if not math.isfinite(ladder.sample(ladder.lowest, side)[1]))
            if nowhere:
                return Scale(here, False, nowhere)
            looks = Looks.ROUGH
            outside += 1
            lost = 2 * len(sides) * outside if outside > OUTSIDE else 0
        elif looks is not Looks.FLAT and not _goes_on(ladder, here, sides, factor, (level, smooth)):
            looks = Looks.ROUGH
        if looks is Looks.ROUGH:
            ceiling = min(ceiling, here)
            below = smooth if smooth is not None and smooth < here else floor
            # Near its radius of convergence a function is rough too: only the second time the search goes far.
            roughs += 1
            near = here - 4 if roughs == 1 and smooth is None else below
            target = max(near, (below + here) // 2) if here - below > 1 else here
            if roughs == 2 and below < UNIT_RUNG < here:
                target = UNIT_RUNG
        elif looks is Looks.FLAT:
            floor, flats = max(floor, here), flats + 1
            # Flat to the last digit is as smooth as can be, if nothing better is found; how far it goes on being flat
            # is no evidence for how flat it is here.
            level = here if level is None or here <= UNIT_RUNG else level
            if ladder.centre == 0 and not ladder.noise:
                return Scale(here, True)
            leap = here + round(LEAP) if flats > 1 or here >= UNIT_RUNG else max(UNIT_RUNG, here + round(LEAP))
            target = min(leap, (here + ceiling) // 2 if ceiling <= ladder.highest else ladder.highest)
        else:
            smooth = here
            straights += looks is Looks.STRAIGHT and order > 1
            target = here + math.floor(math.log(factor, RATIO))
            # Two leaps along a straight line beside 0 say that x is no scale; that of 1 is the next guess.
            target = min(max(target, UNIT_RUNG) if straights > 1 else target, ceiling - 1)
            # Below `lowest` there is nothing to see, whatever the coefficients say.
            target = max(target, lowest)
        if flats > LEAPS and level is not None and smooth is None:
            return Scale(level, True)
        if looks is not Looks.ROUGH and (abs(target - here) <= 1 or straights > LEAPS):
            if looks is not Looks.CURVED or _confirmed(ladder, here, sides):
                return Scale(max(target, lowest), True, lost=lost)
            smooth, ceiling = None, min(ceiling, here)
            target = (floor + here) // 2
        if looks is Looks.ROUGH and target in (here, floor):
            return Scale(here if level is None else level, level is not None)
        if ladder.evaluations - used - lost > ALLOWANCE:
            found = smooth if looks is Looks.ROUGH else target
            if found is None:
                found = level
            return Scale(here if found is None else found, found is not None, lost=lost)
        here = target


def _look(ladder: Ladder, place: int, sides: Sides, order: int) -> tuple[Looks, float]:
    """What the samples at a rung and below look like, and by which factor the distance should change."""
    places = [place - 1, place] if len(sides) == 2 else [place - 3, place - 2, place - 1, place]
    t, v = ladder.take(places, sides)
    if not np.isfinite(v).all():
        return Looks.UNDEFINED, 0.0
    radius = max(abs(d) for d in t)
    inverse = np.linalg.inv(np.vander(np.array(t) / radius, 5, increasing=True)[:, 1:])
    noise = SEEN * ladder.rounding(v) * np.sqrt((inverse**2).sum(axis=1))
    size = np.abs(inverse @ np.array(v))
    seen = np.where(size > noise, size, 0.0)
    low, high = float(seen[:2].max()), float(seen[2:].max())
    if low == 0 and high == 0:
        return Looks.FLAT, 1.0
    hidden = float(noise[2:].max())
    # Further out a slope would drown in the rounding of what the second coefficient adds to the values.
    useful = math.inf
    if order == 1 and seen[1]:
        useful = max(4 * seen[0] / seen[1], math.sqrt(abs(ladder.centre) / seen[1]), 1.0)
    if high == 0:
        # The radius is at least this; a function that is a straight line to the last digit may stay as it is.
        enough = order == 1 and low * ladder.eps > hidden * 1e-3
        least = low / hidden if seen[1] else low / float(noise[1])
        return Looks.STRAIGHT, 1.0 if enough else min(max(least, 2.0), useful, RATIO**LEAP)
    if low < NONE * high:
        # A power of t and nothing else, perhaps: there is no scale then, any will do.
        return (Looks.CURVED, 1.0) if _confirmed(ladder, place, sides, closely=True) else (Looks.ROUGH, 0.0)
    growth = math.sqrt(low / high)
    return (Looks.CURVED, min(growth * PART, useful)) if growth > FALLING else (Looks.ROUGH, 0.0)


def _goes_on(ladder: Ladder, place: int, sides: Sides, factor: float, nearer: tuple[int | None, ...]) -> bool:
    """Whether the polynomial at a rung describes the function at nearer ones too, seen before to be flat or smooth.

    What lies between may have been stepped over. The further the radius of convergence, the closer it has to agree.
    """
    part = min(PREDICTED, 30 / max(factor, 1.0) ** 3)
    return all(at is None or at >= place or _confirmed(ladder, place, sides, at, part, closely=True) for at in nearer)


def _confirmed(
    ladder: Ladder, place: int, sides: Sides, at: int | None = None, part: float = PREDICTED, closely: bool = False
) -> bool:
    """Whether the polynomial through the samples that looked smooth predicts the next ones nearer to the point.

    Values without any relation look smooth now and then. `at`: not the next samples, but those at this rung. It may
    miss by a `part` of the largest value, or with `closely` of the largest that is predicted.
    """
    reach = 2 if len(sides) == 2 else 4
    nearer = place - reach if at is None else at
    if nearer < ladder.lowest:
        return True
    t, v = ladder.take([place - k for k in range(reach)], sides)
    s, w = ladder.take([nearer], sides)
    radius = max(abs(d) for d in t)
    powers = np.vander(np.array(t) / radius, 5, increasing=True)[:, 1:]
    there = np.vander(np.array(s) / radius, 5, increasing=True)[:, 1:]
    weights = np.linalg.solve(powers.T, there.T).T
    noise = SEEN * ladder.rounding(v) * (1 + np.sqrt((weights**2).sum(axis=1)))
    size = np.abs(w if closely else v).max()
    return bool((np.abs(weights @ v - w) <= part * size + noise).all())
