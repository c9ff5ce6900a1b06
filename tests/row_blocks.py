"""A graph evaluated block of rows by block of rows, as its analysis says: what the row axis is tested with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.labels import Folding
from chainrule.passes.rows import Rows

PUT_TOGETHER = {
    Folding.SUM: np.sum,
    Folding.PRODUCT: np.prod,
    Folding.MAX: np.max,
    Folding.MIN: np.min,
    Folding.ANY: np.any,
    Folding.ALL: np.all,
}


def by_blocks(rows: Rows, arguments: Sequence[Any], cuts: Sequence[int], count: int | None = None) -> list[Any]:
    """The outputs, from blocks of rows that end at the cuts; `count` rows in all, if not those of the trace."""
    count = rows.count if count is None else count
    edges = [0, *cuts, count]
    blocks = [np.arange(first, last) for first, last in pairwise(edges)]
    fixed: dict[Node, Any] = {}
    pieces: dict[Node, list[Any]] = {}
    for done in range(rows.passes + 1):
        _fixed_values(rows, arguments, fixed, done, count)
        if done == rows.passes:
            break
        pieces = {}
        for block in blocks:
            values = _block_values(rows, arguments, fixed, done, block)
            for node, value in values.items():
                pieces.setdefault(node, []).append(value)
        for node, folding in rows.folding.items():
            if rows.level[node] == done + 1:
                fixed[node] = _together(folding, pieces[node], blocks)
    return [
        np.concatenate(pieces[node], axis=rows.axis[node]) if node in rows.axis else fixed[node]
        for node in rows.graph.outputs
    ]


def _together(folding: Folding, parts: list[Any], blocks: list[Any]) -> Any:
    if folding is Folding.MEAN:
        weights = [len(block) for block in blocks]
        return sum(np.asarray(part) * n for part, n in zip(parts, weights, strict=True)) / sum(weights)
    return PUT_TOGETHER[folding](np.array(parts), axis=0)


def _whole(rows: Rows, node: Node, count: int) -> Any:
    """Something of the shape of a value by row, of which only the shape is looked at."""
    shape = list(node.shape)
    shape[rows.axis[node]] = count
    return np.zeros(shape, node.dtype)


def _fixed_values(rows: Rows, arguments: Sequence[Any], fixed: dict[Node, Any], done: int, count: int) -> None:
    given = dict(zip(rows.graph.inputs, arguments, strict=True))
    for node in rows.graph.nodes:
        if node in rows.axis or node in rows.folding or node in fixed or rows.level[node] > done:
            continue
        if node.is_input:
            fixed[node] = given[node]
        elif node.is_constant:
            fixed[node] = node.parameters["value"]
        else:
            operands = [_whole(rows, x, count) if x in rows.axis else fixed[x] for x in node.operands]
            fixed[node] = node.primitive(*operands, **node.parameters)


def _block_values(
    rows: Rows, arguments: Sequence[Any], fixed: dict[Node, Any], done: int, block: Any
) -> dict[Any, Any]:
    given = dict(zip(rows.graph.inputs, arguments, strict=True))
    values: dict[Node, Any] = {}
    for node in rows.graph.nodes:
        by_row, summed = node in rows.axis, node in rows.folding
        if not (by_row and rows.level[node] <= done) and not (summed and rows.level[node] == done + 1):
            continue
        if node.primitive is None:
            value = given[node] if node.is_input else node.parameters["value"]
            values[node] = np.take(value, block, axis=rows.axis[node])
            continue
        parameters = dict(node.parameters)
        if by_row and "shape" in parameters:
            shape = list(parameters["shape"])
            shape[rows.axis[node]] = len(block)
            parameters["shape"] = tuple(shape)
        # What is computed in a later pass is needed for its shape only.
        operands = [
            values[x] if x in values else _whole(rows, x, len(block)) if x in rows.axis else fixed[x]
            for x in node.operands
        ]
        values[node] = node.primitive(*operands, **parameters)
    return values
