"""One pool of threads for all cores, for tasks that release the GIL.

The thread that asks takes tasks as well: nothing waits while it could work, and on the main thread a Ctrl-C is seen
after each task. What a task computes must depend on its number alone, not on who runs it.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from queue import SimpleQueue
from typing import final

from chainrule.errors import ArgumentError

__all__ = ["at_most", "places", "run", "run_in_places", "threads"]

_limit: ContextVar[int | None] = ContextVar("threads", default=None)


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Kernels that are called inside run on no more threads than these: a task of a cluster has one core."""
    before = _limit.set(count)
    try:
        yield
    finally:
        _limit.reset(before)


def threads() -> int:
    """How many threads kernels run on: CHAINRULE_THREADS, else the cores that this process may use.

    Raises:
        ArgumentError: CHAINRULE_THREADS is no positive whole number.
    """
    asked = os.environ.get("CHAINRULE_THREADS", "").strip()
    if not asked:
        return _cores()
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= 1024:
        raise ArgumentError(f"CHAINRULE_THREADS is {asked!r}, expected a whole number from 1 to 1024")
    return int(asked)


def _cores() -> int:
    """What the scheduler lets this process use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(task: Callable[[int], None], count: int) -> None:
    """Run `task(0)` to `task(count - 1)` on all cores, and return when all are done.

    Args:
        task: called from several threads at once; it is fast if it spends its time without the GIL.
        count: how many.

    Raises:
        BaseException: the first that a task raised; tasks that have not begun are left out then.
    """
    run_in_places(lambda index, place: task(index), count)


def places(count: int) -> int:
    """How many tasks of `count` run at once at most."""
    limit = _limit.get()
    return max(1, min(threads(), count if limit is None else min(limit, count)))


def run_in_places(task: Callable[[int, int], None], count: int) -> None:
    """Like `run`, for tasks that want memory of their own: `task(index, place)`.

    Args:
        task: the second argument is a number below `places(count)`; no two tasks that run at once have the same.
        count: how many.

    Raises:
        BaseException: the first that a task raised; tasks that have not begun are left out then.
    """
    wanted = places(count)
    pool = _Pool.shared
    # A task that runs tasks, or another thread of the user's, finds the cores busy and goes on alone.
    if wanted == 1 or not (pool.current is None or pool.current.closed):
        for index in range(count):
            task(index, 0)
        return
    work = pool.current = _Work(task, count)
    try:
        pool.offer(work, wanted - 1)
        work.do(0)
    finally:
        work.closed = True
        pool.current = None
        interrupted = work.wait()
    error = work.error or interrupted
    if error is not None:
        try:
            raise error
        finally:
            del error, interrupted, work  # the error holds this frame


@final
class _Work:
    """The tasks of one call: whoever comes takes the next one, until it is closed.

    A Ctrl-C may come between any two steps of the main thread. So nothing here is counted by two steps that must both
    happen, and a thread that comes late finds the work closed instead of being waited for.
    """

    def __init__(self, task: Callable[[int, int], None], count: int) -> None:
        self.task = task
        self.left = deque(range(count))
        self.error: BaseException | None = None
        self.closed = False
        self.entered: list[int] = []
        self.gone: list[int] = []
        self.signals: SimpleQueue[None] = SimpleQueue()

    def join(self, place: int) -> None:
        """What another thread does."""
        self.entered.append(place)
        if not self.closed:
            self.do(place)
        self.gone.append(place)
        self.signals.put(None)

    def do(self, place: int) -> None:
        """Take tasks until none is left; an exception takes the rest away from everybody."""
        task, take = self.task, self.left.popleft
        try:
            while True:
                try:
                    index = take()
                except IndexError:
                    return
                task(index, place)
        except BaseException as error:
            self.left.clear()
            if self.error is None:
                self.error = error

    def wait(self) -> BaseException | None:
        """Wait for tasks that are running: they write into the caller's memory. A Ctrl-C leaves out the rest."""
        interrupted: BaseException | None = None
        while True:
            try:
                while len(self.gone) < len(self.entered):
                    self.signals.get()
                return interrupted
            except BaseException as error:
                self.left.clear()
                interrupted = interrupted or error


@final
class _Pool:
    shared: _Pool

    def __init__(self) -> None:
        self.current: _Work | None = None
        self.workers: list[SimpleQueue[tuple[Context, _Work]]] = []

    def offer(self, work: _Work, helpers: int) -> None:
        """Wake threads, which start with the context of the one that asks: NumPy keeps its `errstate` there."""
        while len(self.workers) < helpers and self._hire():
            pass
        for worker in self.workers[:helpers]:
            worker.put((copy_context(), work))

    def _hire(self) -> bool:
        offers: SimpleQueue[tuple[Context, _Work]] = SimpleQueue()
        place = len(self.workers) + 1
        try:
            threading.Thread(target=_serve, args=(offers, place), name=f"chainrule-{place}", daemon=True).start()
        except RuntimeError:  # the system gives no more threads: those there are do the work
            return False
        self.workers.append(offers)
        return True


def _serve(offers: SimpleQueue[tuple[Context, _Work]], place: int) -> None:
    while True:
        context, work = offers.get()
        context.run(work.join, place)
        del context, work  # a thread that waits holds nothing


def _start_anew() -> None:
    """In a child of `fork`, where the threads are gone."""
    _Pool.shared = _Pool()


_start_anew()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
