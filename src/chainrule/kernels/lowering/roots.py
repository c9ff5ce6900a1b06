"""The cube root, and the root of a sum of squares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector

_DOUBLE = np.dtype(np.float64)


@lowered("hypot")
@shared()
def hypot(x: Vector, y: Vector) -> Vector:
    a, b = x.abs(), y.abs()
    infinite = a.equals(math.inf) | b.equals(math.inf)
    if x.single:
        wide = a.to(_DOUBLE), b.to(_DOUBLE)
        root = wide[0].times_plus(wide[0], wide[1] * wide[1]).sqrt().to(x.dtype)
        return infinite.select(math.inf, root)
    # By a power of 2, so that no square overflows, and none that counts underflows.
    large, small = (a > 2.0**500) | (b > 2.0**500), (a < 2.0**-450) & (b < 2.0**-450)
    scale = large.select(x.of(2.0**-600), small.select(x.of(2.0**600), 1.0))
    back = large.select(x.of(2.0**600), small.select(x.of(2.0**-600), 1.0))
    a, b = a * scale, b * scale
    return infinite.select(math.inf, a.times_plus(a, b * b).sqrt() * back)
