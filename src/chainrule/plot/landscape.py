"""The ground that paths of descents are drawn on: contours of the loss in a plane, or its graph along one direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.plot.canvas import Palette
from chainrule.plot.plane import Plane, sample, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

__all__ = ["draw_ground", "draw_path", "settled"]

Numbers = NDArray[np.float64]

# Points of the grid a side, of the graph along one direction, and filled bands of the contours.
RESOLUTION = 81
FINE = 241
BANDS = 14
# Lighter than contours alone: paths and their points lie on it.
STRONGEST = 0.55
# Iterates of a path that are shown as points of their own.
POINTS = 80
# Sides of the view within which all of a path is drawn, from its middle.
OUTSIDE = 50.0


def draw_ground(axes: Axes, palette: Palette, plane: Plane, low: Numbers, high: Numbers) -> None:
    """Contours of the loss where the plane has two directions; the graph of the loss where it has one."""
    if len(plane.labels) == 1:
        xs = np.linspace(low[0], high[0], FINE)
        axes.plot(xs, [plane.at(np.array([x])) for x in xs], color=palette.measured, linewidth=1.8, zorder=1)
        axes.set(xlim=(low[0], high[0]), ylabel="loss")
        axes.set_xlabel(short(plane.labels[0]), parse_math=False)
        axes.grid(True, alpha=0.5)
        return
    # One scale for both parameters where it costs little: contours and steps then keep their angles.
    if max(high - low) < 3 * min(high - low):
        box = axes.get_window_extent()
        sides = np.maximum(high - low, (high - low)[::-1] * np.array([box.width / box.height, box.height / box.width]))
        low, high = (low + high - sides) / 2, (low + high + sides) / 2
        axes.set_aspect("equal", adjustable="box")
    xs, ys, losses = sample(plane, low, high, RESOLUTION)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set_xlabel(short(plane.labels[0]), parse_math=False)
    axes.set_ylabel(short(plane.labels[1]), parse_math=False)
    levels = _levels(losses)
    if levels is None:
        return
    from matplotlib.colors import BoundaryNorm

    from chainrule.plot.shades import shades

    colours = shades(palette, STRONGEST)
    shown = np.ma.masked_invalid(losses)
    # Each band has the same part of the shades, however wide it is.
    axes.contourf(xs, ys, shown, levels, cmap=colours, norm=BoundaryNorm(levels, colours.N), extend="max", zorder=0)
    axes.contour(xs, ys, shown, levels, colors=palette.soft, linewidths=0.5, alpha=0.7, zorder=1)


def settled(figure: Figure) -> Figure:
    """A figure of our own with its layout made: axes of one scale find their place only with the second layout."""
    figure.draw_without_rendering()
    return figure


def _levels(losses: Numbers) -> Numbers | None:
    """Bands that hold about as many places each: of a bowl, rings of equal width; None where the loss is constant."""
    seen = losses[np.isfinite(losses)]
    if not seen.size:
        return None
    low, high = float(seen.min()), float(np.quantile(seen, 0.98))
    with np.errstate(over="ignore"):
        extent = high - low
    if not (extent > 1e-12 * abs(low) and np.isfinite(extent)):
        return None
    middle = float(np.clip((np.median(seen) - low) / extent, 1e-6, 0.5))
    power = np.log(middle) / np.log(0.5)
    levels = np.unique(low + extent * np.linspace(0, 1, BANDS + 1) ** power)
    return levels if len(levels) > 2 else None


def draw_path(
    axes: Axes, points: Numbers, colour: str, style: Any = "-", points_shown: bool = True
) -> tuple[Line2D, int | None]:
    """A path over the ground, as points of the axes; which of them is the first of those that are never seen again.

    It ends with the line that leads out of the view: what lies beyond would only cross it.
    """
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    low, high = np.array([left, bottom]), np.array([right, top])
    seen = np.flatnonzero(((low <= points) & (points <= high)).all(axis=1))
    last = int(seen[-1]) if seen.size else 0
    gone = last + 1 if last + 1 < len(points) else None
    # Points far outside are brought near along their lines: the transforms of Matplotlib overflow there.
    middle, side = (low + high) / 2, high - low
    shown = points[: last + 2]
    with np.errstate(over="ignore", invalid="ignore"):
        far = np.max(np.abs((shown - middle) / side), axis=1) / OUTSIDE
        shown = np.where(far[:, None] > 1, middle + (shown - middle) / far[:, None], shown)
    (line,) = axes.plot(
        shown[:, 0], shown[:, 1], color=colour, linestyle=style, linewidth=1.4, markersize=3.5, zorder=3,
        marker="o" if points_shown and len(shown) <= POINTS else None, solid_joinstyle="round",
    )  # fmt: skip
    return line, gone
