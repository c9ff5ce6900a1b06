"""The boundary of a trace: errors that leave it name the line of the user's function, and the function of SciPy's."""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import numpy as np

from chainrule.core.traced import OWN
from chainrule.errors import ChainruleError, TraceError
from chainrule.read.draws import drawn_with
from chainrule.read.scipy_calls import is_scipy, refused_by_scipy

__all__ = ["NAMED", "located", "naming_the_line"]

NAMED = (TypeError, ValueError, AttributeError, SystemError)
"""What a function that met a traced value may raise: of compiled code that is a `SystemError`."""

_NUMPY = os.path.dirname(np.__file__) + os.sep


@contextmanager
def naming_the_line() -> Iterator[None]:
    """Raise errors that leave the block as `located` gives them."""
    try:
        yield
    except NAMED as error:
        if (named := located(error)) is not error:
            raise named from None
        raise


def located(error: Exception) -> Exception:
    """The error with the line of the user's code, if it is a `TraceError`, also one that NumPy has turned into another.

    What a function of SciPy says that got a traced value is replaced by an error that names it, and what stands for it.
    Any other error is returned as it is.
    """
    if getattr(error, "line", None) is None and (refusal := refused_by_scipy(error)) is not None:
        return _located(refusal)
    if isinstance(error, TraceError):
        return _located(error)
    hidden = error.__cause__ or error.__context__
    if isinstance(hidden, TraceError) and not isinstance(error, ChainruleError):
        return _located(hidden.with_traceback(error.__traceback__))
    return error


def _located(error: TraceError) -> TraceError:
    if getattr(error, "line", None) is not None:
        return error
    drawn = drawn_with(error.__traceback__)
    if drawn is not None:
        name, instead = drawn
        error.args = (f"a random draw, {name}, with a traced argument: a draw has no derivative by it\n  {instead}",)
    place = _user_line(error.__traceback__)
    if place is not None:
        filename, line = place
        source = linecache.getline(filename, line).strip()
        message, _, fix = str(error).partition("\n")
        shown = f"\n  {source}" if source else ""
        rest = f"\n{fix}" if fix else ""
        error.args = (f"{message}\n  in {filename.rsplit('/', 1)[-1]}, line {line}{shown}{rest}",)
        error.line = line  # type: ignore[attr-defined]
    return error


def _user_line(trace: TracebackType | None) -> tuple[str, int] | None:
    found = None
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        plain = not filename.startswith((OWN, _NUMPY)) and not filename.endswith(".pyx")
        if plain and not is_scipy(trace.tb_frame):
            found = (filename, trace.tb_lineno)
        trace = trace.tb_next
    return found
