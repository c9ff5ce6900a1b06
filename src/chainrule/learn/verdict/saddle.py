"""A stationary point that is no minimum: the gradient is all but zero, and the loss curves down along a direction."""

from __future__ import annotations

import math
from typing import Any

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import about, fall, found
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["saddle"]

SMALL = 1e-5  # of what the loss fell: how close in loss the stationary point is
CURVED = 1e-3  # of the largest magnitude: a curvature below zero that is no rounding, and no plateau's


def saddle(case: Case) -> Verdict | None:
    """Negative curvature, with a stationary point of the model close by in loss."""
    model = case.model
    if model is None or model.convex or -model.smallest < CURVED * model.scale:
        return None
    near = SMALL * case.fell + case.rounding
    if model.excess > near or model.height > near:
        return None
    name = "Near a maximum" if model.largest < -model.negligible else "Near a saddle point"
    story = f"the loss fell {fall(case)}" if case.fell > 0 else f"the loss is {case.after:.6g}"
    said = (
        f"{name}: {story} and the gradient's norm is {case.run.gradient_norm:.2g}, "
        f"but along {model.downward} the loss curves down ({model.smallest:.4g}; the largest curvature is "
        f"{model.largest:.4g})."
    )
    more: dict[str, Any] = {"down_direction": model.downward}
    steps = _escape(case)
    if math.isfinite(steps):
        said += f" At this rate it takes {about(steps)} to leave."
        more["escape_steps"] = steps
    elif case.run.gradient_norm == 0:
        said += " The gradient is exactly zero, so no number of steps leaves it."
    advice = f"Start again a little to one side along {model.downward}, or from a random point."
    return found(case, Kind.SADDLE, said, advice, **more)


def _escape(case: Case) -> float:
    """How many steps multiply the height along the downward direction to what the loss fell."""
    model = case.model
    if model is None or case.limit is None or not model.height > 0 or not case.rate > 0 or not case.fell > 0:
        return math.nan
    factor = 1 - case.rate * model.smallest
    return max(1.0, math.log(case.fell / model.height) / (2 * math.log(factor)))
