"""Descents at several learning rates, side by side, each with what came of it."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below
from chainrule.plot.loss_curve import batches, draw
from chainrule.plot.loss_line import loss_number
from chainrule.plot.losses import STYLES, comparable, draw_losses, losses_of
from chainrule.plot.numbers import number
from chainrule.plot.panels import panels
from chainrule.plot.results import require_result
from chainrule.plot.scale import chosen_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chainrule.learn.comparison import Comparison
    from chainrule.learn.descent import Descent

__all__ = ["learning_rates"]

# Of a panel, in inches; panels in a row, and in all.
WIDTH, HEIGHT = 3.7, 4.3
COLUMNS = 4
MOST = 12
# Letters of small print in the width of a panel.
LETTERS = 46


def learning_rates(comparison: Comparison, *, ax: Axes | None = None, dark: bool = False) -> Figure:
    """The loss against the step at each of several learning rates, side by side on one scale, with a verdict each.

    Below each panel stand the rate as a part of the critical one, what the descent has come to, and what to do; the
    text twin holds the whole verdicts. A loss above three times the first is off the scale, and its value is written.
    On axes that are given, all lines stand in one panel, up to five.

    Args:
        comparison: what `chainrule.compare_learning_rates` returned.
        ax: the axes to draw all lines on; else a new figure with a panel for each.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: there are more rates than panels fit (12), or on `ax` more than lines can be told apart (5).
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> figure = cr.plot.learning_rates(cr.compare_learning_rates("(x - 3)^2", 0.0, [0.01, 0.4, 1.1], steps=20))
    >>> print(cr.plot.alt(figure).partition(" At 0.4:")[0])
    The loss against the step at 3 learning rates, of which 0.4 came lowest. At 0.01: 4.1767 before the last step,
    4.0113 at the parameters reached. Still descending: ...
    """
    require_matplotlib()
    require_result(comparison, "runs", "chainrule.compare_learning_rates")
    runs = dict(zip(comparison.rates, comparison.runs, strict=True))
    most = MOST if ax is None else len(STYLES)
    if not 0 < len(runs) <= most:
        raise ArgumentError(f"the comparison has {len(runs)} rates, expected 1 to {most}")
    rows = -(-len(runs) // COLUMNS)
    columns = -(-len(runs) // rows)
    with canvas(ax, dark, (WIDTH * columns, HEIGHT * rows)) as (axes, palette):
        if ax is not None:
            draw_losses(axes, palette, {f"{number(rate)}: {_reached(run)}": run for rate, run in runs.items()})
        else:
            extent = comparable(runs.values())
            scale = chosen_scale(extent, None)
            places = panels(axes, rows, columns, count=len(runs))
            below = {rate: "step\n\n" + _below(comparison, rate, run) for rate, run in runs.items()}
            for place, rate in zip(places, runs, strict=True):
                lowest = ", the lowest loss" if rate == comparison.best and len(runs) > 1 else ""
                place.set_title(f"learning rate {number(rate)}{lowest}", fontsize="medium")
                place.set_xlabel(below[rate], fontsize="small", parse_math=False)
            # The words at the curves need room in what the words below have left of the height.
            figure_of(axes).draw_without_rendering()
            for place, (rate, run) in zip(places, runs.items(), strict=True):
                draw(place, palette, losses_of(run), scale, batches(run), extent)
                place.set_xlabel(below[rate])
                legend_below(place)
    describe(
        axes,
        f"The loss against the step at {len(runs)} learning rates, of which {number(comparison.best)} came lowest.",
        *(f"At {number(rate)}: {_ends(run)}. {run.verdict}" for rate, run in runs.items()),
    )
    return figure_of(axes)


def _below(comparison: Comparison, rate: float, run: Descent) -> str:
    """What stands below a panel: the part of the critical rate, the kind of verdict, and the advice."""
    share = ""
    if comparison.critical is not None and math.isfinite(comparison.critical):
        part = rate / comparison.critical
        share = f"{100 * part:.3g}% of" if part < 1 else f"{part:.3g} times"
        share += f" the critical rate {number(comparison.critical)}\n"
    return share + textwrap.fill(f"{run.verdict.kind.value.capitalize()}. {run.verdict.advice}".strip(), LETTERS)


def _reached(run: Descent) -> str:
    return f"reaches {loss_number(run.final_loss)}" if math.isfinite(run.final_loss) else "not finite"


def _ends(run: Descent) -> str:
    losses = losses_of(run)
    before = f"{loss_number(float(losses[-2]))} before the last step, " if len(losses) > 1 else ""
    return f"{before}{loss_number(float(losses[-1]))} at the parameters reached"
