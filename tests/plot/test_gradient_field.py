"""Functions of two variables: the arrows are the negative gradients, and the minimum is marked where there is one."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

import chainrule as cr
from chainrule.errors import ArgumentError


def arrows(figure):
    (quiver,) = (child for child in figure.axes[0].get_children() if isinstance(child, Quiver))
    return quiver.X, quiver.Y, quiver.U, quiver.V


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def test_the_bowl_of_the_seed():
    figure = cr.plot.gradient_field("x^2 + y^2")
    x, y, u, v = arrows(figure)
    assert np.allclose(u, -2 * x)
    assert np.allclose(v, -2 * y)
    assert "The minimum is 0, at (0, 0). Every arrow points to it." in cr.plot.alt(figure)


def test_in_a_valley_arrows_do_not_point_to_the_minimum():
    said = cr.plot.alt(cr.plot.gradient_field("x^2 + 10 y^2"))
    assert "degrees off the direction to it" in said


def test_a_function_of_a_vector_is_drawn_by_its_components():
    figure = cr.plot.gradient_field(rosenbrock, between=((-2, 2), (-1, 3)))
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("w[0]", "w[1]")
    assert "The minimum is 0, at (1, 1)." in cr.plot.alt(figure)


@pytest.mark.parametrize(
    "f",
    ["x^2 - y^2", "x + y", "x^2 + 0y", "(x - 9)^2 + y^2", lambda x, y: abs(x) + abs(y)],
    ids=["saddle", "slope", "valley", "outside", "kink"],
)
def test_no_minimum_is_marked_where_none_is_certain(f):
    assert "No minimum is marked." in cr.plot.alt(cr.plot.gradient_field(f))


def test_what_is_undefined_is_left_out():
    figure = cr.plot.gradient_field("ln(x) + y^2")
    x, *_ = arrows(figure)
    assert (x > 0).all()
    assert "Where there is no real value, nothing is drawn." in cr.plot.alt(figure)


def test_a_constant_has_no_arrows():
    assert "No minimum is marked." in cr.plot.alt(cr.plot.gradient_field("0x + 0y + 2"))


@pytest.mark.parametrize("draw", [cr.plot.gradient_field, cr.plot.surface])
@pytest.mark.parametrize(
    ("f", "options", "said"),
    [
        ("x^2", {}, "function of two variables"),
        ("x y z", {}, "function of two variables"),
        ("ln(-1 - x^2 - y^2)", {}, "no real value in the region"),
        ("x y", {"between": (1, 0)}, "the smaller number"),
        ("x y", {"between": 3}, "expected"),
        ("x y", {"between": ((0, 1), 2)}, "expected two numbers"),
        (lambda x, y: [x, y], {}, "one real number"),
    ],
)
def test_what_cannot_be_drawn_is_named(draw, f, options, said):
    with pytest.raises(ArgumentError, match=said):
        draw(f, **options)


def test_a_surface_has_its_height_at_each_point():
    figure = cr.plot.surface("x^2 + y^2", between=(-1, 1))
    axes = figure.axes[0]
    assert axes.name == "3d"
    assert axes.get_zlim()[1] == pytest.approx(2.0, rel=0.1)
    with pytest.raises(ArgumentError, match='projection="3d"'):
        cr.plot.surface("x^2 + y^2", ax=Figure().add_subplot())
    assert "there is a hole" in cr.plot.alt(cr.plot.surface("sqrt(1 - x^2 - y^2)"))
