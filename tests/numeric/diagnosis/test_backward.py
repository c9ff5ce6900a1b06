"""The backward pass that a diagnosis takes apart: its parts add up to the gradient; there is none of an unknown f."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.numeric.diagnosis.backward import backward_of
from chainrule.numeric.evidence import Evidence, Part
from chainrule.read.trace import trace

POINT = {"W": np.array([[1.0, -2.0], [0.5, 3.0]]), "x": np.array([0.3, -0.7])}


def network(W, x):
    h = np.tanh(W @ x)
    return np.sum(h * h) + h[0] * np.max(W) + np.sum(x[[0, 0, 1]])


def graph_of(f, point):
    return trace(f, [v[()] for v in point.values()], list(point), "f", f)[0]


def evidence(graph, point, names=None, **arguments):
    zero = {name: np.zeros(v.shape) for name, v in point.items()}
    parts = [Part(n, v, zero[k], zero[k], zero[k]) for n, (k, v) in zip(names or point, point.items(), strict=True)]
    return Evidence(parts, arguments, graph=graph)


def backward(f=network, point=POINT):
    given = evidence(graph_of(f, point), point)
    return backward_of(given, given.parts)


RIGHT = dict(zip(POINT, cr.grad(network, (0, 1))(*POINT.values()), strict=True))


class TestOfATracedFunction:
    def test_its_gradients_are_those_of_grad(self):
        found = backward().gradients
        assert list(found) == list(POINT)
        assert all(np.array_equal(found[name], RIGHT[name]) for name in POINT)

    def test_what_every_step_sends_adds_up_to_the_gradient(self):
        found = backward().altered(lambda step, cotangent, terms: terms)
        assert all(np.allclose(found[name], RIGHT[name], rtol=1e-15) for name in POINT)

    def test_a_step_that_sends_twice_as_much_doubles_what_stands_before_it(self):
        passed = backward()
        last = next(passed.steps)
        found = passed.altered(lambda step, _, terms: [2 * t for t in terms] if step is last else terms)
        assert all(np.allclose(found[name], 2 * RIGHT[name], rtol=1e-15) for name in POINT)

    def test_what_is_sent_from_the_result_is_the_gradient(self):
        passed = backward()
        found = passed.send(passed.output, np.ones_like(passed.output.value))
        assert all(np.allclose(found[name], RIGHT[name], rtol=1e-15) for name in POINT)

    def test_forward_and_reverse_agree(self):
        passed = backward()
        v = {name: np.random.default_rng(0).normal(size=x.shape) for name, x in POINT.items()}
        expected = sum(np.sum(RIGHT[name] * v[name]) for name in POINT)
        assert passed.tangents(v)[passed.output] == pytest.approx(expected, rel=1e-14)

    def test_a_constant_function_sends_nothing_back(self):
        passed = backward(lambda W, x: np.sum(np.ones_like(W)))
        assert not any(g.any() for g in passed.gradients.values())
        assert not any(g.any() for g in passed.altered(lambda step, _, terms: terms).values())


class TestWhichInputBelongsToWhichPart:
    def test_by_position_where_the_names_differ(self):
        given = evidence(graph_of(network, POINT), POINT, names=["weights", "data"])
        found = backward_of(given, given.parts)
        assert list(found.gradients) == ["weights", "data"]

    def test_an_argument_that_is_no_part_has_the_value_it_was_called_with(self):
        graph = graph_of(network, POINT)
        given = evidence(graph, {"x": POINT["x"]}, W=POINT["W"])
        found = backward_of(given, given.parts)
        assert np.array_equal(found.gradients["x"], RIGHT["x"])

    @pytest.mark.parametrize(
        ("names", "point"),
        [(["x"], {"x": POINT["x"]}), (["y"], {"x": POINT["x"]})],
        ids=["an argument is missing", "neither names nor number fit"],
    )
    def test_there_is_none_that_fits(self, names, point):
        given = evidence(graph_of(network, POINT), point, names=names)
        assert backward_of(given, given.parts) is None


class TestNone:
    def test_where_f_was_not_traced(self):
        given = evidence(None, POINT)
        assert backward_of(given, given.parts) is None

    def test_where_f_is_no_number(self):
        given = evidence(graph_of(lambda W, x: W @ x, POINT), POINT)
        assert backward_of(given, given.parts) is None

    def test_where_the_point_takes_another_branch(self):
        graph = graph_of(lambda W, x: np.sum(W) if x[0] > 0 else np.sum(x), POINT)
        given = evidence(graph, {"W": POINT["W"], "x": -POINT["x"]})
        assert backward_of(given, given.parts) is None
