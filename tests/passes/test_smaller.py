"""Graphs with small arrays in place of large ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.graph import Graph, Node, topological
from chainrule.core.registry import building
from chainrule.core.verify import verify
from chainrule.passes.evaluate import evaluate
from chainrule.passes.smaller import smaller

X = np.random.default_rng(0).normal(size=(1000, 40))


def loss(w: Any) -> Any:
    return np.mean((X @ w - np.ones(1000)) ** 2) + np.sum(w.reshape(40, 1) @ np.ones((1, 3)))


def test_equal_sizes_stay_equal_and_the_arrays_keep_their_entries() -> None:
    graph = cr.graph(loss, np.ones(40))
    found = smaller(graph)
    assert found is not None
    verify(found.graph)
    assert max(n for node in found.graph.nodes for n in node.shape) < 10
    assert sorted(found.sizes.values()) == [40, 1000]
    assert len(set(found.sizes)) == 2
    (small_w,) = found.graph.inputs
    n, m = (next(k for k, v in found.sizes.items() if v == size) for size in (1000, 40))
    w = found.corner(np.linspace(-1.0, 1.0, 40))
    assert w.shape == small_w.shape == (m,)
    wanted = np.mean((X[:n, :m] @ w - 1) ** 2) + 3 * np.sum(w)
    assert evaluate(found.graph, w)[0] == pytest.approx(wanted, rel=1e-13)


def test_terms_grow_to_the_sizes_given() -> None:
    graph = cr.graph(loss, np.ones(40))
    found = smaller(graph)
    assert found is not None
    (small_w,) = found.graph.inputs
    (m,) = small_w.shape
    count = Node(None, (), {"value": m * m}, (), int, "N")
    made = building.add(
        building.matmul(building.identity_like(building.matmul(_column(small_w), _row(small_w))), small_w),
        building.multiply(count, building.matmul(_eye(m), building.subtract(small_w, _ones(m)))),
    )
    grown = found.grown(made)
    assert grown.shape == (40,)
    assert found.grown(found.graph.outputs[0]) is graph.outputs[0]
    w = np.linspace(-1.0, 1.0, 40)
    np.testing.assert_allclose(evaluate(Graph(graph.inputs, (grown,)), w)[0], w + 1600 * (w - 1), rtol=1e-13)
    assert all(max(node.shape, default=0) in (0, 1, 40) for node in topological([grown]))


def test_constants_of_other_sizes_stay() -> None:
    found = smaller(cr.graph(loss, np.ones(40)))
    assert found is not None
    three = Node(None, (), {"value": np.array([1.0, 2.0, 3.0])}, (3,), np.dtype(float))
    np.testing.assert_array_equal(found.grown(three).parameters["value"], [1.0, 2.0, 3.0])


def _column(x: Node) -> Any:
    return building.expand_dims(x, axis=(1,))


def _row(x: Node) -> Any:
    return building.expand_dims(x, axis=(0,))


def _eye(n: int) -> Node:
    return Node(None, (), {"value": np.eye(n)}, (n, n), np.dtype(float), "I")


def _ones(n: int) -> Node:
    return Node(None, (), {"value": np.ones(n)}, (n,), np.dtype(float), "1")


@pytest.mark.parametrize(
    "f",
    [
        lambda w: np.sum(w[:10] ** 2) if np.sum(w) > 0 else np.sum(w),  # a branch on all numbers
        lambda w: np.sum(np.concatenate([w, w]) @ np.ones(80)),  # 80 is 40 and 40
        lambda w: w[39] ** 2,
    ],
)
def test_what_depends_on_the_sizes_has_no_smaller_graph(f: Any) -> None:
    assert smaller(cr.graph(f, np.ones(40))) is None


def test_small_arrays_stay() -> None:
    assert smaller(cr.graph(lambda w: np.sum(w**2), np.ones(4))) is None
