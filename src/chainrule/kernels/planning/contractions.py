"""Products summed over axes, with the rows taken out: each becomes one of the kinds of `Product`, or a loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.shapes import Shape
from chainrule.kernels.planning.items import NoCodeError
from chainrule.kernels.planning.parts import Handler, Part, Parts
from chainrule.kernels.program import FoldKind
from chainrule.ops import arithmetic, einsum, products

__all__ = ["CONTRACTIONS"]

_LARGE = 10**7  # products of numbers, from which on NumPy's BLAS with its threads is faster for a fixed matrix product
_STACK = 10**6  # and its products of stacks of matrices faster than a loop


def _matmul(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    """As a contraction of labelled axes: stacks are labels that both have."""
    a, b = operands
    out = products.matmul.shape.infer([a.shape, b.shape], {})
    large = prod(out) * a.shape[-1] > (_STACK if max(a.ndim, b.ndim) > 2 else _LARGE)
    if _are_booleans(operands) or (a.axis is b.axis is None and large):
        return parts.called(products.matmul, operands, parameters)
    stack = max(a.ndim, b.ndim, 2) - 2
    lead = [f"stack {i}" for i in range(stack)]
    left = [*lead[stack - max(0, a.ndim - 2) :], *(["m"] if a.ndim > 1 else []), "k"]
    right = [*lead[stack - max(0, b.ndim - 2) :], "k", *(["n"] if b.ndim > 1 else [])]
    result = [*lead, *(["m"] if a.ndim > 1 else []), *(["n"] if b.ndim > 1 else [])]
    # An axis of size 1 against a longer one is repeated: it is left out.
    a, left = _narrowed(parts, a, left, dict(zip(result, out, strict=True)))
    b, right = _narrowed(parts, b, right, dict(zip(result, out, strict=True)))
    return contract(parts, [a, b], [left, right], result, out)


def _narrowed(parts: Parts, x: Part, labels: list[str], sizes: Mapping[str, int]) -> tuple[Part, list[str]]:
    ones = tuple(
        i for i, label in enumerate(labels) if x.shape[i] == 1 and label.startswith("stack") and sizes[label] != 1
    )
    if not ones:
        return x, labels
    return parts.F.squeeze(x, axis=ones), [label for i, label in enumerate(labels) if i not in ones]


def _einsum(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    subscripts = parameters["subscripts"]
    given, _, result = subscripts.partition("->")
    terms = [list(term) for term in given.split(",")]
    diagonals = len(set(result)) < len(result) or any(len(set(term)) < len(term) for term in terms)
    if diagonals or _are_booleans(operands):
        return parts.called(einsum.einsum, operands, parameters)
    shape = einsum.einsum.shape.infer([x.shape for x in operands], parameters)
    parts_left, labels = list(operands), terms
    while len(parts_left) > 2:  # two at a time, from the left
        used = set(result).union(*labels[2:])
        kept = [label for label in dict.fromkeys([*labels[0], *labels[1]]) if label in used]
        sizes = _sizes(parts_left[:2], labels[:2])
        both = contract(parts, parts_left[:2], labels[:2], kept, tuple(sizes[label] for label in kept))
        parts_left, labels = [both, *parts_left[2:]], [kept, *labels[2:]]
    return contract(parts, parts_left, labels, list(result), shape)


def _are_booleans(operands: Sequence[Part]) -> bool:
    """Whether products are of booleans, whose sum is "or"."""
    return all(np.dtype(x.dtype).kind == "b" for x in operands)


def _sizes(operands: Sequence[Part], labels: Sequence[Sequence[str]]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for x, names in zip(operands, labels, strict=True):
        sizes.update(zip(names, x.shape, strict=True))
    return sizes


def contract(
    parts: Parts, operands: Sequence[Part], labels: Sequence[Sequence[str]], result: Sequence[str], out: Shape
) -> Part:
    """The sum of products over the labels that the result does not have, of one operand or two."""
    rows = {names[x.axis] for x, names in zip(operands, labels, strict=True) if x.axis is not None}
    if len(rows) > 1:
        raise NoCodeError("a product pairs rows with rows")
    row = rows.pop() if rows else None
    dtype = np.result_type(*(np.dtype(x.dtype) for x in operands))
    sizes = _sizes(operands, labels)
    # Axes of size 1 come back with the shape of the result: so a product with one column is one with a vector.
    dropped = {row, *(label for label, n in sizes.items() if n == 1)}
    names = [[label for label in term if label not in dropped] for term in labels]
    kept = [label for label in result if label not in dropped]
    items = [
        parts.items.reshaped(parts.items.cast(x.item, dtype), tuple(sizes[label] for label in own))
        for x, own in zip(operands, names, strict=True)
    ]
    over = row is not None and row not in result
    item = _Contraction(parts, dtype, sizes).of(items, names, kept, over)
    axis = None if row is None or over else list(result).index(row)
    return parts.part(item, out, axis)


class _Contraction:
    """Contractions of items: labels name their axes, that of the rows has none."""

    def __init__(self, parts: Parts, dtype: np.dtype[Any], sizes: Mapping[str, int]) -> None:
        self.items = parts.items
        self.dtype = dtype
        self.sizes = sizes

    def of(self, items: list[Node], names: list[list[str]], kept: list[str], over: bool) -> Node:
        """The contraction, summed over the rows where `over` says so."""
        if len(items) == 1:
            items, names = [items[0], self.items.number(1, self.dtype)], [names[0], []]
        (x, y), (left, right) = items, names
        x, left = self._alone(x, left, right, kept, over)
        y, right = self._alone(y, right, left, kept, over)
        stacked = [a for a in left if a in right and a in kept]
        summed = [a for a in left if a in right and a not in kept]
        by_row = [self.items.by_row(x), self.items.by_row(y)]
        if over and not all(by_row):
            return self._one_by_row(x, y, left, right, kept)
        matrices = self.dtype.kind == "f" and not stacked
        if matrices and over and not summed:
            return self._outer(x, y, left, right, kept)
        small = all(by_row) and len(left) == len(right) == len(summed)
        if matrices and summed and not over and not small:
            return self._product(x, y, left, right, summed, kept)
        return self._loop(x, y, left, right, kept, over)

    def _alone(self, x: Node, own: list[str], other: list[str], kept: list[str], over: bool) -> tuple[Node, list[str]]:
        """An operand summed over the labels that stand nowhere else."""
        gone = tuple(i for i, label in enumerate(own) if label not in other and label not in kept)
        if not gone:
            return x, own
        return self.items.folded(FoldKind.SUM, x, gone), [label for i, label in enumerate(own) if i not in gone]

    def _one_by_row(self, x: Node, y: Node, left: list[str], right: list[str], kept: list[str]) -> Node:
        """Summed over the rows first, where one operand is the same for all of them."""
        if not self.items.by_row(x):
            x, y, left, right = y, x, right, left
        total = self.items.over_rows(FoldKind.SUM, x, ())
        return self.of([total, y], [left, right], kept, False)

    def _outer(self, x: Node, y: Node, left: list[str], right: list[str], kept: list[str]) -> Node:
        if not left and not right:
            return self.items.over_rows(FoldKind.SUM, self._times(x, y), ())
        if not left:
            x, y, left, right = y, x, right, left
        rest = [self._length(right)] if right else []
        total = self.items.outer_over_rows(
            self.items.reshaped(x, (self._length(left),)), self.items.reshaped(y, tuple(rest))
        )
        return self._arranged(total, [*left, *right], kept)

    def _product(self, x: Node, y: Node, left: list[str], right: list[str], summed: list[str], kept: list[str]) -> Node:
        if self.items.by_row(y) and not self.items.by_row(x):
            x, y, left, right = y, x, right, left
        mine = [label for label in left if label not in summed]
        its = [label for label in right if label not in summed]
        inner = self._length(summed)
        x = self._ordered(x, left, [*mine, *summed])
        y = self._ordered(y, right, [*summed, *its])
        x = self.items.reshaped(x, (self._length(mine), inner) if mine else (inner,))
        y = self.items.reshaped(y, (inner, self._length(its)) if its else (inner,))
        product = x if _is_identity(y) else self.items.product(x, y)
        return self._arranged(product, [*mine, *its], kept)

    def _loop(self, x: Node, y: Node, left: list[str], right: list[str], kept: list[str], over: bool) -> Node:
        """Every product, and their sum: for stacks of small matrices, integers, and what fits no matrix product."""
        every = [*kept, *(label for label in dict.fromkeys([*left, *right]) if label not in kept)]
        product = self._times(self._spread(x, left, every), self._spread(y, right, every))
        product = self.items.repeated(product, tuple(self.sizes[label] for label in every))
        axes = tuple(range(len(kept), len(every)))
        return (
            self.items.over_rows(FoldKind.SUM, product, axes)
            if over
            else self.items.folded(FoldKind.SUM, product, axes)
        )

    def _times(self, x: Node, y: Node) -> Node:
        return self.items.apply(arithmetic.multiply, (x, y), {})

    def _length(self, labels: Sequence[str]) -> int:
        return prod(self.sizes[label] for label in labels)

    def _ordered(self, x: Node, own: list[str], wanted: list[str]) -> Node:
        return self.items.permuted(x, tuple(own.index(label) for label in wanted))

    def _spread(self, x: Node, own: list[str], every: list[str]) -> Node:
        """Axes in the order of `every`, with size 1 where a label is missing."""
        x = self._ordered(x, own, [label for label in every if label in own])
        return self.items.reshaped(x, tuple(self.sizes[label] if label in own else 1 for label in every))

    def _arranged(self, x: Node, found: list[str], kept: list[str]) -> Node:
        x = self.items.reshaped(x, tuple(self.sizes[label] for label in found))
        return self._ordered(x, found, kept)


def _is_identity(node: Node) -> bool:
    """Whether it is a constant identity matrix: directions one after the other, as Jacobians take them."""
    shape = node.shape
    if not node.is_constant or len(shape) != 2 or shape[0] != shape[1]:
        return False
    return np.array_equal(node.parameters["value"], np.eye(shape[0]))


CONTRACTIONS: Mapping[Any, Handler] = {products.matmul: _matmul, einsum.einsum: _einsum}
