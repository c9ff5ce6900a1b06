"""How much the values of a function tremble: its rounding noise, measured.

The bound eps * |f| is too small wherever large numbers cancel inside the function, so a tolerance built on it alone
would accuse right gradients.
"""

from __future__ import annotations

import numpy as np

from chainrule.numeric.probe import Probe, RealArray, quiet

__all__ = ["noise_level"]

# Where the samples lie, in units of a sixteenth of the spacing: unequal, because the rounding of a nearly linear
# function at equal distances follows a pattern that can look like no noise at all.
PLACES = np.array([-51, -43, -36, -26, -18, -7, 0, 10, 17, 29, 35, 44, 50])

# Spacings are eps**e * max(|x|, 1), wider where the values do not move at all. At the widest, what the cubic leaves of
# a smooth function is of the order eps.
EXPONENTS = (1 / 2, 3 / 8, 1 / 4)


def noise_level(probe: Probe, values: RealArray, eps: float) -> float:
    """The standard deviation of the error in a value of a scalar function near a point.

    `values` has any shape; `eps` is the machine epsilon of the coarsest dtype involved. A cubic is fitted to values
    at points a tiny step apart; it takes up what is smooth in the function, and what it leaves is noise. Returns at
    least eps * |f| / sqrt(12), the error of a value that is rounded once; that alone is left where the function is
    undefined beside the point. Takes at most 39 evaluations.
    Source: after J. J. Moré, S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput. 33(3), 2011, 1292-1314,
    whose difference tables need equal distances.

    >>> import numpy as np
    >>> from chainrule.numeric.probe import Probe
    >>> eps = float(np.finfo(float).eps)
    >>> cancelling = Probe(lambda x: (1e6 + np.sin(x)) - 1e6, scalar=True)
    >>> noise_level(cancelling, np.array(1.0), eps) > 1e5 * eps
    True
    """
    # No two components in step, so that no symmetry of the function hides its rounding.
    direction = 0.5 + 0.5 * np.modf(np.arange(1, values.size + 1) * 0.6180339887498949)[0].reshape(values.shape)
    cubic = np.vander(PLACES / 16, 4)
    level = float(np.finfo(float).tiny)
    for exponent in EXPONENTS:
        raw = (eps**exponent / 16 * np.maximum(np.abs(values), 1) * direction).astype(values.dtype)
        # An odd multiple of the grid of floating numbers: x + k h is exact, and its last bits differ from k to k. If
        # they did not, a factor inside the function would be rounded alike at all places, and its noise not seen.
        grid = np.spacing(np.abs(values) + raw)
        step = (2 * np.floor(raw / (2 * grid)) + 1) * grid
        with quiet():
            samples = np.array([float(probe(values + np.asarray(k, values.dtype) * step)) for k in PLACES])
        finite = samples[np.isfinite(samples)]
        level = max(level, eps * float(np.abs(finite).max(initial=0.0)) / 12**0.5)
        if finite.size < PLACES.size:
            break
        # Measured from the value at the point, so that the fit adds no rounding of its own.
        rise = samples - samples[PLACES == 0]
        left = rise - cubic @ np.linalg.lstsq(cubic, rise, rcond=None)[0]
        level = max(level, float(np.linalg.norm(left)) / (PLACES.size - 4) ** 0.5)
        # Where most neighbours are equal, the function rounds more coarsely than this spacing can show.
        if np.count_nonzero(np.diff(samples)) > PLACES.size // 4:
            break
    return level
