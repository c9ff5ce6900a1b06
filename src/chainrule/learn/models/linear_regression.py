"""Linear regression by descent."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from chainrule.learn.models.affine import AffineModel
from chainrule.learn.models.losses import Ridge, squared_error
from chainrule.learn.models.scikit_learn import MultiOutputMixin, RegressorMixin, check_is_fitted, validate_data
from chainrule.learn.models.standardise import Array, standardisation

__all__ = ["LinearRegression"]


@final
class LinearRegression(MultiOutputMixin, RegressorMixin, AffineModel):  # type: ignore[misc]
    """Least squares, y = X w + b, with an L2 penalty where one is given, by descent.

    It minimises mean((y - X w - b)^2) + (alpha / N) sum(w^2), which is 1 / N times what scikit-learn's `Ridge`
    minimises (and `LinearRegression`, for alpha = 0): w is on the scale of your data, and b is not penalised. The
    descent runs on inputs and targets that are standardised inside, so that the units of a column do not matter.

    Where the columns do not determine the weights (more columns than rows, duplicates), alpha = 0 gives the solution
    whose standardised weights have the least norm. A constant column has the weight 0.

    Args:
        alpha: the factor of the penalty, 0 or positive.
        fit_intercept: whether there is a b; without it, the origin is not moved.
        optimizer: the name of one of `chainrule.optimizers`, or an instance.
        learning_rate: a number, a schedule, "auto", or None for the optimizer's own ("auto" where it has none).
        max_iter: the largest number of steps.
        tol: the descent ends once the norm of the gradient, on the standardised scale, is at most this.

    Attributes:
        coef_: w, shape (d,), or (k, d) for k outputs.
        intercept_: b, a number, or shape (k,).
        descent_: the run, a `Descent`, on the standardised scale; its `verdict` says what happened.
        loss_curve_: the loss before each step and after the last, for standardised targets.
        loss_: the loss at `coef_` and `intercept_`, on your scale.
        n_iter_: how many steps were made.
        n_features_in_: d.
        feature_names_in_: the names of the columns, where X has names.

    >>> import numpy as np, chainrule as cr
    >>> X = np.array([[1.0, 2000.0], [2.0, 1000.0], [3.0, 4000.0], [4.0, 3000.0]])
    >>> model = cr.models.LinearRegression().fit(X, 2 * X[:, 0] - 0.001 * X[:, 1] + 5)
    >>> model.coef_.round(6).tolist(), round(float(model.intercept_), 6)
    ([2.0, -0.001], 5.0)
    >>> print(model.loss_graph())
    loss(w, b, X, y) = mean((y - (X w + b))^2)
    """

    def __init__(
        self,
        alpha: float = 0.0,
        *,
        fit_intercept: bool = True,
        optimizer: Any = "lbfgs",
        learning_rate: Any = None,
        max_iter: int = 5000,
        tol: float = 1e-8,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegression:
        """Fit to the rows of X.

        Args:
            X: numbers, shape (N, d).
            y: the targets, shape (N,) or (N, k).
            sample_weight: a weight for each row, shape (N,): a weight of 2 counts as two equal rows.

        Raises:
            ArgumentError: an argument of the model is not valid.
            ValueError: X or y is empty, not finite, or of a wrong shape.
        """
        alpha = self._non_negative("alpha")
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        X, y, s = self._weighted(X, np.asarray(y, dtype=np.float64), sample_weight)
        Y = y if y.ndim == 2 else y[:, None]
        of_targets = standardisation(Y, s, centred=self.fit_intercept)
        T = of_targets(Y)
        unit, centre = (
            (of_targets.scale, of_targets.centre * of_targets.unit)
            if y.ndim == 2
            else (
                of_targets.scale[0],
                of_targets.centre[0] * of_targets.unit[0],
            )
        )
        total = len(X) if s is None else float(np.sum(s))
        w, b = self._fit_affine(
            X,
            T if y.ndim == 2 else T[:, 0],
            s,
            squared_error,
            penalty=Ridge(alpha, total),
            curvature=2.0,
            shown=y,
            to_user=lambda w, b: (w * unit, b * unit + centre),
        )
        self.coef_, self.intercept_ = w.T, b
        return self

    def predict(self, X: Any) -> Array:
        """X w + b; shape (N,), or (N, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_.T + self.intercept_
