"""The graph of a function, with values and gradients on the nodes and local derivatives on the edges."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from chainrule.calculus.functions import as_function
from chainrule.calculus.graphs import Graph, graph as graph_of
from chainrule.core.graph import Graph as CoreGraph
from chainrule.errors import ArgumentError
from chainrule.plot.canvas import canvas, describe, figure_of, require_matplotlib
from chainrule.read.formula_function import FormulaFunction
from chainrule.views.drawing.diagram import diagram
from chainrule.views.drawing.layered import FONT, Direction, layered
from chainrule.views.drawing.scene import STYLES, Outline, Scene, Text, scene
from chainrule.views.palette import Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

__all__ = ["graph"]

# Pixels of the layout to an inch.
DPI = 96.0


def graph(
    f: Callable[..., Any] | str | Graph,
    *args: Any,
    elementary: bool = False,
    direction: Direction | None = None,
    highlight: Collection[tuple[str, str]] = (),
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """The computational graph of f at the given arguments, as a picture.

    Each box holds a step with its value and, where the result is one number, its gradient; each arrow the local
    derivative, or between arrays what is sent back for an incoming gradient g. Inputs have round corners, constants cut
    ones, results a double outline. A formula without arguments is drawn without numbers. In a picture of more than 30
    boxes what repeats is drawn once, with its count; where more than 50 are left, consecutive depths share a box.

    Args:
        f: a function, a formula, or a graph made by `chainrule.graph`.
        args: the arguments of a function or a formula.
        elementary: one box for each operation, whatever names the function gave.
        direction: "down" or "right"; None takes the one that fits a page better.
        highlight: arrows to draw strongly, each as the name of what it leaves and of the step that it enters.
        ax: the axes to draw on; else a new figure, of the size at which text is easy to read.
        dark: for a dark page.

    Returns:
        The figure. `Graph.to_svg` gives the same picture without Matplotlib.

    Raises:
        ArgumentError: f is a graph and arguments are given; `highlight` names an arrow that is not there.
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> figure = cr.plot.graph("(y - (w x + b))^2", 7.0, 1.0, 2.0, 1.0)
    >>> [text.get_text() for text in figure.axes[0].texts if text.get_text().endswith("= -16")]
    ['df/dw = -16']
    """
    require_matplotlib()
    traced, arguments = _traced(f, args)
    drawn = scene(layered(diagram(traced, arguments, elementary=elementary, highlight=highlight), direction))
    with canvas(ax, dark, (drawn.width / DPI, drawn.height / DPI)) as (axes, palette):
        _draw(axes, drawn, palette)
    describe(axes, f"The computational graph of {drawn.title}.", f"{drawn.description}.")
    return figure_of(axes)


def _traced(f: Callable[..., Any] | str | Graph, args: tuple[Any, ...]) -> tuple[CoreGraph, list[Any] | None]:
    if not isinstance(f, Graph):
        function = as_function(f)
        if isinstance(function, FormulaFunction) and not args:
            return function.graph, None
        f = graph_of(function, *args)
    elif args:
        raise ArgumentError(f"{f.name} is a graph already: its values are those that it was traced at")
    return f, [value for _, value in f.arguments]


def _draw(axes: Axes, drawn: Scene, palette: Palette) -> None:
    from matplotlib.patches import PathPatch

    from chainrule.plot.scaled_text import ScaledText

    axes.set(xlim=(0, drawn.width), ylim=(drawn.height, 0), aspect="equal")
    axes.set_axis_off()
    parts = [part for figure in drawn.figures for part in figure.parts]
    for i, part in enumerate(parts):
        style = STYLES[part.style]
        order = 1 + i / len(parts)
        fill = getattr(palette, style.fill) if style.fill else "none"
        if isinstance(part, Text):
            axes.add_artist(
                ScaledText(part.x, part.y, part.text, FONT, color=fill, weight="bold" if style.bold else "normal",
                           family="monospace", ha="center", va="baseline", parse_math=False, zorder=order)
            )  # fmt: skip
            continue
        patch = PathPatch(_path(part), facecolor=fill, zorder=order, capstyle="butt", joinstyle="round")
        patch.set_edgecolor(getattr(palette, style.stroke) if style.stroke else "none")
        patch.set_linewidth(style.width * 72 / DPI)
        if style.dash:
            patch.set_linestyle((0.0, [length / style.width for length in style.dash]))
        axes.add_patch(patch)


def _path(outline: Outline) -> Path:
    from matplotlib.path import Path

    codes = {"M": Path.MOVETO, "L": Path.LINETO, "Q": Path.CURVE3, "Z": Path.CLOSEPOLY}
    points: list[tuple[float, float]] = []
    kinds: list[Any] = []
    for letter, ends in outline.segments:
        # Closing a path takes a point too, whatever it is.
        points += ends or ((0.0, 0.0),)
        kinds += [codes[letter]] * max(len(ends), 1)
    return Path(points, kinds)
