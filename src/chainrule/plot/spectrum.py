"""The eigenvalues of the Hessian of a loss, and the learning rate that the largest of them allows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below, set_places
from chainrule.plot.numbers import number
from chainrule.plot.results import require_result
from chainrule.plot.scale import set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chainrule.learn.curvature import Curvature

__all__ = ["spectrum"]

SIZE = (6.8, 4.8)
# Below the largest by this factor an eigenvalue is rounding.
LOWEST = 1e-12


def spectrum(curvature: Curvature, *, ax: Axes | None = None, dark: bool = False) -> Figure:
    """The eigenvalues of the Hessian that were found, the largest first, each with the bound on its error.

    The scale is that of magnitudes: eigenvalues below zero, along which the loss curves down, have a mark of their own,
    and those that are zero within their error are hollow. The largest gives the critical rate 2 / lambda_max, above
    which gradient descent diverges.

    Args:
        curvature: what `chainrule.curvature` returned.
        ax: the axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        MissingExtraError: the extra `plot` is not installed.

    >>> import numpy as np, chainrule as cr
    >>> found = cr.curvature(lambda w: 50 * w[0] ** 2 + w[1] ** 2 / 2, np.array([1.0, 1.0]))
    >>> print(cr.plot.alt(cr.plot.spectrum(found)))
    The eigenvalues of the Hessian, all 2, the largest first, on a logarithmic scale. The largest is 100, the smallest
    1. The critical learning rate 2 / lambda_max is 0.02. The condition number is 100.
    """
    require_matplotlib()
    require_result(curvature, "eigenvalues", "chainrule.curvature")
    with canvas(ax, dark, SIZE) as (axes, palette):
        told = _draw(axes, palette, curvature)
        axes.set_title("Eigenvalues of the Hessian", fontsize="medium")
    found = len(curvature.eigenvalues)
    which = f"all {found:,}" if curvature.complete else f"{found:,} of {curvature.size:,}"
    describe(axes, f"The eigenvalues of the Hessian, {which}, the largest first, on a logarithmic scale.", *told)
    return figure_of(axes)


def _draw(axes: Axes, palette: Palette, curvature: Curvature) -> list[str]:
    values, errors = np.asarray(curvature.eigenvalues, float), np.asarray(curvature.errors, float)
    sizes = np.abs(values)
    largest = float(sizes.max()) or 1.0
    unknown = sizes <= np.maximum(errors, LOWEST * largest)
    # What is zero within its error has no place on a scale of magnitudes: it stands a decade below all others.
    known = sizes[~unknown]
    drawn = np.where(unknown, (float(known.min()) if known.size else largest) / 10, sizes)
    rank = np.arange(1, len(values) + 1)
    for which, marker, colour, filled, label in (
        ((values > 0) & ~unknown, "o", palette.measured, True, "above zero"),
        ((values < 0) & ~unknown, "v", palette.first, True, "below zero: the loss curves down"),
        (unknown, "o", palette.soft, False, "zero within the error"),
    ):
        if which.any():
            bars = None if which is unknown else [np.minimum(errors[which], 0.9 * drawn[which]), errors[which]]
            axes.errorbar(
                rank[which], drawn[which], yerr=bars, fmt=marker, color=colour, markersize=6, capsize=3,
                markerfacecolor=colour if filled else palette.ground, elinewidth=1, label=label,
            )  # fmt: skip
    set_scale(axes, "log", np.concatenate([drawn, drawn / 2, 2 * drawn]), (0, 1))
    set_places(axes, len(values))
    axes.set(xlabel="place among those found, the largest first", ylabel="magnitude of the eigenvalue")
    axes.grid(True, alpha=0.5)
    axes.set_axisbelow(True)
    told = [f"The largest is {number(values[0])}, the smallest {number(values[-1])}."]
    if values[0] > 0:
        rate = f"λ_max = {number(values[0])}: critical rate 2 / λ_max = {number(2 / values[0])}"
        axes.axhline(values[0], color=palette.mark, linewidth=1, zorder=1)
        axes.annotate(
            rate, (0.99, values[0]), xycoords=("axes fraction", "data"), xytext=(0, 4), textcoords="offset points",
            ha="right", va="bottom", fontsize="small", color=palette.ink, parse_math=False,
        )  # fmt: skip
        told.append(f"The critical learning rate 2 / lambda_max is {number(2 / values[0])}.")
    if curvature.convex and math.isfinite(curvature.condition):
        told.append(
            f"The condition number is {'' if curvature.complete else 'at least '}{number(curvature.condition)}."
        )
    below = int(np.count_nonzero((values < 0) & ~unknown))
    if below:
        told.append(f"Below zero: {below:,}; the loss curves down most along {curvature.directions[-1]}.")
    legend_below(axes)
    return told
