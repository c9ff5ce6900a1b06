"""Programs of graphs: their passes, loops and products, and that they compute what the graph does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planned import assert_planned, graph_of, planned

import chainrule as cr
from chainrule.kernels.planning.plan import NotPlannedError, plan
from chainrule.kernels.program import Map, Product, ProductKind
from chainrule.passes.rows import NotByRows, rows_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3))
Y = RNG.normal(size=(50, 4))
y = RNG.normal(size=50)
w = RNG.normal(size=3)
W = RNG.normal(size=(3, 4))
NETWORK = {
    "W1": RNG.normal(size=(3, 5)),
    "b1": RNG.normal(size=5),
    "W2": RNG.normal(size=(5, 4)),
    "b2": RNG.normal(size=4),
}


def mse(w: Any, X: Any, y: Any) -> Any:
    return np.mean((X @ w - y) ** 2)


def logistic(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def softmax(W: Any, X: Any, Y: Any) -> Any:
    return -np.mean(np.sum(Y * cr.special.log_softmax(X @ W, axis=1), axis=1))


def network(p: Any, X: Any, Y: Any) -> Any:
    h = np.tanh(X @ p["W1"] + p["b1"])
    return np.mean((h @ p["W2"] + p["b2"] - Y) ** 2)


LOSSES = {
    "mse": (mse, w, X, y),
    "logistic": (logistic, w, X, y),
    "softmax": (softmax, W, X, Y),
    "network": (network, NETWORK, X, Y),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_gradient_take_one_pass(name: str) -> None:
    loss, *arguments = LOSSES[name]
    program = assert_planned(cr.value_and_grad(loss), *arguments)
    assert sum(section.by_row for section in program.sections) == 1
    assert not any(section.calls for section in program.sections)


def test_the_gradient_of_a_mean_square_is_two_products_and_one_loop() -> None:
    program = planned(cr.value_and_grad(mse), w, X, y)
    (section,) = (section for section in program.sections if section.by_row)
    first, loop, last = section.stages
    assert isinstance(first, Product)
    assert first.kind is ProductKind.ROWS
    assert isinstance(loop, Map)
    assert len(loop.stores) == 1
    assert len(loop.folds) == 1
    assert isinstance(last, Product)
    assert last.kind is ProductKind.OVER_ROWS
    assert section.strip % 32 == 0


def test_hessian_is_a_sum_over_rows() -> None:
    program = assert_planned(cr.hessian(logistic), w, X, y)
    assert sum(section.by_row for section in program.sections) == 1
    many = RNG.normal(size=(200, 70))
    program = assert_planned(cr.hessian(logistic), RNG.normal(size=70) / 9, many, RNG.normal(size=200))
    products = [stage.kind for stage in program.stages() if isinstance(stage, Product)]
    assert products == [ProductKind.ROWS, ProductKind.OVER_ROWS]  # and none with the identity


def test_what_has_one_column_is_a_vector() -> None:
    parameters = {"W1": W, "b1": RNG.normal(size=4), "W2": RNG.normal(size=(4, 1)), "b2": RNG.normal(size=1)}
    program = assert_planned(cr.value_and_grad(network), parameters, X, y[:, None])
    shapes = [(stage.left.shape, stage.right.shape) for stage in program.stages() if isinstance(stage, Product)]
    assert shapes == [((3,), (3, 4)), ((4,), (4,)), ((3,), (4,)), ((4,), ())]


def test_elementwise_functions_are_one_loop() -> None:
    program = assert_planned(cr.derivative(lambda x: 0.5 * x * (1 + np.tanh(0.8 * (x + 0.04 * x**3)))), y)
    ((loop,),) = (section.stages for section in program.sections)
    assert isinstance(loop, Map)
    assert len(loop.stores) == 1


def test_components_of_equal_arrays_are_rows() -> None:
    a, b = RNG.normal(size=(2, 4, 5, 6))
    program = assert_planned(lambda a, b: (np.exp(a) * b + 1.0, np.sum(a * b), np.mean(a, keepdims=True)), a, b)
    assert program.flat == (4, 5, 6)
    assert all(value.shape == () for value in program.inputs)


def test_what_numpy_does_as_well_is_left_to_it() -> None:
    small = cr.graph(np.cumsum, y)
    with pytest.raises(NotPlannedError, match="cumsum"):
        plan(small, NotByRows("tried"))
    many = np.zeros(3_000_000)
    wide, _ = graph_of(lambda x: np.exp(np.cumsum(x)) + np.cumsum(np.sin(x)), many)
    with pytest.raises(NotPlannedError, match="68 MB"):
        plan(wide, rows_of(wide))


def test_complex_numbers_have_no_kernels() -> None:
    graph, _ = graph_of(lambda z: z * z, y * 1j)
    with pytest.raises(NotPlannedError, match="complex128"):
        plan(graph, rows_of(graph))


def test_what_takes_long_to_compile_is_left_to_numpy() -> None:
    def long(x: Any) -> Any:
        for k in range(600):
            x = np.sin(x) * k
        return x

    graph, _ = graph_of(long, y)
    with pytest.raises(NotPlannedError, match="1199 operations"):
        plan(graph, rows_of(graph))


def test_rows_decide_nothing() -> None:
    program = assert_planned(lambda x: np.exp(x) if x[0] > -100 else x, y)
    assert not program.has_rows


def test_layers_as_wide_as_their_input_are_cut_into_rows() -> None:
    def residual(A: Any, X: Any, y: Any) -> Any:
        h = X + np.tanh(X @ A)
        return np.mean((np.sum(h + np.tanh(h @ A), axis=1) - y) ** 2)

    program = assert_planned(cr.value_and_grad(residual), RNG.normal(size=(9, 9)), RNG.normal(size=(50, 9)), y)
    assert sum(section.by_row for section in program.sections) == 1
    assert program.row_axes == (None, 0, 0)


def test_data_that_the_function_found_around_it_has_rows() -> None:
    many, labels = RNG.normal(size=(200, 7)), (RNG.normal(size=200) > 0) * 1.0
    v = RNG.normal(size=7)
    for f in (
        cr.value_and_grad(lambda w: logistic(w, many, labels)),
        lambda w: cr.hvp(lambda w: logistic(w, many, labels), w, v),
        cr.hessian(lambda w: logistic(w, many, labels)),
    ):
        program = assert_planned(f, v / 3)
        assert [section.by_row for section in program.sections].count(True) == 1
        assert program.row_axes == (None,)
        data = [value.name for value, _ in program.constants if value.by_row and value.shape == (7,)]
        assert data == ["many"]  # also where the gradient has it transposed
