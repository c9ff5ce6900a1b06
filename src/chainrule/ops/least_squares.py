"""Least squares, and what its rule is made of.

Of least squares with as many equations as unknowns, or more, the rule is written with G = A^H A, a small matrix beside
a tall one: A^+H g = A G^+ g. Where A is well conditioned, G is solved with as it is, and the rounding that this makes
is taken back by one step of refinement; else `normal_solve` takes the singular values of A itself.

The derivative is continuous among matrices of one rank, as that of the pseudoinverse: see `pseudoinverse`.

Source: Golub and Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares problems whose
variables separate; Bjorck (1987), Stability analysis of the method of seminormal equations for linear least squares
problems.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.core.domain import Domain
from chainrule.core.labels import Labels, leading_labels
from chainrule.core.matrices import adjoint, conjugate
from chainrule.core.packed import Decomposition
from chainrule.core.primitive import example, primitive
from chainrule.core.rank import FULL_RANK, beyond, full_rank, turned, well_conditioned
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule, join_floating, stacked
from chainrule.errors import ShapeError

LEAST_SQUARES = Rule("derivative of least squares",
                     "x = U^+ v gives dx = U^+ (dv - dU x) + U^+ U^+H dU^H (v - U x) + (I - U^+ U) dU^H U^+H x")


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

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return leading_labels(shapes, self.infer(shapes, parameters), [2, 2], 2)


@dataclass(frozen=True)
class _OfColumns(_LeastSquares):
    """A number for each column of A, and so in the result."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        a, y = shapes
        if len(a) < 2 or len(y) != len(a) or (*a[:-2], a[-1]) != y[:-1]:
            raise ShapeError(f"shapes {a} and {y}: a number is needed for each column")
        return y


def _lstsq(a: Any, b: Any, rcond: Any) -> Any:
    if a.ndim == 2:
        return np.linalg.lstsq(a, b, rcond)[0]
    out = np.empty((*a.shape[:-2], a.shape[-1], b.shape[-1]), np.result_type(a, b))
    for place in np.ndindex(a.shape[:-2]):
        out[place] = np.linalg.lstsq(a[place], b[place], rcond)[0]
    return out


def _normal_solve(a: Any, y: Any, rcond: Any) -> Any:
    """(A^H A)^+ y."""
    back = turned(a)
    if well_conditioned(a, rcond):
        gram = back @ a
        out = np.linalg.solve(gram, y)
        return out + np.linalg.solve(gram, y - back @ (a @ out))
    _, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = s > rcond * np.max(s, axis=-1, keepdims=True, initial=0)
    inverse = np.where(kept, 1 / np.where(kept, s, 1), 0)[..., None]
    return turned(vh) @ (inverse * (inverse * (vh @ y)))


def _unseen(a: Any, y: Any, rcond: Any) -> Any:
    """(I - A^+ A) y, what of y the matrix takes to zero."""
    if well_conditioned(a, rcond):
        return np.zeros(y.shape, np.result_type(a, y))
    _, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = (s > rcond * np.max(s, axis=-1, keepdims=True, initial=0))[..., None]
    return y - turned(vh) @ np.where(kept, vh @ y, 0)


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
        return beyond(self.F, self.pinv, self.a, y)


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


def _joined(a: Dtype, b: Dtype, **_: Any) -> Dtype:
    return join_floating(a, b)


_CUT = 1e-12
_PARTS = (((3, 3), (3, 1)), ((4, 2), (2, 2)), ((2, 3, 2), (2, 2, 1)), ((1, 1), (1, 1)), ((3, 2), (2, 0)))

normal_solve = primitive("normal_solve", evaluate=_normal_solve, shape=_OfColumns(), dtype=_joined,
                         derivative=Decomposition(_normal_solve_jvp, _normal_solve_vjp,
                                                  reason="linear in the right-hand side only"),
                         rule=LEAST_SQUARES, domain=Domain(text=FULL_RANK.text, sample=full_rank),
                         examples=tuple(example(a, y, rcond=_CUT) for a, y in _PARTS))

unseen = primitive("unseen", evaluate=_unseen, shape=_OfColumns(), dtype=_joined,
                   derivative=Decomposition(_unseen_jvp, _unseen_vjp, reason="linear in the right-hand side only"),
                   rule=LEAST_SQUARES, domain=Domain(text=FULL_RANK.text, sample=full_rank),
                   examples=tuple(example(a, y, rcond=_CUT) for a, y in _PARTS))

lstsq = primitive("lstsq", evaluate=_lstsq, shape=_LeastSquares(), dtype=_joined,
                  derivative=Decomposition(_lstsq_jvp, _lstsq_vjp, reason="linear in the right-hand side only"),
                  rule=LEAST_SQUARES, domain=FULL_RANK,
                  examples=tuple(example(a, b, rcond=_CUT) for a, b in (
                      ((3, 3), (3, 1)), ((4, 2), (4, 2)), ((2, 4), (2, 3)), ((2, 3, 2), (2, 3, 1)), ((1, 1), (1, 1)),
                      ((3, 2), (3, 0)))))
