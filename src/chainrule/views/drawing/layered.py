"""Where the boxes and arrows of a picture stand: a layered layout, computed by the package graphlay.

Layers, crossings, routes and the places of labels are the package's (the method of K. Sugiyama, S. Tagawa, M. Toda,
IEEE Trans. SMC 11, 1981); this file gives it sizes, takes coordinates, and chooses the direction.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.errors import ArgumentError, MissingExtraError
from chainrule.views.drawing.diagram import Box, Diagram
from chainrule.views.drawing.labels import cells

__all__ = ["CELL", "FONT", "LINE", "MARGIN", "STACK", "Direction", "Placed", "Rectangle", "Route", "layered"]

Direction = Literal["down", "right"]

# In pixels of 1/96 inch. A column of the usual monospaced fonts is 0.55 to 0.62 of the size of the font wide.
FONT = 13.0
CELL = 0.62 * FONT
LINE = 18.0
INSET = 11.0
MARGIN = 16.0
# How far the sheets of a box that stands for several look out from behind it.
STACK = 5.0
# The page that a picture should fit on, or come close to.
PAGE = (1100.0, 750.0)
# A picture larger than so many pages is broken into rows or columns, if it is a chain that allows it.
TOLERATED = 1.5


@dataclass(frozen=True)
class Rectangle:
    """An upright rectangle, by its left upper corner; y grows downwards."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Route:
    """How an arrow runs, from box to box, and where its label stands."""

    points: tuple[tuple[float, float], ...]
    label: Rectangle | None


@dataclass(frozen=True)
class Placed:
    """A diagram with coordinates: a rectangle for each box, a route for each arrow, in their orders."""

    diagram: Diagram
    boxes: tuple[Rectangle, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


def layered(diagram: Diagram, direction: Direction | None = None) -> Placed:
    """The diagram laid out in layers.

    Args:
        diagram: what the picture says.
        direction: "down" or "right"; None takes the one that fits a page better.

    Raises:
        ArgumentError: another direction.
        MissingExtraError: graphlay is not installed.
    """
    if direction not in (None, "down", "right"):
        raise ArgumentError(f'direction must be "down", "right" or None, not {direction!r:.60}')
    graphlay = _graphlay()
    graph = graphlay.Graph()
    for box in diagram.boxes:
        width, height = _size(box)
        graph.node(width=width, height=height)
    for arrow in diagram.arrows:
        if arrow.label:
            # A label is a node on its arrow: so it has a place of its own, and the arrow runs through it.
            label = graph.node(width=cells(arrow.label) * CELL + 4.0, height=LINE)
            graph.edge(arrow.source, label)
            graph.edge(label, arrow.target)
        else:
            graph.edge(arrow.source, arrow.target)
    directions: tuple[Direction, ...] = ("down", "right") if direction is None else (direction,)
    tried = [_tried(graphlay, graph, name, wrapped=False) for name in directions]
    if all(_misfit(layout)[1] > TOLERATED for layout in tried):
        tried += [_tried(graphlay, graph, name, wrapped=True) for name in directions]
    return _placed(diagram, min(tried, key=_misfit).raw)


def _graphlay() -> Any:
    try:
        return importlib.import_module("graphlay")
    except ImportError as error:
        raise MissingExtraError('pictures of graphs need graphlay: pip install "chainrule[plot]"') from error


def _tried(graphlay: Any, graph: Any, direction: Direction, wrapped: bool) -> Any:
    options = {
        "direction": "topbottom" if direction == "down" else "leftright",
        "routing": {"style": "orthogonal"},
        "wrap": {"viewport_aspect": PAGE[0] / PAGE[1] if wrapped else 0.0},
        "spacing": {"layer_gap": 24.0, "node_gap": 18.0, "dummy_gap": 14.0},
    }
    return graphlay.layout(graph, preset="layered", options=options)


def _misfit(layout: Any) -> tuple[int, float]:
    """Collisions first, then how much larger than a page it is."""
    quality = layout.metrics()
    return quality["node_edge_hits"], max(quality["width"] / PAGE[0], quality["height"] / PAGE[1])


def _size(box: Box) -> tuple[float, float]:
    columns = max(cells(line.text) for line in box.lines)
    extra = STACK * box.several
    return max(columns, 3) * CELL + 2 * INSET + extra, len(box.lines) * LINE + INSET + extra


def _placed(diagram: Diagram, raw: dict[str, Any]) -> Placed:
    placed = [_around(node["center"], node["size"]) for node in raw["nodes"]]
    boxes, labels = placed[: len(diagram.boxes)], iter(placed[len(diagram.boxes) :])
    lines = iter([(point["x"], point["y"]) for point in edge["points"]] for edge in raw["edges"])
    routes = []
    for arrow in diagram.arrows:
        if arrow.label:
            routes.append(Route((*next(lines), *next(lines)), next(labels)))
        else:
            routes.append(Route(tuple(next(lines)), None))
    head = LINE + MARGIN / 2
    foot = LINE * len(diagram.notes) + (MARGIN / 2 if diagram.notes else 0)
    corners = [(r.x, r.y) for r in placed] + [(r.x + r.width, r.y + r.height) for r in placed]
    corners += [point for route in routes for point in route.points]
    left, top = (min((c[i] for c in corners), default=0.0) for i in (0, 1))
    right, bottom = (max((c[i] for c in corners), default=0.0) for i in (0, 1))
    width = max([right - left, *(cells(text) * CELL for text in (diagram.title, *diagram.notes))])
    dx = MARGIN - left + (width - (right - left)) / 2
    dy = MARGIN + head - top
    return Placed(
        diagram,
        tuple(_moved(box, dx, dy) for box in boxes),
        tuple(
            Route(tuple((x + dx, y + dy) for x, y in route.points), route.label and _moved(route.label, dx, dy))
            for route in routes
        ),
        width + 2 * MARGIN,
        bottom - top + 2 * MARGIN + head + foot,
    )


def _around(center: dict[str, float], size: dict[str, float]) -> Rectangle:
    width, height = size["width"], size["height"]
    return Rectangle(center["x"] - width / 2, center["y"] - height / 2, width, height)


def _moved(rectangle: Rectangle, dx: float, dy: float) -> Rectangle:
    return Rectangle(rectangle.x + dx, rectangle.y + dy, rectangle.width, rectangle.height)
