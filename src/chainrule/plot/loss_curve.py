"""The loss of a descent against the step, with its first and its last value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below, set_steps
from chainrule.plot.loss_line import loss_number, rises, smoothed, thinned
from chainrule.plot.numbers import number
from chainrule.plot.panels import panels
from chainrule.plot.results import require_result
from chainrule.plot.scale import Scale, chosen_scale, set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chainrule.learn.descent import Descent

__all__ = ["loss_curve"]

SIZE = (7.2, 4.6)
# More single rises than this are drawn as stretches of the line.
SINGLE_RISES = 30


def loss_curve(run: Descent, *, scale: str | None = None, ax: Axes | None = None, dark: bool = False) -> Figure:
    """The loss of a descent against its steps; the first, the one before the last step and the one reached are written.

    The last loss of `run.history` is that before the last step, the loss of the parameters reached is
    `run.final_loss`: both are named. Steps that raise the loss are marked. The noise of mini-batches is drawn behind
    its running mean, and the loss reached, which is over all data, as a point of its own. A learning rate that changes
    has a panel below. Of a long run the highest and the lowest loss of each stretch are drawn.

    Args:
        run: what `chainrule.descend` returned.
        scale: "linear" or "log"; None takes the logarithm where the losses span more than a factor 100.
        ax: the axes to draw on, which have no room for the panel of the learning rate; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: `scale` is another one, or "log" and a loss is negative.
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> run = cr.descend(lambda w: (w - 3.0) ** 2, 0.0, learning_rate=0.25, steps=4)
    >>> print(cr.plot.alt(cr.plot.loss_curve(run)))
    The loss against 4 steps, on a logarithmic scale. It is 9.0000 at the start, 0.1406 before the last step and 0.0352
    at the parameters reached.
    """
    require_matplotlib()
    require_result(run, "history", "chainrule.descend")
    before = np.asarray(run.history.loss, dtype=float)
    losses = np.append(before, run.final_loss)
    how = chosen_scale(losses, scale)
    with canvas(ax, dark, SIZE) as (axes, palette):
        # The panel takes its part of the height first: the words at the curve need theirs of the rest.
        panel = panels(axes, rows=2, heights=(4, 1))[1] if ax is None and changes(run) else None
        told = draw(axes, palette, losses, how, batches(run))
        if panel is not None:
            told.append(_draw_rates(axes, panel, palette, np.asarray(run.history.learning_rate, dtype=float)))
        axes.set_title("Loss against step", fontsize="medium")
    describe(axes, *told)
    return figure_of(axes)


def batches(run: Descent) -> int:
    """How many mini-batches a pass over the data takes; 0 where every step takes all of them."""
    return run.batches


def changes(run: Descent) -> bool:
    rates = np.asarray(run.history.learning_rate, dtype=float)
    return bool(len(rates) and np.ptp(rates) > 1e-12 * np.max(np.abs(rates)))


def draw(
    axes: Axes, palette: Palette, losses: NDArray[np.float64], scale: Scale, epoch: int,
    extent: NDArray[np.float64] | None = None,
) -> list[str]:  # fmt: skip
    """Draw the losses before each step and the one reached; what there is to see, in words.

    Losses in `extent` give the limits of the axis instead of those that are drawn.
    """
    steps = len(losses) - 1
    wide = losses if extent is None else extent
    edge = set_scale(axes, scale, wide, (2, 2 if extent is not None or losses[-1] > losses[0] else 1))
    set_steps(axes, steps)
    axes.set(xlabel="step", ylabel="loss (of each mini-batch)" if epoch > 1 else "loss")
    axes.grid(True, alpha=0.5)
    axes.set_axisbelow(True)
    told = [f"The loss against {steps:,} step{'' if steps == 1 else 's'}, on a {_NAMES[scale]} scale."]
    if epoch > 1:
        told += _draw_batches(axes, palette, losses[:-1], epoch)
    else:
        _draw_line(axes, palette, losses, scale, edge)
        told += _draw_rises(axes, palette, losses)
    told += _annotate(axes, palette, losses, scale, edge, epoch)
    legend_below(axes)
    return told


_NAMES = {"linear": "linear", "log": "logarithmic", "symlog": "symmetric logarithmic"}


def _draw_line(axes: Axes, palette: Palette, losses: NDArray[np.float64], scale: Scale, edge: float) -> None:
    kept = thinned(losses)
    shown = np.where(np.isfinite(losses[kept]), losses[kept], np.nan)
    if scale == "log":
        zero = losses[kept] == 0
        if zero.any():
            axes.plot(
                kept[zero], np.full(np.count_nonzero(zero), edge), "v", color=palette.measured, markersize=5,
                markerfacecolor=palette.ground, clip_on=False, label="loss exactly 0",
            )  # fmt: skip
        shown = np.where(shown > 0, shown, np.nan)
    few = np.count_nonzero(np.isfinite(shown)) <= 30
    axes.plot(kept, shown, color=palette.measured, linewidth=1.8, marker="o" if few else None, markersize=3.5)


def _draw_rises(axes: Axes, palette: Palette, losses: NDArray[np.float64]) -> list[str]:
    higher = rises(losses)
    higher = higher[np.isfinite(losses[higher])]
    if not higher.size:
        return []
    said = f"rises in {higher.size:,} of {len(losses) - 1:,} steps"
    if higher.size <= SINGLE_RISES:
        axes.plot(higher, losses[higher], "^", color=palette.first, markersize=6, label=said)
    else:
        kept = thinned(losses)
        part = losses[kept]
        with np.errstate(invalid="ignore"):
            up = np.flatnonzero(np.diff(part) > 0)
        pieces = np.full(3 * len(up), np.nan)
        places = np.full(3 * len(up), np.nan)
        for shift in (0, 1):
            pieces[shift::3], places[shift::3] = part[up + shift], kept[up + shift]
        pieces[~np.isfinite(pieces)] = np.nan
        axes.plot(places, pieces, color=palette.first, linewidth=1.2, label=said)
    return [f"It {said}."]


def _draw_batches(axes: Axes, palette: Palette, losses: NDArray[np.float64], epoch: int) -> list[str]:
    width = int(min(max(epoch, len(losses) // 50, 3), max(len(losses) // 4, 1)))
    kept = thinned(losses)
    axes.plot(kept, losses[kept], color=palette.measured, alpha=0.35, linewidth=0.8, label="of each mini-batch")
    mean = smoothed(losses, width)
    kept = thinned(mean)
    axes.plot(kept, mean[kept], color=palette.measured, linewidth=2, label=f"mean over {width:,} steps")
    return [
        f"Each loss is that of a mini-batch, {epoch:,} of which make an epoch.",
        f"The line is the mean over {width:,} steps.",
    ]


def _annotate(
    axes: Axes, palette: Palette, losses: NDArray[np.float64], scale: Scale, edge: float, epoch: int
) -> list[str]:
    steps, first, reached = len(losses) - 1, float(losses[0]), float(losses[-1])
    finite = np.flatnonzero(np.isfinite(losses))
    if not finite.size:
        axes.text(0.5, 0.5, "no loss is finite", transform=axes.transAxes, ha="center", color=palette.mark)
        return ["No loss is finite."]
    last = int(finite[-1])
    told = []
    if steps == 0:
        words = f"{loss_number(first)} at the start; no step was made"
        _write(axes, palette, losses, 0, words, scale, edge)
        return [words[0].upper() + words[1:] + "."]
    if np.isfinite(first):
        _write(axes, palette, losses, 0, f"{loss_number(first)} at the start", scale, edge)
        told.append(f"It is {loss_number(first)} at the start")
    if last == steps:
        at_end = f"{loss_number(reached)} at the parameters reached" + (" over all data" if epoch > 1 else "")
        before = f"{loss_number(float(losses[-2]))} before the last step"
        # The loss of one mini-batch says little beside that of all data, and before one step lies only the start.
        known = steps > 1 and epoch <= 1 and bool(np.isfinite(losses[-2]))
        _write(axes, palette, losses, last, f"{before}\n{at_end}" if known else at_end, scale, edge)
        told += [before, f"and {at_end}"] if known else [at_end]
    else:
        at_end = f"{loss_number(float(losses[last]))} at step {last:,}"
        _write(axes, palette, losses, last, f"{at_end},\nnot finite after it", scale, edge)
        told.append(f"{at_end}, the last where it is finite")
    return [", ".join(told).replace(", and", " and") + "."]


def _write(
    axes: Axes, palette: Palette, losses: NDArray[np.float64], step: int, words: str, scale: Scale, edge: float
) -> None:
    """A point of the curve and its words, above the line where it lies highest nearby, else below."""
    steps = len(losses) - 1
    value = float(losses[step])
    shown = edge if scale == "log" and value <= 0 else value
    at_start = step < 0.5 * max(steps, 1)
    reach = max(steps // 2, 1)
    near = losses[: reach + 1] if at_start else losses[max(step - reach, 0) : step + 1]
    near = near[np.isfinite(near)]
    above = value >= float(np.median(near)) and value > float(near.min())
    # Where the scale ends for want of larger floats there is no room.
    height = axes.transAxes.inverted().transform(axes.transData.transform((step, shown)))[1]
    above = (above and height < 0.95) or height < 0.05
    top = axes.get_ylim()[1]
    if shown > top:
        # Off the scale, which is that of several runs: written at the edge.
        shown, above = top, False
    else:
        axes.plot([step], [shown], "o" if at_start else "D", color=palette.mark, markersize=6, zorder=4, clip_on=False)
    # Words below the last of many dips stand below all of them, so that no dip crosses them.
    if scale == "linear" or near.min() > 0:
        shown = min(max(shown, float(near.max())), top) if above else min(shown, float(near.min()))
    axes.annotate(
        words, (step, shown), xytext=(6 if at_start else 0, 9 if above else -9), textcoords="offset points",
        ha="left" if at_start else "right", va="bottom" if above else "top", color=palette.ink, fontsize="small",
        parse_math=False, zorder=5,
    )  # fmt: skip


def _draw_rates(axes: Axes, panel: Axes, palette: Palette, rates: NDArray[np.float64]) -> str:
    """The learning rate of each step, in a panel below."""
    panel.sharex(axes)
    kept = thinned(rates)
    panel.plot(
        kept, rates[kept], color=palette.second, linewidth=1.5, drawstyle="steps-post" if len(kept) < 60 else "default"
    )
    panel.set(xlabel="step", ylabel="learning\nrate", ylim=(0, 1.15 * float(rates.max())))
    panel.grid(True, alpha=0.5)
    axes.set_xlabel("")
    axes.tick_params(labelbottom=False)
    return (
        f"Below it the learning rate: {number(rates[0])} at first, {number(rates[-1])} at last, "
        f"between {number(rates.min())} and {number(rates.max())}."
    )
