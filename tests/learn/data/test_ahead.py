"""What runs ahead in a thread: order, how far, errors, and an early end."""

from __future__ import annotations

import gc
import signal
import threading
import time

import numpy as np
import pytest

from chainrule.learn.data.ahead import ahead


def running() -> int:
    return sum(thread.name == "chainrule-ahead" for thread in threading.enumerate())


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_the_same_items_in_the_same_order(depth):
    assert list(ahead(iter(range(200)), depth)) == list(range(200))
    assert running() == 0


@pytest.mark.parametrize("depth", [1, 3])
def test_no_more_than_so_many_are_made(depth):
    made = 0

    def items():
        nonlocal made
        for i in range(50):
            made += 1
            yield i

    for i in ahead(items(), depth):
        time.sleep(0.002)
        assert made <= i + 1 + depth


def test_what_is_made_is_freed_when_it_is_used():
    class Item:
        alive = 0

        def __init__(self):
            Item.alive += 1

        def __del__(self):
            Item.alive -= 1

    most = 0
    for item in ahead((Item() for _ in range(30)), 2):
        time.sleep(0.001)
        most = max(most, Item.alive)
        del item
    assert most <= 4
    assert Item.alive == 0


def test_an_error_comes_where_its_item_would():
    def items():
        yield 1
        yield 2
        raise ValueError("no third")

    reader = ahead(items(), 3)
    assert [next(reader), next(reader)] == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(reader)
    assert running() == 0


@pytest.mark.parametrize("ended", ["closed", "forgotten"])
def test_an_early_end_closes_the_iterator_in_its_thread(ended):
    closed_in: list[str] = []

    def items():
        try:
            while True:
                yield 1
        finally:
            closed_in.append(threading.current_thread().name)

    reader = ahead(items(), 2)
    assert next(reader) == 1
    if ended == "closed":
        reader.close()
    else:
        del reader
        gc.collect()
    assert closed_in == ["chainrule-ahead"]
    assert running() == 0


def test_one_that_was_never_begun_has_no_thread():
    ahead(iter([1]), 1)
    assert running() == 0


def test_how_numpy_answers_is_the_readers():
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        list(ahead(np.float64(1) / np.float64(0) for _ in range(1)))
    with np.errstate(divide="ignore"):
        assert list(ahead(np.float64(1) / np.float64(0) for _ in range(1))) == [np.inf]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer's signal")
def test_an_interrupt_while_waiting():
    """Ctrl-C reaches a reader that waits for an item."""
    waiting = threading.Event()

    def items():
        yield 1
        waiting.wait(10)
        yield 2

    def interrupt(number, frame):
        waiting.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        reader = ahead(items())
        assert next(reader) == 1
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            next(reader)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert running() == 0
