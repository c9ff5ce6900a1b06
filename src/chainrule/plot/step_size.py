"""The error of a difference quotient against its step, with the branches of truncation and of rounding."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.numeric.differences.step_sweep import StepSweep, step_sweep
from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["step_size"]

SIZE = (7.2, 5.0)
# Letters of small print above the axes.
LINE = 95
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def step_size(
    f: Callable[[Any], Any],
    x: float,
    scheme: str = "central",
    *,
    order: int = 1,
    accuracy: int | None = None,
    exact: float | None = None,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """The error of a difference formula at x against its step h, both logarithmic, and where the chosen step lies.

    On the right of the V truncation rules, on the left the rounding of the values of f: both are drawn as lines, the
    first fitted, the second from the measured noise of f. Steps without any error stand at the lower edge. A kink, a
    jump or another singularity at x is named above: there is no derivative then, and no error of it. The data are those
    of `chainrule.numeric.step_sweep`, whose arguments these are. Draws on `ax` if given, else on a new figure, with
    `dark` for a dark page; returns the figure.

    Raises what `step_sweep` raises, and `MissingExtraError` if Matplotlib is not installed.

    >>> import numpy as np, chainrule as cr
    >>> figure = cr.plot.step_size(np.exp, 1.0)
    >>> figure.axes[0].get_xlabel()
    'step h'
    """
    require_matplotlib()
    sweep = step_sweep(f, x, scheme, order=order, accuracy=accuracy, exact=exact)
    with canvas(ax, dark, SIZE) as (axes, palette):
        _draw(axes, sweep, palette)
    describe(axes, f"The error against the step h of {_title(sweep)}.", *_numbers(sweep))
    return figure_of(axes)


def _draw(axes: Axes, sweep: StepSweep, palette: Palette) -> None:
    seen = sweep.errors[np.isfinite(sweep.errors)]
    positive = seen[seen > 0]
    # A function whose differences are exact everywhere has no error to show; its rounding gives the scale.
    scale = positive if positive.size else sweep.rounding
    least = min(scale.min(), sweep.chosen_error) if sweep.chosen_error > 0 else scale.min()
    lowest, highest = _decade_below(least), 10 * scale.max()
    axes.set(
        xscale="log",
        yscale="log",
        ylim=(lowest, highest),
        xlim=(sweep.h[0] / 2, 2 * np.nanmax([sweep.h[-1], sweep.chosen])),
    )
    rule = sweep.scheme
    some = sweep.errors > 0
    what = f"distance from {sweep.reference:.4g}" if sweep.singular else "error"
    if some.any():
        axes.plot(
            sweep.h[some], sweep.errors[some], "o", color=palette.measured, markersize=4, label=what, clip_on=False
        )
    none = sweep.errors == 0
    if none.any():
        axes.plot(
            sweep.h[none],
            np.full(np.count_nonzero(none), lowest),
            "v",
            color=palette.measured,
            markerfacecolor=palette.ground,
            markersize=5,
            clip_on=False,
            label=f"{sweep.reference:.4g} exactly" if sweep.singular else "no error at all",
        )
    power, below = (f"h{str(n).translate(RAISED)}" if n > 1 else "h" for n in (rule.order, rule.derivative))
    axes.plot(sweep.h, sweep.rounding, "--", color=palette.first, label=f"rounding branch, noise of f over {below}")
    if np.isfinite(sweep.truncation).all():
        axes.plot(
            sweep.h,
            sweep.truncation,
            "-.",
            color=palette.second,
            label=f"truncation branch, proportional to {power}",
        )
    if np.isfinite(sweep.chosen):
        _mark_chosen(axes, sweep, palette, lowest)
    axes.grid(True, alpha=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel("step h")
    against = "" if sweep.exact or sweep.singular else ", against the best estimate"
    axes.set_ylabel((what if sweep.singular else "error") + " of the difference quotient" + against)
    why = textwrap.fill(f"{sweep.singular}. No derivative.", LINE) if sweep.singular else ""
    axes.set_title(_title(sweep), fontsize="medium", pad=6 + 12 * len(why.splitlines()))
    axes.text(0.5, 1.01, why, transform=axes.transAxes, ha="center", va="bottom", color=palette.mark, fontsize="small")
    # Below the axes, where no branch can run through it.
    legend_below(axes)


def _title(sweep: StepSweep) -> str:
    rule = sweep.scheme
    kind = {1: "first", 2: "second", 3: "third"}.get(rule.derivative, f"{rule.derivative}th")
    return f"{sweep.name} at x = {sweep.x:g}: {kind} derivative, {rule.name} differences of accuracy {rule.order}"


def _numbers(sweep: StepSweep) -> Iterator[str]:
    """What a reader takes from the picture."""
    if sweep.singular:
        yield f"{sweep.singular}. No derivative."
    else:
        seen = np.where(np.isfinite(sweep.errors), sweep.errors, np.inf)
        if np.isfinite(seen).any():
            best = int(np.argmin(seen))
            yield f"The smallest error is {seen[best]:.1e}, at h = {sweep.h[best]:.1e}."
    if np.isfinite(sweep.chosen):
        error = "" if sweep.singular else f", with an error of {sweep.chosen_error:.1e}"
        yield f"The chosen step is h = {sweep.chosen:.1e}{error}."


def _mark_chosen(axes: Axes, sweep: StepSweep, palette: Palette, lowest: float) -> None:
    axes.axvline(sweep.chosen, color=palette.mark, linewidth=1)
    axes.plot(
        [sweep.chosen],
        [max(sweep.chosen_error, lowest)],
        "D",
        color=palette.mark,
        markersize=7,
        clip_on=False,
        label=f"chosen step h = {sweep.chosen:.1e}" + ("" if sweep.singular else f", error {sweep.chosen_error:.1e}"),
    )


def _decade_below(value: float) -> float:
    return float(10.0 ** (np.floor(np.log10(value)) - 0.5))
