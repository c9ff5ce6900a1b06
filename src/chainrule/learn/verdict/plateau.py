"""Almost no slope, and no curvature that would tell of a minimum."""

from __future__ import annotations

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import counted, found
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["plateau"]

LITTLE = 1e-3  # of the loss: a gain that as many steps again would bring on a plateau at most


def plateau(case: Case) -> Verdict | None:
    """As many steps again would change little, and the gradient leads along directions that do not curve up."""
    model = case.model
    if model is None or (model.slope > 0 and model.unopposed < 0.5):
        return None
    gain = model.slope**2 * case.reach
    if not gain < LITTLE * max(abs(case.after), case.fell) and model.slope > 0:
        return None
    said = f"On a plateau: the loss is {case.after:.6g} after {counted(case.run.steps)}"
    if model.slope == 0:
        said += ", and the gradient is zero: near here the loss does not depend on the parameters, or only beyond"
        said += " second order."
    else:
        said += (
            f", the gradient's norm is {model.slope:.2g}, and as many steps again would gain about {gain:.1g}. "
            f"The curvature (between {model.smallest:.2g} and {model.largest:.2g}) tells of no minimum this way."
        )
    advice = "Start elsewhere, where the loss has a slope; look for saturated or dead units, and scale the inputs."
    return found(case, Kind.PLATEAU, said, advice, expected_gain=gain)
