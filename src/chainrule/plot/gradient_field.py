"""A function of two variables as filled contours, with the field of its negative gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below
from chainrule.plot.numbers import number
from chainrule.plot.two_variables import TwoVariables, region_of

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
    function = TwoVariables(f)
    region = region_of(between)
    xs, ys = (np.linspace(*ends, FINE) for ends in region)
    values = function.on_grid(xs, ys)
    known = np.isfinite(values)
    if not known.any():
        raise ArgumentError(f"{function.title} has no real value in the region: give another one, between=((..), (..))")
    columns, rows = (np.linspace(*ends, ARROWS + 2)[1:-1] for ends in region)
    places = np.array([(x, y) for y in rows for x in columns])
    downhill = -np.array([function.gradient(x, y) for x, y in places])
    lengths = np.hypot(*downhill.T)
    drawn = np.isfinite(lengths) & (lengths > 0)
    longest = float(lengths[drawn].max(initial=0.0))
    lowest = np.unravel_index(np.argmin(np.where(known, values, np.inf)), values.shape)
    minimum = function.minimum(region, (float(xs[lowest[1]]), float(ys[lowest[0]])))
    with canvas(ax, dark, SIZE) as (axes, palette):
        from matplotlib.ticker import MaxNLocator

        from chainrule.plot.shades import shades

        low, high = float(values[known].min()), float(np.quantile(values[known], 0.99))
        if high > low:
            levels = MaxNLocator(BANDS).tick_values(low, high)
            shown = np.ma.masked_invalid(values)
            filled = axes.contourf(xs, ys, shown, levels, cmap=shades(palette), extend="max")
            bar = figure_of(axes).colorbar(filled, ax=axes, shrink=0.85)
            bar.outline.set_edgecolor(palette.faint)
            bar.set_label(function.name, parse_math=False)
        if longest:
            spacing = min((end - begin) / (ARROWS + 1) for begin, end in region)
            axes.quiver(
                *places[drawn].T, *downhill[drawn].T, angles="xy", scale_units="xy",
                scale=longest / (1.3 * spacing), color=palette.ink, width=0.0032, pivot="tail",
            )  # fmt: skip
        if minimum is not None:
            x, y, _ = minimum
            axes.plot([x], [y], "*", color=palette.mark, markersize=14, markeredgecolor=palette.ground, label="minimum")
        axes.set(xlim=region[0], ylim=region[1])
        sides = [end - begin for begin, end in region]
        if max(sides) < 3 * min(sides):
            axes.set_aspect("equal")
        axes.set_xlabel(function.variables[0], parse_math=False)
        axes.set_ylabel(function.variables[1], parse_math=False)
        axes.set_title(f"{function.title} and −∇{function.name}", parse_math=False, fontsize="medium")
        legend_below(axes)
    describe(
        axes,
        f"Contours of {function.title} with the field of its negative gradients, {where(function, region)}.",
        f"The values are from {number(float(values[known].min()))} to {number(float(values[known].max()))}.",
        f"The longest arrow stands for a gradient of length {number(longest)}." if longest else "",
        told_minimum(minimum),
        _told_angle(minimum, places[drawn], downhill[drawn]),
        "" if known.all() else "Where there is no real value, nothing is drawn.",
    )
    return figure_of(axes)


def where(f: TwoVariables, region: tuple[tuple[float, float], tuple[float, float]]) -> str:
    """The region in words."""
    return " and ".join(
        f"{variable} from {number(begin)} to {number(end)}"
        for variable, (begin, end) in zip(f.variables, region, strict=True)
    )


def told_minimum(minimum: tuple[float, float, float] | None) -> str:
    """The minimum in words."""
    if minimum is None:
        return "No minimum is marked."
    x, y, value = minimum
    return f"The minimum is {number(value, 1.0)}, at ({number(x)}, {number(y)})."


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
