"""The pseudoinverse, least squares and the rank of a matrix.

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
from chainrule.core.domain import Domain, Kink
from chainrule.core.matrices import adjoint, conjugate, matrices_together
from chainrule.core.notation import Call
from chainrule.core.packed import Decomposition
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule, join_floating, stacked
from chainrule.errors import DegeneracyError, ShapeError
from chainrule.ops import rules

PSEUDOINVERSE = Rule("derivative of the pseudoinverse",
                     "X = U^+ gives dX = -X dU X + X X^H dU^H (I - U X) + (I - X U) dU^H X^H X")
LEAST_SQUARES = Rule("derivative of least squares",
                     "x = U^+ v gives dx = U^+ (dv - dU x) + U^+ U^+H dU^H (v - U x) + (I - U^+ U) dU^H U^+H x")


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


@dataclass(frozen=True)
class _LeastSquares(ShapeRule):
    """A x = b for any A; b is a matrix of right-hand sides, in stacks of equal depth."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        a, b = shapes
        if len(a) < 2 or len(b) != len(a) or a[:-1] != b[:-1]:
            raise ShapeError(f"lstsq of shapes {a} and {b}: as many rows are needed on both sides")
        return (*a[:-2], a[-1], b[-1])

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*stacked(F, operands, batched), **parameters)


def _pinv(a: Any, rcond: Any) -> Any:
    return np.linalg.pinv(a, rcond)


def _lstsq(a: Any, b: Any, rcond: Any) -> Any:
    if a.ndim == 2:
        return np.linalg.lstsq(a, b, rcond)[0]
    out = np.empty((*a.shape[:-2], a.shape[-1], b.shape[-1]), np.result_type(a, b))
    for place in np.ndindex(a.shape[:-2]):
        out[place] = np.linalg.lstsq(a[place], b[place], rcond)[0]
    return out


def _same_rank(x: Any, a: Any, rcond: Any, along: Any) -> Any:
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


def _beyond(F: Any, a: Array, b: Array, y: Array) -> Array:
    """(I - A B) y, without making the identity."""
    return y - F.matmul(a, F.matmul(b, y))


def _pinv_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, rcond: float) -> Array:
    da = F.same_rank(tangents[0], a, rcond=rcond, along=True)
    changed, inverse = adjoint(F, da), adjoint(F, out)
    columns = F.matmul(F.matmul(out, inverse), changed)
    rows = F.matmul(F.matmul(changed, inverse), out)
    return (columns - F.matmul(F.matmul(columns, a), out) + _beyond(F, out, a, rows)
            - F.matmul(F.matmul(out, da), out))


def _pinv_vjp(F: Any, g: Array, out: Array, a: Array, rcond: float) -> Sequence[Array]:
    g = conjugate(F, F.same_rank(g, a, rcond=rcond, along=False))
    inverse, back = adjoint(F, out), adjoint(F, g)
    columns = F.matmul(F.matmul(back, out), inverse)
    rows = F.matmul(F.matmul(inverse, out), back)
    total = _beyond(F, a, out, columns) + rows - F.matmul(F.matmul(rows, out), a)
    return (conjugate(F, total - F.matmul(F.matmul(inverse, g), inverse)),)


def _lstsq_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, b: Array, rcond: float) -> Array:
    da, db = tangents
    inverse = F.pinv(a, rcond=rcond)
    if da is None:
        return F.matmul(inverse, db)
    da = F.same_rank(da, a, rcond=rcond, along=True)
    moved = -F.matmul(da, out)
    moved = moved if db is None else moved + db
    residual, changed = b - F.matmul(a, out), adjoint(F, da)
    left = F.matmul(adjoint(F, inverse), F.matmul(changed, residual))
    free = F.matmul(changed, F.matmul(adjoint(F, inverse), out))
    return F.matmul(inverse, moved + left) + _beyond(F, inverse, a, free)


def _lstsq_vjp(F: Any, g: Array, out: Array, a: Array, b: Array, rcond: float) -> Sequence[Any]:
    inverse = F.pinv(a, rcond=rcond)
    g = conjugate(F, g)
    to_b = F.matmul(adjoint(F, inverse), g)

    def to_a() -> Array:
        checked = F.same_rank(g, a, rcond=rcond, along=False)
        residual = b - F.matmul(a, out)
        free = _beyond(F, inverse, a, checked)
        total = F.matmul(residual, adjoint(F, F.matmul(inverse, to_b))) - F.matmul(to_b, adjoint(F, out))
        return conjugate(F, total + F.matmul(F.matmul(adjoint(F, inverse), out), adjoint(F, free)))

    return to_a, (lambda: conjugate(F, to_b))


def _matrix_rank(a: Any, tol: Any, hermitian: Any, rtol: Any) -> Any:
    return np.asarray(np.linalg.matrix_rank(a, tol, hermitian, rtol=rtol))[()]


def _full_rank(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=shape) + 2 * np.eye(shape[-2], shape[-1])


def _lower_rank(out: Any, a: Any, *b: Any, rcond: float) -> Any:
    s = np.linalg.svd(np.asarray(a), compute_uv=False)
    return np.any(s <= rcond * np.max(s, axis=-1, keepdims=True, initial=0), axis=-1)[..., None, None]


FULL_RANK = Domain(text="a matrix of full rank", sample=_full_rank, kinks=(
    Kink(_lower_rank, "a matrix of lower rank: the derivative is taken along matrices of the same rank"),))
_SHAPES = ((3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 1, 2, 3), (1, 1), (0, 0), (3, 0), (0, 2))
_CUT = 1e-12


def _joined(a: Dtype, b: Dtype, **_: Any) -> Dtype:
    return join_floating(a, b)


same_rank = primitive("same_rank", evaluate=_same_rank, shortcut=_named_same_rank, shape=matrices_together,
                      dtype=lambda x, a, **_: np.dtype(x),
                      derivative=Linear(lambda F, g, out, x, a, rcond, along: g),
                      rule=rules.LINEAR_MAP, domain=Domain(text=FULL_RANK.text, sample=_full_rank),
                      examples=tuple(example(x, x, rcond=_CUT, along=along) for x in ((3, 2), (2, 3, 3))
                                     for along in (True, False)))

pinv = primitive("pinv", evaluate=_pinv, shape=_Transposed(kept=True), dtype=lambda a, **_: join_floating(a),
                 derivative=Decomposition(_pinv_jvp, _pinv_vjp,
                                          reason="defined by the equations that it solves with its matrix"),
                 notation=Call("pinv"), rule=PSEUDOINVERSE, domain=FULL_RANK,
                 examples=tuple(example(shape, rcond=_CUT) for shape in _SHAPES))

lstsq = primitive("lstsq", evaluate=_lstsq, shape=_LeastSquares(), dtype=_joined,
                  derivative=Decomposition(_lstsq_jvp, _lstsq_vjp, reason="linear in the right-hand side only"),
                  rule=LEAST_SQUARES, domain=FULL_RANK,
                  examples=tuple(example(a, b, rcond=_CUT) for a, b in (
                      ((3, 3), (3, 1)), ((4, 2), (4, 2)), ((2, 4), (2, 3)), ((2, 3, 2), (2, 3, 1)), ((1, 1), (1, 1)),
                      ((3, 2), (3, 0)))))

matrix_rank = primitive("matrix_rank", evaluate=_matrix_rank, shape=_Transposed(kept=False),
                        dtype=lambda a, **_: np.dtype(np.int64),
                        derivative=Constant(),
                        notation=Call("rank", latex=r"\operatorname{rank}"), rule=rules.STEP,
                        examples=(example((3, 2), tol=None, hermitian=False, rtol=None),
                                  example((2, 3, 3), tol=1e-3, hermitian=True, rtol=None)))
