"""The boundary of a trace: errors that leave it name the line of the user's function, and the function of SciPy's."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from chainrule.core.equivalents import equivalent
from chainrule.core.traced import OWN, Traced
from chainrule.errors import ChainruleError, TraceError

__all__ = ["located", "naming_the_line"]

_NUMPY = os.path.dirname(np.__file__) + os.sep


@contextmanager
def naming_the_line() -> Iterator[None]:
    """Raise errors that leave the block as `located` gives them."""
    try:
        yield
    except (TypeError, ValueError, AttributeError) as error:
        if (named := located(error)) is not error:
            raise named from None
        raise


def located(error: Exception) -> Exception:
    """The error with the line of the user's code, if it is a `TraceError`, also one that NumPy has turned into another.

    What a function of SciPy says that got a traced value is replaced by an error that names it, and what stands for it.
    Any other error is returned as it is.
    """
    if getattr(error, "line", None) is None and (called := _call_of_scipy(error.__traceback__)):
        return _located(TraceError(_of_scipy(called)).with_traceback(error.__traceback__))
    if isinstance(error, TraceError):
        return _located(error)
    hidden = error.__cause__ or error.__context__
    if isinstance(hidden, TraceError) and not isinstance(error, ChainruleError):
        return _located(hidden.with_traceback(error.__traceback__))
    return error


def _located(error: TraceError) -> TraceError:
    if getattr(error, "line", None) is not None:
        return error
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
        if not filename.startswith((OWN, _NUMPY)) and not _is_scipy(trace.tb_frame):
            found = (filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


# SciPy


def _of_scipy(path: str) -> str:
    ours = equivalent(path)
    if ours is None:
        return (
            f"{path} cannot be traced: it computes on plain arrays, and the derivative would be lost\n"
            "  make it an operation of your own with chainrule.primitive and state its derivative with define_vjp; "
            "chainrule.value(x) takes its argument as a constant on purpose"
        )
    return f"{path} cannot be traced: use {ours[0]}"


def _call_of_scipy(trace: TracebackType | None) -> str | None:
    """The public path of the function of SciPy's that was called with traced values, from the frames of an error."""
    frames = []
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    while frames and not _is_scipy(frames[0]):
        frames.pop(0)
    within = [frame for frame in frames if _is_scipy(frame)]
    if not any(_is_traced(value) for frame in within for value in frame.f_locals.values()):
        return None
    return next((path for frame in within if (path := _public_path(frame))), "a function of SciPy")


def _is_scipy(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    return isinstance(name, str) and name.partition(".")[0] == "scipy"


def _is_traced(value: Any, depth: int = 2) -> bool:
    """Whether a value is traced, or holds one: in a list, in a tuple, in a dict, in what a function refers to."""
    if isinstance(value, Traced):
        return True
    if not depth:
        return False
    if isinstance(value, dict):
        return any(_is_traced(part, depth - 1) for part in value.values())
    if isinstance(value, (list, tuple)):
        return any(_is_traced(part, depth - 1) for part in value[:100])
    cells = getattr(value, "__closure__", None) or ()
    return any(_is_traced(cell.cell_contents, depth - 1) for cell in cells)


def _public_path(frame: FrameType) -> str:
    """Where SciPy's documentation lists the function that runs in a frame; empty where it is an inner one."""
    parts = str(frame.f_globals["__name__"]).split(".")
    name = next((".".join(parts[:i]) for i, part in enumerate(parts) if part.startswith("_")), ".".join(parts))
    module, function = sys.modules.get(name), frame.f_code.co_name
    owner = frame.f_locals.get("self")
    if owner is None:
        return f"{name}.{function}" if not function.startswith("_") and hasattr(module, function) else ""
    owner = getattr(owner, "dist", owner)  # a frozen distribution
    if hasattr(module, type(owner).__name__):
        return f"{name}.{type(owner).__name__}"
    held = next((key for key, value in vars(module).items() if type(value) is type(owner)), "") if module else ""
    return f"{name}.{held}.{function}" if held and not function.startswith("_") else ""
