"""Text as large as what it is written on: its size is in units of the axes, so a box holds it at every size of figure.

Imported only where Matplotlib is known to be installed.
"""

from __future__ import annotations

from typing import Any

from matplotlib.text import Text
from matplotlib.transforms import Bbox

__all__ = ["ScaledText"]


class ScaledText(Text):
    """A text whose font has a height in units of the axes' data, where the other artists have theirs."""

    def __init__(self, x: float, y: float, text: str, height: float, **properties: Any) -> None:
        super().__init__(x, y, text, **properties)
        self._height = height

    def draw(self, renderer: Any) -> None:
        self._fit()
        super().draw(renderer)

    def get_window_extent(self, renderer: Any = None, dpi: float | None = None) -> Bbox:
        self._fit()
        return super().get_window_extent(renderer, dpi)

    def _fit(self) -> None:
        if self.axes is None or self.figure is None:
            return
        (_, low), (_, high) = self.axes.transData.transform([(0.0, 0.0), (0.0, self._height)])
        size = abs(high - low) * 72 / self.figure.dpi
        # Set only when it changed: a figure redraws what has changed.
        if abs(size - self.get_fontsize()) > 1e-3:
            self.set_fontsize(size)
