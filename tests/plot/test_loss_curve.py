"""The loss curve: the textbook's figures under their true names, and runs whose losses are awkward to draw."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from plot.gallery import hundred_points, line_learned
from plot.layout import drawn_texts, faults

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.plot.loss_line import rises, smoothed, thinned
from chainrule.plot.scale import chosen_scale


def run_of(losses, final, rates=None, epoch=0):
    """A run with these losses, as far as a loss curve reads it."""
    losses = np.asarray(losses, float)
    rates = np.full(len(losses), 0.1) if rates is None else np.asarray(rates)
    history = SimpleNamespace(loss=losses, learning_rate=rates)
    return SimpleNamespace(history=history, final_loss=final, steps=len(losses), batches=epoch)


def shown(figure):
    return " ".join(text.get_text() for text in drawn_texts(figure))


def test_the_textbooks_figures_with_their_true_names():
    run = line_learned()
    assert [f"{w:.4f}" for w in run.parameters] == ["0.6962", "3.1745"]
    X, y = hundred_points()
    figure = cr.plot.loss_curve(run)
    assert (
        cr.plot.alt(figure) == "The loss against 200 steps, on a linear scale. It is 336.6350 at the start, "
        "4.0808 before the last step and 4.0799 at the parameters reached."
    )
    for words in ("336.6350 at the start", "4.0808 before the last step\n4.0799 at the parameters reached"):
        assert words in shown(figure)
    assert f"{np.mean((y - X @ run.parameters) ** 2):.4f}" == "4.0799"
    line = figure.axes[0].lines[0].get_ydata()
    np.testing.assert_array_equal(line, [*run.history.loss, run.final_loss])


ZEROS = [*np.exp(-0.4 * np.arange(100.0)), *np.zeros(10)]
AWKWARD = {
    "no step": (run_of([], 3.0), "3.0000 at the start; no step was made."),
    "one step": (run_of([3.0], 2.5), "3.0000 at the start, 2.5000 at the parameters reached."),
    "constant": (run_of([2.0] * 50, 2.0), "2.0000 before the last step and 2.0000 at"),
    "zero in the end": (run_of(ZEROS, 0.0), "and 0 at the parameters reached."),
    "zero throughout": (run_of([0.0] * 5, 0.0), "and 0 at the parameters reached."),
    "below zero": (run_of(100.0 - np.arange(200), -100.0), "−100.0000 at the parameters reached."),
    "unbounded below": (run_of(-(10.0 ** np.arange(50)), -1e50), "−1e+50 at the parameters reached."),
    "not finite": (run_of([3.0, 2.0, np.nan, np.inf], np.inf), "2.0000 at step 1, the last where it is finite."),
    "never finite": (run_of([np.inf], np.nan), "No loss is finite."),
    "the largest floats": (run_of([1e308, 1e307, 1e3], 1e-300), "1e−300 at the parameters reached."),
    "all the same but tiny": (run_of([1e-320] * 4, 1e-320), "at the parameters reached."),
}


@pytest.mark.parametrize("case", AWKWARD)
def test_awkward_runs(case):
    run, words = AWKWARD[case]
    figure = cr.plot.loss_curve(run)
    assert words in cr.plot.alt(figure)
    assert faults(figure) == []


def test_a_million_steps_are_thinned_and_keep_their_extremes():
    random = np.random.default_rng(0)
    losses = 1 / np.arange(1, 1_000_001) + 0.1 * random.random(1_000_000)
    losses[700_001], losses[300_003] = 5.0, 1e-7
    figure = cr.plot.loss_curve(run_of(losses, 0.05))
    line = figure.axes[0].lines[0].get_ydata()
    assert len(line) < 5_000
    assert {5.0, 1e-7} <= set(line)
    assert f"rises in {np.count_nonzero(np.diff([*losses, 0.05]) > 0):,} of 1,000,000 steps" in cr.plot.alt(figure)


def test_rises_are_marked():
    figure = cr.plot.loss_curve(run_of([4.0, 3.0, 3.5, 2.0], 1.0))
    assert "It rises in 1 of 4 steps." in cr.plot.alt(figure)
    assert [2.0, 3.5] in [[*line.get_xdata(), *line.get_ydata()] for line in figure.axes[0].lines]
    assert "rises" not in cr.plot.alt(cr.plot.loss_curve(run_of([4.0, 3.0], 1.0)))


def test_a_learning_rate_that_changes_has_a_panel_of_its_own():
    steps = np.arange(40)
    run = run_of(np.exp(-steps / 9), 0.01, rates=0.1 * 0.9**steps)
    figure = cr.plot.loss_curve(run)
    _, panel = figure.axes
    np.testing.assert_allclose(panel.lines[0].get_ydata(), run.history.learning_rate)
    assert "the learning rate: 0.1 at first, 0.001642 at last" in cr.plot.alt(figure)
    assert faults(figure) == []
    assert len(cr.plot.loss_curve(run_of([2.0, 1.0], 0.5)).axes) == 1


def test_mini_batches_are_smoothed_and_the_end_is_over_all_data():
    random = np.random.default_rng(1)
    losses = 2 * np.exp(-np.arange(500) / 100) + 0.3 * random.random(500)
    figure = cr.plot.loss_curve(run_of(losses, 0.15, epoch=20))
    said = cr.plot.alt(figure)
    assert "Each loss is that of a mini-batch, 20 of which make an epoch." in said
    assert "0.1500 at the parameters reached over all data." in said
    assert "before the last step" not in said
    assert "rises" not in said
    raw, mean = (line.get_ydata() for line in figure.axes[0].lines[:2])
    assert np.std(np.diff(mean)) < 0.2 * np.std(np.diff(raw))
    assert faults(figure) == []


@pytest.mark.parametrize(
    ("losses", "scale", "message"),
    [
        ([1.0, 2.0], "cubic", "scale is 'cubic', expected"),
        ([1.0, -2.0], "log", r"the loss is -2 at step 1: a logarithmic scale has no place for it"),
    ],
)
def test_what_is_refused(losses, scale, message):
    with pytest.raises(ArgumentError, match=message):
        cr.plot.loss_curve(run_of(losses, 1.0), scale=scale)


@pytest.mark.parametrize(
    ("losses", "wanted", "scale"),
    [
        ([336.6, 4.0], None, "linear"),
        ([336.6, 4.0], "log", "log"),
        ([1e3, 1e-3], None, "log"),
        ([1e3, 1e-3], "linear", "linear"),
        ([1e3, 0.0, 1e-3], None, "log"),
        ([0.0, 0.0], "log", "linear"),
        ([50.0, -30.0], None, "linear"),
        ([-1.0, -1e3, -1e6, -1e9], None, "symlog"),
        ([np.nan], None, "linear"),
        ([np.inf, 1.0], None, "linear"),
    ],
)
def test_the_scale(losses, wanted, scale):
    assert chosen_scale(np.array(losses), wanted) == scale


def test_thinning_keeps_the_extremes_the_ends_and_the_gaps():
    random = np.random.default_rng(2)
    values = random.standard_normal(10_001)
    values[5_000:5_010] = np.nan
    kept = thinned(values, 400)
    assert len(kept) <= 3 * 200 + 2
    assert {0, 10_000, int(np.nanargmax(values)), int(np.nanargmin(values)), 5_000} <= set(kept.tolist())
    assert np.array_equal(kept, np.unique(kept))


def test_rises_are_above_rounding_and_smoothing_leaves_out_what_is_not_finite():
    assert rises(np.array([1.0, 1.0 + 2e-16, 0.5, 0.6, np.nan, 0.1])).tolist() == [3]
    np.testing.assert_allclose(smoothed(np.array([1.0, np.nan, 3.0]), 3), [1.0, 2.0, 3.0])
    np.testing.assert_allclose(smoothed(np.arange(7.0), 3)[1:-1], np.arange(1.0, 6.0))


def test_a_pickled_run_is_drawn_as_it_was():
    x = np.arange(12.0)
    for batch_size in (None, 3):
        run = cr.descend(lambda w, x: np.mean((x - w) ** 2), 0.0, 0.1, 20, data=x, batch_size=batch_size)
        kept = pickle.loads(pickle.dumps(run))
        assert cr.plot.alt(kept.plot()) == cr.plot.alt(run.plot())
        with pytest.raises(ArgumentError, match="the run was pickled, which leaves its loss behind"):
            cr.plot.descent(kept)
