"""The section with the check of the gradient that the descent ran on."""

from __future__ import annotations

from chainrule.errors import ChainruleError
from chainrule.report.page import Section, paragraph, table
from chainrule.report.trained import Training

__all__ = ["gradient_check"]

ROWS = 30


def gradient_check(training: Training) -> Section:
    """The gradient beside what differences of the loss give, with how small a mistake would have been seen."""
    try:
        check = training.check()
    except ChainruleError as error:
        return Section("check", "The gradient, checked", paragraph(f"It could not be checked: {error}", "bad"))
    parts = [paragraph(check.verdict[0].upper() + check.verdict[1:] + ".", "good" if check else "bad")]
    if training.checked_over:
        parts.append(paragraph(training.checked_over, "soft"))
    if check.diagnosis:
        parts.append(paragraph(f"Diagnosis: {check.diagnosis}"))
    rows = [
        (
            c.label,
            f"{c.analytic + 0.0:.10g}",
            f"{c.numeric + 0.0:.10g}",
            f"{c.difference + 0.0:.1e}",
            f"{c.tolerance:.1e}",
        )
        for c in check.components[:ROWS]
    ]
    if rows:
        parts.append(table(["component", "gradient", "by differences", "difference", "tolerance"], rows))
    if len(check.components) > ROWS:
        parts.append(paragraph(f"and {len(check.components) - ROWS:,} more components", "soft"))
    parts.append(
        paragraph(
            f"An error of {check.resolution:.1e} in a single component would have been seen for certain; "
            f"the loss was evaluated {check.evaluations:,} times.",
            "soft",
        )
    )
    return Section("check", "The gradient, checked", "\n".join(parts))
