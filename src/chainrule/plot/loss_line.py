"""A loss against its step as a line: thinned without losing an extreme, on the scale that shows it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Scale", "chosen_scale", "legend_below", "number", "rises", "set_scale", "set_steps", "smoothed", "thinned"]

Scale = Literal["linear", "log", "symlog"]

# More points than a line of a page's width can show.
MOST = 2_000
# A loss that spans this factor is read from its logarithm.
DECADES = 100.0
# The height of a line of small print, in points.
LINE = 12.0


def number(value: float) -> str:
    """A number as it stands in a picture: four decimals where they say something, else five digits.

    >>> number(336.635), number(1e-7), number(0.0), number(float("inf"))
    ('336.6350', '1e-07', '0', 'inf')
    """
    return f"{value:.4f}" if 0.01 <= abs(value) < 1e5 else f"{value:.5g}"


def thinned(values: NDArray[np.float64], most: int = MOST) -> NDArray[np.intp]:
    """Which of many values to draw: of each of `most` / 2 stretches the lowest and the highest, the first and the last.

    A stretch that holds a number that is not finite keeps the first of these too, so that the line has its gap there.

    >>> thinned(np.array([0.0, 5.0, 1.0, 1.0, -3.0, 2.0]), most=4).tolist()
    [0, 1, 4, 5]
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    edges = np.linspace(0, count, most // 2 + 1).astype(np.intp)
    chosen = {0, count - 1}
    for begin, end in itertools.pairwise(edges):
        chosen.add(int(begin + np.argmin(low[begin:end])))
        chosen.add(int(begin + np.argmax(high[begin:end])))
        if not finite[begin:end].all():
            chosen.add(int(begin + np.argmin(finite[begin:end])))
    return np.array(sorted(chosen), dtype=np.intp)


def rises(losses: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places whose loss is above the one before by more than rounding.

    >>> rises(np.array([3.0, 2.0, 2.5, 1.0])).tolist()
    [2]
    """
    with np.errstate(invalid="ignore", over="ignore"):
        higher = np.diff(losses) > 4 * np.finfo(float).eps * np.abs(losses[:-1])
    return np.flatnonzero(higher) + 1


def smoothed(losses: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """The mean over `width` neighbours of each loss, at the ends over those there are; without what is not finite.

    >>> smoothed(np.array([0.0, 3.0, 0.0]), 3).tolist()
    [1.5, 1.0, 1.5]
    """
    finite = np.isfinite(losses)
    sums, counts = (
        np.concatenate([[0.0], np.cumsum(part)]) for part in (np.where(finite, losses, 0.0), finite.astype(float))
    )
    places = np.arange(len(losses))
    begin, end = np.maximum(places - width // 2, 0), np.minimum(places + width // 2 + 1, len(losses))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums[end] - sums[begin]) / (counts[end] - counts[begin])


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
    return "symlog" if size.max() / 1e4 > np.quantile(size, 0.25, method="lower") else "linear"


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
        powers = 10.0 ** (decades * np.array([0.25, 0.5, 0.75, 1.0])).round()
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
    axes.set_ylim(10.0 ** max(bottom, -320.0), 10.0 ** min(top, 308.0))
    if top - bottom > 250 or max(abs(top), abs(bottom)) > 290:
        # Matplotlib's own ticks would overflow on their way to the next power.
        from matplotlib.ticker import FixedLocator, NullLocator

        powers = np.arange(-300.0, 301.0, 50.0)
        axes.yaxis.set_major_locator(FixedLocator([10.0**power for power in powers if bottom <= power <= top]))
        axes.yaxis.set_minor_locator(NullLocator())
    return 10.0 ** max(low, -320.0)


def set_steps(axes: Axes, steps: int) -> None:
    """Give the axis of steps its limits and whole numbers."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.set_xlim(-0.02 * max(steps, 1), 1.02 * max(steps, 1))
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def legend_below(axes: Axes) -> None:
    """A legend below what stands under the axes, where no line can run through it; none where nothing has a label."""
    if not axes.get_legend_handles_labels()[1]:
        return
    from matplotlib.transforms import ScaledTranslation

    figure = figure_of(axes)
    under = axes.xaxis.get_tightbbox()
    # Kept in inches: the height of the axes changes with the layout, that of the labels does not.
    down = (axes.get_window_extent().y0 - under.y0) / figure.dpi if under else 0.0
    below = axes.transAxes + ScaledTranslation(0, -down - 0.03, figure.dpi_scale_trans)
    for columns in (3, 2, 1):
        legend = axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, 0), bbox_transform=below, borderaxespad=0, ncol=columns,
            frameon=False, fontsize="small",
        )  # fmt: skip
        # The axes are to the right of the middle of their place by the width of their labels.
        if legend.get_window_extent().width <= 0.96 * axes.get_window_extent().width:
            break
