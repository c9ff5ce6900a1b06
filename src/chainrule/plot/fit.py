"""Data with the line that was learned from them, or what a model predicts against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.calculus.containers import flatten
from chainrule.errors import ArgumentError, ShapeError
from chainrule.numeric.probe import quiet
from chainrule.plot.canvas import Palette, canvas, describe, figure_of, require_matplotlib
from chainrule.plot.frame import legend_below
from chainrule.plot.loss_line import loss_number
from chainrule.plot.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["fit"]

Numbers = NDArray[np.float64]

SIZE = (6.6, 5.0)
# Points of the drawn line of a model, and of a cloud that a page can show.
FINE = 200
MOST = 20_000


def fit(
    X: ArrayLike,
    y: ArrayLike,
    model: Any,
    *,
    true: Any = None,
    names: Sequence[str] = ("x", "y"),
    ax: Axes | None = None,
    dark: bool = False,
) -> Figure:
    """Data with the line that a model has learned from them, and the true one where it is known.

    Columns of X that are constant, such as that of ones for the bias, are no axis. With one other column the data are
    drawn against it, with the model as a line. With several, what the model predicts is drawn against what was
    measured: it is right on the diagonal.

    Args:
        X: the features, shape (N,) or (N, d).
        y: the targets, shape (N,).
        model: what predicts y from X: the weights w of X w, shape (d,); a container of weights and one number, the
            bias; a run of `chainrule.descend` that ended in such parameters; an estimator with `predict`; a function
            of X.
        true: the true model in one of these forms, where it is known.
        names: what to write at the axes of one feature and of the target.
        ax: the axes to draw on; else a new figure.
        dark: for a dark page.

    Returns:
        The figure. Rows that are not finite are left out, which the text twin says.

    Raises:
        ShapeError: X, y and the weights do not fit each other.
        ArgumentError: the parameters are not the weights of a line: give a function of X.
        MissingExtraError: the extra `plot` is not installed.

    >>> import numpy as np, chainrule as cr
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> X, y = np.column_stack([np.ones(4), x]), np.array([1.0, 3.0, 5.0, 8.0])
    >>> print(cr.plot.alt(cr.plot.fit(X, y, np.array([0.8, 2.3]))))
    Data and a model, y against x: 4 points. x from 0 to 3, y from 1 to 8. The learned line is y = 0.8000 + 2.3000 x.
    The mean squared error of the model is 0.0750.
    """
    require_matplotlib()
    features, targets, left_out = _data(X, y)
    flat = np.ndim(X) == 1
    predict = _predictor(model, features.shape[1], flat)
    truth = None if true is None else _predictor(true, features.shape[1], flat)
    varying = [j for j in range(features.shape[1]) if np.ptp(features[:, j]) > 0]
    if not isinstance(names, (list, tuple)) or len(names) != 2:
        raise ArgumentError(f"names is {names!r:.60}, expected two: of the feature and of the target")
    with quiet():
        error = float(np.mean((targets - predict(features)) ** 2))
    with canvas(ax, dark, SIZE) as (axes, palette):
        if len(varying) <= 1:
            column = varying[0] if varying else 0
            told = _draw_line(axes, palette, features, targets, column, predict, truth, names)
            title = f"{names[1]} against {names[0]}"
        else:
            told = _draw_diagonal(axes, palette, targets, predict(features), truth, features, names[1])
            title = f"Predicted against measured {names[1]}"
        axes.set_title(title, fontsize="medium", parse_math=False)
        axes.grid(True, alpha=0.5)
        axes.set_axisbelow(True)
        legend_below(axes)
    describe(
        axes,
        f"Data and a model, {title[0].lower()}{title[1:]}: {len(targets):,} points.",
        *told,
        f"The mean squared error of the model is {loss_number(error)}.",
        f"{left_out:,} rows that are not finite are left out." if left_out else "",
    )
    return figure_of(axes)


def _data(X: ArrayLike, y: ArrayLike) -> tuple[Numbers, Numbers, int]:
    try:
        features, targets = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"X and y must be arrays of numbers: {error}") from error
    features = features[:, None] if features.ndim == 1 else features
    targets = targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
    if features.ndim != 2 or targets.shape != features.shape[:1] or not targets.size:
        raise ShapeError(
            f"X has shape {np.shape(X)} and y {np.shape(y)}, expected (N,) or (N, d) and (N,) with at least one row"
        )
    finite = np.isfinite(features).all(axis=1) & np.isfinite(targets)
    if not finite.any():
        raise ArgumentError("no row of X and y is finite: there is nothing to draw")
    return features[finite], targets[finite], int(np.count_nonzero(~finite))


@final
class _Line:
    """The model X w + b; it can be written as a formula."""

    def __init__(self, weights: Numbers, bias: float) -> None:
        self.weights, self.bias = weights, bias

    def __call__(self, features: Numbers) -> Numbers:
        return features @ self.weights + self.bias


def _predictor(model: Any, columns: int, flat: bool) -> Callable[[Numbers], Numbers]:
    if hasattr(model, "predict") or callable(model):
        function = model.predict if hasattr(model, "predict") else model
        # A function of x takes a vector; what scikit-learn has fitted takes a matrix in any case.
        vector = flat and not hasattr(model, "n_features_in_")

        def predict(features: Numbers) -> Numbers:
            values = np.asarray(function(features[:, 0] if vector else features), dtype=float)
            if values.shape not in ((len(features),), (len(features), 1)):
                raise ShapeError(
                    f"the model returned shape {values.shape} for {len(features)} rows, expected a number each"
                )
            return values.reshape(len(features))

        return predict
    parameters = model.parameters if hasattr(model, "parameters") else model
    leaves = [np.asarray(leaf) for _, leaf in flatten(parameters)[0]]
    if isinstance(parameters, (list, tuple)) and all(leaf.ndim == 0 for leaf in leaves):
        # A list of numbers is a vector of weights.
        leaves = [np.array(leaves)]
    if any(leaf.dtype.kind not in "biuf" for leaf in leaves):
        raise ArgumentError(f"model is {model!r:.60}, expected weights, a run, an estimator or a function of X")
    vectors = [leaf.reshape(-1) for leaf in leaves if leaf.size == columns and leaf.ndim > 0]
    numbers = [leaf.reshape(()) for leaf in leaves if leaf.ndim == 0 or (leaf.size == 1 and columns > 1)]
    if columns == 1 and not vectors and numbers:
        vectors, numbers = [numbers[0].reshape(1)], numbers[1:]
    if len(vectors) != 1 or len(numbers) > 1 or len(leaves) != len(vectors) + len(numbers):
        shapes = ", ".join(str(leaf.shape) for leaf in leaves)
        raise ArgumentError(
            f"parameters of shapes {shapes} are not the weights of X with {columns} column{'s' * (columns != 1)}: "
            "expected one weight for each column, and at most one number as the bias; give a function of X"
        )
    return _Line(vectors[0].astype(float), float(numbers[0]) if numbers else 0.0)


def _draw_line(
    axes: Axes, palette: Palette, features: Numbers, targets: Numbers, column: int,
    predict: Callable[[Numbers], Numbers], truth: Callable[[Numbers], Numbers] | None, names: Sequence[str],
) -> list[str]:  # fmt: skip
    x = features[:, column]
    told = _draw_cloud(axes, palette, x, targets, "data")
    room = 0.04 * (float(np.ptp(x)) or 1.0)
    fine = np.repeat(features[:1], FINE, axis=0)
    fine[:, column] = np.linspace(x.min() - room, x.max() + room, FINE)
    lines = [("learned", predict, palette.first, "-", 2.2)]
    if truth is not None:
        lines.append(("true", truth, palette.second, "--", 1.8))
    for name, line, colour, style, width in lines:
        formula = _formula(line, features[0], column, names)
        words = f"{name}: {formula}" if formula else name
        axes.plot(fine[:, column], line(fine), style, color=colour, linewidth=width, label=words)
        told.append(f"The {name} line is {formula}." if formula else f"A line shows the {name} model.")
    axes.set_xlabel(names[0], parse_math=False)
    axes.set_ylabel(names[1], parse_math=False)
    return [
        f"{names[0]} {_extent(x)}, {names[1]} {_extent(targets)}.",
        *told,
    ]


def _extent(values: Numbers) -> str:
    return f"from {number(float(values.min()))} to {number(float(values.max()))}"


def _formula(line: Callable[[Numbers], Numbers], row: Numbers, column: int, names: Sequence[str]) -> str:
    """A line as it is written, the constant columns gathered into the bias."""
    if not isinstance(line, _Line):
        return ""
    bias = line.bias + float(sum(line.weights[j] * row[j] for j in range(len(row)) if j != column))
    slope = float(line.weights[column])
    if bias == 0:
        return f"{names[1]} = {loss_number(slope)} {names[0]}"
    return f"{names[1]} = {loss_number(bias)} {'−' if slope < 0 else '+'} {loss_number(abs(slope))} {names[0]}"


def _draw_diagonal(
    axes: Axes, palette: Palette, targets: Numbers, predicted: Numbers,
    truth: Callable[[Numbers], Numbers] | None, features: Numbers, name: str,
) -> list[str]:  # fmt: skip
    told = []
    if truth is not None:
        told += _draw_cloud(axes, palette, targets, truth(features), "predicted by the true model", palette.second, "x")
    told += _draw_cloud(axes, palette, targets, predicted, "predicted")
    low, high = float(targets.min()), float(targets.max())
    axes.plot([low, high], [low, high], "--", color=palette.first, linewidth=1.8, label="predicted = measured")
    axes.set_xlabel(f"measured {name}", parse_math=False)
    axes.set_ylabel(f"predicted {name}", parse_math=False)
    spread = float(np.mean((targets - targets.mean()) ** 2))
    if spread > 0:
        share = 1 - float(np.mean((targets - predicted) ** 2)) / spread
        told.append(f"The model explains {share:.1%} of the variance (R^2 = {share:.4f}).")
    return [
        f"Measured {_extent(targets)}, predicted {_extent(predicted)}.",
        *told,
    ]


def _draw_cloud(
    axes: Axes, palette: Palette, x: Numbers, y: Numbers, label: str, colour: str | None = None, marker: str = "o"
) -> list[str]:
    rows = np.arange(len(x))
    told = []
    if len(x) > MOST:
        rows = np.random.default_rng(0).choice(rows, MOST, replace=False)
        told = [f"Drawn are {MOST:,} of them, chosen at random."]
    # Of many points each is small and lets others through.
    axes.plot(
        x[rows], y[rows], marker, color=colour or palette.measured, markersize=4.5 if len(rows) < 500 else 2.5,
        markeredgewidth=0 if marker == "o" else 1, alpha=float(np.clip(60 / np.sqrt(len(rows)), 0.15, 0.75)),
        label=label, rasterized=len(rows) > 2_000,
    )  # fmt: skip
    return told
