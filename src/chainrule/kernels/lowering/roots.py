"""The cube root, and the root of a sum of squares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from chainrule.kernels.lowering.exponential import exp
from chainrule.kernels.lowering.logarithm import log
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


@lowered("cbrt")
def cbrt(x: Vector) -> Vector:
    return _cube_root(x.to(_DOUBLE)).to(x.dtype)


@shared()
def _cube_root(x: Vector) -> Vector:
    a = x.abs()
    small = a < 2.0**-900  # the residual below would vanish
    a = small.select(a * 2.0**300, a)
    root = exp(log(a) * (1 / 3))
    square = root * root
    residual = square.fused(root, -a) + root.fused(root, -square) * root
    root = root - residual / (3.0 * square)
    root = small.select(root * 2.0**-100, root)
    return (x.equals(0.0) | ~(a < math.inf)).select(x, root.with_sign_of(x))
