"""A picture as SVG: one file without scripts or fonts, light or dark as the reader's page is."""

from __future__ import annotations

from html import escape

from chainrule.views.drawing.labels import cells
from chainrule.views.drawing.layered import CELL, FONT
from chainrule.views.drawing.scene import STYLES, Figure, Outline, Scene, Segment, Style, Text
from chainrule.views.palette import DARK, LIGHT, Palette

__all__ = ["svg"]

FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"


def svg(scene: Scene, dark: bool | None = None) -> str:
    """The scene as the text of an SVG file.

    Args:
        scene: the outlines and texts.
        dark: for a dark page, a light one, or None as the reader prefers.
    """
    width, height = _number(scene.width), _number(scene.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chainrule-graph" role="img" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" style="max-width: none">',
        f"<title>{escape(scene.title)}</title>",
        f"<desc>{escape(scene.description)}</desc>",
        f"<style>{_sheet(dark)}</style>",
        f'<rect class="cr-page" width="{width}" height="{height}"/>',
    ]
    for figure in scene.figures:
        lines += _figure(figure)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _sheet(dark: bool | None) -> str:
    rules = [f".chainrule-graph text {{ font: {_number(FONT)}px {FONTS}; text-anchor: middle; white-space: pre }}"]
    for name, style in STYLES.items():
        shape = [f"stroke-width: {_number(style.width)}"] if style.stroke else []
        shape += [f"stroke-dasharray: {' '.join(map(_number, style.dash))}"] if style.dash else []
        shape += ["font-weight: bold"] if style.bold else []
        if shape:
            rules.append(f".chainrule-graph .cr-{name} {{ {'; '.join(shape)} }}")
    rules += _colours(DARK if dark else LIGHT)
    if dark is None:
        rules += ["@media (prefers-color-scheme: dark) {", *_colours(DARK), "}"]
    return "\n".join(["", *rules, ""])


def _colours(palette: Palette) -> list[str]:
    page = f".chainrule-graph .cr-page {{ fill: {palette.ground} }}"
    return [page, *(f".chainrule-graph .cr-{name} {{ {_paint(style, palette)} }}" for name, style in STYLES.items())]


def _paint(style: Style, palette: Palette) -> str:
    fill, stroke = (getattr(palette, name) if name else "none" for name in (style.fill, style.stroke))
    return f"fill: {fill}; stroke: {stroke}"


def _figure(figure: Figure) -> list[str]:
    says = [f"<title>{escape(figure.says)}</title>"] if figure.says else []
    return ["<g>", *says, *(_part(part) for part in figure.parts), "</g>"]


def _part(part: Outline | Text) -> str:
    if isinstance(part, Outline):
        return f'<path class="cr-{part.style}" d="{"".join(_segment(segment) for segment in part.segments)}"/>'
    # A font of other proportions is set into the width that was reserved.
    length = _number(cells(part.text) * CELL)
    return (
        f'<text class="cr-{part.style}" x="{_number(part.x)}" y="{_number(part.y)}" textLength="{length}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(part.text)}</text>'
    )


def _segment(segment: Segment) -> str:
    letter, points = segment
    return letter + " ".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _number(value: float) -> str:
    """At most one decimal, which is finer than a screen."""
    return f"{round(value, 1):g}"
