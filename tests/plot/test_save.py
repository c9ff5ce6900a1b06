"""Pictures as files: the formats, the alt text in them, the same bytes each time, and what is refused."""

from __future__ import annotations

import re
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import chainrule as cr
from chainrule.errors import ArgumentError, DataError

SVG = "{http://www.w3.org/2000/svg}"


def picture(**options):
    return cr.plot.graph("x^2 exp(x)", 1.0, **options)


def test_png_holds_the_alt_text_and_its_resolution(tmp_path):
    figure = picture()
    cr.plot.save(figure, tmp_path / "a.PNG", dpi=50)
    with Image.open(tmp_path / "a.PNG") as image:
        assert image.info["Description"] == cr.plot.alt(figure)
        assert image.size == tuple(int(50 * side) for side in figure.get_size_inches())


def test_svg_is_an_image_with_a_name_and_a_description(tmp_path):
    figure = picture()
    cr.plot.save(figure, str(tmp_path / "a.svg"))
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert root[0].text == "The computational graph of f(x)."
    assert root[1].text == cr.plot.alt(figure)


def test_pdf_has_the_alt_text_as_its_subject(tmp_path):
    cr.plot.save(picture(), tmp_path / "a.pdf")
    content = (tmp_path / "a.pdf").read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S)
    assert b"/Subject (The computational graph of f" in content
    assert any(b"BT" in zlib.decompress(stream) for stream in streams if stream[:1] == b"x")


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_same_picture_gives_the_same_bytes(ending, tmp_path, monkeypatch):
    cr.plot.save(picture(), tmp_path / f"a.{ending}")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    cr.plot.save(picture(), tmp_path / f"b.{ending}")
    first, second = ((tmp_path / f"{name}.{ending}").read_bytes() for name in "ab")
    assert first == second
    assert not re.search(rb"20[2-9]\d-\d\d-\d\d|D:20|Matplotlib", first)


def test_it_is_dark_where_the_picture_is(tmp_path):
    cr.plot.save(picture(dark=True), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.convert("RGB").getpixel((0, 0)) == (0x14, 0x17, 0x1C)


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.gif", ".png", "a.svg.gz"])
def test_another_ending_is_refused_before_anything_is_written(name, tmp_path):
    with pytest.raises(ArgumentError, match=r"\.png, \.svg, \.pdf"):
        cr.plot.save(picture(), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [None, 3.0, ["a.png"]])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ArgumentError, match="expected the path of a file"):
        cr.plot.save(picture(), path)


@pytest.mark.parametrize("dpi", [0, -1, float("nan"), float("inf"), 1e6, "150", True, None])
def test_a_resolution_that_makes_no_image_is_refused(dpi, tmp_path):
    with pytest.raises(ArgumentError, match="dpi is"):
        cr.plot.save(picture(), tmp_path / "a.png", dpi=dpi)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        cr.plot.save(picture(), tmp_path / "none" / "a.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(DataError, match="is a directory"):
        cr.plot.save(picture(), tmp_path / "folder.png")


def test_names_of_the_user_are_text_and_nothing_else(tmp_path):
    hostile = {"<script>&\"'": 3.0, "a\x00b\ud800": 2.0}
    figure = cr.plot.graph(lambda p: p["<script>&\"'"] * p["a\x00b\ud800"], hostile)
    cr.plot.save(figure, tmp_path / "a.svg")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert not list(root.iter(f"{SVG}script"))
    assert "<script>&\"'" in root[1].text


@pytest.mark.parametrize("figure", [Figure(), None, "a.png", np.zeros(3)])
def test_what_holds_no_picture_has_no_alt_text(figure, tmp_path):
    with pytest.raises(ArgumentError, match=r"holds no picture of chainrule"):
        cr.plot.alt(figure)
    with pytest.raises(ArgumentError, match=r"holds no picture of chainrule"):
        cr.plot.save(figure, tmp_path / "a.png")
