"""Casts between dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.kernels.lowering.table import Dtypes, lowered

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


def _to_known(x: Any, dtype: str) -> Dtypes:
    target = np.dtype(dtype)
    if not (target.kind in "bi" or target.char in "fd" or (target.kind == "u" and target.itemsize < 8)):
        raise TypeError(target)
    return (np.dtype(x),)


@lowered("cast", "cast_discrete", kinds="biuf", operands=_to_known)
def cast(x: Vector, dtype: str) -> Vector:
    target = np.dtype(dtype)
    if x.dtype.kind != "f" or target.kind in "bf":
        return x.to(target)
    # To an integer the way of x86, which is C's where C says what happens: small ones by way of int32, and the lowest
    # number for what has no place there.
    wide = np.dtype(np.int64 if target.itemsize == 8 or target == np.uint32 else np.int32)
    end = 2.0 ** (8 * wide.itemsize - 1)
    fits = (x >= -end) & (x < end)
    return fits.select(fits.select(x, 0.0).to(wide), -int(end)).to(target)
