"""What a write reaches: the array, its other names, the views made of it, and what it is a view of.

An array stands for another value after a write. Names bound to it hold the same object; views and bases are brought up
to date. So it is in NumPy, where they share memory.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chainrule.core.record import Record

if TYPE_CHECKING:
    from chainrule.core.traced import Trace, Traced

__all__ = ["give_back", "look_into", "write"]


def look_into(
    base: Traced,
    view: Traced,
    read: Callable[[Any], Any],
    through: Callable[[Any, Any], Any],
    pattern: tuple[Any, ...] | None = None,
) -> None:
    """Make `view` a window into `base`: a write to either reaches the other, as with NumPy's views.

    Args:
        base: the array.
        view: made of it just now.
        read: makes the view of the base.
        through: makes the base of (base, changed view).
        pattern: the index that it was made with, if it was.
    """
    view.window = (base, read, through, pattern)
    base.record.trace.views.setdefault(id(base), []).append(weakref.ref(view))


def write(target: Traced, new: Traced, skip: Traced | None = None) -> None:
    """Let `target` stand for a new value from now on: a write in place, as a functional update.

    All names bound to the same array see it, since they hold the same object; views and bases are brought up to date.
    """
    trace = target.record.trace
    if target.record.primitive is None:
        trace.written.append(target.record)
    _stand_for(target, new.record)
    window = getattr(target, "window", None)
    if window is not None and window[0] is not skip:
        base, _, through, _ = window
        write(base, through(base, target), skip=target)
    _refresh_views(target, trace, skip)


def _stand_for(target: Traced, record: Record) -> None:
    before = target.record.trace
    target.record = record
    if record.trace is not before:  # a value of an inner level is written into an array of an outer one
        _borrow(record.trace, target, before, before)


def _borrow(trace: Trace, target: Traced, before: Trace, home: Trace) -> None:
    """Enter an array that now stands for a value of this trace, with the views of it that are known."""
    if trace is not home:
        trace.borrowed.append((target, home))
    trace.views[id(target)] = before.views.setdefault(id(target), [])


def give_back(trace: Trace) -> None:
    """Let arrays of outer levels stand for what was written, as a value of their own level: this trace ends."""
    for target, home in trace.borrowed:
        assert target.record.trace is trace  # an update of a value of this level is of this level
        target.record = target.record.value.record
        _borrow(target.record.trace, target, trace, home)


def _refresh_views(target: Traced, trace: Trace, skip: Traced | None = None) -> None:
    views = trace.views.get(id(target))
    if not views:
        return
    alive = [(reference, view) for reference in views if (view := reference()) is not None]
    views[:] = [reference for reference, _ in alive]  # a view that nobody holds any more needs no refreshing
    for _, view in alive:
        if view is not skip:
            _stand_for(view, view.window[1](target).record)
            _refresh_views(view, trace)
