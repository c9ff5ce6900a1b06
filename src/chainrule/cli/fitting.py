"""What `chainrule descend` fits: a model of `chainrule.models`, or a formula of the columns and of parameters."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.core.plain_numbers import whole_number
from chainrule.learn.data.source import Table
from chainrule.read.formula_function import FormulaFunction, formula_function
from chainrule.report.trained import Training, Weight

__all__ = ["MODELS", "fit_formula", "fit_model"]


@dataclass(frozen=True, slots=True)
class _Choice:
    """A model of the command line.

    Attributes:
        make: the class, given whether the target is one of classes.
        penalty: the argument that `--penalty` becomes, with its value.
        batches: whether it takes mini-batches and a seed.
    """

    make: Callable[[bool], Any]
    penalty: Callable[[float], dict[str, float]]
    batches: bool = False


def _alpha(strength: float) -> dict[str, float]:
    return {"alpha": strength}


MODELS: Mapping[str, _Choice] = {
    "linear": _Choice(lambda classes: cr.models.LinearRegression, _alpha),
    "logistic": _Choice(
        lambda classes: cr.models.LogisticRegression, lambda strength: {"C": 1 / strength if strength else np.inf}
    ),
    "mlp": _Choice(
        lambda classes: cr.models.MLPClassifier if classes else cr.models.MLPRegressor, _alpha, batches=True
    ),
}


def fit_model(
    table: Table,
    data: str,
    *,
    model: str | None,
    optimizer: str | None,
    learning_rate: float | str | None,
    steps: int | None,
    batch_size: int | None,
    penalty: float | None,
    seed: int,
) -> Training:
    """Fit a model to a table, and say what there is to report of it."""
    choice = MODELS[model or "linear"]
    classes = model == "logistic" or table.classes is not None
    if model in (None, "linear") and table.classes is not None:
        raise cr.DataError(
            f"the column {table.target!r} holds texts, of which {table.classes[0]!r} is one: a linear model predicts "
            "numbers; take --model logistic or --model mlp"
        )
    if steps is not None:
        whole_number(steps, "--steps")
    settings: dict[str, Any] = {}
    if learning_rate is not None and optimizer is None and not choice.batches:
        optimizer = "gd"  # whoever gives a rate means the method that has nothing else
    for name, value in (("optimizer", optimizer), ("learning_rate", learning_rate), ("max_iter", steps)):
        if value is not None:
            settings[name] = value
    if penalty is not None:
        settings |= choice.penalty(penalty)
    if choice.batches:
        settings |= {"random_state": seed} | ({} if batch_size is None else {"batch_size": batch_size})
    elif batch_size is not None:
        raise cr.ArgumentError(f"--batch-size is for --model mlp and for --loss; {model or 'linear'} takes all rows")
    fitted = choice.make(classes)(**settings)
    y = _labels(table) if classes else table.y
    with warnings.catch_warnings():
        # What scikit-learn's warning says, the verdict says with the reason.
        warnings.simplefilter("ignore")
        try:
            fitted.fit(table.X, y)
        except cr.ConvergenceError:
            # A run that diverges is an answer too, as long as there was a run.
            if not fitted.descent_.diverged:
                raise
    return cr.report.training(fitted, table.X, y, names=table.names, target=str(table.target), data=data)


def _labels(table: Table) -> Any:
    """The class of each row, as it is called in the file."""
    classes, codes = table.class_codes()
    return np.asarray(classes)[codes]


def fit_formula(
    table: Table,
    data: str,
    *,
    formula: str,
    start: Any,
    optimizer: str | None,
    learning_rate: Any,
    steps: int | None,
    batch_size: int | None,
    seed: int,
    source: cr.data.Source | None = None,
    cluster: str | None = None,
) -> Training:
    """Minimise a loss that is given as a formula of X, y, the columns by name, and of parameters.

    Where there is a source, it is descended over its rows, and the table has the first of them.
    """
    columns = _columns(table, formula)
    if source is not None and not set(columns) <= {"X", "y"}:
        by_name = ", ".join(sorted(set(columns) - {"X", "y"}))
        raise cr.ArgumentError(
            f"--loss names {by_name}: of data that is read in blocks or by a cluster it names X and y only"
        )
    shapes: dict[str, Any] = {name: ("N", *array.shape[1:]) for name, array in columns.items()}
    parameters = _parameters(formula, shapes, len(table.names), start)
    if learning_rate is None and optimizer in (None, "gd"):
        learning_rate = "auto"
    run = cr.descend(
        formula,
        parameters,
        learning_rate,
        1000 if steps is None else steps,
        optimizer=optimizer or "gd",
        data=columns if source is None else source,
        cluster=cluster,
        batch_size=batch_size,
        seed=seed,
    )
    rows = table.rows if run.problem.data is None else run.problem.data.rows
    function = formula_function(formula, shapes=shapes | {name: np.shape(p) for name, p in parameters.items()})
    at = [run.parameters[name] if name in parameters else columns[name] for name in function.variables]
    by = [name for name in function.variables if name in parameters]
    return Training(
        data=data,
        target=str(table.target),
        names=table.names,
        X=table.X,
        y=table.y,
        model=f"A loss of one's own, with the parameters {', '.join(by)}.",
        formula=function.text,
        loss="loss",
        run=run,
        verdict=str(run.verdict),
        weights=list(_weights(run.parameters, table.names)),
        results=[("rows", f"{rows:,}"), ("loss at the end", f"{run.final_loss:.8g}")],
        remark="" if source is None else f"What is shown of the data is their first {table.rows:,} rows.",
        total=rows,
        explain=lambda: cr.explain(formula, wrt=by, shapes=_of_function(function, columns, parameters)),
        check=lambda: cr.check(function, cr.grad(function, argnums=tuple(by)), *at, argnums=tuple(by)),
        source=lambda: cr.source(function, *at, argnums=tuple(by), what="both"),
    )


def _columns(table: Table, formula: str) -> dict[str, Any]:
    """What of the table the formula names: X, y, and columns by their names; of a name that is both, the column."""
    words = set(re.findall(r"[^\W\d]\w*", formula))
    known = {"X": table.X, "y": table.y, str(table.target): table.y}
    known |= {name: table.X[:, i] for i, name in enumerate(table.names)}
    columns = {name: array for name, array in known.items() if name in words}
    if not columns:
        listed = ", ".join((*table.names[:10], str(table.target)))
        raise cr.ArgumentError(f"--loss names neither X nor y nor a column: the columns are {listed}")
    return columns


def _parameters(formula: str, shapes: dict[str, Any], width: int, start: Any) -> dict[str, Any]:
    """Where each parameter begins: as it was given, else at 0. A w beside X has a component for each column."""
    given = {} if start is None else start
    if not isinstance(given, dict):
        raise cr.ArgumentError('--start must name the parameters, as in "a=0,b=1"')
    for name in given:
        if name in shapes or not re.search(rf"\b{re.escape(name)}\b", formula):
            what = "is a column of the data" if name in shapes else "does not occur in the loss"
            raise cr.ArgumentError(f"--start gives {name}, which {what}")
    declared = shapes | {name: np.shape(value) for name, value in given.items()}
    if "X" in shapes and "w" not in declared and re.search(r"\bw\b", formula):
        declared = declared | {"w": (width,)}
    variables = formula_function(formula, shapes=declared).variables
    parameters = {name: given.get(name, np.zeros(declared.get(name, ()))) for name in variables if name not in shapes}
    if not parameters:
        raise cr.ArgumentError("--loss has no parameter: every name in it is a column of the data")
    return parameters


def _of_function(
    function: FormulaFunction, columns: Mapping[str, Any], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Shapes with letters for a derivation: N for the rows, d for the columns of X."""
    width = columns["X"].shape[1] if "X" in columns else None
    letters: dict[str, Any] = {name: ("N", "d") if array.ndim == 2 else ("N",) for name, array in columns.items()}
    letters |= {name: tuple("d" if n == width else n for n in np.shape(p)) for name, p in parameters.items()}
    return {name: letters[name] for name in function.variables}


def _weights(parameters: Mapping[str, Any], names: tuple[str, ...]) -> list[Weight]:
    found = []
    for name, value in parameters.items():
        array = np.asarray(value)
        for index in np.ndindex(array.shape):
            inside = ", ".join(map(str, index))
            label = f"{name}[{inside}]" if index else name
            of_column = f" ({names[index[0]]})" if array.shape == (len(names),) else ""
            found.append(Weight(label + of_column, float(array[index])))
    return found
