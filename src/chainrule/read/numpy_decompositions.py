"""NumPy's decompositions and what rests on them: eigenvalues, singular values, QR, pseudoinverse, least squares."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.core.matrices import adjoint
from chainrule.core.packed import rows, values
from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.shapes import transposed
from chainrule.core.traced import Traced, plain_value, recorded
from chainrule.errors import ArgumentError, ShapeError, TraceError
from chainrule.read.arguments import ABSENT, array
from chainrule.read.numpy_linalg import squares

__all__ = ["Eig", "Eigh", "Qr", "Svd"]

F = evaluating


class Eig(NamedTuple):
    """What `numpy.linalg.eig` gives: a @ eigenvectors is eigenvectors * eigenvalues."""

    eigenvalues: Any
    eigenvectors: Any


class Eigh(NamedTuple):
    """What `numpy.linalg.eigh` gives: as `Eig`, with eigenvectors that are orthonormal."""

    eigenvalues: Any
    eigenvectors: Any


class Svd(NamedTuple):
    """What `numpy.linalg.svd` gives: a is (U * S) @ Vh."""

    U: Any
    S: Any
    Vh: Any


class Qr(NamedTuple):
    """What `numpy.linalg.qr` gives: a is Q @ R."""

    Q: Any
    R: Any


def _matrices(a: Any, function: str) -> Any:
    a = array(a)
    if a.ndim < 2:
        raise ShapeError(f"{function} needs a matrix, or a stack of them, not shape {a.shape}")
    return a


def _decomposed(primitive: Any, a: Any, **parameters: Any) -> Any:
    """The packed result; of a matrix that was decomposed before, the same one, so that its parts belong together."""
    if type(a) is Traced:
        for record in reversed(a.record.trace.records or ()):
            if record is a.record:
                break
            if record.primitive is primitive and record.operands[0] is a.record and record.parameters == parameters:
                return Traced(record)
    return primitive(a, **parameters)


def _real_part(x: Any) -> Any:
    return F.real(x) if x.dtype.kind == "c" else x


# Eigenvalues


def _triangle(UPLO: Any) -> str:
    triangle = UPLO.upper() if isinstance(UPLO, str) else UPLO
    if triangle not in ("L", "U"):
        raise ArgumentError(f"UPLO is 'L' or 'U', the triangle to be read, not {UPLO!r}")
    return str(triangle)


@answers(np.linalg.eigh)
def _eigh(a: Any, UPLO: Any = "L") -> Eigh:
    both = _decomposed(F.eigh, squares(a, "eigh"), UPLO=_triangle(UPLO))
    return Eigh(_real_part(values(F, both, "w")), rows(F, both, "V", 1))


@answers(np.linalg.eigvalsh)
def _eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    return F.eigvalsh(squares(a, "eigvalsh"), UPLO=_triangle(UPLO))


def _all_real(a: Any, w: Any) -> bool:
    """Whether NumPy gives real arrays: a branch taken on values, which the trace records."""
    return a.dtype.kind != "c" and bool(np.all(np.equal(F.imag(w), 0)))


@answers(np.linalg.eig)
def _eig(a: Any) -> Eig:
    a = squares(a, "eig")
    both = _decomposed(F.eig, a)
    w, v = values(F, both, "w"), rows(F, both, "V", 1)
    return Eig(F.real(w), F.real(v)) if _all_real(a, w) else Eig(w, v)


@answers(np.linalg.eigvals)
def _eigvals(a: Any) -> Any:
    a = squares(a, "eigvals")
    w = F.eigvals(a)
    return F.real(w) if _all_real(a, w) else w


# Singular values


@answers(np.linalg.svd)
def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    a = _matrices(a, "svd")
    if hermitian:
        return _svd_of_hermitian(squares(a, "svd with hermitian=True"), compute_uv)
    if not compute_uv:
        return F.svdvals(a)
    m, n = a.shape[-2:]
    k = min(m, n)
    both = _decomposed(F.svd, a, full_matrices=bool(full_matrices))
    v = rows(F, both, "V", 1, 1 + n, n if full_matrices else k)
    u = rows(F, both, "U", 1 + n, None, m if full_matrices else k)
    return Svd(u, _real_part(values(F, both, "s", k)), adjoint(F, v))


def _svd_of_hermitian(a: Any, compute_uv: bool) -> Any:
    """By the eigenvalues, as NumPy does it: they are the singular values up to their signs."""
    if not compute_uv:
        return np.sort(np.abs(_eigvalsh(a)), axis=-1)[..., ::-1]
    w, v = _eigh(a)
    order = np.argsort(np.abs(w), axis=-1)[..., ::-1]
    w, v = np.take_along_axis(w, order, axis=-1), np.take_along_axis(v, order[..., None, :], axis=-1)
    return Svd(v, np.abs(w), adjoint(F, v * np.sign(w)[..., None, :]))


@answers(np.linalg.svdvals)
def _svdvals(x: Any, /) -> Any:
    return F.svdvals(_matrices(x, "svdvals"))


# Orthogonal and triangular factors


@answers(np.linalg.qr)
def _qr(a: Any, mode: Any = "reduced") -> Any:
    if mode == "raw":
        raise TraceError(
            "numpy.linalg.qr with mode='raw' gives LAPACK's own form of the factors, which is not known to chainrule\n"
            "  use mode='reduced', 'complete' or 'r'"
        )
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"qr takes mode='reduced', 'complete' or 'r', not {mode!r}")
    a = _matrices(a, "qr")
    n = a.shape[-1]
    both = _decomposed(F.qr, a, complete=mode == "complete")
    r = transposed(F, rows(F, both, "R^T", 0, n))
    return r if mode == "r" else Qr(rows(F, both, "Q", n), r)


# Pseudoinverse and least squares


def _cut(rcond: Any, x: Any, function: str) -> float:
    """The number that singular values are compared with, relative to the largest."""
    if np.ndim(rcond) or not isinstance(rcond, (int, float, np.integer, np.floating)):
        raise ArgumentError(f"{function} takes one number as rcond, the same for all matrices, not {rcond!r:.60}")
    return float(rcond) if rcond >= 0 else float(np.finfo(x.dtype).eps)


def _rounding(a: Any) -> float:
    return float(max(a.shape[-2:]) * np.finfo(a.dtype if a.dtype.kind in "fc" else float).eps)


@answers(np.linalg.pinv)
def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = ABSENT) -> Any:
    a = _matrices(a, "pinv")
    if rcond is None:
        rcond = 1e-15 if rtol is ABSENT else _rounding(a) if rtol is None else rtol
    if hermitian:  # NumPy reads the lower triangle then
        half = F.half_lower(squares(a, "pinv with hermitian=True"))
        a = half + adjoint(F, half)
    return F.pinv(a, rcond=_cut(rcond, a, "pinv"))


@answers(np.linalg.lstsq)
def _lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    a, b = array(a), array(b)
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise ShapeError(f"lstsq of shapes {a.shape} and {b.shape}: a matrix is needed, and as many rows in both")
    m, n = a.shape
    cut = _rounding(a) if rcond is None else _cut(rcond, a, "lstsq")
    targets = b if b.ndim == 2 else F.expand_dims(b, axis=(1,))
    x, s = _least_squares(a, targets, cut)
    rank: Any = np.sum(s > cut * s[:1])
    residuals: Any = np.zeros(0, np.abs(x).dtype)
    if m > n and rank == n:
        residuals = np.sum(np.square(np.abs(targets - F.matmul(a, x))), axis=0)
    return x if b.ndim == 2 else F.squeeze(x, axis=(1,)), residuals, rank, s


def _least_squares(a: Any, targets: Any, cut: float) -> tuple[Any, Any]:
    """The solution, and the singular values that are found with it."""
    traced = [operand.record for operand in (a, targets) if type(operand) is Traced]
    if type(a) is Traced and all(
        record.trace is a.record.trace and type(record.value) is not Traced for record in traced
    ):
        x, _, _, s = np.linalg.lstsq(plain_value(a), plain_value(targets), cut)
        return recorded(F.lstsq, (a, targets), x, rcond=cut), recorded(F.svdvals, (a,), s)
    return F.lstsq(a, targets, rcond=cut), F.svdvals(a)


@answers(np.linalg.matrix_rank)
def _matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    a = array(A)
    if np.ndim(tol) or np.ndim(rtol):
        raise ArgumentError("matrix_rank of a traced value takes one number as tol or rtol, the same for all matrices")
    if a.ndim < 2:
        return np.any(np.not_equal(a, 0))
    return F.matrix_rank(a, tol=tol, hermitian=bool(hermitian), rtol=rtol)
