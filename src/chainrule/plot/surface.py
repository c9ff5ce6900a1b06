"""A function of two variables as a surface in space."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.plot.canvas import canvas, describe, figure_of, require_matplotlib
from chainrule.plot.two_variables import OnRegion

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
    seen = OnRegion(f, between, FINE)
    with canvas(ax, dark, SIZE, projection="3d") as (axes, palette):
        from chainrule.plot.shades import shades

        space: Any = axes
        space.plot_surface(
            *np.meshgrid(seen.xs, seen.ys), seen.values, cmap=shades(palette, 1.0),
            vmin=seen.lowest - 0.25 * (seen.highest - seen.lowest), vmax=seen.highest or None,
            rcount=FINE, ccount=FINE, linewidth=0, antialiased=True, alpha=0.92,
        )  # fmt: skip
        if seen.minimum is not None:
            x, y, value = seen.minimum
            space.plot([x], [y], [value], "*", color=palette.mark, markersize=14, zorder=10, label="minimum")
            space.legend(loc="upper left", frameon=False)
        for axis in (space.xaxis, space.yaxis, space.zaxis):
            axis.set_pane_color(palette.ground)
            axis.line.set_color(palette.soft)
            axis._axinfo["grid"]["color"] = palette.faint
        # Labels of the ticks stand outside the box.
        space.set_box_aspect(None, zoom=0.88)
        function = seen.function
        space.set_xlabel(function.variables[0], parse_math=False)
        space.set_ylabel(function.variables[1], parse_math=False)
        space.set_zlabel(function.name, parse_math=False)
        space.set_title(function.title, parse_math=False, fontsize="medium")
    describe(
        axes,
        f"The surface of {seen.function.title}, {seen.where}.",
        seen.told,
        seen.told_minimum,
        "" if seen.known.all() else "Where there is no real value, there is a hole.",
    )
    return figure_of(axes)
