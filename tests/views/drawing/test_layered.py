"""Where things stand: no box or label covers another, text is inside its box, every arrow joins its two boxes."""

from __future__ import annotations

import random
import sys
from itertools import combinations, pairwise

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, MissingExtraError
from chainrule.views.drawing.diagram import Arrow, Box, Diagram, Line, diagram
from chainrule.views.drawing.labels import cells
from chainrule.views.drawing.layered import CELL, LINE, PAGE, Rectangle, layered


def overlap(a: Rectangle, b: Rectangle) -> bool:
    return (
        a.x < b.x + b.width - 1e-6
        and b.x < a.x + a.width - 1e-6
        and a.y < b.y + b.height - 1e-6
        and b.y < a.y + a.height - 1e-6
    )


def touches(r: Rectangle, x: float, y: float) -> bool:
    return r.x - 1 <= x <= r.x + r.width + 1 and r.y - 1 <= y <= r.y + r.height + 1


def crosses(r: Rectangle, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Whether a line that runs upright or level passes through the inside of a rectangle."""
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    return left < r.x + r.width - 1 and right > r.x + 1 and top < r.y + r.height - 1 and bottom > r.y + 1


def check(placed):
    picture = placed.diagram
    everything = [*placed.boxes, *(route.label for route in placed.routes if route.label)]
    assert len(placed.boxes) == len(picture.boxes)
    assert len(placed.routes) == len(picture.arrows)
    for a, b in combinations(everything, 2):
        assert not overlap(a, b)
    for r in everything:
        assert r.x >= 0
        assert r.y >= LINE
        assert r.x + r.width <= placed.width
        assert r.y + r.height <= placed.height
    for box, r in zip(picture.boxes, placed.boxes, strict=True):
        assert max(cells(line.text) for line in box.lines) * CELL < r.width
        assert len(box.lines) * LINE < r.height
    for arrow, route in zip(picture.arrows, placed.routes, strict=True):
        source, target = placed.boxes[arrow.source], placed.boxes[arrow.target]
        assert touches(source, *route.points[0])
        assert touches(target, *route.points[-1])
        assert (route.label is None) == (not arrow.label)
        if route.label:
            assert cells(arrow.label) * CELL <= route.label.width
            assert any(touches(route.label, *point) for point in route.points)
        for start, end in pairwise(route.points):
            for r in placed.boxes:
                assert not crosses(r, start, end)


def random_diagram(seed: int) -> Diagram:
    draw = random.Random(seed)
    boxes, arrows = [], []
    for i in range(draw.randrange(1, 50)):
        lines = tuple(Line("x" * draw.randrange(1, 30), "formula") for _ in range(draw.randrange(1, 5)))
        boxes.append(Box("operation", lines, "", several=draw.random() < 0.2))
        for source in set(draw.choices(range(max(0, i - 9), i), k=draw.randrange(3)) if i else []):
            label = "g" * draw.choice([0, 1, 12, 26])
            arrows.append(Arrow(source, i, label))
    return Diagram("a title", tuple(boxes), tuple(arrows), ("a note",) * draw.randrange(3))


@pytest.mark.parametrize("direction", [None, "down", "right"])
@pytest.mark.parametrize("seed", range(50))
def test_nothing_covers_anything(seed, direction):
    check(layered(random_diagram(seed), direction))


def test_a_long_chain_is_broken_into_rows_or_columns():
    boxes = tuple(Box("operation", (Line(f"v{i} = sin(v{i - 1})", "formula"),) * 3, "") for i in range(45))
    chain = Diagram("chain", boxes, tuple(Arrow(i, i + 1, "cos(v)") for i in range(44)), ())
    placed = layered(chain)
    check(placed)
    assert placed.width < 2 * PAGE[0]
    assert placed.height < 3 * PAGE[1]


def test_the_direction_is_as_asked():
    graph = cr.graph("(x - 3)^2", x=1.0)
    picture = diagram(graph, [value for _, value in graph.arguments])
    down, right = layered(picture, "down").boxes, layered(picture, "right").boxes
    assert [a.y < b.y for a, b in pairwise(down)] == [True, True]
    assert [a.x < b.x for a, b in pairwise(right)] == [True, True]
    with pytest.raises(ArgumentError, match='direction must be "down", "right" or None'):
        layered(picture, "left")


def test_an_empty_picture_has_room_for_its_title():
    placed = layered(Diagram("f()", (), (), ("f returns no value",)))
    assert placed.boxes == ()
    assert placed.width > cells("f returns no value") * CELL


def test_the_same_picture_is_laid_out_the_same():
    assert layered(random_diagram(7)) == layered(random_diagram(7))


def test_without_graphlay_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphlay", None)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[plot\]"'):
        cr.graph(np.sin, 1.0).to_svg()
