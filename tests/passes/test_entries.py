"""Functions of arrays by their entries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.passes.entries import by_entries
from chainrule.passes.evaluate import evaluate


def filled(x: Any) -> Any:
    out = np.zeros_like(x)
    out[0] = x[0] * x[1]
    out[1] = np.sin(x[0])
    return out


TAKEN_APART = [
    (lambda x: np.stack([x[0] ** 2 * x[1], np.sin(x[0])]), np.array([0.3, 2.0])),
    (lambda x: np.hstack([x[0], x[1], x[0] * x[1]])[::-1], np.array([0.3, 2.0])),
    (lambda A: A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0], np.array([[0.3, 2.0], [-1.0, 0.5]])),
    (lambda A: A.T.reshape(-1)[1] ** 2, np.array([[0.3, 2.0], [-1.0, 0.5]])),
    (filled, np.array([0.3, 2.0])),
]


@pytest.mark.parametrize(("f", "x"), TAKEN_APART)
def test_the_values_are_those_of_the_function(f: Any, x: Any) -> None:
    graph = cr.graph(f, x)
    found = by_entries(graph)
    assert found is not None
    assert all(node.shape == () for node in found.graph.nodes)
    (given,) = found.of.values()
    assert len(given) == x.size
    np.testing.assert_array_equal(evaluate(found.graph, *x.flat), np.ravel(f(x)))


@pytest.mark.parametrize(
    "f",
    [
        np.sum,
        lambda x: x**2,
        lambda x: x @ x,
        np.max,
        np.sort,
        lambda x: np.where(x > 0, x, 1),
        lambda x: x[0] * x[1] * np.where(x == x[::-1], x, 1),
        lambda x: x[0] * x[1] * np.where(np.logical_and(x, x), x, 1),
    ],
)
def test_what_computes_with_whole_arrays_is_not_taken_apart(f: Any) -> None:
    assert by_entries(cr.graph(f, np.array([0.3, -2.0]))) is None
    assert by_entries(cr.graph(lambda x: x[0], np.ones(1000))) is None


def test_branches_are_kept_and_names_do_not_meet() -> None:
    def f(x: Any, x_0: Any) -> Any:
        return x[0] * x_0 if x[1] > 0 else x[1]

    found = by_entries(cr.graph(f, np.array([0.3, 2.0]), 5.0))
    assert found is not None
    assert [node.name for node in found.graph.inputs] == ["x_0_", "x_1_", "x_0"]
    assert [guard.outcome for guard in found.graph.guards] == [True]
    assert evaluate(found.graph, 0.3, 2.0, 5.0)[0] == 1.5
