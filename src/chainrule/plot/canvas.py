"""What all pictures share: Matplotlib, if it is installed, axes to draw on, and colours for light and dark.

A picture is written as

    with canvas(ax, dark, SIZE) as (axes, palette):
        ...  # draw
    describe(axes, "What it is.", "Its numbers.")
    return figure_of(axes)
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chainrule.errors import ArgumentError, MissingExtraError
from chainrule.plot.alt import describe
from chainrule.views.palette import DARK, LIGHT, Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Palette", "canvas", "describe", "figure_of", "require_matplotlib"]

# The contrast below which text is hard to read (WCAG 2.2, 1.4.3).
LEGIBLE = 4.5


@contextmanager
def canvas(
    ax: Axes | None, dark: bool, size: tuple[float, float], projection: str | None = None
) -> Iterator[tuple[Axes, Palette]]:
    """The axes to draw on, with the palette; what is drawn within takes its colours.

    Axes of the user keep their place and fonts, and get the colours too. The ground of their figure changes only where
    text on it could not be read.

    Args:
        ax: axes of the user, or None for a figure of its own.
        dark: for a dark page.
        size: of a new figure, in inches.
        projection: "3d" for a picture in space; None for one in the plane.

    Raises:
        ArgumentError: `ax` is not one Axes, or not of this projection; `dark` is not a bool.
        MissingExtraError: the extra `plot` is not installed.
    """
    if not isinstance(dark, bool):
        raise ArgumentError(f"dark must be True or False, not {dark!r}")
    matplotlib = require_matplotlib()
    palette = DARK if dark else LIGHT
    if ax is not None:
        _require_axes(ax, projection)
    with matplotlib.rc_context(_style(palette)):
        if ax is None:
            from chainrule.plot.picture import Picture

            yield Picture(size).add_subplot(projection=projection), palette
        else:
            _colour(ax, palette)
            yield ax, palette


def figure_of(axes: Axes) -> Figure:
    """The figure that the axes stand on, also where that is a part of another."""
    part = axes.get_figure()
    if part is None:
        raise ArgumentError("ax stands on no figure: it was removed from it")
    # By the canvas, which a part shares with the whole: what get_figure takes differs between versions.
    return part.canvas.figure


def require_matplotlib() -> Any:
    """Matplotlib; raises `MissingExtraError` with the install command. Called before anything is computed."""
    try:
        matplotlib = importlib.import_module("matplotlib")
        importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise MissingExtraError('pictures need Matplotlib: pip install "chainrule[plot]"') from error
    return matplotlib


def _require_axes(ax: Any, projection: str | None) -> None:
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise ArgumentError(
            f"ax must be one Axes of Matplotlib, not {type(ax).__name__}: axes[0, 1] of an array of them"
        )
    figure_of(ax)
    wanted, found = projection or "rectilinear", ax.name
    if wanted != found:
        way = 'figure.add_subplot(projection="3d")' if projection else "figure.add_subplot()"
        raise ArgumentError(f"ax has the projection {found!r}, and this picture needs {wanted!r}: make it by {way}")


def _style(palette: Palette) -> dict[str, Any]:
    ink = ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
    ground = ("figure.facecolor", "axes.facecolor", "savefig.facecolor", "legend.facecolor")
    return {
        **dict.fromkeys(ink, palette.ink),
        **dict.fromkeys(ground, palette.ground),
        "xtick.labelcolor": "inherit",
        "ytick.labelcolor": "inherit",
        "legend.labelcolor": "None",
        "axes.edgecolor": palette.faint,
        "grid.color": palette.faint,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }


def _colour(ax: Axes, palette: Palette) -> None:
    """Give axes that were made in another style the colours of the palette."""
    from matplotlib.colors import to_rgba

    figure = figure_of(ax)
    ground = to_rgba(figure.get_facecolor())
    # A ground that lets the page through is the user's to choose.
    if ground[3] == 1 and _contrast(ground, to_rgba(palette.ink)) < LEGIBLE:
        figure.set_facecolor(palette.ground)
    ax.set_facecolor(palette.ground)
    for axis in ax._axis_map.values():
        axis.set_tick_params(which="both", colors=palette.ink, grid_color=palette.faint)
        axis.label.set_color(palette.ink)
        axis.offsetText.set_color(palette.ink)
    ax.title.set_color(palette.ink)
    for side, spine in ax.spines.items():
        spine.set_color(palette.faint)
        spine.set_visible(side not in ("top", "right"))


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The ratio of relative luminances by which WCAG 2.2 measures contrast."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
