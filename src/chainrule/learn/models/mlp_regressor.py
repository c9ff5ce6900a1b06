"""A multilayer perceptron for regression."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from chainrule.learn.models.losses import half_squared_error
from chainrule.learn.models.network import Network
from chainrule.learn.models.scikit_learn import MultiOutputMixin, RegressorMixin, validate_data
from chainrule.learn.models.standardise import Array, standardisation

__all__ = ["MLPRegressor"]


@final
class MLPRegressor(MultiOutputMixin, RegressorMixin, Network):  # type: ignore[misc]
    """A network of layers for numbers, fitted by Adam on mini-batches; its last layer is linear.

    It minimises mean((Y - Z)^2) / 2 + alpha / (2 B) (sum(W1^2) + sum(W2^2) + ...), with B rows in a batch, as
    scikit-learn's `MLPRegressor` does, but with inputs and targets that are standardised inside: columns of any units
    can be learnt from, and the penalty does not depend on them.

    Args:
        hidden_layer_sizes: how many units each hidden layer has: a tuple, empty for a linear model, or one number.
        activation: of the hidden layers: "relu", "tanh", "logistic", "identity", "gelu" or "silu".
        alpha: the strength of the penalty, 0 or positive.
        optimizer: the name of one of `chainrule.optimizers`, or an instance; "lbfgs" takes all rows at every step.
        learning_rate: a number, a schedule, "auto", or None for the optimizer's own ("auto" where it has none).
        batch_size: how many rows a step sees; "auto" is 200, or all if there are fewer.
        max_iter: the largest number of epochs, passes over the rows; of steps, for "lbfgs".
        shuffle: whether the rows are shuffled anew in each epoch.
        tol: an epoch counts as progress if its mean loss is below the best by this.
        n_iter_no_change: the descent ends after so many epochs without progress.
        random_state: an int for the same fit each time, a `RandomState`, or None.

    Attributes:
        coefs_: the weight matrices on the scale of your data, each of shape (inputs, outputs).
        intercepts_: the biases, each of shape (outputs,).
        descent_: the run, a `Descent`, on the standardised scale; its `verdict` says what happened.
        loss_curve_: the mean loss of the batches of each epoch, for standardised targets.
        loss_: the loss over all rows at the end, for standardised targets.
        n_iter_: how many epochs were made.
        n_layers_: how many layers there are, with the inputs and the outputs.
        n_outputs_: how many outputs there are.
        n_features_in_: d.
        feature_names_in_: the names of the columns, where X has names.

    >>> import numpy as np, chainrule as cr
    >>> X = np.linspace(0, 10_000, 50)[:, None]
    >>> model = cr.models.MLPRegressor(20, "tanh", optimizer="lbfgs", random_state=0)
    >>> model.fit(X, np.sin(X[:, 0] / 1500)).score(X, np.sin(X[:, 0] / 1500)) > 0.99
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Fit to the rows of X.

        Args:
            X: numbers, shape (N, d).
            y: the targets, shape (N,) or (N, k).
            sample_weight: a weight for each row, shape (N,).

        Raises:
            ArgumentError: an argument of the model is not valid.
            ValueError: X or y is empty, not finite, or of a wrong shape.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        X, y, s = self._weighted(X, np.asarray(y, dtype=np.float64), sample_weight)
        Y = y if y.ndim == 2 else y[:, None]
        self._targets = standardisation(Y, s)
        T = self._targets(Y)
        self._fit_network(X, T, s, half_squared_error)
        self._flat = y.ndim == 1
        self.coefs_, self.intercepts_ = self._on_user_scale(
            self._targets.scale, self._targets.centre * self._targets.unit
        )
        return self

    def predict(self, X: Any) -> Array:
        """What the network gives for each row; shape (N,), or (N, k)."""
        outputs = self._outputs(X)
        found = self._targets.restore(outputs)
        return found[:, 0] if self._flat else found
