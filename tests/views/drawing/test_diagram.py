"""What a picture says: values, gradients and local derivatives of worked examples, and every arrow once."""

from __future__ import annotations

import random

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.passes.steps import steps_of
from chainrule.read.formula import parse
from chainrule.views.drawing.diagram import diagram


def said(graph, **options):
    return diagram(graph, [value for _, value in graph.arguments], **options)


def lines(picture):
    return {box.lines[0].text: [line.text for line in box.lines[1:]] for box in picture.boxes}


def labels(picture):
    """The labels of the arrows by the first words of the boxes that they join."""
    first = [box.lines[0].text.split(" = ")[0] for box in picture.boxes]
    return {(first[arrow.source], first[arrow.target]): arrow.label for arrow in picture.arrows}


def squared_error(w, x, b, y):
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L


def test_the_worked_example_of_the_squared_error():
    picture = said(cr.graph(squared_error, 1.0, 2.0, 1.0, 7.0))
    assert picture.title == "squared_error(w, x, b, y)"
    assert lines(picture) == {
        "w": ["= 1", "dL/dw = -16"],
        "x": ["= 2", "dL/dx = -8"],
        "b": ["= 1", "dL/db = -8"],
        "y": ["= 7", "dL/dy = 8"],
        "y_hat = w x + b": ["= 3", "dL/dy_hat = -8"],
        "e = y - y_hat": ["= 4", "dL/de = 8"],
        "L = e^2": ["= 16", "dL/dL = 1"],
    }
    assert labels(picture) == {
        ("w", "y_hat"): "x = 2",
        ("x", "y_hat"): "w = 1",
        ("b", "y_hat"): "1",
        ("y", "e"): "1",
        ("y_hat", "e"): "-1",
        ("e", "L"): "2e = 8",
    }
    assert [box.kind for box in picture.boxes] == ["input"] * 4 + ["operation"] * 3
    assert [box.result for box in picture.boxes] == [False] * 6 + [True]
    assert picture.notes == ("on arrows: local derivatives",)


def test_without_values_the_derivatives_are_formulas():
    picture = diagram(parse("x^2 exp(x)"))
    assert picture.title == "x^2 exp(x)"
    assert lines(picture).keys() == {"x", "v1 = x^2", "v2 = e^x", "v3 = v1 v2"}
    assert labels(picture) == {("x", "v1"): "2x", ("x", "v2"): "e^x", ("v1", "v3"): "v2", ("v2", "v3"): "v1"}
    assert all(line.role == "formula" for box in picture.boxes for line in box.lines)


def test_arrays_have_a_shape_and_arrows_say_what_is_sent_back():
    X = np.arange(8.0).reshape(4, 2)

    def loss(w):
        r = X @ w
        return np.mean(r**2)

    picture = said(cr.graph(loss, np.ones(2)))
    assert lines(picture)["X"] == ["= array(4, 2), norm 11.83"]
    assert lines(picture)["w"] == ["= [1, 1]", "dloss/dw = [62, 76]"]
    assert lines(picture)["r = X w"] == ["= [1, 5, 9, 13]", "dloss/dr = [0.5, 2.5, 4.5, 6.5]"]
    assert labels(picture) == {("w", "r"): "X^T g", ("X", "r"): "", ("r", "loss"): "(2g/N) r"}
    assert {box.kind for box in picture.boxes} == {"input", "constant", "operation"}
    assert picture.notes == ("on arrows between arrays: what is sent back for an incoming gradient g",)


def test_the_gradient_of_a_larger_array_is_its_norm():
    picture = said(cr.graph(lambda W: np.sum(W) * 2, np.ones((3, 3))))
    assert lines(picture)["W"] == ["= array(3, 3), norm 3", "|df/dW| = 6"]


def test_functions_without_a_gradient_are_drawn_with_their_values():
    pair = said(cr.graph(lambda x: (np.sin(x), np.cos(x) * x), 0.0))
    assert [box.result for box in pair.boxes] == [False, True, False, True]
    assert not any(line.role == "gradient" for box in pair.boxes for line in box.lines)
    whole = said(cr.graph(lambda x: np.sum(x > 0), np.ones(3)))
    assert {arrow.label for arrow in whole.arrows} == {""}


@pytest.mark.parametrize(
    ("f", "args", "boxes", "notes"),
    [
        (lambda x: x, (1.0,), [["x", "= 1", "dx/dx = 1"]], ()),
        (lambda x: 3.0, (1.0,), [["x", "= 1"], ["f = 3"]], ()),
        (lambda x: x > 0, (1.0,), [["x", "= 1"], ["f = x > 0", "= True"]], ()),
        (lambda x: None, (1.0,), [["x", "= 1"]], ("f returns no value",)),
        (lambda: None, (), [], ("f returns no value",)),
        (lambda x, y: x * 2, (1.0, 2.0), [["x", "= 1", "df/dx = 2"], ["y", "= 2", "df/dy = 0"]], None),
    ],
)
def test_what_has_next_to_nothing_to_draw(f, args, boxes, notes):
    picture = said(cr.graph(f, *args))
    assert [[line.text for line in box.lines] for box in picture.boxes][: len(boxes)] == boxes
    assert notes is None or picture.notes == notes


def test_names_however_long_leave_room_for_the_numbers():
    def f(the_first_learning_rate_of_the_schedule, x):
        a_name_that_is_longer_than_any_box_could_ever_hold = the_first_learning_rate_of_the_schedule * np.exp(x) + x
        return a_name_that_is_longer_than_any_box_could_ever_hold**2

    picture = said(cr.graph(f, 0.5, 1.0))
    first = picture.boxes[0].lines
    assert first[0].text.endswith("…")
    assert first[2].text.endswith("… = 12.83")
    assert "a_name_that_is_longer_than_any_box_could_ever_hold = " in picture.boxes[2].full
    assert all(len(line.text) <= 36 for box in picture.boxes for line in box.lines)


def test_highlighted_arrows_are_those_between_two_names():
    graph = cr.graph(squared_error, 1.0, 2.0, 1.0, 7.0)
    picture = said(graph, highlight=[("w", "y_hat"), ("y_hat", "e")])
    ends = {(arrow.source, arrow.target) for arrow in picture.arrows if arrow.highlighted}
    assert ends == {(0, 4), (4, 5)}
    with pytest.raises(ArgumentError, match=r"no arrow to highlight: \('w', 'e'\) is not"):
        said(graph, highlight=[("w", "e")])


def test_elementary_draws_every_operation():
    picture = said(cr.graph(squared_error, 1.0, 2.0, 1.0, 7.0), elementary=True)
    assert len(picture.boxes) == 8


@pytest.mark.parametrize("seed", range(50))
def test_every_use_of_a_source_is_one_arrow(seed):
    draw = random.Random(seed)

    def f(x, y, z):
        values = [x, y, z]
        for _ in range(draw.randrange(1, 12)):
            values.append(draw.choice([np.multiply, np.add])(*draw.choices(values, k=2)))
        return values[-1]

    graph = cr.graph(f, 1.0, 2.0, 3.0)
    picture = said(graph)
    want = {(source, step.node) for step in steps_of(graph, *graph.outputs) for source in step.sources}
    got = [(arrow.source, arrow.target) for arrow in picture.arrows]
    assert len(got) == len(set(got)) == len(want)


def test_a_loop_shows_its_last_pass():
    def loop(x):
        for _ in range(200):
            x = np.sin(x) + 0.1 * x
        return x

    picture = said(cr.graph(loop, 1.0))
    _, box = picture.boxes
    assert [line.text for line in box.lines[:3]] == [
        "repeated × 200, the last:",
        "x_201 = sin(x_200) + 0.1 x_200",
        "x_201 = 0.7867",
    ]
    assert (box.kind, box.result, box.several) == ("repeated", True, True)
    assert picture.notes[0] == "200 steps: what repeats is drawn once, with × its repeats"


def test_a_loop_in_a_loop_lists_what_it_holds():
    def f(x):
        for k in range(20):
            for _ in range(5):
                x = np.sin(x)
            x = x * k
        return x

    picture = said(cr.graph(f, 0.5))
    assert [line.text for line in picture.boxes[1].lines[:3]] == [
        "× 20 with other numbers, the last:",
        "× 5: x_120 = sin(x_119)",
        "x_121 = x_120*19",
    ]


def test_many_inputs_of_a_folded_picture_stand_together():
    layers = [np.ones((3, 3))] * 12
    V = np.ones((3, 3))

    def network(layers, x):
        h = x
        for W in layers:
            z = W @ h
            h = np.tanh(z)
        return np.sum(V @ h)

    picture = said(cr.graph(network, layers, np.ones(3)))
    assert [box.lines[0].text for box in picture.boxes if box.several] == ["13 inputs", "repeated × 12, the last:"]
    assert [arrow.label for arrow in picture.arrows] == ["13 uses", "", "V^T g"]


def test_a_picture_by_depth_says_so_and_has_no_labels():
    draw = random.Random(2)
    operations = [lambda a, b: a * b, lambda a, b: np.sin(a) - b, lambda a, b: a / (b + 3), lambda a, b: np.tanh(a) + b]

    def f(xs):
        values = list(xs)
        for _ in range(120):
            values.append(draw.choice(operations)(values[-1], draw.choice(values)))
        return values[-1]

    picture = said(cr.graph(f, [0.1 * i for i in range(60)]))
    assert picture.notes[0].endswith("steps: those of consecutive depths share a box")
    assert not any(arrow.label for arrow in picture.arrows)
    heads = [box.lines[0].text for box in picture.boxes if box.kind == "input"]
    assert sum(int(head.split()[0]) if head.endswith("inputs") else 1 for head in heads) == 60
    assert len(picture.boxes) <= 30


@pytest.mark.parametrize("highlight", [[("w",)], 3, [3]])
def test_what_cannot_be_a_pair_of_names_is_refused(highlight):
    with pytest.raises(ArgumentError):
        said(cr.graph(squared_error, 1.0, 2.0, 1.0, 7.0), highlight=highlight)
