"""Products of matrices and vectors, and linear algebra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.derivative import Multilinear
from chainrule.core.notation import Infix, Precedence
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, Shape, ShapeRule, broadcast_shapes
from chainrule.errors import ShapeError
from chainrule.ops import rules


@dataclass(frozen=True)
class _MatrixProduct(ShapeRule):
    """NumPy's matmul: the last axis against the last but one, leading axes broadcast; vectors are taken as they are."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        a, b = shapes
        if not a or not b:
            raise ShapeError("matmul takes vectors and matrices, not scalars: use * for a scalar factor")
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
        a = F.expand_dims(a, axis=(np.ndim(a) - 1,)) if a_vector else a
        b = F.expand_dims(b, axis=(np.ndim(b),)) if b_vector else b
        rank = max(np.ndim(a) - batched[0], np.ndim(b) - batched[1])
        a, b = (
            F.expand_dims(x, axis=tuple(range(1, 1 + rank - (np.ndim(x) - 1)))) if many and np.ndim(x) - 1 < rank else x
            for x, many in zip((a, b), batched, strict=True)
        )
        out = apply(a, b)
        dropped = (np.ndim(out) - 2,) * a_vector + (np.ndim(out) - 1,) * b_vector
        return F.squeeze(out, axis=dropped) if dropped else out


def _swap(F: Any, x: Array) -> Array:
    n = x.ndim
    return F.transpose(x, axes=(*range(n - 2), n - 1, n - 2))


def _left(F: Any, g: Array, out: Array, a: Array, b: Array) -> Array:
    if b.ndim == 1:
        column = F.expand_dims(g, axis=(g.ndim,))
        return F.multiply(column, b) if a.ndim > 1 else F.multiply(g, b)
    if a.ndim == 1:
        if b.ndim == 2:
            return F.matmul(b, g)
        column = F.matmul(b, F.expand_dims(g, axis=(g.ndim,)))
        return F.squeeze(column, axis=(column.ndim - 1,))
    return F.matmul(g, _swap(F, b))


def _right(F: Any, g: Array, out: Array, a: Array, b: Array) -> Array:
    if a.ndim == 1:
        return F.multiply(F.expand_dims(a, axis=(1,)), F.expand_dims(g, axis=(g.ndim - 1,))) if b.ndim > 1 else F.multiply(g, a)
    if b.ndim == 1:
        if a.ndim == 2:
            return F.matmul(_swap(F, a), g)
        column = F.matmul(_swap(F, a), F.expand_dims(g, axis=(g.ndim,)))
        return F.squeeze(column, axis=(column.ndim - 1,))
    return F.matmul(_swap(F, a), g)


matmul = primitive("matmul", evaluate=np.matmul, shape=_MatrixProduct(),
                   derivative=Multilinear(_left, _right),
                   notation=Infix("@", Precedence.PRODUCT, associative=True), rule=rules.MATRIX_PRODUCT,
                   examples=tuple(example(a, b) for a, b in (
                       ((2, 3), (3, 4)), ((2, 3), (3,)), ((3,), (3, 4)), ((3,), (3,)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
                       ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((2, 1, 2, 3), (5, 3, 4)), ((0, 3), (3, 2)),
                       ((2, 0), (0, 3)))))
