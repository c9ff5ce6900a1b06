"""The section about the data: the columns in numbers, and which of them say nearly the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.report.page import Section, paragraph, table
from chainrule.report.trained import Training

__all__ = ["data_summary"]

COLUMNS = 60  # in the table; of more, the first
CLASSES = 20
PAIRS = 5
ALIKE = 0.8  # a correlation from which on a pair of columns is named


def data_summary(training: Training) -> Section:
    """How many rows, what each column holds, and what in it makes learning hard."""
    names, X, y = training.names, training.X, training.y
    parts = [
        paragraph(
            f"{training.data}: {_count(training.rows, 'row')}, {_count(len(names), 'column')} "
            f"to predict {training.target} from."
        )
    ]
    rows = [_row(name, X[:, i]) for i, name in enumerate(names[:COLUMNS])]
    if y.dtype.kind in "fiu" and np.unique(y).size > CLASSES:
        rows.append(_row(f"{training.target} (the target)", y.astype(float)))
    parts.append(table(["column", "mean", "deviation", "least", "median", "greatest"], rows))
    if len(names) > COLUMNS:
        parts.append(paragraph(f"and {len(names) - COLUMNS:,} more columns", "soft"))
    values, counts = np.unique(y, return_counts=True)
    if values.size <= CLASSES:
        share = [(str(v), f"{c:,}", f"{100 * c / len(y):.1f}%") for v, c in zip(values, counts, strict=True)]
        parts.append(table([training.target, "rows", "share"], share))
    parts += [paragraph(remark) for remark in _remarks(names, X)]
    return Section("data", "The data", "\n".join(parts))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _row(name: str, column: NDArray[np.float64]) -> list[str]:
    scale = float(np.abs(column).max()) or 1.0
    share = column / scale  # the squares of large numbers overflow
    return [
        name,
        *(f"{scale * float(x):.6g}" for x in (share.mean(), share.std(), share.min(), np.median(share), share.max())),
    ]


def _remarks(names: Sequence[str], X: NDArray[np.float64]) -> list[str]:
    scale = np.abs(X).max(axis=0, initial=0.0)
    Z = X / np.where(scale > 0, scale, 1.0)
    Z = Z - Z.mean(axis=0)
    spread = np.sqrt((Z**2).mean(axis=0))
    constant = spread <= 1e-12
    remarks = []
    if constant.any():
        listed = ", ".join(name for name, flat in zip(names, constant, strict=True) if flat)
        remarks.append(f"Constant, and so without a weight of their own: {listed}.")
    if 1 < len(names) <= 10 * COLUMNS:
        Z = Z / np.where(constant, 1.0, spread)
        alike = np.triu(np.abs(Z.T @ Z) / len(Z), k=1)
        alike[constant] = 0.0
        order = np.argsort(-alike, axis=None)[:PAIRS]
        for place in order:
            i, j = np.unravel_index(place, alike.shape)
            if alike[i, j] < ALIKE:
                break
            remarks.append(
                f"{names[i]} and {names[j]} say nearly the same (correlation {alike[i, j]:.3f}): "
                f"descent is slow to tell their weights apart."
            )
    return remarks
