"""The shortest ways to run a compiled function, tried before a look at what the arguments are.

A way in is called with the arguments of a call and answers NotImplemented where they are not what it is for, or where
something is in force that it knows nothing of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import GuardError
from chainrule.passes.guards import watched

__all__ = ["WayIn", "finished", "for_floats", "no_way", "tried_in_turn"]

WayIn = Callable[..., Any]

_float64 = np.float64


def no_way(*args: Any) -> Any:
    """What a function has before it is called."""
    return NotImplemented


def for_floats(run: Callable[..., Any], count: int, after: int, then: Callable[[], None]) -> WayIn:
    """For so many Python floats, with one float as the result; `then` is called once, before call number `after`."""
    calls = 0

    def way(*args: Any) -> Any:
        nonlocal calls
        if len(args) != count or watched():
            return NotImplemented
        for argument in args:
            if type(argument) is not float:
                return NotImplemented
        calls += 1
        if calls == after:
            then()
        try:
            return _float64(run(*args))
        except GuardError:
            return NotImplemented

    return way


def finished(way: WayIn, finish: Callable[[Any], Any]) -> WayIn:
    """A way in whose answer is not yet the result."""

    def finishing(*args: Any) -> Any:
        found = way(*args)
        return found if found is NotImplemented else finish(found)

    return finishing


def tried_in_turn(ways: Sequence[WayIn]) -> WayIn:
    """The first way that takes the arguments."""
    if len(ways) == 1:
        return ways[0]

    def first(*args: Any) -> Any:
        for way in ways:
            found = way(*args)
            if found is not NotImplemented:
                return found
        return NotImplemented

    return first
