"""What `chainrule descend` prints of a run, and what it saves of it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
from typing import Any

import click
import numpy as np

import chainrule as cr
from chainrule.cli.output import number, plain, print_table, print_text, printable
from chainrule.report.trained import Training
from chainrule.whole_files import write_whole

__all__ = ["describe", "print_training", "save_run"]

SHOWN = 60  # weights in the table; a report holds more


def print_training(training: Training) -> None:
    """The run for a person: data, model, weights, loss and verdict."""
    run = training.run
    count = len(training.names)
    columns = f"{count} column{'' if count == 1 else 's'}"
    given = f"{training.rows:,} row{'' if training.rows == 1 else 's'}"
    click.echo(f"{printable(training.data)}: {given}, {columns} to predict {printable(training.target)} from")
    print_text(printable(training.model))
    if training.formula:
        click.echo(f"  {printable(training.formula)}")
    print_text(f"{run.optimizer}, {run.steps:,} step{'' if run.steps == 1 else 's'}: {run.stopped}")
    if training.weights:
        exact = any(w.exact is not None for w in training.weights)
        header = ["weights for the columns as they are", "by descent", *(["least squares"] if exact else [])]
        rows = [
            [w.name, number(w.value), *([number(w.exact)] if w.exact is not None else [])]
            for w in training.weights[:SHOWN]
        ]
        click.echo()
        print_table(header, rows)
        if len(training.weights) > SHOWN:
            click.echo(f"and {len(training.weights) - SHOWN:,} more")
    click.echo()
    if training.results:
        print_table(["result", ""], [list(result) for result in training.results])
        click.echo()
    if training.remark:
        print_text(training.remark)
    print_text(printable(training.verdict))


def describe(training: Training) -> dict[str, Any]:
    """The run for a script."""
    run = training.run
    return {
        "data": training.data,
        "target": training.target,
        "rows": training.rows,
        "columns": list(training.names),
        "model": training.model,
        "loss_formula": training.formula,
        "optimizer": repr(run.optimizer),
        "learning_rate": run.learning_rate if isinstance(run.learning_rate, float) else str(run.learning_rate),
        "steps": run.steps,
        "stopped": run.stopped,
        "loss": {"before": float(run.history.loss[0]) if run.steps else run.final_loss, "after": run.final_loss},
        "gradient_norm": run.gradient_norm,
        "weights": {w.name: w.value for w in training.weights},
        "exact": {w.name: w.exact for w in training.weights if w.exact is not None},
        "results": dict(training.results),
        "remark": training.remark,
        "verdict": training.verdict,
    }


def save_run(training: Training, folder: str) -> list[str]:
    """Write what can be read again of a run: its record, its losses, and the code of the gradient.

    Each file is whole or is not there. Raises `DataError` where the folder cannot be made or written to.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise cr.DataError(f"{folder} cannot be made: {error.strerror or error}") from error
    files = {
        "run.json": json.dumps(plain(describe(training)), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "history.csv": _history(training),
    }
    # A loss whose code cannot be written is saved without it; the report says why.
    with contextlib.suppress(cr.ChainruleError):
        files["gradient.py"] = training.source()
    written = []
    for name, content in files.items():
        path = os.path.join(folder, name)
        write_whole(path, content)
        written.append(path)
    return written


def _history(training: Training) -> str:
    history = training.run.history
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", "loss", "learning_rate", "gradient_norm"])
    columns = (history.loss, history.learning_rate, history.gradient_norm)
    for step, row in enumerate(zip(*map(np.ndarray.tolist, columns), strict=True)):
        writer.writerow([step, *row])
    return text.getvalue()
