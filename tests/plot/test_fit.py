"""Data and what was learned from them: which models are understood, and that their numbers are those drawn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from plot.gallery import hundred_points, line_learned
from plot.layout import faults
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

import chainrule as cr
from chainrule.errors import ArgumentError, ShapeError

X, Y = hundred_points()
x = X[:, 1]
WEIGHTS = np.array([0.5, 3.25])


def line_named(figure, name):
    return next(line for line in figure.axes[0].lines if str(line.get_label()).startswith(name))


def test_the_textbooks_line():
    figure = cr.plot.fit(X, Y, line_learned(), true=[2.0, 3.0])
    assert (
        cr.plot.alt(figure)
        == "Data and a model, y against x: 100 points. x from 0.05522 to 9.869, y from 1.518 to 33.17. "
        "The learned line is y = 0.6962 + 3.1745 x. The true line is y = 2.0000 + 3.0000 x. The mean squared error "
        "of the model is 4.0799."
    )
    at, height = line_named(figure, "learned: y = 0.6962 + 3.1745 x").get_data()
    np.testing.assert_allclose(height, line_learned().parameters @ [np.ones_like(at), at])
    np.testing.assert_array_equal(line_named(figure, "data").get_xydata(), np.column_stack([x, Y]))


@pytest.mark.parametrize(
    ("features", "model"),
    [
        (X, WEIGHTS),
        (X, [0.5, 3.25]),
        (X, {"w": WEIGHTS}),
        (x, {"slope": np.array([3.25]), "bias": 0.5}),
        (x, {"slope": 3.25, "bias": 0.5}),
        (x[:, None], (np.array([3.25]), np.array(0.5))),
        (X[:, 1:] @ np.ones((1, 1)), {"w": np.array([3.25]), "b": np.float32(0.5)}),
        (X, SimpleNamespace(parameters={"w": WEIGHTS})),
    ],
)
def test_a_line_is_found_in_its_parameters(features, model):
    assert "The learned line is y = 0.5000 + 3.2500 x." in cr.plot.alt(cr.plot.fit(features, Y, model))


def test_a_line_through_the_origin_is_written_without_a_bias():
    assert "The learned line is y = −3.2500 x." in cr.plot.alt(cr.plot.fit(x, Y, {"slope": -3.25}))


def test_functions_and_estimators():
    figure = cr.plot.fit(x, Y, np.sin, true=lambda x: 2 + 3 * x, names=("time", "height"))
    assert "A line shows the learned model. A line shows the true model." in cr.plot.alt(figure)
    at, height = line_named(figure, "learned").get_data()
    np.testing.assert_array_equal(height, np.sin(at))
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("time", "height")
    estimator = LinearRegression().fit(x[:, None], Y)
    at, height = line_named(cr.plot.fit(x[:, None], Y, estimator), "learned").get_data()
    np.testing.assert_allclose(height, estimator.predict(at[:, None]))


def test_several_features_are_drawn_by_what_is_predicted():
    data = load_diabetes(scaled=False)
    estimator = LinearRegression().fit(data.data, data.target)
    figure = cr.plot.fit(data.data, data.target, estimator, names=("x", "progression"))
    cloud = line_named(figure, "predicted").get_xydata()
    np.testing.assert_array_equal(cloud, np.column_stack([data.target, estimator.predict(data.data)]))
    assert f"(R^2 = {estimator.score(data.data, data.target):.4f})" in cr.plot.alt(figure)
    both = cr.plot.fit(data.data, data.target, estimator, true=lambda X: X[:, 2])
    assert line_named(both, "predicted by the true model").get_ydata()[0] == data.data[0, 2]


def test_rows_that_are_not_finite_are_left_out_and_counted():
    holed, targets = X.copy(), Y.copy()
    holed[3, 1], targets[7] = np.nan, np.inf
    said = cr.plot.alt(cr.plot.fit(holed, targets, WEIGHTS))
    assert "98 points" in said
    assert "2 rows that are not finite are left out." in said


@pytest.mark.parametrize(
    ("features", "targets"),
    [(x[:1], Y[:1]), (np.ones(5), np.arange(5.0)), (x, np.zeros(100)), (x * 1e-300, Y), (x * 1e200, Y * 1e100)],
)
def test_awkward_data(features, targets):
    assert faults(cr.plot.fit(features, targets[:, None], {"w": 1.0})) == []


def test_many_points_are_drawn_in_part():
    random = np.random.default_rng(0)
    many = random.standard_normal(100_000)
    figure = cr.plot.fit(many, 2 * many, {"w": 2.0})
    assert len(line_named(figure, "data").get_xdata()) == 20_000
    assert "100,000 points" in cr.plot.alt(figure)
    assert "Drawn are 20,000 of them, chosen at random." in cr.plot.alt(figure)


@pytest.mark.parametrize(
    ("features", "targets", "model", "options", "error", "message"),
    [
        (X, Y[:-1], WEIGHTS, {}, ShapeError, r"X has shape \(100, 2\) and y \(99,\)"),
        (X[:0], Y[:0], WEIGHTS, {}, ShapeError, "at least one row"),
        (X, Y, np.ones(3), {}, ArgumentError, "are not the weights of X with 2 columns: expected one weight for each"),
        (X, Y, {"w": WEIGHTS, "v": WEIGHTS}, {}, ArgumentError, "are not the weights"),
        (X, Y, lambda X: X, {}, ShapeError, r"the model returned shape \(100, 2\) for 100 rows"),
        (x, Y, "a line", {}, ArgumentError, "model is 'a line', expected weights, a run, an estimator or a function"),
        (X, Y, WEIGHTS, {"names": 3}, ArgumentError, "expected two"),
        (X, Y, WEIGHTS, {"names": ("x",)}, ArgumentError, "expected two"),
        (["a"], [1.0], WEIGHTS, {}, ArgumentError, "X and y must be arrays of numbers"),
        (X, Y * np.nan, WEIGHTS, {}, ArgumentError, "no row of X and y is finite"),
    ],
)
def test_what_is_refused(features, targets, model, options, error, message):
    with pytest.raises(error, match=message):
        cr.plot.fit(features, targets, model, **options)


def test_a_fitted_estimator_takes_a_vector_of_one_feature():
    from sklearn.linear_model import LinearRegression

    x = np.array([0.0, 1.0, 2.0])
    model = LinearRegression().fit(x[:, None], 2 * x)
    of_matrix = cr.plot.alt(cr.plot.fit(x[:, None], 2 * x + 1, model))
    assert "mean squared error of the model is 1.0000" in of_matrix
    assert cr.plot.alt(cr.plot.fit(x, 2 * x + 1, model)) == of_matrix
