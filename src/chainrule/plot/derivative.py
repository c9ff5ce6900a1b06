"""A function beside its derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import canvas, describe, figure_of, require_matplotlib
from chainrule.plot.curve import Curve
from chainrule.plot.frame import legend_below
from chainrule.plot.interval import Interval, draw_curve, drawn_curve
from chainrule.plot.numbers import number
from chainrule.plot.one_variable import OneVariable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["derivative"]

SIZE = (7.0, 4.8)
PRIMES = ("", "′", "″")


def derivative(
    f: Callable[[Any], Any] | str,
    *,
    second: bool = False,
    between: tuple[float, float] | None = None,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """A function and its derivative on the same axes, with the value at 0 and the greatest and the least slope.

    The greatest slope is marked where it is taken inside the interval, at a root of the second derivative; one that is
    taken at the edge would say something of the interval, not of f. Derivatives are exact.

    Args:
        f: a formula of one variable, or a function of one number that chainrule can follow.
        second: whether the second derivative is drawn too.
        between: from where to where; without it from −6 to 6, without what is undefined.
        ax: axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: f is not a function of one variable, or is undefined on the whole interval.
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> figure = cr.plot.derivative("1/(1 + e^-x)", between=(-6, 6))
    >>> print(cr.plot.alt(figure))
    The graph of f(x) = 1/(1 + e⁻ˣ) and its derivative from x = −6 to 6. f(0) = 0.5.
    The greatest slope is 0.25, at x = 0. At the ends the slope is 0.002467 and 0.002467.
    """
    require_matplotlib()
    if not isinstance(second, bool):
        raise ArgumentError(f"second must be True or False, not {second!r}")
    function = OneVariable(f)
    curve, interval = drawn_curve(function, between)
    orders = range(1, 2 + second)
    slopes = [drawn_curve(function, interval, order=order)[0] for order in orders]
    extremes = _extremes(function, slopes[0], interval)
    origin = function(0.0) if interval[0] < 0 < interval[1] else math.nan
    with canvas(ax, dark, SIZE) as (axes, palette):
        draw_curve(axes, palette, function, curve, interval)
        axes.lines[-1].set_label(function.name)
        names = [f"{function.name}{PRIMES[order]}" for order in orders]
        styles = zip(slopes, names, (palette.first, palette.second), ("--", "-."), strict=False)
        for line, name, colour, style in styles:
            axes.plot(line.x, line.y, style, color=colour, linewidth=2, label=name)
        whole = [curve, *slopes]
        axes.set_ylim(min(one.low for one in whole), max(one.high for one in whole))
        axes.axhline(0, color=palette.soft, linewidth=0.8, zorder=1)
        marks = [(f"{word} of {names[0]}: {number(slope)}", x, slope) for word, x, slope in extremes]
        if math.isfinite(origin):
            marks.append((f"{function.name}(0) = {number(origin)}", 0.0, origin))
        for _, x, y in marks:
            axes.plot([x], [y], "o", color=palette.mark, markersize=6, zorder=4)
        from chainrule.plot.labels import place_labels

        place_labels(axes, palette, marks)
        legend_below(axes)
    variable = function.variable
    edges = [function.slope(x) for x in interval]
    both = "its derivative" if not second else "its first and second derivative"
    describe(
        axes,
        f"The graph of {function.title} and {both} from {variable} = {number(interval[0])} to {number(interval[1])}.",
        f"{function.name}(0) = {number(origin)}." if math.isfinite(origin) else "",
        *(
            f"The {'greatest' if word == 'maximum' else 'least'} slope is {number(slope)}, at {variable} = {number(x)}."
            for word, x, slope in extremes
        ),
        f"At the ends the slope is {number(edges[0])} and {number(edges[1])}." if np.isfinite(edges).all() else "",
        *curve.told(variable, function.name),
    )
    return figure_of(axes)


def _extremes(f: OneVariable, slopes: Curve, interval: Interval) -> list[tuple[str, float, float]]:
    """The greatest and the least slope, where they are taken at an inner root of the second derivative."""
    found = []
    drawn = np.isfinite(slopes.y)
    x, y = slopes.x[drawn], slopes.y[drawn]
    if slopes.poles or len(x) < 3 or np.ptp(y) <= 1e-9 * np.max(np.abs(y), initial=0.0):
        return []
    for word, sign in (("maximum", 1.0), ("minimum", -1.0)):
        best = int(np.argmax(sign * y))
        if not 0 < best < len(x) - 1:
            continue
        place = _root(lambda t: f.slope(t, 2), x[best - 1], x[best + 1])
        if place is not None:
            slope = f.slope(place)
            # Beside the slopes around it, a root this near to 0 is 0.
            place = 0.0 if abs(place) < 1e-9 * (interval[1] - interval[0]) else place
            found.append((word, place, slope))
    return found


def _root(f: Callable[[float], float], a: float, b: float) -> float | None:
    """Where f changes its sign between a and b, by halving; None where it does not."""
    fa, fb = f(a), f(b)
    if not fa * fb < 0:
        return None
    while a < (middle := (a + b) / 2) < b:
        value = f(middle)
        if value == 0:
            return middle
        a, b = (middle, b) if value * fa > 0 else (a, middle)
    return b
