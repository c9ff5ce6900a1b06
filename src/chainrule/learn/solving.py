"""A descent by a solver: the loss as a function of one vector, and the run told of each step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.learn.coordinates import Coordinates
from chainrule.learn.ending import STEPS_DONE, Ending, How
from chainrule.learn.optimizers.solver import Objective, Solver

if TYPE_CHECKING:
    from chainrule.learn.loop import Run

__all__ = ["solve"]

Vector = NDArray[np.float64]

REMEMBERED = 4  # evaluations: a solver comes back to one of its last trials
TOO_HIGH = 100.0  # above the loss of the step before, relative to 1 + |loss|: what a trial outside the domain counts


def solve(run: Run, solver: Solver) -> Ending:
    """Run a solver to the end of the steps, or to where it or the run ends; how it ended.

    With a checkpoint it runs in legs, each beginning anew from its parameters: what it has learned of the loss is no
    part of a checkpoint, so that a resumed run and one that was never interrupted are the same.
    """
    solver.require()
    view = _View(run)
    ending = view.measure(run.position.leaves)
    objective = Objective(view.both, view.hessian, view.arrived)
    while ending is None and run.position.done < run.settings.steps:
        reason = solver.minimize(objective, view.vector(), run.until_checkpoint())
        ending = view.ending or (Ending(How.SAID_SO, reason) if reason else run.save())
    return ending or STEPS_DONE


@final
class _View:
    """The problem of a run as a solver sees it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.ending: Ending | None = None
        self.where = Coordinates(run.problem.rebuild(run.problem.start), "start")
        self.evaluated: dict[bytes, tuple[float, list[Any]]] = {}
        self.curved: tuple[bytes, Callable[[Vector], Vector]] | None = None

    def vector(self) -> Vector:
        return self.where.joined(self.run.position.leaves)

    def leaves(self, x: Vector) -> list[Any]:
        return self.run.problem.flatten(self.where.parameters(x))

    def both(self, x: Vector) -> tuple[float, Vector]:
        value, slopes = self._evaluate(x.tobytes(), self.leaves(x))
        gradient = self.where.joined(slopes, gradient=True)
        if not (math.isfinite(value) and np.isfinite(gradient).all()):
            known = self.run.measured.loss
            return known + TOO_HIGH * (1 + abs(known)), np.zeros_like(x)
        return value, gradient

    def hessian(self, x: Vector) -> Callable[[Vector], Vector]:
        key = x.tobytes()
        if self.curved is None or self.curved[0] != key:
            self.curved = key, self.run.problem.hessian(self.leaves(x))
        return self.curved[1]

    def arrived(self, x: Vector) -> None:
        self.run.moved(self.leaves(x), (), math.nan)
        self.ending = self.measure(self.run.position.leaves, x.tobytes())
        if self.ending is not None:
            raise StopIteration

    def measure(self, leaves: Sequence[Any], key: bytes = b"") -> Ending | None:
        run = self.run
        return run.measure(run.position.done, leaves, *self._evaluate(key, leaves))

    def _evaluate(self, key: bytes, leaves: Sequence[Any]) -> tuple[float, list[Any]]:
        found = self.evaluated.pop(key, None) or self.run.problem.evaluate(leaves)
        if key:
            self.evaluated[key] = found
            while len(self.evaluated) > REMEMBERED:
                del self.evaluated[next(iter(self.evaluated))]
        return found
