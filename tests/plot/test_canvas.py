"""What all pictures share: a figure of their own or axes of the user, in the colours of the page."""

from __future__ import annotations

import sys
from subprocess import run

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.views.palette import DARK, LIGHT


def draw(**options):
    return cr.plot.graph("x^2", 3.0, **options)


def test_nothing_of_pyplot_is_loaded_and_no_figure_is_kept():
    program = "import sys, chainrule as cr; cr.plot.graph('x^2', 3.0); print('matplotlib.pyplot' in sys.modules)"
    assert run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_notebook_shows_it_with_its_alt_text():
    figure = draw()
    image, metadata = figure._repr_png_()
    assert image.startswith(b"\x89PNG")
    assert metadata == {"alt": cr.plot.alt(figure)}


def test_axes_in_another_style_become_legible():
    with matplotlib.rc_context({"figure.facecolor": "black", "axes.facecolor": "black", "xtick.color": "white"}):
        figure = Figure()
        ax = figure.add_subplot()
    cr.plot.step_size(np.exp, 1.0, ax=ax)
    assert to_hex(figure.get_facecolor()) == to_hex(ax.get_facecolor()) == LIGHT.ground
    figure.draw_without_rendering()
    assert {to_hex(label.get_color()) for label in ax.get_xticklabels()} == {LIGHT.ink}
    assert to_hex(ax.xaxis.label.get_color()) == LIGHT.ink


def test_dark_axes_on_a_light_figure_are_legible():
    figure = Figure()
    ax = figure.add_subplot(221)
    cr.plot.step_size(np.exp, 1.0, ax=ax, dark=True)
    assert to_hex(figure.get_facecolor()) == DARK.ground
    assert to_hex(ax.title.get_color()) == DARK.ink
    figure.draw_without_rendering()
    assert {to_hex(line.get_color()) for line in ax.get_xgridlines()} == {DARK.faint}


@pytest.mark.parametrize("ground", ["none", "#fff8e7"])
def test_a_ground_of_the_user_on_which_text_is_legible_stays(ground):
    figure = Figure(facecolor=ground)
    draw(ax=figure.add_subplot())
    assert figure.get_facecolor() == matplotlib.colors.to_rgba(ground)


def test_a_part_of_a_figure_is_drawn_on():
    figure = Figure(layout="constrained")
    left, _ = figure.subfigures(1, 2)
    assert draw(ax=left.add_subplot()) is figure
    assert "x = 3" in cr.plot.alt(figure)


def test_two_pictures_on_the_same_axes_are_both_told():
    ax = Figure().add_subplot()
    draw(ax=ax)
    assert cr.plot.alt(cr.plot.graph("y^3", 2.0, ax=ax)).count("The computational graph") == 2


@pytest.mark.parametrize("ax", [Figure().subplots(2, 2), Figure(), "axes", 3])
def test_what_is_no_axes_is_refused(ax):
    with pytest.raises(ArgumentError, match=r"ax must be one Axes"):
        draw(ax=ax)


def test_axes_of_another_kind_are_refused():
    with pytest.raises(ArgumentError, match=r"ax has the projection '3d', and this picture needs 'rectilinear'"):
        draw(ax=Figure().add_subplot(projection="3d"))


def test_removed_axes_are_refused():
    ax = Figure().add_subplot()
    ax.remove()
    with pytest.raises(ArgumentError, match="ax stands on no figure"):
        draw(ax=ax)


def test_a_figure_without_a_window_says_how_it_is_seen():
    with pytest.raises(ArgumentError, match=r"has no window.*chainrule\.plot\.save.*plt\.show"):
        draw().show()
