"""The verdict on a descent, told from its losses and the gradient's norm at the first and the last iterate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chainrule.learn.descent import Descent

__all__ = ["judge"]


def judge(run: Descent) -> str:
    """What happened, in a sentence or two."""
    losses = np.append(run.history.loss, run.final_loss)
    first = float(run.history.gradient_norm[0]) if run.steps else run.gradient_norm
    last = run.gradient_norm
    before, after = float(losses[0]), float(losses[-1])
    if math.isnan(first):
        return "Interrupted before the loss was known."
    opening = f"Interrupted after {run.steps:,} of {run.asked:,} steps. " if run.stopped == "interrupted" else ""
    if run.diverged:
        peak = float(np.max(losses[:-1]))
        if peak > before:
            return f"The loss rose from {before:.6g} to {peak:.6g} and on: take a smaller learning rate."
        return f"The loss was {losses[-2]:.6g} one step earlier: that step left the domain of the loss or its gradient."
    if run.steps == 0:
        return f"{opening}No step was made; the gradient's norm is {last:.3g}."
    if first == 0:
        return "The gradient is zero at the start: a stationary point, or the loss does not depend on the parameters."
    rises = np.diff(losses) > 4 * np.finfo(float).eps * np.abs(losses[:-1])
    if after > before:
        remedy = "take a smaller learning rate" + (", and check the gradient" if run.problem.given else "")
        return f"{opening}The loss rose from {before:.6g} to {after:.6g} in {counted(run.steps)}: {remedy}."
    if after == before:
        return f"{opening}The loss is {after:.6g} before and after; the gradient's norm is {last:.3g} at the end."
    story = f"{opening}The loss fell from {before:.6g} to {after:.6g} in {counted(run.steps)}"
    if rises.any():
        story += f", but rose in {int(rises.sum()):,} of them: a smaller learning rate would go straighter"
    gain = float(losses[-2]) - after
    ending = f"the last step lowered it by {gain:.2g}" if gain > 0 else "the last step did not lower it"
    return f"{story}; {ending}, and the gradient's norm went from {first:.3g} to {last:.3g}."


def counted(steps: int) -> str:
    return f"{steps:,} step{'' if steps == 1 else 's'}"
