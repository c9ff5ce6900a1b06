"""A function of two variables as filled contours, with the field of its negative gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below
from chainrule.plot.numbers import number
from chainrule.plot.two_variables import OnRegion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["gradient_field"]

SIZE = (6.4, 5.4)
# Points of the contours and arrows, a side, and filled bands.
FINE = 81
ARROWS = 13
BANDS = 12


def gradient_field(
    f: Callable[..., Any] | str,
    *,
    between: tuple[Any, Any] | None = None,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """Filled contours of f(x, y) with arrows along −∇f, the direction of steepest descent, and the minimum marked.

    All arrows have the same scale: one that is twice as long stands for a gradient twice as large. They cross contours
    at right angles, and point to the minimum only where the contours are circles. The scale of both axes is the same.

    Args:
        f: a formula of two variables, or a function of two numbers or of a vector of two.
        between: ((x0, x1), (y0, y1)), or (a, b) for both; without it from −3 to 3.
        ax: axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: f is not a function of two variables, or is undefined in the whole region.
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> figure = cr.plot.gradient_field("x^2 + 10y^2")
    >>> print(cr.plot.alt(figure))
    Contours of f(x, y) = x² + 10y² with the field of its negative gradients, x from −3 to 3 and y from −3 to 3.
    The values are from 0 to 99. The longest arrow stands for a gradient of length 51.69. The minimum is 0, at (0, 0).
    The arrows are up to 55 degrees off the direction to it.
    """
    require_matplotlib()
    seen = OnRegion(f, between, FINE)
    arrows = _Arrows(seen)
    with canvas(ax, dark, SIZE) as (axes, palette):
        _draw_contours(axes, palette, seen)
        arrows.draw(axes, palette)
        if seen.minimum is not None:
            x, y, _ = seen.minimum
            axes.plot([x], [y], "*", color=palette.mark, markersize=14, markeredgecolor=palette.ground, label="minimum")
        axes.set(xlim=seen.region[0], ylim=seen.region[1])
        sides = [end - begin for begin, end in seen.region]
        if max(sides) < 3 * min(sides):
            axes.set_aspect("equal")
        function = seen.function
        axes.set_xlabel(function.variables[0], parse_math=False)
        axes.set_ylabel(function.variables[1], parse_math=False)
        axes.set_title(f"{function.title} and −∇{function.name}", parse_math=False, fontsize="medium")
        legend_below(axes)
    describe(
        axes,
        f"Contours of {seen.function.title} with the field of its negative gradients, {seen.where}.",
        seen.told,
        f"The longest arrow stands for a gradient of length {number(arrows.longest)}." if arrows.longest else "",
        seen.told_minimum,
        _told_angle(seen.minimum, arrows.places, arrows.downhill),
        "" if seen.known.all() else "Where there is no real value, nothing is drawn.",
    )
    return figure_of(axes)


def _draw_contours(axes: Axes, palette: Palette, seen: OnRegion) -> None:
    from matplotlib.ticker import MaxNLocator

    from chainrule.plot.shades import shades

    # One pole would take all the bands.
    high = float(np.quantile(seen.values[seen.known], 0.99))
    if high > seen.lowest:
        levels = MaxNLocator(BANDS).tick_values(seen.lowest, high)
        shown = np.ma.masked_invalid(seen.values)
        filled = axes.contourf(seen.xs, seen.ys, shown, levels, cmap=shades(palette), extend="max")
        bar = figure_of(axes).colorbar(filled, ax=axes, shrink=0.85)
        bar.outline.set_edgecolor(palette.faint)
        bar.set_label(seen.function.name, parse_math=False)


class _Arrows:
    """Where the arrows stand, shape (n, 2), the negative gradients there, and the length of the longest."""

    def __init__(self, seen: OnRegion) -> None:
        columns, rows = (np.linspace(*ends, ARROWS + 2)[1:-1] for ends in seen.region)
        places = np.array([(x, y) for y in rows for x in columns])
        downhill = -np.array([seen.function.gradient(x, y) for x, y in places])
        lengths = np.hypot(*downhill.T)
        drawn = np.isfinite(lengths) & (lengths > 0)
        self.places, self.downhill = places[drawn], downhill[drawn]
        self.longest = float(lengths[drawn].max(initial=0.0))
        self.spacing = min((end - begin) / (ARROWS + 1) for begin, end in seen.region)

    def draw(self, axes: Axes, palette: Palette) -> None:
        if self.longest:
            axes.quiver(
                *self.places.T, *self.downhill.T, angles="xy", scale_units="xy",
                scale=self.longest / (1.3 * self.spacing), color=palette.ink, width=0.0032, pivot="tail",
            )  # fmt: skip


def _told_angle(minimum: tuple[float, float, float] | None, places: Any, downhill: Any) -> str:
    if minimum is None or not len(places):
        return ""
    towards = np.array(minimum[:2]) - places
    away = np.hypot(*towards.T) * np.hypot(*downhill.T)
    cosines = (towards * downhill).sum(axis=1)[away > 0] / away[away > 0]
    degrees = math.degrees(math.acos(float(np.clip(cosines.min(initial=1.0), -1, 1))))
    if degrees < 0.5:
        return "Every arrow points to it."
    return f"The arrows are up to {degrees:.0f} degrees off the direction to it."
