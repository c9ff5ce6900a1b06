"""Random draws: constants of a trace. Whether a function makes some is seen from the state of the generators."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np

from chainrule.core.warning import warn

__all__ = ["drawn_with", "saying_what_is_drawn"]


def drawn_with(trace: TracebackType | None) -> tuple[str, str] | None:
    """The draw that an error came out of, as its name and what to write instead; None if there was none."""
    while trace is not None:
        module, _, name = trace.tb_frame.f_code.co_name.rpartition(".")
        if module.startswith("numpy.random"):
            if name in ("choice", "permutation", "permuted", "shuffle"):
                return name, f"draw positions and index with them: x[rng.{name}(len(x))]"
            return name, "draw without it and transform what was drawn: mu + sigma * rng.normal(), a + b * rng.random()"
        trace = trace.tb_next
    return None


@contextmanager
def saying_what_is_drawn(f: Callable[..., Any]) -> Iterator[None]:
    """Warn where the block moved on a generator: NumPy's own, Python's, or one that the function knows by a name."""
    generators = _generators(f)
    before = _states(generators)
    yield
    if _states(generators) != before:
        warn(
            f"{getattr(f, '__name__', 'the function')} drew random numbers while it was traced: the graph keeps those "
            "of this run as constants. Draw before, and pass them as an argument"
        )


def _generators(f: Any) -> list[Any]:
    function = inspect.unwrap(f) if callable(f) else f
    owner = getattr(function, "__self__", None)
    known = list(vars(owner).values()) if hasattr(owner, "__dict__") else []
    function = getattr(function, "__func__", function)
    if inspect.isfunction(function):
        variables = inspect.getclosurevars(function)
        known += [*variables.globals.values(), *variables.nonlocals.values(), *(function.__defaults__ or ())]
    return [value for value in known if isinstance(value, (np.random.Generator, np.random.RandomState))]


def _states(generators: list[Any]) -> list[str]:
    # As text, since states hold arrays, which do not compare to one truth value.
    own = [hash(random.getstate()), _text(np.random.get_state(legacy=False))]
    return [str(state) for state in (*own, *(_text(_state(generator)) for generator in generators))]


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.get_state(legacy=False)


def _text(state: Any) -> Any:
    if isinstance(state, dict):
        return {name: _text(part) for name, part in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state
