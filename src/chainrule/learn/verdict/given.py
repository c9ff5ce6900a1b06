"""The gradient that was given in place of the exact one, where it is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.record import Verdict
from chainrule.numeric.probe import quiet

__all__ = ["with_given_gradient"]

WRONG = 1e-3  # of the exact gradient: more than rounding or a difference quotient accounts for


def with_given_gradient(case: Case, verdict: Verdict) -> Verdict:
    """The verdict, with a warning before it if the gradient that made the steps is not that of the loss."""
    hessian, problem = case.hessian, case.run.problem
    if problem.gradient is None or hessian is None or hessian.why_differences:
        return verdict
    with quiet():
        slopes = problem.evaluate(problem.flatten(case.point))[1]
        given = hessian.coordinates.joined(slopes, gradient=True)
        off = float(np.linalg.norm(given - hessian.gradient) / max(float(np.linalg.norm(hessian.gradient)), 1e-300))
    # A gradient that is all but zero is rounding in both.
    if not off > WRONG or case.model is None or case.model.excess <= case.rounding:
        return verdict
    said = f"The given gradient is off by {off:.0%} of the exact one here: check it with chainrule.check."
    measurements = {**verdict.measurements, "gradient_off": off}
    return replace(verdict, text=f"{said} {verdict.text}", measurements=measurements)
