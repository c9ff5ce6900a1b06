"""A figure of our own, made without pyplot: nothing has to be closed, no window opens, and notebooks show it.

Imported only where Matplotlib is known to be installed.
"""

from __future__ import annotations

import io
from typing import Any, final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from chainrule.plot.alt import alt

__all__ = ["Picture"]


@final
class Picture(Figure):
    """A Matplotlib figure which a notebook shows as the value of a cell, with its alt text."""

    def __init__(self, size: tuple[float, float]) -> None:
        super().__init__(figsize=size, layout="constrained")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        image = io.BytesIO()
        self.savefig(image, format="png")
        return image.getvalue(), {"alt": alt(self)}
