"""Rows and a column of rows in one operation: NumPy pairs each with each, where each with its own was meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.core.record import Record
from chainrule.core.warning import warn

__all__ = ["warn_of_spreading"]


def warn_of_spreading(records: Sequence[Record], rows: int, name: str) -> None:
    """Warn where an operation of a loss over rows makes a square of shapes (rows,) and (rows, 1).

    A target of the shape (N, 1) beside predictions of the shape (N,) is the usual mistake: a squared error is then
    lowest where all predictions are the mean of the targets.
    """
    if rows < 2:
        return
    for record in records:
        shapes = [np.shape(value) for value in record.values]
        if np.shape(record.value) == (rows, rows) and {*shapes} == {(rows,), (rows, 1)}:
            one, two = shapes[:2]
            warn(
                f"{name} puts arrays of the shapes {one} and {two} together, which makes one of the shape "
                f"{(rows, rows)}: each row beside every other. If each belongs to its own, give both the same shape, "
                "such as y[:, 0] for a column y"
            )
            return
