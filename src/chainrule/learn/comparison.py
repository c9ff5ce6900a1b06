"""The same descent at several learning rates, with a verdict on each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.core.plain_numbers import positive_number
from chainrule.errors import ArgumentError, ChainruleError
from chainrule.learn.descend import descend
from chainrule.learn.descent import Descent
from chainrule.learn.optimizers import as_optimizer
from chainrule.learn.rates import CriticalRate, critical_rate_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Comparison", "Sweep", "compare_learning_rates", "learning_rate_sweep"]

SWEPT = 25  # rates, where none are given
BELOW, ABOVE = 1e-3, 2.0  # of the critical rate: the range that they span
WITHOUT_CRITICAL = (1e-5, 1.0)  # the range where no critical rate is known


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Runs at several learning rates from one start; prints as a table with the verdicts below it.

    Attributes:
        rates: the learning rates, in the order given.
        runs: the `Descent` at each.
        critical: the critical rate where the best run ended; None where the optimizer has none.

    >>> import chainrule as cr
    >>> found = cr.compare_learning_rates("(x - 3)^2", 0.0, [0.01, 0.4, 1.1], steps=20)
    >>> found.best, [run.verdict.kind.value for run in found.runs]
    (0.4, ['still descending', 'converged', 'diverging'])
    """

    rates: tuple[float, ...]
    runs: tuple[Descent, ...] = field(repr=False)
    critical: CriticalRate | None

    @property
    def best(self) -> float:
        """The rate that has led to the lowest loss."""
        return self.rates[_lowest([run.final_loss for run in self.runs])]

    def plot(self, *, ax: Axes | None = None, dark: bool = False) -> Figure:
        """The rates side by side, as `chainrule.plot.learning_rates` draws them.

        Args:
            ax: the axes to draw on; else a new figure.
            dark: for a dark page.

        Raises:
            MissingExtraError: the extra `plot` is not installed.
        """
        from chainrule.plot.learning_rates import learning_rates

        return learning_rates(self, ax=ax, dark=dark)

    def __str__(self) -> str:
        steps = max(run.asked for run in self.runs)
        lines = [f"{len(self.rates)} learning rates, {self.runs[0].optimizer.name}, {steps:,} steps each"]
        if self.critical is not None:
            lines.append(f"critical rate {self.critical}")
        rows = [("rate", "of critical", "final loss", "verdict")]
        for rate, run in zip(self.rates, self.runs, strict=True):
            share = "" if self.critical is None or math.isinf(self.critical) else f"{rate / self.critical:.2g}"
            rows.append((f"{rate:g}", share, f"{run.final_loss:.6g}", run.verdict.kind.value))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        lines += [
            "  " + "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
            for row in rows
        ]
        lines.append(f"lowest loss: at the rate {self.best:g}")
        lines += [f"{rate:g}: {run.verdict}" for rate, run in zip(self.rates, self.runs, strict=True)]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """The loss that each of many learning rates leads to; prints as a summary.

    Attributes:
        rates: the learning rates, rising, shape (k,).
        losses: the loss after the steps at each, infinite where it is no longer finite, shape (k,).
        start_loss: the loss at the start.
        steps: how many steps were made at each rate.
        critical: the critical rate where the best run ended; None where the optimizer has none.

    >>> import chainrule as cr
    >>> found = cr.learning_rate_sweep("(x - 3)^2", 0.0, [0.01, 0.1, 1.0, 10.0], steps=10)
    >>> found.losses[:3].round(3), found.best
    (array([6.008, 0.104, 9.   ]), 0.1)
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    start_loss: float
    steps: int
    critical: CriticalRate | None

    @property
    def best(self) -> float:
        """The rate with the lowest loss."""
        return float(self.rates[_lowest(self.losses)])

    def plot(self, *, ax: Axes | None = None, dark: bool = False) -> Figure:
        """The loss against the rate, as `chainrule.plot.sweep` draws it.

        Args:
            ax: the axes to draw on; else a new figure.
            dark: for a dark page.

        Raises:
            MissingExtraError: the extra `plot` is not installed.
        """
        from chainrule.plot.sweep import sweep

        return sweep(self, ax=ax, dark=dark)

    def __str__(self) -> str:
        lowest = float(self.losses[_lowest(self.losses)])
        lines = [
            f"{len(self.rates)} learning rates from {self.rates[0]:.3g} to {self.rates[-1]:.3g}, "
            f"{self.steps:,} steps each",
            f"  loss {self.start_loss:.6g} at the start, {lowest:.6g} at the best rate, {self.best:.3g}",
        ]
        worse = self.rates[~(self.losses <= self.start_loss)]
        if worse.size:
            lines.append(f"  from {worse[0]:.3g} on the loss is above that of the start")
        if self.critical is not None:
            lines.append(f"  critical rate {self.critical}")
        return "\n".join(lines)


def compare_learning_rates(
    loss: Callable[..., Any] | str, start: Any, rates: Iterable[float], steps: int = 100, **options: Any
) -> Comparison:
    """The same descent at several learning rates, with the critical rate and a verdict on each.

    Args:
        loss: as for `descend`.
        start: as for `descend`.
        rates: the learning rates, positive numbers.
        steps: how many steps to make at each.
        options: what else `descend` takes, such as `data` and `optimizer`.

    Returns:
        A `Comparison`, which prints as a table.

    Raises:
        ArgumentError: there is no rate, one is not a positive number, or `descend` refuses an argument.

    >>> import numpy as np, chainrule as cr
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> print(cr.compare_learning_rates(lambda w: np.mean((x * w - 1.0) ** 2), 0.0, [0.1, 0.3], steps=30))
    2 learning rates, gd, 30 steps each
    critical rate 0.2857 = 2 / lambda_max (7, along start)
      rate  of critical  final loss  verdict
       0.1         0.35    0.357143  converged
       0.3          1.1     196.095  diverging
    lowest loss: at the rate 0.1
    0.1: Converged: ...
    0.3: Diverging: the loss rose from 1 to 196.095 in 30 steps. ...
    """
    wanted = _positive(rates)
    runs = tuple(descend(loss, start, rate, steps, **options) for rate in wanted)
    return Comparison(wanted, runs, _critical_of(runs))


def learning_rate_sweep(
    loss: Callable[..., Any] | str, start: Any, rates: Iterable[float] | None = None, steps: int = 50, **options: Any
) -> Sweep:
    """The loss against the learning rate, with the critical rate.

    Args:
        loss: as for `descend`.
        start: as for `descend`.
        rates: the learning rates, positive numbers; None for 25 from a thousandth of the critical rate to twice it, at
            equal ratios, or from 1e-5 to 1 where the optimizer has no critical rate.
        steps: how many steps to make at each.
        options: what else `descend` takes, such as `data` and `optimizer`.

    Returns:
        A `Sweep`.

    Raises:
        ArgumentError: a rate is not a positive number, or `descend` refuses an argument.

    >>> import numpy as np, chainrule as cr
    >>> print(cr.learning_rate_sweep(lambda w: np.sum(np.array([1.0, 10.0]) * w**2) / 2, np.ones(2)))
    25 learning rates from 0.0002 to 0.4, 50 steps each
      loss 5.5 at the start, 2.51848e-08 at the best rate, 0.155
      from 0.212 on the loss is above that of the start
      critical rate 0.2 = 2 / lambda_max (10, along start[1])
    """
    first: tuple[Descent, ...] = ()
    if rates is None:
        method = as_optimizer(options.get("optimizer", "gd"))
        # No step is made: it reads the arguments, and its problem is where the curvature is measured.
        first = (descend(loss, start, 1.0, 0, **options),)
        critical = critical_rate_of(first[0].problem, first[0].parameters, method)
        known = critical is not None and math.isfinite(critical)
        low, high = (BELOW * critical, ABOVE * critical) if critical is not None and known else WITHOUT_CRITICAL
        rates = np.geomspace(low, high, SWEPT)
    wanted = tuple(sorted(_positive(rates)))
    runs = tuple(descend(loss, start, rate, steps, **{"keep_history": 0, **options}) for rate in wanted)
    losses = np.array([run.final_loss for run in runs])
    begun = runs[0].problem.evaluate(runs[0].problem.start)[0]
    return Sweep(
        np.array(wanted), np.where(np.isfinite(losses), losses, np.inf), begun, runs[0].asked, _critical_of(runs)
    )


def _critical_of(runs: tuple[Descent, ...]) -> CriticalRate | None:
    """The critical rate where the best run has ended, or at the start if none has ended at finite numbers."""
    best = runs[_lowest([run.final_loss for run in runs])]
    problem = best.problem
    at = problem.rebuild(problem.start) if best.diverged else best.parameters
    try:
        return critical_rate_of(problem, at, best.optimizer)
    except ChainruleError:  # the loss has no second derivative there: the runs are worth showing without
        return None


def _positive(rates: Iterable[float]) -> tuple[float, ...]:
    try:
        given = tuple(rates)
    except TypeError:
        raise ArgumentError(
            f"rates is {rates!r:.60}, expected several positive numbers such as [0.001, 0.01]"
        ) from None
    if not given:
        raise ArgumentError("rates is empty, expected several positive numbers such as [0.001, 0.01]")
    return tuple(positive_number(rate, f"rates[{i}]") for i, rate in enumerate(given))


def _lowest(losses: Any) -> int:
    known = np.asarray(losses, float)
    return int(np.argmin(np.where(np.isnan(known), np.inf, known)))
