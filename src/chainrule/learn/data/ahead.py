"""An iterator that runs ahead of its reader, in a thread: the next block is decoded while one is computed with."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar, final

__all__ = ["ahead"]

T = TypeVar("T")


def ahead(items: Iterator[T], depth: int = 1) -> Iterator[T]:
    """The same items in the same order, up to `depth` of them made while the reader is busy with the one before.

    What the iterator raises is raised where its item would have come. A reader that stops early, or is interrupted,
    waits until the item that is under way is made; then the iterator is closed in its own thread.

    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    running = _Ahead(items, depth)
    try:
        yield from running
    finally:
        running.stop()


@final
class _Ahead(Generic[T]):
    """The thread that makes items, and what it has made."""

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self.items, self.depth = items, depth
        self.made: deque[T] = deque()
        self.failure: BaseException | None = None
        self.stopped = self.ended = False
        self.changed = threading.Condition()
        # What holds in the reader's context, such as how NumPy answers an overflow, holds in the thread.
        context = contextvars.copy_context()
        self.thread = threading.Thread(target=context.run, args=(self._make,), name="chainrule-ahead", daemon=True)
        self.thread.start()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.made or self.ended)
                if not self.made:
                    break
                item = self.made.popleft()
                self.changed.notify()
            yield item
            del item  # what the reader has done with is not to be held while the next one is waited for
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """End the thread, wherever it is."""
        with self.changed:
            self.stopped = True
            self.made.clear()
            self.changed.notify()
        self.thread.join()

    def _make(self) -> None:
        try:
            for item in self.items:
                with self.changed:
                    self.made.append(item)
                    self.changed.notify()
                    del item
                    self.changed.wait_for(lambda: len(self.made) < self.depth or self.stopped)
                    if self.stopped:
                        break
        except BaseException as error:
            self.failure = error
        finally:
            close = getattr(self.items, "close", None)
            if close is not None:
                close()
            with self.changed:
                self.ended = True
                self.changed.notify()
