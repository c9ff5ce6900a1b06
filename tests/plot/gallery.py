"""The gallery: a named function for each picture, which the page of pictures shows and the image tests compare.

A function takes `ax` and `dark` and passes them on; its docstring is the caption. To add a picture, add a function.
`make baselines` then draws its baseline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

GALLERY: dict[str, Shown] = {}


@dataclass(frozen=True)
class Shown:
    """A picture of the gallery.

    Attributes:
        draw: draws it; takes `ax` and `dark`.
        small: the size in inches that it has to stay legible at, on axes that are given.
        projection: of the axes that it can be drawn on.
    """

    draw: Callable[..., Figure]
    small: tuple[float, float]
    projection: str | None


def shown(
    small: tuple[float, float] = (4.4, 3.4), projection: str | None = None
) -> Callable[[Callable[..., Figure]], Callable[..., Figure]]:
    """Enters a function in the gallery under its name."""

    def enter(draw: Callable[..., Figure]) -> Callable[..., Figure]:
        GALLERY[draw.__name__] = Shown(draw, small, projection)
        return draw

    return enter


@shown(small=(5.0, 4.0))
def graph(**options: Any) -> Figure:
    """The computational graph of a squared error, with both passes and the local derivatives."""

    def squared_error(w: float, x: float, b: float, y: float) -> float:
        y_hat = w * x + b
        e = y - y_hat
        L = e**2
        return L

    return cr.plot.graph(squared_error, 1.0, 2.0, 1.0, 7.0, **options)


@shown(small=(5.4, 4.2))
def step_size(**options: Any) -> Figure:
    """The error of central differences against their step: rounding on the left, truncation on the right."""
    return cr.plot.step_size(np.exp, 1.0, **options)


@shown(small=(5.4, 4.2))
def step_size_at_a_kink(**options: Any) -> Figure:
    """There is no derivative at a kink, and the picture says so."""
    return cr.plot.step_size(abs, 0.0, **options)
