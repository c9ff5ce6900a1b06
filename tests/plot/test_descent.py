"""The path of a descent: where it is drawn, what is marked, and what is cut off."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from plot.gallery import hundred_points, line_learned
from plot.layout import drawn_texts, faults

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.plot.plane import lowest_near, plane_of


def path_on(figure):
    """The longest line of a picture: the path."""
    return max((line.get_xydata() for line in figure.axes[0].lines), key=len)


def plane(loss, at):
    """The plane of all parameters, as of a run that ended at a point."""
    where = cr.descend(lambda w: np.sum(w**2), at, 0.1, 0).coordinates
    run = SimpleNamespace(coordinates=where, parameters=at, problem=SimpleNamespace(loss=loss))
    return plane_of(run, at[None], None, None)


def test_the_textbooks_line_and_its_minimum_by_least_squares():
    X, y = hundred_points()
    best, *_ = np.linalg.lstsq(X, y, rcond=None)
    run = line_learned()
    figure = cr.plot.descent(run, names=("bias", "slope"))
    assert (
        cr.plot.alt(figure)
        == "The path of 200 steps of gradient descent with learning rate 0.001, on the contours of the "
        "loss, bias across and slope up. Start at (0, 0) with a loss of 336.6350. Reached at (0.6962, 3.175) "
        f"with a loss of 4.0799. Minimum at ({best[0]:.4g}, {best[1]:.4g}) with a loss of "
        f"{np.mean((y - X @ best) ** 2):.4f}."
    )
    np.testing.assert_array_equal(path_on(figure), np.array(run.history.parameters))
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("bias", "slope")


@pytest.mark.parametrize("rate", [0.00001, 0.001, 0.029, 0.033, 1.0])
def test_start_minimum_and_path_are_seen_at_every_rate(rate):
    figure = cr.plot.descent(line_learned(rate))
    (axes,) = figure.axes
    for point in ([0.0, 0.0], [2.43, 2.908]):
        assert axes.viewLim.contains(*point)
    assert ("leaves the picture at step" in cr.plot.alt(figure)) == (rate > 0.0317)
    assert faults(figure) == []


def test_a_path_that_runs_away_ends_where_it_leaves():
    run = line_learned(0.033)
    figure = cr.plot.descent(run)
    assert np.isfinite(path_on(figure)).all()
    assert 10 < len(path_on(figure)) < 30


def test_other_parameters_are_held_at_their_final_values():
    def loss(p):
        return (p["a"] - 1) ** 2 + (p["b"] - 2) ** 2 + (p["c"] - 3) ** 2

    run = cr.descend(loss, {"a": 0.0, "b": 0.0, "c": 0.0}, 0.25, 4)
    figure = cr.plot.descent(run, along=("c", "a"))
    said = cr.plot.alt(figure)
    assert "c across and a up. The other 1 parameter held at the final value." in said
    # b stays 2 * (1 - 1/16) in the whole plane, so the lowest loss there is (2/16)^2.
    assert "Lowest here at (3, 1) with a loss of 0.0156." in said
    # One direction alone is a graph.
    assert "on the graph of the loss against b" in cr.plot.alt(cr.plot.descent(run, along=("b",)))


def test_the_leading_directions_hold_a_path_in_a_plane():
    random = np.random.default_rng(0)
    q, _ = np.linalg.qr(random.standard_normal((50, 2)))
    run = cr.descend(
        lambda w: np.sum((q.T @ w - np.array([3.0, 1.0])) ** 2 * np.array([1.0, 5.0])), np.zeros(50), 0.05, 30
    )
    figure = cr.plot.descent(run)
    assert "two leading directions of the path, which hold 100.0% of its spread" in cr.plot.alt(figure)
    path = np.array(run.history.parameters)
    drawn = path_on(figure)
    # A plane that holds the path keeps its lengths.
    np.testing.assert_allclose(
        np.linalg.norm(np.diff(drawn, axis=0), axis=1), np.linalg.norm(np.diff(path, axis=0), axis=1), atol=1e-9
    )


@pytest.mark.parametrize(
    "run",
    [
        cr.descend(lambda w: w[0] ** 2 - w[1] ** 2, np.array([1.0, 0.01]), 0.1, 60),
        cr.descend(lambda w: np.sum(w**2), np.zeros(2), 0.1, 0),
        cr.descend(lambda w: np.sum(w**2), np.zeros(2), 0.1, 5),
        cr.descend(lambda w: 0 * np.sum(w), np.ones(2), 0.1, 5),
        cr.descend(lambda w: np.sum(w), np.ones(2), 0.1, 5),
        cr.descend(lambda w: np.sum(np.abs(w)), np.ones(2), 0.3, 5),
        cr.descend(lambda w: np.log(w[0]) ** 2 + w[1] ** 2, np.array([0.2, 1.0]), 0.01, 40),
        cr.descend(lambda z: np.abs(z - 1j) ** 2, 1.0 + 0j, 0.1, 9),
        cr.descend(lambda w: np.sum(w**2), np.ones(3), 0.1, 7),
        cr.descend(lambda w: np.sum(w**2), np.ones(3), 0.1, 0),
        cr.descend(lambda w: w**3, 1.0, 0.1, 30),
        cr.descend("exp(x)", 0.0, 0.5, 30),
    ],
    ids=["saddle", "no step", "at the minimum", "constant", "slope", "kink", "domain", "complex", "straight", "point",
         "no minimum", "far minimum"],
)  # fmt: skip
def test_awkward_losses(run):
    figure = cr.plot.descent(run)
    assert faults(figure) == []
    assert "Start at" in cr.plot.alt(figure)


def test_names_that_are_long_are_cut_at_their_beginning():
    run = cr.descend(lambda p: sum(v**2 for v in p.values()), {"a" * 60 + "_1": 1.0, "a" * 60 + "_2": 2.0}, 0.1, 3)
    figure = cr.plot.descent(run)
    assert figure.axes[0].get_xlabel().endswith("aa_1")
    assert len(figure.axes[0].get_xlabel()) == 24
    assert faults(figure) == []


@pytest.mark.parametrize("names", [("$a", "b$"), ("$x^$", r"\frac{")])
def test_names_are_no_mathematics(names):
    start = dict(zip(names, (1.0, 2.0), strict=True))
    run = cr.descend(lambda p: sum(v**2 for v in p.values()), start, 0.1, 3)
    figure = cr.plot.descent(run)
    shown = [text.get_text() for text in drawn_texts(figure)]
    assert set(names) <= set(shown)
    drawn_texts(cr.plot.race(dict.fromkeys(names, run)))
    drawn_texts(cr.plot.fit([[1.0, 2.0], [2.0, 1.0], [0.0, 3.0]], [1.0, 2.0, 3.0], [1.0, 1.0], names=names))
    drawn_texts(cr.plot.fit([1.0, 2.0], [1.0, 2.0], {names[0]: 1.0}, names=names))
    drawn_texts(cr.plot.layer_gradients({name: [[1.0], [2.0]] for name in names}, networks=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"along": "parameters[0]"}, "expected the names of two different parameters"),
        ({"along": ("parameters[0]", "parameters[0]")}, "expected the names of two different parameters"),
        (
            {"along": ("parameters[0]", "v")},
            r"along names 'v', but the parameters are parameters\[0\], ",
        ),
        ({"names": ("one",)}, "expected 2 names, one for each axis"),
        ({"names": "ab"}, "expected 2 names"),
        ({"names": 2}, "expected 2 names"),
        ({"along": 1}, "expected the names of two"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        cr.plot.descent(line_learned(), **options)


def test_a_run_without_iterates_is_refused():
    run = cr.descend(lambda w: np.sum(w**2), np.ones(2), 0.1, 3, keep_history=0)
    with pytest.raises(ArgumentError, match="kept no iterates: give descend a keep_history"):
        cr.plot.descent(run)


def test_a_loss_that_raises_outside_its_domain_leaves_the_place_blank():
    def loss(w):
        if w[0] < -0.5:
            raise ValueError("outside")
        return float(np.sum(w**2))

    here = plane(loss, np.array([1.0, 1.0]))
    assert here.at(np.array([1.0, 1.0])) == 2.0
    assert np.isnan(here.at(np.array([-1.0, 1.0])))
    assert lowest_near(here, np.array([-1.0, 1.0])) is None


def test_newton_finds_the_minimum_of_rosenbrocks_valley():
    valley = plane(lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2, np.array([-1.2, 1.0]))
    point, value = lowest_near(valley, np.array([-1.2, 1.0]))
    np.testing.assert_allclose(point, 1.0, atol=1e-4)
    assert value < 1e-8


def test_a_slow_loss_is_sampled_at_fewer_points(monkeypatch):
    from chainrule.plot import plane as module

    calls = []
    clock = SimpleNamespace(perf_counter=lambda: float(len(calls)))
    monkeypatch.setattr(module, "time", clock)
    here = plane(lambda w: calls.append(1) or 0.0, np.zeros(2))
    xs, _, losses = module.sample(here, np.zeros(2), np.ones(2), 81)
    assert losses.shape == (27, 27)
    assert len(xs) == 27


def test_runs_without_a_rate_and_with_a_schedule():
    searched = cr.descend("(x - 1)^2 + 10 y^2", {"x": 0.0, "y": 1.0}, optimizer="lbfgs", steps=20)
    assert " of lbfgs, on the contours" in cr.plot.alt(cr.plot.descent(searched))
    scheduled = cr.descend("x^2", 1.0, cr.schedules.cosine(0.1, 10), 10)
    assert "gradient descent with a schedule, on the graph" in cr.plot.alt(cr.plot.descent(scheduled))
    assert len(searched.plot().axes) == 1
    assert cr.plot.alt(scheduled.plot()) == cr.plot.alt(cr.plot.loss_curve(scheduled))
