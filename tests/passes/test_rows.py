"""The row axis: what is found, and that blocks of rows give what the whole gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from row_blocks import by_blocks

import chainrule as cr
from chainrule.calculus.recording import record
from chainrule.core.graph import Graph, Node
from chainrule.core.registry import building
from chainrule.core.verify import verify
from chainrule.errors import GuardError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.own_rows import by_comparison
from chainrule.passes.rows import NotByRows, Rows, rows_of
from chainrule.passes.simplify import simplify_to_run

N = 23
RNG = np.random.default_rng(0)
X, Y, y = RNG.normal(size=(N, 3)), RNG.normal(size=(N, 4)), RNG.normal(size=N)
w, W, V = RNG.normal(size=3), RNG.normal(size=(3, 4)), RNG.normal(size=(4, 4))
positive = RNG.uniform(0.5, 2.0, N)
labels = RNG.integers(0, 4, N)


def graph_of(f: Callable[..., Any], *args: Any) -> tuple[Graph, list[Any]]:
    recorded = record(f, args, {}, lambda leaf, place, path: leaf if isinstance(leaf, np.ndarray) else None)
    return simplify_to_run(recorded.graph)[0], list(recorded.values)


def found(f: Callable[..., Any], *args: Any) -> Rows:
    """The rows of a function's graph, after blocks gave what the whole gives."""
    graph, values = graph_of(f, *args)
    rows = rows_of(graph)
    assert isinstance(rows, Rows), rows
    want = evaluate(graph, *values)
    verify(rows.graph)
    for got, whole in zip(evaluate(rows.graph, *values), want, strict=True):
        np.testing.assert_allclose(got, whole, rtol=1e-10, atol=1e-12)
    for cuts in ([], [1, 9], [rows.count - 1]):
        for got, whole in zip(by_blocks(rows, values, cuts), want, strict=True):
            np.testing.assert_allclose(got, whole, rtol=1e-10, atol=1e-12)
    return rows


def refused(f: Callable[..., Any], *args: Any) -> str:
    graph, _ = graph_of(f, *args)
    rows = rows_of(graph)
    assert isinstance(rows, NotByRows)
    return rows.reason


def squared(w: Any, X: Any, y: Any) -> Any:
    return np.mean((X @ w - y) ** 2)


def logistic(w: Any, X: Any, y: Any) -> Any:
    return np.mean(np.logaddexp(0, X @ w) - y * (X @ w))


def network(p: Any, X: Any, Y: Any) -> Any:
    hidden = np.tanh(X @ p["W"] + p["b"])
    return np.mean((hidden @ p["V"] - Y) ** 2) + 0.1 * np.sum(p["W"] ** 2)


ONE_PASS = {
    "linear": (squared, w, X, y),
    "logistic": (logistic, w, X, y),
    "regularised": (lambda w, X, y: squared(w, X, y) + 0.1 * np.sum(np.abs(w)), w, X, y),
    "softmax": (lambda W, X, Y: -np.mean(np.sum(Y * cr.special.log_softmax(X @ W, axis=1), axis=1)), W, X, Y),
    "network": (network, {"W": W, "b": W[0], "V": V}, X, Y),
    "columns are the data": (lambda w, A, y: np.sum((w @ A - y) ** 2), w, X.T.copy(), y),
    "weighted": (lambda w, X, y, s: np.mean(s * np.abs(X @ w - y)), w, X, y, positive),
    "one column of ones": (lambda w, X, y: squared(w, np.column_stack([np.ones(N), X]), y), W[0], X, y),
    "a constant column": (lambda w, X, y: np.mean((X @ w + np.broadcast_to(w[0], N) - y) ** 2), w, X, y),
    "quadratic forms": (lambda A, X, y: np.mean(np.einsum("ni,ij,nj->n", X, A, X) - y), W[:, :3], X, y),
    "reshaped": (lambda W, X, Y: np.mean((np.reshape(X @ W, (N, 2, 2)) - np.reshape(Y, (N, 2, 2))) ** 2), W, X, Y),
    "the largest": (lambda w, X: np.max(X @ w) - np.min(X @ w), w, X),
}


@pytest.mark.parametrize("name", ONE_PASS)
def test_losses_of_one_pass(name: str) -> None:
    f, *args = ONE_PASS[name]
    rows = found(f, *args)
    assert (rows.count, rows.passes) == (N, 1)


@pytest.mark.parametrize("name", [name for name in ONE_PASS if name != "the largest"])
def test_their_gradients(name: str) -> None:
    f, *args = ONE_PASS[name]
    rows = found(cr.value_and_grad(f), *args)
    assert (rows.count, rows.passes) == (N, 1)
    assert {node.name: axis for node, axis in rows.axis.items() if node.is_input}.get("w") is None


@pytest.mark.parametrize(
    ("f", "passes"),
    [
        pytest.param(lambda w, X, y: np.sqrt(squared(w, X, y)), 2, id="root of the mean"),
        pytest.param(lambda w, X, y: np.log(np.mean(np.exp(X @ w - y))), 2, id="log of the mean"),
        pytest.param(lambda w, X, y: np.sum(y**2 * (X @ w) ** 2) / np.sum(y**2), 2, id="weights that add up to 1"),
        pytest.param(lambda w, X, y: squared(w, X - np.mean(X, axis=0), y), 2, id="centred"),
        pytest.param(lambda w, X, y: np.exp(np.sqrt(squared(w, X - np.mean(X, axis=0), y))), 3, id="centred, root"),
    ],
)
def test_sums_that_are_needed_by_row(f: Any, passes: int) -> None:
    assert found(cr.value_and_grad(f), w, X, y).passes == passes


def test_second_derivatives() -> None:
    assert found(cr.hessian(logistic), w, X, y).passes == 1
    assert found(lambda w, X, y, v: cr.hvp(lambda w: logistic(w, X, y), w, v), w, X, y, w).passes == 1


def test_elementwise_functions_are_flat() -> None:
    assert found(cr.derivative(lambda x: x**2 * np.exp(x)), X).flat
    assert found(cr.value_and_grad(lambda x: np.sum(np.tanh(x) ** 2)), X).flat
    assert found(lambda x: np.exp(x) * np.ones_like(x), X).flat
    assert not found(cr.value_and_grad(squared), w, X, y).flat
    assert not found(lambda x: np.sum(np.tanh(x), axis=0), X).flat
    assert not found(lambda x, w: np.tanh(x) * w, X, w).flat
    assert found(lambda x: np.tanh(x) - np.broadcast_to(np.float64(2.0), x.shape), X).flat


OVER_ROWS = {
    "standardised": (lambda w, X, y: squared(w, (X - np.mean(X, axis=0)) / np.std(X, axis=0), y), 3),
    "variance": (lambda w, X, y: np.var(X @ w - y), 2),
    "unbiased variance": (lambda w, X, y: np.var(X @ w - y, ddof=1), 2),
    "norm": (lambda w, X, y: np.linalg.norm(X @ w - y), 2),
    "norm of order 3": (lambda w, X, y: np.linalg.norm(X @ w - y, ord=3), 2),
    "attention": (lambda w, X, y: np.sum(cr.special.softmax(X @ w) * y), 4),
    "log of a softmax": (lambda w, X, y: np.sum(cr.special.log_softmax(X @ w) * y), 3),
    "log of a sum": (lambda w, X, y: cr.special.logsumexp(X @ w - y), 3),
    "largest": (lambda w, X, y: np.max(X @ w - y), 3),
}


@pytest.mark.parametrize("name", OVER_ROWS)
def test_operations_over_rows_are_taken_apart(name: str) -> None:
    f, passes = OVER_ROWS[name]
    assert found(cr.value_and_grad(f), w, X, y).passes == passes
    assert found(f, w, X, y).passes <= passes


@pytest.mark.parametrize(
    "picked",
    [
        pytest.param(lambda z, labels: z[np.arange(N), labels], id="rows, labels"),
        pytest.param(lambda z, labels: z.T[labels, np.arange(N)], id="labels, rows"),
        pytest.param(lambda z, labels: np.take_along_axis(z, labels[:, None], axis=1)[:, 0], id="along an axis"),
        pytest.param(lambda z, labels: z[np.arange(N)[:, None], np.stack([labels, labels], 1)], id="two labels"),
        pytest.param(lambda z, labels: np.stack([z, z**2], 2)[np.arange(N), labels], id="axes behind"),
        pytest.param(lambda z, labels: np.stack([z, z**2], 0)[:, np.arange(N), labels], id="axes in front"),
        pytest.param(lambda z, labels: np.stack([z, z**2], 1)[np.arange(N), :, labels], id="an axis between"),
        pytest.param(lambda z, labels: z[np.arange(N), labels - 4], id="counted from the end"),
    ],
)
def test_labels_by_index(picked: Any) -> None:
    rows = found(cr.value_and_grad(lambda W, X, n: np.sum(np.sin(picked(X @ W, n)) ** 2)), W, X, labels)
    assert (rows.count, rows.passes) == (N, 1)
    held = found(lambda W, X: np.sum(picked(X @ W, labels)), W, X)
    assert held.count == N


def test_labels_out_of_range_are_an_error() -> None:
    graph, values = graph_of(lambda W, X, n: np.sum((X @ W)[np.arange(N), n]), W, X, labels)
    rows = rows_of(graph)
    assert isinstance(rows, Rows)
    for wrong in (4, -5):
        with pytest.raises(GuardError):
            evaluate(rows.graph, *values[:-1], np.where(np.arange(N) == 7, wrong, labels))


def test_writing_by_labels() -> None:
    def replaced(z: Any, n: Any, value: Any) -> Any:
        z = z.copy()
        z[np.arange(N), n] = value
        return z

    for value in (lambda z, w: 0.0, lambda z, w: w[0], lambda z, w: z[:, 0] ** 2):
        rows = found(
            cr.value_and_grad(lambda W, X, n, value=value: np.sum(np.sin(replaced(X @ W, n, value(X @ W, W[0]))))),
            W,
            X,
            labels,
        )
        assert rows.count == N
    grid = np.stack([labels, 3 - labels], 1)

    def twice(z: Any, n: Any) -> Any:
        z = z.copy()
        z[np.arange(N)[:, None], n] = 1.0
        return z

    assert "set_item" in refused(lambda W, X, n: np.sum(twice(X @ W, n) ** 2), W, X, grid)


def test_writing_by_labels_into_more_axes() -> None:
    def written(z: Any, n: Any) -> Any:
        z = np.stack([z, z**2], 2)
        z[np.arange(N), n] = w[:2]
        return np.sum(np.sin(z) ** 2)

    assert found(lambda W, X, n: written(X @ W, n), W, X, labels).count == N
    z, n = Node(None, (), {}, (N, 4, 2), np.dtype(float), "z"), Node(None, (), {}, (N,), np.dtype(int), "n")
    assert by_comparison(building.last_written(z, np.arange(N), n, pattern=("#", "#"))) is None


def test_a_number_is_written_at_labels() -> None:
    z, n = Node(None, (), {}, (N, 4), np.dtype(float), "z"), Node(None, (), {}, (N,), np.dtype(int), "n")
    out = building.scatter(z, 2.5, np.arange(N), n, pattern=("#", "#"))
    graph = Graph((z, n), (out,))
    rows = rows_of(graph)
    assert isinstance(rows, Rows)
    (got,) = by_blocks(rows, [Y, labels], [5])
    np.testing.assert_array_equal(got, evaluate(graph, Y, labels)[0])


def test_tables_of_rows() -> None:
    table = RNG.normal(size=(5, 3))
    rows = found(cr.value_and_grad(lambda T, n, y: np.mean((np.sum(T[n], axis=1) - y) ** 2)), table, labels, y)
    assert (rows.count, rows.passes) == (N, 1)


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda w, X, y: np.mean((np.cumsum(X @ w) - y) ** 2), "cumsum"),
        (lambda w, X, y: np.mean(np.sort(X @ w) * y), "sort"),
        (lambda w, X, y: np.mean((X @ X.T) @ y), "matmul"),
        (lambda w, X, y: np.sum(np.diff(X @ w) ** 2) + np.sum(y), "getitem"),
        (lambda w, X, y: np.mean((X @ w)[::-1] * y), "getitem"),
        (lambda w, X, y: np.sum(np.outer(X @ w, y * (X @ w))), "multiply"),
    ],
)
def test_what_mixes_rows_is_refused(f: Any, reason: str) -> None:
    said = refused(cr.value_and_grad(f), w, X, y)
    assert reason in said
    assert "test_rows.py, line" in said


def test_what_has_no_rows() -> None:
    assert refused(lambda x: np.sin(x), np.float64(1.0) * np.ones(())) == "no argument has an axis"
    assert refused(lambda X: np.size(X) * 1.0 + 0 * X[0, 0], X)
    assert refused(lambda X: X, X) == "nothing is computed by row"
    assert "nonzero" in refused(lambda X: np.sum(X[X > 0]), X)
    assert "nonzero" in refused(lambda y: np.sum(y[y > 0]), y)
    assert refused(lambda x: np.sum(np.sin(x)), np.ones(1)) == "there are fewer than two rows"
    assert refused(lambda x: np.sum(np.sin(x)), np.ones(0)) == "there are fewer than two rows"


@pytest.mark.parametrize("size", [2, 3, 4])
def test_sizes_that_coincide(size: int) -> None:
    """As many rows as columns, as classes, as hidden units."""
    X, Y, W = (RNG.normal(size=(size, size)) for _ in range(3))
    for f, args in (
        (squared, (W[0], X, Y[0])),
        (network, ({"W": W, "b": W[0], "V": W.T.copy()}, X, Y)),
        (lambda W, X, n: np.sum(np.cos((X @ W)[np.arange(size), n])), (W, X, np.arange(size)[::-1].copy())),
        (lambda W, X, n: np.sum(np.cos((X @ W)[np.arange(size), n])), (W, X, np.arange(size))),
        (lambda w, X: np.sum(np.sin(X * w) + X.T), (W[0], X)),
        (lambda w, X: np.sum(np.sin(X @ w) * w), (W[0], X)),
        (lambda X: np.sum(np.sin(X + X.T)), (X,)),
        (lambda X: np.transpose(np.tanh(X)), (X,)),
    ):
        graph, values = graph_of(f, *args)
        rows = rows_of(graph)
        if isinstance(rows, Rows):
            assert rows.sums == tuple(rows.folding)
            for got, want in zip(by_blocks(rows, values, [1]), evaluate(graph, *values), strict=True):
                np.testing.assert_allclose(got, want, rtol=1e-12)
    assert isinstance(rows_of(graph_of(lambda X: np.sum(np.sin(X + X.T)), X)[0]), NotByRows)


def test_arrays_without_components() -> None:
    def clipped(x: Any, low: Any, high: Any) -> Any:
        return np.sum(np.sin(np.clip(x, low, high)))

    graph, _ = graph_of(cr.value_and_grad(clipped, argnums=(0, 1, 2)), np.zeros(0), np.array(-1.0), np.array(1.0))
    assert isinstance(rows_of(graph), NotByRows)


def test_rows_that_are_given() -> None:
    graph, _ = graph_of(cr.value_and_grad(squared), w, X, y)
    rows = rows_of(graph, [None, 0, 0])
    assert isinstance(rows, Rows)
    assert rows.count == N
    assert isinstance(rows_of(graph, [0, 1, None]), Rows)
    for axes, reason in (
        ([None, None, 0], "X would be cut into rows as well"),
        ([None, 1, 0], "not as many"),
        ([0, 0, None], "not as many"),
        ([None, None, None], "have no rows"),
    ):
        said = rows_of(graph, axes)
        assert isinstance(said, NotByRows)
        assert reason in said.reason
    square = RNG.normal(size=(3, 3))
    graph, _ = graph_of(cr.value_and_grad(squared), w, square, y[:3])
    assert isinstance(rows_of(graph, [None, 0, 0]), Rows)
    refusal = rows_of(graph, [0, 0, 0])
    assert isinstance(refusal, NotByRows)
