"""What operations on matrices share: shape rules of square matrices, and what rules on stacks of matrices write often.

A transpose conjugates nothing here, an adjoint does; of real matrices they are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.core.labels import Labels, leading_labels
from chainrule.core.shapes import Array, Shape, ShapeRule, aligned, broadcast_shapes, stacked, transposed
from chainrule.errors import ShapeError

__all__ = [
    "adjoint",
    "columns_times",
    "conjugate",
    "diagonal_matrix",
    "diagonal_of",
    "matrices_and_values",
    "matrices_together",
    "scaled",
    "square_to_scalar",
    "square_to_square",
    "square_to_vector",
    "values_of_matrices",
    "values_together",
]


@dataclass(frozen=True)
class _Square(ShapeRule):
    """Square matrices in the last two axes; the leading axes are independent. Of the two, `kept` are left."""

    kept: int

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        for shape in shapes:
            if len(shape) < 2 or shape[-1] != shape[-2]:
                raise ShapeError(f"a square matrix is needed, or a stack of them, not shape {shape}")
        shape = broadcast_shapes(*shapes)
        return shape[: len(shape) - 2 + self.kept]

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        return apply(*aligned(F, operands, batched), **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return leading_labels(shapes, self.infer(shapes, parameters), [2] * len(shapes), self.kept)


@dataclass(frozen=True)
class _Together(ShapeRule):
    """Operands that belong to each other, stack by stack: matrices, vectors of values; one has the result's shape.

    Attributes:
        ranks: how many axes of each operand are its own, behind those of the stack; the last repeats.
        leader: the operand that the result is like.
    """

    ranks: tuple[int, ...]
    leader: int = 0

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        ranks = self._ranks(shapes)
        stacks = {shape[: len(shape) - rank] for shape, rank in zip(shapes, ranks, strict=True)}
        if len(stacks) > 1 or any(len(shape) < rank for shape, rank in zip(shapes, ranks, strict=True)):
            raise ShapeError(f"shapes {' and '.join(map(str, shapes))} are not stacks of equal depth")
        return shapes[self.leader]

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        return apply(*stacked(F, operands, batched), **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        ranks = self._ranks(shapes)
        return leading_labels(shapes, self.infer(shapes, parameters), ranks, ranks[self.leader])

    def _ranks(self, shapes: Sequence[Shape]) -> list[int]:
        return [self.ranks[min(i, len(self.ranks) - 1)] for i in range(len(shapes))]


square_to_square = _Square(kept=2)
square_to_vector = _Square(kept=1)
square_to_scalar = _Square(kept=0)
matrices_together = _Together((2,))
matrices_and_values = _Together((2, 1, 2))
values_together = _Together((1, 1, 2))
values_of_matrices = _Together((2, 1), leader=1)


def conjugate(F: Any, x: Array) -> Array:
    """conj(x), which is x where it is real."""
    return F.conj(x) if x.dtype.kind == "c" else x


def adjoint(F: Any, x: Array) -> Array:
    """A matrix, or each matrix of a stack, transposed and conjugated."""
    return transposed(F, conjugate(F, x))


def scaled(F: Any, numbers: Array, matrices: Array) -> Array:
    """Each matrix of a stack times the number that goes with it."""
    return F.expand_dims(numbers, axis=(numbers.ndim, numbers.ndim + 1)) * matrices


def columns_times(F: Any, matrix: Array, values: Array) -> Array:
    """Each column of a matrix times the number that goes with it: A diag(w)."""
    return matrix * F.expand_dims(values, axis=(values.ndim - 1,))


def diagonal_of(F: Any, x: Array, values: Array) -> Array:
    """The diagonal of each square matrix of a stack; it is as long as the values, of which only that is used.

    An identity of the shape of x itself would make the product quadratic to whoever transposes it.
    """
    product = x * _identity(F, values)
    return F.sum(product, axis=(product.ndim - 1,), keepdims=False)


def diagonal_matrix(F: Any, values: Array) -> Array:
    """The matrix with the values on its diagonal."""
    return columns_times(F, _identity(F, values), values)


def _identity(F: Any, values: Array) -> Array:
    n = values.ndim
    return F.identity_like(F.expand_dims(values, axis=(n,)) * F.expand_dims(values, axis=(n - 1,)))
