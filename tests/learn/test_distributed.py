"""Descents over the workers of a real cluster: equal to those of one process, also when a worker is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.calculus.containers import flatten
from chainrule.calculus.gradients import value_and_grad
from chainrule.errors import ArgumentError, ClusterError, DataError, MissingExtraError
from chainrule.learn import distributed as module
from chainrule.learn.batches import Block
from chainrule.learn.by_rows import ByRows, Call
from chainrule.learn.distributed import Spread, spread_over

dask = pytest.importorskip("distributed")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

draw = np.random.default_rng(0)
X = draw.normal(size=(4000, 3))
y = np.sin(X @ np.array([1.0, -2.0, 0.5])) + 0.1 * draw.normal(size=4000)
START = {"W": draw.normal(size=(3, 4)), "b": np.zeros(4), "v": draw.normal(size=4)}


def network(p, X, y):
    """The root of a mean: two passes over the rows."""
    return np.sqrt(np.mean((np.tanh(X @ p["W"] + p["b"]) @ p["v"] - y) ** 2)) + 0.01 * np.sum(p["W"] ** 2)


def linear(w, X, y):
    return np.mean((X @ w - y) ** 2)


def numbers(tree: Any) -> Any:
    return np.concatenate([np.ravel(leaf) for _, leaf in flatten(tree)[0]])


def started(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    program = Path(__file__).with_name("cluster_for_tests.py")
    source = str(Path(cr.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, str(program), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": source},
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def ended(process: subprocess.Popen[str]) -> None:
    process.communicate("")


@pytest.fixture(scope="module")
def cluster():
    process, addresses = started()
    yield addresses
    ended(process)


@pytest.fixture(scope="module")
def client(cluster):
    with dask.Client(cluster["two"], set_as_default=False) as client:
        yield client


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    for i in range(4):
        columns = {name: X[i::4, j] for j, name in enumerate("abc")} | {"y": y[i::4]}
        pq.write_table(pa.table(columns), folder / f"{i}.parquet", row_group_size=100)
    return str(folder / "*.parquet")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(module, "LEAST", 100 * 32)
    monkeypatch.setattr(module, "PARTS", 12)


@pytest.mark.parametrize("held", [True, False], ids=["in memory", "read again"])
def test_as_in_one_process(client, files, monkeypatch, held):
    monkeypatch.setattr(module, "HELD", 0.4 if held else 0.0)
    source = cr.data.read(files, target="y")
    run = cr.descend(network, START, 0.1, 4, data=source, cluster=client)
    alone = cr.descend(network, START, 0.1, 4, data=source)
    assert run.stopped == alone.stopped == "steps done"
    np.testing.assert_allclose(numbers(run.parameters), numbers(alone.parameters), rtol=1e-12)
    np.testing.assert_allclose(run.history.loss, alone.history.loss, rtol=1e-12)
    assert client.status == "running"
    assert str(run.verdict)


@pytest.mark.parametrize("optimizer", ["lbfgs", "newton_cg"])
def test_solvers_by_the_address(cluster, files, optimizer):
    source = cr.data.read(files, target="y")
    run = cr.descend(linear, np.zeros(3), steps=3, optimizer=optimizer, data=source, cluster=cluster["two"])
    alone = cr.descend(linear, np.zeros(3), steps=3, optimizer=optimizer, data=source)
    np.testing.assert_allclose(run.parameters, alone.parameters, rtol=1e-8)


def test_arrays_in_memory_and_in_files(client, tmp_path):
    alone = cr.descend(linear, np.zeros(3), "auto", 3, data=(X, y)).parameters
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    (tmp_path / "rows.csv").write_text(
        "a,b,c,y\n" + "".join(f"{a},{b},{c},{t}\n" for (a, b, c), t in zip(X, y, strict=True))
    )
    arrays = cr.data.read((tmp_path / "X.npy", tmp_path / "y.npy"))
    rows = cr.data.read(tmp_path / "rows.csv", target="y")
    for data in ((X, y), {"X": X, "y": y}, arrays, rows):
        run = cr.descend(linear, np.zeros(3), "auto", 3, data=data, cluster=client)
        np.testing.assert_allclose(run.parameters, alone, rtol=1e-9)


def worker_processes(client: Any) -> list[int]:
    return list(client.run(os.getpid).values())


def test_a_worker_is_killed_in_the_middle(client, files):
    source = cr.data.read(files, target="y")
    undisturbed = cr.descend(network, START, 0.1, 5, data=source, cluster=client)
    before = worker_processes(client)

    def kill(steps, loss, parameters):
        if steps == 2:
            os.kill(before[0], signal.SIGKILL)

    run = cr.descend(network, START, 0.1, 5, data=source, cluster=client, callback=kill)
    assert run.stopped == "steps done"
    assert np.array_equal(numbers(run.parameters), numbers(undisturbed.parameters))
    assert np.array_equal(run.history.loss, undisturbed.history.loss)
    assert before[0] not in worker_processes(client)


@pytest.mark.slow
def test_kills_at_random_moments(client, files):
    source = cr.data.read(files, target="y")
    undisturbed = cr.descend(network, START, 0.1, 20, data=source, cluster=client)
    random = np.random.default_rng(0)
    for _ in range(5):
        at = random.integers(1, 20)

        def kill(steps, loss, parameters, at=at):
            if steps == at:
                os.kill(worker_processes(client)[0], signal.SIGKILL)

        run = cr.descend(network, START, 0.1, 20, data=source, cluster=client, callback=kill)
        assert np.array_equal(numbers(run.parameters), numbers(undisturbed.parameters))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs a process that can be stopped")
def test_a_late_answer_counts_once(files):
    """A worker falls silent, its parts are summed by the other one, and then it answers after all."""
    process, addresses = started("2 s")
    try:
        with dask.Client(addresses["two"], set_as_default=False) as client:
            source = cr.data.read(files, target="y")
            undisturbed = cr.descend(network, START, 0.1, 6, data=source, cluster=client)
            silent = worker_processes(client)[0]

            def stop(steps, loss, parameters):
                if steps == 2:
                    os.kill(silent, signal.SIGSTOP)
                if steps == 4:
                    assert silent not in worker_processes(client)
                    os.kill(silent, signal.SIGCONT)
                    time.sleep(1)

            run = cr.descend(network, START, 0.1, 6, data=source, cluster=client, callback=stop)
            assert np.array_equal(numbers(run.parameters), numbers(undisturbed.parameters))
            assert np.array_equal(run.history.loss, undisturbed.history.loss)
    finally:
        ended(process)


class TestRefused:
    def test_what_a_cluster_does_not_do(self, files):
        source = cr.data.read(files, target="y")
        for given, said in (
            ({"data": source, "batch_size": 10}, "batch_size is 10, but on a cluster a step takes all rows"),
            ({"data": source, "gradient": linear}, "gradient is given, but on a cluster the exact gradient is taken"),
            ({}, "cluster is given without data"),
            ({"data": source, "cluster": 7}, "cluster is 7, expected the address of a scheduler"),
        ):
            with pytest.raises(ArgumentError, match=said):
                cr.descend(linear, np.zeros(3), 0.1, 3, **{"cluster": "tcp://127.0.0.1:1", **given})

    def test_a_loss_whose_rows_depend_on_each_other(self, client, files):
        source = cr.data.read(files, target="y")
        with pytest.raises(ArgumentError, match=r"cannot be spread over a cluster: .*mixes the rows"):
            cr.descend(lambda w, X, y: np.median(X @ w - y), np.zeros(3), 0.1, 3, data=source, cluster=client)

    def test_no_scheduler(self, files, monkeypatch):
        with pytest.raises(ClusterError, match="no scheduler answers at 'nonsense://x'"):
            cr.descend(linear, np.zeros(3), 0.1, 3, data=(X, y), cluster="nonsense://x")

    def test_no_workers(self, cluster, monkeypatch):
        monkeypatch.setattr(module, "GRACE", 0.1)
        with pytest.raises(ClusterError, match=r"the cluster at tcp://.* has no workers, and none has come in 0 s"):
            cr.descend(linear, np.zeros(3), 0.1, 3, data=(X, y), cluster=cluster["none"])

    def test_a_file_that_a_worker_cannot_read(self, client, tmp_path):
        for i in range(2):
            (tmp_path / f"{i}.csv").write_text("a,b,c,y\n" + "1,2,3,4\n" * 100)
        source = cr.data.read(str(tmp_path / "*.csv"), target="y")
        (tmp_path / "1.csv").unlink()
        with pytest.raises(DataError, match=r"the worker tcp://.*: 1\.csv: .*under the same path: .*1\.csv"):
            cr.descend(linear, np.zeros(3), 0.1, 3, data=source, cluster=client)

    def test_distributed_is_not_installed(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        with pytest.raises(MissingExtraError, match=r'not installed: pip install "chainrule\[distributed\]"'):
            cr.descend(linear, np.zeros(3), 0.1, 3, data=(X, y), cluster="tcp://127.0.0.1:1")

    def test_clients_that_cannot_be_used(self, cluster, monkeypatch):
        client = dask.Client(cluster["two"], set_as_default=False)
        client.close()
        with pytest.raises(ClusterError, match="a client that is closed"):
            cr.descend(linear, np.zeros(3), 0.1, 3, data=(X, y), cluster=client)
        monkeypatch.setattr(dask.Client, "asynchronous", True)
        with pytest.raises(ArgumentError, match="an asynchronous client"):
            cr.descend(linear, np.zeros(3), 0.1, 3, data=(X, y), cluster=client)

    def test_blocks_of_a_users_own(self, client, monkeypatch):
        class Blocks:
            rows = None

            def blocks(self, size):
                yield X, y

        monkeypatch.setattr("chainrule.learn.batches.MEMORY", 0)
        with pytest.raises(ArgumentError, match="data is read by the workers"), spread_over(client, Blocks()):
            pass

    def test_workers_of_another_version(self, client, monkeypatch):
        monkeypatch.setattr(module, "_kind", lambda: ("0.0.0", 16))
        monkeypatch.setattr(client, "run", lambda f: {"tcp://one": ("0.0.1", 16)})
        with pytest.raises(ClusterError, match=r"the worker tcp://one has chainrule 0\.0\.1, and this process has 0"):
            Spread(client, (X, y))

        def failing(f):
            raise ModuleNotFoundError("No module named 'chainrule'")

        monkeypatch.setattr(client, "run", failing)
        with pytest.raises(ClusterError, match="cannot use chainrule: No module named 'chainrule'; install"):
            Spread(client, (X, y))


class TestWorkersOfSeveralKinds:
    def test_numpy_sums_where_machines_differ(self, client, files, monkeypatch):
        monkeypatch.setattr(module, "vector_bytes", lambda: 8)
        with spread_over(client, (X, y)) as (_, spread):
            assert not spread.native
        run = cr.descend(linear, np.zeros(3), 0.1, 3, data=(X, y), cluster=client)
        np.testing.assert_allclose(run.parameters, cr.descend(linear, np.zeros(3), 0.1, 3, data=(X, y)).parameters)


class TestOnAWorker:
    """What runs in the workers, here: coverage does not see it there."""

    @pytest.mark.parametrize("native", [True, False])
    def test_sums_of_parts_are_the_sums_of_all(self, files, native):
        source = cr.data.read(files, target="y")
        whole = Block.of((source.table().X, source.table().y))
        kind = module._kind()

        class Passes:
            rows = whole.rows

            def totals(self, program, call, section):
                sent = Call(call.fixed, call.rows, call.finished)
                sums = [module._summed(part, program, sent, section, kind, 64) for part in self.parts]
                return module._merged(sums, program, section)

        passes = Passes()
        passes.native = native
        both = ByRows(value_and_grad(network), 1, whole.take(slice(0, 40)))
        wanted = numbers(value_and_grad(network)(START, *whole.by_position))
        pieces = source.parts(150)
        for parts in (pieces, [module._read(part, 64) for part in pieces]):
            passes.parts = parts
            np.testing.assert_allclose(numbers(both.evaluate([START], passes)), wanted, rtol=1e-12)
        assert sum(map(module._counted, pieces)) == whole.rows

    def test_one_that_came_later_is_of_another_kind(self):
        program = SimpleNamespace(native=True)
        with pytest.raises(ClusterError, match="a worker that has come later is of another kind"):
            module._summed([], program, None, 0, ("0.1", 999), 1)  # type: ignore[arg-type]

    def test_which_worker_cannot_read(self, tmp_path, monkeypatch):
        path = tmp_path / "rows.csv"
        path.write_text("a,y\n1,2\n")
        source = cr.data.read(path, target="y")
        path.unlink()
        monkeypatch.setattr(dask, "get_worker", lambda: SimpleNamespace(address="tcp://worker:1"))
        with pytest.raises(DataError, match=r"the worker tcp://worker:1: rows\.csv: .*same path: .*rows\.csv"):
            module._read(source.parts(10)[0], 10)


class TestWaiting:
    """What may happen while a sum is waited for."""

    @pytest.fixture
    def spread(self):
        spread = object.__new__(Spread)
        spread._client = SimpleNamespace(
            status="running", nthreads=lambda: {"tcp://worker:1": 1}, scheduler=SimpleNamespace(address="tcp://here:1")
        )
        spread._parts = [1, 2, 3]
        return spread

    @staticmethod
    def future(*answers, status="pending"):
        left = iter(answers)

        def result(timeout):
            answer = next(left)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return SimpleNamespace(result=result, status=status)

    def test_it_comes_late(self, spread):
        assert spread._wait(self.future(TimeoutError(), TimeoutError(), 7)) == 7

    def test_a_timeout_of_the_task_itself(self, spread):
        with pytest.raises(TimeoutError, match="its own"):
            spread._wait(self.future(TimeoutError("its own"), status="error"))

    def test_all_workers_are_lost(self, spread, monkeypatch):
        monkeypatch.setattr(module, "GRACE", 0.0)
        spread._client.nthreads = dict
        with pytest.raises(ClusterError, match=r"all workers of tcp://here:1 are lost, and none has come in 0 s"):
            spread._wait(self.future(*[TimeoutError()] * 3))

    def test_workers_come_back(self, spread):
        answers = iter([{}, {"tcp://worker:1": 1}, {}])
        spread._client.nthreads = lambda: next(answers)
        assert spread._wait(self.future(TimeoutError(), TimeoutError(), TimeoutError(), 7)) == 7

    def test_the_scheduler_is_lost(self, spread):
        spread._client.status = "closed"
        with pytest.raises(ClusterError, match="the connection to the scheduler at tcp://here:1 is lost"):
            spread._wait(self.future(CancelledError()))

    def test_a_part_that_ends_its_workers(self, spread):
        error = dask.KilledWorker("task", SimpleNamespace(address="w"), 3)
        with pytest.raises(ClusterError, match="4 workers ended while they had the same part of the rows"):
            spread._wait(self.future(error))

    def test_what_is_lost_is_sent_again(self, spread, monkeypatch):
        sent = []
        monkeypatch.setattr(Spread, "_send", lambda self: sent.append(1))
        futures = iter([self.future(CancelledError()), self.future(7)])
        monkeypatch.setattr(Spread, "_asked", lambda self, *given: next(futures))
        assert spread.totals(None, None, 0) == 7
        assert sent == [1]
        monkeypatch.setattr(Spread, "_asked", lambda self, *given: self_lost())
        self_lost = lambda: TestWaiting.future(CancelledError())
        with pytest.raises(ClusterError, match="workers are lost faster than 3 parts of the rows can be summed"):
            spread.totals(None, None, 0)
