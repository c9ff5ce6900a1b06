"""Ended by hand."""

from __future__ import annotations

from dataclasses import replace

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import counted
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["interrupted"]


def interrupted(case: Case, verdict: Verdict) -> Verdict:
    """The verdict on the steps that were made, with the interruption before it if there was one."""
    run = case.run
    if run.interrupted and verdict.kind is not Kind.INTERRUPTED:
        said = f"Interrupted after {run.steps:,} of {counted(run.asked)}. {verdict.text}"
        more = {**verdict.measurements, "until_then": verdict.kind}
        return replace(verdict, kind=Kind.INTERRUPTED, text=said, measurements=more)
    if run.steps == 0 and verdict.kind is not Kind.INTERRUPTED:
        return replace(verdict, text=f"No step was made. {verdict.text}")
    return verdict
