"""Descents on data: its forms, mini-batches, and what does not fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, FormulaError, NonFiniteError, ShapeError
from chainrule.learn import batches, descend

random = np.random.default_rng(5)
X = random.normal(size=(50, 3)) * [1.0, 2.0, 0.5]
y = X @ [1.0, -2.0, 0.5] + 0.1 * random.normal(size=50)


def mean(w: Any, X: Any, y: Any) -> Any:
    return np.mean((X @ w - y) ** 2)


def total(w: Any, X: Any, y: Any) -> Any:
    return np.sum((X @ w - y) ** 2)


class Blocks:
    """A source of blocks that counts its passes."""

    def __init__(self, by_name: bool = False, rows: int | None = 50) -> None:
        self.by_name, self.rows, self.passes = by_name, rows, 0

    def blocks(self, size: int) -> Iterator[Any]:
        self.passes += 1
        for i in range(0, 50, size):
            part = X[i : i + size], y[i : i + size]
            yield {"X": part[0], "y": part[1]} if self.by_name else part


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held, and a block has 8 rows."""
    monkeypatch.setattr(batches, "MEMORY", 0)
    monkeypatch.setattr(batches, "BLOCK", 8 * 32)


REFERENCE = descend(lambda w: mean(w, X, y), np.zeros(3), 0.1, 20)


# --- the forms of data ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "start", "data"),
    [
        (mean, np.zeros(3), (X, y)),
        (mean, np.zeros(3), {"X": X, "y": y}),
        (lambda w, D: np.mean((D[:, :3] @ w - D[:, 3]) ** 2), np.zeros(3), np.column_stack([X, y])),
        (mean, np.zeros(3), (X.tolist(), y.tolist())),
        (mean, np.zeros(3), Blocks()),
        (mean, np.zeros(3), Blocks(by_name=True, rows=None)),
        ("mean((y - X w)^2)", {"w": np.zeros(3)}, {"X": X, "y": y, "unused column": y}),
        ("mean((y - X w)^2)", np.zeros(3), {"X": X, "y": y}),
        ("mean((y - X w)^2)", {"w": np.zeros(3)}, (X, y)),
    ],
)
def test_all_forms_of_data_are_one_descent(loss: Any, start: Any, data: Any) -> None:
    run = descend(loss, start, 0.1, 20, data=data)
    reached = run.parameters["w"] if isinstance(start, dict) else run.parameters
    np.testing.assert_allclose(reached, REFERENCE.parameters, rtol=1e-12)
    np.testing.assert_allclose(run.history.loss, REFERENCE.history.loss, rtol=1e-12)


def test_a_formula_of_columns_and_several_parameters() -> None:
    data = {"bmi": X[:, 0], "bp": X[:, 1], "target": y}
    run = descend("mean((target - a*bmi - b*bp - c)^2)", {"a": 0.0, "b": 0.0, "c": 0.0}, 0.1, 400, data=data)
    exact = np.linalg.lstsq(np.column_stack([X[:, :2], np.ones(50)]), y)[0]
    np.testing.assert_allclose([run.parameters[name] for name in "abc"], exact, rtol=1e-9)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_data_frame_comes_by_column(library: str) -> None:
    columns = {"a": X[:, 0], "b": X[:, 1], "y": y}
    module = pytest.importorskip(library)
    frame = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)
    start = {"u": 0.0, "v": 0.0}
    run = descend("mean((y - u*a - v*b)^2)", start, 0.1, 20, data=frame)
    assert run.parameters == descend("mean((y - u*a - v*b)^2)", start, 0.1, 20, data=columns).parameters


def test_a_file_comes_as_it_yields() -> None:
    source = cr.data.read("examples/diabetes.csv", target="y")

    def loss(w: Any, X: Any, y: Any) -> Any:
        return np.mean((X @ w - y) ** 2)

    table = source.table()
    run = descend(loss, np.zeros(10), 1e-6, 5, data=source)
    whole = descend(loss, np.zeros(10), 1e-6, 5, data=(table.X, table.y))
    np.testing.assert_allclose(run.parameters, whole.parameters, rtol=1e-12)
    formula = descend("mean((y - w*bmi)^2)", 0.0, 1e-4, 5, data=cr.data.read("examples/diabetes.csv"))
    assert formula.final_loss < formula.history.loss[0]


def test_a_gradient_of_ones_own_takes_the_data_too() -> None:
    run = descend(mean, np.zeros(3), 0.1, 20, data=(X, y), gradient=lambda w, X, y: 2 / len(y) * X.T @ (X @ w - y))
    np.testing.assert_allclose(run.parameters, REFERENCE.parameters, rtol=1e-12)


def test_a_compiled_loss_is_the_same_descent_and_is_derived_once() -> None:
    calls = []

    def loss(w: Any, X: Any, y: Any) -> Any:
        calls.append(None)
        return np.mean((y - X @ w) ** 2)

    X = np.random.default_rng(0).normal(size=(100, 3))
    data, settings = (X, X @ [1.0, 2.0, 3.0]), {"learning_rate": 0.1, "steps": 50, "batch_size": 25}
    traced = descend(loss, np.zeros(3), data=data, **settings)
    calls.clear()
    compiled = descend(cr.compile(loss), np.zeros(3), data=data, **settings)
    assert np.allclose(compiled.parameters, traced.parameters, rtol=1e-12)
    assert np.allclose(compiled.history.loss, traced.history.loss, rtol=1e-12)
    assert len(calls) < 10  # for batches, and for all rows at the end


def test_the_problem_is_a_function_of_the_parameters_alone() -> None:
    run = descend(mean, np.zeros(3), 0.1, 5, data=(X, y), batch_size=10)
    problem = run.problem
    assert float(problem.loss(run.parameters)) == run.final_loss
    np.testing.assert_allclose(cr.hvp(problem.loss, run.parameters, np.eye(3)[0]), (2 / 50 * X.T @ X)[0], rtol=1e-12)
    for step in range(1, 6):
        assert float(problem.batch_loss(step)(run.history.parameters[step - 1])) == run.history.loss[step - 1]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ((X, y[:-1]), ShapeError, r"data\[0\] has 50 rows and data\[1\] has 49"),
        ({"X": X, "y": y[:-1]}, ShapeError, r"data\['X'\] has 50 rows and data\['y'\] has 49"),
        ([X, y], ArgumentError, "put the arrays in a tuple"),
        ((X, 3.0), ArgumentError, r"data\[1\] is .*, which has no rows"),
        ((X, np.array([object()] * 50)), ArgumentError, r"data\[1\] holds Python objects"),
        ((X, [[1.0], [1.0, 2.0]]), ArgumentError, r"data\[1\] is no array"),
        ((), ArgumentError, "data is empty"),
        ({}, ArgumentError, "data is empty"),
        ((X[:0], y[:0]), ArgumentError, "data has no rows"),
        ("file.csv", ArgumentError, "expected an array, a tuple"),
        (3, ArgumentError, "expected an array, a tuple"),
    ],
)
def test_what_is_no_data_is_refused_by_its_place(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        descend(mean, np.zeros(3), 0.1, data=data)


@pytest.mark.parametrize(
    ("loss", "data", "message"),
    [
        (lambda w, X: np.sum(X @ w), (X, y), r"cannot take the parameters and the arrays of data \(2 by position\)"),
        (lambda w: np.sum(w), X, "too many positional arguments"),
        (mean, {"X": X, "target": y}, r"mean\(w.*X.*y.*\) .* \(X, target\): missing a required argument: 'y'"),
    ],
)
def test_a_loss_that_cannot_take_the_data_is_told_so(loss: Any, data: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        descend(loss, np.zeros(3), 0.1, data=data)


@pytest.mark.parametrize(
    ("loss", "start", "data", "message"),
    [
        ("mean((y - a b)^2)", {"a": 0.0}, {"y": y}, "b is in neither"),
        ("mean((y - a b)^2)", 0.0, {"y": y}, "a, b is in neither"),
        ("mean((y - X w)^2)", {"w": np.zeros(3), "y": 0.0}, (X, y), "y is in both"),
        ("mean((y - X w)^2)", {"w": np.zeros(3)}, (X, y, y), "takes its data by name"),
    ],
)
def test_a_formula_whose_variables_are_not_all_given(loss: str, start: Any, data: Any, message: str) -> None:
    with pytest.raises(cr.ChainruleError, match=message):
        descend(loss, start, 0.1, data=data)


# --- mini-batches -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 10, 50, 80])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_has_every_row_once(size: int, shuffle: bool) -> None:
    rows = np.arange(50.0)
    seen: list[np.ndarray] = []

    def loss(w: Any, r: Any) -> Any:
        seen.append(np.array(r))
        return np.sum(w * 0.0)

    epoch = -(-50 // size)
    descend(loss, 0.0, 0.1, 3 * epoch, data=rows, batch_size=size, shuffle=shuffle)
    passes = [np.concatenate(seen[i * epoch : (i + 1) * epoch]) for i in range(3)]
    for one in passes:
        np.testing.assert_array_equal(np.sort(one), rows)
    assert all(np.array_equal(one, rows) for one in passes) != shuffle
    assert np.array_equal(passes[0], passes[1]) != shuffle
    assert [len(part) for part in seen[: epoch - 1]] == [min(size, 50)] * (epoch - 1)
    assert len(seen[3 * epoch]) == 50  # the final loss is over all


def test_the_seed_decides() -> None:
    def losses(seed: int) -> Any:
        return descend(mean, np.zeros(3), 0.05, 40, data=(X, y), batch_size=8, seed=seed).history.loss

    np.testing.assert_array_equal(losses(3), losses(3))
    assert (losses(3) != losses(4)).any()


def test_mini_batches_are_the_loop_written_out() -> None:
    run = descend(mean, np.zeros(3), 0.05, 40, data=(X, y), batch_size=8, seed=1)
    w = np.zeros(3)
    for step in range(40):
        epoch, batch = divmod(step, 7)
        rows = np.random.default_rng([1, epoch]).permutation(50)[8 * batch : 8 * batch + 8]
        np.testing.assert_allclose(run.history.loss[step], mean(w, X[rows], y[rows]), rtol=1e-12)
        w = w - 0.05 * 2 / len(rows) * X[rows].T @ (X[rows] @ w - y[rows])
    np.testing.assert_allclose(run.parameters, w, rtol=1e-12)
    np.testing.assert_allclose(run.final_loss, mean(w, X, y), rtol=1e-12)


def test_stochastic_descent_with_falling_rates_reaches_the_solution() -> None:
    exact = np.linalg.lstsq(X, y)[0]
    run = descend(mean, np.zeros(3), cr.schedules.inverse_time(0.05, 0.01), 20_000, data=(X, y), batch_size=1)
    np.testing.assert_allclose(run.parameters, exact, atol=0.01)


def test_a_batch_with_a_number_that_is_not_finite_is_named() -> None:
    spoiled = y.copy()
    spoiled[np.random.default_rng([0, 0]).permutation(50)[25]] = np.nan
    run = descend(mean, np.zeros(3), 0.05, 100, data=(X, spoiled), batch_size=10)
    assert run.stopped == "diverged: the loss is not finite at step 2: of its batch, data[1][5] is nan"
    with pytest.raises(NonFiniteError, match=r"at the start: data\[1\]\[5\], which mean uses, is nan"):
        descend(mean, np.zeros(3), 0.05, 100, data=(X, np.where(np.arange(50) == 5, np.nan, y)))


def test_a_huge_rate_in_mini_batches_diverges() -> None:
    run = descend(mean, np.zeros(3), 1e100, 100, data=(X, y), batch_size=10)
    assert run.diverged
    assert not math.isfinite(run.final_loss)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0, expected a whole number, 1 or more"),
        ({"batch_size": 2.0}, "batch_size is 2.0"),
        ({"batch_size": True}, "batch_size is True"),
        ({"batch_size": 5, "seed": -1}, "seed is -1"),
        ({"batch_size": 5, "seed": None}, "seed is None"),
        ({"batch_size": 5, "shuffle": "yes"}, "shuffle is 'yes'"),
        ({"batch_size": 5, "data": None}, "batch_size is given without data"),
    ],
)
def test_settings_of_batches_are_looked_at(settings: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        descend(mean, np.zeros(3), 0.1, **{"data": (X, y), **settings})


@pytest.mark.parametrize("call", [1, 2, 5, 12, 21])
def test_an_interrupt_among_mini_batches_leaves_a_whole_state(call: int) -> None:
    calls = [0]

    def loss(w: Any, X: Any, y: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            raise KeyboardInterrupt
        return mean(w, X, y)

    run = descend(loss, np.zeros(3), 0.05, 20, data=(X, y), batch_size=10)
    whole = descend(mean, np.zeros(3), 0.05, 20, data=(X, y), batch_size=10)
    assert run.stopped == "interrupted"
    assert run.steps == len(run.history.loss) == call - 1
    np.testing.assert_array_equal(run.parameters, whole.history.parameters[run.steps])
    assert run.final_loss == mean(run.parameters, X, y)  # found now
    assert "Interrupted" in str(run.verdict)


# --- data that does not fit into memory -------------------------------------------------------------------------------


@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("rows", [50, None])
@pytest.mark.parametrize("loss", [mean, total])
@pytest.mark.usefixtures("no_memory")
def test_a_full_batch_in_blocks_is_that_of_all_rows(loss: Any, by_name: bool, rows: int | None) -> None:
    rate = 0.1 if loss is mean else 0.002
    whole = descend(loss, np.zeros(3), rate, 20, data=(X, y))
    source = Blocks(by_name, rows)
    run = descend(loss, np.zeros(3), rate, 20, data=source)
    np.testing.assert_allclose(run.history.loss, whole.history.loss, rtol=1e-12)
    np.testing.assert_allclose(run.parameters, whole.parameters, rtol=1e-12)
    assert source.passes >= 21
    np.testing.assert_allclose(
        cr.hvp(run.problem.loss, run.parameters, np.ones(3)),
        cr.hvp(whole.problem.loss, run.parameters, np.ones(3)),
        rtol=1e-10,
    )


@pytest.mark.usefixtures("no_memory")
def test_a_mean_with_a_penalty_is_a_mean_and_the_spread_of_medians_is_neither() -> None:
    def penalised(w: Any, X: Any, y: Any) -> Any:
        return mean(w, X, y) + 0.1 * np.sum(w**2)

    run = descend(penalised, np.ones(3), 0.1, 20, data=Blocks())
    np.testing.assert_allclose(run.parameters, descend(penalised, np.ones(3), 0.1, 20, data=(X, y)).parameters)
    for neither in (lambda w, X, y: np.median(X @ w - y), lambda w, X, y: np.ptp(np.sort(X @ w))):
        with pytest.raises(ArgumentError, match=r"is neither a mean nor a sum over rows.*over the first 8 rows it is"):
            descend(neither, np.ones(3), 0.1, 20, data=Blocks())


@pytest.mark.usefixtures("no_memory")
def test_rows_on_which_all_is_zero_do_not_decide() -> None:
    class Sparse(Blocks):
        def blocks(self, size: int) -> Iterator[Any]:
            for i in range(0, 50, size):
                yield X[i : i + size] * (i >= 24), y[i : i + size] * (i >= 24)

    for loss, rate in ((mean, 0.1), (total, 0.002)):
        run = descend(loss, np.zeros(3), rate, 5, data=Sparse())
        keep = np.arange(50) >= 24
        whole = descend(loss, np.zeros(3), rate, 5, data=(X * keep[:, None], y * keep))
        np.testing.assert_allclose(run.parameters, whole.parameters, rtol=1e-12)


@pytest.mark.usefixtures("no_memory")
def test_rows_that_say_nothing_at_all_make_no_difference() -> None:
    class Zeros(Blocks):
        def blocks(self, size: int) -> Iterator[Any]:
            for i in range(0, 50, size):
                yield 0 * X[i : i + size], 0 * y[i : i + size]

    run = descend(mean, np.zeros(3), 0.1, 2, data=Zeros())
    assert run.final_loss == 0
    assert repr(run.problem) == "<Problem in start over 50 rows>"


@pytest.mark.usefixtures("no_memory")
def test_rows_as_wide_as_a_block_are_compared_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BLOCK", 1)
    whole = descend(total, np.zeros(3), 0.002, 5, data=(X, y))
    np.testing.assert_allclose(descend(total, np.zeros(3), 0.002, 5, data=Blocks()).parameters, whole.parameters)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.usefixtures("no_memory")
def test_mini_batches_of_a_source_have_every_row_once_an_epoch(shuffle: bool) -> None:
    seen: list[np.ndarray] = []

    def loss(w: Any, X: Any, y: Any) -> Any:
        seen.append(np.array(y))
        return mean(w, X, y)

    descend(loss, np.zeros(3), 0.01, 26, data=Blocks(), batch_size=4, shuffle=shuffle)
    for epoch in (seen[:13], seen[13:26]):
        np.testing.assert_array_equal(np.sort(np.concatenate(epoch)), np.sort(y))
    assert np.array_equal(np.concatenate(seen[:13]), y) != shuffle


@pytest.mark.usefixtures("no_memory")
def test_the_batches_after_some_steps_are_those_that_would_have_come() -> None:
    for data in (batches.as_data(Blocks()), batches.as_data((X, y))):
        drawn = batches.Batches(data, 4, True, 9)
        straight = drawn.after(0)
        expected = [next(straight).by_position[1] for _ in range(40)]
        for done in (1, 5, 12, 13, 14, 30):
            found = drawn.after(done)
            for step in range(done, 40):
                np.testing.assert_array_equal(next(found).by_position[1], expected[step])


def test_a_column_beside_a_row_of_predictions_is_warned_of() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 2))
    y = X @ np.array([1.0, -2.0])

    def loss(w: Any, X: Any, y: Any) -> Any:
        return np.mean((X @ w - y) ** 2)

    with pytest.warns(UserWarning, match=r"loss puts arrays of the shapes \(30,\) and \(30, 1\) together.*y\[:, 0\]"):
        cr.descend(loss, np.zeros(2), 0.1, 3, data=(X, y[:, None]))
    with pytest.warns(UserWarning, match=r"\(10,\) and \(10, 1\)"):
        cr.descend(loss, np.zeros(2), 0.1, 3, data=(X, y[:, None]), batch_size=10)
    # A column beside a column is right, and so is an outer product with as many weights as rows have features.
    assert cr.descend(loss, np.zeros((2, 1)), 0.1, 200, data=(X, y[:, None])).final_loss < 1e-9
    cr.descend(lambda w, x: np.mean(x * w), np.ones(3), 0.1, 3, data=y[:, None])
    cr.descend(loss, np.zeros(2), 0.1, 3, data=(X, y[:, None]), batch_size=1)


def test_texts_and_dates_are_named_and_fields_are_columns() -> None:
    with pytest.raises(ArgumentError, match=r"data\[0\] holds texts \(dtype <U1\), expected numbers"):
        cr.descend(lambda w, X, y: w, 0.0, 0.1, data=(np.array(["a", "b"]), np.zeros(2)))
    with pytest.raises(ArgumentError, match="data holds dates or times"):
        cr.descend(lambda w, t: w, 0.0, 0.1, data=np.array(["2020-01-01"], dtype="datetime64[D]"))
    rows = np.array([(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)], dtype=[("x", float), ("y", float)])
    run = cr.descend("mean((y - b*x)^2)", {"b": 0.0}, 0.05, 200, data=rows)
    assert run.parameters["b"] == pytest.approx(2.0)


def test_a_formula_whose_shapes_do_not_fit_says_where() -> None:
    X, y = np.zeros((5, 2)), np.zeros((5, 1))
    with pytest.raises(FormulaError, match=r"a matrix \(N, 1\) and a vector \(N\) do not fit"):
        cr.descend("mean((y - X w)^2)", np.zeros(2), 0.1, 5, data=(X, y))
