"""The colours of pictures, for a light and for a dark page."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "Palette"]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a picture, told apart by readers of any colour vision.

    Source: M. Okabe, K. Ito, Color universal design, 2008.
    """

    ground: str
    ink: str
    soft: str
    faint: str
    measured: str
    first: str
    second: str
    mark: str


LIGHT = Palette("#ffffff", "#1f2328", "#59616c", "#d0d4da", "#0072b2", "#d55e00", "#009e73", "#aa3377")
DARK = Palette("#14171c", "#e6e9ee", "#9aa4b2", "#363c46", "#56b4e9", "#f0a050", "#3fd0a4", "#f48fc1")
