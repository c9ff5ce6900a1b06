"""The code of one branch of a function, for one kind of arguments, as a kernel: machine code over blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, final

import numpy as np

from chainrule.calculus.recording import Recorded
from chainrule.calculus.ways_in import WayIn, finished
from chainrule.core.graph import Graph, Node
from chainrule.kernels.planning.describe import described
from chainrule.kernels.planning.plan import plan
from chainrule.kernels.running.executable import Executable
from chainrule.passes.row_counts import rows_at_any_count
from chainrule.passes.rows import NotByRows, Rows, rows_of

__all__ = ["KernelCode", "kernel_code"]


@final
class KernelCode:
    """A kernel for one branch of a function.

    Attributes:
        recorded: what it computes.
        program: the stages of it.
    """

    def __init__(self, recorded: Recorded, run: Executable, rows: Rows | NotByRows) -> None:
        self.recorded = recorded
        self.program = run.program
        self._run = run
        self._rows = rows
        self._for_any_count: tuple[Graph, Executable] | None = None
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

    def with_other_rows(self, recorded: Recorded) -> KernelCode | None:
        """The same function, recorded with another number of rows, as one kernel for all such numbers.

        None if it cannot be the same kernel: where it computes something else for another number of rows.
        """
        if isinstance(self._rows, NotByRows):
            return None
        axes = [self._rows.axis.get(node) for node in self._rows.graph.inputs]
        found = rows_at_any_count(self.recorded.graph, recorded.graph, axes)
        if isinstance(found, NotByRows) or any(node.is_constant and node in found.axis for node in found.graph.nodes):
            return None
        if self._for_any_count is None or not _equal(self._for_any_count[0], found.graph):
            self._for_any_count = found.graph, Executable(plan(found.graph, found))
        return KernelCode(recorded, self._for_any_count[1], NotByRows("compiled for any number of them"))

    def described(self) -> str:
        """What its loops compute, to read."""
        return described(self.program, self._run.emitted)

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
    rows = rows_of(recorded.graph)
    return KernelCode(recorded, Executable(plan(recorded.graph, rows)), rows)


def _equal(one: Graph, other: Graph) -> bool:
    """Whether two graphs that were made of the same one compute the same."""
    places = [{node: i for i, node in enumerate(graph.nodes)} for graph in (one, other)]
    if len(places[0]) != len(places[1]):
        return False
    for a, b in zip(one.nodes, other.nodes, strict=True):
        if a is b:
            continue
        operands = [[place[x] for x in node.operands] for place, node in zip(places, (a, b), strict=True)]
        if a.primitive is not b.primitive or operands[0] != operands[1] or a.parameters.keys() != b.parameters.keys():
            return False
        if not all(np.array_equal(value, b.parameters[name]) for name, value in a.parameters.items()):
            return False
    return True
