"""The classes of a classifier: labels to numbers and back, and probabilities."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.learn.models.scikit_learn import check_classification_targets, column_or_1d
from chainrule.learn.models.standardise import Array
from chainrule.special import expit, log_expit, log_softmax, softmax

__all__ = ["Classes", "encode", "read_labels"]


def read_labels(y: Any) -> Any:
    """The labels as an array of shape (N,); raises ValueError where they are no classes."""
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    return y


def encode(y: Any) -> tuple[Any, Array]:
    """The classes in order, and the targets: 0 or 1 for two classes, shape (N,), else a row of the identity matrix.

    Raises:
        DataError: there are fewer than two classes.
    """
    classes, places = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise DataError(
            f"y holds only one class, {classes.tolist()[0]!r}: a classifier needs rows of at least 2, with weights "
            "above 0"
        )
    if len(classes) == 2:
        return classes, places.astype(np.float64)
    return classes, np.eye(len(classes))[places]


class Classes:
    """What a classifier tells from its scores: one score for two classes, else one for each."""

    classes_: Any

    @abstractmethod
    def decision_function(self, X: Any) -> Array:
        """The scores; a probability is their sigmoid, shape (N,), for two classes, else their softmax, shape (N, K)."""

    def predict(self, X: Any) -> Any:
        """The most probable class of each row; shape (N,)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else np.argmax(scores, axis=1)]

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of `classes_`; shape (N, K)."""
        z = self.decision_function(X)
        return np.stack([expit(-z), expit(z)], axis=1) if z.ndim == 1 else softmax(z, axis=1)

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`, finite also where a probability rounds to 0; shape (N, K)."""
        z = self.decision_function(X)
        return np.stack([log_expit(-z), log_expit(z)], axis=1) if z.ndim == 1 else log_softmax(z, axis=1)
