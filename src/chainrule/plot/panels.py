"""Several axes on a figure of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainrule.plot.canvas import figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["panels"]


def panels(
    axes: Axes, rows: int = 1, columns: int = 1, *, heights: Sequence[float] | None = None, count: int | None = None
) -> list[Axes]:
    """Make the only axes of a figure the first of a grid, and return those of the grid, row by row, `count` at most."""
    figure = figure_of(axes)
    grid = figure.add_gridspec(rows, columns, height_ratios=heights)
    axes.set_subplotspec(grid[0, 0])
    rest = [(row, column) for row in range(rows) for column in range(columns)][1:count]
    return [axes, *(figure.add_subplot(grid[row, column]) for row, column in rest)]
