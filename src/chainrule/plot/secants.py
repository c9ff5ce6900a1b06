"""Secants through a point of a function, which turn into its tangent as their step shrinks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below
from chainrule.plot.interval import draw_curve, drawn_curve
from chainrule.plot.numbers import listed, number
from chainrule.plot.one_variable import OneVariable, points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["secants"]

SIZE = (7.0, 5.4)
STEPS = (2.0, 1.0, 0.5, 0.1)


def secants(
    f: Callable[[Any], Any] | str,
    at: float,
    *,
    steps: Sequence[float] = STEPS,
    between: tuple[float, float] | None = None,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """Secants through the points of f at x and x + h for smaller and smaller h, and the tangent that they approach.

    The slope of a secant, (f(x + h) − f(x)) / h, is the average rate of change over the step, such as the average speed
    of a position; that of the tangent is the derivative, which is computed exactly and not as a secant of small h. The
    slopes stand in the table below the picture.

    Args:
        f: a formula of one variable, or a function of one number that chainrule can follow.
        at: the point x, one number.
        steps: the values of h, positive or negative, one to eight; drawn in this order.
        between: from where to where f is drawn; without it an interval around all points.
        ax: axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: f is not a function of one variable, or is undefined at a point; a step is 0.
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> figure = cr.plot.secants("60t", at=0.0, steps=[0.5, 0.1])
    >>> print(cr.plot.alt(figure))
    Secants of f(t) = 60t through t = 0 and t + h approach the tangent. The slope is 60 for h = 0.5 and 60 for h = 0.1.
    The slope of the tangent is 60.
    """
    require_matplotlib()
    function = OneVariable(f)
    (x, *more), widths = points_of(at), points_of(steps, "steps")
    if more:
        raise ArgumentError(f"at is {at!r:.60}: expected one number, where all secants begin")
    if len(widths) > 8:
        raise ArgumentError(f"steps has {len(widths)} numbers: a picture holds 8 at most")
    places = [(h, x + h, function(x + h)) for h in widths]
    for h, there, _ in places:
        if there == x:
            why = "a secant goes through two points" if h == 0 else f"it is less than the distance of numbers at {x:g}"
            raise ArgumentError(f"steps has {h:g}: {why}")
    value = function(x)
    for place, found in [(x, value), *((there, found) for _, there, found in places)]:
        if not math.isfinite(found):
            raise ArgumentError(
                f"{function.title} has no finite value at {function.variable} = {place:g}{function.why_undefined()}"
            )
    slope = function.slope(x)
    slopes = [(h, (there_value - value) / (there - x)) for h, there, there_value in places]
    ends = [x, *(there for _, there, _ in places)]
    curve, interval = drawn_curve(function, between, ends, [value, *(found for *_, found in places)])
    variable = function.variable
    with canvas(ax, dark, SIZE) as (axes, palette):
        draw_curve(axes, palette, function, curve, interval)
        _draw(axes, palette, variable, (x, value), slopes, slope, places)
    said = listed([f"{number(m)} for h = {number(h)}" for h, m in slopes])
    describe(
        axes,
        f"Secants of {function.title} through {variable} = {number(x)} and {variable} + h approach the tangent.",
        f"The slope is {said}.",
        f"The slope of the tangent is {number(slope)}." if math.isfinite(slope) else "There is no tangent.",
        *(["It is one of two: there is a kink."] if function.sides(x) else []),
        *curve.told(variable, function.name),
    )
    return figure_of(axes)


def _draw(
    axes: Axes,
    palette: Palette,
    variable: str,
    point: tuple[float, float],
    slopes: list[tuple[float, float]],
    slope: float,
    places: list[tuple[float, float, float]],
) -> None:
    from matplotlib.colors import to_rgb

    x, y = point
    ground, hue = np.array(to_rgb(palette.ground)), np.array(to_rgb(palette.first))
    count = len(slopes)
    for i, ((h, m), (_, there, value)) in enumerate(zip(slopes, places, strict=True)):
        # From pale to strong as the step shrinks: lightness is seen by everyone.
        strength = 1.0 if count == 1 else 0.45 + 0.55 * i / (count - 1)
        colour = tuple((1 - strength) * ground + strength * hue)
        axes.axline((x, y), slope=m, color=colour, linewidth=1.5, zorder=2, label=f"h = {number(h)}: slope {number(m)}")
        axes.plot([there], [value], "o", color=colour, markersize=5, zorder=3)
    if math.isfinite(slope):
        name = f"tangent, h → 0: slope {number(slope)}"
        axes.axline((x, y), slope=slope, color=palette.mark, linewidth=2, linestyle="--", zorder=4, label=name)
    axes.plot([x], [y], "o", color=palette.mark, markersize=7, zorder=5)
    said = f"{axes.get_title()}\nsecants through {variable} = {number(x)} and {variable} + h"
    axes.set_title(said, parse_math=False, fontsize="medium")
    legend_below(axes)
