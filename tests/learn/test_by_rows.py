"""Losses over rows by the program of their graph: blocks equal the whole, whatever the loss is over its rows."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.calculus.containers import flatten
from chainrule.calculus.gradients import value_and_grad
from chainrule.kernels.running.blocks import add_up
from chainrule.learn import batches, by_rows
from chainrule.learn.batches import Block
from chainrule.learn.by_rows import ByRows, NotByRowsError, added
from chainrule.special import log_softmax, softplus

ROWS = 203
draw = np.random.default_rng(0)
X, y = draw.normal(size=(ROWS, 4)), draw.normal(size=ROWS)
labels = draw.integers(0, 3, ROWS)
w = draw.normal(size=4)


class Blocks:
    """Rows in blocks of any sizes, as a source."""

    def __init__(self, data: Any, sizes: Any = (50,)) -> None:
        self.whole, self.sizes, self.passes = Block.of(data), sizes, 0

    @property
    def rows(self) -> int:
        return self.whole.rows

    def blocks(self, size: int = 50) -> Iterator[Any]:
        self.passes += 1
        first, i = 0, 0
        while first < self.rows:
            count = self.sizes[i % len(self.sizes)]
            part = self.whole.take(slice(first, first + count))
            yield part.by_position or dict(part.by_name)
            first, i = first + count, i + 1


class Passes:
    native = True

    def __init__(self, data: Any, sizes: Any) -> None:
        self.source = Blocks(data, sizes)

    @property
    def rows(self) -> int:
        return self.source.rows

    def totals(self, program: Any, call: Any, section: int) -> Any:
        return program.over(call, section, map(Block.of, self.source.blocks()))


def residual(w, X, y):
    return X @ w - y


def network(p, X, y):
    return np.mean((np.tanh(X @ p["W"] + p["b"]) @ p["v"] - y) ** 2) + 0.01 * np.sum(p["W"] ** 2)


AT = {"W": draw.normal(size=(4, 5)), "b": np.zeros(5), "v": draw.normal(size=5)}
LOSSES: dict[str, tuple[Any, Any, Any]] = {
    "mean": (lambda w, X, y: np.mean(residual(w, X, y) ** 2), w, (X, y)),
    "sum": (lambda w, X, y: np.sum(residual(w, X, y) ** 2), w, (X, y)),
    "sum and a penalty": (lambda w, X, y: np.sum(residual(w, X, y) ** 2) + np.sum(w**2), w, (X, y)),
    "root of a mean": (lambda w, X, y: np.sqrt(np.mean(residual(w, X, y) ** 2)), w, (X, y)),
    "logarithm of a mean": (lambda w, X, y: np.log(np.mean(residual(w, X, y) ** 2)), w, (X, y)),
    "largest": (lambda w, X, y: np.max(np.abs(residual(w, X, y))), w, (X, y)),
    "about the mean": (lambda w, X, y: np.mean((X @ w - np.mean(X @ w)) ** 2), w, (X, y)),
    "Huber": (
        lambda w, X, y: np.mean(
            np.where(abs(residual(w, X, y)) < 1, residual(w, X, y) ** 2 / 2, abs(residual(w, X, y)) - 0.5)
        ),
        w,
        (X, y),
    ),
    "logistic": (lambda w, X, y: np.mean(softplus(X @ w) - (y > 0) * (X @ w)), w, (X, y)),
    "Poisson": (lambda w, X, y: np.mean(np.exp(X @ w) - y * (X @ w)), w, (X, y)),
    "softmax": (
        lambda W, X, t: -np.mean(np.sum(log_softmax(X @ W) * t, axis=1)),
        draw.normal(size=(4, 3)),
        (X, np.eye(3)[labels]),
    ),
    "network by name": (network, AT, {"X": X, "y": y}),
    "over the number of rows": (lambda w, X, y: np.sum(residual(w, X, y) ** 2) / (2 * len(y)), w, (X, y)),
    "unbiased": (lambda w, X, y: np.sum(residual(w, X, y) ** 2) / (X.shape[0] - 1), w, (X, y)),
    "variance": (lambda w, X, y: np.var(X @ w - y), w, (X, y)),
    "classes by number": (
        lambda W, X, t: -np.mean(log_softmax(X @ W)[np.arange(len(t)), t]),
        draw.normal(size=(4, 3)),
        (X, labels),
    ),
    "ones beside": (lambda w, X, y: np.mean((np.column_stack([np.ones(len(X)), X]) @ w - y) ** 2), np.ones(5), (X, y)),
    "one number a row": (lambda s, y: np.mean((y - s) ** 2), 0.5, (y,)),
}


def numbers(tree: Any) -> Any:
    return np.concatenate([np.ravel(leaf) for _, leaf in flatten(tree)[0]])


@pytest.fixture(params=["native", "NumPy"])
def runs(request, monkeypatch):
    if request.param == "NumPy":
        monkeypatch.setenv("CHAINRULE_KERNELS", "0")
    return request.param


@pytest.mark.parametrize("loss", LOSSES)
def test_blocks_equal_the_whole(loss, runs):
    f, at, data = LOSSES[loss]
    whole = Block.of(data)
    both = ByRows(value_and_grad(f), 1, whole.take(slice(0, 40)))
    wanted = numbers(value_and_grad(f)(at, *whole.by_position, **whole.by_name))
    for sizes in ((ROWS,), (64, 1, 3), (17,)):
        found = numbers(both.evaluate([at], Passes(data, sizes)))
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12 * np.abs(wanted).max())
    once, again = (numbers(both.evaluate([at], Passes(data, (17,)))) for _ in range(2))
    assert np.array_equal(once, again)


def test_floats_stay_floats():
    single = (X.astype("f"), y.astype("f"))
    both = ByRows(value_and_grad(LOSSES["mean"][0]), 1, Block.of(single))
    value, slope = both.evaluate([w.astype("f")], Passes(single, (17,)))
    assert (value.dtype, slope.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(slope, value_and_grad(LOSSES["mean"][0])(w, X, y)[1], rtol=1e-4)


@pytest.mark.parametrize("count", range(1, 40))
def test_the_tree_is_that_of_chunks(count):
    sums = [str(i) for i in range(count)]

    def merge(into, other):
        sums[into] = f"({sums[into]} {sums[other]})"

    add_up(count, merge)
    assert added(map(str, range(count)), lambda into, other: f"({into} {other})") == sums[0]


def test_a_tree_of_nothing():
    with pytest.raises(cr.ChainruleError, match="no blocks"):
        added([], lambda into, other: into)


def test_few_sums_are_held_at_a_time():
    alive = 0
    most = 0

    def made():
        nonlocal alive, most
        for _ in range(1000):
            alive += 1
            most = max(most, alive)
            yield 1

    def merge(into, other):
        nonlocal alive
        alive -= 1
        return into + other

    assert added(made(), merge) == 1000
    assert most <= 12


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda w, X, y: np.median(X @ w - y), "mixes the rows"),
        (lambda w, X, y: X @ w - y, "cannot be traced"),
        (lambda w, X, y: np.sum((X @ w) * np.arange(float(len(X)))), "as many rows as there are data"),
        (lambda w, X, y: float(np.sum(w)) * np.sum(X @ w), "cannot be traced"),
    ],
)
def test_what_cannot_be_taken_apart(f, said):
    with pytest.raises(NotByRowsError, match=said):
        ByRows(value_and_grad(f), 1, Block.of((X, y))).evaluate([w], Passes((X, y), (50,)))


def test_a_branch_on_parameters_is_traced_again():
    def f(w, X, y):
        return np.mean(residual(w, X, y) ** 2) if np.sum(w) > 0 else np.mean(np.abs(residual(w, X, y)))

    both = ByRows(value_and_grad(f), 1, Block.of((X, y)))
    for at in (np.ones(4), -np.ones(4), 2 * np.ones(4)):
        found = numbers(both.evaluate([at], Passes((X, y), (50,))))
        np.testing.assert_allclose(found, numbers(value_and_grad(f)(at, X, y)), rtol=1e-12)


def test_a_branch_on_all_rows_is_none_of_a_few():
    def f(w, X, y):
        return np.mean(residual(w, X, y) ** 2) * (2 if np.sum(X) > 1e6 else 1)

    large = X.copy()
    large[-1] = 1e6
    with pytest.raises(NotByRowsError, match="was traced through a branch"):
        ByRows(value_and_grad(f), 1, Block.of((large, y)).take(slice(0, 40))).evaluate([w], Passes((large, y), (50,)))


class TestDescents:
    @pytest.fixture(autouse=True)
    def no_memory(self, monkeypatch):
        monkeypatch.setattr(batches, "MEMORY", 0)

    @pytest.mark.parametrize("loss", ["root of a mean", "sum and a penalty", "network by name"])
    @pytest.mark.parametrize("optimizer", ["gd", "lbfgs", "newton_cg"])
    def test_streamed_equals_whole(self, loss, optimizer):
        f, at, data = LOSSES[loss]
        rate = 0.002 if optimizer == "gd" else None
        run = cr.descend(f, at, rate, 5, optimizer=optimizer, data=Blocks(data))
        whole = cr.descend(f, at, rate, 5, optimizer=optimizer, data=data)
        np.testing.assert_allclose(numbers(run.parameters), numbers(whole.parameters), rtol=1e-8)
        assert run.final_loss == pytest.approx(whole.final_loss, rel=1e-10)
        assert str(run.verdict)
        assert float(run.problem.loss(run.parameters)) == pytest.approx(run.final_loss)

    def test_the_same_bits_again(self):
        f, at, data = LOSSES["network by name"]
        one, two = (cr.descend(f, at, 0.01, 10, data=Blocks(data, (17, 30))) for _ in range(2))
        assert np.array_equal(numbers(one.parameters), numbers(two.parameters))

    def test_one_pass_an_evaluation(self):
        f, at, data = LOSSES["mean"]
        source = Blocks(data)
        cr.descend(f, at, 0.01, 10, data=source)
        assert source.passes <= 11 + 5  # and before: how many rows there are, the first ones

    def test_one_that_cannot_be_taken_apart_may_be_a_mean(self):
        def f(w, X, y):
            rows = np.array([float(r) for r in y])  # not followed
            return np.mean((X @ w - rows) ** 2)

        for optimizer, rate in (("gd", 0.01), ("newton_cg", None)):
            run, whole = (cr.descend(f, w, rate, 3, optimizer=optimizer, data=d) for d in (Blocks((X, y)), (X, y)))
            np.testing.assert_allclose(run.parameters, whole.parameters, rtol=1e-8)
            assert float(run.problem.loss(run.parameters)) == pytest.approx(run.final_loss)
        np.testing.assert_allclose(cr.grad(run.problem.loss)(w), cr.grad(whole.problem.loss)(w), rtol=1e-10)

    def test_a_compiled_loss(self):
        f, at, data = LOSSES["root of a mean"]
        run = cr.descend(cr.compile(f), at, 0.01, 5, data=Blocks(data))
        np.testing.assert_allclose(run.parameters, cr.descend(f, at, 0.01, 5, data=data).parameters, rtol=1e-10)

    def test_a_gradient_of_ones_own_is_what_is_used(self):
        run = cr.descend(LOSSES["mean"][0], w, 0.1, 1, gradient=lambda w, X, y: np.ones(4), data=Blocks((X, y)))
        np.testing.assert_allclose(run.parameters, w - 0.1)

    def test_why_neither(self):
        with pytest.raises(cr.ArgumentError, match="neither a mean nor a sum") as caught:
            cr.descend(lambda w, X, y: np.median(X @ w - y), w, 0.1, 1, data=Blocks((X, y)))
        assert "mixes the rows" in caught.value.__notes__[0]

    def test_a_wrong_loss_is_said_at_the_users_line(self):
        with pytest.raises(ValueError, match="matmul"):
            cr.descend(lambda w, X, y: np.mean((X @ w[:2] - y) ** 2), w, 0.1, 1, data=Blocks((X, y)))


def test_what_is_found_on_a_few_rows_is_compared(monkeypatch):
    monkeypatch.setattr(by_rows, "TOLERANCE", -1.0)
    with pytest.raises(NotByRowsError, match="a number of rows stands in it"):
        ByRows(value_and_grad(LOSSES["mean"][0]), 1, Block.of((X, y))).evaluate([w], Passes((X, y), (50,)))


class TestFilesInBlocks:
    """Descents over files that are read again at every step."""

    @pytest.fixture
    def source(self, tmp_path, monkeypatch):
        monkeypatch.setattr(batches, "MEMORY", 0)
        monkeypatch.setattr(batches, "PASS", 20 * 40)
        np.save(tmp_path / "X.npy", X)
        np.save(tmp_path / "y.npy", y)
        return cr.data.read((tmp_path / "X.npy", tmp_path / "y.npy"))

    @staticmethod
    def threads() -> int:
        return sum(thread.name == "chainrule-ahead" for thread in threading.enumerate())

    def test_equal_to_memory(self, source):
        run = cr.descend(LOSSES["mean"][0], w, 0.1, 5, data=source)
        np.testing.assert_allclose(run.parameters, cr.descend(LOSSES["mean"][0], w, 0.1, 5, data=(X, y)).parameters)
        assert self.threads() == 0

    def test_a_file_that_changes_between_two_steps(self, source, tmp_path):
        def write(steps, loss, parameters):
            if steps == 2:
                np.save(tmp_path / "y.npy", np.append(y, 0.0))

        with pytest.raises(cr.DataError, match=r"y\.npy: has changed since it was first read"):
            cr.descend(LOSSES["mean"][0], w, 0.1, 5, data=source, callback=write)
        assert self.threads() == 0

    def test_an_interrupt_ends_the_run_and_the_thread(self, source, monkeypatch):
        taken = by_rows.RowProgram.over
        calls = 0

        def interrupted(self, call, section, blocks):
            nonlocal calls
            calls += 1
            if calls == 6:
                next(iter(blocks))
                raise KeyboardInterrupt
            return taken(self, call, section, blocks)

        monkeypatch.setattr(by_rows.RowProgram, "over", interrupted)
        run = cr.descend(LOSSES["mean"][0], w, 0.1, 50, data=source)
        assert run.interrupted
        assert 0 < run.steps < 6
        gc.collect()
        assert self.threads() == 0


class TestColumns:
    """Files of columns: a program takes them as they are."""

    @pytest.fixture
    def source(self, tmp_path, monkeypatch):
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        monkeypatch.setattr(batches, "MEMORY", 0)
        columns = {name: X[:, j] for j, name in enumerate("abcd")} | {"y": y}
        columns |= {"ok": X[:, 0] > 0, "class": np.array(["u", "v", "w"])[labels]}
        pq.write_table(pa.table(columns), tmp_path / "rows.parquet", row_group_size=40)
        return lambda **given: cr.data.read(tmp_path / "rows.parquet", target="y", **given)

    def test_columns_are_those_of_blocks(self, source):
        for rows in (source(), source(dtype="float32"), source().table(), source().parts(40)[1]):
            blocks = [*rows.columns()]
            X, y = (np.concatenate(parts) for parts in zip(*rows.blocks(50), strict=True))
            found = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
            assert np.array_equal(np.column_stack(found[:-1]), X)
            assert np.array_equal(found[-1], y)
            assert {part.dtype for part in found} == {X.dtype}
        assert not cr.data.read("examples/diabetes.csv").in_columns

    @pytest.mark.parametrize("optimizer", ["gd", "newton_cg"])
    @pytest.mark.parametrize("apart", [32, 3])
    def test_equal_to_memory(self, source, monkeypatch, optimizer, apart):
        monkeypatch.setattr("chainrule.learn.data.row_source.APART", apart)
        rows, f = source(), LOSSES["root of a mean"][0]
        assert rows.in_columns == (apart == 32)
        whole, start = rows.table(), np.zeros(7)
        rate = 0.1 if optimizer == "gd" else None
        run = cr.descend(f, start, rate, 4, optimizer=optimizer, data=rows)
        alone = cr.descend(f, start, rate, 4, optimizer=optimizer, data=(whole.X, whole.y))
        np.testing.assert_allclose(run.parameters, alone.parameters, rtol=1e-7)

    def test_what_cannot_be_done_with_columns_is_done_with_rows(self, source, monkeypatch):
        made = ByRows._traced

        def refused(self, trees, native):
            if len(self._head.by_position) > 2:
                raise NotByRowsError("no columns here")
            return made(self, trees, native)

        monkeypatch.setattr(ByRows, "_traced", refused)
        rows, f = source(), LOSSES["mean"][0]
        whole = rows.table()
        for optimizer, rate in (("gd", 0.1), ("newton_cg", None)):
            run = cr.descend(f, np.zeros(7), rate, 3, optimizer=optimizer, data=rows)
            alone = cr.descend(f, np.zeros(7), rate, 3, optimizer=optimizer, data=(whole.X, whole.y))
            np.testing.assert_allclose(run.parameters, alone.parameters, rtol=1e-8)
