"""More than fifty losses with their right gradients, and the mistakes one makes in writing these."""

from numeric.diagnosis.corpus import functions, matrices, networks, probability, regression, unseen
from numeric.diagnosis.corpus.loss import Edit, Loss

__all__ = ["CORPUS", "UNSEEN", "Edit", "Loss"]

CORPUS = [loss for part in (regression, networks, probability, matrices, functions) for loss in part.LOSSES]
UNSEEN = unseen.LOSSES
