"""A function that is smooth between jumps only, and level across many of them: its own rounding seen from too near.

(1 - cos(x)) / x^2 is such a function near 0: between two jumps of the cosine it is c / x^2, with a steep slope that no
larger step knows of. Values near x do not tell that from an oscillation; that it jumps does.
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.numeric.estimation.ladder import RATIO, Ladder
from chainrule.numeric.estimation.polynomial import Fit

__all__ = ["teeth"]

# Teeth are small beside the function itself; far out, what its slope would make of the distance is large beside them.
SMALL, LARGE = 0.1, 3.0
# From so many radii of the fit on.
BEYOND = 8
# Bisections of the exponent until a jump is told from a steep passage.
BISECTIONS = 14


def teeth(ladder: Ladder, fit: Fit) -> float:
    """The standard deviation of the teeth beyond a fit, 0 if there are none. Takes at most 14 evaluations.

    >>> from chainrule.numeric import estimate
    >>> found = estimate(lambda x: (1 - np.cos(x)) / x**2, 1e-4)
    >>> print(found.status, abs(found.value + 1e-4 / 12) < found.error < 1e-6)
    noisy function True
    """
    beyond = [place for place in ladder.rungs((1, -1), ladder.start) if ladder.distance(place) > BEYOND * fit.radius]
    if not beyond:
        return 0.0
    t, v = np.array(ladder.take(beyond, (1, -1)))
    if not (abs(v) <= SMALL * abs(ladder.centre)).all() or not (LARGE * abs(v) <= abs(fit.slope * t))[-2:].all():
        return 0.0
    flat, off = math.log(fit.radius / ladder.distance(0), RATIO), beyond[-1]
    for _ in range(BISECTIONS):
        place = (flat + off) / 2
        s, w = ladder.sample(place, 1)
        flat, off = (flat, place) if abs(w - fit.slope * s) > abs(fit.slope * s) / 2 else (place, off)
    (_, before), (s, after) = ladder.sample(flat, 1), ladder.sample(off, 1)
    return float(np.std(v)) if abs(after - before) > abs(fit.slope * s) / 4 else 0.0
