"""The picture as outlines and texts with the names of their styles, for any medium to draw in order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.views.drawing.diagram import Arrow, Box
from chainrule.views.drawing.labels import cells
from chainrule.views.drawing.layered import CELL, FONT, LINE, MARGIN, STACK, Placed, Rectangle, Route

__all__ = ["STYLES", "Figure", "Outline", "Scene", "Segment", "Style", "Text", "scene"]

Point = tuple[float, float]
# What joins a point to the one before: "M" begins, "L" is straight, "Q" bends around the point before the last.
Segment = tuple[str, tuple[Point, ...]]


@dataclass(frozen=True)
class Style:
    """How something is drawn; colours are names of the palette, "" for none."""

    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()
    bold: bool = False


STYLES = {
    "halo": Style(stroke="ground", width=5.0),
    "arrow": Style(stroke="soft", width=1.2),
    "lit": Style(stroke="mark", width=2.8),
    "head": Style(fill="soft"),
    "lit-head": Style(fill="mark"),
    "input": Style("ground", "measured", 1.8),
    "constant": Style("ground", "measured", 1.3, (5.0, 3.0)),
    "operation": Style("ground", "ink", 1.2),
    "repeated": Style("ground", "ink", 1.2),
    "depths": Style("ground", "ink", 1.2),
    "result": Style("", "ink", 1.2),
    "behind": Style(fill="ground"),
    "title": Style(fill="ink", bold=True),
    "note": Style(fill="soft"),
    "label": Style(fill="measured"),
    "text-head": Style(fill="ink", bold=True),
    "text-formula": Style(fill="ink"),
    "text-value": Style(fill="ink"),
    "text-gradient": Style(fill="mark"),
}


@dataclass(frozen=True)
class Outline:
    """A line or an area."""

    segments: tuple[Segment, ...]
    style: str


@dataclass(frozen=True)
class Text:
    """A line of text, by the middle of its baseline."""

    x: float
    y: float
    text: str
    style: str


@dataclass(frozen=True)
class Figure:
    """What belongs together: a box, an arrow or a label, with the whole of what it says."""

    says: str
    parts: tuple[Outline | Text, ...]


@dataclass(frozen=True)
class Scene:
    """A picture of a width and a height in pixels; y grows downwards."""

    width: float
    height: float
    title: str
    description: str
    figures: tuple[Figure, ...]


def scene(placed: Placed) -> Scene:
    """All outlines and texts, in the order in which they are drawn: arrows, boxes over them, labels over both."""
    diagram = placed.diagram
    middle = placed.width / 2
    figures = [Figure("", (Text(middle, MARGIN + FONT, diagram.title, "title"),))]
    pairs = sorted(zip(diagram.arrows, placed.routes, strict=True), key=lambda pair: pair[0].highlighted)
    figures += [_arrow(arrow, route) for arrow, route in pairs]
    figures += [_box(box, rectangle) for box, rectangle in zip(diagram.boxes, placed.boxes, strict=True)]
    figures += [_label(arrow, route.label) for arrow, route in pairs if route.label]
    top = placed.height - MARGIN - LINE * len(diagram.notes) + FONT
    figures += [Figure("", (Text(middle, top + LINE * i, note, "note"),)) for i, note in enumerate(diagram.notes)]
    said = [*diagram.notes, *(box.full for box in diagram.boxes), *(arrow.full for arrow in diagram.arrows)]
    return Scene(placed.width, placed.height, diagram.title, "; ".join(filter(None, said)), tuple(figures))


HEAD = 8.0
BEND = 7.0
# Lines begin inside the box that they leave, which is drawn over them: so they also meet its rounded corners.
INSIDE = 10.0


def _arrow(arrow: Arrow, route: Route) -> Figure:
    points = list(route.points)
    points[0] = _towards(points[0], points[1], -INSIDE)
    tip = points[-1]
    points[-1] = neck = _towards(tip, points[-2], HEAD - 1)
    line = _rounded(points)
    across = (neck[1] - tip[1]) / 2, (tip[0] - neck[0]) / 2
    base = _towards(tip, neck, HEAD)
    head = [tip, (base[0] + across[0], base[1] + across[1]), (base[0] - across[0], base[1] - across[1])]
    lit = arrow.highlighted
    return Figure(
        arrow.full,
        (
            Outline(line, "halo"),
            Outline(line, "lit" if lit else "arrow"),
            Outline(_polygon(head), "lit-head" if lit else "head"),
        ),
    )


def _box(box: Box, rectangle: Rectangle) -> Figure:
    extra = STACK * box.several
    front = Rectangle(rectangle.x, rectangle.y, rectangle.width - extra, rectangle.height - extra)
    style: str = box.kind
    parts: list[Outline | Text] = []
    if box.several:
        back = Rectangle(front.x + extra, front.y + extra, front.width, front.height)
        parts.append(Outline(_shape(box, back), style))
    parts.append(Outline(_shape(box, front), style))
    if box.result:
        inner = Rectangle(front.x + 3, front.y + 3, front.width - 6, front.height - 6)
        parts.append(Outline(_shape(box, inner), "result"))
    first = front.y + (front.height - LINE * len(box.lines)) / 2 + FONT
    for i, line in enumerate(box.lines):
        parts.append(Text(front.x + front.width / 2, first + LINE * i, line.text, f"text-{line.role}"))
    return Figure(box.full, tuple(parts))


def _label(arrow: Arrow, place: Rectangle) -> Figure:
    width = cells(arrow.label) * CELL
    middle = place.x + place.width / 2
    behind = _polygon(_corners(Rectangle(middle - width / 2 - 1, place.y, width + 2, place.height)))
    text = Text(middle, place.y + FONT, arrow.label, "label")
    return Figure(arrow.full, (Outline(behind, "behind"), text))


def _shape(box: Box, r: Rectangle) -> tuple[Segment, ...]:
    """Inputs have round corners, constants cut ones, what is computed square ones."""
    right, bottom = r.x + r.width, r.y + r.height
    if box.kind == "input":
        corner = min(14.0, r.height / 2)
        edge = _corners(r)
        around = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(edge, [*edge[1:], edge[0]], strict=True)]
        points = [p for pair in zip(around, [*edge[1:], edge[0]], strict=True) for p in pair]
        return (*_rounded([*points, points[0]], corner), ("Z", ()))
    if box.kind == "constant":
        c = 8.0
        return _polygon([(r.x + c, r.y), (right - c, r.y), (right, r.y + c), (right, bottom - c), (right - c, bottom),
                         (r.x + c, bottom), (r.x, bottom - c), (r.x, r.y + c)])  # fmt: skip
    return _polygon(_corners(r))


def _corners(r: Rectangle) -> list[Point]:
    right, bottom = r.x + r.width, r.y + r.height
    return [(r.x, r.y), (right, r.y), (right, bottom), (r.x, bottom)]


def _polygon(points: Sequence[Point]) -> tuple[Segment, ...]:
    first, *rest = points
    return (("M", (first,)), *(("L", (point,)) for point in rest), ("Z", ()))


def _rounded(points: Sequence[Point], radius: float = BEND) -> tuple[Segment, ...]:
    """A line through the points, with round corners."""
    segments: list[Segment] = [("M", (points[0],))]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        reach = min(radius, math.dist(before, corner) / 2, math.dist(corner, after) / 2)
        segments.append(("L", (_towards(corner, before, reach),)))
        segments.append(("Q", (corner, _towards(corner, after, reach))))
    return (*segments, ("L", (points[-1],)))


def _towards(start: Point, end: Point, distance: float) -> Point:
    """A point at a distance from the start on the way to the end."""
    length = math.dist(start, end)
    part = distance / length if length else 0.0
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part
