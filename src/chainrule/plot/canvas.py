"""What all pictures share: Matplotlib, if it is installed, axes to draw on, and colours for light and dark."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chainrule.errors import ArgumentError, MissingExtraError
from chainrule.views.palette import DARK, LIGHT, Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Palette", "canvas", "require_matplotlib"]


@contextmanager
def canvas(ax: Axes | None, dark: bool, size: tuple[float, float]) -> Iterator[tuple[Axes, Palette]]:
    """Axes of the user, or new ones of a size in inches, with the palette."""
    if not isinstance(dark, bool):
        raise ArgumentError(f"dark must be True or False, not {dark!r}")
    pyplot = require_matplotlib()
    palette = DARK if dark else LIGHT
    if ax is not None:
        yield ax, palette
        return
    with pyplot.rc_context(_style(palette)):
        _, axes = pyplot.subplots(figsize=size, layout="constrained")
        yield axes, palette


def require_matplotlib() -> Any:
    """Matplotlib's pyplot; raises `MissingExtraError` with the install command. Called before anything is computed."""
    try:
        return importlib.import_module("matplotlib.pyplot")
    except ImportError as error:
        raise MissingExtraError('pictures need Matplotlib: pip install "chainrule[plot]"') from error


def _style(palette: Palette) -> dict[str, Any]:
    ink = ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
    ground = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")
    return {
        **dict.fromkeys(ink, palette.ink),
        **dict.fromkeys(ground, palette.ground),
        "axes.edgecolor": palette.faint,
        "grid.color": palette.faint,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
