"""NumPy's linear algebra: solve, inv, determinants, Cholesky, norms, powers and traces of matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.shapes import transposed
from chainrule.core.traced import Traced, apply, recorded
from chainrule.errors import ArgumentError, ShapeError, TraceError
from chainrule.read.arguments import array, axes_of
from chainrule.read.numpy_products import axes_last, refuse

__all__ = ["Slogdet"]

F = evaluating


class Slogdet(NamedTuple):
    """What `numpy.linalg.slogdet` gives: the determinant is sign * exp(logabsdet)."""

    sign: Any
    logabsdet: Any


def _squares(a: Any, function: str) -> Any:
    a = array(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{function} needs a square matrix, or a stack of them, not shape {a.shape}")
    return a


@answers(np.linalg.solve)
def _solve(a: Any, b: Any) -> Any:
    a, b = _squares(a, "solve"), array(b)
    if b.ndim == 0 or b.shape[-1 if b.ndim == 1 else -2] != a.shape[-1]:
        raise ShapeError(f"solve of shapes {a.shape} and {b.shape}: the right-hand side needs {a.shape[-1]} rows")
    return F.solve(a, b)


@answers(np.linalg.inv)
def _inv(a: Any) -> Any:
    return F.inv(_squares(a, "inv"))


@answers(np.linalg.det)
def _det(a: Any) -> Any:
    return F.det(_squares(a, "det"))


@answers(np.linalg.slogdet)
def _slogdet(a: Any) -> Slogdet:
    a = _squares(a, "slogdet")
    if a.dtype.kind == "c":
        # The phase of a complex determinant does change with the matrix: both parts of one logarithm.
        whole = F.log_det(a)
        logarithm = np.real(whole)
        return Slogdet(F.where(F.equal(logarithm, -np.inf), 0.0, np.exp(1j * np.imag(whole))), logarithm)
    if type(a) is Traced and type(a.record.value) is not Traced:
        sign, logarithm = np.linalg.slogdet(a.record.value)  # one factorization for both
        return Slogdet(recorded(F.det_sign, a, sign), recorded(F.logabsdet, a, logarithm))
    return Slogdet(F.det_sign(a), F.logabsdet(a))


@answers(np.linalg.cholesky)
def _cholesky(a: Any, /, *, upper: bool = False) -> Any:
    a = _squares(a, "cholesky")

    def adjoint(x: Any) -> Any:
        return transposed(F, np.conj(x) if x.dtype.kind == "c" else x)

    # NumPy reads the triangle that it is asked for.
    return adjoint(F.cholesky(adjoint(a))) if upper else F.cholesky(a)


@answers(np.linalg.matrix_power)
def _matrix_power(a: Any, n: Any) -> Any:
    a, n = _squares(a, "matrix_power"), _integer(n)
    if n == 0:
        return F.identity_like(a)
    if n < 0:
        a, n = F.inv(a), -n
    power, out = a, None
    while True:
        n, odd = divmod(n, 2)
        if odd:
            out = power if out is None else F.matmul(out, power)
        if not n:
            return out
        power = F.matmul(power, power)


def _integer(n: Any) -> int:
    try:
        return int(n.__index__())
    except (AttributeError, TypeError):
        raise ArgumentError(f"matrix_power takes an integer exponent, not {n!r:.40}") from None


@answers(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    refuse("trace", dtype=dtype, out=out)
    a = array(a)
    if a.ndim < 2:
        raise ShapeError(f"trace needs a matrix, or a stack of them, not shape {a.shape}")
    if offset or a.shape[axis1] != a.shape[axis2]:
        return np.sum(np.diagonal(a, offset, axis1, axis2), -1)
    return F.trace(axes_last(a, axis1, axis2))


@answers(np.linalg.trace)
def _trace_of_last(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return _trace(x, offset, -2, -1, dtype)


@answers(np.linalg.diagonal)
def _diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(x, offset, -2, -1)


@answers(np.linalg.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Any:
    x = array(x)
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose needs a matrix, or a stack of them, not shape {x.shape}")
    return transposed(F, x)


# Norms


@answers(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = array(x)
    if axis is None and ord is None and x.dtype.kind != "c":
        return apply(F.norm, (x,), {"axis": axes_of(x.ndim, None), "keepdims": bool(keepdims), "ord": 2})
    axes = tuple(range(x.ndim)) if axis is None else _axes(axis, x)
    if axis is None and ord is None:
        return _vector_norm_over(x, 2, axes, keepdims)
    if len(axes) == 1:
        return _vector_norm_over(x, 2 if ord is None else ord, axes, keepdims)
    if len(axes) == 2:
        return _matrix_norm_over(x, ord, axes, keepdims)
    raise ShapeError(
        f"numpy.linalg.norm takes a vector or a matrix, not {len(axes)} axes of shape {x.shape}: give axis="
    )


@answers(np.linalg.vector_norm)
def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = array(x)
    return _vector_norm_over(x, ord, tuple(range(x.ndim)) if axis is None else _axes(axis, x), keepdims)


@answers(np.linalg.matrix_norm)
def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    x = array(x)
    if x.ndim < 2:
        raise ShapeError(f"matrix_norm needs a matrix, or a stack of them, not shape {x.shape}")
    return _matrix_norm_over(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)


def _axes(axis: Any, x: Any) -> tuple[int, ...]:
    axes = tuple(range(x.ndim)[i] for i in (axis if isinstance(axis, tuple) else (axis,)))
    if len(set(axes)) < len(axes):
        raise ArgumentError(f"axis={axis} names an axis twice")
    return axes


def _vector_norm_over(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    keepdims = bool(keepdims)
    if not isinstance(ord, (int, float, np.integer, np.floating)):
        raise ArgumentError(f"a vector norm takes a number as ord, or inf or -inf, not {ord!r}")
    if ord == 0:
        return np.sum(F.cast_like(np.not_equal(x, 0), np.abs(x)), axis=axes, keepdims=keepdims)
    if x.dtype.kind == "c":
        x = np.abs(x)
    if ord == 2:
        return F.norm(x, axis=tuple(sorted(axes)), keepdims=keepdims, ord=2)
    if ord == 1:
        return np.sum(np.abs(x), axis=axes, keepdims=keepdims)
    if abs(ord) == np.inf:
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axes, keepdims=keepdims)
    return F.norm(x, axis=tuple(sorted(axes)), keepdims=keepdims, ord=ord.item() if hasattr(ord, "item") else ord)


def _matrix_norm_over(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or ord == "fro" or ord == "f":
        return _vector_norm_over(x, 2, axes, keepdims)
    if ord in (2, -2, "nuc"):
        raise TraceError(
            f"the matrix norm with ord={ord!r} needs singular values, which are not known to chainrule\n"
            "  use the Frobenius norm, or make it an operation of your own: chainrule.primitive and define_vjp"
        )
    if ord not in (1, -1, np.inf, -np.inf):
        raise ArgumentError(f"a matrix norm takes None, 'fro', 1, -1, inf or -inf as ord, not {ord!r}")
    row, column = axes
    summed = row if abs(ord) == 1 else column
    sums = np.sum(np.abs(x), axis=summed, keepdims=True)
    out = (np.max if ord > 0 else np.min)(sums, axis=axes, keepdims=True)
    return out if keepdims else F.squeeze(out, axis=tuple(sorted(axes)))
