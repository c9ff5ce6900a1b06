"""The memory of large results is used again, and never while anything looks at it."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from users_threads import at_once

from chainrule.core.memory import KEPT
from chainrule.kernels.running import results
from chainrule.kernels.running.results import new_array

F64 = np.dtype(np.float64)
SHAPE = (300, 1000)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_kept", results._Kept())


def address(array: Any) -> int:
    return int(array.ctypes.data)


def test_the_next_result_gets_the_memory() -> None:
    first = new_array(SHAPE, F64)
    place = address(first)
    assert type(first) is np.ndarray
    assert first.flags.writeable
    assert first.flags.c_contiguous
    assert address(new_array(SHAPE, F64)) != place
    del first
    gc.collect()
    assert place in {address(x) for x in [new_array(SHAPE, F64) for _ in range(3)]}


LOOKS: dict[str, Callable[[Any], Any]] = {
    "a part": lambda a: a[3:5],
    "a part of a part": lambda a: a[3:50].view(np.int64).T[2:, 1:][::-1],
    "a memoryview": lambda a: np.asarray(memoryview(a)[1:])[2:],
    "strides": lambda a: np.lib.stride_tricks.as_strided(a[4:], (2, 2), (8, 8)),
    "an iterator": lambda a: a.flat,
}


@pytest.mark.parametrize("look", LOOKS)
def test_whatever_looks_at_it_keeps_it(look: str) -> None:
    first = new_array(SHAPE, F64)
    place = address(first)
    seen = LOOKS[look](first)
    del first
    gc.collect()
    others = [new_array(SHAPE, F64) for _ in range(3)]
    assert place not in map(address, others)
    del seen
    gc.collect()
    assert address(new_array(SHAPE, F64)) == place


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "KEPT", 5 * 2**20)
    many = [new_array((200_000 + i,), F64) for i in range(12)]
    del many
    gc.collect()
    kept = results._kept._free
    assert 0 < sum(map(len, kept)) <= 5 * 2**20
    assert KEPT >= 2**28


def test_small_arrays_and_who_wants_nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert new_array((3, 4), F64).base is None
    assert new_array((), F64).shape == ()
    monkeypatch.setenv("CHAINRULE_KEEP_MEMORY", "0")
    assert new_array(SHAPE, F64).base is None


def test_several_threads() -> None:
    def many(number: int) -> None:
        for _ in range(200):
            array = new_array(SHAPE, F64)
            array[::100] = number
            assert np.all(array[::100] == number)

    at_once(many)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_fork_does_not_wait_for_a_thread_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the one that is told of forks
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with results._kept._lock:
            held.set()
            free.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if new_array(SHAPE, F64).shape == SHAPE else 1)
    free.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
