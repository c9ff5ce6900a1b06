"""The steps are too long for the curvature: what is wrong grows with each of them."""

from __future__ import annotations

import math

import numpy as np

from chainrule.learn.dynamics import linear_rule, transitions
from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import counted, critical, found, rate_advice
from chainrule.learn.verdict.noise_floor import noise_floor
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["diverging", "growth"]


def diverging(case: Case) -> Verdict | None:
    """The loss grew without bound, or the rate is above the critical rate and the loss, or its swings, grow."""
    run = case.run
    finite = case.losses[np.isfinite(case.losses)]
    peak = float(finite.max()) if finite.size else math.nan
    over = case.of_critical > 1
    if run.diverged:
        if not peak > case.before and not (case.after == math.inf and over):
            return None
        rise = f"rose from {case.before:.6g} to {peak:.6g}" if peak > case.before else f"was {case.before:.6g}"
        said = f"Diverging: the loss {rise}; at step {run.steps:,} {run.ending.what} was no longer finite."
    else:
        rising = run.steps > 0 and case.after > case.losses[-2]
        rose = case.after > case.before + case.rounding
        # On a quadratic, a rate above the critical one diverges even while the loss still falls along the rest.
        # Clipped steps cannot grow, and go to and fro.
        growing = over and not case.clipped and case.swings.outgrown and (rising or case.swings.growth > 1 + 1e-6)
        if not growing and (case.wanders or _upheld(case)):
            return None
        if not growing and not (rose and (rising or case.limit is None)):
            return None
        went = "rose" if rose else "went"
        said = f"Diverging: the loss {went} from {case.before:.6g} to {case.after:.6g} in {counted(run.steps)}."
    said += _reason(case)
    advice = (
        rate_advice(case) if over or case.limit is None else 'Take a smaller learning rate, such as "auto" chooses.'
    )
    return found(case, Kind.DIVERGING, said, advice)


def growth(case: Case) -> float:
    """The factor by which a step multiplies the distance along the steepest eigenvector."""
    linear = linear_rule(case.run.optimizer)
    if linear is None or case.model is None:
        return math.nan
    matrix = transitions(linear[0], case.rate, np.array([case.model.largest]))[0]
    return float(np.abs(np.linalg.eigvals(matrix)).max()) if np.isfinite(matrix).all() else math.inf


def _upheld(case: Case) -> bool:
    """Whether the noise of mini-batches explains the rise; noise that grows with the distance does not."""
    model = case.model
    return (
        case.noisy and model is not None and model.excess < 4 * case.reference and noise_floor(case) is not None
    )  # fmt: skip


def _reason(case: Case) -> str:
    if not 0 < case.critical_rate < math.inf:
        return ""
    if case.of_critical > 1:
        return (
            f" The learning rate {case.rate:g} is {case.of_critical:.4g} times the critical rate {critical(case)}: "
            f"there each step overshoots, and multiplies the distance from the minimum by {growth(case):.4g}."
        )
    below = f" The learning rate {case.rate:g} is below the critical rate {critical(case)} at this point."
    if case.noisy:
        return f"{below} Single batches curve more than all data together, and so allow less."
    return f"{below} So the loss curves more elsewhere on the way."
