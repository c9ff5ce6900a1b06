"""A function with its tangents, each named by what the derivatives say of its point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.curve import Curve
from chainrule.plot.interval import Interval, draw_curve, drawn_curve
from chainrule.plot.numbers import number
from chainrule.plot.one_variable import OneVariable, points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["tangent"]

SIZE = (7.0, 4.8)
# The length of a tangent, as a part of the width of the axes.
LENGTH = 0.26
# The highest derivative that is asked what kind of point a level one is.
ORDERS = 8


def tangent(
    f: Callable[[Any], Any] | str,
    at: float | Sequence[float],
    *,
    between: tuple[float, float] | None = None,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """A function and its tangents at some points, each with its slope and with what the derivatives say there.

    A point is uphill or downhill by the sign of its slope. Where the slope is 0, the first derivative that is not says
    which: of even order and negative a peak, positive a valley; of odd order the function is flat there and goes on.
    At a kink the tangents from both sides are drawn. The graph is cut at poles and jumps.

    Args:
        f: a formula of one variable, or a function of one number that chainrule can follow.
        at: where to draw tangents, one number or up to 12.
        between: from where to where f is drawn; without it an interval around the points, without what is undefined.
        ax: axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: f is not a function of one variable, or is undefined at one of the points.
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> figure = cr.plot.tangent("-x^3 + 3x", at=[-1.2, 1, 2])
    >>> print(cr.plot.alt(figure))
    The graph of f(x) = −x³ + 3x with tangents at 3 points.
    At x = −1.2 the slope is −1.32: downhill. At x = 1 the slope is 0: a peak. At x = 2 the slope is −9: downhill.
    """
    require_matplotlib()
    function = OneVariable(f)
    points = [_touched(function, x) for x in points_of(at)]
    curve, interval = drawn_curve(function, between, [p.x for p in points], [p.y for p in points])
    beyond = [p.x for p in points if not interval[0] <= p.x <= interval[1]]
    if beyond:
        raise ArgumentError(f"at has {beyond[0]:g}, which is not between {interval[0]:g} and {interval[1]:g}")
    with canvas(ax, dark, SIZE) as (axes, palette):
        draw_curve(axes, palette, function, curve, interval)
        _draw(axes, palette, points, interval, curve)
    several = f"tangents at {len(points)} points" if len(points) > 1 else "its tangent"
    places = [p.told(function.variable) for p in points]
    ends = curve.told(function.variable, function.name)
    describe(axes, f"The graph of {function.title} with {several}.", *places, *ends)
    return figure_of(axes)


@dataclass(frozen=True, slots=True)
class _Touched:
    """A point of the graph: the slopes from the left and from the right, which differ at a kink only, and its kind."""

    x: float
    y: float
    left: float
    right: float
    kind: str
    scale: float

    @property
    def slope(self) -> str:
        if self.left != self.right:
            return f"slopes {number(self.left)} | {number(self.right)}"
        return f"slope {number(self.left, self.scale)}"

    def told(self, variable: str) -> str:
        article = "a " if self.kind in ("peak", "valley", "kink") else ""
        if self.kind == "kink":
            says = f"the slope is {number(self.left)} from the left and {number(self.right)} from the right"
        elif math.isinf(self.left):
            return f"At {variable} = {number(self.x)} the tangent is vertical."
        else:
            says = f"the slope is {number(self.left, self.scale)}"
        return f"At {variable} = {number(self.x)} {says}: {article}{self.kind}."


def _touched(f: OneVariable, x: float) -> _Touched:
    value = f(x)
    if not math.isfinite(value):
        what = "has no real value" if math.isnan(value) else f"is {number(value)}"
        raise ArgumentError(f"{f.title} {what} at {f.variable} = {x:g}, so no tangent{f.why_undefined()}")
    slope = f.slope(x)
    near = max(abs(x), 1.0)
    # Beside a slope so large the noise of a derivative is nothing.
    scale = max(abs(f.slope(x - 0.01 * near)), abs(f.slope(x + 0.01 * near)))
    scale = scale if math.isfinite(scale) else 0.0
    if f.jumps(x):
        raise ArgumentError(f"{f.title} jumps at {f.variable} = {x:g}: there is no tangent there")
    sides = f.sides(x) if math.isfinite(slope) else None
    if sides is not None:
        return _Touched(x, value, *sides, "kink", scale)
    if math.isnan(slope):
        raise ArgumentError(f"{f.title} has no derivative at {f.variable} = {x:g}")
    return _Touched(x, value, slope, slope, _kind(f, x, slope, scale), scale)


def _kind(f: OneVariable, x: float, slope: float, scale: float) -> str:
    if math.isinf(slope):
        return "vertical"
    if abs(slope) > 1e-12 * scale:
        return "uphill" if slope > 0 else "downhill"
    for order in range(2, ORDERS + 1):
        higher = f.slope(x, order)
        if not math.isfinite(higher):
            break
        if abs(higher) > 1e-9 * scale:
            return "flat" if order % 2 else "valley" if higher > 0 else "peak"
    return "flat"


def _draw(axes: Axes, palette: Palette, points: list[_Touched], interval: Interval, curve: Curve) -> None:
    from chainrule.plot.labels import place_labels

    width, height = interval[1] - interval[0], curve.high - curve.low
    box = axes.get_position()
    size = figure_of(axes).get_size_inches()
    # Seen lengths: a steep tangent is as long on the page as a level one.
    unit = height / width / ((box.height * size[1]) / (box.width * size[0]))
    for p in points:
        sides = [(p.left, -1.0, 1.0)] if p.left == p.right else [(p.left, -1.0, 0.0), (p.right, 0.0, 1.0)]
        for slope, before, after in sides:
            reach = LENGTH / 2 * width
            run = reach / math.hypot(1.0, slope / unit) if math.isfinite(slope) else 0.0
            rise = slope * run if run else reach * unit
            ends = np.array([before, after])
            axes.plot(p.x + run * ends, p.y + rise * ends, color=palette.first, linewidth=2, zorder=3)
        axes.plot([p.x], [p.y], "o", color=palette.mark, markersize=6, zorder=4)
    place_labels(axes, palette, [(f"{p.kind}\n{p.slope}", p.x, p.y) for p in points])
