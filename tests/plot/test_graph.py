"""The picture of a graph: its numbers are on the axes, in their boxes at every size of figure."""

from __future__ import annotations

import sys

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.figure import Figure

import chainrule as cr
from chainrule.errors import ArgumentError, FormulaError, MissingExtraError


def squared_error(w, x, b, y):
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L


POINT = (1.0, 2.0, 1.0, 7.0)


def shown(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("f", [squared_error, cr.graph(squared_error, *POINT)])
@pytest.mark.parametrize("dark", [False, True])
def test_the_worked_example(f, dark):
    args = () if isinstance(f, cr.Graph) else POINT
    (axes,) = cr.plot.graph(f, *args, dark=dark).axes
    for text in ("e = y - y_hat", "= 3", "= 4", "= 16", "2e = 8", "-1", "x = 2", "dL/dw = -16", "dL/db = -8"):
        assert text in shown(axes)
    assert matplotlib.colors.to_hex(axes.figure.get_facecolor()) == ("#14171c" if dark else "#ffffff")


def test_arrays_and_constants():
    X = np.arange(8.0).reshape(4, 2)
    (axes,) = cr.plot.graph(lambda w: np.sum(X @ w), np.ones(2)).axes
    assert "= array(4, 2), norm 11.83" in shown(axes)
    dashed = [patch for patch in axes.patches if patch.get_linestyle() != "solid" and patch.get_linestyle() != "-"]
    assert len(dashed) == 1  # the constant


def test_a_formula_without_values_shows_its_structure():
    (axes,) = cr.plot.graph("x^2 exp(x)").axes
    assert {"x", "v1 = x^2", "v2 = e^x", "v3 = v1 v2", "2x", "e^x"} <= set(shown(axes))


def test_a_formula_with_values_and_the_options():
    (axes,) = cr.plot.graph("x^2", 3.0, direction="right", elementary=True, highlight=[("x", "f")]).axes
    assert "2x = 6" in shown(axes)


@pytest.mark.parametrize("size", [(3.0, 3.0), (6.0, 9.0), (20.0, 5.0)])
def test_text_is_in_the_picture_at_every_size(size):
    figure = Figure(figsize=size)
    axes = figure.add_subplot()
    assert cr.plot.graph(squared_error, *POINT, ax=axes) is figure
    figure.draw_without_rendering()
    inside = axes.get_window_extent()
    for text in axes.texts:
        box = text.get_window_extent()
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1
    figure.set_size_inches(2 * size[0], 2 * size[1])
    before = [text.get_fontsize() for text in axes.texts]
    figure.draw_without_rendering()
    assert [text.get_fontsize() for text in axes.texts] == pytest.approx([2 * points for points in before], rel=0.05)


def test_text_fits_its_box():
    (axes,) = cr.plot.graph(squared_error, *POINT).axes
    axes.figure.draw_without_rendering()
    boxes = [patch.get_window_extent() for patch in axes.patches]
    for text in axes.texts:
        if "=" in text.get_text():
            extent = text.get_window_extent()
            assert any(box.x0 < extent.x0 and extent.x1 < box.x1 for box in boxes)


def test_names_with_dollars_are_no_mathematics():
    (axes,) = cr.plot.graph(lambda p: p["$a$"] ** 2, {"$a$": 3.0}).axes
    axes.figure.draw_without_rendering()
    assert "p.$a$" in shown(axes)


def test_a_text_without_axes_keeps_its_size():
    from chainrule.plot.scaled_text import ScaledText

    figure = Figure()
    text = figure.add_artist(ScaledText(0.5, 0.5, "free", 13.0, fontsize=10))
    figure.draw_without_rendering()
    assert text.get_fontsize() == 10


def test_a_loop_is_folded():
    def loop(x):
        for _ in range(200):
            x = np.sin(x) + 0.1 * x
        return x

    (axes,) = cr.plot.graph(loop, 1.0).axes
    assert "repeated × 200, the last:" in shown(axes)


def test_what_is_refused():
    with pytest.raises(ArgumentError, match="squared_error is a graph already"):
        cr.plot.graph(cr.graph(squared_error, *POINT), 1.0)
    with pytest.raises(FormulaError):
        cr.plot.graph("x +")
    with pytest.raises(ArgumentError, match="dark must be"):
        cr.plot.graph("x^2", 1.0, dark=1)


@pytest.mark.parametrize("module", ["matplotlib", "graphlay"])
def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[plot\]"'):
        cr.plot.graph("x^2", 1.0)
