"""The sizes of the gradients of a network, layer by layer: where they vanish, and where they explode."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.containers import flatten, is_container
from chainrule.calculus.gradients import grad
from chainrule.errors import ArgumentError
from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below, set_places
from chainrule.plot.numbers import number
from chainrule.plot.scale import set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["layer_gradients"]

Numbers = NDArray[np.float64]

WIDTH = 6.6
# Layers that have a name of their own at the axis.
NAMED = 24
# Letters that stand side by side below the axes.
LETTERS = 60
# Letters of one name.
LONG = 18
MARKERS = "osD^v"


def layer_gradients(
    gradients: Any,
    parameters: Any = None,
    *,
    networks: bool = False,
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """The size of the gradient in each layer of a network, the layer next to the input at the left.

    The size is the root mean square of all components of a layer, so that layers of different width compare. A layer is
    an item of the container: an array, or a container such as {"W": ..., "b": ...}.

    Args:
        gradients: a list or a dict of the gradients of the layers, in their order; or a loss, of which they are taken.
        parameters: where `gradients` is a loss: the parameters to take them at, a list or a dict of layers.
        networks: whether `gradients` is a dict of several such, by the name of the network, to be compared; where
            they are losses, `parameters` may be a dict by the same names.
        ax: the axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure.

    Raises:
        ArgumentError: there are no layers, or they are not containers of numbers; a loss comes without parameters.
        MissingExtraError: the extra `plot` is not installed.

    >>> import chainrule as cr
    >>> gradients = {"first": [1e-6, 1e-6], "second": [1e-4], "third": [1e-2]}
    >>> print(cr.plot.alt(cr.plot.layer_gradients(gradients)))
    The root mean square of the gradient in each layer, on a logarithmic scale. 3 layers, 1e−06 in the first (first),
    0.01 in the last (third): a factor 100 a layer smaller towards the input.
    """
    require_matplotlib()
    if networks:
        if not isinstance(gradients, Mapping) or not gradients:
            raise ArgumentError("networks=True takes a dict of gradients, or of losses, by the name of the network")
        if len(gradients) > len(MARKERS):
            raise ArgumentError(
                f"{len(gradients)} networks: expected 1 to {len(MARKERS)}, as more cannot be told apart"
            )
        several = isinstance(parameters, Mapping) and parameters.keys() == gradients.keys()
        found = {str(n): _sizes(g, parameters[n] if several else parameters) for n, g in gradients.items()}
    else:
        found = {"": _sizes(gradients, parameters)}
    with canvas(ax, dark, (WIDTH, 4.4)) as (axes, palette):
        _draw(axes, palette, found)
        axes.set_title("Size of the gradient in each layer", fontsize="medium")
    describe(
        axes, "The root mean square of the gradient in each layer, on a logarithmic scale.", *map(_told, found.items())
    )
    return figure_of(axes)


def _sizes(gradients: Any, parameters: Any) -> dict[str, float]:
    """The root mean square of the gradient of each layer."""
    if callable(gradients):
        if parameters is None:
            raise ArgumentError("gradients is a loss: give the parameters to take its gradients at")
        gradients = grad(gradients)(parameters)
    if not is_container(gradients) or hasattr(gradients, "history"):
        raise ArgumentError(
            f"gradients is of type {type(gradients).__name__}, expected a list or a dict of layers, or a loss with its "
            "parameters: of a run, layer_gradients(run.problem.loss, run.parameters)"
        )
    items = gradients.items() if isinstance(gradients, dict) else _items(gradients)
    sizes = {}
    for name, layer in items:
        try:
            parts = [np.abs(np.asarray(leaf)).astype(float).ravel() for _, leaf in flatten(layer)[0]]
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"layer {name} does not hold numbers: {error}") from error
        flat = np.concatenate(parts) if parts else np.empty(0)
        if flat.size:
            top = float(flat.max())
            # Scaled, as squares of small gradients underflow where the gradients do not.
            sizes[str(name)] = top * math.sqrt(float(np.mean((flat / top) ** 2))) if 0 < top < math.inf else top
    if not sizes:
        raise ArgumentError("gradients holds no layers with numbers")
    return sizes


def _items(gradients: Any) -> list[tuple[str, Any]]:
    if isinstance(gradients, (list, tuple)):
        return [(str(i), layer) for i, layer in enumerate(gradients, start=1)]
    return [(name, getattr(gradients, name)) for name in gradients.__dataclass_fields__]


def _draw(axes: Axes, palette: Palette, found: dict[str, dict[str, float]]) -> None:
    sizes = np.concatenate([list(layers.values()) for layers in found.values()])
    seen = sizes[np.isfinite(sizes) & (sizes > 0)]
    high = float(seen.max()) if seen.size else 1.0
    zero = set_scale(axes, "log", np.append(sizes, high))
    for i, (network, layers) in enumerate(found.items()):
        place, size = np.arange(1, len(layers) + 1), np.array(list(layers.values()))
        colour, marker = palette.series[i % len(palette.series)], MARKERS[i % len(MARKERS)]
        shown = np.where(np.isfinite(size) & (size > 0), size, np.nan)
        axes.plot(place, shown, color=colour, marker=marker, markersize=6, linewidth=1.8, label=network or None)
        for which, edge, words, mark in (
            (size == 0, zero, "exactly 0", "v"),
            (~np.isfinite(size), high, "not finite", "X"),
        ):
            if which.any():
                axes.plot(
                    place[which], np.full(np.count_nonzero(which), edge), mark, color=colour, markersize=8,
                    markerfacecolor=palette.ground, label=f"{network}: {words}".removeprefix(": "),
                )  # fmt: skip
    longest = max(found.values(), key=len)
    set_places(axes, len(longest))
    if len(longest) <= NAMED and any(name != str(i) for i, name in enumerate(longest, start=1)):
        names = _told_apart(list(longest))
        turned = max(map(len, names)) * len(names) > LETTERS
        axes.set_xticks(
            range(1, len(names) + 1), names, rotation=90 if turned else 0, fontsize="small", parse_math=False
        )
    axes.set(xlabel="layer, from the input", ylabel="gradient, root mean square")
    axes.grid(True, alpha=0.5)
    axes.set_axisbelow(True)
    legend_below(axes)


def _told_apart(names: list[str]) -> list[str]:
    """Names short enough for an axis: without the beginning that all of them share, and with an end that is cut."""
    if max(map(len, names)) > LONG and len(names) > 1:
        # What the first and the last in the order of the alphabet share, all do.
        pairs = zip(min(names), max(names), strict=False)
        shared = "".join(a for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        begin = max(shared.rfind(separator) for separator in "./ ") + 1
        names = ["…" + name[begin:] if begin else name for name in names]
    return [name if len(name) <= LONG else name[: LONG - 1] + "…" for name in names]


def _told(item: tuple[str, dict[str, float]]) -> str:
    network, layers = item
    (first, size), (last, end) = next(iter(layers.items())), list(layers.items())[-1]
    words = f"{network}: " if network else ""
    words += f"{len(layers):,} layer{'s' * (len(layers) > 1)}, {number(size)} in the first ({first})"
    words += f", {number(end)} in the last ({last})"
    if len(layers) > 1 and 0 < size < math.inf and 0 < end < math.inf:
        factor = (end / size) ** (1 / (len(layers) - 1))
        trend = "smaller" if factor > 1 else "larger"
        words += f": a factor {max(factor, 1 / factor):.3g} a layer {trend} towards the input"
    return words + "."
