"""Tangents: where they touch, how steep they are, and what kind of point that is."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

import chainrule as cr
from chainrule.errors import ArgumentError


def test_the_slopes_of_the_seed():
    said = cr.plot.alt(cr.plot.tangent("-x^3 + 3x", at=[-1.2, 1, 2]))
    assert "At x = −1.2 the slope is −1.32: downhill. At x = 1 the slope is 0: a peak." in said
    assert "At x = 2 the slope is −9: downhill." in said
    said = cr.plot.alt(cr.plot.tangent("x^2", at=[-2, 0, 2]))
    for x, slope, kind in (("−2", "−4", "downhill"), ("0", "0", "a valley"), ("2", "4", "uphill")):
        assert f"At x = {x} the slope is {slope}: {kind}." in said


@pytest.mark.parametrize("text", ["x^3 exp(-x)", "sin(x^2)", "ln(x) / x", "tanh(x) + x^4"])
@pytest.mark.parametrize("at", [0.3, 1.7])
def test_the_line_drawn_is_the_tangent(text, at):
    x = sympy.Symbol("x")
    f = sympy.sympify(text.replace("^", "**").replace("ln", "log").replace(") /", ")/").replace("3 exp", "3*exp"))
    value, slope = float(f.subs(x, at)), float(f.diff(x).subs(x, at))
    (axes,) = cr.plot.tangent(text, at).axes
    line = axes.lines[1]
    xs, ys = (np.asarray(part, float) for part in line.get_data())
    assert np.allclose(ys, value + slope * (xs - at), rtol=1e-12, atol=1e-12)
    assert xs[0] < at < xs[-1]


@pytest.mark.parametrize(
    ("text", "at", "kind"),
    [
        ("x^3", 0, "the slope is 0: flat"),
        ("x^4", 0, "the slope is 0: a valley"),
        ("-x^6", 0, "the slope is 0: a peak"),
        ("7 + 0x", 1, "the slope is 0: flat"),
        ("sin(x)", math.pi / 2, "the slope is 0: a peak"),
        ("exp(x)", 300, "uphill"),
        ("sqrt(x)", 0, "the tangent is vertical"),
        ("abs(x)", 0, "the slope is −1 from the left and 1 from the right: a kink"),
        ("x^2 - 1e-9 x", 0, "the slope is −1e−09: downhill"),
    ],
)
def test_the_kind_of_a_point(text, at, kind):
    assert kind in cr.plot.alt(cr.plot.tangent(text, at))


def test_a_kink_between_branches_of_a_function_has_two_tangents():
    def f(x):
        return np.where(x < 1, x, 3 * x - 2)

    figure = cr.plot.tangent(f, 1)
    assert "the slope is 1 from the left and 3 from the right: a kink." in cr.plot.alt(figure)
    assert len(figure.axes[0].lines) == 4  # the graph, two tangents, the point


@pytest.mark.parametrize(
    ("f", "at", "said"),
    [
        ("floor(x)", 1, "jumps at x = 1"),
        ("sqrt(x)", -1, "has no real value at x = -1"),
        ("1/x", 0, "is ∞ at x = 0"),
        ("x y", 1, "has the variables x, y"),
        ("3", 1, "has no variable"),
        ("x", math.nan, "expected finite numbers"),
        ("x", "a", "expected a number or a list of numbers"),
        ("x", [], "expected a number or a list of numbers"),
        ("x", 1 + 2j, "expected a number or a list of numbers"),
        ("x", list(range(13)), "12 at most"),
        (lambda x: [x, x], 1.0, r"array of shape \(2,\)"),
        (lambda x: "text", 1.0, "expected a number"),
        (np.add, 1.0, "has the variables x1, x2"),
        (3.0, 1.0, "expected a function or a formula"),
    ],
)
def test_what_has_no_tangent_is_named(f, at, said):
    with pytest.raises(ArgumentError, match=said):
        cr.plot.tangent(f, at)


@pytest.mark.parametrize(
    ("between", "said"),
    [
        ((1, 0), "the smaller number"),
        ((0, math.inf), "expected finite numbers"),
        (3, "expected two numbers"),
        ((0, 1, 2), "expected two numbers"),
        ((5, 6), "at has 2, which is not between 5 and 6"),
    ],
)
def test_what_is_no_interval_is_named(between, said):
    with pytest.raises(ArgumentError, match=said):
        cr.plot.tangent("x^2", 2, between=between)


def imaginary_below_zero(x):
    return x * 1j if x < 0 else x**2 + 0j


def test_complex_values_are_left_out():
    figure = cr.plot.tangent(imaginary_below_zero, 2, between=(-2, 3))
    x, y = (np.asarray(part, float) for part in figure.axes[0].lines[0].get_data())
    assert np.isnan(y[x < -1e-6]).all()
    assert "imaginary_below_zero has a domain that ends at x = 0" in cr.plot.alt(figure)
    with pytest.raises(ArgumentError, match=r"at x = -1, so no tangent: its value is complex there"):
        cr.plot.tangent(imaginary_below_zero, -1)


def test_a_function_of_which_all_arguments_have_defaults_is_one_of_the_first():
    def f(x=1.0, power=2):
        return x**power

    assert "At x = 3 the slope is 6: uphill." in cr.plot.alt(cr.plot.tangent(f, 3))


def test_labels_move_with_the_size_of_the_figure():
    figure = cr.plot.tangent("-x^3 + 3x", at=[-1.2, 1, 2])
    figure.draw_without_rendering()
    before = [text.get_position() for text in figure.axes[0].texts]
    figure.set_size_inches(3, 6)
    figure.draw_without_rendering()
    assert [text.get_position() for text in figure.axes[0].texts] != before
