"""The product of matrices and vectors. Complex entries are never conjugated: the transpose of a linear map A is A^T."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.derivative import Multilinear
from chainrule.core.labels import Folding, Labels, aligned_labels
from chainrule.core.notation import Infix, Precedence
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, Shape, ShapeRule, aligned, broadcast_shapes, transposed
from chainrule.errors import ShapeError
from chainrule.ops import rules


@dataclass(frozen=True)
class _MatrixProduct(ShapeRule):
    """NumPy's matmul: the last axis against the last but one, leading axes broadcast; vectors are taken as they are."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        a, b = shapes
        if not a or not b:
            raise ShapeError(f"matmul of shapes {a} and {b}: it takes vectors and matrices; use * for a scalar factor")
        inner = b[-2] if len(b) > 1 else b[0]
        if a[-1] != inner:
            raise ShapeError(f"matmul of shapes {a} and {b}: the inner sizes {a[-1]} and {inner} differ")
        lead = broadcast_shapes(a[:-2], b[:-2])
        return lead + (a[-2:-1] if len(a) > 1 else ()) + (b[-1:] if len(b) > 1 else ())

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        a, b = operands
        a_vector = np.ndim(a) - batched[0] == 1
        b_vector = np.ndim(b) - batched[1] == 1
        # A vector becomes a matrix of one row or column, so that the batch axis is a leading axis of matrices.
        a = _row(F, a) if a_vector else a
        b = _column(F, b) if b_vector else b
        out = apply(*aligned(F, (a, b), batched))
        dropped = (out.ndim - 2,) * a_vector + (out.ndim - 1,) * b_vector
        return F.squeeze(out, axis=dropped) if dropped else out

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        a, b = shapes
        lead = broadcast_shapes(a[:-2], b[:-2])
        axes = tuple(range(len(lead)))
        row = ("row",) if len(a) > 1 else ()
        column = ("column",) if len(b) > 1 else ()
        left = (*aligned_labels(a[:-2], lead, axes), *row, "between")
        right = (*aligned_labels(b[:-2], lead, axes), "between", *column)
        return Labels((left, right), (*axes, *row, *column))


def _row(F: Any, x: Array) -> Array:
    return F.expand_dims(x, axis=(x.ndim - 1,))


def _column(F: Any, x: Array) -> Array:
    return F.expand_dims(x, axis=(x.ndim,))


def _left(F: Any, g: Array, out: Array, a: Array, b: Array) -> Array:
    if b.ndim == 1:
        return F.multiply(_column(F, g) if a.ndim > 1 else g, b)
    if a.ndim == 1:
        # Against a stack, the rows' sum over the stack is taken where every cotangent is brought to its primal's shape.
        return F.matmul(b, g) if b.ndim == 2 else F.matmul(_row(F, g), transposed(F, b))
    return F.matmul(g, transposed(F, b))


def _right(F: Any, g: Array, out: Array, a: Array, b: Array) -> Array:
    if a.ndim == 1:
        return F.multiply(_column(F, a), _row(F, g)) if b.ndim > 1 else F.multiply(g, a)
    if b.ndim == 1:
        return F.matmul(transposed(F, a), g) if a.ndim == 2 else F.matmul(_row(F, g), a)
    return F.matmul(transposed(F, a), g)


def _matmul(a: Any, b: Any) -> Any:
    # Of few numbers the method takes half the time of the ufunc; of many, NumPy clears the result before BLAS fills it.
    if type(a) is type(b) is np.ndarray and 0 < a.ndim < 3 and 0 < b.ndim < 3 and a.size + b.size < 4096 \
            and a.shape[-1] == b.shape[0]:
        return a.dot(b)
    return np.matmul(a, b)


matmul = primitive("matmul", evaluate=np.matmul, shortcut=_matmul, folding=Folding.SUM, shape=_MatrixProduct(),
                   derivative=Multilinear(_left, _right),
                   notation=Infix("@", Precedence.PRODUCT, associative=True), rule=rules.MATRIX_PRODUCT,
                   examples=tuple(example(a, b) for a, b in (
                       ((2, 3), (3, 4)), ((2, 3), (3,)), ((3,), (3, 4)), ((3,), (3,)), ((5, 2, 3), (3, 4)),
                       ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4)),
                       ((2, 1, 2, 3), (5, 3, 4)), ((1, 1), (1, 1)), ((1,), (1,)), ((0, 3), (3, 2)), ((2, 0), (0, 3)),
                       ((0,), (0,)), ((0, 2, 3), (3,)))))
