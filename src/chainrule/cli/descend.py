"""chainrule descend: a linear model fitted to a data file by gradient descent, beside its least-squares optimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

import chainrule as cr
from chainrule.cli.output import number, print_json, print_table, print_text, printable
from chainrule.learn import Descent, Table, read_csv

__all__ = ["descend"]

DIVERGED, INTERRUPTED = 1, 130


@click.command()
@click.argument("data")
@click.option("--target", required=True, help="The column to predict.")
@click.option("--learning-rate", type=float, default=0.1, show_default=True, help="The factor of the gradient.")
@click.option("--steps", type=int, default=200, show_default=True, help="How many steps to make.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def descend(context: click.Context, data: str, target: str, learning_rate: float, steps: int, as_json: bool) -> None:
    """Fit a linear model to the columns of a CSV file by gradient descent.

    The model has an intercept; it is fitted on standardised columns, and its weights are reported for the columns as
    they are in the file. Ctrl-C ends the run and reports it. The exit status is 1 if the descent diverges.
    """
    table = read_csv(data, target)
    if table.classes is not None:
        raise cr.DataError(f"{data}, column {target!r}: holds classes, and a linear model predicts numbers")
    inputs = _Standardised.of(table)
    Z, y = inputs.design, table.y

    def loss(w: Any) -> Any:
        return np.mean((y - Z @ w) ** 2)

    start = np.zeros(Z.shape[1])
    run = cr.descend(loss, start, learning_rate, steps)
    exact, _, rank, _ = np.linalg.lstsq(Z, y)
    optimum = float(loss(exact))
    fit = _Fit(table, inputs, run, float(loss(start)), exact, optimum, rank == Z.shape[1])
    if as_json:
        print_json(_record(fit, data, target, learning_rate))
    else:
        _print(fit, data, target, learning_rate)
    context.exit(DIVERGED if run.diverged else INTERRUPTED if run.stopped == "interrupted" else 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Standardised:
    """The columns moved to mean 0 and scaled to standard deviation 1, with a leading column of ones.

    A constant column cannot be told from the intercept: it becomes 0, and so does its weight.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    design: NDArray[np.float64]
    constant: tuple[str, ...]

    @staticmethod
    def of(table: Table) -> _Standardised:
        with np.errstate(over="ignore", invalid="ignore"):
            mean, scale = table.X.mean(axis=0), table.X.std(axis=0)
        for name, centre, spread in zip(table.names, mean, scale, strict=True):
            if not np.isfinite(centre + spread):
                raise cr.DataError(f"column {name!r}: its numbers are too large to standardise; divide them first")
        with np.errstate(over="ignore", invalid="ignore"):
            if not np.isfinite(np.mean(table.y**2)):
                raise cr.DataError("the target's numbers are too large to be squared; divide them first")
        # The rounding of the mean alone gives a constant column a deviation of that size.
        flat = scale <= 1e-12 * np.abs(mean)
        scale = np.where(flat, 1.0, scale)
        columns = np.where(flat, 0.0, (table.X - mean) / scale)
        constant = tuple(name for name, is_flat in zip(table.names, flat, strict=True) if is_flat)
        return _Standardised(mean, scale, np.column_stack([np.ones(len(table.y)), columns]), constant)

    def on_the_scale_of_the_file(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """The intercept and the weight of each column, given those of the standardised columns."""
        weights = w[1:] / self.scale
        return np.concatenate([[w[0] - weights @ self.mean], weights])


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    table: Table
    inputs: _Standardised
    run: Descent
    before: float
    exact: NDArray[Any]
    optimum: float
    unique: bool

    def comparison(self) -> str:
        """How far the descent is from the optimum, in words that claim no more than the numbers."""
        after, least = self.run.final_loss, self.optimum
        if not np.isfinite(after):
            return f"Least squares reaches the loss {number(least)}."
        gap = (after - least) / least if least > 0 else np.inf
        if after <= 1e-12 * self.before or gap <= 1e-9:
            return "That is the loss of least squares too: no weights are better."
        above = f"{100 * gap:.2g}% above" if gap < 10 else f"{number(gap + 1, 3)} times"
        story = f"That is {above} the least-squares optimum, {number(least)}"
        if not self.unique:
            return f"{story}, whose weights are not unique: columns depend on each other."
        names = ("intercept", *self.table.names)
        furthest = int(np.argmax(np.abs(self.run.parameters - self.exact)))
        return f"{story}; the weight furthest from its value there, on standardised columns, is {names[furthest]}."


def _record(fit: _Fit, data: str, target: str, learning_rate: float) -> dict[str, Any]:
    reached = fit.inputs.on_the_scale_of_the_file(fit.run.parameters)
    exact = fit.inputs.on_the_scale_of_the_file(fit.exact)
    return {
        "data": data,
        "target": target,
        "rows": len(fit.table.y),
        "model": "linear with intercept, fitted on standardised columns",
        "learning_rate": learning_rate,
        "steps": fit.run.steps,
        "stopped": fit.run.stopped,
        "loss": {"before": fit.before, "after": fit.run.final_loss, "least_squares": fit.optimum},
        "intercept": reached[0],
        "weights": dict(zip(fit.table.names, reached[1:], strict=True)),
        "least_squares": {
            "intercept": exact[0],
            "weights": dict(zip(fit.table.names, exact[1:], strict=True)),
            "unique": fit.unique,
        },
        "constant_columns": fit.inputs.constant,
        "verdict": f"{fit.run.verdict} {fit.comparison()}",
    }


def _print(fit: _Fit, data: str, target: str, learning_rate: float) -> None:
    run, table = fit.run, fit.table
    reached = fit.inputs.on_the_scale_of_the_file(run.parameters)
    exact = fit.inputs.on_the_scale_of_the_file(fit.exact)
    columns = f"{len(table.names)} column{'' if len(table.names) == 1 else 's'}"
    click.echo(f"{printable(data)}: {len(table.y):,} rows, {columns} to predict {printable(target)} from")
    click.echo("linear model with intercept, fitted on standardised columns (mean 0, deviation 1)")
    click.echo(
        f"gradient descent from zero weights, learning rate {learning_rate:g}, {run.steps:,} steps: {run.stopped}"
    )
    click.echo()
    rows = [
        (name, number(w), number(b)) for name, w, b in zip(("intercept", *table.names), reached, exact, strict=True)
    ]
    print_table(["weights for the columns as they are", "by descent", "least squares"], rows)
    click.echo()
    print_table(
        ["mean squared error", ""],
        [("before", number(fit.before)), ("after", number(run.final_loss)), ("least squares", number(fit.optimum))],
    )
    click.echo()
    if fit.inputs.constant:
        print_text(f"Constant, so without a weight of their own: {', '.join(map(printable, fit.inputs.constant))}.")
    print_text(f"{run.verdict} {fit.comparison()}")
