"""Jumps at the point of differentiation: there is no derivative there, whatever a difference quotient says."""

from __future__ import annotations

import numpy as np

from chainrule.errors import NonFiniteError
from chainrule.numeric.differences.lines import Lines
from chainrule.numeric.probe import RealArray, precision, quiet

__all__ = ["require_no_jump"]

OFFSETS = (-3, -2, -1, 1, 2, 3)

# A jump is worth a look only where the values tremble by this part of their size, or by this many units of rounding.
LOUD, UNITS = 1e-5, 64

# On either side of a jump the values differ by at most this part of it.
SMOOTH = 1e-3


def require_no_jump(lines: Lines, noise: RealArray) -> None:
    """Raise `NonFiniteError` where f has one value just below x and another just above it.

    `noise` is the measured trembling of f, of the shape of f(x); where it is quiet, f is not called.
    """
    centre = lines.samples.centre
    loud = max(LOUD, UNITS * precision(lines.samples.values, centre))
    if not lines.count or not (noise > loud * np.abs(centre)).any():
        return
    trembling = np.broadcast_to(lines.spread(noise) > loud * np.abs(lines.spread(centre)), (lines.count, *lines.out))
    suspects = np.flatnonzero(trembling.any(axis=tuple(range(1, trembling.ndim))))
    # The next numbers beside x: a function that is only steep is smooth from one to the next.
    size = np.abs(lines.position)
    least = np.maximum(4 * np.spacing(size), np.asarray(1e-30, size.dtype) ** (size.dtype.itemsize / 8))
    found = lines.sample(OFFSETS, lines.grid(least.astype(size.dtype), max(OFFSETS)), suspects)
    with quiet():
        below, above = found[:3], found[3:]
        height = np.abs(above.mean(axis=0) - below.mean(axis=0))
        spread = np.ptp(below, axis=0) + np.ptp(above, axis=0)
        jumps = (height > loud * np.abs(found).max(axis=0)) & (spread <= SMOOTH * height)
    if jumps.any():
        line, *output = (int(i) for i in np.argwhere(jumps)[0])
        where, what = lines.place(int(suspects[line]), tuple(output))
        before, after = found[(2, line, *output)], found[(3, line, *output)]
        raise NonFiniteError(
            f"{lines.samples.probe.name}{what} jumps from {before:.6g} to {after:.6g} at {where}: it has no derivative "
            "there; move x, or take scheme='forward' or 'backward' with a step h"
        )
