"""How much the values of a function tremble: its rounding noise, measured.

The bound eps * |f| is too small wherever large numbers cancel inside the function, so a tolerance built on it alone
would accuse right gradients, and a step built on it alone would drown in the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.numeric.probe import Probe, RealArray, quiet
from chainrule.numeric.samples import Samples

__all__ = ["noise_level", "noise_levels"]

# Where the samples lie, in units of a sixteenth of the spacing: unequal, because the rounding of a nearly linear
# function at equal distances follows a pattern that can look like no noise at all.
PLACES = np.array([-51, -43, -36, -26, -18, -7, 0, 10, 17, 29, 35, 44, 50])

# Spacings are eps**e * max(|x|, 1), wider where the values do not move at all. At the widest, what the polynomial
# leaves of a smooth function is of the order eps.
EXPONENTS = (1 / 2, 3 / 8, 1 / 4)

# Of degree 3: a higher one would take up noise, too. Where the spacing is only a few units of rounding of a large x, f
# may bend more within it.
DEGREE, FINE_DEGREE = 3, 5

# The rounds between a unit of rounding of max(|x|, 1) and the nominal spacing, at equal ratios. Not finer at first: the
# rounding of exp(x), say, stays the same within a unit of it, and the noise of a small x would not be seen.
FINER = (0.0, 1 / 3, 2 / 3)
ROUNDS = len(EXPONENTS) + len(FINER) + 1

# What rounding alone leaves is below this many units of rounding of f; more is noise, or a function that varies
# within the spacing, and the finer rounds tell which.
SUSPICIOUS = 16


def noise_level(probe: Probe, values: RealArray, eps: float, rounds: int = ROUNDS) -> float:
    """The standard deviation of the error in a value of a scalar function near a point.

    `values` has any shape; `eps` is the machine epsilon of the coarsest dtype involved. A polynomial is fitted to
    values at points a tiny step apart; it takes up what is smooth in the function, and what it leaves is noise. Where
    it leaves much, the spacing is made finer: what shrinks with it was the function. Returns at least
    eps * |f| / sqrt(12), the error of a value that is rounded once; that alone is left where the function is
    undefined beside the point. Takes 13 evaluations a round, the value at the point among them, and at most `rounds`.
    Source: after J. J. Moré, S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput. 33(3), 2011, 1292-1314,
    whose difference tables need equal distances.

    >>> import numpy as np
    >>> from chainrule.numeric.probe import Probe
    >>> eps = float(np.finfo(float).eps)
    >>> cancelling = Probe(lambda x: (1e6 + np.sin(x)) - 1e6, scalar=True)
    >>> noise_level(cancelling, np.array(1.0), eps) > 1e5 * eps
    True
    """
    return float(noise_levels(Samples(probe, values), eps, rounds))


def noise_levels(samples: Samples, eps: float, rounds: int = ROUNDS) -> RealArray:
    """The noise of each output of a function, as `noise_level` measures it: the shape of f(x)."""
    values, tiny = samples.values, float(np.finfo(float).tiny)
    level = np.full(samples.centre.shape, tiny)
    suspicious = np.zeros(level.shape, bool)
    open_ = np.ones(level.shape, bool)
    # No two components in step, so that no symmetry of the function hides its rounding.
    direction = 0.5 + 0.5 * np.modf(np.arange(1, values.size + 1) * 0.6180339887498949)[0].reshape(values.shape)
    scale = np.maximum(np.abs(values), 1) * direction / 16
    for exponent in EXPONENTS[:rounds]:
        rounds -= 1
        seen = _residual(samples, eps**exponent * scale, DEGREE, eps)
        level = np.where(open_, np.fmax(level, np.fmax(seen.rounding, np.where(seen.finite, seen.left, 0))), level)
        suspicious |= open_ & (~seen.finite | (seen.left > SUSPICIOUS * eps * seen.top))
        # Near a root, or beside a pole, the largest sample says nothing of the rounding at the point.
        suspicious |= open_ & (seen.top / 16 > np.abs(samples.centre))
        # Where most neighbours are equal, the function rounds more coarsely than this spacing can show.
        open_ &= seen.finite & ~seen.distinct
        if not open_.any():
            break
    suspicious &= ~open_
    if not suspicious.any():
        return level
    finest = np.where(values == 0, eps * scale, np.spacing(np.abs(values))).astype(np.float64)
    unit = np.maximum(finest, 16 * eps * scale)
    widest = np.maximum(eps ** EXPONENTS[0] * scale, unit)
    between = [np.exp2((1 - part) * np.log2(unit) + part * np.log2(widest)) for part in FINER]
    # The finest where the function varies, or ends, within a unit already.
    for raw in (between[0], finest, *between[1:])[:rounds]:
        seen = _residual(samples, raw, FINE_DEGREE, eps)
        shown = suspicious & seen.finite & seen.distinct
        finer = np.fmax(seen.left, seen.rounding)
        # The scatter of a few samples varies; only what falls well below was no noise.
        level = np.where(shown & (finer < level / 8), finer, level)
        suspicious &= ~shown
        if not suspicious.any():
            break
    return np.fmax(level, tiny)


@dataclass(frozen=True, slots=True)
class _Residual:
    """What a polynomial leaves of the samples of each output, and what else they show."""

    left: RealArray  # the standard deviation from the polynomial
    rounding: RealArray  # of a value that is rounded once
    top: RealArray  # the largest finite sample
    finite: NDArray[np.bool_]
    distinct: NDArray[np.bool_]


def _residual(samples: Samples, raw: RealArray, degree: int, eps: float) -> _Residual:
    values = samples.values
    raw = raw.astype(values.dtype)
    # An odd multiple of the grid of floating numbers: x + k h is exact, and its last bits differ from k to k. If
    # they did not, a factor inside the function would be rounded alike at all places, and its noise not seen.
    grid = np.spacing(np.abs(values) + raw)
    step = (2 * np.floor(raw / (2 * grid)) + 1) * grid
    beside = PLACES != 0
    found = np.empty((len(PLACES), *samples.centre.shape))
    with quiet():
        points = [values + np.asarray(k, values.dtype) * step for k in PLACES[beside]]
        found[beside] = samples.many(points, len(points))
        found[~beside] = samples.centre
    usable: Any = np.isfinite(found)
    finite = usable.all(axis=0)
    top = np.abs(np.where(usable, found, 0)).max(axis=0)
    fitted = np.vander(PLACES / PLACES.max(), degree + 1)
    # Measured from the value at the point, so that the fit adds no rounding of its own.
    with quiet():
        rise = np.where(finite, found - found[~beside], 0).reshape(len(PLACES), -1)
        left = rise - fitted @ np.linalg.lstsq(fitted, rise, rcond=None)[0]
        spread = np.linalg.norm(left, axis=0) / (len(PLACES) - degree - 1) ** 0.5
        moves = np.count_nonzero(np.diff(np.where(finite, found, 0), axis=0), axis=0)
    return _Residual(
        left=spread.reshape(top.shape),
        rounding=np.maximum(eps * top, np.finfo(np.float64).smallest_subnormal) / 12**0.5,
        top=top,
        finite=finite,
        distinct=moves > len(PLACES) // 4,
    )
