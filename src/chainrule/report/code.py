"""The section with the code of the gradient."""

from __future__ import annotations

from chainrule.errors import ChainruleError
from chainrule.report.page import Section, code, paragraph
from chainrule.report.trained import Training

__all__ = ["gradient_code"]


def gradient_code(training: Training) -> Section:
    """The gradient as code to take away."""
    try:
        body = paragraph("It needs NumPy and nothing else.", "soft") + code(training.source())
    except ChainruleError as error:
        body = paragraph(f"Its code cannot be written: {error}", "soft")
    return Section("code", "The gradient as code", body)
