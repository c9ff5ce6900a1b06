"""Logistic regression by descent, of two classes or more."""

from __future__ import annotations

from numbers import Real
from typing import Any, final

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.learn.models.affine import AffineModel
from chainrule.learn.models.classes import Classes, encode, read_labels
from chainrule.learn.models.losses import Ridge, binary_cross_entropy, cross_entropy
from chainrule.learn.models.scikit_learn import ClassifierMixin, check_is_fitted, validate_data
from chainrule.learn.models.standardise import Array

__all__ = ["LogisticRegression"]


@final
class LogisticRegression(Classes, ClassifierMixin, AffineModel):  # type: ignore[misc]
    """Logistic regression with an L2 penalty: a sigmoid of X w + b for two classes, a softmax of X W + b for more.

    It minimises the mean cross-entropy plus sum(w^2) / (2 C N), which is 1 / (C N) times what scikit-learn's
    `LogisticRegression` minimises: C means the same, w is on the scale of your data, and b is not penalised. The
    descent runs on inputs that are standardised inside, so that the units of a column do not matter to it.

    Args:
        C: the inverse of the penalty's strength, positive; infinity for none.
        fit_intercept: whether there is a b.
        optimizer: the name of one of `chainrule.optimizers`, or an instance.
        learning_rate: a number, a schedule, "auto", or None for the optimizer's own ("auto" where it has none).
        max_iter: the largest number of steps.
        tol: the descent ends once the norm of the gradient, on the standardised scale, is at most this.

    Attributes:
        classes_: the K classes in order.
        coef_: shape (1, d) for two classes, then of the second, else (K, d).
        intercept_: shape (1,) or (K,).
        descent_: the run, a `Descent`, on the standardised scale; its `verdict` says what happened.
        loss_curve_: the loss before each step and after the last.
        loss_: the loss at `coef_` and `intercept_`.
        n_iter_: how many steps were made.
        n_features_in_: d.
        feature_names_in_: the names of the columns, where X has names.

    >>> import numpy as np, chainrule as cr
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = cr.models.LogisticRegression().fit(X, ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]]).tolist(), model.predict_proba([[1.5]]).round(6).tolist()
    (['no', 'yes'], [[0.5, 0.5]])
    >>> print(model.loss_graph())
    loss(w, b, X, y) = mean(softplus(X w + b) - y*(X w + b)) + sum(w^2)/8
    """

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        optimizer: Any = "lbfgs",
        learning_rate: Any = None,
        max_iter: int = 5000,
        tol: float = 1e-7,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Fit to the rows of X.

        Args:
            X: numbers, shape (N, d).
            y: the classes, shape (N,): numbers or texts.
            sample_weight: a weight for each row, shape (N,): a weight of 2 counts as two equal rows.

        Raises:
            ArgumentError: an argument of the model is not valid.
            DataError: y holds one class only.
            ValueError: X or y is empty, not finite, or of a wrong shape.
        """
        if not isinstance(self.C, Real) or isinstance(self.C, bool) or not self.C > 0:
            raise ArgumentError(f"C is {self.C!r:.60}, expected a positive number; infinity is no penalty")
        X, y = validate_data(self, X, y, dtype=np.float64)
        X, y, s = self._weighted(X, read_labels(y), sample_weight)
        self.classes_, targets = encode(y)
        K = len(self.classes_)
        total = len(X) if s is None else float(np.sum(s))
        rows, curvature = (binary_cross_entropy, 1 / 4) if K == 2 else (cross_entropy, (K - 1) / K**2)
        w, b = self._fit_affine(X, targets, s, rows, penalty=Ridge(1, 2 * self.C * total), curvature=curvature)
        self.coef_, self.intercept_ = np.atleast_2d(w.T), np.atleast_1d(b)
        return self

    def decision_function(self, X: Any) -> Array:
        """X w + b, shape (N,), for two classes, positive for the second; else X W + b, shape (N, K)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        scores = X @ self.coef_.T + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores
