"""Every picture of the gallery: it looks as its baseline does, its texts are legible at two sizes, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from plot.gallery import GALLERY
from plot.images import differences, read, write
from plot.layout import faults

import chainrule as cr

BASELINES = Path(__file__).with_name("baselines")
PAGES = ["light", "dark"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", GALLERY)
def test_it_looks_as_before(name: str, page: str, tmp_path: Path) -> None:
    baseline = BASELINES / f"{name}.{page}.png"
    assert baseline.exists(), f"make baselines ONLY={name} draws the baseline; look at it before it is committed"
    figure = GALLERY[name].draw(dark=page == "dark")
    assert faults(figure) == []
    said = cr.plot.alt(figure)
    assert any(c.isdigit() for c in said)
    assert (said[0].isupper(), said[-1]) == (True, ".")
    write(figure, tmp_path / baseline.name)
    found = differences(read(tmp_path / baseline.name), read(baseline))
    assert not found, f"{found}: compare {tmp_path / baseline.name} with {baseline}; if it is right: make baselines"


# The other page differs in colours only, and both are looked at above.
@pytest.mark.parametrize("name", GALLERY)
def test_it_is_legible_on_small_axes_of_the_user(name: str) -> None:
    picture = GALLERY[name]
    figure = Figure(figsize=picture.small, layout="constrained")
    axes = figure.add_subplot(projection=picture.projection)
    assert picture.draw(ax=axes, dark=True) is figure
    assert faults(figure) == []


@pytest.mark.parametrize("name", GALLERY)
def test_it_stands_beside_others(name: str) -> None:
    picture = GALLERY[name]
    width, height = picture.small
    figure = Figure(figsize=(2.2 * width, 2.2 * height), layout="constrained")
    for place in (1, 2, 3):
        figure.add_subplot(2, 2, place).set(xlabel="x", ylabel="y", title="another")
    picture.draw(ax=figure.add_subplot(2, 2, 4, projection=picture.projection))
    assert faults(figure) == []
    assert len(figure.axes) >= 4


def test_no_baseline_is_left_over() -> None:
    assert {file.name.split(".")[0] for file in BASELINES.glob("*.png")} <= set(GALLERY)
