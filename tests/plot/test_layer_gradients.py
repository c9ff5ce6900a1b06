"""Gradients layer by layer: the sizes are those of the gradients, in whatever container they come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from plot.layout import faults

import chainrule as cr
from chainrule.errors import ArgumentError


def sizes(figure):
    return [float(y) for y in figure.axes[0].lines[0].get_ydata()]


def test_the_size_is_the_root_mean_square_of_a_layer():
    layers = [{"W": np.array([[3.0, 4.0]]), "b": np.array([0.0])}, {"W": np.array([[2.0]]), "b": np.array([2.0])}]
    np.testing.assert_allclose(sizes(cr.plot.layer_gradients(layers)), [np.sqrt(25 / 3), 2.0])


def test_of_a_loss_the_gradients_are_taken():
    def loss(layers):
        return np.sum(layers["first"] ** 2) + 3 * np.sum(layers["second"])

    parameters = {"first": np.full(4, 5.0), "second": np.ones((2, 2))}
    figure = cr.plot.layer_gradients(loss, parameters)
    np.testing.assert_allclose(sizes(figure), [10.0, 3.0])
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["first", "second"]
    assert "2 layers, 10 in the first (first), 3 in the last (second): a factor 3.33 a layer larger" in cr.plot.alt(
        figure
    )


@dataclass
class Net:
    inner: np.ndarray
    outer: np.ndarray


def test_dataclasses_and_several_networks():
    one = Net(np.array([1e-3]), np.array([1.0]))
    figure = cr.plot.layer_gradients({"deep": one, "flat": [np.array([1.0]), np.array([1.0])]}, networks=True)
    said = cr.plot.alt(figure)
    assert "deep: 2 layers, 0.001 in the first (inner), 1 in the last (outer): a factor 1e+03 a layer smaller" in said
    assert "flat: 2 layers" in said
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["deep", "flat"]


def test_losses_by_name_share_the_parameters_or_have_their_own():
    losses = {"a": lambda p: p[0] ** 2, "b": lambda p: p[0] ** 3}
    assert "a: 1 layer, 4 in" in cr.plot.alt(cr.plot.layer_gradients(losses, [2.0], networks=True))
    own = cr.plot.alt(cr.plot.layer_gradients(losses, {"a": [2.0], "b": [1.0]}, networks=True))
    assert "a: 1 layer, 4 in" in own
    assert "b: 1 layer, 3 in" in own


AWKWARD = {
    "zero and not finite": [[1e-3], [0.0], [np.nan], [np.inf], [1.0]],
    "all zero": [[0.0], [0.0]],
    "tiny": [[1e-300], [1e-320], [5e-324]],
    "huge": [[1e300], [1e308]],
    "one layer": [[2.0]],
    "complex": [np.array([3 + 4j]), np.array([1j])],
    "a hundred": [[10.0 ** (-i / 10)] for i in range(100)],
    "long names": {f"encoder.block[{i}].attention.output.dense": [2.0**i] for i in range(9)},
    "dollars": {"$w$": [1.0], "$v": [2.0]},
    "an empty layer": [[1.0], [], [2.0]],
}


@pytest.mark.parametrize("case", AWKWARD)
def test_awkward_gradients(case):
    assert faults(cr.plot.layer_gradients(AWKWARD[case])) == []


@pytest.mark.parametrize(
    ("gradients", "options", "message"),
    [
        (np.ones(3), {}, "gradients is of type ndarray, expected a list or a dict of layers, or a loss"),
        ([], {}, "holds no layers"),
        ([["text"]], {}, "layer 1 does not hold numbers"),
        (np.sum, {}, "gradients is a loss: give the parameters"),
        ([[1.0]], {"networks": True}, "networks=True takes a dict"),
        ({str(i): [[1.0]] for i in range(6)}, {"networks": True}, "6 networks: expected 1 to 5"),
    ],
)
def test_what_is_refused(gradients, options, message):
    with pytest.raises(ArgumentError, match=message):
        cr.plot.layer_gradients(gradients, **options)


def test_a_run_is_told_how_its_layers_are_drawn():
    run = cr.descend(lambda p: p["a"] ** 2 + p["b"] ** 2, {"a": 1.0, "b": 2.0}, 0.1, 3)
    with pytest.raises(ArgumentError, match=r"layer_gradients\(run\.problem\.loss, run\.parameters\)"):
        cr.plot.layer_gradients(run)
    assert "2 layers" in cr.plot.alt(cr.plot.layer_gradients(run.problem.loss, run.parameters))
