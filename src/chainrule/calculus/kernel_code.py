"""The code of one branch of a function, for one kind of arguments, as a kernel: machine code over blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, final

import numpy as np

from chainrule.calculus.recording import Recorded
from chainrule.calculus.ways_in import WayIn, finished
from chainrule.core.graph import Node
from chainrule.kernels.describe import described
from chainrule.kernels.executable import Executable
from chainrule.kernels.plan import plan
from chainrule.kernels.program import Program
from chainrule.passes.rows import rows_of

__all__ = ["KernelCode", "kernel_code"]


@final
class KernelCode:
    """A kernel for one branch of a function.

    Attributes:
        recorded: what it computes.
        program: the stages of it.
    """

    def __init__(self, recorded: Recorded, program: Program) -> None:
        self.recorded = recorded
        self.program = program
        self._run = Executable(program)
        self._finished = [_finish(node) for node in recorded.graph.outputs]

    def __call__(self, leaves: Sequence[Any]) -> Any:
        """The function's result; raises `GuardError` where it takes another branch."""
        found = self._run([np.asarray(leaf) for leaf in leaves])
        return self._result([finish(value) for finish, value in zip(self._finished, found, strict=True)])

    def way_in(self, variables: Sequence[tuple[ContextVar[Any], object]]) -> WayIn | None:
        """For small calls: from the arrays to the function's result, or to NotImplemented; None for nothing.

        Args:
            variables: what context variables have to hold, for a call to go this way.
        """
        # What Python made of a shape stands in the program: it holds for these shapes alone.
        shapes = [node.shape for node in self.recorded.graph.inputs]
        entry = self._run.entry(variables, shapes)
        if entry is None:
            return None
        graph = self.recorded.graph
        numbers = [i for i, node in enumerate(graph.outputs) if isinstance(node.dtype, type)]
        if len(graph.outputs) == 1:
            return entry if self.recorded.bare and not numbers else finished(entry, self._of_one)
        places = list(range(len(graph.outputs)))
        as_it_is = not numbers and self.recorded.restore(places) == tuple(places)
        return entry if as_it_is else finished(entry, self._of_several)

    def described(self) -> str:
        """What its loops compute, to read."""
        return described(self.program)

    def llvm(self) -> str:
        """The LLVM IR that it was compiled from."""
        return self._run.emitted.text

    def _of_one(self, value: Any) -> Any:
        return self._of_several((value,))

    def _of_several(self, values: Sequence[Any]) -> Any:
        return self._result(
            [_finished(value, node) for value, node in zip(values, self.recorded.graph.outputs, strict=True)]
        )

    def _result(self, values: Sequence[Any]) -> Any:
        return values[0] if self.recorded.bare else self.recorded.restore(values)


def _finish(node: Node) -> Callable[[Any], Any]:
    return lambda value: _finished(value, node)


def _finished(value: Any, node: Node) -> Any:
    """A number as NumPy would give it; one whose dtype is Python's as a number of Python's."""
    if node.shape:
        return value
    return value.item() if isinstance(node.dtype, type) else value[()]


def kernel_code(recorded: Recorded) -> KernelCode:
    """What was recorded as a kernel.

    Raises:
        NotPlannedError: no part of it is worth compiling; the message says why.
        CompilationError: the machine cannot compile it.
    """
    graph = recorded.graph
    return KernelCode(recorded, plan(graph, rows_of(graph)))
