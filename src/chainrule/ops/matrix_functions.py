"""The exponential of a matrix, in NumPy alone.

Its derivative in a direction E is the block beside the diagonal of exp [[A, E], [0, A]], which is right for every
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
from chainrule.core.matrices import square_to_square
from chainrule.core.notation import Call, Exponential
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Shape, join_floating, transposed

MATRIX_EXPONENTIAL = Rule("derivative of the matrix exponential",
                          "d exp(U) = integral from 0 to 1 of exp(t U) dU exp((1 - t) U) dt")


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


def _expm_change(a: Any, change: Any) -> Any:
    a, change = np.broadcast_arrays(np.asarray(a) * 1.0, np.asarray(change) * 1.0)
    n = a.shape[-1]
    above, below = np.concatenate([a, change], axis=-1), np.concatenate([np.zeros_like(a), a], axis=-1)
    return _expm(np.concatenate([above, below], axis=-2))[..., :n, n:]


def _block(F: Any, above: Array, beside: Array, below: Array) -> Array:
    """The block matrix with a zero below its diagonal."""
    row = above.ndim - 1
    upper = F.concatenate(above, beside, axis=row)
    return F.concatenate(upper, F.concatenate(F.zeros_like(above), below, axis=row), axis=row - 1)


def _part(F: Any, x: Array, rows: slice, columns: slice) -> Array:
    return F.getitem(x, pattern=(Ellipsis, rows, columns))


def _change_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, e: Array) -> Array:
    da, de = tangents
    if da is None:
        return F.expm_change(a, de)
    n = a.shape[-1]
    moved = _block(F, da, F.zeros_like(da) if de is None else de, da)
    return _part(F, F.expm_change(_block(F, a, e, a), moved), slice(None, n), slice(n, None))


def _change_vjp(F: Any, g: Array, out: Array, a: Array, e: Array) -> Sequence[Any]:
    n = a.shape[-1]

    def to_matrix() -> Array:
        zeros = F.zeros_like(g)
        both = F.expm_change(transposed(F, _block(F, a, e, a)), _block(F, zeros, g, zeros))
        first, last = slice(None, n), slice(n, None)
        return _part(F, both, first, first) + _part(F, both, last, last)

    return to_matrix, (lambda: F.expm_change(transposed(F, a), g))


def _moderate(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=shape)


_SHAPES = ((3, 3), (2, 3, 3), (1, 1), (2, 1, 2, 2), (0, 0), (0, 2, 2))

expm = primitive("expm", evaluate=_expm, shape=square_to_square, dtype=lambda a: join_floating(a),
                 derivative=Custom(lambda F, tangents, out, a: F.expm_change(a, tangents[0]),
                                   lambda F, g, out, a: (F.expm_change(transposed(F, a), g),),
                                   reason="an integral over products that do not commute"),
                 notation=Exponential("expm", latex=r"\exp"), rule=MATRIX_EXPONENTIAL, domain=Domain(sample=_moderate),
                 examples=tuple(example(x) for x in _SHAPES))

# Linear in the change; its own derivative is again one of the kind, of the block matrix.
expm_change = primitive("expm_change", evaluate=_expm_change, shape=square_to_square,
                        dtype=lambda a, e: join_floating(a, e),
                        derivative=Custom(_change_jvp, _change_vjp, reason="linear in the change only"),
                        notation=Call("dexpm"), rule=MATRIX_EXPONENTIAL, domain=Domain(sample=_moderate),
                        examples=tuple(example(x, x) for x in _SHAPES))
