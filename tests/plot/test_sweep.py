"""The sweep of learning rates: the losses that are drawn, the best, the critical rate, and what is off the scale."""

from __future__ import annotations

import numpy as np
import pytest
from plot.gallery import mean_squared_error
from plot.layout import faults

import chainrule as cr


def test_the_textbooks_loss():
    swept = cr.learning_rate_sweep(mean_squared_error, np.zeros(2), steps=200)
    figure = cr.plot.sweep(swept)
    (axes,) = figure.axes
    seen = swept.losses <= 3 * swept.start_loss
    losses = axes.lines[0].get_ydata()
    np.testing.assert_array_equal(losses[seen], swept.losses[seen])
    assert np.isnan(losses[~seen]).all()
    said = cr.plot.alt(figure)
    assert "it is 336.6350 at the start." in said
    assert f"is at the rate {swept.best:.4g}. The critical rate is 0.03165." in said
    assert f"from {swept.rates[~seen][0]:.4g} on, it is above three times that of the start." in said
    assert next(line for line in axes.lines if "critical" in str(line.get_label())).get_xdata()[0] == swept.critical


@pytest.mark.parametrize(
    ("loss", "rates", "options"),
    [
        ("(x - 3)^2", [0.1], {}),
        ("(x - 3)^2", [5.0, 7.0], {}),
        ("x^2 - 10", [0.01, 0.1, 2.0], {}),
        ("x", [0.1, 1.0], {}),
        ("0 x", [0.1, 1.0], {}),
        ("x^4", [1e-300, 1.0, 1e300], {}),
        ("(x - 3)^2", [1e-3, 1e-2, 1e-1], {"optimizer": "adam"}),
    ],
)
def test_sweeps_of_every_kind(loss, rates, options):
    figure = cr.learning_rate_sweep(loss, 1.0, rates, steps=10, **options).plot()
    assert faults(figure) == []
    assert cr.plot.alt(figure).startswith(f"The loss after 10 steps against {len(rates)} learning rate")


def test_a_critical_rate_beside_the_rates_is_seen_and_one_far_away_is_told():
    for rates, drawn in (([5.0, 7.0], True), ([100.0, 700.0], False)):
        figure = cr.learning_rate_sweep("(x - 3)^2", 1.0, rates, steps=3).plot()
        assert "The critical rate is 1." in cr.plot.alt(figure)
        named = [str(line.get_label()) for line in figure.axes[0].lines]
        assert ("critical rate 1" in named) == drawn
        assert (figure.axes[0].get_xlim()[0] < 1) == drawn
