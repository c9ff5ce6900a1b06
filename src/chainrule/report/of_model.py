"""What a report needs of a fitted model: its weights by name, how good it is, and the exact solution beside it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError, ConvergenceError
from chainrule.report.trained import Training, Weight

if TYPE_CHECKING:
    from chainrule.learn.models.estimator import Estimator

__all__ = ["training"]


def training(
    model: Estimator,
    X: Any,
    y: Any,
    *,
    names: Sequence[str] | None = None,
    target: str = "y",
    data: str = "the data",
) -> Training:
    """What there is to report of a model of `chainrule.models` that was fitted to X and y.

    Args:
        model: a fitted model.
        X: the numbers that it was fitted to, shape (N, d).
        y: its targets, shape (N,).
        names: of the d columns; x1, x2, ... where they are not given.
        target: the name of the target.
        data: the name of the file, or whatever the data are called.

    Raises:
        ArgumentError: the shapes do not fit, or y has several columns.

    >>> import chainrule as cr
    >>> table = cr.data.read("examples/diabetes.csv", target="y").table()
    >>> model = cr.models.LinearRegression().fit(table.X, table.y)
    >>> about = cr.report.training(model, table.X, table.y, names=table.names)
    >>> [(weight.name, round(weight.value, 3)) for weight in about.weights[:3]]
    [('intercept', -334.567), ('age', -0.036), ('sex', -22.86)]
    """
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y)
    if X.ndim != 2 or y.shape != X.shape[:1]:
        raise ArgumentError(f"X has the shape {X.shape} and y {y.shape}: expected (N, d) and (N,)")
    columns = tuple(f"x{i + 1}" for i in range(X.shape[1])) if names is None else tuple(names)
    if len(columns) != X.shape[1]:
        raise ArgumentError(f"{len(columns)} names are given for {X.shape[1]} columns")
    classes = getattr(model, "classes_", None)
    if model.descent_.diverged:
        return _of_diverged(model, columns, X, y, target, data)
    from chainrule.learn.models.inspection import ROWS  # with scikit-learn, which who has a model has

    weights = _weights(model, columns, classes)
    remark = ""
    if classes is None and weights and not getattr(model, "alpha", 0.0):
        exact, unique = least_squares(X, y.astype(np.float64), model.fit_intercept)
        weights = [Weight(w.name, w.value, e) for w, e in zip(weights, exact, strict=True)]
        if not unique:
            remark = "The columns depend on each other, so the weights are not unique: these have the least norm."
    return Training(
        data=data,
        target=target,
        names=columns,
        X=X,
        y=y,
        model=_about(model),
        formula=str(model.loss_graph()) if weights else "",  # a network's takes many lines
        loss=_loss(classes),
        run=model.descent_,
        verdict=_verdict(model, columns),
        weights=weights,
        results=_results(model, X, y, classes),
        remark=remark,
        explain=model.explain,
        check=model.check,
        checked_over=(
            f"It is the gradient of the loss over the first {min(ROWS, len(y))} rows, by the weights of standardised "
            "columns: it need not be zero where that over all rows is."
        ),
        source=model.source,
    )


def _of_diverged(
    model: Any, names: Sequence[str], X: NDArray[np.float64], y: NDArray[Any], target: str, data: str
) -> Training:
    """A run whose numbers are no longer finite: its verdict is all there is to report."""

    def nothing() -> Any:
        raise ConvergenceError(f"the descent {model.descent_.stopped}")

    about, loss, said = _about(model), _loss(getattr(model, "classes_", None)), _verdict(model, names)
    return Training(
        data, target, names, X, y, about, "", loss, model.descent_, said, (), (), "", nothing, nothing, nothing
    )  # fmt: skip


def least_squares(X: NDArray[np.float64], y: NDArray[np.float64], intercept: bool) -> tuple[list[float], bool]:
    """The intercept and the weights of least squares, of least norm for standardised columns; whether they are unique.

    Directly, by a singular value decomposition, so that it can stand beside what a descent reached.
    """
    # Scaled first, because the squares of large numbers overflow.
    largest, height = np.abs(X).max(axis=0, initial=0.0), float(np.abs(y).max(initial=0.0)) or 1.0
    largest = np.where(largest > 0, largest, 1.0)
    U, t = X / largest, y / height
    centre = U.mean(axis=0) if intercept else np.zeros(X.shape[1])
    level = t.mean() if intercept else 0.0
    Z = U - centre
    spread = np.sqrt(np.mean(Z**2, axis=0))
    flat = spread <= 1e-12
    spread = np.where(flat, 1.0, spread)
    w, _, rank, _ = np.linalg.lstsq(np.where(flat, 0.0, Z / spread), t - level)
    of_scaled = w / spread
    weights = of_scaled / largest * height
    return [float((level - centre @ of_scaled) * height), *map(float, weights)], int(rank) == int(np.sum(~flat))


def _about(model: Any) -> str:
    return " ".join((inspect.getdoc(type(model)) or "").split("\n\n")[0].split())


def _verdict(model: Any, names: Sequence[str]) -> str:
    """The verdict with a column's name in place of its number, where each has one weight."""
    said = str(model.descent_.verdict)
    if np.shape(model.descent_.parameters.get("w")) != (len(names),):
        return said
    return re.sub(r"\bw\[(\d+)\]", lambda found: names[int(found[1])], said)


def _loss(classes: Any) -> str:
    return "mean squared error" if classes is None else "cross-entropy"


def _weights(model: Any, names: Sequence[str], classes: Any) -> list[Weight]:
    coefficients = getattr(model, "coef_", None)
    if coefficients is None:
        return []
    rows, constants = np.atleast_2d(coefficients), np.atleast_1d(model.intercept_)
    of_class = [""] if len(rows) == 1 else [f" [{c}]" for c in classes]
    return [
        Weight(name + label, float(value))
        for label, row, constant in zip(of_class, rows, constants, strict=True)
        for name, value in zip(("intercept", *names), (constant, *row), strict=True)
    ]


def _results(model: Any, X: NDArray[np.float64], y: NDArray[Any], classes: Any) -> list[tuple[str, str]]:
    """How good the model is on the data that it was fitted to, beside what is reached without any column."""
    results = [("steps", f"{model.descent_.steps:,}")]
    if classes is None:
        scale = float(np.abs(y).max()) or 1.0  # the squares of large numbers overflow
        t, predicted = y.astype(np.float64) / scale, np.asarray(model.predict(X)) / scale
        error, spread = float(np.mean((t - predicted) ** 2)), float(np.var(t))
        if error * scale < np.finfo(float).max / scale:
            results.append(("mean squared error", f"{error * scale * scale:.6g}"))
        results.append(("root mean squared error", f"{scale * np.sqrt(error):.6g}"))
        if spread > 0:
            results.append(("share of the variance explained (R²)", f"{1 - error / spread:.4f}"))
    else:
        right = float(np.mean(model.predict(X) == y))
        most = int(np.unique(y, return_counts=True)[1].max())
        results += [
            ("classes", ", ".join(map(str, classes))),
            ("rows classified right", f"{100 * right:.1f}%"),
            ("rows in the largest class", f"{100 * most / len(y):.1f}%"),
        ]
    return [*results, ("measured on", "the rows that it was fitted to")]
