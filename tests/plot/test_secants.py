"""Secants and their slopes, and the tangent that they approach."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError


def test_the_average_speed_of_the_seed():
    """30 miles in half an hour."""
    said = cr.plot.alt(cr.plot.secants("60t", at=0, steps=[0.5]))
    assert "The slope is 60 for h = 0.5." in said


@pytest.mark.parametrize("at", [-1.0, 0.5, 2.0])
def test_slopes_of_a_square_are_2x_plus_h(at):
    figure = cr.plot.secants(lambda x: x * x, at=at, steps=[1, 0.5, -0.25])
    rows = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    slopes = [float(row.rpartition("slope ")[2].replace("−", "-")) for row in rows]
    assert slopes == pytest.approx([2 * at + 1, 2 * at + 0.5, 2 * at - 0.25, 2 * at], abs=1e-3)


def test_at_a_kink_it_says_so():
    assert "there is a kink" in cr.plot.alt(cr.plot.secants("abs(x)", at=0))
    assert "There is no tangent." in cr.plot.alt(cr.plot.secants(np.cbrt, at=0))


@pytest.mark.parametrize(
    ("f", "options", "said"),
    [
        ("x^2", {"at": [1, 2]}, "expected one number"),
        ("x^2", {"at": 1, "steps": [1, 0]}, "a secant goes through two points"),
        ("x^2", {"at": 1e20, "steps": [1]}, "less than the distance of numbers"),
        ("x^2", {"at": 1, "steps": list(range(1, 11))}, "8 at most"),
        ("x^2", {"at": 1, "steps": []}, "steps is"),
        ("ln(x)", {"at": 1, "steps": [-1]}, "no finite value at x = 0"),
        ("sqrt(x)", {"at": -1}, "no finite value at x = -1"),
    ],
)
def test_what_has_no_secants_is_named(f, options, said):
    with pytest.raises(ArgumentError, match=said):
        cr.plot.secants(f, **options)
