"""A figure of our own, made without pyplot: nothing has to be closed, no window opens, and notebooks show it.

Imported only where Matplotlib is known to be installed.
"""

from __future__ import annotations

import io
from typing import Any, final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from chainrule.errors import ArgumentError
from chainrule.plot.alt import alt

__all__ = ["Picture"]


@final
class Picture(Figure):
    """A Matplotlib figure which a notebook shows as the value of a cell, with its alt text."""

    def __init__(self, size: tuple[float, float]) -> None:
        super().__init__(figsize=size, layout="constrained")
        FigureCanvasAgg(self)

    def show(self, warn: bool = True) -> None:
        """Say how the figure is seen: it belongs to no window.

        Args:
            warn: taken as Matplotlib's figures take it, and not used.

        Raises:
            ArgumentError: always.
        """
        raise ArgumentError(
            "this figure has no window: a notebook shows it as the value of a cell, chainrule.plot.save(figure, "
            '"picture.png") writes it, and for a window draw it with ax=plt.figure(layout="constrained").subplots() '
            "and call plt.show()"
        )

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        image = io.BytesIO()
        self.savefig(image, format="png")
        return image.getvalue(), {"alt": alt(self)}
