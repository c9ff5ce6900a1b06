"""Descents raced from one start: which panels there are, and that a run which diverges does not hide the others."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from plot.gallery import line_learned
from plot.layout import faults

import chainrule as cr
from chainrule.errors import ArgumentError

RUNS = {"slow": line_learned(0.001), "fast": line_learned(0.029), "too fast": line_learned(1.0)}


def test_paths_and_losses():
    figure = cr.plot.race(RUNS, names=("bias", "slope"))
    paths, losses = figure.axes
    said = cr.plot.alt(figure)
    assert said.startswith(
        "A race of 3 descents of one loss. Their paths on the contours of the loss. The minimum, a loss"
    )
    assert "too fast leaves the picture at step" in said
    assert said.endswith(
        "slow reaches 4.0799 in 200 steps; fast reaches 3.2280 in 200 steps; too fast is not finite after 85 steps."
    )
    assert [text.get_text() for text in losses.get_legend().get_texts()] == list(RUNS)
    # The run that diverges is cut off, so that the others fill both panels.
    assert losses.get_ylim()[1] < 2000
    assert np.ptp(paths.get_xlim()) < 10
    line = losses.lines[0].get_ydata()
    np.testing.assert_array_equal(line, [*RUNS["slow"].history.loss, RUNS["slow"].final_loss])


@pytest.mark.parametrize("panel", ["paths", "losses"])
def test_one_panel_on_axes_of_the_user(panel):
    figure = Figure(layout="constrained")
    axes = figure.add_subplot()
    assert cr.plot.race(RUNS, panel=panel, ax=axes) is figure
    assert axes.get_xlabel() == ("parameters[0]" if panel == "paths" else "step")
    assert len(cr.plot.race(RUNS, panel=panel).axes) == 1


def test_names_come_from_the_optimizers():
    start = {"x": 1.0, "y": 2.0}
    runs = [cr.descend("x^2 + y^2", start, 0.1, 5, optimizer=name) for name in ("gd", "adam", "gd")]
    figure = cr.plot.race(runs)
    named = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert named == ["gradient descent with rate 0.1", "adam with rate 0.1", "gradient descent with rate 0.1 (3)"]
    assert faults(figure) == []


def test_many_parameters_and_one():
    many = [cr.descend(lambda w: np.sum(np.arange(1, 6) * w**2), np.ones(5), rate, 20) for rate in (0.01, 0.05)]
    assert "along the two leading directions" in cr.plot.alt(cr.plot.race(many)).lower()
    one = cr.plot.race({"a": cr.descend("x^2", 1.0, 0.1, 9), "b": cr.descend("x^2", 1.0, 0.9, 9)})
    assert one.axes[0].get_title() == "Iterates on the loss"
    assert faults(one) == []


def test_all_of_them_diverge():
    figure = cr.plot.race([line_learned(0.05), line_learned(0.06)])
    assert faults(figure) == []


@pytest.mark.parametrize(
    ("runs", "options", "message"),
    [
        ([], {}, "0 runs: expected 1 to 5"),
        ([line_learned()] * 6, {}, "6 runs: expected 1 to 5"),
        ({"a": 3}, {}, "expected what chainrule.descend returned, not 3"),
        (3, {}, "expected what chainrule.descend returned, not 3"),
        (RUNS, {"panel": "both"}, 'panel is \'both\', expected "paths", "losses" or None'),
        ([line_learned(), cr.descend("x^2", 1.0, 0.1, 9)], {}, "different numbers of parameters"),
    ],
)
def test_what_is_refused(runs, options, message):
    with pytest.raises(ArgumentError, match=message):
        cr.plot.race(runs, **options)
