"""The scale of an axis on which losses stand: linear or logarithmic, for numbers of any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = ["Scale", "chosen_scale", "powers_only", "set_scale"]

Scale = Literal["linear", "log", "symlog"]

# A loss that spans this factor is read from its logarithm.
DECADES = 100.0
# The height of a line of small print, in points.
LINE = 12.0


def chosen_scale(losses: NDArray[np.float64], wanted: str | None) -> Scale:
    """The scale of an axis of losses: the one asked for, else logarithmic where they span more than a factor 100.

    Raises `ArgumentError` for a scale that there is not, or a logarithmic one of losses that are not positive.

    >>> chosen_scale(np.array([336.6, 4.08]), None), chosen_scale(np.array([1e3, 1e-3]), None)
    ('linear', 'log')
    """
    seen = losses[np.isfinite(losses)]
    if wanted == "linear" or (wanted is None and not seen.size):
        return "linear"
    if wanted not in (None, "log"):
        raise ArgumentError(f'scale is {wanted!r:.40}, expected "linear", "log" or None')
    if wanted == "log":
        worst = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf))) if seen.size else 0
        if seen.size and losses[worst] < 0:
            raise ArgumentError(
                f"the loss is {losses[worst]:.5g} at step {worst}: a logarithmic scale has no place for it; "
                'take scale="linear"'
            )
        return "log" if (seen > 0).any() else "linear"
    positive = seen[seen > 0]
    if positive.size and (seen >= 0).all():
        # Divided so that losses near the largest float do not overflow.
        return "log" if positive.max() / DECADES > positive.min() else "linear"
    # Of losses below zero only a run that left all bounds needs another scale.
    size = np.abs(seen)
    usual = max(abs(float(seen[0])), float(np.quantile(size, 0.25, method="lower")))
    return "symlog" if size.max() / 1e4 > usual else "linear"


def set_scale(axes: Axes, scale: Scale, losses: NDArray[np.float64], lines: tuple[int, int] = (0, 0)) -> float:
    """Give the axis of losses its scale and limits, with room for lines of small print below and above the losses.

    Returns where a loss of exactly 0 is drawn: on a logarithmic scale a little below all others.
    """
    seen = losses[np.isfinite(losses)]
    points = axes.get_window_extent().height * 72 / axes.figure.dpi
    below, above = (min((8 + LINE * count) / points, 0.4) for count in lines)
    if scale == "symlog":
        from matplotlib.ticker import FixedLocator, NullLocator

        axes.set_yscale("symlog", linthresh=max(abs(float(seen[0])), 1e-300))
        # Matplotlib's own ticks crowd around zero.
        decades = np.log10(float(np.abs(seen).max()))
        powers = 10.0 ** np.unique((decades * np.array([0.25, 0.5, 0.75, 1.0])).round())
        axes.yaxis.set_major_locator(FixedLocator([*-powers[::-1], 0.0, *(powers if (seen > powers[0]).any() else [])]))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.margins(y=max(below, above))
        return 0.0
    there: Callable[[Any], Any] = np.log10 if scale == "log" else lambda y: y
    shown = seen[seen > 0] if scale == "log" else seen
    low, high = (float(there(shown.min())), float(there(shown.max()))) if shown.size else (0.0, 1.0)
    extent = high - low
    if extent <= 1e-9 * max(abs(low), abs(high)):
        # A constant loss stands in the middle of an axis that shows its size.
        extent = 0.5 if scale == "log" else 0.2 * (abs(high) or 1.0)
        low, high = low - extent / 2, high + extent / 2
    if scale == "log" and len(shown) < len(seen):
        low, extent = low - 0.08 * extent, 1.08 * extent
    # What the room leaves is for the losses.
    scaled = extent / (1 - below - above)
    bottom, top = low - below * scaled, high + above * scaled
    if scale == "linear":
        axes.set_yscale("linear")
        axes.set_ylim(bottom, top)
        return 0.0
    axes.set_yscale("log")
    axes.set_ylim(10.0 ** max(bottom, -323.0), 10.0 ** min(top, 308.0))
    powers_only(axes.yaxis, bottom, top)
    return 10.0 ** max(low, -323.0)


def powers_only(axis: Axis, low: float, high: float) -> None:
    """Give a logarithmic axis between two powers of ten ticks of its own, if Matplotlib's would overflow."""
    from matplotlib.ticker import FixedLocator, NullLocator

    if high - low > 250 or max(abs(low), abs(high)) > 290:
        powers = np.arange(-300.0, 301.0, 50.0)
        axis.set_major_locator(FixedLocator([10.0**power for power in powers if low <= power <= high]))
        axis.set_minor_locator(NullLocator())
