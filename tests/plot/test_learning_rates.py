"""Learning rates side by side: the textbook's three with what is true of them, and those that are awkward."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from plot.gallery import mean_squared_error, three_rates
from plot.layout import drawn_texts, faults

import chainrule as cr
from chainrule.errors import ArgumentError


def words(axes):
    return [text.get_text() for text in axes.texts]


def test_the_textbooks_three_rates():
    figure = cr.plot.learning_rates(three_rates())
    assert [axes.get_title() for axes in figure.axes] == [
        "learning rate 1e−05",
        "learning rate 0.001",
        "learning rate 0.01, the lowest loss",
    ]
    assert [words(axes)[-1].splitlines()[0] for axes in figure.axes] == [
        "262.7190 before the last step",
        "4.0808 before the last step",
        "3.3428 before the last step",
    ]
    below = [axes.get_xlabel().splitlines()[2:] for axes in figure.axes]
    assert [lines[0] for lines in below] == [
        "0.0316% of the critical rate 0.03165",
        "3.16% of the critical rate 0.03165",
        "31.6% of the critical rate 0.03165",
    ]
    # The textbook calls 0.01 too large, unstable or divergent: it descends, and came lowest.
    assert all(lines[1].startswith("Still descending.") for lines in below)
    said = cr.plot.alt(figure)
    assert said.startswith(
        "The loss against the step at 3 learning rates, of which 0.01 came lowest. At 1e−05: 262.7190"
    )
    for run in three_rates().runs:
        assert str(run.verdict) in said
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_rates_that_diverge_are_off_the_scale_with_their_numbers():
    comparison = cr.compare_learning_rates(mean_squared_error, np.zeros(2), [0.01, 0.029, 0.033, 0.05, 1.0], 200)
    figure = cr.plot.learning_rates(comparison)
    assert len(figure.axes) == 5
    assert figure.axes[0].get_ylim()[1] < 10_000
    assert "4.966e+16 at the parameters reached" in words(figure.axes[2])[-1]
    assert "7.2045e+303 at step 84,\nnot finite after it" in words(figure.axes[4])[-1]
    assert "1.04 times the critical rate 0.03165" in figure.axes[2].get_xlabel()
    assert faults(figure) == []


def test_on_axes_of_the_user_the_lines_stand_together():
    figure = Figure(layout="constrained")
    axes = figure.add_subplot()
    assert three_rates().plot(ax=axes) is figure
    shown = [text.get_text() for text in drawn_texts(figure)]
    assert "1e−05: reaches 262.3925" in shown
    assert "0.01: reaches 3.3415" in shown


@pytest.mark.parametrize("optimizer", ["gd", "adam"])
@pytest.mark.parametrize("steps", [0, 1, 30])
def test_one_rate_and_few_steps(optimizer, steps):
    comparison = cr.compare_learning_rates("x^2 + 3 y^2", {"x": 1.0, "y": 1.0}, [0.1], steps, optimizer=optimizer)
    figure = comparison.plot()
    assert faults(figure) == []
    assert ("of the critical rate" in figure.axes[0].get_xlabel()) == (optimizer == "gd")


def test_too_many_are_refused():
    comparison = cr.compare_learning_rates("x^2", 1.0, np.linspace(0.1, 0.9, 13), 3)
    with pytest.raises(ArgumentError, match="the comparison has 13 rates, expected 1 to 12"):
        cr.plot.learning_rates(comparison)
    with pytest.raises(ArgumentError, match="expected 1 to 5"):
        cr.plot.learning_rates(comparison, ax=Figure().add_subplot())
