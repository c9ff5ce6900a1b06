"""The graph of a function on axes, and the interval that it is drawn on where the user names none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import Palette
from chainrule.plot.curve import Curve, curve_of
from chainrule.plot.one_variable import OneVariable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Interval", "draw_curve", "drawn_curve", "interval_around"]

Interval = tuple[float, float]

# Where no points are given, and where a function is looked for that is defined nowhere in there.
USUAL: Interval = (-6.0, 6.0)
WIDE: Interval = (-1000.0, 1000.0)


def interval_around(points: Sequence[float]) -> Interval:
    """An interval with the points well inside; of one point, 2 on either side, or more for a large one."""
    low, high = min(points), max(points)
    margin = 0.3 * (high - low) or max(2.0, abs(low) / 2)
    return low - margin, high + margin


def drawn_curve(
    f: OneVariable, between: Any, points: Sequence[float] = (), seen: Sequence[float] = (), order: int = 0
) -> tuple[Curve, Interval]:
    """The graph of f, or of its derivative of an order, and the interval that it is drawn on.

    Args:
        f: the function.
        between: what the user gave: two numbers, or None.
        points: where something is to be shown: inside, with room around.
        seen: values that the view has to hold besides.
        order: of the derivative that is drawn; 0 is the function.

    Raises:
        ArgumentError: `between` is not two finite numbers in order, or f is defined nowhere between them.
    """
    start, stop = interval_of(between) if between is not None else interval_around(points) if points else USUAL

    def value(x: float) -> float:
        return f.slope(x, order) if order else f(x)

    def slope(x: float) -> float:
        return f.slope(x, order + 1)

    curve = curve_of(value, slope, start, stop, seen)
    if between is None:
        if curve is None and not points:
            start, stop = WIDE
            curve = curve_of(value, slope, start, stop, seen)
        if curve is not None and curve.ends + curve.poles:
            start, stop = _defined(curve, start, stop)
    if curve is None:
        raise ArgumentError(
            f"{f.title} has no real value from {start:g} to {stop:g}{f.why_undefined()}\n"
            "  give an interval where it has, between=(a, b)"
        )
    return curve, (start, stop)


def draw_curve(axes: Axes, palette: Palette, f: OneVariable, curve: Curve, interval: Interval) -> None:
    """The graph of a function with its title and the names of the axes."""
    axes.plot(curve.x, curve.y, color=palette.measured, linewidth=2)
    axes.set(xlim=interval, ylim=(curve.low, curve.high))
    axes.set_xlabel(f.variable, parse_math=False)
    axes.set_title(f.title, parse_math=False, fontsize="medium")
    axes.grid(True, alpha=0.5)
    axes.set_axisbelow(True)


def interval_of(between: Any) -> Interval:
    """Two finite numbers in order; raises `ArgumentError` for anything else."""
    try:
        start, stop = (float(end) for end in between)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"between is {between!r:.60}: expected two numbers, from and to") from error
    if not (math.isfinite(start) and math.isfinite(stop)):
        raise ArgumentError(f"between is from {start} to {stop}: expected finite numbers")
    if not start < stop or not math.isfinite(stop - start) or stop - start < 1e-9 * max(abs(start), abs(stop)):
        raise ArgumentError(f"between is from {start:g} to {stop:g}: expected first the smaller number")
    return start, stop


def _defined(curve: Curve, start: float, stop: float) -> Interval:
    """The interval without a part at either end in which nothing is drawn."""
    drawn = curve.x[curve.y == curve.y]
    margin = 0.03 * (drawn[-1] - drawn[0])
    return max(start, float(drawn[0]) - margin), min(stop, float(drawn[-1]) + margin)
