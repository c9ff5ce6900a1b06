"""A function of two variables as a surface in space."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import canvas, describe, figure_of, require_matplotlib
from chainrule.plot.gradient_field import told_minimum, where
from chainrule.plot.numbers import number
from chainrule.plot.two_variables import TwoVariables, region_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["surface"]

SIZE = (6.4, 5.4)
FINE = 61


def surface(
    f: Callable[..., Any] | str,
    *,
    between: tuple[Any, Any] | None = None,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """The graph of f(x, y) as a surface over the plane, with the minimum marked where there is one inside.

    Args:
        f: a formula of two variables, or a function of two numbers or of a vector of two.
        between: ((x0, x1), (y0, y1)), or (a, b) for both; without it from −3 to 3.
        ax: axes to draw on, made by `figure.add_subplot(projection="3d")`; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: f is not a function of two variables, or is undefined in the whole region; `ax` is not 3-D.
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> print(cr.plot.alt(cr.plot.surface("x^2 + y^2")))
    The surface of f(x, y) = x² + y², x from −3 to 3 and y from −3 to 3. The values are from 0 to 18.
    The minimum is 0, at (0, 0).
    """
    require_matplotlib()
    function = TwoVariables(f)
    region = region_of(between)
    xs, ys = (np.linspace(*ends, FINE) for ends in region)
    values = function.on_grid(xs, ys)
    known = np.isfinite(values)
    if not known.any():
        raise ArgumentError(f"{function.title} has no real value in the region: give another one, between=((..), (..))")
    lowest = np.unravel_index(np.argmin(np.where(known, values, np.inf)), values.shape)
    minimum = function.minimum(region, (float(xs[lowest[1]]), float(ys[lowest[0]])))
    low, high = float(values[known].min()), float(values[known].max())
    with canvas(ax, dark, SIZE, projection="3d") as (axes, palette):
        from chainrule.plot.shades import shades

        space: Any = axes
        space.plot_surface(
            *np.meshgrid(xs, ys), values, cmap=shades(palette, 1.0), vmin=low - 0.25 * (high - low), vmax=high or None,
            rcount=FINE, ccount=FINE, linewidth=0, antialiased=True, alpha=0.92,
        )  # fmt: skip
        if minimum is not None:
            x, y, value = minimum
            space.plot([x], [y], [value], "*", color=palette.mark, markersize=14, zorder=10, label="minimum")
            space.legend(loc="upper left", frameon=False)
        for axis in (space.xaxis, space.yaxis, space.zaxis):
            axis.set_pane_color(palette.ground)
            axis.line.set_color(palette.soft)
            axis._axinfo["grid"]["color"] = palette.faint
        # Labels of the ticks stand outside the box.
        space.set_box_aspect(None, zoom=0.88)
        space.set_xlabel(function.variables[0], parse_math=False)
        space.set_ylabel(function.variables[1], parse_math=False)
        space.set_zlabel(function.name, parse_math=False)
        space.set_title(function.title, parse_math=False, fontsize="medium")
    describe(
        axes,
        f"The surface of {function.title}, {where(function, region)}.",
        f"The values are from {number(low)} to {number(high)}.",
        told_minimum(minimum),
        "" if known.all() else "Where there is no real value, there is a hole.",
    )
    return figure_of(axes)
