"""Boolean sparse matrices: row i has True in column j where component i may depend on component j."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import MissingExtraError

__all__ = ["Indices", "Pattern", "empty", "from_places", "identity", "joined", "picked", "scipy_sparse", "spread"]

Pattern = Any  # a scipy.sparse.csr_array of bool
Indices = NDArray[np.intp]


def scipy_sparse() -> Any:
    """The module scipy.sparse, imported when it is used: SciPy is optional. Raises `MissingExtraError`."""
    try:
        return importlib.import_module("scipy.sparse")
    except ImportError as error:
        raise MissingExtraError('sparse derivatives need SciPy: pip install "chainrule[special]"') from error


def identity(size: int) -> Pattern:
    """Each component depends on itself."""
    return scipy_sparse().eye_array(size, dtype=bool, format="csr")


def empty(rows: int, columns: int) -> Pattern:
    return scipy_sparse().csr_array((rows, columns), dtype=bool)


def from_places(rows: Indices, columns: Indices, shape: tuple[int, int]) -> Pattern:
    """True at the places given, of which some may repeat."""
    made = scipy_sparse().coo_array((np.ones(rows.size, bool), (rows, columns)), shape=shape).tocsr()
    made.sum_duplicates()
    return made


def picked(labels: Indices, columns: int) -> Pattern:
    """Row i has True in column labels[i] alone, and nowhere where that is -1."""
    kept = labels >= 0
    if kept.all():
        pointers = np.arange(labels.size + 1)
    else:
        pointers = np.concatenate([[0], np.cumsum(kept)])
        labels = labels[kept]
    return scipy_sparse().csr_array((np.ones(labels.size, bool), labels, pointers), shape=(pointers.size - 1, columns))


def spread(groups: Indices, count: int) -> Pattern:
    """The transpose of `picked`: row g has True in each column of the group g; -1 is no group."""
    return picked(groups, count).T.tocsr()


def joined(patterns: Sequence[Pattern]) -> Pattern:
    """Where any of the patterns has True."""
    distinct: list[Pattern] = []
    for pattern in patterns:
        if not any(pattern is other for other in distinct):
            distinct.append(pattern)
    total = distinct[0]
    for pattern in distinct[1:]:
        total = total + pattern
    return total
