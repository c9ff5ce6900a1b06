"""The search for what a descent has come to: the findings, in the order in which they are held against a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.conditioning import conditioning
from chainrule.learn.verdict.converged import converged
from chainrule.learn.verdict.descending import descending
from chainrule.learn.verdict.diverging import diverging
from chainrule.learn.verdict.finding import Finding
from chainrule.learn.verdict.given import with_given_gradient
from chainrule.learn.verdict.interrupted import interrupted
from chainrule.learn.verdict.noise_floor import noise_floor
from chainrule.learn.verdict.not_finite import not_finite
from chainrule.learn.verdict.oscillating import oscillating
from chainrule.learn.verdict.plateau import plateau
from chainrule.learn.verdict.record import Verdict
from chainrule.learn.verdict.saddle import saddle
from chainrule.learn.verdict.unmeasured import unmeasured
from chainrule.numeric.probe import quiet

if TYPE_CHECKING:
    from chainrule.learn.descent import Descent

__all__ = ["FINDINGS", "judge"]

# To add a finding, write a file like those that are imported here, and enter it in its place: the first that holds is
# the verdict, and the last always holds.
FINDINGS: Sequence[Finding] = (
    diverging,
    not_finite,
    unmeasured,
    converged,
    noise_floor,
    saddle,
    plateau,
    conditioning,
    oscillating,
    descending,
)


def judge(run: Descent) -> Verdict:
    """What happened in a run and why; it takes at most 60 Hessian-vector products and a few gradients."""
    case = Case(run)
    with quiet():
        verdict = next(found for finding in FINDINGS if (found := finding(case)) is not None)
        return interrupted(case, with_given_gradient(case, verdict))
