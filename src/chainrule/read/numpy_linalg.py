"""NumPy's linear algebra: solve, inv, determinants, Cholesky, powers and traces of matrices."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.shapes import transposed
from chainrule.core.traced import Traced, recorded
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import array
from chainrule.read.numpy_products import axes_last, refuse

__all__ = ["Slogdet", "squares"]

F = evaluating


class Slogdet(NamedTuple):
    """What `numpy.linalg.slogdet` gives: the determinant is sign * exp(logabsdet)."""

    sign: Any
    logabsdet: Any


def squares(a: Any, function: str) -> Any:
    """Square matrices as an array; raises `ShapeError` for what is none."""
    a = array(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{function} needs a square matrix, or a stack of them, not shape {a.shape}")
    return a


@answers(np.linalg.solve)
def _solve(a: Any, b: Any) -> Any:
    a, b = squares(a, "solve"), array(b)
    if b.ndim == 0 or b.shape[-1 if b.ndim == 1 else -2] != a.shape[-1]:
        raise ShapeError(f"solve of shapes {a.shape} and {b.shape}: the right-hand side needs {a.shape[-1]} rows")
    return F.solve(a, b)


@answers(np.linalg.tensorsolve)
def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = array(a), array(b)
    if axes is not None:
        a = axes_last(a, *axes)
    unknown = a.shape[b.ndim :]
    if a.shape[: b.ndim] != b.shape or math.prod(unknown) != b.size:
        raise ShapeError(f"tensorsolve of shapes {a.shape} and {b.shape}: as many equations as unknowns are needed")
    system = F.reshape(a, shape=(b.size, b.size))
    return F.reshape(F.solve(system, F.reshape(b, shape=(b.size,))), shape=unknown)


@answers(np.linalg.tensorinv)
def _tensorinv(a: Any, ind: int = 2) -> Any:
    a = array(a)
    if not 0 < ind < a.ndim:
        raise ArgumentError(f"tensorinv of an array of {a.ndim} axes takes ind from 1 to {a.ndim - 1}, not {ind}")
    first, last = a.shape[:ind], a.shape[ind:]
    size = math.prod(last)
    if math.prod(first) != size:
        raise ShapeError(f"tensorinv of shape {a.shape} with ind={ind}: {first} and {last} differ in size")
    return F.reshape(F.inv(F.reshape(a, shape=(size, size))), shape=last + first)


@answers(np.linalg.inv)
def _inv(a: Any) -> Any:
    return F.inv(squares(a, "inv"))


@answers(np.linalg.det)
def _det(a: Any) -> Any:
    return F.det(squares(a, "det"))


@answers(np.linalg.slogdet)
def _slogdet(a: Any) -> Slogdet:
    a = squares(a, "slogdet")
    if a.dtype.kind == "c":
        # The phase of a complex determinant does change with the matrix: both parts of one logarithm.
        whole = F.log_det(a)
        logarithm = np.real(whole)
        return Slogdet(F.where(F.equal(logarithm, -np.inf), 0.0, np.exp(1j * np.imag(whole))), logarithm)
    if type(a) is Traced and type(a.record.value) is not Traced:
        sign, logarithm = np.linalg.slogdet(a.record.value)  # one factorization for both
        return Slogdet(recorded(F.det_sign, (a,), sign), recorded(F.logabsdet, (a,), logarithm))
    return Slogdet(F.det_sign(a), F.logabsdet(a))


@answers(np.linalg.cholesky)
def _cholesky(a: Any, /, *, upper: bool = False) -> Any:
    a = squares(a, "cholesky")

    def adjoint(x: Any) -> Any:
        return transposed(F, np.conj(x) if x.dtype.kind == "c" else x)

    # NumPy reads the triangle that it is asked for.
    return adjoint(F.cholesky(adjoint(a))) if upper else F.cholesky(a)


@answers(np.linalg.matrix_power)
def _matrix_power(a: Any, n: Any) -> Any:
    a, n = squares(a, "matrix_power"), _integer(n)
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
