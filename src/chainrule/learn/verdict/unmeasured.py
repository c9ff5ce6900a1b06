"""The curvature could not be measured, so that the losses are all there is to judge by."""

from __future__ import annotations

import math

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import fall, found
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["unmeasured"]


def unmeasured(case: Case) -> Verdict | None:
    """What the losses say, and why no more can be said."""
    if math.isnan(case.after):
        return Verdict(Kind.INTERRUPTED, "Interrupted before the loss was known.")
    if case.model is not None:
        return None
    why = f"How the loss curves could not be measured: {case.why_not}."
    if case.fell > 0:
        return found(case, Kind.DESCENDING, f"The loss fell {fall(case)}. {why}")
    return found(case, Kind.UNDECIDED, f"The loss did not fall: it went {fall(case)}. {why}")
