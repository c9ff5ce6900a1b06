"""The pseudoinverse, least squares and the rank of a matrix.

The pseudoinverse is continuous only among matrices of one rank. Its derivative at a matrix of lower rank is taken along
those, as for a graph's Laplacian, which keeps its rank whatever the weights are; `strict` names it. In forward mode a
direction that raises the rank is seen, and raises. What `rcond` drops must be zero within rounding: of a truncated
matrix whose small singular values count, the derivative has terms that these rules lack, and `DegeneracyError` says so.

Of least squares with as many equations as unknowns, or more, the rule is written with G = A^H A, a small matrix beside
a tall one: A^+H g = A G^+ g. Where A is well conditioned, G is solved with as it is, and the rounding that this makes
is taken back by one step of refinement; else `normal_solve` takes the singular values of A itself.

Source: Golub and Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares problems whose
variables separate; Bjorck (1987), Stability analysis of the method of seminormal equations for linear least squares
problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
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


@dataclass(frozen=True)
class _OfColumns(_LeastSquares):
    """A number for each column of A, and so in the result."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        a, y = shapes
        if len(a) < 2 or len(y) != len(a) or (*a[:-2], a[-1]) != y[:-1]:
            raise ShapeError(f"shapes {a} and {y}: a number is needed for each column")
        return y


def _pinv(a: Any, rcond: Any) -> Any:
    return np.linalg.pinv(a, rcond)


def _lstsq(a: Any, b: Any, rcond: Any) -> Any:
    if a.ndim == 2:
        return np.linalg.lstsq(a, b, rcond)[0]
    out = np.empty((*a.shape[:-2], a.shape[-1], b.shape[-1]), np.result_type(a, b))
    for place in np.ndindex(a.shape[:-2]):
        out[place] = np.linalg.lstsq(a[place], b[place], rcond)[0]
    return out


def _turned(a: Any) -> Any:
    """The adjoint, of a real matrix without a copy: NumPy multiplies it by the matrix itself in half the time."""
    turned = np.swapaxes(a, -1, -2)
    return np.conj(turned) if turned.dtype.kind == "c" else turned


def _well_conditioned(a: Any, rcond: Any) -> Any:
    """Whether A^H A alone tells that all columns count, and can be solved with: for a fourth of the digits of A."""
    gram = _turned(a) @ a
    if a.shape[-2] < a.shape[-1] or not np.all(np.isfinite(gram)):
        return False
    squares = np.linalg.eigvalsh(gram)
    level = max(np.sqrt(np.finfo(squares.dtype).eps), 4 * rcond**2)
    return bool(np.all(squares[..., :1] > level * squares[..., -1:]))


def _same_rank(x: Any, a: Any, rcond: Any, along: Any) -> Any:
    if _well_conditioned(a, rcond):
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


def _normal_solve(a: Any, y: Any, rcond: Any) -> Any:
    """(A^H A)^+ y."""
    back = _turned(a)
    if _well_conditioned(a, rcond):
        gram = back @ a
        out = np.linalg.solve(gram, y)
        return out + np.linalg.solve(gram, y - back @ (a @ out))
    _, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = s > rcond * np.max(s, axis=-1, keepdims=True, initial=0)
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)[..., None]
    return _turned(vh) @ (inverse * (inverse * (vh @ y)))


def _unseen(a: Any, y: Any, rcond: Any) -> Any:
    """(I - A^+ A) y, what of y the matrix takes to zero."""
    if _well_conditioned(a, rcond):
        return np.zeros(y.shape, np.result_type(a, y))
    _, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = (s > rcond * np.max(s, axis=-1, keepdims=True, initial=0))[..., None]
    return y - _turned(vh) @ np.where(kept, vh @ y, 0)


def _normal_solve_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, y: Array,
                      rcond: float) -> Array:
    da, dy = tangents
    moved = dy
    if da is not None:
        back, turned = adjoint(F, a), adjoint(F, da)
        unseen = F.unseen(a, y, rcond=rcond)
        change = F.matmul(turned, F.matmul(a, out)) + F.matmul(back, F.matmul(da, out))
        beside = F.normal_solve(a, F.matmul(back, F.matmul(da, unseen)), rcond=rcond)
        moved = beside - change if dy is None else beside - change + dy
    found = F.normal_solve(a, moved, rcond=rcond)
    if da is None:
        return found
    twice = F.matmul(a, F.normal_solve(a, out, rcond=rcond))
    return found + F.unseen(a, F.matmul(adjoint(F, da), twice), rcond=rcond)


def _normal_solve_vjp(F: Any, g: Array, out: Array, a: Array, y: Array, rcond: float) -> Sequence[Any]:
    g = conjugate(F, g)
    to_y = F.normal_solve(a, g, rcond=rcond)

    def to_a() -> Array:
        inner = F.matmul(to_y, adjoint(F, out)) + F.matmul(out, adjoint(F, to_y))
        once = F.matmul(F.normal_solve(a, to_y, rcond=rcond), adjoint(F, F.unseen(a, y, rcond=rcond)))
        other = F.matmul(F.normal_solve(a, out, rcond=rcond), adjoint(F, F.unseen(a, g, rcond=rcond)))
        return conjugate(F, F.matmul(a, once + other - inner))

    return to_a, (lambda: conjugate(F, to_y))


def _unseen_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, y: Array, rcond: float) -> Array:
    da, dy = tangents
    if da is None:
        return F.unseen(a, dy, rcond=rcond)
    seen = F.matmul(a, F.normal_solve(a, y, rcond=rcond))
    moved = -F.matmul(adjoint(F, da), seen)
    moved = moved if dy is None else moved + dy
    back = F.matmul(adjoint(F, a), F.matmul(da, out))
    return F.unseen(a, moved, rcond=rcond) - F.normal_solve(a, back, rcond=rcond)


def _unseen_vjp(F: Any, g: Array, out: Array, a: Array, y: Array, rcond: float) -> Sequence[Any]:
    g = conjugate(F, g)
    to_y = F.unseen(a, g, rcond=rcond)

    def to_a() -> Array:
        inner = (F.matmul(F.normal_solve(a, g, rcond=rcond), adjoint(F, out))
                 + F.matmul(F.normal_solve(a, y, rcond=rcond), adjoint(F, to_y)))
        return conjugate(F, -F.matmul(a, inner))

    return to_a, (lambda: conjugate(F, to_y))


@dataclass(frozen=True)
class _Solving:
    """A^+, A^+H, A^+ A^+H and I - A^+ A, as they are applied: by A^H A, or for a wide matrix by A^+."""

    F: Any
    a: Array
    rcond: float

    @cached_property
    def pinv(self) -> Array | None:
        """None where A^H A is the smaller matrix."""
        m, n = self.a.shape[-2:]
        return None if m >= n else self.F.pinv(self.a, rcond=self.rcond)

    def normal(self, y: Array) -> Array:
        if self.pinv is None:
            return self.F.normal_solve(self.a, y, rcond=self.rcond)
        return self.F.matmul(self.pinv, self.F.matmul(adjoint(self.F, self.pinv), y))

    def back(self, y: Array) -> Array:
        """A^+H y."""
        if self.pinv is None:
            return self.F.matmul(self.a, self.normal(y))
        return self.F.matmul(adjoint(self.F, self.pinv), y)

    def unseen(self, y: Array) -> Array:
        if self.pinv is None:
            return self.F.unseen(self.a, y, rcond=self.rcond)
        return _beyond(self.F, self.pinv, self.a, y)


def _lstsq_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, b: Array, rcond: float) -> Array:
    da, db = tangents
    if da is None:
        return F.lstsq(a, db, rcond=rcond)
    solving = _Solving(F, a, rcond)
    da = F.same_rank(da, a, rcond=rcond, along=True)
    moved = -F.matmul(da, out)
    moved = moved if db is None else moved + db
    changed = adjoint(F, da)
    left = solving.normal(F.matmul(changed, b - F.matmul(a, out)))
    return F.lstsq(a, moved, rcond=rcond) + left + solving.unseen(F.matmul(changed, solving.back(out)))


def _lstsq_vjp(F: Any, g: Array, out: Array, a: Array, b: Array, rcond: float) -> Sequence[Any]:
    solving = _Solving(F, a, rcond)
    g = conjugate(F, g)

    def to_a() -> Array:
        checked = F.same_rank(g, a, rcond=rcond, along=False)
        residual = b - F.matmul(a, out)
        total = F.matmul(residual, adjoint(F, solving.normal(g))) - F.matmul(solving.back(g), adjoint(F, out))
        return conjugate(F, total + F.matmul(solving.back(out), adjoint(F, solving.unseen(checked))))

    return to_a, (lambda: conjugate(F, solving.back(g)))


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

_PARTS = (((3, 3), (3, 1)), ((4, 2), (2, 2)), ((2, 3, 2), (2, 2, 1)), ((1, 1), (1, 1)), ((3, 2), (2, 0)))

normal_solve = primitive("normal_solve", evaluate=_normal_solve, shape=_OfColumns(), dtype=_joined,
                         derivative=Decomposition(_normal_solve_jvp, _normal_solve_vjp,
                                                  reason="linear in the right-hand side only"),
                         rule=LEAST_SQUARES, domain=Domain(text=FULL_RANK.text, sample=_full_rank),
                         examples=tuple(example(a, y, rcond=_CUT) for a, y in _PARTS))

unseen = primitive("unseen", evaluate=_unseen, shape=_OfColumns(), dtype=_joined,
                   derivative=Decomposition(_unseen_jvp, _unseen_vjp, reason="linear in the right-hand side only"),
                   rule=LEAST_SQUARES, domain=Domain(text=FULL_RANK.text, sample=_full_rank),
                   examples=tuple(example(a, y, rcond=_CUT) for a, y in _PARTS))

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
