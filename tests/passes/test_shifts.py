"""What is subtracted for stability only is found; what is not, is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.calculus.gradients import grad
from chainrule.core.graph import Graph
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import pull, records_of
from chainrule.passes.shifts import idle
from chainrule.read.trace import trace

RNG = np.random.default_rng(0)
SQUARE = RNG.normal(size=(4, 4))
LABELS = np.eye(4)[[0, 2, 1, 3]]


def log_sum(x: Any) -> Any:
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def rows(x: Any) -> Any:
    m = np.max(x, axis=1, keepdims=True)
    return np.sum(m + np.log(np.sum(np.exp(x - m), axis=1, keepdims=True)))


def columns(x: Any) -> Any:
    m = np.max(x, axis=0)
    return np.mean(m + np.log(np.sum(np.exp(x - m), axis=0)))


def shifted_rows(x: Any) -> Any:
    z = x - np.max(x, axis=1)[:, None]
    return -np.sum(LABELS * (z - np.log(np.exp(z).sum(axis=1))[:, None]))


def probabilities(x: Any) -> Any:
    e = np.exp(x - np.expand_dims(np.max(x, axis=1), 1))
    return np.sum((e / np.sum(e, axis=1, keepdims=True)) ** 2)


def scaled(x: Any) -> Any:
    m = np.max(x)
    return np.sum(np.exp(2 * (x - m)) / np.exp(-(m - x) * 2)) + np.log(np.mean(np.exp((x - m) / 2))) + m / 2


def squeezed(x: Any) -> Any:
    m = np.max(x, axis=1, keepdims=True)
    s = np.sum(np.exp(x - m), axis=1, keepdims=True)
    return np.sum(np.squeeze(m, axis=1) + np.log(s)[:, 0])


def inverse(x: Any) -> Any:
    m = np.max(x)
    e = np.exp(x - m)
    return np.sum(np.sum(e) / e) + np.sum(3 * m - 3 * m) + np.mean(x - m) + m


def product(x: Any) -> Any:
    m = np.max(x)
    return np.sum(np.exp(x - m) * np.exp(m) * (0 * m + 2))


def with_dots(x: Any) -> Any:
    z = x - np.max(x, axis=-1)[..., None]
    return np.sum((z - np.log(np.sum(np.exp(z), axis=-1))[..., None]) * LABELS)


def computed_twice(x: Any) -> Any:
    return np.max(x) + np.log(np.sum(np.exp(x - np.max(x))))


IDLE = [with_dots, log_sum, rows, columns, shifted_rows, probabilities, scaled, squeezed, inverse]


def wrong_axis(x: Any) -> Any:
    m = np.max(x, axis=1)  # broadcast along the other axis: the sum runs where it varies
    return np.sum(m + np.log(np.sum(np.exp(x - m), axis=1)))


def two_ways(x: Any) -> Any:
    m = np.max(x, axis=1)
    return np.sum((x - m) - (x - m[:, None]))


def spread(x: Any) -> Any:
    return np.sum((x - np.max(x)) ** 2)


def half(x: Any) -> Any:
    m = np.max(x)
    return m / 2 + np.log(np.sum(np.exp(x - m)))


def added_to_exponential(x: Any) -> Any:
    m = np.max(x)
    return np.sum(np.exp(x - m) + m)


def sum_of_shifted(x: Any) -> Any:
    return np.sum(x - np.max(x))


def negative_of_scaled(x: Any) -> Any:
    return np.sum(-np.exp(x - np.max(x)))


def twice(x: Any) -> Any:
    return np.sum(np.exp(np.exp(x - np.max(x))))


def logarithm(x: Any) -> Any:
    return np.sum(np.log(1 + np.max(x) - x))


def times(x: Any) -> Any:
    m = np.max(x)
    return np.sum(m * m + x / m)


def part_of_rows(x: Any) -> Any:
    m = np.max(x, axis=1)
    return np.sum(m[1:] + np.log(np.sum(np.exp(x - m[:, None]), axis=1))[1:])


def one_row(x: Any) -> Any:
    m = np.max(x, axis=1)
    return m[1] + np.log(np.sum(np.exp(x - m[:, None]), axis=1))[1]


def picked(x: Any) -> Any:
    m = np.max(x, axis=1)
    return np.sum((m + np.log(np.sum(np.exp(x - m[:, None]), axis=1)))[np.array([0, 3])]) + np.sum(m[np.array([1, 1])])


BUSY = [
    picked,
    wrong_axis, two_ways, spread, half, added_to_exponential, sum_of_shifted, negative_of_scaled, twice, logarithm,
    times, part_of_rows, one_row,
]  # fmt: skip


def traced(f: Callable[..., Any], x: Any) -> Graph:
    return trace(f, [x], ["x"], f.__name__)[0]


@pytest.mark.parametrize("f", [*IDLE, product, *BUSY], ids=lambda f: f.__name__)
def test_the_gradient_without_an_idle_maximum_is_the_gradient(f: Callable[..., Any]) -> None:
    graph = traced(f, SQUARE)
    F = graph.inputs[0].F
    records = records_of(graph, graph.inputs, idle(graph))
    (output,) = graph.outputs
    found = pull(list(records.values()), {records[output]: F.ones_like(output)}, F)
    with np.errstate(invalid="ignore"):
        got = evaluate(Graph(graph.inputs, tuple(found.values())), SQUARE)[0]
        want = grad(f)(SQUARE)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("f", IDLE, ids=lambda f: f.__name__)
def test_a_maximum_for_stability_is_idle(f: Callable[..., Any]) -> None:
    found = idle(traced(f, SQUARE))
    assert found
    assert {node.primitive.name for node in found if node.primitive} == {"max"}


@pytest.mark.parametrize("f", BUSY, ids=lambda f: f.__name__)
def test_a_maximum_that_the_value_depends_on_is_not(f: Callable[..., Any]) -> None:
    with np.errstate(invalid="ignore"):
        assert idle(traced(f, SQUARE)) == []


def test_each_of_several_maxima_is_judged_by_itself() -> None:
    def f(x: Any) -> Any:
        hidden = log_sum(x) * np.max(x)
        return log_sum(x * hidden)

    graph = traced(f, SQUARE[0])
    assert len([node for node in graph.nodes if node.primitive and node.primitive.name == "max"]) == 3
    assert len(idle(graph)) == 2  # all but the factor
