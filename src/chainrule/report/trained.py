"""What a report is made from: the data, the run, and ways to look at the loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy.typing import NDArray

if TYPE_CHECKING:
    import numpy as np

    from chainrule.learn.descent import Descent
    from chainrule.numeric.checking.report import GradientCheck
    from chainrule.views.derivation.derivation import Derivation

__all__ = ["Training", "Weight"]


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight that was learnt: its name, its value, and what an exact method gives, where there is one.

    >>> Weight("age", -0.03, exact=-0.0364).exact
    -0.0364
    """

    name: str
    value: float
    exact: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A model that was fitted to data by descent.

    Attributes:
        data: the name of the file or the table.
        target: the name of the column that is predicted.
        names: of the columns that it is predicted from, shape (d,).
        X: those columns as numbers, shape (N, d).
        y: the target, shape (N,): numbers, or the classes as they are called.
        model: what was fitted, in a sentence.
        formula: the loss as a formula; empty where it is too long to be read.
        loss: what was minimised, in a few words: "mean squared error".
        run: the descent.
        verdict: what happened in it and why, with the names of the columns.
        weights: what was learnt, on the scale of the data; empty where they are too many to say anything.
        results: what came out of it, by name, as it is to be read: ("share of the variance explained", "0.518").
        remark: what else there is to say of the weights.
        explain: makes the derivation of the gradient of the loss.
        check: compares the gradient with differences.
        source: makes the code of the gradient.
        checked_over: what the gradient is of that `check` compares, in a sentence.
        total: how many rows the data have where X and y are the first of them only.

    >>> import chainrule as cr
    >>> table = cr.data.read("examples/diabetes.csv", target="y").table()
    >>> model = cr.models.LinearRegression().fit(table.X, table.y)
    >>> about = cr.report.training(model, table.X, table.y, names=table.names, data="diabetes.csv")
    >>> about.loss, about.weights[0].name, dict(about.results)["root mean squared error"]
    ('mean squared error', 'intercept', '53.4761')
    """

    data: str
    target: str
    names: Sequence[str]
    X: NDArray[np.float64]
    y: NDArray[np.generic]
    model: str
    formula: str
    loss: str
    run: Descent
    verdict: str
    weights: Sequence[Weight]
    results: Sequence[tuple[str, str]]
    remark: str
    explain: Callable[[], Derivation]
    check: Callable[[], GradientCheck]
    source: Callable[[], str]
    checked_over: str = ""
    total: int | None = None

    @property
    def rows(self) -> int:
        """How many rows the data have."""
        return len(self.y) if self.total is None else self.total
