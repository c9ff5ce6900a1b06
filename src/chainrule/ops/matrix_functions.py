"""Functions of a matrix: the exponential, in NumPy alone; the square root and the logarithm, which SciPy computes.

The derivative of f in a direction E is the block beside the diagonal of f [[A, E], [0, A]], which is right for every
matrix, defective or not. The pullback is the derivative at A^T.

Source: Higham (2005), The scaling and squaring method for the matrix exponential revisited; Najfeld and Havel (1995),
Derivatives of the matrix exponential and their computation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.derivative import Custom
from chainrule.core.domain import Domain
from chainrule.core.library import SciPyFunction
from chainrule.core.matrices import square_to_square
from chainrule.core.notation import Call, Exponential
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Shape, join_floating, transposed

MATRIX_EXPONENTIAL = Rule("derivative of the matrix exponential",
                          "d exp(U) = integral from 0 to 1 of exp(t U) dU exp((1 - t) U) dt")


MATRIX_ROOT = Rule("derivative of the square root of a matrix", "S = sqrt(U) gives dS S + S dS = dU")
MATRIX_LOGARITHM = Rule("derivative of the matrix logarithm", "L = log U gives dU by the derivative of exp at L in dL")


def _expm(a: Any) -> Any:
    a = np.asarray(a) * 1.0
    n = a.shape[-1]
    if not a.size:
        return a
    identity = np.broadcast_to(np.eye(n, dtype=a.dtype), a.shape)
    # The Pade approximant of degree 13 has full accuracy up to this 1-norm (Higham, table 2.3).
    norm = np.max(np.sum(np.abs(a), axis=-2), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        halvings = np.where(np.isfinite(norm), np.maximum(np.ceil(np.log2(norm / 5.371920351148152)), 0), 0).astype(int)
    x = a * (0.5**halvings).astype(norm.dtype)[..., None, None]
    b = [1.0, 0.5]  # the coefficients, each from the one before
    for k in range(2, 14):
        b.append(b[-1] * (14 - k) / ((27 - k) * k))
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    odd = x @ (x6 @ (b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * identity)
    even = x6 @ (b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + identity
    out = np.linalg.solve(even - odd, even + odd)
    for step in range(int(np.max(halvings))):
        out = np.where((step < halvings)[..., None, None], out @ out, out)
    return out


_scipy_sqrtm = SciPyFunction("scipy.linalg.sqrtm", 1)
_scipy_logm = SciPyFunction("scipy.linalg.logm", 1)


def _each(function: Any, a: Any) -> Any:
    # a real matrix with a real value is given it without the rounding in its imaginary part
    a = np.asarray(a) * 1.0
    out, wide = np.empty_like(a), a.astype(np.result_type(a, 1.0, np.float64))
    for i in np.ndindex(a.shape[:-2]):
        if a.shape[-1]:
            value = function(wide[i])
            out[i] = value if np.iscomplexobj(a) else np.real(value)
    return out


def _blocks(a: Any, change: Any) -> Any:
    a, change = np.broadcast_arrays(np.asarray(a) * 1.0, np.asarray(change) * 1.0)
    above, below = np.concatenate([a, change], axis=-1), np.concatenate([np.zeros_like(a), a], axis=-1)
    return np.concatenate([above, below], axis=-2)


def _expm_change(a: Any, change: Any) -> Any:
    n = np.shape(a)[-1]
    return _expm(_blocks(a, change))[..., :n, n:]


def _sqrtm(a: Any) -> Any:
    return _each(_scipy_sqrtm, a)


def _sqrtm_change(a: Any, change: Any) -> Any:
    n = np.shape(a)[-1]
    return _sqrtm(_blocks(a, change))[..., :n, n:]


def _logm(a: Any) -> Any:
    # SciPy estimates norms by random vectors: nobody's own draws are to be others for it.
    state = np.random.get_state()
    try:
        return _each(_scipy_logm, a)
    finally:
        np.random.set_state(state)


def _logm_change(a: Any, change: Any) -> Any:
    n = np.shape(a)[-1]
    return _logm(_blocks(a, change))[..., :n, n:]


def _block(F: Any, above: Array, beside: Array, below: Array) -> Array:
    """The block matrix with a zero below its diagonal."""
    row = above.ndim - 1
    upper = F.concatenate(above, beside, axis=row)
    return F.concatenate(upper, F.concatenate(F.zeros_like(above), below, axis=row), axis=row - 1)


def _part(F: Any, x: Array, rows: slice, columns: slice) -> Array:
    return F.getitem(x, pattern=(Ellipsis, rows, columns))


def _function(name: str) -> Custom:
    """The derivative of f, by the operation that changes f in a direction."""
    change = f"{name}_change"
    return Custom(lambda F, tangents, out, a: getattr(F, change)(a, tangents[0]),
                  lambda F, g, out, a: (getattr(F, change)(transposed(F, a), g),),
                  reason="an integral over products that do not commute")


def _change_of(name: str) -> Custom:
    """That of the change: linear in the direction, and of the block matrix again one of the kind."""

    def change(F: Any, a: Array, e: Array) -> Array:
        return getattr(F, f"{name}_change")(a, e)

    def jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, e: Array) -> Array:
        da, de = tangents
        if da is None:
            return change(F, a, de)
        n = a.shape[-1]
        moved = _block(F, da, F.zeros_like(da) if de is None else de, da)
        return _part(F, change(F, _block(F, a, e, a), moved), slice(None, n), slice(n, None))

    def vjp(F: Any, g: Array, out: Array, a: Array, e: Array) -> Sequence[Any]:
        n = a.shape[-1]

        def to_matrix() -> Array:
            zeros = F.zeros_like(g)
            both = change(F, transposed(F, _block(F, a, e, a)), _block(F, zeros, g, zeros))
            first, last = slice(None, n), slice(n, None)
            return _part(F, both, first, first) + _part(F, both, last, last)

        return to_matrix, (lambda: change(F, transposed(F, a), g))

    return Custom(jvp, vjp, reason="linear in the change only")


def _moderate(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=shape)


def _near_identity(rng: np.random.Generator, shape: Shape) -> Any:
    return 2 * np.eye(shape[-1]) + 0.4 * rng.uniform(-1, 1, size=shape) / max(shape[-1], 1)


_POSITIVE = Domain(text="no eigenvalue that is 0 or negative", sample=_near_identity)
_FEW = ((2, 2), (2, 2, 2), (0, 0))
_SHAPES = ((3, 3), (2, 3, 3), (1, 1), (2, 1, 2, 2), (0, 0), (0, 2, 2))

expm = primitive("expm", evaluate=_expm, shape=square_to_square, dtype=lambda a: join_floating(a),
                 derivative=_function("expm"), notation=Exponential("expm", latex=r"\exp"), rule=MATRIX_EXPONENTIAL,
                 domain=Domain(sample=_moderate), examples=tuple(example(x) for x in _SHAPES))

expm_change = primitive("expm_change", evaluate=_expm_change, shape=square_to_square,
                        dtype=lambda a, e: join_floating(a, e), derivative=_change_of("expm"),
                        notation=Call("dexpm"), rule=MATRIX_EXPONENTIAL, domain=Domain(sample=_moderate),
                        examples=tuple(example(x, x) for x in _SHAPES))

sqrtm = primitive("sqrtm", evaluate=_sqrtm, shape=square_to_square, dtype=lambda a: join_floating(a),
                  derivative=_function("sqrtm"), rule=MATRIX_ROOT, domain=_POSITIVE,
                  examples=tuple(example(x) for x in _SHAPES))

sqrtm_change = primitive("sqrtm_change", evaluate=_sqrtm_change, shape=square_to_square,
                         dtype=lambda a, e: join_floating(a, e), derivative=_change_of("sqrtm"),
                         rule=MATRIX_ROOT, domain=_POSITIVE, examples=tuple(example(x, x) for x in _SHAPES))

logm = primitive("logm", evaluate=_logm, shape=square_to_square, dtype=lambda a: join_floating(a),
                 derivative=_function("logm"), rule=MATRIX_LOGARITHM, domain=_POSITIVE,
                 examples=tuple(example(x) for x in _FEW))

logm_change = primitive("logm_change", evaluate=_logm_change, shape=square_to_square,
                        dtype=lambda a, e: join_floating(a, e), derivative=_change_of("logm"),
                        rule=MATRIX_LOGARITHM, domain=_POSITIVE, examples=tuple(example(x, x) for x in _FEW))
