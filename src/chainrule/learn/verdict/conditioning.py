"""The curvatures differ so much that no rate suits both ends: the steepest bounds it, the flattest waits."""

from __future__ import annotations

import math

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import CONVERGED, about, critical, fall, found
from chainrule.learn.verdict.record import Kind, Verdict
from chainrule.learn.verdict.standardising import standardising

__all__ = ["conditioning"]

MANY = 1000  # steps that even the best rate needs for what is left
NEAR = 0.1  # of the critical rate: from here on a better rate is not the remedy


def conditioning(case: Case) -> Verdict | None:
    """The rate is within ten times of the best, and even the best would need more than a thousand steps."""
    model = case.model
    if model is None or not case.of_critical >= NEAR or not model.convex or model.unopposed > 0.5:
        return None
    target = model.optimum + CONVERGED * case.reference
    rate, steps = model.best(case.run.optimizer, target)
    if not steps > MANY:
        return None
    said = (
        f"Limited by conditioning: the loss fell {fall(case)}, and about {model.excess:.3g} more is to be had, along "
        f"{model.slow_direction}. The curvature there is {model.slowest:.3g}, {model.condition:,.3g} times less than "
        f"along the steepest direction, which bounds the rate: {critical(case)}."
    )
    if math.isfinite(steps):
        said += (
            f" Even at {rate:.3g}, about the best fixed rate, it would take {about(steps)} to come within a millionth "
            f"of the way"
        )
        at_this = case.steps_to(CONVERGED)
        said += "." if math.isnan(at_this) else f"; at {case.rate:g} it takes {about(at_this)}."
    remedy, more = standardising(case)
    other = "L-BFGS, which learns the scales, or momentum."
    advice = f"{remedy} Or take {other}" if remedy else f"Scale the inputs, or take {other}"
    return found(case, Kind.CONDITIONING, said, advice, best_rate=rate, steps_at_best_rate=steps, **more)
