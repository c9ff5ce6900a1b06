"""Shape rules: where the axes of the operands go. From one rule follow the shape of the result and how to batch.

A rule is declared once per primitive. `infer` gives the result's shape; `batch` applies the primitive to operands of
which some carry an additional leading axis, and puts that axis first in the result; `labels` says which axes go
together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.labels import Carried, Labels, aligned_labels, apart
from chainrule.errors import ShapeError

__all__ = [
    "Array",
    "Dtype",
    "Shape",
    "ShapeRule",
    "aligned",
    "broadcast_shapes",
    "elementwise",
    "join_dtypes",
    "join_floating",
    "reduced_shape",
    "stacked",
    "transposed",
]

Shape = tuple[int, ...]
Array = Any  # a NumPy array or scalar, a traced value, or a node: whatever F computes with
Dtype = Any  # a numpy.dtype, or one of Python's bool, int, float, complex: weak in NumPy's promotion (NEP 50)

_WEAK_SAMPLE = {bool: False, int: 0, float: 0.0, complex: 0j}


def join_dtypes(*dtypes: Dtype) -> Dtype:
    """The dtype that NumPy gives to operands of these dtypes; Python's own types are weak."""
    if all(isinstance(dtype, type) for dtype in dtypes):
        order = (bool, int, float, complex)
        return order[max(order.index(dtype) for dtype in dtypes)]
    return np.result_type(*(_WEAK_SAMPLE[d] if isinstance(d, type) else d for d in dtypes))


def join_floating(*dtypes: Dtype) -> Dtype:
    """As `join_dtypes`, with integers and booleans taken as float64: what a function of real numbers gives for them."""
    joined = join_dtypes(*dtypes)
    if isinstance(joined, type):
        return complex if joined is complex else float
    return np.dtype(np.float64) if joined.kind in "biu" else joined


def broadcast_shapes(*shapes: Shape) -> Shape:
    """NumPy's broadcast of shapes; raises `ShapeError` where they do not fit."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(f"shapes {' and '.join(map(str, shapes))} do not broadcast together") from None


def reduced_shape(shape: Shape, axis: tuple[int, ...], keepdims: bool) -> Shape:
    """The shape after a reduction over the axes `axis` (non-negative)."""
    if keepdims:
        return tuple(1 if i in axis else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axis)


def aligned(F: Any, operands: Sequence[Array], batched: Sequence[bool]) -> list[Array]:
    """Operands whose batch axis stays in front under NumPy's right-aligned broadcasting.

    An operand of fewer axes than the others gets axes of size 1 behind its batch axis.
    """
    ranks = [np.ndim(x) - b for x, b in zip(operands, batched, strict=True)]
    most = max(ranks)
    return [
        F.expand_dims(x, axis=tuple(range(1, 1 + most - rank))) if b and rank < most else x
        for x, b, rank in zip(operands, batched, ranks, strict=True)
    ]


def stacked(F: Any, operands: Sequence[Array], batched: Sequence[bool]) -> list[Array]:
    """Operands that all have a batch axis: one without it is repeated."""
    count = next(np.shape(x)[0] for x, many in zip(operands, batched, strict=True) if many)
    return [
        x if many else F.broadcast_to(x, shape=(count, *np.shape(x))) for x, many in zip(operands, batched, strict=True)
    ]


def transposed(F: Any, x: Array) -> Array:
    """A matrix, or each matrix of a stack, with its rows as columns; complex entries are not conjugated."""
    n = x.ndim
    return F.transpose(x, axes=(1, 0) if n == 2 else (*range(n - 2), n - 1, n - 2))


class ShapeRule(ABC):
    """Where each input axis goes, for one family of primitives.

    Attributes:
        depends_on_values: True where the shape of the result is not decided by those of the operands.
        batches_result: False where the result is the same for every member of a batch.
    """

    depends_on_values = False
    batches_result = True

    @abstractmethod
    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        """The shape of the result; raises `ShapeError` where the operands do not fit."""

    @abstractmethod
    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        """Apply the primitive (`apply`) to operands with a leading batch axis where `batched` says so."""

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        """Which axes of operands and result go together; without a word from the rule none do."""
        return apart(shapes, () if self.depends_on_values else self.infer(shapes, parameters))

    def carry(
        self, shapes: Sequence[Shape], parameters: Mapping[str, Any], axes: Sequence[int | None]
    ) -> int | Carried | None:
        """Where an axis of the operands is in the result: see `Labels.carry`."""
        return self.labels(shapes, parameters).carry(axes)


@dataclass(frozen=True)
class _Elementwise(ShapeRule):
    """Operands broadcast against each other; every axis of the result is independent."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return shapes[0] if len(shapes) == 1 else broadcast_shapes(*shapes)

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        return apply(*aligned(F, operands, batched), **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        shape = self.infer(shapes, parameters)
        axes = tuple(range(len(shape)))
        return Labels(tuple([axes if own == shape else aligned_labels(own, shape, axes) for own in shapes]), axes)


elementwise = _Elementwise()
