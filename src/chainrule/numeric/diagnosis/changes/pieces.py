"""A part of an array sends back to the array: to places that are off by one, or to repeated places only once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.core.cotangent import Piece
from chainrule.numeric.diagnosis.arrangement import shift
from chainrule.numeric.diagnosis.backward import Backward
from chainrule.numeric.diagnosis.changes.change import Change, only_kind
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["pieces"]


def pieces(backward: Backward) -> Iterator[Change]:
    """What every indexing sends back, shifted by one place along each axis, and without adding up repeated places."""
    for edge in backward.edges:
        piece = edge.piece
        if piece is None:
            continue
        label, to = backward.label(edge.step), backward.name(edge.operand)
        key = ("piece", backward.key(edge.step), edge.position)
        if any(isinstance(part, np.ndarray) for part in piece.index):
            yield Change(
                (*key, "once"),
                only_kind(Mistake.REPEATED),
                edge.operand,
                edge.term,
                lambda piece=piece: _assigned(piece),  # type: ignore[misc]
                f"places that {label} reads repeatedly are assigned and not added up in what goes back to {to}",
                backward.site(edge.step),
            )
        for axis in range(np.ndim(edge.term)):
            for by, way in ((1, "down"), (-1, "up")):
                yield Change(
                    (*key, axis, by),
                    only_kind(Mistake.SHIFTED),
                    edge.operand,
                    edge.term,
                    lambda edge=edge, by=by, axis=axis: shift(edge.term, by, axis, "roll"),  # type: ignore[misc]
                    f"off by one: what {label} sends back to {to} is put one place {way} along axis {axis}",
                    backward.site(edge.step),
                )


def _assigned(piece: Piece) -> Any:
    whole = np.zeros(piece.like.shape, piece.like.dtype)
    whole[piece.index] = piece.value
    return whole
