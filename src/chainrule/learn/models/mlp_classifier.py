"""A multilayer perceptron for classification."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from chainrule.learn.models.classes import Classes, encode, read_labels
from chainrule.learn.models.losses import binary_cross_entropy, cross_entropy
from chainrule.learn.models.network import Network
from chainrule.learn.models.scikit_learn import ClassifierMixin, validate_data
from chainrule.learn.models.standardise import Array

__all__ = ["MLPClassifier"]


@final
class MLPClassifier(Classes, ClassifierMixin, Network):  # type: ignore[misc]
    """A network of layers for classes, fitted by Adam on mini-batches; at the end a sigmoid (two classes) or a softmax.

    It minimises the mean cross-entropy plus alpha / (2 B) (sum(W1^2) + sum(W2^2) + ...), with B rows in a batch, as
    scikit-learn's `MLPClassifier` does, but with inputs that are standardised inside: columns of any units can be
    learnt from, and the penalty does not depend on them.

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
        classes_: the K classes in order.
        coefs_: the weight matrices on the scale of your data, each of shape (inputs, outputs).
        intercepts_: the biases, each of shape (outputs,).
        descent_: the run, a `Descent`, on the standardised scale; its `verdict` says what happened.
        loss_curve_: the mean loss of the batches of each epoch.
        loss_: the loss over all rows at the end.
        n_iter_: how many epochs were made.
        n_layers_: how many layers there are, with the inputs and the outputs.
        n_outputs_: how many outputs there are: 1 for two classes, else K.
        n_features_in_: d.
        feature_names_in_: the names of the columns, where X has names.

    >>> import numpy as np, chainrule as cr
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> model = cr.models.MLPClassifier(8, "tanh", learning_rate=0.05, random_state=0)
    >>> model.fit(X, ["same", "other", "other", "same"]).predict(X).tolist()
    ['same', 'other', 'other', 'same']
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Fit to the rows of X.

        Args:
            X: numbers, shape (N, d).
            y: the classes, shape (N,): numbers or texts.
            sample_weight: a weight for each row, shape (N,).

        Raises:
            ArgumentError: an argument of the model is not valid.
            DataError: y holds one class only.
            ValueError: X or y is empty, not finite, or of a wrong shape.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        X, y, s = self._weighted(X, read_labels(y), sample_weight)
        self.classes_, targets = encode(y)
        if len(self.classes_) == 2:
            self._fit_network(X, targets[:, None], s, binary_cross_entropy)
        else:
            self._fit_network(X, targets, s, cross_entropy)
        self.coefs_, self.intercepts_ = self._on_user_scale()
        return self

    def decision_function(self, X: Any) -> Array:
        """What the last layer gives: shape (N,) for two classes, positive for the second, else (N, K)."""
        scores = self._outputs(X)
        return scores[:, 0] if len(self.classes_) == 2 else scores
