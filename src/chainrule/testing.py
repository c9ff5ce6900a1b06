"""Gradient checks as assertions, for pytest or any other runner of tests.

>>> import numpy as np, chainrule as cr
>>> cr.testing.assert_gradient(np.sin, np.cos, 1.0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from chainrule.numeric.checking.check import GradientCheck, check
from chainrule.numeric.probe import describe

__all__ = ["assert_gradient"]


@dataclass(frozen=True, slots=True)
class Asserted:
    """One check that a test has made: of which function, and what came out."""

    function: str
    check: GradientCheck


_heard: ContextVar[list[Asserted] | None] = ContextVar("asserted gradients", default=None)


def assert_gradient(
    f: Callable[..., Any] | str, df: Any, *args: Any, argnums: int | str | Sequence[int | str] = 0
) -> None:
    """Fail unless the gradient of the scalar function f at `args` agrees with finite differences.

    Takes what `chainrule.check` takes: `df` is a function of the same arguments, the gradient itself, or None for the
    gradient that chainrule, PyTorch or JAX computes. Shapes, dtypes and tolerances are those of `check`.

    Raises `AssertionError` whose message is the report of the check, with the diagnosis where there is one, and what
    `check` raises where it cannot compare. Tracebacks end at the caller's line: frames of chainrule are left out.

    >>> import numpy as np, chainrule as cr
    >>> w = np.array([1.0, -3.0])
    >>> cr.testing.assert_gradient(lambda w: (w**2).sum(), lambda w: 2 * w, w)
    >>> cr.testing.assert_gradient(lambda w: (w**2).sum(), lambda w: -2 * w, w)
    Traceback (most recent call last):
    AssertionError: gradient check FAILED: 2 of 2 components are wrong; worst w[1], ... times its tolerance off
    diagnosis: the sign is flipped
    ...
    """
    __tracebackhide__ = True
    try:
        result = check(f, df, *args, argnums=argnums)
    except Exception as error:
        error.__traceback__ = _frames_of_the_user(error.__traceback__)
        raise
    heard = _heard.get()
    if heard is not None:
        heard.append(Asserted(_name(f), result))
    if not result:
        raise AssertionError(str(result))


@contextmanager
def listening() -> Iterator[list[Asserted]]:
    """Within it, each check that `assert_gradient` makes is added to the list, whether it passes or fails.

    For a runner of tests that reports them; what other threads assert is not heard.

    >>> import numpy as np
    >>> with listening() as asserted:
    ...     assert_gradient(np.sin, np.cos, 1.0)
    >>> asserted[0].function, asserted[0].check.passed
    ('sin', True)
    """
    asserted: list[Asserted] = []
    token = _heard.set(asserted)
    try:
        yield asserted
    finally:
        _heard.reset(token)


def _name(f: Callable[..., Any] | str) -> str:
    if isinstance(f, str):
        return f
    return describe(f) if hasattr(f, "__name__") else type(f).__name__  # a module of PyTorch, an object with __call__


def _frames_of_the_user(trace: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of chainrule."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    kept: TracebackType | None = None
    for frame in reversed(frames):
        if str(frame.tb_frame.f_globals.get("__name__")).split(".")[0] != "chainrule":
            kept = TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept
