"""How much the values of a function tremble: its rounding noise, measured.

The bound eps * |f| is too small wherever large numbers cancel inside the function, so a tolerance built on it alone
would accuse right gradients.
"""

from __future__ import annotations

import numpy as np

from chainrule.numeric.differences import representable
from chainrule.numeric.probe import Probe, RealArray, quiet

__all__ = ["noise_level"]

POINTS = 9
SPACINGS = (1.0, 1e2, 1e4)  # in units of sqrt(eps) * max(|x|, 1); wider when the values do not move at all

# The fourth difference of independent errors of variance s**2 has variance (1 + 16 + 36 + 16 + 1) s**2.
FOURTH_DIFFERENCE = 70**0.5


def noise_level(probe: Probe, values: RealArray, eps: float) -> float:
    """The size of the error in one value of a scalar function near a point, at least eps * |f|.

    `values` has any shape; `eps` is the machine epsilon of the coarsest dtype involved. Takes at most 27
    evaluations. Fourth differences of values at points a tiny step apart remove what is smooth in the function and
    keep its noise. Where the function is undefined beside the point, only the bound eps * |f| is left.
    Source: J. J. Moré, S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput. 33(3), 2011, 1292-1314.

    >>> from chainrule.numeric.probe import Probe
    >>> import numpy as np
    >>> eps = float(np.finfo(float).eps)
    >>> cancelling = Probe(lambda x: (1e6 + np.sin(x)) - 1e6, scalar=True)
    >>> noise_level(cancelling, np.array(1.0), eps) > 1e5 * eps
    True
    """
    # No two components in step, so that no symmetry of the function hides its rounding.
    direction = 0.5 + 0.5 * np.modf(np.arange(1, values.size + 1) * 0.6180339887498949)[0].reshape(values.shape)
    level = float(np.finfo(float).tiny)
    for spacing in SPACINGS:
        raw = spacing * eps**0.5 * np.maximum(np.abs(values), 1) * direction
        step = representable(values, raw.astype(values.dtype))
        with quiet():
            samples = np.array([float(probe(values + k * step)) for k in range(-(POINTS // 2), POINTS // 2 + 1)])
        samples = samples[np.isfinite(samples)]
        if samples.size:
            level = max(level, eps * float(np.abs(samples).max()))
        if samples.size < POINTS:
            break
        trembling = np.abs(np.diff(samples, 4)).max() / FOURTH_DIFFERENCE
        # Where most values are equal, the function rounds more coarsely than this spacing can show.
        if np.count_nonzero(np.diff(samples)) > POINTS // 2:
            return max(level, float(trembling))
        level = max(level, float(trembling))
    return level
