"""The QR decomposition A = Q R, with NumPy's signs.

Conventions:

- The result is packed: the rows of R^T, then the rows of Q, in as many columns as there are rows of R.
- The diagonal of R is real and may be negative, as LAPACK's Householder reflections make it: this fixes Q and R, so the
  derivative is that of NumPy's function, of complex matrices too.
- A matrix of more columns than rows is A = [A1 A2] with A1 = Q R1 and R2 = Q^H A2.
- `mode="complete"` adds a basis of the null space of A^H. It is arbitrary, so only its space has a derivative.
- The first columns must be independent, as many as there are rows of R: else Q is arbitrary: `DegeneracyError`.

Source: Walter and Lehmann (2010), Algorithmic differentiation of linear algebra functions; Roberts and Roberts (2020),
QR and LQ decomposition matrix backpropagation algorithms for square, wide, and deep matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from chainrule.core.coincidence import unitary
from chainrule.core.derivative import Linear
from chainrule.core.domain import Domain
from chainrule.core.labels import Labels, leading_labels
from chainrule.core.matrices import adjoint, conjugate, matrices_together
from chainrule.core.packed import Choice, Packed, pack, rows
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Shape, ShapeRule, join_floating, transposed
from chainrule.errors import DegeneracyError, ShapeError
from chainrule.ops import rules

QR = Rule("derivative of the QR decomposition", "U = Q R gives dQ = Q W + (I - Q Q^H) dU R^-1 with W antihermitian")


@dataclass(frozen=True)
class _Orthogonal(ShapeRule):
    """m x n matrices become R^T and Q below each other."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        (shape,) = shapes
        if len(shape) < 2:
            raise ShapeError(f"qr needs a matrix, or a stack of them, not shape {shape}")
        m, n = shape[-2:]
        return (*shape[:-2], n + m, m if parameters["complete"] else min(m, n))

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return leading_labels(shapes, self.infer(shapes, parameters), [2], 2)


def _qr(a: Any, complete: Any) -> Any:
    q, r = np.linalg.qr(a, "complete" if complete else "reduced")
    return np.concatenate([np.swapaxes(r, -1, -2), q], axis=-2)


def _independent(x: Any, r: Any) -> Any:
    diagonal = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    level = 10 * r.shape[-1] * np.finfo(r.dtype).eps * np.max(np.abs(r), axis=(-2, -1), initial=0)[..., None]
    bad = (diagonal <= level) & np.isfinite(level)
    if np.any(bad):
        place = [int(k) for k in np.argwhere(bad)[0]]
        where = f" of matrix {tuple(place[:-1])} of the stack" if bad.ndim > 1 else ""
        raise np.linalg.LinAlgError(
            f"column {place[-1]}{where} depends on those before it: R[{place[-1]}, {place[-1]}] is "
            f"{diagonal[tuple(place)]:.1e}, zero within rounding\n  the column of Q that belongs to it is arbitrary, "
            "so there is no derivative; leave the column out, or use the singular value decomposition"
        )
    return x


@wraps(_independent)
def _named_independent(x: Any, r: Any) -> Any:
    try:
        return _independent(x, r)
    except np.linalg.LinAlgError as error:
        raise DegeneracyError(str(error)) from None


def _triangular(rng: np.random.Generator, shape: Shape) -> Any:
    return np.triu(rng.uniform(1, 2, size=shape))


# The first operand, where the triangular second one says that the columns are independent.
independent = primitive("independent", evaluate=_independent, shortcut=_named_independent, shape=matrices_together,
                        dtype=lambda x, r: np.dtype(x),
                        derivative=Linear(lambda F, g, out, x, r: g),
                        rule=rules.LINEAR_MAP, domain=Domain(text="a triangular matrix", sample=_triangular),
                        examples=(example((3, 3), (3, 3)), example((2, 3, 2), (2, 2, 2)), example((0, 0), (0, 0))))


def _over(F: Any, x: Array, r: Array) -> Array:
    """X R^-1."""
    return transposed(F, F.solve(transposed(F, r), transposed(F, x)))


def _columns(F: Any, x: Array, start: int | None, stop: int | None) -> Array:
    return F.getitem(x, pattern=(Ellipsis, slice(None), slice(start, stop)))


def _leading(F: Any, x: Array, shape: Shape) -> tuple[Array, Array, Array]:
    """R1^T, R2^T and Q without a basis of the null space."""
    m, n = shape[-2:]
    k = min(m, n)
    return rows(F, x, "R^T", 0, k, k), rows(F, x, "R^T", k, n, k), rows(F, x, "Q", n, None, k)


def _null(F: Any, x: Array, n: int, k: int) -> Array:
    """The columns of Q from k on; contiguous, since of a column with gaps NumPy's two products round differently."""
    return F.copy(F.getitem(x, pattern=(Ellipsis, slice(n, None), slice(k, None))))


def _qr_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, complete: bool, reached: Any) -> Array:
    m, n = a.shape[-2:]
    k = min(m, n)
    r_transposed, _, q = _leading(F, out, a.shape)
    r = transposed(F, r_transposed)
    da = F.independent(tangents[0], r)
    x = _over(F, _columns(F, da, None, k), r)
    w = F.matmul(adjoint(F, q), x)
    half = F.half_lower(w)
    turn = half - adjoint(F, half)
    dq = F.matmul(q, turn)
    if m > k:
        dq = dq + x - F.matmul(q, w)
    dr = F.matmul(w - turn, r)
    if n > k:
        later = F.matmul(adjoint(F, dq), _columns(F, a, k, None))
        dr = F.concatenate(dr, later + F.matmul(adjoint(F, q), _columns(F, da, k, None)), axis=dr.ndim - 1)
    if complete and m > k:
        null = _null(F, out, n, k)
        follow = -F.matmul(q, adjoint(F, F.matmul(adjoint(F, null), dq)))
        dq = F.concatenate(dq, follow, axis=dq.ndim - 1)
        zeros = F.zeros_like(F.getitem(out, pattern=(Ellipsis, slice(None, n), slice(k, None))))
        return pack(F, F.concatenate(transposed(F, dr), zeros, axis=dr.ndim - 1), dq)
    return pack(F, transposed(F, dr), dq)


def _other_null(rng: np.random.Generator, out: Any, a: Any, complete: bool) -> Any:
    m, n = a.shape[-2:]
    k = min(m, n)
    if m - k < (1 if out.dtype.kind == "c" else 2) or not complete:
        return None
    other = np.array(out)
    for place in np.ndindex(a.shape[:-2]):
        other[place][n:, k:] = out[place][n:, k:] @ unitary(rng, m - k, out.dtype)
    return other


def _null_in_words(out: Any, a: Any, complete: bool) -> str:
    m, n = a.shape[-2:]
    return f"the last {m - min(m, n)} columns of Q are any basis of the null space of A^H"


def _qr_vjp(F: Any, g: Array, out: Array, a: Array, complete: bool, reached: Any, within: Any) -> Sequence[Array]:
    m, n = a.shape[-2:]
    k = min(m, n)
    r_transposed, _, q = _leading(F, out, a.shape)
    r = transposed(F, r_transposed)
    g = F.independent(g, r)
    gr, gr_later, gq = (conjugate(F, x) for x in _leading(F, g, a.shape))
    later = None
    if n > k:
        gr_later = transposed(F, gr_later)
        gq = gq + F.matmul(_columns(F, a, k, None), adjoint(F, gr_later))
        later = F.matmul(q, gr_later)
    if complete and m > k and "Q" in reached:
        null = _null(F, out, n, k)
        in_null = F.of_space(conjugate(F, _null(F, g, n, k)), null)
        gq = gq - F.matmul(null, adjoint(F, F.matmul(adjoint(F, q), in_null)))
    c = F.matmul(adjoint(F, q), gq) - F.matmul(transposed(F, gr), adjoint(F, r))
    inner = F.half_lower(c - adjoint(F, c)) - c
    total = _over(F, gq + F.matmul(q, inner), adjoint(F, r))
    if later is not None:
        total = F.concatenate(total, later, axis=total.ndim - 1)
    return (conjugate(F, total),)


def _independent_columns(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=shape) + 3 * np.eye(shape[-2], shape[-1])


qr = primitive("qr", evaluate=_qr, shape=_Orthogonal(), dtype=lambda a, **_: join_floating(a),
               derivative=Packed(_qr_jvp, _qr_vjp, reason="defined by the equations that both factors solve",
                                 choice=Choice(("Q",), _other_null, _null_in_words)),
               rule=QR, domain=Domain(text="a matrix whose columns are independent", sample=_independent_columns),
               examples=(*(example(shape, complete=False) for shape in (
                             (3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 1, 2, 3), (1, 1), (0, 0), (3, 0), (0, 2))),
                         *(example(shape, complete=True) for shape in ((3, 3), (3, 2), (2, 3, 2), (2, 3)))))
