"""What all models share: the descent that fits them, the weights of rows, and how they are pickled."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from chainrule.calculus.compiled import WORTHWHILE, Compiled
from chainrule.core.plain_numbers import whole_number
from chainrule.errors import ArgumentError, ConvergenceError
from chainrule.learn.descend import descend
from chainrule.learn.descent import Descent
from chainrule.learn.ending import How
from chainrule.learn.models.epochs import EpochsWithoutProgress, epoch_means
from chainrule.learn.models.inspection import Inspectable, Loss
from chainrule.learn.models.scikit_learn import BaseEstimator, ConvergenceWarning, check_sample_weight
from chainrule.learn.models.standardise import Array
from chainrule.learn.optimizers import Optimizer, Solver, as_optimizer, lbfgs
from chainrule.learn.stopping import Stop, gradient_norm

__all__ = ["Estimator"]

PATH = 2**20  # bytes of iterates that a model keeps for pictures
# Columns of real data are correlated: with three times as many pairs it takes a third of the steps.
MADE_FOR_MODELS: dict[Any, Optimizer] = {"lbfgs": lbfgs(memory=30)}


class Estimator(Inspectable, BaseEstimator):  # type: ignore[misc]
    """An estimator of scikit-learn's form that is fitted by a descent."""

    optimizer: Any
    learning_rate: Any
    max_iter: int
    tol: float
    descent_: Descent

    def _minimise(
        self, loss: Loss, start: Mapping[str, Any], data: Mapping[str, Array], batch: int | None = None, **order: Any
    ) -> None:
        """Minimise a loss over the data, and keep the run.

        Args:
            loss: of the parameters and the arrays of `data`.
            start: the parameters to begin with, by name.
            data: arrays of N rows each.
            batch: how many rows a step takes; None for all.
            order: `shuffle` and `seed` of the mini-batches.
        """
        name = self.optimizer if isinstance(self.optimizer, str) else None
        method = MADE_FOR_MODELS.get(name) or as_optimizer(self.optimizer)
        if isinstance(method, Solver):
            batch = None
        rows = len(next(iter(data.values())))
        batches = 1 if batch is None else -(-rows // batch)
        limit = self._whole("max_iter")
        stop: Stop | None = None
        if tol := self._non_negative("tol"):
            stop = gradient_norm(tol)
        if batch is not None:
            stop = EpochsWithoutProgress(batches, tol, self._whole("n_iter_no_change"))
        rate = self.learning_rate
        if rate is None and method.default_learning_rate is None and not isinstance(method, Solver):
            rate = "auto"
        run = descend(
            Compiled(loss, WORTHWHILE),
            dict(start),
            rate,
            limit * batches,
            optimizer=method,
            data=tuple(data.values()),
            batch_size=batch,
            stop=stop,
            keep_history=PATH,
            progress=False,
            **(order if batch else {}),
        )
        self.descent_ = run
        self.n_iter_ = max(1, -(-run.steps // batches))
        losses = run.history.loss
        self.loss_curve_ = [*losses.tolist(), run.final_loss] if batch is None else epoch_means(losses, batches)
        self._tell(batch is not None)

    def _tell(self, in_batches: bool) -> None:
        """Say what a user has to know of a run that did not end as it should."""
        run, name = self.descent_, type(self).__name__
        if run.diverged:
            raise ConvergenceError(
                f"{name} {run.stopped}; the learning rate was {run.learning_rate}: give a smaller one, or 'auto'"
            )
        if run.interrupted:
            warnings.warn(f"{name} was interrupted after {run.steps:,} steps", ConvergenceWarning, stacklevel=5)
        elif run.ending.how is How.STEPS_DONE:
            done = f"{self.n_iter_:,} {'epochs' if in_batches else 'steps'}, which is max_iter"
            left = "the loss still fell" if in_batches else f"the gradient's norm is {run.gradient_norm:.3g}"
            warnings.warn(
                f"{name} has made {done}, and {left}, where it was to end by tol = {self.tol:g}: give a larger "
                "max_iter or tol, and see descent_.verdict",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _weighted(self, X: Array, y: Array, sample_weight: Any) -> tuple[Array, Array, Array | None]:
        """The rows whose weight is not zero, and the weights, or None where there are none."""
        if sample_weight is None:
            return X, y, None
        s = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        kept = s > 0
        return X[kept], y[kept], s[kept]

    def _non_negative(self, name: str) -> float:
        """An argument that is a number, 0 or positive."""
        value: Any = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, Real) or not float(value) >= 0:
            raise ArgumentError(f"{name} is {value!r:.60}, expected a number, 0 or positive")
        return float(value)

    def _whole(self, name: str) -> int:
        """An argument that is a whole number, 1 or more."""
        return whole_number(getattr(self, name), name)

    def __getstate__(self) -> dict[str, Any]:
        # Functions cannot be pickled, and training data should not travel unasked.
        state: dict[str, Any] = super().__getstate__()
        return {**state, "_shown": None} if "_shown" in state else state
