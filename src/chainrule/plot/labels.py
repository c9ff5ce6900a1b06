"""Labels at points of a picture, placed where they cover neither a line nor each other nor the edge.

Imported only where Matplotlib is known to be installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from chainrule.views.palette import Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

__all__ = ["Label", "place_labels"]

# A text, with the point that it stands at in units of the data.
Label = tuple[str, float, float]

# Distances from the point in points, nearest first, and the directions tried at each.
DISTANCES = (9.0, 16.0, 26.0, 40.0, 60.0)
DIRECTIONS = [(np.cos(a), np.sin(a)) for a in np.deg2rad([60, 120, -60, -120, 0, 180, 90, -90, 30, 150, -30, -150])]
# What a place costs: a point of a line under the text, an overlap with another label, a part outside the axes.
ON_LINE, ON_LABEL, OUTSIDE = 1.0, 60.0, 400.0
# Between two points of a line that are looked at, in pixels.
SPACING = 3.0


def place_labels(axes: Axes, palette: Palette, labels: Sequence[Label]) -> list[Annotation]:
    """Write labels beside their points.

    Where they stand is decided each time the picture is drawn: at another size they stand elsewhere.
    """
    written = []
    for text, x, y in labels:
        note = axes.annotate(
            text, (x, y), (0, 0), textcoords="offset points", ha="center", va="center", parse_math=False, zorder=6,
            fontsize="small", color=palette.ink,
        )  # fmt: skip
        # Where a label cannot keep off a line, it stays legible.
        note.set_path_effects([withStroke(linewidth=2.5, foreground=palette.ground)])
        # The layout of the figure is about what lies around the axes; these lie within.
        note.set_in_layout(False)
        note.set_gid("placed")
        written.append(note)
    if written:
        axes.add_artist(_Placement(written))
    return written


class _Placement(Artist):
    """Draws nothing: before the labels are drawn, it moves them."""

    def __init__(self, notes: list[Annotation]) -> None:
        super().__init__()
        self._notes = notes
        self.set_zorder(-1e9)
        self.set_in_layout(False)

    def draw(self, renderer: Any) -> None:
        axes: Any = self.axes
        lines = _points_of_lines(axes)
        taken: list[Bbox] = []
        for note in self._notes:
            taken.append(_place(note, axes.bbox, lines, taken, renderer))
        self.stale = False


def _place(note: Annotation, inside: Bbox, lines: Any, taken: list[Bbox], renderer: Any) -> Bbox:
    """Move a label to the best of the places tried; returns the box that it takes."""
    note.set_position((0, 0))
    note.update_positions(renderer)
    box = note.get_window_extent(renderer)
    pixels = renderer.points_to_pixels(1.0)
    half = np.array([box.width, box.height]) / 2
    axes: Any = note.axes
    point = axes.transData.transform(note.xy)
    best, where, least = box, (0.0, 0.0), np.inf
    for rank, distance in enumerate(DISTANCES):
        for direction in DIRECTIONS:
            # The nearest corner or side of the text is at the distance.
            shift = np.array(direction) * (distance * pixels + half * np.abs(np.sign(np.round(direction, 6))))
            middle = point + shift
            tried = Bbox([middle - half - 2, middle + half + 2])
            cost = 0.8 * rank + _cost(tried, inside, lines, taken)
            # Another place has to be better by more than letters that are a little wider make of it.
            if cost < least - 0.5:
                best, where, least = tried, tuple(shift / pixels), cost
        if least < rank + 1:
            break
    note.set_position(where)
    return best


def _cost(box: Bbox, inside: Bbox, lines: Any, taken: list[Bbox]) -> float:
    under = (lines > [box.x0, box.y0]).all(axis=1) & (lines < [box.x1, box.y1]).all(axis=1)
    out = max(inside.x0 - box.x0, 0) + max(box.x1 - inside.x1, 0) + max(inside.y0 - box.y0, 0)
    out += max(box.y1 - inside.y1, 0)
    return (
        ON_LINE * float(np.count_nonzero(under))
        + ON_LABEL * sum(box.overlaps(other) for other in taken)
        + (OUTSIDE + out if out > 0 else 0.0)
    )


def _points_of_lines(axes: Axes) -> Any:
    """Points along all lines of the axes, in pixels, evenly spaced."""
    found = [np.empty((0, 2))]
    for line in axes.lines:
        points = line.get_transform().transform(np.column_stack(line.get_data()))
        points = points[np.isfinite(points).all(axis=1)]
        near = (points > [axes.bbox.x0 - 9e3, axes.bbox.y0 - 9e3]).all(axis=1)
        points = points[near & (points < [axes.bbox.x1 + 9e3, axes.bbox.y1 + 9e3]).all(axis=1)]
        for a, b in pairwise(points):
            count = max(1, int(np.max(np.abs(b - a)) / SPACING))
            found.append(a + (b - a) * np.arange(count)[:, None] / count)
        found.append(points[-1:])
    every = np.concatenate(found)
    box = axes.bbox
    return every[(every >= [box.x0, box.y0]).all(axis=1) & (every <= [box.x1, box.y1]).all(axis=1)]
