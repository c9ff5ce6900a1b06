"""Nothing is left to gain: the minimum, within a millionth of the way or within rounding."""

from __future__ import annotations

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import CONVERGED, counted, fall, found
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["converged", "tolerance"]


def tolerance(case: Case) -> float:
    """What may be left to gain: a millionth of what there was at the start, or what rounding hides."""
    return max(CONVERGED * case.reference, case.rounding)


def converged(case: Case) -> Verdict | None:
    """The loss is at the minimum of a model that curves up, and the rest of the gradient leads nowhere."""
    model = case.model
    if model is None or not model.convex or not model.upward.any():
        return None
    flat = float(model.squares[~model.upward].sum()) * case.reach
    if model.excess > tolerance(case) or flat > tolerance(case):
        return None
    if model.unopposed > 0.5 and flat > case.rounding:  # a slope, however small, that leads to no minimum
        return None
    if case.run.steps and case.fell > 0:
        said = f"Converged: the loss fell {fall(case)}"
    else:
        said = f"Converged: the loss is {case.after:.6g} after {counted(case.run.steps)}, as at the start"
    if model.excess <= case.rounding:
        said += ", and what is left to gain is less than its rounding shows"
    else:
        said += f", and about {model.excess:.2g} is left to gain, {model.excess / case.reference:.1g} of what there was"
    said += f" (the gradient's norm is {case.run.gradient_norm:.2g}, the smallest curvature {model.smallest:.3g})."
    if case.of_critical > 0.75 and case.swings.mostly:
        said += f" On the way it went from side to side along {model.steep_direction}."
    return found(case, Kind.CONVERGED, said)
