"""The loop of a descent: one step after the other, with what it records and what ends it."""

from __future__ import annotations

import contextlib
import math
import os
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, final

import numpy as np

from chainrule.errors import ArgumentError, DataError, NonFiniteError
from chainrule.learn.batches import Block
from chainrule.learn.checkpoint import Checkpoint, Saved
from chainrule.learn.clipping import Clip
from chainrule.learn.descent import Descent, History
from chainrule.learn.ending import INTERRUPTED, STEPS_DONE, Ending, How
from chainrule.learn.identity import identity
from chainrule.learn.iterates import Iterates
from chainrule.learn.optimizers.optimizer import Optimizer, Rule, State
from chainrule.learn.optimizers.solver import Solver
from chainrule.learn.problem import NO_DATA, Problem, first_not_finite, measure
from chainrule.learn.progress import Progress
from chainrule.learn.schedules import rate_at, rates_ahead
from chainrule.learn.solving import solve
from chainrule.learn.stopping import Memory, Stop
from chainrule.learn.stretches import Made, Stretches
from chainrule.numeric.probe import quiet

__all__ = ["Run", "Settings"]

Callback = Callable[[int, float, Any], Any]

LARGE = 1e18  # a norm whose square overflows in float32; below it no state of a rule needs to be looked at


@dataclass(frozen=True, slots=True)
class Settings:
    """What a descent was asked for, apart from the loss and the optimizer.

    Attributes:
        learning_rate: a number, or the rate as a function of the steps made before; None where a solver finds it.
        steps: how many steps to make.
        clip: the limit on gradients.
        stops: the criteria that end it early.
        callback: called at each measured state.
        keep_history: how many bytes the iterates may take.
        progress: whether a long run shows a bar.
        checkpoint: the folder in which the run is kept.
        every: how many steps lie between two checkpoints.
    """

    learning_rate: float | Callable[[int], float] | None
    steps: int
    clip: Clip | None
    stops: tuple[Stop, ...]
    callback: Callback | None
    keep_history: int
    progress: bool
    checkpoint: str | os.PathLike[str] | None
    every: int


class Position(NamedTuple):
    """Where a run stands between two steps: from here it goes on in one way only.

    Attributes:
        done: how many steps were made.
        leaves: the parameter arrays.
        states: the optimizer's state of each.
        memories: what each criterion to stop remembers.
    """

    done: int
    leaves: Sequence[Any]
    states: Sequence[State]
    memories: Sequence[Memory]


class Measured(NamedTuple):
    """A state with its loss and the norm of its gradient."""

    done: int
    leaves: Sequence[Any]
    loss: float
    norm: float


@final
class Run:
    """A descent that is under way.

    Each of `position` and `measured` is one object that one store replaces: an interrupt finds it whole.

    Attributes:
        problem: what is minimised.
        optimizer: by what.
        settings: what was asked for.
        position: where it stands between two steps.
        measured: the last state whose loss is known, over all data or over a batch.
    """

    def __init__(self, problem: Problem, optimizer: Optimizer, settings: Settings) -> None:
        self.problem, self.optimizer, self.settings = problem, optimizer, settings
        self.losses, self.norms, self.rates = array("d"), array("d"), array("d")
        self.iterates = Iterates(problem.start, settings.keep_history)
        leaves = problem.start
        states = [optimizer.init(leaf) if isinstance(optimizer, Rule) else () for leaf in leaves]
        self.position = Position(0, leaves, states, [stop.init() for stop in settings.stops])
        self.measured = Measured(0, leaves, math.nan, math.nan)
        self.memories = self.position.memories
        self.progress = Progress(settings.steps, settings.progress)
        self.checkpoint: Checkpoint | None = None
        self.failed: Ending | None = None

    def descend(self) -> Descent:
        """Run to the end, or to an interrupt; on from a checkpoint, if there is one."""
        if self.settings.checkpoint is None:
            return self._result(self._run())
        self.checkpoint = Checkpoint(self.settings.checkpoint, identity(self))
        try:
            saved = self.checkpoint.load(self.problem.start)
            if saved is None:
                self._save()  # a folder that cannot be written to is found before anything is lost
            elif self._restored(saved):
                return self._result(saved.ending or STEPS_DONE, saved.final)
            ending = self._run()
            # Of a solver the checkpoint before is kept: its legs end there in every run.
            if ending is INTERRUPTED and isinstance(self.optimizer, Rule):
                self.save()
            result = self._result(ending)
            if ending is not INTERRUPTED and not self.failed:
                final = result.final_loss, result.gradient_norm
                if failed := self.save(ending, final):
                    return self._result(replace(ending, said=f"{ending.said}; {failed.said}"), final)
            return result
        finally:
            self.checkpoint.close()

    def _run(self) -> Ending:
        optimizer = self.optimizer
        with quiet(), self.progress:
            try:
                if isinstance(optimizer, Solver):
                    return solve(self, optimizer)
                if isinstance(optimizer, Rule):
                    return self._steps(optimizer)
            except KeyboardInterrupt:
                return INTERRUPTED
        raise ArgumentError(f"{optimizer.name} is neither a Rule nor a Solver: derive it from one of them")

    def _steps(self, rule: Rule) -> Ending:
        problem, settings = self.problem, self.settings
        asked = settings.learning_rate
        rate_of, rate = (asked, math.nan) if callable(asked) else (None, math.nan if asked is None else asked)
        any_complex = any(leaf.dtype.kind == "c" for leaf in problem.start)
        batches = None if problem.batches is None else problem.batches.after(self.position.done)
        block = NO_DATA
        stretches = Stretches(problem, rule, settings.clip)
        while (done := self.position.done) < settings.steps:
            ahead = 0 if settings.callback is not None else stretches.steps(done, self.until_checkpoint())
            if ahead:
                rates = rates_ahead(asked, rate, done, ahead)
                made = stretches.make(self.position.leaves, self.position.states, done, rates, batches)
                ending = None if made is None else self._noted(made)
                if batches is not None and problem.batches is not None:
                    batches = problem.batches.after(self.position.done)
                if ending is not None:
                    return ending
                if made is not None:
                    if failed := self._saved_if_due():
                        return failed
                    if made.beyond is not None and self.position.done == settings.steps:
                        return self._at_the_end(*made.beyond)
                    continue
            leaves = self.position.leaves
            if batches is None:
                value, slopes = problem.evaluate(leaves)
            else:
                block = next(batches)
                value, slopes = problem.evaluate_on(leaves, block)
            ending = self.measure(done, leaves, value, slopes, block)
            if ending is not None:
                return ending
            if rate_of is not None:
                rate = rate_at(rate_of, done)
            ascent: Sequence[Any] = slopes
            if any_complex:
                # Conjugated once, here: no rule needs to know of it.
                ascent = [np.conj(slope) if slope.dtype.kind == "c" else slope for slope in slopes]
            if settings.clip is not None:
                ascent = settings.clip(ascent, self.measured.norm)
            moved, states = [], []
            for leaf, gradient, state in zip(leaves, ascent, self.position.states, strict=True):
                parameter, after = rule.update(leaf, gradient, state, rate, done + 1)
                moved.append(parameter)
                states.append(after)
            if self.measured.norm > LARGE and not all(np.isfinite(part).all() for state in states for part in state):
                return Ending(
                    How.SAID_SO,
                    f"the gradient is too large for {rule.name} at step {done}: squares of its norm, "
                    f"{self.measured.norm:.3g}, overflow; divide the loss by a constant, or clip",
                )
            self.moved(moved, states, rate)
            if failed := self._saved_if_due():
                return failed
        leaves = self.position.leaves
        value, slopes = problem.evaluate(leaves)
        return self.measure(settings.steps, leaves, value, slopes, block) or STEPS_DONE

    def measure(
        self, done: int, leaves: Sequence[Any], value: float, slopes: Sequence[Any], block: Block = NO_DATA
    ) -> Ending | None:
        """Note the loss at the state after `done` steps, over some rows or over all; how the run ends there, if so."""
        norm, fault = measure(value, slopes, leaves, self.problem.paths)
        if fault is not None and done == 0:
            raise NonFiniteError(self.problem.why_not_finite(fault, leaves, block))
        self.measured = Measured(done, leaves, value, norm)
        if fault is not None:
            said = f"{fault[0]} is not finite at step {done}{_because_of(block)}"
            return Ending(How.NOT_FINITE, said, fault[0])
        reason = self._stopped(self.measured) if self.settings.stops else ""
        if self.settings.callback is not None:
            said = self.settings.callback(done, value, self._copied(leaves))
            if isinstance(said, bool | np.bool_) and said:
                reason = reason or "the callback said so"
        if self.progress.shown:
            self.progress.update(done, value, self.rates[-1] if self.rates else None)
        return Ending(How.SAID_SO, reason) if reason else None

    def _at_the_end(self, loss: float, norm: float) -> Ending:
        """Note the state after all steps, whose loss is known and finite; how the run ends there."""
        self.measured = Measured(self.position.done, self.position.leaves, loss, norm)
        reason = self._stopped(self.measured) if self.settings.stops else ""
        return Ending(How.SAID_SO, reason) if reason else STEPS_DONE

    def _stopped(self, measured: Measured) -> str:
        """What a criterion says of a state; "" to go on."""
        looks = [
            stop.look(measured.done, measured.loss, measured.norm, lambda: self._copied(measured.leaves), memory)
            for stop, memory in zip(self.settings.stops, self.position.memories, strict=True)
        ]
        self.memories = [memory for _, memory in looks]
        return next((reason for reason, _ in looks if reason), "")

    def _noted(self, made: Made) -> Ending | None:
        """Note steps that were made at one go; how the run ends in the middle of them, if it does."""
        first, count = self.position.done, len(made.losses)
        if not self.settings.stops:
            self.iterates.keep_all(first, [x[:count] for x in made.leaves])
            for column, values in ((self.losses, made.losses), (self.norms, made.norms), (self.rates, made.rates)):
                column.frombytes(np.asarray(values, np.float64).tobytes())
            last, at = ([x[count + i] for x in made.leaves] for i in (-1, 0))
            states = [tuple([x[count] for x in parts]) for parts in made.states]
            self.measured = Measured(first + count - 1, last, float(made.losses[-1]), float(made.norms[-1]))
            self.position = Position(first + count, at, states, self.memories)
        for i in range(count if self.settings.stops else 0):
            loss, norm = float(made.losses[i]), float(made.norms[i])
            self.measured = Measured(first + i, [x[i] for x in made.leaves], loss, norm)
            if reason := self._stopped(self.measured):
                return Ending(How.SAID_SO, reason)
            states = [tuple([x[i + 1] for x in parts]) for parts in made.states]
            self.moved([x[i + 1] for x in made.leaves], states, float(made.rates[i]))
        if self.progress.shown:
            self.progress.update(first + count, float(made.losses[-1]), float(made.rates[-1]))
        return None

    def _saved_if_due(self) -> Ending | None:
        """Save where a checkpoint is due; how the run ends where that has failed."""
        due = self.checkpoint is not None and self.position.done % self.settings.every == 0
        return self.save() if due else None

    def moved(self, leaves: Sequence[Any], states: Sequence[State], rate: float) -> None:
        """Note a step from the state that was measured last, and where it has led to."""
        before = self.measured
        self.losses.append(before.loss)
        self.norms.append(before.norm)
        self.rates.append(rate)
        self.iterates.keep(before.done, before.leaves)
        self.position = Position(before.done + 1, leaves, states, self.memories)

    def until_checkpoint(self) -> int:
        """How many steps lie before the next checkpoint, or the end."""
        done, steps, every = self.position.done, self.settings.steps, self.settings.every
        return steps - done if self.checkpoint is None else min(steps - done, every - done % every)

    def save(self, ending: Ending | None = None, final: tuple[float, float] | None = None) -> Ending | None:
        """Put the position on the disk, if the run is kept in a folder; how the run ends where that has failed."""
        try:
            self._save(ending, final)
        except DataError as error:
            self.failed = Ending(How.SAID_SO, f"the checkpoint could not be written: {error}")
        return self.failed

    def _save(self, ending: Ending | None = None, final: tuple[float, float] | None = None) -> None:
        if self.checkpoint is None:
            return
        position, done = self.position, self.position.done
        first = self.checkpoint.history.upto
        recent = np.column_stack([np.array(column[first:done]) for column in (self.losses, self.norms, self.rates)])
        self.checkpoint.save(
            Saved(
                done=done,
                leaves=position.leaves,
                states=position.states,
                memories=position.memories,
                history=recent,
                iterates=self.iterates.held,
                stride=self.iterates.stride,
                ending=ending,
                final=final,
            )
        )

    def _restored(self, saved: Saved) -> bool:
        """Go to where a checkpoint stands; whether the run has ended there."""
        steps = self.settings.steps
        if saved.done > steps:
            raise ArgumentError(
                f"steps is {steps:,}, and the run in {os.fsdecode(self.settings.checkpoint or '')} has made "
                f"{saved.done:,} already: ask for as many or more, or give another folder"
            )
        for column, values in zip((self.losses, self.norms, self.rates), saved.history.T, strict=True):
            column.frombytes(np.ascontiguousarray(values).tobytes())
        self.iterates.stride, self.iterates.held = saved.stride, list(saved.iterates)
        self.position = Position(saved.done, saved.leaves, saved.states, saved.memories)
        self.memories = saved.memories
        self.measured = Measured(saved.done, saved.leaves, math.nan, math.nan)
        return saved.ending is not None and not (saved.ending.how is How.STEPS_DONE and saved.done < steps)

    def _copied(self, leaves: Sequence[Any]) -> Any:
        return self.problem.rebuild([np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])

    def _result(self, ending: Ending, known: tuple[float, float] | None = None) -> Descent:
        problem, measured = self.problem, self.measured
        done, leaves = measured.done, measured.leaves
        final: tuple[float, float] | None = measured.loss, measured.norm
        if known is not None:
            done, leaves, final = self.position.done, self.position.leaves, known
        elif problem.batches is not None and done < self.settings.steps:
            # What was measured is a batch's. All data may take long: after an interrupt, only when it is asked for.
            done, leaves, final = self.position.done, self.position.leaves, None
            if not math.isnan(measured.loss) and ending is not INTERRUPTED:
                with quiet(), contextlib.suppress(KeyboardInterrupt):
                    value, slopes = problem.evaluate(leaves)
                    final = value, measure(value, slopes, leaves, problem.paths)[0]
        self.iterates.keep(done, leaves)
        history = History(
            loss=np.array(self.losses[:done]),
            learning_rate=np.array(self.rates[:done]),
            gradient_norm=np.array(self.norms[:done]),
            path=partial(_path, self.iterates, problem, done),
        )
        return Descent(
            parameters=self._copied(leaves),
            history=history,
            steps=done,
            asked=self.settings.steps,
            ending=ending,
            optimizer=self.optimizer,
            learning_rate=self.settings.learning_rate,
            clip=self.settings.clip,
            problem=problem,
            final=final,
        )


def _path(iterates: Iterates, problem: Problem, done: int) -> list[tuple[int, Any]]:
    """The iterates up to a step in the form of the start, each with the number of steps before it."""
    return [(step, problem.rebuild(list(held))) for step, held in iterates.up_to(done)]


def _because_of(block: Block) -> str:
    """What of a mini-batch is not finite, for the end of a message."""
    for label, held in block.labelled():
        if held.dtype.kind in "fc":
            place = first_not_finite(held, label)
            if place:
                return f": of its batch, {place[0]} is {place[1]}"
    return ""
