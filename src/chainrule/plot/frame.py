"""What stands around the lines of a picture: axes of whole numbers, and a legend below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.plot.canvas import figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["legend_below", "set_places", "set_steps"]


def set_steps(axes: Axes, steps: int) -> None:
    """Give the axis of steps its limits and whole numbers."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes.set_xlim(-0.02 * max(steps, 1), 1.02 * max(steps, 1))
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def set_places(axes: Axes, count: int) -> None:
    """Give an axis of places in an order its limits, and whole numbers from 1 on."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    axes.set_xlim(0.6, count + 0.4)
    whole = MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10])
    axes.xaxis.set_major_locator(FixedLocator(range(1, count + 1)) if count <= 12 else whole)


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
        # A name may hold dollars, which are no mathematics.
        for text in legend.get_texts():
            text.set_parse_math(False)
        # The axes are to the right of the middle of their place by the width of their labels.
        if legend.get_window_extent().width <= 0.96 * axes.get_window_extent().width:
            break
