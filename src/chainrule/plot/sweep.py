"""The loss that many learning rates lead to, against the rate, with the critical one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below
from chainrule.plot.loss_line import loss_number
from chainrule.plot.losses import ABOVE
from chainrule.plot.numbers import number
from chainrule.plot.results import require_result
from chainrule.plot.scale import chosen_scale, powers_only, set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chainrule.learn.comparison import Sweep

__all__ = ["sweep"]

SIZE = (7.0, 4.8)
# How many times below or above the rates the critical one may lie to be drawn.
NEAR = 30.0


def sweep(swept: Sweep, *, ax: Axes | None = None, dark: bool = False) -> Figure:
    """The loss after some steps against the learning rate, with the best rate and the critical one, 2 / lambda_max.

    A loss above three times that of the start, or one that is not finite, is marked at the upper edge.

    Args:
        swept: what `chainrule.learning_rate_sweep` returned.
        ax: the axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> swept = cr.learning_rate_sweep("(x - 3)^2", 0.0, [0.01, 0.1, 1.5], steps=10)
    >>> print(cr.plot.alt(cr.plot.sweep(swept)))
    The loss after 10 steps against 3 learning rates from 0.01 to 1.5; it is 9.0000 at the start. The lowest, 0.1038, is
    at the rate 0.1. The critical rate is 1. At 1 rate, from 1.5 on, it is above three times that of the start.
    """
    require_matplotlib()
    require_result(swept, "start_loss", "chainrule.learning_rate_sweep")
    with canvas(ax, dark, SIZE) as (axes, palette):
        told = _draw(axes, palette, swept)
        axes.set_title(f"Loss after {_steps(swept.steps)} against the learning rate", fontsize="medium")
    describe(
        axes,
        f"The loss after {_steps(swept.steps)} against {len(swept.rates)} learning rates from "
        f"{number(swept.rates[0])} to {number(swept.rates[-1])}; it is {loss_number(swept.start_loss)} at the start.",
        *told,
    )
    return figure_of(axes)


def _draw(axes: Axes, palette: Palette, swept: Sweep) -> list[str]:
    rates, losses, start = np.asarray(swept.rates, float), np.asarray(swept.losses, float), swept.start_loss
    off = ~(losses <= start + (ABOVE - 1) * abs(start))
    shown = np.append(start, losses[~off])
    set_scale(axes, chosen_scale(shown, None), shown)
    axes.set_xscale("log")
    critical = swept.critical
    known = critical is not None and math.isfinite(critical)
    # The critical rate is seen beside rates that are not too far from it.
    ends = [rates.min(), rates.max()]
    if critical is not None and known and ends[0] / NEAR < critical < ends[1] * NEAR:
        ends.append(critical)
    low, high = np.log10(min(ends)), np.log10(max(ends))
    room = 0.04 * (high - low) or 0.3
    powers_only(axes.xaxis, low - room, high + room)
    axes.set_xlim(10.0 ** max(low - room, -307.0), 10.0 ** min(high + room, 308.0))
    # A rate off the scale ends the line of those before it.
    axes.plot(
        rates, np.where(off, np.nan, losses), "o-", color=palette.measured, markersize=4, linewidth=1.6, label="loss"
    )
    axes.axhline(start, color=palette.soft, linewidth=1, linestyle=":", label=f"at the start: {loss_number(start)}")
    told = []
    if not off.all():
        best = int(np.argmin(np.where(off, np.inf, losses)))
        axes.plot(
            rates[best : best + 1], losses[best : best + 1], "D", color=palette.second, markersize=8, zorder=4,
            label=f"lowest: {loss_number(float(losses[best]))} at {number(rates[best])}",
        )  # fmt: skip
        told.append(f"The lowest, {loss_number(float(losses[best]))}, is at the rate {number(rates[best])}.")
    if critical is not None and known:
        if low <= np.log10(critical) <= high:
            axes.axvline(critical, color=palette.mark, linewidth=1.4, label=f"critical rate {number(critical)}")
        told.append(f"The critical rate is {number(critical)}.")
    if off.any():
        axes.plot(
            rates[off], np.full(np.count_nonzero(off), axes.get_ylim()[1]), "^", color=palette.first, markersize=7,
            clip_on=False, label="off the scale, or not finite",
        )  # fmt: skip
        count = int(np.count_nonzero(off))
        told.append(
            f"At {count} rate{'s' * (count > 1)}, from {number(rates[off][0])} on, it is above three times that of the "
            "start."
        )
    axes.set(xlabel="learning rate", ylabel="loss")
    axes.grid(True, alpha=0.5)
    axes.set_axisbelow(True)
    legend_below(axes)
    return told


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"
