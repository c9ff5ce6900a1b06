"""The picture of the error against the step: what is drawn, for each shape that the errors can have."""

from __future__ import annotations

import math
import sys

import matplotlib.colors
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import chainrule as cr
from chainrule.errors import ArgumentError, MissingExtraError


def noisy(x):
    return np.sin(x) + 1e-6 * np.sin(1e7 * x)


def kink(x):
    return abs(x - 1.001)


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("f", "x", "options", "branches"),
    [
        (np.square, 3.0, {}, ["rounding"]),
        (np.exp, 1.0, {}, ["rounding", "truncation"]),
        (np.exp, 1.0, {"scheme": "forward", "dark": True}, ["rounding", "truncation"]),
        (np.sin, 1.0, {"order": 2, "accuracy": 4}, ["rounding", "truncation"]),
        (noisy, 1.0, {"exact": math.cos(1)}, ["rounding"]),
        (kink, 1.0, {}, ["rounding"]),
        (lambda x: 0 * x, 1.0, {}, ["rounding"]),
    ],
)
def test_what_is_drawn(f, x, options, branches):
    (axes,) = cr.plot.step_size(f, x, **options).axes
    shown = labels(axes)
    for branch in branches:
        assert any(branch in text for text in shown)
    assert any(text.startswith("chosen step h = ") for text in shown)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    figure = axes.figure
    figure.draw_without_rendering()
    # Nothing is cut off: title, labels and legend lie within the figure.
    for artist in (axes.title, axes.xaxis.label, axes.yaxis.label, axes.get_legend()):
        box = artist.get_window_extent()
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    assert not axes.get_legend().get_window_extent().overlaps(axes.xaxis.label.get_window_extent())


def test_the_points_are_those_of_the_sweep():
    (axes,) = cr.plot.step_size(np.exp, 1.0).axes
    sweep = cr.numeric.step_sweep(np.exp, 1.0)
    x, y = axes.lines[0].get_data()
    seen = sweep.errors > 0
    assert np.array_equal(x, sweep.h[seen])
    assert np.array_equal(y, sweep.errors[seen])


def test_axes_of_the_user_are_drawn_on():
    figure = Figure()
    own = figure.add_subplot()
    assert cr.plot.step_size(np.exp, 1.0, ax=own) is figure
    assert own.get_xlabel() == "step h"


def test_dark_is_dark():
    (light,), (dark,) = (cr.plot.step_size(np.exp, 1.0, dark=dark).axes for dark in (False, True))
    assert np.mean(light.get_facecolor()[:3]) > 0.9
    assert np.mean(dark.get_facecolor()[:3]) < 0.2
    assert np.mean(matplotlib.colors.to_rgb(dark.title.get_color())) > 0.8


def test_no_figure_is_left_behind_by_an_error():
    with pytest.raises(ArgumentError, match="dark must be"):
        cr.plot.step_size(np.exp, 1.0, dark="yes")
    with pytest.raises(ArgumentError, match="no scheme"):
        cr.plot.step_size(np.exp, 1.0, "centre")
    assert not plt.get_fignums()


def test_a_missing_matplotlib_names_the_install_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[plot\]"'):
        cr.plot.step_size(np.exp, 1.0)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("f", "options", "why"),
    [
        (abs, {}, "abs has a kink at x = 0: its slope is -1 below and 1 above. No derivative."),
        (abs, {"order": 2}, "grows without bound"),
        (np.sign, {}, "sign jumps from -1 to 1 at x = 0"),
    ],
)
def test_where_there_is_no_derivative_the_picture_says_so(f, options, why, dark):
    (axes,) = cr.plot.step_size(f, 0.0, dark=dark, **options).axes
    (said,) = (text for text in axes.texts if why in text.get_text().replace("\n", " "))
    assert not any("error" in text for text in labels(axes))
    axes.figure.draw_without_rendering()
    box, title = said.get_window_extent(), axes.title.get_window_extent()
    # Between the title and the data, and over neither.
    assert axes.get_window_extent().y1 <= box.y0
    assert box.y1 <= title.y0 + 1
    assert axes.figure.bbox.x0 <= box.x0
    assert box.x1 <= axes.figure.bbox.x1


def test_of_a_function_with_a_derivative_nothing_is_said():
    assert [text.get_text() for text in cr.plot.step_size(np.exp, 1.0).axes[0].texts] == [""]
