"""Several descents from one start: their paths on the contours of the loss, and their losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.descent import in_view, path_of, point, points_of, title_of
from chainrule.plot.frame import legend_below
from chainrule.plot.landscape import draw_ground, draw_path, settled
from chainrule.plot.loss_line import loss_number
from chainrule.plot.losses import MARKERS, STYLES, draw_losses, first_loss
from chainrule.plot.panels import panels
from chainrule.plot.plane import lowest_near, plane_of, view_of, without_noise
from chainrule.plot.results import require_result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chainrule.learn.descent import Descent

__all__ = ["race"]

SIZE = (11.0, 5.4)


def race(
    runs: Mapping[str, Descent] | Sequence[Descent],
    *,
    along: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    panel: Literal["paths", "losses"] | None = None,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """Descents of one loss from one start: their paths on its contours at the left, their losses at the right.

    The plane of the paths is that of `chainrule.plot.descent`; the leading directions are those of all paths together,
    from the point with the lowest loss. What a run loses above three times its first loss is cut off.

    Args:
        runs: what `chainrule.descend` returned, by name; without names, the optimizers and their learning rates.
        along: the names of two of the parameters; the others are held at the values of the run that came lowest.
        names: what to write at the axes of the plane.
        panel: "paths" or "losses" for one of the two; None for both, and on `ax` for the paths.
        ax: the axes to draw one panel on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: there are no runs, or more than can be told apart; `panel` is another; what
            `chainrule.plot.descent` raises.
        MissingExtraError: the extra `plot` is not installed.

    >>> import numpy as np, chainrule as cr
    >>> loss = lambda w: w[0] ** 2 + 10 * w[1] ** 2
    >>> start = np.array([2.0, 1.0])
    >>> runs = {name: cr.descend(loss, start, 0.04, 20, optimizer=name) for name in ("gd", "momentum")}
    >>> print(cr.plot.alt(cr.plot.race(runs)).rpartition("scale. ")[2])
    gd reaches 0.1424 in 20 steps; momentum reaches ... in 20 steps.
    """
    require_matplotlib()
    raced = _named(runs)
    if panel not in (None, "paths", "losses"):
        raise ArgumentError(f'panel is {panel!r:.40}, expected "paths", "losses" or None')
    which = ["paths", "losses"] if panel is None and ax is None else [panel or "paths"]
    with canvas(ax, dark, SIZE if len(which) == 2 else (6.4, 5.6)) as (axes, palette):
        places = panels(axes, columns=len(which)) if len(which) == 2 else [axes]
        told = []
        for one, place in zip(which, places, strict=True):
            if one == "paths":
                told.append(_draw_paths(place, palette, raced, along, names))
            else:
                told.append(draw_losses(place, palette, raced))
    describe(axes, f"A race of {len(raced)} descents of one loss.", *told, _results(raced))
    return figure_of(axes) if ax is not None else settled(figure_of(axes))


def _named(runs: Any) -> dict[str, Descent]:
    if isinstance(runs, Mapping):
        found = {str(name): run for name, run in runs.items()}
    else:
        found = {}
        for run in runs if isinstance(runs, (list, tuple)) else [runs]:
            require_result(run, "history", "chainrule.descend")
            name = title_of(run).replace("learning rate", "rate")
            found[name if name not in found else f"{name} ({len(found) + 1})"] = run
    if not 0 < len(found) <= len(STYLES):
        raise ArgumentError(f"{len(found)} runs: expected 1 to {len(STYLES)}, as more cannot be told apart")
    for run in found.values():
        require_result(run, "history", "chainrule.descend")
    return found


def _draw_paths(
    axes: Axes, palette: Palette, raced: dict[str, Descent], along: Sequence[str] | None, names: Sequence[str] | None
) -> str:
    paths = {name: path_of(run) for name, run in raced.items()}
    if len({path.shape[1] for path in paths.values()}) > 1:
        raise ArgumentError("the runs have different numbers of parameters: race those of one loss")
    best = min(raced.values(), key=lambda run: run.final_loss if np.isfinite(run.final_loss) else np.inf)
    together = np.concatenate(list(paths.values()))
    plane = plane_of(best, together, along, names)
    drawn = {name: plane.coordinates(path) for name, path in paths.items()}
    lowest = next(filter(None, (lowest_near(plane, part[-1]) for part in drawn.values())), None)
    # A run that diverges would press the others into a corner.
    kept = [name for name, run in raced.items() if len(raced) == 1 or run.final_loss <= first_loss(run)] or list(raced)
    corners = [view_of(drawn[name], lowest[0] if lowest else None) for name in kept]
    low, high = np.min([c[0] for c in corners], axis=0), np.max([c[1] for c in corners], axis=0)
    lowest = without_noise(plane, lowest, high - low) if lowest else None
    draw_ground(axes, palette, plane, low, high)
    gone = []
    for i, (name, part) in enumerate(drawn.items()):
        points = points_of(plane, part)
        _, left = draw_path(axes, points, palette.series[i], STYLES[i], points_shown=False)
        if left is not None:
            gone.append(f"{name} leaves the picture at step {raced[name].history.steps[left]:,}.")
        axes.plot([], [], color=palette.series[i], linestyle=STYLES[i], marker=MARKERS[i], label=name)
        if in_view(axes, points[-1]):
            axes.plot(*points[-1:].T, MARKERS[i], color=palette.series[i], markeredgecolor=palette.ground, zorder=4)
    start = points_of(plane, next(iter(drawn.values()))[:1])
    axes.plot(*start.T, "o", color=palette.ink, markeredgecolor=palette.ground, markersize=8, zorder=4, label="start")
    least = ""
    if lowest and in_view(axes, points_of(plane, lowest[0][None])[0]):
        axes.plot(
            *points_of(plane, lowest[0][None]).T, "*", color=palette.ink, markeredgecolor=palette.ground, markersize=14,
            zorder=4, label="minimum" if not plane.told else "lowest here",
        )  # fmt: skip
        least = f"The minimum, a loss of {loss_number(lowest[1])}, is at {point(lowest[0])}."
    legend_below(axes)
    axes.set_title(
        "Paths on the contours of the loss" if len(plane.labels) == 2 else "Iterates on the loss", fontsize="medium"
    )
    held = f"{plane.told[0].upper()}{plane.told[1:]}." if plane.told else ""
    return " ".join(filter(None, ["Their paths on the contours of the loss.", held, least, *gone]))


def _results(raced: dict[str, Descent]) -> str:
    ends = [
        f"{name} reaches {loss_number(run.final_loss)} in {run.steps:,} steps" if np.isfinite(run.final_loss)
        else f"{name} is not finite after {run.steps:,} steps"
        for name, run in raced.items()
    ]  # fmt: skip
    return "; ".join(ends) + "."
