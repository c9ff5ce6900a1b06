"""The section with the verdict on the descent, and what it was measured from."""

from __future__ import annotations

from chainrule.report.page import Section, paragraph, table
from chainrule.report.trained import Training

__all__ = ["verdict"]


def verdict(training: Training) -> Section:
    """What happened in the descent and why, in words and in numbers."""
    run = training.run
    parts = [paragraph(training.verdict, "bad" if run.diverged else "")]
    before = float(run.history.loss[0]) if run.steps else run.final_loss
    rows = [
        ("steps", f"{run.steps:,}"),
        ("ended because", run.stopped),
        ("loss before", f"{before:.8g}"),
        ("loss after", f"{run.final_loss:.8g}"),
        ("norm of the gradient after", f"{run.gradient_norm:.3g}"),
    ]
    parts.append(table(["of the descent", ""], rows))
    return Section("verdict", "The verdict", "\n".join(parts))
