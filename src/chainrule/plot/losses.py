"""The losses of several runs against the step, on axes that one run which diverges does not press flat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.plot.canvas import Palette
from chainrule.plot.frame import legend_below, set_steps
from chainrule.plot.loss_line import thinned
from chainrule.plot.scale import chosen_scale, set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from chainrule.learn.descent import Descent

__all__ = ["MARKERS", "STYLES", "comparable", "draw_losses", "first_loss", "losses_of"]

Numbers = NDArray[np.float64]

# Lines are told apart without their colours too; there are as many as a palette has series.
STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKERS = "sD^vP"
# Losses above the first by this factor are cut off.
ABOVE = 3.0


def losses_of(run: Descent) -> Numbers:
    """The loss before each step, and the one reached, shape (steps + 1,)."""
    return np.append(run.history.loss, run.final_loss).astype(float)


def first_loss(run: Descent) -> float:
    return float(losses_of(run)[0])


def comparable(runs: Iterable[Descent]) -> Numbers:
    """The losses of runs that one axis can show: those up to three times the first."""
    several = [losses_of(run) for run in runs]
    first = max(float(losses[0]) for losses in several)
    together = np.concatenate(several)
    return together[np.isfinite(together) & (together <= first + (ABOVE - 1) * abs(first))]


def draw_losses(axes: Axes, palette: Palette, runs: Mapping[str, Descent]) -> str:
    """Draw a line for each run, by name; what there is to see, in words."""
    shown = comparable(runs.values())
    scale = chosen_scale(shown, None)
    set_scale(axes, scale, shown)
    set_steps(axes, max(run.steps for run in runs.values()))
    for i, (name, run) in enumerate(runs.items()):
        losses = losses_of(run)
        kept = thinned(losses)
        # Far outside the axes the transforms of Matplotlib overflow.
        part = np.where(np.abs(losses[kept]) < 1e300, losses[kept], np.nan)
        axes.plot(
            kept, part, color=palette.series[i], linestyle=STYLES[i], linewidth=1.8, label=name, marker=MARKERS[i],
            markevery=[len(kept) - 1],
        )  # fmt: skip
    axes.set(xlabel="step", ylabel="loss")
    axes.grid(True, alpha=0.5)
    axes.set_axisbelow(True)
    axes.set_title("Loss against step", fontsize="medium")
    legend_below(axes)
    return f"The losses against the step, on a {'logarithmic' if scale == 'log' else 'linear'} scale."
