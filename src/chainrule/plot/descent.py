"""The path of a descent on the contours of its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError
from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below
from chainrule.plot.landscape import draw_ground, draw_path, settled
from chainrule.plot.loss_line import loss_number
from chainrule.plot.numbers import number
from chainrule.plot.plane import Plane, lowest_near, plane_of, view_of, without_noise
from chainrule.plot.results import require_result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from chainrule.learn.descent import Descent

__all__ = ["descent"]

Numbers = NDArray[np.float64]

SIZE = (6.4, 5.6)


def descent(
    run: Descent,
    *,
    along: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """The path of a descent on the contours of its loss, with the start, the point reached and the minimum.

    Two parameters are the axes; one is drawn as the graph of the loss with the iterates on it. Of more, two can be
    chosen, and else the two directions are taken in which the path is widest: what is drawn then is the loss in the
    plane of these through the point reached. The minimum is found in the plane by Newton's method from there, and is
    left out where there is none near. A path that runs away is shown as far as its beginning fills the picture.

    Args:
        run: what `chainrule.descend` returned, with the iterates in its history.
        along: the names of two of the parameters, such as "w[0]" and "b", or "parameters[0]" of a single array; the
            others are held at their final values.
        names: what to write at the axes.
        ax: the axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure. The loss is called some 4,000 times, less often where it is slow.

    Raises:
        ArgumentError: no iterates were kept; `along` or `names` does not fit the parameters.
        MissingExtraError: the extra `plot` is not installed.

    >>> import numpy as np, chainrule as cr
    >>> run = cr.descend(lambda w: w[0] ** 2 + 4 * w[1] ** 2, np.array([2.0, 1.0]), learning_rate=0.1, steps=10)
    >>> print(cr.plot.alt(cr.plot.descent(run, names=("x", "y"))))
    The path of 10 steps of gradient descent with learning rate 0.1, on the contours of the loss, x across and y up.
    Start at (2, 1) with a loss of 8.0000. Reached at (0.2147, 1.024e−07) with a loss of 0.0461. Minimum at (0, 0) with
    a loss of 0.

    Source of the leading directions: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, Visualizing the loss landscape
    of neural nets, 2018.
    """
    require_matplotlib()
    return draw(run, along, names, ax, dark).figure


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A drawn descent, and what of it moves when it is animated.

    Attributes:
        path: the line through the iterates, one point for each, as far as they are shown.
        reached: the mark of the point reached; None where the run ended at no finite loss.
    """

    figure: Figure
    axes: Axes
    path: Line2D
    reached: Line2D | None


def draw(run: Descent, along: Sequence[str] | None, names: Sequence[str] | None, ax: Axes | None, dark: bool) -> Drawn:
    """Draw the path on its ground; Matplotlib is known to be installed."""
    path = path_of(run)
    plane = plane_of(run, path, along, names)
    coordinates = plane.coordinates(path)
    # A run that ran away has its minimum, if any, near where it began.
    lowest = lowest_near(plane, coordinates[-1]) or lowest_near(plane, coordinates[0])
    low, high = view_of(coordinates, lowest[0] if lowest else None)
    lowest = without_noise(plane, lowest, high - low) if lowest else None
    with canvas(ax, dark, SIZE) as (axes, palette):
        draw_ground(axes, palette, plane, low, high)
        points = points_of(plane, coordinates)
        path_line, gone = draw_path(axes, points, palette.mark)
        told, reached = _mark(axes, palette, plane, coordinates, lowest, run)
        left = "" if gone is None else f"leaves the picture at step {run.history.steps[gone]:,}"
        if left:
            axes.plot([], [], " ", label=left)
        legend_below(axes)
        axes.set_title(title_of(run), fontsize="medium")
    describe(
        axes,
        f"The path of {_steps(run.steps)} of {title_of(run)}, {_ground(plane)}.",
        plane.told[:1].upper() + plane.told[1:] + "." if plane.told else "",
        *told,
        f"It {left}." if left else "",
    )
    figure = figure_of(axes) if ax is not None else settled(figure_of(axes))
    return Drawn(figure, axes, path_line, reached)


def path_of(run: Descent) -> Numbers:
    """The finite iterates of a run as vectors, shape (m, n); raises `ArgumentError` where none were kept."""
    require_result(run, "history", "chainrule.descend")
    if not run.history.parameters:
        raise ArgumentError("the run kept no iterates: give descend a keep_history that holds at least two")
    path = np.array([run.coordinates.vector(held) for held in run.history.parameters])
    return path[np.isfinite(path).all(axis=1)]


def title_of(run: Any) -> str:
    """The optimizer and the learning rate of a run, in a few words."""
    name = "gradient descent" if run.optimizer.name == "gd" else str(run.optimizer.name)
    rate = run.learning_rate
    if rate is None:
        return name
    return f"{name} with learning rate {number(rate)}" if isinstance(rate, (int, float)) else f"{name} with a schedule"


def _ground(plane: Plane) -> str:
    if len(plane.labels) == 1:
        return f"on the graph of the loss against {plane.labels[0]}"
    return f"on the contours of the loss, {plane.labels[0]} across and {plane.labels[1]} up"


def _mark(
    axes: Axes, palette: Palette, plane: Plane, coordinates: Numbers, lowest: tuple[Numbers, float] | None, run: Descent
) -> tuple[list[str], Line2D | None]:
    """The start, the point reached and the minimum, each with its loss."""
    losses = run.history.loss
    first = float(losses[0]) if len(losses) else run.final_loss
    marks = [
        ("start", coordinates[0], first, "o", palette.first, 7),
        ("reached", coordinates[-1], run.final_loss, "s", palette.mark, 7),
    ]
    if lowest is not None and in_view(axes, points_of(plane, lowest[0][None])[0]):
        marks.append(("minimum" if not plane.told else "lowest here", *lowest, "*", palette.second, 13))
    told: list[str] = []
    reached = None
    for name, place, loss, marker, colour, size in marks:
        if not np.isfinite(loss):
            told.append(f"The loss is not finite after step {run.history.steps[len(coordinates) - 1]:,}.")
            continue
        at = points_of(plane, place[None])
        (drawn_mark,) = axes.plot(
            at[:, 0], at[:, 1], marker, color=colour, markersize=size, markeredgecolor=palette.ground,
            markeredgewidth=0.8, zorder=4, label=f"{name}: loss {loss_number(loss)}",
        )  # fmt: skip
        told.append(f"{name.capitalize()} at {point(place)} with a loss of {loss_number(loss)}.")
        reached = drawn_mark if name == "reached" else reached
    return told, reached


def point(coordinates: Numbers) -> str:
    """A point of the plane, as text.

    >>> point(np.array([2.43, 2.9081]))
    '(2.43, 2.908)'
    """
    return f"({', '.join(map(number, coordinates))})"


def in_view(axes: Axes, point: Numbers) -> bool:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return bool(left <= point[0] <= right and bottom <= point[1] <= top)


def points_of(plane: Plane, coordinates: Numbers) -> Numbers:
    """Where iterates are drawn, shape (m, 2): in the plane, or on the graph of the loss along one direction."""
    if len(plane.labels) == 2:
        return coordinates
    return np.column_stack([coordinates[:, 0], [plane.at(point) for point in coordinates]])


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"
