"""A function of parameters and rows as a program that goes through blocks of rows, in as many passes as it needs.

The function is traced on a few rows, at two numbers of them, so that what is found holds for any number. Blocks give
sums, which are put together by a tree that depends on the blocks alone: they may be read, or be elsewhere, in any way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, final

import numpy as np

from chainrule.calculus.arguments import function_name
from chainrule.calculus.containers import flatten
from chainrule.calculus.recording import Recorded, record
from chainrule.errors import ChainruleError, GuardError
from chainrule.kernels.machine import available
from chainrule.kernels.planning.plan import NotPlannedError, plan
from chainrule.kernels.program import Program
from chainrule.kernels.running.interpret import Interpreter
from chainrule.kernels.running.runner import Runner
from chainrule.learn.batches import Block
from chainrule.passes.evaluate import evaluate
from chainrule.passes.row_counts import rows_at_any_count
from chainrule.passes.rows import NotByRows
from chainrule.passes.simplify import simplify_to_run

__all__ = ["ByRows", "NotByRowsError", "Passes", "RowProgram", "added"]

COUNTS = (29, 37)  # rows it is traced with: two numbers that are hardly ever the size of anything else
SPLIT = 11  # rows in the first of two blocks
TOLERANCE, COARSE = 1e-8, 1e-3  # relative, of a program against the function on a few rows, in doubles and in floats


class NotByRowsError(Exception):
    """A function that cannot be put together from blocks of rows; `args[0]` says why, as the end of a sentence."""


class Passes(Protocol):
    """Rows that can be gone through as often as wanted, wherever they are."""

    @property
    def rows(self) -> int:
        """How many rows there are."""

    @property
    def native(self) -> bool:
        """Whether what sums them runs the same machine code as this process, if that runs any."""

    def totals(self, program: RowProgram, call: Call, section: int) -> Any:
        """The sums of a section over all rows, by the tree of `added` over its blocks."""


@final
@dataclass(slots=True)
class Call:
    """One evaluation that is under way.

    Attributes:
        fixed: the arrays that it is made at.
        rows: how many rows there are.
        finished: the sums of the sections that are done.
        state: what the runner of this process knows; it stays here.
    """

    fixed: Sequence[Any]
    rows: int
    finished: list[tuple[int, Any]] = field(default_factory=list)
    state: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Call, (self.fixed, self.rows, self.finished)


@final
class RowProgram:
    """A program with where its inputs come from; it can be sent to other processes.

    Args:
        program: whose results are all fixed.
        places: for each input the number of a fixed array, or the position or the name of an array of rows.
        native: whether it runs as machine code.
    """

    def __init__(self, program: Program, places: Sequence[tuple[str, Any]], native: bool = False) -> None:
        self.program, self.places, self.native = program, tuple(places), native
        self.sections = tuple(i for i, section in enumerate(program.sections) if section.by_row)
        self._runner: Runner | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return RowProgram, (self.program, self.places, self.native)

    @property
    def runner(self) -> Runner:
        """What runs it in this process, compiled when it is first used."""
        if self._runner is None:
            self._runner = _executable(self.program) if self.native else Interpreter(self.program)
        return self._runner

    def evaluate(self, fixed: Sequence[Any], passes: Passes) -> list[Any]:
        """The results at fixed arrays, over all rows."""
        call = Call(fixed, passes.rows)
        self.begin(call)
        for section in self.sections:
            self.finish(call, section, passes.totals(self, call, section))
        return self.runner.outputs(call.state)

    def begin(self, call: Call) -> None:
        """Bring a call to where it is, in a process that has not seen it yet."""
        given = [call.fixed[place] if kind == "fixed" else None for kind, place in self.places]
        call.state = self.runner.begin(given, call.rows)
        for section, totals in call.finished:
            self.runner.finish(call.state, section, totals)

    def finish(self, call: Call, section: int, totals: Any) -> None:
        """Enter the sums of a section over all rows."""
        self.runner.finish(call.state, section, totals)
        call.finished.append((section, totals))

    def over(self, call: Call, section: int, blocks: Iterable[Block]) -> Any:
        """The sums of a section over some blocks."""
        runner = self.runner
        return added(
            (runner.totals(call.state, section, self._rows(block)) for block in blocks),
            lambda into, other: runner.merge(section, into, other),
        )

    def _rows(self, block: Block) -> list[Any]:
        return [
            None if kind == "fixed" else block.by_name[place] if kind == "name" else block.by_position[place]
            for kind, place in self.places
        ]


@final
class ByRows:
    """A function of parameters and rows: what it computes, put together from blocks of rows.

    Args:
        function: called with trees of fixed arrays, then with the arrays of a block.
        trees: how many of its first arguments are fixed.
        head: some rows, as many as there are or a few dozen.

    Raises:
        NotByRowsError: from `evaluate`, where the rows cannot be taken out.
    """

    __slots__ = ("_function", "_head", "_made", "_name", "_trees")

    def __init__(self, function: Callable[..., Any], trees: int, head: Block, name: str = "") -> None:
        self._function, self._trees, self._head = function, trees, head
        self._name = name or function_name(function)
        self._made: tuple[RowProgram, Recorded] | None = None

    def evaluate(self, trees: Sequence[Any], passes: Passes) -> Any:
        """What the function returns for all rows."""
        program, recorded = self._of(trees, passes)
        fixed = [leaf for tree in trees for _, leaf in flatten(tree)[0]]
        try:
            values = program.evaluate(fixed, passes)
        except GuardError:
            self._made = None  # Python decides otherwise than where it was traced
            program, recorded = self._of(trees, passes)
            try:
                values = program.evaluate(fixed, passes)
            except GuardError as error:
                raise NotByRowsError(str(error).partition("\n")[0]) from None
        nodes = recorded.graph.outputs
        return recorded.restore([_as_traced(value, node.dtype) for value, node in zip(values, nodes, strict=True)])

    def _of(self, trees: Sequence[Any], passes: Passes) -> tuple[RowProgram, Recorded]:
        if self._made is None:
            self._made = self._traced(trees, passes.native and not available())
        return self._made

    def _traced(self, trees: Sequence[Any], native: bool) -> tuple[RowProgram, Recorded]:
        try:
            recorded, other = (self._recorded(trees, _resized(self._head, count)) for count in COUNTS)
        except Exception as error:  # the function's own, or one of tracing: calling it tells which
            raise NotByRowsError(f"it cannot be traced: {f'{error}'.partition(chr(10))[0]}") from error
        places: list[tuple[str, Any]] = []
        fixed = 0
        for place in recorded.places:
            if isinstance(place, str):
                places.append(("name", place))
            elif self._is_row(place):
                places.append(("position", place - self._trees))
            else:
                places.append(("fixed", fixed))
                fixed += 1
        first, second = (simplify_to_run(each.graph)[0] for each in (recorded, other))
        found = rows_at_any_count(first, second, [None if kind == "fixed" else 0 for kind, _ in places])
        if isinstance(found, NotByRows):
            raise NotByRowsError(found.reason)
        try:
            program = plan(found.graph, found)
        except NotPlannedError as error:
            raise NotByRowsError(str(error)) from None
        if any(value.by_row for value, _ in program.constants):
            raise NotByRowsError("it makes an array of as many rows as there are data")
        made = RowProgram(program, places, native)
        if not program.has_rows or any(value.by_row for value in program.outputs):
            raise NotByRowsError(program.notes[0] if program.notes else "its value has rows")
        self._compare(made, other)
        return made, recorded

    def _compare(self, program: RowProgram, other: Recorded) -> None:
        """Hold the program against the trace at the other number of rows, cut into two blocks."""
        fixed = [v for v, place in zip(other.values, other.places, strict=True) if not self._is_row(place)]
        block = _resized(self._head, COUNTS[1])
        parts = [block.take(slice(0, SPLIT)), block.take(slice(SPLIT, None))]
        for found, wanted in zip(
            program.evaluate(fixed, _Held(parts)), evaluate(other.graph, *other.values), strict=True
        ):
            wanted = np.asarray(wanted)
            scale = np.max(np.abs(wanted), initial=0.0)
            close = TOLERANCE * scale if wanted.dtype.itemsize > 4 else COARSE * scale
            if not np.allclose(found, wanted, rtol=0, atol=close, equal_nan=True) and np.isfinite(scale):
                raise NotByRowsError("a number of rows stands in it that it takes for any other number")

    def _is_row(self, place: int | str) -> bool:
        return isinstance(place, str) or place >= self._trees

    def _recorded(self, trees: Sequence[Any], rows: Block) -> Recorded:
        return record(
            self._function, (*trees, *rows.by_position), rows.by_name, lambda leaf, place, path: np.asarray(leaf)[()]
        )


def added(totals: Iterable[Any], merge: Callable[[Any, Any], Any]) -> Any:
    """Sums of blocks 0, 1, 2, ... put together level by level, as `kernels.running.blocks.add_up` does it.

    Only as many as there are levels are held at a time.

    >>> added("abcde", lambda into, other: f"({into}{other})")
    '(((ab)(cd))e)'
    """
    waiting: list[tuple[int, Any]] = []
    for found in totals:
        level = 0
        while waiting and waiting[-1][0] == level:
            found = merge(waiting.pop()[1], found)
            level += 1
        waiting.append((level, found))
    if not waiting:
        raise ChainruleError("there are no blocks of rows")
    found = waiting.pop()[1]
    while waiting:
        found = merge(waiting.pop()[1], found)
    return found


@final
@dataclass(frozen=True, slots=True)
class _Held:
    """Blocks of rows in memory."""

    blocks: Sequence[Block]
    native: bool = True

    @property
    def rows(self) -> int:
        return sum(block.rows for block in self.blocks)

    def totals(self, program: RowProgram, call: Call, section: int) -> Any:
        return program.over(call, section, self.blocks)


def _executable(program: Program) -> Runner:
    # Loaded here, since it needs llvmlite.
    from chainrule.kernels.running.executable import Executable

    return Executable(program)


def _as_traced(value: Any, dtype: Any) -> Any:
    """A result as the function returns it: a number of Python's where the trace has one."""
    if isinstance(dtype, type):
        return value.item()
    return value if value.ndim else value[()]


def _resized(head: Block, count: int) -> Block:
    """So many rows; the ones there are, again and again."""
    return head.take(np.arange(count) % head.rows)
