"""The pool: all tasks once, errors, Ctrl-C, nesting, forks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import ArgumentError
from chainrule.kernels.running import threads


@pytest.fixture(autouse=True)
def _several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_THREADS", "4")


@pytest.mark.parametrize("asked", [1, 2, 4, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 64, 1000])
def test_every_task_runs_once(asked: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_THREADS", str(asked))
    done: list[int] = []
    threads.run(done.append, count)
    assert sorted(done) == list(range(count))


def test_tasks_at_once_have_places_of_their_own() -> None:
    taken: set[int] = set()
    clashes: list[int] = []
    meet = threading.Barrier(4, timeout=20)

    def task(index: int, place: int) -> None:
        if place in taken or place >= threads.places(4):
            clashes.append(place)
        taken.add(place)
        meet.wait()  # all four threads are needed, so all four run
        taken.discard(place)

    for _ in range(5):
        threads.run_in_places(task, 4)
    assert clashes == []


def test_the_first_exception_wins_and_the_rest_stays_undone() -> None:
    begun: list[int] = []

    def task(index: int) -> None:
        begun.append(index)
        if index == 3:
            raise KeyError(index)
        time.sleep(0.001)

    with pytest.raises(KeyError):
        threads.run(task, 10_000)
    assert len(begun) < 5_000
    threads.run(begun.append, 10)  # the pool goes on


def test_an_exception_in_another_thread_is_raised_here() -> None:
    here = threading.get_ident()
    ran_elsewhere = threading.Event()

    def task(index: int) -> None:
        if threading.get_ident() == here:
            ran_elsewhere.wait(20)
            return
        ran_elsewhere.set()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        threads.run(task, 2)


def test_tasks_that_run_tasks_go_on_alone() -> None:
    seen: dict[int, set[int]] = {}

    def task(index: int) -> None:
        inside: set[int] = set()
        threads.run(lambda k: inside.add(threading.get_ident()), 20)
        seen[index] = inside

    threads.run(task, 8)
    assert sorted(seen) == list(range(8))
    assert all(len(inside) == 1 for inside in seen.values())


def test_several_callers_at_once() -> None:
    totals: list[int] = []

    def caller() -> None:
        for _ in range(50):
            done: list[int] = []
            threads.run(done.append, 30)
            totals.append(sum(done))

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    assert totals == [sum(range(30))] * 200


def test_tasks_see_the_callers_errstate() -> None:
    here = threading.get_ident()
    elsewhere = threading.Event()

    def task(index: int) -> None:
        if threading.get_ident() == here:
            elsewhere.wait(20)
        else:
            elsewhere.set()
        with pytest.raises(FloatingPointError):
            np.log(np.zeros(3))

    with np.errstate(divide="raise"):
        threads.run(task, 2)


def test_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert threads.threads() == 4
    monkeypatch.delenv("CHAINRULE_THREADS")
    assert threads.threads() == len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads.threads() == 1
    for wrong in ("none", "0", "-2", "1.5", "9999", "²"):
        monkeypatch.setenv("CHAINRULE_THREADS", wrong)
        with pytest.raises(ArgumentError, match="expected a whole number"):
            threads.threads()


def test_where_no_thread_can_be_started_the_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads._Pool, "shared", threads._Pool())
    monkeypatch.setattr(threading.Thread, "start", refuse)
    done: list[int] = []
    threads.run(done.append, 20)
    assert sorted(done) == list(range(20))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_of_fork_has_a_pool_of_its_own() -> None:
    threads.run(lambda index: None, 8)
    child = os.fork()
    if child == 0:  # pragma: no cover  another process
        signal.alarm(20)
        done: list[int] = []
        threads.run(done.append, 100)
        os._exit(0 if sorted(done) == list(range(100)) else 1)
    assert os.waitpid(child, 0)[1] == 0


INTERRUPTED = """
import ctypes, os, signal, sys, threading, time
from chainrule.kernels.running import threads
os.environ["CHAINRULE_THREADS"] = "2"
sleep = ctypes.CDLL(None).usleep  # releases the GIL, as a kernel does
running = [0]
for moment in range(25):
    delay = 0.0005 + 0.0003 * moment
    def interrupt():
        time.sleep(delay)
        global sent
        sent = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)
    def task(index):
        running[0] += 1
        sleep(2000)
        running[0] -= 1
    try:
        threading.Thread(target=interrupt).start()
        while True:
            threads.run(task, 1000)
    except KeyboardInterrupt:
        took = time.perf_counter() - sent
        assert took < 0.2 or took < 5 and sys.argv[1:] == ["busy"], took
    done = []
    threads.run(done.append, 10)
    assert sorted(done) == list(range(10))
print("usable")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent by number")
def test_ctrl_c_stops_soon_and_leaves_the_pool_usable(tmp_path: Path) -> None:
    # Other tests run beside it, so only a manual run without the argument holds it to 200 ms.
    code = [sys.executable, "-c", INTERRUPTED, "busy"]
    done = subprocess.run(code, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("usable\n", "")


def test_no_more_threads_than_asked_for(monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", "4")
    with threads.at_most(1):
        assert threads.places(10) == 1
        with threads.at_most(3):
            assert threads.places(10) == 3
    assert threads.places(10) == 4
