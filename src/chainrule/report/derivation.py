"""The section with the derivation of the loss gradient."""

from __future__ import annotations

from chainrule.errors import ChainruleError
from chainrule.report.page import Section, paragraph
from chainrule.report.trained import Training

__all__ = ["derivation"]


def derivation(training: Training) -> Section:
    """Each step with its rule, or why there is none to show."""
    try:
        # Without values: those of a few rows, which stand for the data here, would pass for those of all.
        body = training.explain().without_values().to_html()
    except ChainruleError as error:
        body = paragraph(f"This loss has no derivation to show: {error}", "soft")
    return Section("derivation", f"The gradient of the {training.loss}, derived", body)
