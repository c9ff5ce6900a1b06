"""Gradient descent: w <- w - learning_rate * gradient, on all the data at every step."""

from __future__ import annotations

import inspect
import math
import operator
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.arguments import differentiable, function_name
from chainrule.calculus.containers import flatten
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import scalar, value_and_grad
from chainrule.errors import ArgumentError, NonFiniteError, ShapeError
from chainrule.learn.progress import Progress
from chainrule.numeric.probe import label, quiet
from chainrule.passes.guards import watch_numbers

__all__ = ["Descent", "History", "descend"]

MEBIBYTE = 2**20

Evaluate = Callable[[Sequence[Any]], tuple[float, list[Any]]]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class History:
    """What a descent went through.

    Attributes:
        loss: the loss before each step, shape (steps,).
        parameters: the iterates in the form of `start`, beginning with the start itself. While they fit into the
            memory that `keep_history` grants, there is one before each step and one after the last; beyond that, every
            second, fourth, ... is kept, and none if two do not fit.
        steps: how many steps lie before each of the kept iterates.
    """

    loss: NDArray[np.float64]
    parameters: tuple[Any, ...]
    steps: tuple[int, ...]

    def __repr__(self) -> str:
        return f"History(loss of {len(self.loss)} steps, {len(self.parameters)} iterates)"


@dataclass(frozen=True, slots=True, eq=False)
class Descent:
    """A run of gradient descent; readable when printed.

    Attributes:
        parameters: the parameters reached, in the form of `start`.
        history: the loss before each step, and the iterates.
        final_loss: the loss at `parameters`.
        gradient_norm: the Euclidean norm of the gradient there.
        steps: how many steps were made.
        stopped: why it ended: "steps done", "interrupted", or "diverged: ..." with the place.
        verdict: what happened, in a sentence or two made from these measurements.

    >>> import chainrule as cr
    >>> run = cr.descend(lambda w: (w - 3.0) ** 2, 0.0, learning_rate=0.5, steps=4)
    >>> run.parameters, run.final_loss, run.steps, run.diverged
    (np.float64(3.0), 0.0, 4, False)
    """

    parameters: Any
    history: History
    final_loss: float
    gradient_norm: float
    steps: int
    stopped: str
    verdict: str

    @property
    def diverged(self) -> bool:
        """Whether it ended because a number was no longer finite."""
        return self.stopped.startswith("diverged")

    def __str__(self) -> str:
        before = float(self.history.loss[0]) if self.steps else self.final_loss
        lines = [f"gradient descent, {_steps(self.steps)}: {self.stopped}"]
        lines.append(f"  loss       {before:.6g} before, {self.final_loss:.6g} after")
        for path, leaf in flatten(self.parameters, "parameters")[0]:
            shown = np.array2string(np.asarray(leaf), precision=6, threshold=8, edgeitems=3, separator=", ")
            shape = f" of shape {np.shape(leaf)}" if np.size(leaf) > 8 else ""
            lines.append(f"  {path.removeprefix('parameters.')}{shape} = {' '.join(shown.split())}")
        return "\n".join([*lines, f"  {self.verdict}"])


def descend(
    loss: Callable[..., Any] | str,
    start: Any,
    learning_rate: float,
    steps: int = 100,
    *,
    gradient: Callable[[Any], Any] | None = None,
    keep_history: int = 64 * MEBIBYTE,
) -> Descent:
    """Minimise a loss by gradient descent with a fixed learning rate and all data at every step.

    A complex parameter moves against the conjugate of its gradient, which is the direction of steepest descent.
    Ctrl-C ends the run, and what it reached so far is returned. On a terminal, a run of more than a second shows a bar.

    Args:
        loss: a real scalar-valued function of the parameters, or a formula. A formula of several variables takes a
            dict of them as `start`.
        start: where to begin: a number, an array, or a container of such. Integers become float64.
        learning_rate: the factor of the gradient in a step, positive.
        steps: how many steps to make.
        gradient: the gradient of the loss as a function of the parameters, in place of the exact one.
        keep_history: how many bytes `history.parameters` may take; see `History`.

    Returns:
        A `Descent`. It stops early, and says so, when the loss, its gradient or a parameter is no longer finite.

    Raises:
        ArgumentError: the start is not numeric, or the learning rate is not positive.
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
    rate, count = _positive_rate(learning_rate), _step_count(steps)
    budget = operator.index(keep_history)
    leaves, paths, rebuild = _read_start(start)
    function = _of_one_argument(loss, start)
    evaluate = _with_exact(function, rebuild) if gradient is None else _with_given(function, gradient, rebuild, paths)

    losses = array("d")
    iterates = _Iterates(leaves, budget)
    # The last complete state is one tuple, replaced by one store: an interrupt finds it whole.
    state: tuple[int, list[Any], float, list[Any]] = (0, leaves, math.nan, [])
    stopped, first = "steps done", math.nan
    with quiet(), Progress(count) as progress:
        try:
            value, slopes = evaluate(leaves)
            problem = _not_finite(value, slopes, leaves, paths)
            if problem:
                raise NonFiniteError(_why_not_finite_at_start(problem, function, rebuild(leaves)))
            first = _norm(slopes)
            state = (0, leaves, value, slopes)
            for done in range(1, count + 1):
                losses.append(value)
                iterates.keep(done - 1, leaves)
                leaves = [leaf - rate * np.conj(slope) for leaf, slope in zip(leaves, slopes, strict=True)]
                value, slopes = evaluate(leaves)
                state = (done, leaves, value, slopes)
                problem = _not_finite(value, slopes, leaves, paths)
                if problem:
                    stopped = f"diverged: {problem[0]} is not finite at step {done}"
                    break
                progress.update(done, value)
        except KeyboardInterrupt:
            stopped = "interrupted"
        done, leaves, value, slopes = state
        iterates.keep(done, leaves)
    norms = (first, _norm(slopes)) if slopes else (math.nan, math.nan)
    measured = np.array(losses[:done])
    kept = iterates.up_to(done)
    return Descent(
        parameters=rebuild([np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf for leaf in leaves]),
        history=History(measured, tuple(rebuild(list(held)) for _, held in kept), tuple(step for step, _ in kept)),
        final_loss=value,
        gradient_norm=norms[1],
        steps=done,
        stopped=stopped,
        verdict=_verdict(np.append(measured, value), norms, stopped, count, gradient is not None),
    )


def _read_start(start: Any) -> tuple[list[Any], list[str], Callable[[Sequence[Any]], Any]]:
    """The leaves of the start as floating arrays of their own, their names, and how to put them together again."""
    pairs, rebuild = flatten(start, "start")
    leaves = [np.copy(differentiable(leaf, path))[()] for path, leaf in pairs]
    paths = [path.removeprefix("start.") for path, _ in pairs]
    if not sum(np.size(leaf) for leaf in leaves):
        raise ArgumentError("start holds no numbers: give the parameters to begin with")
    for leaf, path in zip(leaves, paths, strict=True):
        place = _first_not_finite(leaf, path)
        if place:
            raise NonFiniteError(f"{place[0]} is {place[1]}: a descent needs a finite start")
    return leaves, paths, rebuild


def _of_one_argument(loss: Callable[..., Any] | str, start: Any) -> Callable[[Any], Any]:
    function = as_function(loss)
    if isinstance(loss, str) and isinstance(start, dict):
        return lambda parameters: function(**parameters)
    return function


def _with_exact(function: Callable[[Any], Any], rebuild: Callable[[Sequence[Any]], Any]) -> Evaluate:
    both = value_and_grad(function)

    def evaluate(leaves: Sequence[Any]) -> tuple[float, list[Any]]:
        value, gradient = both(rebuild(leaves))
        return float(value), [slope for _, slope in flatten(gradient)[0]]

    return evaluate


def _with_given(
    function: Callable[[Any], Any],
    gradient: Callable[[Any], Any],
    rebuild: Callable[[Sequence[Any]], Any],
    paths: Sequence[str],
) -> Evaluate:
    if not callable(gradient):
        raise ArgumentError(f"gradient is {gradient!r:.60}, expected a function of the parameters, or nothing")

    def evaluate(leaves: Sequence[Any]) -> tuple[float, list[Any]]:
        # Each function gets copies: one that writes into its argument must not move the descent.
        value = scalar(function(rebuild([np.copy(leaf)[()] for leaf in leaves])), function_name(function))
        given = flatten(gradient(rebuild([np.copy(leaf)[()] for leaf in leaves])))[0]
        if len(given) != len(leaves):
            raise ShapeError(f"{function_name(gradient)} returned {len(given)} arrays, but start holds {len(leaves)}")
        slopes = []
        for (_, slope), leaf, path in zip(given, leaves, paths, strict=True):
            found = differentiable(slope, f"the gradient with respect to {path}")
            if np.shape(found) != np.shape(leaf):
                raise ShapeError(
                    f"the gradient with respect to {path} has shape {np.shape(found)}, "
                    f"but {path} has shape {np.shape(leaf)}"
                )
            if found.dtype.kind == "c" and leaf.dtype.kind != "c":
                raise ArgumentError(f"the gradient with respect to {path} is complex, but {path} is real")
            # A gradient computed in double precision must not widen a float32 parameter.
            slopes.append(found.astype(leaf.dtype))
        return float(value), slopes

    return evaluate


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


def _positive_rate(learning_rate: Any) -> float:
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


def _first_not_finite(leaf: Any, path: str) -> tuple[str, Any] | None:
    """The first component that is NaN or infinite, and its value."""
    finite = np.isfinite(leaf)
    if finite.all():
        return None
    index = tuple(int(i) for i in np.argwhere(~finite)[0])
    return label(path, index), np.asarray(leaf)[index]


def _not_finite(
    value: float, slopes: Sequence[Any], leaves: Sequence[Any], paths: Sequence[str]
) -> tuple[str, Any] | None:
    """What of a state is not finite, and its value; None if all of it is."""
    if not math.isfinite(value):
        return "the loss", value
    for leaf, slope, path in zip(leaves, slopes, paths, strict=True):
        found = _first_not_finite(slope, path)
        if found:
            return f"the derivative with respect to {found[0]}", found[1]
        found = _first_not_finite(leaf, path)
        if found:
            return found
    return None


def _why_not_finite_at_start(problem: tuple[str, Any], function: Callable[[Any], Any], parameters: Any) -> str:
    """The message for a start that is unusable: it names the data, or else the step, that is to blame."""
    message = f"{problem[0]} is {problem[1]} at the start"
    try:
        variables = inspect.getclosurevars(function)
    except (TypeError, ValueError):
        variables = None
    for name, value in {**variables.globals, **variables.nonlocals}.items() if variables else ():
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            place = _first_not_finite(value, name)
            if place:
                return f"{message}: {place[0]}, which {function_name(function)} uses, is {place[1]}"
    try:
        with watch_numbers():
            value_and_grad(function)(parameters)
    except NonFiniteError as error:
        return f"{message}: {error}"
    return f"{message}: begin at another point"


def _norm(slopes: Sequence[Any]) -> float:
    largest = max((float(np.max(np.abs(slope), initial=0.0)) for slope in slopes), default=0.0)
    if not 0 < largest < math.inf:
        return largest
    # Scaled, because the squares of a diverging run overflow long before its gradient does.
    return largest * math.sqrt(sum(float(np.sum(np.abs(slope / largest) ** 2)) for slope in slopes))


def _verdict(losses: NDArray[np.float64], norms: tuple[float, float], stopped: str, count: int, given: bool) -> str:
    """What happened, told from the losses at all iterates and the gradient's norm at the first and the last."""
    steps = len(losses) - 1
    before, after = float(losses[0]), float(losses[-1])
    if math.isnan(norms[0]):
        return "Interrupted before the loss was known."
    opening = f"Interrupted after {steps:,} of {count:,} steps. " if stopped == "interrupted" else ""
    if stopped.startswith("diverged"):
        peak = float(np.max(losses[:-1]))
        if peak > before:
            return f"The loss rose from {before:.6g} to {peak:.6g} and on: take a smaller learning rate."
        return f"The loss was {losses[-2]:.6g} one step earlier: that step left the domain of the loss or its gradient."
    if steps == 0:
        return f"{opening}No step was made; the gradient's norm is {norms[1]:.3g}."
    if norms[0] == 0:
        return "The gradient is zero at the start: a stationary point, or the loss does not depend on the parameters."
    rises = np.diff(losses) > 4 * np.finfo(float).eps * np.abs(losses[:-1])
    if after > before:
        remedy = "take a smaller learning rate" + (", and check the gradient" if given else "")
        return f"{opening}The loss rose from {before:.6g} to {after:.6g} in {_steps(steps)}: {remedy}."
    if after == before:
        return f"{opening}The loss is {after:.6g} before and after; the gradient's norm is {norms[1]:.3g} at the end."
    story = f"{opening}The loss fell from {before:.6g} to {after:.6g} in {_steps(steps)}"
    if rises.any():
        story += f", but rose in {int(rises.sum()):,} of them: a smaller learning rate would go straighter"
    last = float(losses[-2]) - after
    ending = f"the last step lowered it by {last:.2g}" if last > 0 else "the last step did not lower it"
    return f"{story}; {ending}, and the gradient's norm went from {norms[0]:.3g} to {norms[1]:.3g}."


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"
