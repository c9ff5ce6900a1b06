"""The section with the loss at every step."""

from __future__ import annotations

from chainrule.plot.alt import alt
from chainrule.plot.loss_curve import loss_curve as draw
from chainrule.plot.save import content_of
from chainrule.report.page import Section, picture
from chainrule.report.trained import Training

__all__ = ["loss_curve"]


def loss_curve(training: Training) -> Section:
    """The loss against the step, drawn for a light and for a dark page."""
    light, dark = draw(training.run), draw(training.run, dark=True)
    body = picture(content_of(light, ".svg"), content_of(dark, ".svg"), alt(light))
    return Section("loss", "The loss at every step", body)
