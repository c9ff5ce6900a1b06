"""The colours of pictures, for a light and for a dark page."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "Palette"]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a picture, told apart by readers of any colour vision.

    The hues are those of M. Okabe and K. Ito, Color universal design, 2008. Lightness and saturation were chosen so
    that the series and the ink stay at least 15 apart in CIELAB also for readers without red or green cones (G. Machado
    and others, A physiologically-based model for simulation of color vision deficiency, 2009), and each stands out from
    its ground by a contrast of 3:1 (WCAG 2.2, 1.4.11), text by 4.5:1.
    """

    ground: str
    ink: str
    soft: str
    faint: str
    measured: str
    first: str
    second: str
    mark: str
    third: str

    @property
    def series(self) -> tuple[str, ...]:
        """The colours of lines side by side, in the order in which to take them."""
        return (self.measured, self.first, self.second, self.mark, self.third)


LIGHT = Palette("#ffffff", "#1f2328", "#59616c", "#d0d4da", "#0a70c4", "#d06f00", "#109c78", "#89176b", "#6b5f29")
DARK = Palette("#14171c", "#e6e9ee", "#9aa4b2", "#363c46", "#4c93dc", "#f4a62a", "#23a56e", "#f79ccf", "#7468ff")
