"""Descent: a loss is lowered step by step, by the rule of an optimizer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.core.plain_numbers import positive_number, whole_number
from chainrule.errors import ArgumentError
from chainrule.learn.batches import Batches, Data, as_data
from chainrule.learn.by_rows import Passes
from chainrule.learn.clipping import Clip, as_clip
from chainrule.learn.descent import Descent
from chainrule.learn.distributed import spread_over
from chainrule.learn.loop import Run, Settings
from chainrule.learn.optimizers import Optimizer, Solver, as_optimizer
from chainrule.learn.problem import Problem
from chainrule.learn.rates import automatic_rate
from chainrule.learn.schedules import Schedule
from chainrule.learn.stopping import Stop, as_stops

__all__ = ["descend"]

MEBIBYTE = 2**20


def descend(
    loss: Callable[..., Any] | str,
    start: Any,
    learning_rate: float | str | Schedule | Callable[[int], float] | None = None,
    steps: int = 100,
    *,
    optimizer: str | Optimizer = "gd",
    data: Any = None,
    cluster: Any = None,
    batch_size: int | None = None,
    shuffle: bool = True,
    seed: int = 0,
    gradient: Callable[..., Any] | None = None,
    clip: Clip | float | None = None,
    stop: Stop | Sequence[Stop] | None = None,
    callback: Callable[[int, float, Any], Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 100,
    keep_history: int = 64 * MEBIBYTE,
    progress: bool = True,
) -> Descent:
    """Minimise a loss step by step, with all data at every step or in mini-batches.

    A complex parameter moves against the conjugate of its gradient, which is the direction of steepest descent.
    Ctrl-C ends the run, and what it reached so far is returned. On a terminal, a run of more than a second shows a bar.

    Args:
        loss: a real scalar-valued function of the parameters, and of rows where `data` is given; or a formula. A
            formula of several variables takes a dict of them as `start`. One that `cr.compile` has made is derived
            once, and then runs as emitted code with its gradient: what it finds around it must not change.
        start: where to begin: a number, an array, or a container of such. Integers become float64.
        learning_rate: the factor of the gradient in a step, positive; one of `cr.schedules`, or any function of how
            many steps were made before; "auto" for 1 / lambda_max at the start, measured by Hessian-vector products,
            or the default of an optimizer that scales its steps by itself; None for the optimizer's default, if it has
            one. `lbfgs` and `newton_cg` take none.
        steps: how many steps to make; a step is one update.
        optimizer: the rule of a step, by its name or as one of `cr.optimizers`.
        data: the rows that the loss takes after the parameters: an array, a tuple of arrays by position, a dict of
            arrays or a data frame by keyword, or a source such as `cr.data.read` returns. Rows lie along the first
            axis. In a formula, arrays by position are X and y. A source that does not fit into memory is read anew at
            every pass, and a loss of all its rows is traced once, as by `cr.compile`.
        cluster: the address of a scheduler of Dask, such as "tcp://10.0.0.1:8786", or a client of one: each worker sums
            the loss and its gradient over its part of the rows. Files are read by the workers, under the same path.
        batch_size: how many rows a step takes; 1 is stochastic descent, None takes all rows.
        shuffle: whether the rows are put in another order at each epoch; those of a source within its blocks.
        seed: from which those orders are drawn, 0 or more.
        gradient: the gradient of the loss as a function of the same arguments, in place of the exact one.
        clip: the largest norm of a gradient, or one of `cr.clipping`.
        stop: one of `cr.stopping`, or several, to end before the steps are done.
        callback: called as `callback(steps, loss, parameters)` at the start and after each step, with a copy of the
            parameters and, with mini-batches, the loss of the next batch; if it returns True, the run ends.
        checkpoint: a folder in which the run is kept, so that the same call goes on where it was: after its process was
            killed, after Ctrl-C, or to make more steps. A run that has ended there is returned at once. With `lbfgs`
            and `newton_cg` the method begins anew at each checkpoint.
        checkpoint_every: how many steps lie between two checkpoints; with 1, nothing is lost but the step under way.
        keep_history: how many bytes `history.parameters` may take; see `History`.
        progress: whether a long run shows a bar on a terminal.

    Returns:
        A `Descent`. It stops early, and says so, when the loss, its gradient or a parameter is no longer finite, or
        when a checkpoint cannot be written.

    Raises:
        ArgumentError: the start is not numeric, the learning rate is not positive, an optimizer or another setting is
            unknown, the loss cannot be put together from blocks of rows that do not fit into memory or are on a
            cluster, or the folder of `checkpoint` holds another run.
        ClusterError: no scheduler answers, there are no workers, or all of them are lost.
        DataError: the folder of `checkpoint` cannot be used, or a file of `data` cannot be read, here or on a worker.
        NonFiniteError: the start, or the loss at the start, is not finite; the message names the place.
        MissingExtraError: `lbfgs` or `newton_cg` without SciPy.
        NotScalarError: the loss is not a scalar.
        ShapeError: `gradient` returns other shapes than those of the parameters, or arrays of `data` have different
            numbers of rows.

    >>> import numpy as np, chainrule as cr
    >>> run = cr.descend(lambda w: np.sum((w - 3.0) ** 2), np.zeros(2), learning_rate=0.1, steps=50)
    >>> run.parameters.round(3)
    array([3., 3.])
    >>> float(run.history.loss[0]), run.final_loss < 1e-8, run.stopped
    (18.0, True, 'steps done')

    In mini-batches, with a formula as the loss:

    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> data = {"X": X, "y": X @ np.array([1.0, -2.0])}
    >>> run = cr.descend("mean((y - X w)^2)", {"w": np.zeros(2)}, 0.05, 500, data=data, batch_size=20)
    >>> run.parameters["w"].round(3)
    array([ 1., -2.])
    """
    method = as_optimizer(optimizer)
    automatic = isinstance(learning_rate, str) and learning_rate == "auto" and not isinstance(method, Solver)
    settings = Settings(
        learning_rate=None if automatic else _rate(learning_rate, method),
        steps=whole_number(steps, "steps", 0),
        clip=as_clip(clip),
        stops=as_stops(stop),
        callback=_callback(callback),
        keep_history=whole_number(keep_history, "keep_history", 0),
        progress=progress,
        checkpoint=checkpoint,
        every=whole_number(checkpoint_every, "checkpoint_every", 1),
    )
    for name, value in (("batch_size", batch_size), ("clip", clip)):
        if value is not None and isinstance(method, Solver):
            raise ArgumentError(f"{name} is given, but {method.name} takes whole gradients of all data: leave it out")

    def run(rows: Data | None, passes: Passes | None = None) -> Descent:
        batches = _batches(rows, batch_size, shuffle, seed)
        problem = Problem(loss, start, gradient, rows, batches, passes)
        found = settings
        if automatic:
            found = replace(settings, learning_rate=automatic_rate(problem, method))
        try:
            return Run(problem, method, found).descend()
        finally:
            problem.come_home()

    if cluster is None:
        return run(None if data is None else as_data(data))
    _require_whole(data, batch_size, gradient)
    with spread_over(cluster, data) as (rows, passes):
        return run(rows, passes)


def _require_whole(data: Any, batch_size: int | None, gradient: Any) -> None:
    """Raise `ArgumentError` for what no cluster does."""
    if data is None:
        raise ArgumentError("cluster is given without data: pass the rows as data=cr.data.read(...), or arrays")
    if batch_size is not None:
        raise ArgumentError(
            f"batch_size is {batch_size!r:.60}, but on a cluster a step takes all rows, since few of them "
            "cost more to send than to compute: leave it out, or descend in this process"
        )
    if gradient is not None:
        raise ArgumentError("gradient is given, but on a cluster the exact gradient is taken: leave it out")


def _batches(rows: Data | None, size: int | None, shuffle: bool, seed: int) -> Batches | None:
    if size is None:
        return None
    count, drawn = whole_number(size, "batch_size", 1), whole_number(seed, "seed", 0)
    if rows is None:
        raise ArgumentError(
            "batch_size is given without data: pass the rows as data=(X, y), and they are passed on to the loss"
        )
    if not isinstance(shuffle, bool | np.bool_):
        raise ArgumentError(f"shuffle is {shuffle!r:.60}, expected True or False")
    return Batches(rows, min(count, rows.rows), bool(shuffle), drawn)


def _callback(callback: Any) -> Any:
    if callback is not None and not callable(callback):
        raise ArgumentError(f"callback is {callback!r:.60}, expected a function of the steps, the loss and parameters")
    return callback


def _rate(learning_rate: Any, optimizer: Optimizer) -> float | Callable[[int], float] | None:
    """The rate asked for, or the optimizer's own; None for a solver."""
    if isinstance(optimizer, Solver):
        if learning_rate is not None:
            raise ArgumentError(
                f"learning_rate is {learning_rate!r:.60}, but {optimizer.name} finds the length of a step by itself: "
                "leave it out"
            )
        return None
    if learning_rate is None:
        if optimizer.default_learning_rate is None:
            raise ArgumentError(
                f"learning_rate is None, and {optimizer.name} has no rate that suits every loss: "
                'give a positive number, or "auto"'
            )
        return optimizer.default_learning_rate
    if isinstance(learning_rate, type):
        raise ArgumentError(f"learning_rate is the class {learning_rate.__name__}: call it, with a rate")
    if callable(learning_rate):
        return learning_rate  # what it returns is looked at when it is called
    try:
        return positive_number(learning_rate, "learning_rate", 'a positive number such as 0.01, or "auto"')
    except ArgumentError as error:
        if isinstance(learning_rate, int | float | np.number) and learning_rate < 0:
            raise ArgumentError(f"{error}: a step goes against the gradient by itself") from None
        raise
