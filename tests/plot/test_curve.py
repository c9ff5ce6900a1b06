"""The graph of a function as lines: cut at poles and jumps, kinks named, nothing drawn where it is undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr
from chainrule.plot.curve import curve_of
from chainrule.plot.one_variable import OneVariable


def curve(text, start=-3.0, stop=3.0):
    f = OneVariable(text)
    return curve_of(f, f.slope, start, stop)


@pytest.mark.parametrize(
    ("text", "poles", "jumps", "kinks", "ends"),
    [
        ("x^2", [], [], [], []),
        ("exp(x)", [], [], [], []),
        ("abs(x)", [], [], [0], []),
        ("max(x, 1 - x)", [], [], [0.5], []),
        ("1/x", [0], [], [], []),
        ("1/x^2", [0], [], [], []),
        ("1/(x - 1.37)", [1.37], [], [], []),
        ("tan(x)", [-math.pi / 2, math.pi / 2], [], [], []),
        ("ln(x)", [0], [], [], []),
        ("floor(x)", [], [-2, -1, 0, 1, 2], [], []),
        ("sqrt(x)", [], [], [], [0]),
        ("sqrt(x^2 - 1)", [], [], [], [-1, 1]),
        ("arccos(x)", [], [], [], [-1, 1]),
        ("relu(x) + abs(x - 2)", [], [], [0, 2], []),
        ("gamma(x)", [-2, -1, 0], [], [], []),
    ],
)
def test_what_is_special_is_found_where_it_is(text, poles, jumps, kinks, ends):
    found = curve(text)
    for places, expected in ((found.poles, poles), (found.jumps, jumps), (found.kinks, kinks), (found.ends, ends)):
        assert len(places) == len(expected), found
        assert np.allclose(places, expected, atol=1e-7)


@pytest.mark.parametrize("text", ["1/x", "tan(x)", "floor(x)", "1/x^2"])
def test_no_line_goes_across_a_cut(text):
    found = curve(text)
    for place in (*found.poles, *found.jumps):
        before, after = found.x[found.x < place - 1e-6].max(), found.x[found.x > place + 1e-6].min()
        between = found.y[(found.x >= before) & (found.x <= after)]
        assert np.isnan(between).any()


@pytest.mark.parametrize("text", ["sin(3x)", "exp(x)", "x^4 - 2x^2", "abs(x)", "sqrt(1 - x^2)", "1/x"])
def test_the_lines_are_the_function(text):
    """Between the samples too: no line is farther from the graph than is seen."""
    found, f = curve(text), OneVariable(text)
    x, y = found.x, found.y
    middle, height = (x[1:] + x[:-1]) / 2, found.high - found.low
    straight = (y[1:] + y[:-1]) / 2
    values = np.array([f(t) for t in middle])
    seen = np.isfinite(straight) & np.isfinite(values) & (values > found.low) & (values < found.high)
    assert seen.any()
    assert np.max(np.abs(straight - values)[seen]) < 0.01 * height


def test_what_oscillates_without_end_ends():
    found = curve("sin(1/x)", -1, 1)
    assert len(found.x) < 10_000
    assert curve("sin(1e6 x)").low < -0.9


def test_a_function_that_is_nowhere_defined_has_no_graph():
    assert curve("sqrt(-1 - x^2)") is None


@pytest.mark.parametrize("text", ["0x + 3", "1e300 x", "1e-300 x", "0x"])
def test_extreme_values_have_a_view(text):
    found = curve(text)
    assert found.low < found.high
    assert np.isfinite(found.y).all()


def test_a_large_pole_does_not_flatten_the_rest():
    found = curve("1/x")
    assert found.high - found.low < 30


def test_it_is_told():
    assert curve("tan(x)").told("x", "f") == ["f has poles at x = −1.571 and 1.571."]
    assert curve("abs(x)").told("t", "g") == ["g has a kink at t = 0."]
    assert "and more" in curve("floor(10x)").told("x", "f")[0]


@pytest.mark.parametrize(("f", "beyond"), [(np.exp, "709.8"), (lambda x: np.exp(-x), "−709.8")])
def test_a_value_that_overflows_is_no_pole(f, beyond):
    with np.errstate(over="ignore"):
        told = cr.plot.alt(cr.plot.tangent(f, at=0, between=(-800.0, 800.0)))
    assert f" overflows beyond x = {beyond}, which is left out." in told
    assert "pole" not in told
