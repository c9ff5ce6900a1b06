"""The pseudoinverse and the rank of a matrix.

The pseudoinverse is continuous only among matrices of one rank. Its derivative at a matrix of lower rank is taken along
those, as for a graph's Laplacian, which keeps its rank whatever the weights are; `strict` names it. In forward mode a
direction that raises the rank is seen, and raises. What `rcond` drops must be zero within rounding: of a truncated
matrix whose small singular values count, the derivative has terms that these rules lack, and `DegeneracyError` says so.

Source: Golub and Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares problems whose
variables separate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from chainrule.core.derivative import Constant, Linear
from chainrule.core.domain import Domain
from chainrule.core.labels import Labels, leading_labels
from chainrule.core.matrices import adjoint, conjugate, matrices_together
from chainrule.core.notation import Call
from chainrule.core.packed import Decomposition
from chainrule.core.primitive import example, primitive
from chainrule.core.rank import FULL_RANK, beyond, full_rank, well_conditioned
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Shape, ShapeRule, join_floating
from chainrule.errors import DegeneracyError, ShapeError
from chainrule.ops import rules

PSEUDOINVERSE = Rule("derivative of the pseudoinverse",
                     "X = U^+ gives dX = -X dU X + X X^H dU^H (I - U X) + (I - X U) dU^H X^H X")


@dataclass(frozen=True)
class _Transposed(ShapeRule):
    """m x n matrices become n x m matrices, or a number each."""

    kept: bool

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        (shape,) = shapes
        if len(shape) < 2:
            raise ShapeError(f"a matrix is needed, or a stack of them, not shape {shape}")
        return (*shape[:-2], shape[-1], shape[-2]) if self.kept else shape[:-2]

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return leading_labels(shapes, self.infer(shapes, parameters), [2], 2 if self.kept else 0)


def _pinv(a: Any, rcond: Any) -> Any:
    return np.linalg.pinv(a, rcond)


def _same_rank(x: Any, a: Any, rcond: Any, along: Any) -> Any:
    if well_conditioned(a, rcond):
        return x
    s = np.linalg.svd(a, compute_uv=False)
    k = s.shape[-1]
    largest = np.max(s, axis=-1, keepdims=True, initial=0)
    dropped = s <= rcond * largest
    rounding = 10 * max(a.shape[-2:]) * np.finfo(s.dtype).eps * largest
    for place in np.ndindex(a.shape[:-2]):
        where = f" of matrix {place} of the stack" if place else ""
        own, gone = s[place], dropped[place]
        if np.any(own[gone] > rounding[place]):
            j = int(np.argmax(gone))
            raise np.linalg.LinAlgError(
                f"rcond={rcond:.1e} drops singular value {j}{where}, {own[j]:.2e} beside {own[0]:.4g}, which is more "
                "than rounding\n  the derivative of a truncated pseudoinverse is not known; take the leading singular "
                "vectors of numpy.linalg.svd and put it together, or give a smaller rcond"
            )
        if along and k and np.any(gone):
            r = k - int(np.sum(gone))
            u, _, vh = np.linalg.svd(a[place], full_matrices=False)
            added = x[place] - u[:, :r] @ (np.conj(u[:, :r].T) @ x[place])
            added = added - (added @ np.conj(vh[:r].T)) @ vh[:r]
            if np.max(np.abs(added), initial=0) > np.finfo(s.dtype).eps ** 0.75 * np.max(np.abs(x[place])):
                raise np.linalg.LinAlgError(
                    f"the rank{where} is {r} of {k}, and this direction raises it: the pseudoinverse jumps there, and "
                    "has no derivative\n  move along matrices of the same rank, or add a multiple of the identity to "
                    "A^H A"
                )
    return x


@wraps(_same_rank)
def _named_same_rank(x: Any, a: Any, rcond: Any, along: Any) -> Any:
    try:
        return _same_rank(x, a, rcond, along)
    except np.linalg.LinAlgError as error:
        raise DegeneracyError(str(error)) from None


def _pinv_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, rcond: float) -> Array:
    da = F.same_rank(tangents[0], a, rcond=rcond, along=True)
    changed, inverse = adjoint(F, da), adjoint(F, out)
    columns = F.matmul(F.matmul(out, inverse), changed)
    rows = F.matmul(F.matmul(changed, inverse), out)
    return (columns - F.matmul(F.matmul(columns, a), out) + beyond(F, out, a, rows)
            - F.matmul(F.matmul(out, da), out))


def _pinv_vjp(F: Any, g: Array, out: Array, a: Array, rcond: float) -> Sequence[Array]:
    g = conjugate(F, F.same_rank(g, a, rcond=rcond, along=False))
    inverse, back = adjoint(F, out), adjoint(F, g)
    columns = F.matmul(F.matmul(back, out), inverse)
    rows = F.matmul(F.matmul(inverse, out), back)
    total = beyond(F, a, out, columns) + rows - F.matmul(F.matmul(rows, out), a)
    return (conjugate(F, total - F.matmul(F.matmul(inverse, g), inverse)),)


def _matrix_rank(a: Any, tol: Any, hermitian: Any, rtol: Any) -> Any:
    return np.asarray(np.linalg.matrix_rank(a, tol, hermitian, rtol=rtol))[()]


_SHAPES = ((3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 1, 2, 3), (1, 1), (0, 0), (3, 0), (0, 2))
_CUT = 1e-12


same_rank = primitive("same_rank", evaluate=_same_rank, shortcut=_named_same_rank, shape=matrices_together,
                      dtype=lambda x, a, **_: np.dtype(x),
                      derivative=Linear(lambda F, g, out, x, a, rcond, along: g),
                      rule=rules.LINEAR_MAP, domain=Domain(text=FULL_RANK.text, sample=full_rank),
                      examples=tuple(example(x, x, rcond=_CUT, along=along) for x in ((3, 2), (2, 3, 3))
                                     for along in (True, False)))

pinv = primitive("pinv", evaluate=_pinv, shape=_Transposed(kept=True), dtype=lambda a, **_: join_floating(a),
                 derivative=Decomposition(_pinv_jvp, _pinv_vjp,
                                          reason="defined by the equations that it solves with its matrix"),
                 notation=Call("pinv"), rule=PSEUDOINVERSE, domain=FULL_RANK,
                 examples=tuple(example(shape, rcond=_CUT) for shape in _SHAPES))

matrix_rank = primitive("matrix_rank", evaluate=_matrix_rank, shape=_Transposed(kept=False),
                        dtype=lambda a, **_: np.dtype(np.int64),
                        derivative=Constant(),
                        notation=Call("rank", latex=r"\operatorname{rank}"), rule=rules.STEP,
                        examples=(example((3, 2), tol=None, hermitian=False, rtol=None),
                                  example((2, 3, 3), tol=1e-3, hermitian=True, rtol=None)))
