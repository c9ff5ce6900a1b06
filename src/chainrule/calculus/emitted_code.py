"""The code of one branch of a function, for one kind of arguments: emitted as plain Python or as NumPy code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.calculus.recording import Recorded
from chainrule.core.graph import Graph
from chainrule.emit.code import function_from_source
from chainrule.emit.layout import Program
from chainrule.emit.numpy import numpy_program
from chainrule.emit.python import python_program
from chainrule.errors import GuardError, SourceError

__all__ = ["EmittedCode", "emitted_code", "owned"]

_float64 = np.float64


@dataclass(frozen=True, slots=True)
class EmittedCode:
    """One branch of a function for one kind of arguments."""

    recorded: Recorded
    program: Program
    run: Callable[..., Any]
    language: str
    kinds: tuple[Any, ...]  # of the outputs: a NumPy scalar type that plain Python's number becomes, or None

    def __call__(self, leaves: Sequence[Any]) -> Any:
        if self.language == "python":
            found = self.run(*map(float, leaves))
        else:
            found = self.run(*[_float64(x) if type(x) is float else x for x in leaves])
        taken = {id(leaf) for leaf in leaves}
        if self.recorded.bare:
            return owned(found, self.kinds[0], taken)
        values = zip((found,) if len(self.kinds) == 1 else found, self.kinds, strict=True)
        return self.recorded.restore([owned(value, kind, taken) for value, kind in values])

    def source(self) -> str:
        """The code as a stand-alone text."""
        return _emit(self.recorded.graph, self.language, "ValueError", stand_alone=True).source


def owned(value: Any, kind: Any, taken: set[int]) -> Any:
    """A result that the caller may write into: no view, not read-only, not an argument, not the same array twice."""
    if kind is not None:
        return kind(value)
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return value[()]
        if value.base is not None or not value.flags.writeable or id(value) in taken:
            value = value.copy()
        taken.add(id(value))
    return value


def emitted_code(recorded: Recorded) -> EmittedCode:
    """What was recorded as code: plain Python where all are numbers, else NumPy.

    Raises:
        SourceError: an operation cannot be written.
    """
    graph = recorded.graph
    language = "numpy"
    if all(node.shape == () for node in graph.nodes):
        try:
            program = _emit(graph, "python", "GuardError")
            language = "python"
        except SourceError:
            program = _emit(graph, "numpy", "GuardError")
    else:
        program = _emit(graph, "numpy", "GuardError")
    run = function_from_source(program.source, program.name, {**program.constants, "GuardError": GuardError})
    kinds = [
        node.dtype.type if language == "python" and not isinstance(node.dtype, type) else None for node in graph.outputs
    ]
    return EmittedCode(recorded, program, run, language, tuple(kinds))


def _emit(graph: Graph, language: str, guard_error: str, stand_alone: bool = False) -> Program:
    if language == "python":
        return python_program(graph, graph.name, guard_error=guard_error)
    return numpy_program(graph, graph.name, guard_error=guard_error, stand_alone=stand_alone)
