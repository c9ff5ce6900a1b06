"""A function beside its derivative: the values drawn, and where the slope is greatest."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("f", ["1/(1 + e^-z)", sigmoid])
def test_the_sigmoid_of_the_seed(f):
    figure = cr.plot.derivative(f)
    said = cr.plot.alt(figure)
    assert "(0) = 0.5." in said
    assert ": 0.25" in "".join(text.get_text() for text in figure.axes[0].texts)
    assert "The greatest slope is 0.25, at" in said


def test_the_lines_are_the_derivatives():
    figure = cr.plot.derivative("sin(2x)", second=True, between=(-3, 3))
    for line, expected in zip(
        figure.axes[0].lines,
        (lambda x: np.sin(2 * x), lambda x: 2 * np.cos(2 * x), lambda x: -4 * np.sin(2 * x)),
        strict=False,
    ):
        x, y = line.get_data()
        assert np.allclose(y, expected(np.asarray(x)), atol=1e-12)


def test_a_slope_that_grows_to_the_edge_has_no_maximum():
    assert "greatest" not in cr.plot.alt(cr.plot.derivative("x^2"))
    assert "least slope is −3, at x = 0" in cr.plot.alt(cr.plot.derivative("x^3 - 3x"))


def test_what_is_undefined_is_not_drawn():
    figure = cr.plot.derivative("ln(x)")
    for line in figure.axes[0].lines[:2]:
        x, y = (np.asarray(part, float) for part in line.get_data())
        assert not np.isfinite(y[x < 0]).any()
    assert "f has a pole at x = 0." in cr.plot.alt(figure)


def test_a_domain_far_away_is_found():
    low, high = cr.plot.derivative("sqrt(x - 100)").axes[0].get_xlim()
    assert low > 50
    assert high <= 1000


@pytest.mark.parametrize(
    ("f", "options", "said"),
    [
        ("sqrt(-1 - x^2)", {}, "has no real value"),
        ("ln(x)", {"between": (-3, -1)}, "has no real value from -3 to -1"),
        ("x", {"second": 1}, "second must be"),
        ("x y", {}, "has the variables x, y"),
    ],
)
def test_what_cannot_be_drawn_is_named(f, options, said):
    with pytest.raises(ArgumentError, match=said):
        cr.plot.derivative(f, **options)
