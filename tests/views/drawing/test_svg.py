"""The file: well-formed, inert whatever the names are, the same every time, and readable without seeing it."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import chainrule as cr

SVG = "{http://www.w3.org/2000/svg}"


def squared_error(w, x, b, y):
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L


def example():
    return cr.graph(squared_error, 1.0, 2.0, 1.0, 7.0)


def texts(picture):
    return [element.text for element in ET.fromstring(picture).iter(f"{SVG}text")]


def test_the_numbers_of_both_passes_are_in_the_picture():
    shown = texts(example().to_svg())
    for text in ("y_hat = w x + b", "= 3", "= 4", "= 16", "2e = 8", "-1", "x = 2", "dL/dw = -16", "dL/db = -8"):
        assert text in shown


def test_the_picture_is_described_for_those_who_do_not_see_it():
    root = ET.fromstring(example().to_svg())
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "squared_error(w, x, b, y)"
    assert root[1].tag == f"{SVG}desc"
    for said in ("e = y - y_hat = 4, dL/de = 8", "dL/de = 2e = 8", "input w = 1, dL/dw = -16"):
        assert said in root[1].text


NAMES = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "]]>", "&amp;", "a\x00b", "\u202egnirts",
         "重み", "{}</style>", "$x$ $y$"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_are_text_whatever_they_are(name):
    graph = cr.graph(lambda p: p[name] ** 2, {name: 3.0})
    picture = graph.to_svg(highlight=[(graph.inputs[0].name, "f")])
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(picture).iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "g", "path", "text"}
    attributes = {key for element in ET.fromstring(picture).iter() for key in element.keys()}  # noqa: SIM118
    assert attributes <= {"class", "role", "width", "height", "viewBox", "style", "d", "x", "y", "textLength",
                          "lengthAdjust"}  # fmt: skip


def test_nothing_is_asked_from_outside():
    picture = example().to_svg()
    assert re.findall(r"https?://[^\"]+", picture) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in picture
    assert "@import" not in picture


def test_light_dark_or_as_the_reader_prefers():
    graph = example()
    assert "prefers-color-scheme: dark" in graph.to_svg()
    light, dark = graph.to_svg(dark=False), graph.to_svg(dark=True)
    assert "prefers-color-scheme" not in light + dark
    assert ".cr-page { fill: #ffffff }" in light
    assert ".cr-page { fill: #14171c }" in dark


def test_a_highlighted_arrow_is_drawn_strongly():
    root = ET.fromstring(example().to_svg(highlight=[("w", "y_hat")]))
    classes = [path.get("class") for path in root.iter(f"{SVG}path")]
    assert (classes.count("cr-lit"), classes.count("cr-arrow")) == (1, 5)


def test_kinds_differ_in_shape_and_not_only_in_colour():
    X = np.ones((2, 2))
    root = ET.fromstring(cr.graph(lambda w: np.sum(X @ w), np.ones(2)).to_svg())
    letters = {path.get("class"): re.sub(r"[^A-Z]", "", path.get("d")) for path in root.iter(f"{SVG}path")}
    shapes = [letters[f"cr-{kind}"] for kind in ("input", "constant", "operation")]
    assert len(set(shapes)) == 3
    assert "cr-result" in letters


def test_the_file_is_the_same_in_every_process():
    code = "import chainrule as cr; print(cr.graph('(y - (w x + b))^2', 7.0, 1.0, 2.0, 1.0).to_svg())"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=None).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1] == cr.graph("(y - (w x + b))^2", 7.0, 1.0, 2.0, 1.0).to_svg() + "\n"
