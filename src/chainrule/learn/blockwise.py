"""A loss over more rows than fit into memory, put together from its values over blocks of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.learn.batches import Block

__all__ = ["Evaluate", "OverRows", "over_rows", "summed"]

TOLERANCE = 1e-6  # relative; a float32 loss over a thousand rows keeps to it
SPLIT = 0.3  # of the rows in the first part: with halves, a sum of squares of means could pass for a mean
SHIFT = 0.01  # how far the second point lies from the start, relative to 1 + |w|

Evaluate = Callable[[Sequence[Any], Block], tuple[float, list[Any]]]


class OverRows(Enum):
    """What a loss is over its rows."""

    MEAN = "a mean"
    SUM = "a sum"

    def weight(self, block: Block, rows: int) -> float:
        """The factor of a block's loss in the loss of all rows."""
        return block.rows / rows if self is OverRows.MEAN else 1.0


def over_rows(evaluate: Evaluate, leaves: Sequence[Any], blocks: Iterator[Block], name: str) -> OverRows:
    """Whether a loss is a mean or a sum over rows, tried on the first of them, values and gradients.

    Parts of a block are put together in both ways and compared with the whole. Rows on which both agree, since all is
    zero there, say nothing: then another point is tried, and the next block.

    Raises:
        ArgumentError: it is neither, so it cannot be put together from blocks; the message has the numbers.
    """
    random = np.random.default_rng(0)
    for block in blocks:
        if block.rows < 2:
            continue
        first = max(1, int(SPLIT * block.rows))
        for point in (leaves, _shifted(leaves, random)):
            whole, one, two = (
                _numbers(*evaluate(point, part))
                for part in (block, block.take(slice(0, first)), block.take(slice(first, block.rows)))
            )
            if not all(np.isfinite(values).all() for values in (whole, one, two)):
                continue
            share = first / block.rows
            candidates = {OverRows.MEAN: share * one + (1 - share) * two, OverRows.SUM: one + two}
            scale = max(float(np.abs(values).max()) for values in (whole, one, two))
            fits = [kind for kind, found in candidates.items() if np.abs(found - whole).max() <= TOLERANCE * scale]
            if not fits:
                raise ArgumentError(
                    f"{name} is neither a mean nor a sum over rows, so it cannot be put together from blocks of data "
                    f"that does not fit into memory: over the first {block.rows:,} rows it is {whole[0]:.6g}, over the "
                    f"first {first:,} and the other {block.rows - first:,} of them {one[0]:.6g} and {two[0]:.6g}; "
                    "descend in mini-batches with batch_size=, or write it as a mean over rows"
                )
            if len(fits) == 1:
                return fits[0]
    # Zero on all rows, and so are both.
    return OverRows.MEAN


def _numbers(value: float, slopes: Sequence[Any]) -> Any:
    return np.concatenate([[value], *(np.ravel(slope) for slope in slopes)])


def _shifted(leaves: Sequence[Any], random: np.random.Generator) -> list[Any]:
    return [
        (leaf + SHIFT * (1 + np.abs(leaf)) * random.standard_normal(np.shape(leaf))).astype(leaf.dtype)
        for leaf in leaves
    ]


def summed(parts: Iterator[tuple[float, float, list[Any]]]) -> tuple[float, list[Any]]:
    """The weighted sum of losses and gradients over blocks, each with its weight before it."""
    values: list[float] = []
    total: list[Any] = []
    for weight, value, slopes in parts:
        values.append(weight * value)
        scaled = [weight * slope for slope in slopes]
        total = [a + b for a, b in zip(total, scaled, strict=True)] if total else scaled
    return math.fsum(values), total
