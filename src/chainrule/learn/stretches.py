"""Many steps of a descent at one go: the loss, its gradient and the rule's update traced together and run as one loop.

A run takes them where a step is so small that Python is most of it. What is noted of a run is the same: each step's
loss, gradient norm and parameters are looked at afterwards, in their order. A step at which anything is out of the
ordinary (a number that is not finite, a gradient whose squares underflow, a branch that Python decides otherwise) is
left to the loop in Python, which knows what to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from chainrule.calculus.compiled import Compiled
from chainrule.calculus.gradients import value_and_leaves
from chainrule.calculus.recording import record
from chainrule.core.graph import Graph
from chainrule.errors import ChainruleError
from chainrule.kernels.machine import CompilationError, available
from chainrule.kernels.planning.plan import NotPlannedError, program_of
from chainrule.learn.batches import Block, InMemory
from chainrule.learn.clipping import Clip, by_norm, by_value
from chainrule.learn.effects import has_effects
from chainrule.learn.optimizers.optimizer import Rule
from chainrule.learn.problem import HUGE, NO_DATA, TINY, Problem
from chainrule.passes.row_counts import rows_at_any_count
from chainrule.passes.rows import NotByRows, Rows, rows_of
from chainrule.passes.simplify import simplify_to_run

__all__ = ["Made", "Stretches"]

LOOKED_AT = 3  # steps in Python, which show what one takes there
WORTH = 0.3  # seconds of Python that are left, from which on compiling a loop pays; it takes a tenth to a third of that
SLICE = 2e7  # nanoseconds that a loop may take before Ctrl-C is answered
MEMORY = 4 * 2**20  # bytes of parameters and states in one stretch
LARGEST = 1e6  # nanoseconds: a longer step is done by several threads, or by BLAS, and Python is little of it
TRIES = 3  # stretches of hardly any step, after which the loop in Python goes on alone
TOLERANCE = 1e-9  # relative, between a step of the loop and one in Python


class Made(NamedTuple):
    """What a stretch of steps has made.

    Attributes:
        losses, norms: before each step.
        rates: of each step.
        leaves: for each parameter array its values, the first before the first step.
        states: for each parameter array and each part of its state the same.
        beyond: the loss and the norm behind the last step, if that is known.
    """

    losses: np.ndarray[Any, Any]
    norms: np.ndarray[Any, Any]
    rates: np.ndarray[Any, Any]
    leaves: Sequence[np.ndarray[Any, Any]]
    states: Sequence[Sequence[np.ndarray[Any, Any]]]
    beyond: tuple[float, float] | None = None


@final
@dataclass(frozen=True, slots=True)
class _Known:
    """A loop for one kind of arrays.

    Attributes:
        loop: whose step has the leaves, the states, the rate, the number of the step and the data for inputs, and for
            outputs the loss, the norm, the flag, the leaves and the states.
        states: how many parts the state of each parameter array has.
        any_rows: whether it holds for another number of rows.
    """

    loop: Any
    states: tuple[int, ...]
    any_rows: bool


@final
class Stretches:
    """Makes stretches of steps for one run.

    Args:
        problem: what is minimised.
        rule: by what.
        clip: the limit on gradients.
    """

    def __init__(self, problem: Problem, rule: Rule, clip: Clip | None) -> None:
        self._problem, self._rule, self._clip = problem, rule, clip
        self._known: _Known | None = None
        self._start = 0.0  # when the second step began in Python
        self._in_python = 0
        self._short = 0
        self.possible = self._is_possible()

    def _is_possible(self) -> bool:
        problem = self._problem
        plain = all(leaf.dtype == np.float64 and leaf.size for leaf in problem.start)
        held = problem.passes is None and (problem.data is None or isinstance(problem.data, InMemory))
        whole = problem.batches is None or isinstance(problem.batches.data, InMemory)
        ours = type(self._rule).__module__.startswith("chainrule.")
        clipped = self._clip is None or type(self._clip) in (by_norm, by_value)
        exact = problem.gradient is None and plain and held and whole and ours and clipped
        return exact and not available() and not has_effects(problem.function)

    def steps(self, done: int, most: int) -> int:
        """How many steps are to be made at one go, after so many: 0 for a step in Python."""
        if not self.possible or not most:
            return 0
        if self._known is None and not self._is_due(most):
            self._in_python += 1
            return 0
        return min(most, self._at_once(done))

    def _is_due(self, most: int) -> bool:
        """Whether it is time to compile."""
        if isinstance(self._problem.function, Compiled) and not self._problem.function.smallest:
            return True  # asked for, and kept for the next run
        if self._in_python < 2:  # the first step does what is done once
            self._start = time.perf_counter()
        # Judged again when twice as many steps were made: asking the clock at each would be felt.
        if self._in_python <= LOOKED_AT or self._in_python & (self._in_python - 1):
            return False
        return (time.perf_counter() - self._start) / (self._in_python - 1) * most > WORTH

    def _at_once(self, done: int) -> int:
        batches = self._problem.batches
        size = sum(leaf.nbytes for leaf in self._problem.start)
        limit = max(1, MEMORY // (3 * size))
        if self._known is not None:
            limit = min(limit, int(SLICE / self._known.loop.nanoseconds(self._rows())))
        if batches is None:
            return limit
        limit = min(limit, MEMORY // max(1, batches.size * self._row_bytes()))
        short = batches.data.rows % batches.size
        if not short:
            return limit
        before = batches.data.rows // batches.size - done % batches.per_epoch
        # The last batch of an epoch has fewer rows: it is a stretch of its own.
        return min(limit, before) if before else int(self._known is not None and self._known.any_rows)

    def _row_bytes(self) -> int:
        """How many bytes a row of the data has."""
        data = self._problem.data
        return data.block.nbytes // max(1, data.rows) if isinstance(data, InMemory) else 0

    def _rows(self) -> int:
        """How many rows a step takes."""
        problem = self._problem
        return problem.batches.size if problem.batches is not None else 0 if problem.data is None else problem.data.rows

    def make(
        self,
        leaves: Sequence[Any],
        states: Sequence[Any],
        done: int,
        rates: np.ndarray[Any, Any],
        blocks: Iterator[Block] | None,
    ) -> Made | None:
        """So many steps as there are rates, or fewer; None where the next one is to be made in Python.

        Of the batches as many are taken as steps were asked for: the caller begins anew behind those that were made.
        """
        problem, steps = self._problem, len(rates)
        if not steps:
            return None
        if blocks is not None:
            data = stacked([next(blocks) for _ in range(steps)])
        else:
            data = problem.data.block if isinstance(problem.data, InMemory) else NO_DATA
        if self._known is None:
            self._known = self._looked_up(leaves, states, data)
            if self._known is None:
                self.possible = False
                return None
        # One step more is made, and not taken: so the loss at the end of a compiled function costs nothing.
        more = isinstance(problem.function, Compiled) and problem.batches is None
        if more:
            rates = np.concatenate((rates, rates[-1:]))
        found = self._run(self._known, leaves, states, done, rates, data)
        if more and len(found.losses) > steps:
            found = _but_the_last(found)
        if len(found.losses) < min(steps, 4):
            self._short += 1
            self.possible = self._short < TRIES
        return found if len(found.losses) else None

    def _run(
        self, known: _Known, leaves: Sequence[Any], states: Sequence[Any], done: int, rates: Any, data: Block
    ) -> Made:
        flat = [part for state in states for part in state]
        numbers = np.arange(done + 1.0, done + len(rates) + 1.0)
        rows = [*data.by_position, *data.by_name.values()]
        inputs = [np.asarray(x) for x in (*leaves, *flat, rates, numbers, *rows)]
        stretch = known.loop.run(inputs, len(rates))
        n = stretch.done
        losses, norms, _, *rest = stretch.outputs
        carried = [part[: n + 1] for part in rest]
        found, first = [], len(leaves)
        for count in known.states:
            found.append(carried[first : first + count])
            first += count
        return Made(losses[:n], norms[:n], rates[:n], carried[: len(leaves)], found)

    def _looked_up(self, leaves: Sequence[Any], states: Sequence[Any], data: Block) -> _Known | None:
        function = self._problem.function
        kept: dict[Any, _Known] = function.kept.setdefault("stretches", {}) if isinstance(function, Compiled) else {}
        several = self._problem.batches is not None
        key = (
            self._rule,
            self._clip,
            several,
            self._problem.paths,
            tuple([leaf.shape for leaf in leaves]),
            tuple([(x.shape[several:], x.dtype) for x in (*data.by_position, *data.by_name.values())]),
            tuple(data.by_name),
        )
        if key not in kept:
            try:
                kept[key] = self._built(leaves, states, data)
            except (ChainruleError, CompilationError, NotPlannedError, TypeError, ValueError, ArithmeticError):
                return None
        return kept[key]

    def _built(self, leaves: Sequence[Any], states: Sequence[Any], data: Block) -> _Known:
        from chainrule.kernels.running.loop import Loop  # needs llvmlite

        several = self._problem.batches is not None
        one = _each(data, lambda x: x[0]) if several else data
        graph = self._graph(leaves, states, one)
        held = len(leaves) + sum(map(len, states))
        if len(graph.outputs) != 3 + held:
            raise NotPlannedError("a step makes what does not depend on the parameters")
        axes = [None if i < held + 2 else 0 for i in range(len(graph.inputs))]
        short = self._problem.batches.data.rows % data.rows if self._problem.batches is not None else 0
        rows: Rows | NotByRows = NotByRows("")
        if short:
            rows = rows_at_any_count(graph, self._graph(leaves, states, one.take(slice(0, short))), axes)
        any_rows = isinstance(rows, Rows) and not any(node.is_constant for node in rows.axis)
        if not any_rows:
            rows = rows_of(graph, axes) if data.rows else rows_of(graph)
        if isinstance(rows, NotByRows):
            rows = rows_of(graph)
        program = program_of(graph if isinstance(rows, NotByRows) else rows.graph, rows)
        carried = {3 + i: i for i in range(held)}
        each = [held, held + 1, *(range(held + 2, len(graph.inputs)) if several else ())]
        loop = Loop(program, carried, 2, each)
        if loop.nanoseconds(data.rows) > LARGEST:
            raise NotPlannedError("a step is long enough for Python")
        known = _Known(loop, tuple(map(len, states)), any_rows and program.has_rows)
        if not self._agrees(known, leaves, states, data, one):
            raise NotPlannedError("a step comes out differently")
        return known

    def _graph(self, leaves: Sequence[Any], states: Sequence[Any], one: Block) -> Graph:
        args = (list(leaves), [list(state) for state in states], np.float64(0.01), np.float64(1.0), *one.by_position)
        recorded = record(self._step, args, one.by_name, lambda leaf, place, path: np.asarray(leaf)[()])
        return simplify_to_run(recorded.graph)[0]

    def _agrees(self, known: _Known, leaves: Sequence[Any], states: Sequence[Any], data: Block, one: Block) -> bool:
        """Whether a step of the loop is the same as one in Python: what a function draws or counts shows here."""
        rate = 0.01
        first = data if one is data else _each(data, lambda x: x[:1])
        made = self._run(known, leaves, states, 0, np.array([rate]), first)
        value, slopes = self._problem.evaluate_on(leaves, one)
        if not len(made.losses):
            return not np.isfinite(value) or not TINY < sum(float(np.sum(x * x)) for x in slopes) < HUGE
        ascent = slopes if self._clip is None else self._clip(slopes, float(made.norms[0]))
        found = [made.losses[0], *(x[1] for x in made.leaves), *(x[1] for parts in made.states for x in parts)]
        moved = [self._rule.update(*each, rate, 1) for each in zip(leaves, ascent, states, strict=True)]
        wanted = [value, *(leaf for leaf, _ in moved), *(part for _, parts in moved for part in parts)]
        return all(
            np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE * float(np.max(np.abs(b), initial=0.0)))
            for a, b in zip(found, wanted, strict=True)
        )

    def _step(self, leaves: Any, states: Any, rate: Any, number: Any, *rows: Any, **named: Any) -> Any:
        value, slopes = value_and_leaves(self._problem.function)(self._problem.rebuild(leaves), *rows, **named)
        squares, sizes = (sum(np.sum(x * x) for x in arrays) for arrays in (slopes, leaves))
        norm = np.sqrt(squares)
        fine = np.isfinite(value) & (squares > TINY) & (squares < HUGE) & (sizes < HUGE)
        if isinstance(self._clip, by_norm):
            factor = np.where(norm > self._clip.most, self._clip.most / norm, 1.0)
            slopes = [slope * factor for slope in slopes]
        elif isinstance(self._clip, by_value):
            slopes = [np.clip(slope, -self._clip.most, self._clip.most) for slope in slopes]
        every = zip(leaves, slopes, states, strict=True)
        moved = [self._rule.update(leaf, slope, tuple(state), rate, number) for leaf, slope, state in every]
        return value, norm, np.where(fine, 1.0, 0.0), [leaf for leaf, _ in moved], [list(state) for _, state in moved]


def _but_the_last(made: Made) -> Made:
    losses, norms = made.losses, made.norms
    states = [[part[:-1] for part in parts] for parts in made.states]
    beyond = float(losses[-1]), float(norms[-1])
    return Made(losses[:-1], norms[:-1], made.rates[:-1], [leaf[:-1] for leaf in made.leaves], states, beyond)


def stacked(blocks: Sequence[Block]) -> Block:
    """Blocks of as many rows, one behind the other along a new first axis."""
    return Block(
        tuple(np.stack(parts) for parts in zip(*(block.by_position for block in blocks), strict=True)),
        {name: np.stack([block.by_name[name] for block in blocks]) for name in blocks[0].by_name},
        blocks[0].rows,
    )


def _each(data: Block, part: Callable[[Any], Any]) -> Block:
    by_name = {name: part(x) for name, x in data.by_name.items()}
    return Block(tuple(part(x) for x in data.by_position), by_name, data.rows)
