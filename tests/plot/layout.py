"""What must hold of the layout of every picture: no text is cut by the edge, and no two lie on each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from typing import Any

import matplotlib.text
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

# In pixels: boxes of text hold some empty space around the letters.
CUT = 0.5
OVERLAP = 1.0


def faults(figure: Figure) -> list[str]:
    """Each text that is cut or that lies on another, at the size that the figure has."""
    found = []
    texts = [(text, text.get_window_extent()) for text in drawn_texts(figure)]
    edge = figure.bbox
    for text, box in texts:
        if box.x0 < edge.x0 - CUT or box.x1 > edge.x1 + CUT or box.y0 < edge.y0 - CUT or box.y1 > edge.y1 + CUT:
            found.append(f"{text.get_text()!r} is cut by the edge of the figure")
    for (one, a), (other, b) in combinations(texts, 2):
        if _common(a, b) > OVERLAP:
            found.append(f"{one.get_text()!r} lies on {other.get_text()!r}")
    return found


def drawn_texts(figure: Figure) -> list[matplotlib.text.Text]:
    """The texts that are drawn: of the labels of an axis, those within its view."""
    with _recorded() as texts:
        FigureCanvasAgg(figure).draw()
    return list(dict.fromkeys(texts))


@contextmanager
def _recorded() -> Iterator[list[matplotlib.text.Text]]:
    """Every text that draws itself meanwhile, and is not empty."""
    texts: list[matplotlib.text.Text] = []
    draw = matplotlib.text.Text.draw

    def recording(text: matplotlib.text.Text, renderer: Any) -> None:
        draw(text, renderer)
        if text.get_visible() and text.get_text().strip():
            texts.append(text)

    matplotlib.text.Text.draw = recording
    try:
        yield texts
    finally:
        matplotlib.text.Text.draw = draw


def _common(a: Bbox, b: Bbox) -> float:
    """How far two boxes reach into each other, in pixels."""
    return min(a.x1 - b.x0, b.x1 - a.x0, a.y1 - b.y0, b.y1 - a.y0)
