"""Gradient descent: a loss is lowered step by step, by the rule of an optimizer."""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, NonFiniteError
from chainrule.learn.descent import Descent, History
from chainrule.learn.optimizers import Optimizer, as_optimizer
from chainrule.learn.problem import Problem, norm, not_finite
from chainrule.learn.progress import Progress
from chainrule.numeric.probe import quiet

__all__ = ["descend"]

MEBIBYTE = 2**20


def descend(
    loss: Callable[..., Any] | str,
    start: Any,
    learning_rate: float | None = None,
    steps: int = 100,
    *,
    optimizer: str | Optimizer = "gd",
    gradient: Callable[[Any], Any] | None = None,
    keep_history: int = 64 * MEBIBYTE,
    progress: bool = True,
) -> Descent:
    """Minimise a loss step by step, with all data at every step.

    A complex parameter moves against the conjugate of its gradient, which is the direction of steepest descent.
    Ctrl-C ends the run, and what it reached so far is returned. On a terminal, a run of more than a second shows a bar.

    Args:
        loss: a real scalar-valued function of the parameters, or a formula. A formula of several variables takes a
            dict of them as `start`.
        start: where to begin: a number, an array, or a container of such. Integers become float64.
        learning_rate: the factor of the gradient in a step, positive; None for the optimizer's default, if it has one.
        steps: how many steps to make.
        optimizer: the rule of a step, by its name or as one of `cr.optimizers`.
        gradient: the gradient of the loss as a function of the parameters, in place of the exact one.
        keep_history: how many bytes `history.parameters` may take; see `History`.
        progress: whether a long run shows a bar on a terminal.

    Returns:
        A `Descent`. It stops early, and says so, when the loss, its gradient or a parameter is no longer finite.

    Raises:
        ArgumentError: the start is not numeric, the learning rate is not positive, or the optimizer unknown.
        NonFiniteError: the start, or the loss at the start, is not finite; the message names the place.
        NotScalarError: the loss is not a scalar.
        ShapeError: `gradient` returns other shapes than those of the parameters.

    >>> import numpy as np, chainrule as cr
    >>> run = cr.descend(lambda w: np.sum((w - 3.0) ** 2), np.zeros(2), learning_rate=0.1, steps=50)
    >>> run.parameters.round(3)
    array([3., 3.])
    >>> float(run.history.loss[0]), run.final_loss < 1e-8, run.stopped
    (18.0, True, 'steps done')
    """
    method = as_optimizer(optimizer)
    rate, count = _rate(learning_rate, method), _step_count(steps)
    budget = operator.index(keep_history)
    problem = Problem(loss, start, gradient)
    return _run(problem, method, rate, count, budget, progress)


def _run(problem: Problem, optimizer: Optimizer, rate: float, count: int, budget: int, shown: bool) -> Descent:
    losses, norms, rates = array("d"), array("d"), array("d")
    iterates = _Iterates(problem.start, budget)
    leaves = problem.start
    states = [optimizer.init(leaf) for leaf in leaves]
    # The last complete state is one tuple, replaced by one store: an interrupt finds it whole.
    reached: tuple[int, list[Any], float, float] = (0, leaves, math.nan, math.nan)
    stopped = "steps done"
    with quiet(), Progress(count, shown) as progress:
        try:
            value, slopes = problem.evaluate(leaves)
            found = not_finite(value, slopes, leaves, problem.paths)
            if found:
                raise NonFiniteError(problem.why_not_finite(found, leaves))
            reached = (0, leaves, value, norm(slopes))
            for step in range(1, count + 1):
                losses.append(value)
                norms.append(reached[3])
                rates.append(rate)
                iterates.keep(step - 1, leaves)
                moved = [
                    optimizer.update(leaf, np.conj(slope), state, rate, step)
                    for leaf, slope, state in zip(leaves, slopes, states, strict=True)
                ]
                leaves, states = [leaf for leaf, _ in moved], [state for _, state in moved]
                value, slopes = problem.evaluate(leaves)
                reached = (step, leaves, value, norm(slopes))
                found = not_finite(value, slopes, leaves, problem.paths)
                if found:
                    stopped = f"diverged: {found[0]} is not finite at step {step}"
                    break
                progress.update(step, value)
        except KeyboardInterrupt:
            stopped = "interrupted"
        done, leaves, value, last = reached
        iterates.keep(done, leaves)
    kept = iterates.up_to(done)
    history = History(
        loss=np.array(losses[:done]),
        parameters=tuple(problem.rebuild(list(held)) for _, held in kept),
        steps=tuple(step for step, _ in kept),
        learning_rate=np.array(rates[:done]),
        gradient_norm=np.array(norms[:done]),
    )
    return Descent(
        parameters=problem.rebuild([np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]),
        history=history,
        final_loss=value,
        gradient_norm=last,
        steps=done,
        asked=count,
        stopped=stopped,
        optimizer=optimizer,
        learning_rate=rate,
        problem=problem,
    )


class _Iterates:
    """The path of a descent within a budget of bytes: every stride-th iterate, the stride doubling when it is full."""

    def __init__(self, leaves: Sequence[Any], budget: int) -> None:
        self.capacity = budget // max(1, sum(leaf.nbytes for leaf in leaves))
        self.stride = 1
        self.held: list[tuple[int, Sequence[Any]]] = []

    def keep(self, step: int, leaves: Sequence[Any]) -> None:
        if step % self.stride or self.capacity < 2:
            return
        if len(self.held) == self.capacity:
            self.stride *= 2
            self.held = [pair for pair in self.held if pair[0] % self.stride == 0]
            if step % self.stride:
                return
        if not self.held or self.held[-1][0] < step:
            self.held.append((step, leaves))

    def up_to(self, step: int) -> list[tuple[int, Sequence[Any]]]:
        return [pair for pair in self.held if pair[0] <= step]


def _rate(learning_rate: Any, optimizer: Optimizer) -> float:
    """The rate asked for, or the optimizer's own."""
    if learning_rate is None:
        if optimizer.default_learning_rate is None:
            raise ArgumentError(
                f"learning_rate is None, and {optimizer.name} has no rate that suits every loss: give a positive number"
            )
        return optimizer.default_learning_rate
    try:
        if (
            isinstance(learning_rate, (bool, np.bool_, str, bytes))
            or np.ndim(learning_rate)
            or np.iscomplexobj(learning_rate)
        ):
            raise TypeError
        rate = float(learning_rate)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(
            f"learning_rate is {learning_rate!r:.60}, expected a positive number such as 0.01"
        ) from None
    if not 0 < rate < math.inf:
        hint = ": a step goes against the gradient by itself" if rate < 0 else ""
        raise ArgumentError(f"learning_rate is {rate:g}, expected a positive finite number such as 0.01{hint}")
    return rate


def _step_count(steps: Any) -> int:
    try:
        count = operator.index(steps)
    except TypeError:
        count = -1
    if isinstance(steps, bool) or count < 0:
        raise ArgumentError(f"steps is {steps!r:.60}, expected a whole number, 0 or more")
    return count
