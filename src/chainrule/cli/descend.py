"""chainrule descend: a model or a formula fitted to a data file by descent, with the verdict and the report."""

from __future__ import annotations

import os
from typing import Any

import click
import numpy as np

import chainrule as cr
from chainrule.cli.descend_output import describe, print_training, save_run
from chainrule.cli.fitting import MODELS, fit_formula, fit_model
from chainrule.cli.output import print_json, printable
from chainrule.cli.point import read_point
from chainrule.learn.optimizers import OPTIMIZERS

__all__ = ["descend"]

DIVERGED, INTERRUPTED = 1, 130
SHOWN = 10_000  # rows of data that are not held, in pictures and checks
SHARED = ("optimizer", "learning_rate", "steps", "seed")


class _Rate(click.ParamType[Any]):
    """A positive number, or "auto"."""

    name = "auto|number"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if value == "auto" or isinstance(value, float):
            return value
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number nor auto", parameter, context)


@click.command()
@click.argument("data")
@click.option("--target", required=True, help="The column to predict.")
@click.option("--columns", help="The columns to predict from, as in a,b,c; all others where nothing is said.")
@click.option("--categorical", help="Columns of numbers that are categories, as in postcode,month.")
@click.option("--missing", type=click.Choice(["refuse", "drop"]), default="refuse", show_default=True,
              help="Whether rows with a missing value are refused or left out.")  # fmt: skip
@click.option("--model", type=click.Choice(sorted(MODELS)), help="What to fit; linear where no loss is given.")
@click.option("--loss", "formula", help='A loss of your own: "mean((y - X w - b)^2)", or of columns by their names.')
@click.option("--start", help='Where the parameters of a loss begin: "w=0,b=1", or JSON; 0 where nothing is said.')
@click.option("--optimizer", type=click.Choice(list(OPTIMIZERS)), help="The method; each model has its own.")
@click.option("--learning-rate", type=_Rate(), help="The factor of the gradient; auto measures the curvature.")
@click.option("--steps", type=int, help="The largest number of steps; of mlp, of passes over the rows.")
@click.option("--batch-size", type=int, help="Rows in a step, of mlp and of a loss.")
@click.option("--penalty", type=float, help="The strength of the L2 penalty of a model.")
@click.option("--cluster", help="The scheduler of a Dask cluster, tcp://host:8786, whose workers sum a loss.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of whatever is drawn at random.")
@click.option("--save", "folder", help="A folder for the run: settings and weights, losses, the gradient's code.")
@click.option("--report", help="A file for the report: one page of HTML that holds everything it shows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def descend(context: click.Context, /, data: str, target: str, folder: str | None, as_json: bool, **given: Any) -> None:
    """Fit a model, or a loss of your own, to the columns of a data file by descent.

    Columns of text are categories. The models standardise the columns inside; weights are those of the columns as they
    are in the file. Ctrl-C ends the run and reports it. The exit status is 1 if the descent diverges.
    """
    report = given.pop("report")
    chosen = {name: _names(given.pop(name)) for name in ("columns", "categorical")}
    missing = given.pop("missing")
    _require_writable(report, folder, data)
    formula, model = given["formula"], given["model"]
    if formula is not None and model is not None:
        raise cr.ArgumentError("--loss and --model exclude each other: a model has its own loss")
    read = cr.data.read(data, target, chosen["columns"], categorical=chosen["categorical"] or (), missing=missing)
    table, source = (read.table(), None) if formula is None else _rows(read, given["cluster"])
    name = os.path.basename(data)
    if formula is not None:
        start = given.pop("start")
        at = None if start is None else read_point(start, "--start")
        training = fit_formula(
            table, name, start=at, source=source, **_of(given, "formula", *SHARED, "batch_size", "cluster")
        )
    else:
        training = fit_model(table, name, **_of(given, "model", *SHARED, "batch_size", "penalty"))
    written = []
    if folder is not None:
        written += save_run(training, folder)
    if report is not None:
        cr.report.write(training, report)
        written.append(report)
    if as_json:
        print_json(describe(training) | {"files": written})
    else:
        print_training(training)
        for file in written:
            click.echo(f"written: {printable(file)}")
    run = training.run
    context.exit(DIVERGED if run.diverged else INTERRUPTED if run.interrupted else 0)


def _rows(source: cr.data.Source, cluster: str | None) -> tuple[cr.data.Table, cr.data.Source | None]:
    """All rows; or the first of them, and the source, where they are too many for memory or left to a cluster."""
    if cluster is None:
        try:
            return source.table(), None
        except cr.LimitError:
            pass  # what is too large in another way than by its rows is so below too
    X, *y = source.head(SHOWN)  # of a source with a target a pair
    return cr.data.Table(source.names, np.asarray(X), y[0], source.target, source.encoding), source


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]


def _of(given: dict[str, Any], *names: str) -> dict[str, Any]:
    """The options that one way of fitting takes; an option of the other way is refused, and not left unused."""
    for name, value in given.items():
        if name not in names and value is not None:
            flag = "--loss" if name == "formula" else f"--{name.replace('_', '-')}"
            raise cr.ArgumentError(f"{flag} has no meaning here: see chainrule descend --help")
    return {name: given[name] for name in names}


def _require_writable(report: str | None, folder: str | None, data: str) -> None:
    """Refuse before the descent what could not be written after it."""
    if report is not None:
        if os.path.isdir(report):
            raise cr.DataError(f"{report} is a directory, expected a file for the report")
        if os.path.exists(report) and os.path.exists(data) and os.path.samefile(report, data):
            raise cr.ArgumentError(f"{report} holds the data: choose another file for the report")
        place = os.path.dirname(os.path.abspath(report))
        if not os.path.isdir(place):
            raise cr.DataError(f"{report} cannot be written: there is no folder {place}")
        if not report.lower().endswith((".html", ".htm")):
            raise cr.ArgumentError(
                f"--report is {report}: a report is a page of HTML, expected a name that ends in .html"
            )
    if folder is not None and os.path.exists(folder) and not os.path.isdir(folder):
        raise cr.DataError(f"{folder} is a file, expected a folder for the run")
