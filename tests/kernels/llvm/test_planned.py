"""Functions of users as machine code, against the functions themselves: what `plan` makes is what `emit` writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from emitted_programs import Run
from planned import graph_of

import chainrule as cr
from chainrule.kernels.planning.plan import program_of
from chainrule.passes.evaluate import evaluate
from chainrule.passes.rows import NotByRows, rows_of

ROWS = 150


def softmax_loss(W: Any, X: Any, Y: Any) -> Any:
    z = X @ W
    return -np.mean(np.sum(Y * (z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))), axis=1))


def network(W: Any, b: Any, w: Any, X: Any, y: Any) -> Any:
    return np.mean((np.maximum(X @ W + b, 0) @ w - y) ** 2)


def huber(w: Any, X: Any, y: Any) -> Any:
    e = X @ w - y
    return np.mean(np.where(np.abs(e) < 1, e * e / 2, np.abs(e) - 0.5)) + 0.1 * np.sum(w * w)


def shapes_of_all_kinds(A: Any, x: Any) -> Any:
    B = np.concatenate([A[::-1], A.T @ A], axis=0)
    return np.sum(np.tanh(B) * x, axis=1), np.max(B, axis=0), np.stack([x, -x])


def arrays(random: np.random.Generator, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [random.normal(size=shape) for shape in shapes]


FUNCTIONS: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "mean square": (cr.grad(lambda w, X, y: np.mean((X @ w - y) ** 2)), [(5,), (ROWS, 5), (ROWS,)]),
    "softmax": (cr.value_and_grad(softmax_loss), [(4, 3), (ROWS, 4), (ROWS, 3)]),
    "network": (cr.grad(network, argnums=(0, 1, 2)), [(4, 9), (9,), (9,), (ROWS, 4), (ROWS,)]),
    "huber": (cr.value_and_grad(huber), [(5,), (ROWS, 5), (ROWS,)]),
    "second derivative": (cr.hessian(lambda w, X: np.mean(np.log1p(np.exp(X @ w)))), [(3,), (ROWS, 3)]),
    "columns": (lambda X: (X - X.mean(axis=0)) / X.std(axis=0), [(ROWS, 6)]),
    "rows of a matrix": (lambda X: np.sort(X, axis=1)[:, 0] + X.sum(axis=1), [(ROWS, 6)]),
    "elementwise": (cr.derivative(lambda x: x**2 * np.exp(-x)), [(ROWS,)]),
    "elementwise, two axes": (cr.derivative(lambda x: np.sin(x) / (1 + x * x)), [(ROWS, 3)]),
    "no rows": (shapes_of_all_kinds, [(4, 4), (4,)]),
}


@pytest.mark.parametrize("name", list(FUNCTIONS))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("by_rows", [True, False])
def test_machine_code_is_the_function(name: str, dtype: str, by_rows: bool) -> None:
    f, shapes = FUNCTIONS[name]
    given = [array.astype(dtype) for array in arrays(np.random.default_rng(1), *shapes)]
    graph, values = graph_of(f, *given)
    program = program_of(graph, rows_of(graph) if by_rows else NotByRows("not asked for"))
    if any(section.calls for section in program.sections):
        pytest.skip("NumPy runs a part of it")
    run = Run(program)
    by_row = [(array, axis) for array, axis in zip(values, program.row_axes, strict=True) if axis is not None]
    rows = ROWS
    for array, axis in by_row:
        rows = array.size if program.flat is not None else array.shape[axis]
    found = run.whole(values, rows, 512)
    precise = 1e-4 if dtype == "float32" else 1e-11
    for got, again, want, axis in zip(
        found, run.chunks(values, rows, 512), evaluate(graph, *values), program.output_axes, strict=True
    ):
        assert got.tobytes() == again.tobytes()
        if program.flat is not None:
            got = got.reshape(np.shape(want))
        elif axis:
            got = np.moveaxis(got, 0, axis)
        np.testing.assert_allclose(got, want, rtol=precise, atol=precise)
