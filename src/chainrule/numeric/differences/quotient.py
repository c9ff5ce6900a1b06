"""One difference quotient in the direction of one component, or of all at once."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy as np

from chainrule.errors import NonFiniteError, ShapeError
from chainrule.numeric.differences.schemes import Scheme
from chainrule.numeric.probe import Index, Probe, RealArray, label, quiet

__all__ = ["quotient"]


def quotient(
    probe: Probe, values: RealArray, index: Index | EllipsisType, step: Any, rule: Scheme, centre: RealArray
) -> RealArray:
    """The difference quotient in the direction of one component, or of all at once where index is `...`.

    `step` has the dtype of `values`, `centre` is f there. Returns the shape of f, in float64 or wider.
    Raises `NonFiniteError` where f is NaN or infinite, naming the place, and `ShapeError` if f changes its shape.
    """
    total: Any = 0.0
    wide = np.result_type(values.dtype, np.float64)
    for offset, weight in zip(rule.offsets, rule.weights, strict=True):
        moved = values.copy()
        moved[index] = values[index] + offset * step
        out = probe(moved) if offset else centre
        if out.shape != centre.shape:
            raise ShapeError(f"{probe.name} returned shape {out.shape} at one point and {centre.shape} at another")
        if not np.isfinite(out).all():
            raise NonFiniteError(_undefined(probe, out, centre, values, moved, index))
        with quiet():
            total = total + weight * out.astype(wide)
    with quiet():
        slope: RealArray = np.asarray(total / (rule.divisor * np.asarray(step, wide)))
    return slope


def _undefined(
    probe: Probe, out: RealArray, centre: RealArray, values: RealArray, moved: RealArray, index: Index | EllipsisType
) -> str:
    if not np.isfinite(centre).all():
        out, moved = centre, values
    bad = tuple(int(i) for i in np.argwhere(~np.isfinite(out))[0])
    what = f"{label(probe.name, () if index is ... else bad)} is {out[bad]}"
    place = bad if index is ... else index
    shift = float(moved[place]) - float(values[place])
    if not shift:
        return f"{what} at x itself: move x into the domain of the function"
    side, other = ("above", "backward") if shift > 0 else ("below", "forward")
    at = f"{label('x', place)} = {values[place]:g}"
    return f"{what} at {abs(shift):.2g} {side} {at}: take a smaller h, or scheme={other!r}"
