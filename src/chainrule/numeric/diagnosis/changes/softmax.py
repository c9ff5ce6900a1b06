"""The Jacobian of softmax, of which the components beside the diagonal are forgotten, or which is applied twice.

It is recognised by its numbers, whatever it is written with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.core.record import Record
from chainrule.numeric.diagnosis.backward import Backward
from chainrule.numeric.diagnosis.changes.change import Change, only_kind
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["softmax_jacobians"]


def softmax_jacobians(backward: Backward) -> Iterator[Change]:
    """Every value that is the softmax of an earlier one, or the logarithm of it."""
    for end in backward.order:
        value = np.asarray(end.value)
        if end not in backward.cotangents or end.primitive is None or value.ndim == 0 or not value.size:
            continue
        for logarithmic, shares in ((False, value), (True, np.exp(np.minimum(value, 0.0)))):
            for axis in range(value.ndim):
                if value.shape[axis] < 2 or not _is_share(shares, axis):
                    continue
                source = _source(backward, end, shares, axis)
                if source is not None:
                    yield from _changes(backward, source, end, shares, axis, logarithmic)


def _changes(backward: Backward, source: Record, end: Record, s: Any, axis: int, logarithmic: bool) -> Iterator[Change]:
    g = backward.cotangents[end]
    total = np.sum(g if logarithmic else g * s, axis=axis, keepdims=True)
    right = g - s * total if logarithmic else s * (g - total)
    label = backward.label(end)
    name = "log softmax" if logarithmic else "softmax"
    once_more = f"the derivative of {name} in {label} is followed by another factor s (1 - s)"
    rows = [("again", right * s * (1 - s), once_more)]
    if not logarithmic:
        diagonal = f"of the Jacobian of softmax in {label} only the diagonal s (1 - s) is used"
        rows.insert(0, ("diagonal", g * s * (1 - s), diagonal))
        factor = f"the factor s is left out of the Jacobian of softmax in {label}"
        rows.append(("factor", g - total, factor))
        rows.append(("left out", g, f"the inner factor of {label} is missing: the Jacobian of softmax is left out"))
    for how, altered, text in rows:
        yield Change(
            ("softmax", backward.key(source), backward.key(end), how),
            only_kind(Mistake.INNER_FACTOR if how in ("left out", "factor") else Mistake.WRONG_DERIVATIVE),
            source,
            right,
            lambda altered=altered: altered,  # type: ignore[misc]
            text,
            backward.site(end),
        )


def _is_share(shares: Any, axis: int) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.all(shares >= 0) and np.all(np.abs(np.sum(shares, axis=axis) - 1) < 1e-6))


def _source(backward: Backward, end: Record, shares: Any, axis: int) -> Record | None:
    """The earliest value that this is the softmax of: a shift that cancels comes after it."""
    for record in backward.order[: backward.place(end)]:
        if np.shape(record.value) != shares.shape or record not in backward.cotangents:
            continue
        with np.errstate(all="ignore"):
            e = np.exp(record.value - np.max(record.value, axis=axis, keepdims=True))
            if np.all(np.abs(e / np.sum(e, axis=axis, keepdims=True) - shares) <= 1e-6 * shares + 1e-12):
                return record
    return None
