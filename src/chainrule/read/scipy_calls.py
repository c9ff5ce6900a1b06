"""Functions of SciPy that turn a traced value into a plain array: which one it was, and what stands for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType, FunctionType
from typing import Any

from chainrule.core.equivalents import equivalent
from chainrule.core.traced import Traced
from chainrule.errors import TraceError

__all__ = ["is_scipy", "refused_by_scipy"]

# Functions of SciPy's that NumPy has with the same meaning, and which are traced as NumPy's.
_NUMPY = {
    "scipy.linalg": (
        "np.linalg",
        frozenset(("det", "eigh", "eigvalsh", "inv", "lstsq", "norm", "pinv", "solve", "svd")),
    ),
    "scipy.fft": ("np.fft", frozenset(("fft", "fft2", "fftn", "ifft", "ifft2", "ifftn", "irfft", "rfft"))),
}


def refused_by_scipy(error: Exception) -> TraceError | None:
    """The error that names the function of SciPy's which was called with traced values; None if it was none."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    within = [frame for frame in frames if is_scipy(frame)]
    if not any(_is_traced(value) for frame in within for value in frame.f_locals.values()):
        return None
    path = next((path for frame in within for path in _public_paths(frame)), "this function of SciPy's")
    return TraceError(_message(path)).with_traceback(error.__traceback__)


def is_scipy(frame: FrameType) -> bool:
    """Whether the code of a frame is SciPy's."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "scipy"


def _message(path: str) -> str:
    module, _, name = path.rpartition(".")
    ours = equivalent(path)
    if ours is not None:
        return f"{path} cannot be traced: use {ours[0]}"
    if name in _NUMPY.get(module, ("", ()))[1]:
        return f"{path} cannot be traced: use {_NUMPY[module][0]}.{name}"
    return (
        f"{path} cannot be traced: it computes on plain arrays, and the derivative would be lost\n"
        "  let cr.numeric_rule give it one by differences, or make it an operation of your own with cr.primitive and "
        "cr.define_vjp; cr.value(x) takes an argument as a constant on purpose"
    )


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
    if isinstance(value, FunctionType):
        return any(_is_traced(part, depth - 1) for part in _closure(value))
    return False


def _closure(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that is bound later
            continue


def _public_paths(frame: FrameType) -> Iterator[str]:
    """Where SciPy's documentation lists the function that runs in a frame; none where it is an inner one."""
    home, function = _public_home(frame.f_globals["__name__"]), frame.f_code.co_name
    module, owner = sys.modules.get(home), frame.f_locals.get("self")
    if owner is not None:
        owner = getattr(owner, "dist", owner)  # that of a frozen distribution
        if hasattr(module, type(owner).__name__):
            yield f"{home}.{type(owner).__name__}"
        elif not function.startswith("_"):
            held = [key for key, value in list(vars(module).items()) if type(value) is type(owner)]
            yield from (f"{home}.{key}.{function}" for key in held)
    elif not function.startswith("_") and hasattr(module, function):
        yield f"{home}.{function}"
    else:  # a decorator of SciPy's, which holds what it decorates
        for value in list(frame.f_locals.values()):
            if isinstance(value, FunctionType):
                home = _public_home(value.__module__)
                if home != "scipy" and hasattr(sys.modules.get(home), value.__name__):
                    yield f"{home}.{value.__name__}"


def _public_home(module: str) -> str:
    parts = module.split(".")
    private = next((i for i, part in enumerate(parts) if part.startswith("_")), len(parts))
    return ".".join(parts[:private])
