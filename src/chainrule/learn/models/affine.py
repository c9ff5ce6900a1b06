"""Models of X w + b: what linear and logistic regression share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.learn.models.estimator import Estimator
from chainrule.learn.models.inspection import Loss, Shown, first_rows
from chainrule.learn.models.losses import Ridge, RowLoss, average
from chainrule.learn.models.standardise import Array, standardisation
from chainrule.numeric.probe import quiet

__all__ = ["AffineModel", "affine_loss"]


def affine_loss(rows: RowLoss, penalty: Ridge, scale: Array | None = None) -> Loss:
    """average(rows(y, X w + b)) + penalty(w), as a function of the parameters, w or W and perhaps b, and the data.

    Args:
        rows: the loss of each row.
        penalty: of the weights.
        scale: where the penalty is to act on w / scale; shape (d,).
    """

    # The root first, because the square of a scale may overflow.
    factors = None if scale is None else (np.sqrt(penalty.factor) / scale) ** 2

    def loss(p: Any, X: Any, y: Any, s: Any = None) -> Any:
        w = p["w"] if "w" in p else p["W"]
        z = X @ w + p["b"] if "b" in p else X @ w
        L = average(rows(y, z), s)
        if not penalty.factor:
            return L
        if factors is None:
            return L + penalty(w)
        return L + np.sum((factors if "w" in p else factors[:, None]) * w**2)

    return loss


class AffineModel(Estimator):
    """A model whose prediction depends on the data through X w + b only."""

    fit_intercept: bool
    coef_: Array
    intercept_: Array

    def _fit_affine(
        self,
        X: Array,
        targets: Array,
        s: Array | None,
        rows: RowLoss,
        *,
        penalty: Ridge,
        curvature: float,
        shown: Array | None = None,
        to_user: Callable[[Array, Array], tuple[Array, Array]] = lambda w, b: (w, b),
    ) -> tuple[Array, Array]:
        """The weights and the bias on the user's scale, of the shapes (d,) and (), or (d, k) and (k,).

        Args:
            X: the inputs, shape (N, d).
            targets: what the loss compares with, shape (N,) or (N, k).
            s: weights of the rows, positive, or None.
            rows: the loss of a row.
            penalty: of w on the user's scale, added to the mean over the rows.
            curvature: the second derivative of `rows` by the prediction, where it is largest.
            shown: the targets on the user's scale, where they were standardised too.
            to_user: from weights and bias for such targets to the user's.
        """
        columns = targets.shape[1:]
        scaled = standardisation(X, s, centred=self.fit_intercept, ridge=2 * penalty.factor / curvature)
        Z = scaled(X)
        w_, y_ = ("W", "Y") if columns else ("w", "y")  # matrices have capital letters
        start = {w_: np.zeros((X.shape[1], *columns)), **({"b": np.zeros(columns)} if self.fit_intercept else {})}
        loss = affine_loss(rows, penalty, scaled.scale)
        weights = {} if s is None else {"s": s}
        self._minimise(loss, start, {"X": Z, y_: targets, **weights})
        found = self.descent_.parameters
        w, b = to_user(*scaled.to_user(found[w_], found.get("b", np.zeros(columns))))
        parameters = {w_: w, **({"b": b} if self.fit_intercept else {})}
        data = {"X": X, y_: targets if shown is None else shown, **weights}
        yours = affine_loss(rows, penalty)
        with quiet():  # squares of targets of 1e200 are infinite: the fit is good for all that
            self.loss_ = float(yours(parameters, *data.values()))
        self._shown = {
            "yours": Shown(yours, parameters, first_rows(data)),
            "standardised": Shown(loss, found, first_rows({"X": Z, y_: targets, **weights})),
        }
        return w, b
