"""Graphs of one function at two numbers of rows: what becomes of the numbers that are sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from row_blocks import by_blocks

import chainrule as cr
from chainrule.calculus.recording import record
from chainrule.core.graph import Graph
from chainrule.core.verify import verify
from chainrule.passes.evaluate import evaluate
from chainrule.passes.row_counts import rows_at_any_count
from chainrule.passes.rows import NotByRows, Rows
from chainrule.passes.simplify import simplify_to_run

FIRST, SECOND, MORE = 29, 37, 100
RNG = np.random.default_rng(0)
X, y, w = RNG.normal(size=(MORE, 3)), RNG.normal(size=MORE), RNG.normal(size=3)
W, labels = RNG.normal(size=(3, 4)), RNG.integers(0, 4, MORE)


def traced(f: Callable[..., Any], *args: Any) -> tuple[Graph, list[Any]]:
    recorded = record(f, args, {}, lambda leaf, place, path: leaf if isinstance(leaf, np.ndarray) else None)
    return simplify_to_run(recorded.graph)[0], list(recorded.values)


def at_two_counts(f: Callable[..., Any], weights: Any, *data: Any) -> Rows | NotByRows:
    graphs = [traced(f, weights, *(x[:count] for x in data))[0] for count in (FIRST, SECOND)]
    return rows_at_any_count(*graphs, [None, *[0] * len(data)])


def residuals(w: Any, X: Any, y: Any) -> Any:
    return X @ w - y


def of_labels(W: Any, X: Any, n: Any) -> Any:
    return -np.mean(cr.special.log_softmax(X @ W, axis=1)[np.arange(len(X)), n])


def padded(w: Any, X: Any, y: Any) -> Any:
    return np.sum((np.column_stack([np.ones(len(X)), X[:, :2]]) @ w - y) ** 2)


ANY_COUNT = {
    "divided by the number of rows": lambda w, X, y: np.sum(residuals(w, X, y) ** 2) / len(y),
    "by twice that": lambda w, X, y: np.sum(residuals(w, X, y) ** 2) / (2 * len(y)),
    "by one less": lambda w, X, y: np.sum(residuals(w, X, y) ** 2) / (len(y) - 1),
    "times the inverse": lambda w, X, y: (1 / len(y)) * np.sum(residuals(w, X, y) ** 2),
    "times the inverse of one less": lambda w, X, y: (0.5 / (len(y) - 1)) * np.sum(residuals(w, X, y) ** 2),
    "by the root": lambda w, X, y: np.sum(residuals(w, X, y)) / np.sqrt(len(y)),
    "by the square": lambda w, X, y: np.sum(residuals(w, X, y)) ** 2 / len(y) ** 2,
    "by the size of a matrix": lambda w, X, y: np.sum((X * w) ** 2) / X.size,
    "an array of shares": lambda w, X, y: np.sum(w * np.array([1.0, 2.0, 3.0]) / len(y)) + np.mean(residuals(w, X, y)),
    "an integer array": lambda w, X, y: np.sum(w * np.array([1, 2, 3]) * len(y)) + np.mean(residuals(w, X, y)),
    "a column of ones": padded,
    "a vector of ones": lambda w, X, y: residuals(w, X, y) @ np.ones(len(y)) / len(y),
    "reshaped": lambda w, X, y: np.mean((np.reshape(X, (len(X), 3, 1)) @ w[:1] - y[:, None]) ** 2),
    "sliced to the end": lambda w, X, y: np.mean(residuals(w, X[0 : len(X)], y[:]) ** 2),
    "repeated": lambda w, X, y: np.mean((np.broadcast_to(w, (len(X), 3)) * X - y[:, None]) ** 2),
    "standardised": lambda w, X, y: np.mean(residuals(w, (X - X.mean(0)) / X.std(0), y) ** 2),
    "a float of the number": lambda w, X, y: np.sum(residuals(w, X, y) ** 2) / (float(len(y)) + 2.5 * len(y)),
    "a decision on a mean": lambda w, X, y: np.sum(residuals(w, X, y)) * (2.0 if np.sum(y) > -9 * len(y) else 1.0),
    "an array of one number": lambda w, X, y: np.sum(residuals(w, X, y) ** 2) / np.float64(len(y)),
}


@pytest.mark.parametrize("name", ANY_COUNT)
def test_numbers_of_rows_become_nodes(name: str) -> None:
    f = cr.value_and_grad(ANY_COUNT[name])
    rows = at_two_counts(f, w, X, y)
    assert isinstance(rows, Rows), rows
    verify(rows.graph)
    want_graph, values = traced(f, w, X, y)
    found = by_blocks(rows, values, [7, 64], MORE)
    for got, want in zip(found, evaluate(want_graph, *values), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


def test_labels_at_any_count() -> None:
    f = cr.value_and_grad(of_labels)
    rows = at_two_counts(f, W, X, labels)
    assert isinstance(rows, Rows)
    want_graph, values = traced(f, W, X, labels)
    for got, want in zip(by_blocks(rows, values, [7, 64], MORE), evaluate(want_graph, *values), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


def test_single_precision() -> None:
    small = [x.astype(np.float32) for x in (w, X, y)]
    rows = at_two_counts(lambda w, X, y: np.sum(residuals(w, X, y) ** 2) * np.float32(1 / len(y)), *small)
    assert isinstance(rows, Rows)
    assert rows.graph.outputs[0].dtype == np.float32
    (got,) = by_blocks(rows, small, [50], MORE)
    np.testing.assert_allclose(got, np.mean(residuals(*small) ** 2), rtol=1e-5)


def test_numbers_of_each_row_hold_for_the_rows_of_the_trace() -> None:
    rows = at_two_counts(lambda w, X, y: np.mean(np.arange(len(y)) * residuals(w, X, y)), w, X, y)
    assert isinstance(rows, Rows)
    assert any(node.is_constant for node in rows.axis)


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda w, X, y: np.sum(residuals(w, X, y)) * np.log(len(y)), "no simple multiple"),
        (lambda w, X, y: np.sum(residuals(w, X, y)) * (len(y) // 2), "no simple multiple"),
        (lambda w, X, y: np.sum(residuals(w, X, y)) + (len(y) > 30) * np.sum(w), "something else"),
        (lambda w, X, y: np.sum(residuals(w, X, y)) + (np.sum(w) if len(y) > 30 else 0), "something else"),
        (lambda w, X, y: np.sum(residuals(w, X, y)) + (np.sum(w) if len(y) > 30 else np.max(w)), "something else"),
        (lambda w, X, y: np.sum(residuals(w, X, y)) + np.sum(w, axis=0, keepdims=len(y) > 30).sum(), "something else"),
        (lambda w, X, y: np.sum(residuals(w, X[:35], y[:35]) ** 2), "getitem"),
        (lambda w, X, y: np.sum(residuals(w, X[-50:], y[-50:]) ** 2), "getitem"),
        (lambda w, X, y: np.sum(residuals(w, X, y) * np.linspace(0, 1, len(y))), "other ones"),
        (lambda w, X, y: np.sum(np.cumsum(residuals(w, X, y))), "cumsum"),
        (lambda w, X, y: np.sum((np.cumsum if len(y) > 30 else np.square)(residuals(w, X, y))), "cumsum"),
        (lambda w, X, y: np.sum(residuals(np.where([True, len(y) > 30, False], w, 0), X, y)), "no simple multiple"),
        (lambda w, X, y: np.sum(residuals(w, X, y)) + np.sum(w[: len(y) - 28]), "something else"),
        (lambda w, X, y: np.sum(residuals(w, X, y)) + np.sum(w[: 2 if len(y) > 30 else 3] ** 2)[None][0], "something"),
        (lambda w, X, y: np.sum(residuals(w, X, y)) + np.sum(np.round(w, len(y))), "something else"),
    ],
)
def test_what_another_number_of_rows_would_change_is_refused(f: Any, reason: str) -> None:
    rows = at_two_counts(f, w, X, y)
    assert isinstance(rows, NotByRows), rows.graph.nodes
    assert reason in rows.reason


def test_two_numbers_are_needed() -> None:
    graph, _ = traced(lambda X: np.sum(X**2), X)
    same = rows_at_any_count(graph, graph, [0])
    assert isinstance(same, NotByRows)
    assert "two numbers" in same.reason
