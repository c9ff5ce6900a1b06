"""Multilayer perceptrons: what the regressor and the classifier share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.learn.models.estimator import Estimator
from chainrule.learn.models.inspection import Loss, Shown, first_rows
from chainrule.learn.models.layers import activation_named, forward, glorot, weights
from chainrule.learn.models.losses import Ridge, RowLoss, average
from chainrule.learn.models.scikit_learn import check_is_fitted, check_random_state, validate_data
from chainrule.learn.models.standardise import Array, Standardisation, standardisation

__all__ = ["Network", "network_loss"]

AUTO_BATCH = 200  # scikit-learn's


def network_loss(rows: RowLoss, penalty: Ridge, activation: Callable[[Any], Any]) -> Loss:
    """average(rows(Y, Z)) + penalty(W1, W2, ...), as a function of the parameters and the data.

    Args:
        rows: the loss of each row.
        penalty: of the weights.
        activation: of the hidden layers.
    """

    def loss(p: Any, X: Any, Y: Any, s: Any = None) -> Any:
        L = average(rows(Y, forward(p, X, activation)), s)
        return L + penalty(*weights(p)) if penalty.strength else L

    return loss


class Network(Estimator):
    """Layers of units, each an activation of a weighted sum of the layer before, fitted by mini-batches."""

    _rows: RowLoss
    _scaled: Standardisation
    _parameters: dict[str, Any]

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        alpha: float = 0.0001,
        optimizer: Any = "adam",
        learning_rate: Any = None,
        batch_size: int | str = "auto",
        max_iter: int = 200,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.alpha = alpha
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state

    def _fit_network(self, X: Array, targets: Array, s: Array | None, rows: RowLoss) -> None:
        """Fit to targets of shape (N, k), one for each output."""
        alpha, hidden = self._non_negative("alpha"), self._hidden()
        activation = activation_named(self.activation)
        random = check_random_state(self.random_state)
        outputs = targets.shape[1]
        batch = self._batch(len(X))
        self._scaled = standardisation(X, s)
        Z = self._scaled(X)
        start = glorot([X.shape[1], *hidden, outputs], self.activation, random)
        # As scikit-learn's, the penalty is of a batch, and a row counts as often as its weight says.
        per_row = 1 if s is None else float(np.mean(s))
        loss = network_loss(rows, Ridge(alpha, 2 * batch * per_row), activation)
        data = {"X": Z, "Y": targets, **({} if s is None else {"s": s})}
        self._minimise(loss, start, data, batch, shuffle=self.shuffle, seed=int(random.randint(2**31)))
        self._parameters = self.descent_.parameters
        self._shown = {"standardised": Shown(loss, self._parameters, first_rows(data))}
        self.loss_ = float(self.descent_.final_loss)
        self.n_layers_, self.n_outputs_ = len(hidden) + 2, outputs

    def _outputs(self, X: Any) -> Array:
        """What the last layer gives; shape (N, k)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return forward(self._parameters, self._scaled(X), activation_named(self.activation))

    def _on_user_scale(self, unit: Any = 1.0, centre: Any = 0.0) -> tuple[list[Array], list[Array]]:
        """The weights and the biases of a network of X as it is, for outputs in units of `unit` from `centre`."""
        p = self._parameters
        depth = len(p) // 2
        matrices = [p[f"W{layer}"] for layer in range(1, depth + 1)]
        biases = [p[f"b{layer}"] for layer in range(1, depth + 1)]
        matrices[0], biases[0] = self._scaled.to_user(matrices[0], biases[0])
        matrices[-1], biases[-1] = matrices[-1] * unit, biases[-1] * unit + centre
        return matrices, biases

    def _hidden(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        listed = list(np.atleast_1d(np.asarray(sizes, dtype=object)))
        for size in listed:
            if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
                raise ArgumentError(
                    f"hidden_layer_sizes is {sizes!r:.60}, expected a whole number for each hidden layer, "
                    "such as (100,)"
                )
        return [int(size) for size in listed]

    def _batch(self, rows: int) -> int:
        size: Any = self.batch_size
        if size == "auto":
            return min(AUTO_BATCH, rows)
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
            raise ArgumentError(f"batch_size is {size!r:.60}, expected a number of rows, 1 or more, or 'auto'")
        return min(int(size), rows)
