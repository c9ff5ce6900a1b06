"""Linear algebra on matrices and stacks of matrices: solve, inverse, determinants, Cholesky factor, trace.

Conventions:

- `cholesky` is NumPy's, which reads the lower triangle only, so its gradient is lower triangular. (JAX and autograd
  give the gradient of the factor of the symmetric part, which a numerical check of NumPy's function refutes.)
- Every other function takes its operand as a general matrix, symmetric or not: the gradient of log|det A| is A^-T.
- Complex entries are not conjugated by a transpose: the pullback of a holomorphic A is A^T.

Source: Giles (2008), Collected matrix derivative results for forward and reverse mode; Murray (2016), Differentiation
of the Cholesky decomposition, for Phi.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.derivative import Constant, Custom, Linear
from chainrule.core.domain import Domain, Kink
from chainrule.core.labels import Labels, leading_labels
from chainrule.core.library import SciPyFunction
from chainrule.core.matrices import adjoint, scaled, square_to_scalar, square_to_square
from chainrule.core.notation import Call, Filled, Power
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Shape, ShapeRule, aligned, broadcast_shapes, join_floating, transposed
from chainrule.errors import ShapeError
from chainrule.ops import rules

INVERSE = Rule("derivative of the inverse", "d(U^-1) = -U^-1 dU U^-1")
SOLUTION = Rule("derivative of a linear system", "U X = V gives dX = U^-1 (dV - dU X)")
DETERMINANT = Rule("Jacobi's formula", "d det U = tr(adj(U) dU)")
COFACTORS = Rule("derivative of the cofactors", "cof(U) is the gradient of det U, and its derivative the second one")
LOG_DETERMINANT = Rule("derivative of log det", "d log|det U| = tr(U^-1 dU)",
                       layout=lambda F, D, out, u: F.trace(F.matmul(F.inv(u), D(u))))
CHOLESKY = Rule("derivative of the Cholesky factor", "U = L L^T gives dL = L Phi(L^-1 dU L^-T)")


@dataclass(frozen=True)
class _Solution(ShapeRule):
    """A x = b for a square A: b is a vector if it has one axis, else a matrix or a stack of them; stacks broadcast."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        a, b = shapes
        if len(a) < 2 or a[-1] != a[-2]:
            raise ShapeError(f"solve of shapes {a} and {b}: the first must be a square matrix, or a stack of them")
        if not b or a[-1] != (b[0] if len(b) == 1 else b[-2]):
            raise ShapeError(f"solve of shapes {a} and {b}: the right-hand side needs {a[-1]} rows")
        return a[:-1] if len(b) == 1 else broadcast_shapes(a[:-2], b[:-2]) + b[-2:]

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        a, b = operands
        vector = np.ndim(b) - batched[1] == 1
        out = apply(*aligned(F, (a, F.expand_dims(b, axis=(np.ndim(b),)) if vector else b), batched), **parameters)
        return F.squeeze(out, axis=(out.ndim - 1,)) if vector else out

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        b = shapes[1]
        found = leading_labels(shapes, self.infer(shapes, parameters), [2, min(len(b), 2)], min(len(b), 2))
        if len(b) == 1:
            return found
        return Labels((found.operands[0], (*found.operands[1][:-1], "column")), (*found.result[:-1], "column"))


def _regular(rng: np.random.Generator, shape: Shape) -> Any:
    """Diagonally dominant matrices with a determinant of either sign; other shapes get any numbers."""
    x = rng.uniform(-1, 1, shape)
    if len(shape) > 1 and shape[-1] == shape[-2] > 0:
        x = x + (shape[-1] + 1) * np.eye(shape[-1])
        x[..., 0, :] *= rng.choice([-1, 1])
    return x


def _positive_definite(rng: np.random.Generator, shape: Shape) -> Any:
    x = rng.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])


REGULAR = Domain(text="a matrix that is not singular", sample=_regular)
POSITIVE_DEFINITE = Domain(text="a symmetric positive definite matrix", sample=_positive_definite)

_SHAPES = ((3, 3), (2, 3, 3), (1, 1), (2, 1, 2, 2), (0, 0), (0, 2, 2))
_SQUARES = tuple(example(shape) for shape in _SHAPES)


def _paired(F: Any, x: Array, y: Array) -> Array:
    """tr(X^T Y) of each pair of matrices."""
    product = x * y
    return F.sum(product, axis=(product.ndim - 2, product.ndim - 1), keepdims=False)


# Trace


def _identity_like(x: Any) -> Any:
    return np.broadcast_to(np.eye(np.shape(x)[-1], dtype=x.dtype), np.shape(x))


identity_like = primitive("identity_like", evaluate=_identity_like, shape=square_to_square,
                          derivative=Constant(),
                          notation=Filled("I"), rule=rules.STEP, examples=_SQUARES)

trace = primitive("trace", evaluate=np.linalg.trace, shape=square_to_scalar,
                  derivative=Linear(lambda F, g, out, x: scaled(F, g, F.identity_like(x))),
                  notation=Call("tr", latex=r"\operatorname{tr}"), rule=rules.LINEAR_MAP, examples=_SQUARES)


# Linear systems


def _on_vectors(F: Any, operation: Callable[..., Array], a: Array, y: Array, vectors: bool) -> Array:
    """The operation on A and y, where y may be a stack of vectors, which NumPy would take for a matrix."""
    if not vectors or y.ndim == 1:
        return operation(a, y)
    out = operation(a, F.expand_dims(y, axis=(y.ndim,)))
    return F.squeeze(out, axis=(out.ndim - 1,))


def _solve_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, b: Array) -> Array:
    da, db = tangents
    if da is None:
        return F.solve(a, db)
    moved = _on_vectors(F, F.matmul, da, out, b.ndim == 1)
    return _on_vectors(F, F.solve, a, -moved if db is None else db - moved, b.ndim == 1)


def _solve_vjp(F: Any, g: Array, out: Array, a: Array, b: Array) -> Sequence[Array]:
    to_b = _on_vectors(F, F.solve, transposed(F, a), g, b.ndim == 1)
    if b.ndim > 1:
        return -F.matmul(to_b, transposed(F, out)), to_b
    n = out.ndim
    return -F.expand_dims(to_b, axis=(n,)) * F.expand_dims(out, axis=(n - 1,)), to_b


solve = primitive("solve", evaluate=np.linalg.solve, shape=_Solution(),
                  derivative=Custom(_solve_jvp, _solve_vjp, reason="linear in the right-hand side only"),
                  rule=SOLUTION, domain=REGULAR,
                  examples=tuple(example(a, b) for a, b in (
                      ((3, 3), (3,)), ((3, 3), (3, 2)), ((5, 3, 3), (3,)), ((5, 3, 3), (3, 2)), ((3, 3), (5, 3, 2)),
                      ((5, 3, 3), (5, 3, 2)), ((2, 1, 3, 3), (4, 3, 1)), ((1, 1), (1,)), ((0, 0), (0,)),
                      ((0, 0), (0, 2)), ((3, 3), (3, 0)), ((0, 2, 2), (2,)))))


def _between(F: Any, outer: Array, inner: Array) -> Array:
    return F.matmul(F.matmul(outer, inner), outer)


inv = primitive("inv", evaluate=np.linalg.inv, shape=square_to_square,
                derivative=Custom(lambda F, tangents, out, a: -_between(F, out, tangents[0]),
                                  lambda F, g, out, a: (-_between(F, transposed(F, out), g),),
                                  reason="every entry depends on every entry of the matrix, and not linearly"),
                notation=Power("-1"), rule=INVERSE, domain=REGULAR, examples=_SQUARES)


# Triangular systems, by substitution: n^2 steps for a right-hand side. The derivatives are systems with the same
# triangle, or its transpose.

_substituted = SciPyFunction("scipy.linalg.solve_triangular", 2)


def _solve_triangular(a: Any, b: Any, lower: Any) -> Any:
    # matrix by matrix, as SciPy takes no stacks before 1.15
    dtype = np.result_type(a, b, np.float32)
    if np.ndim(b) == 1:
        column = np.reshape(b, (np.shape(b)[0], 1))
        return _solve_triangular(a, column, lower)[..., 0]
    stack = np.broadcast_shapes(np.shape(a)[:-2], np.shape(b)[:-2])
    a, b = np.broadcast_to(a, stack + np.shape(a)[-2:]), np.broadcast_to(b, stack + np.shape(b)[-2:])
    out = np.empty(b.shape, dtype)
    for i in np.ndindex(stack):
        if b[i].size:
            out[i] = _substituted(a[i], b[i], lower=lower, check_finite=False)
    return out


def _read_triangle(F: Any, x: Array, lower: bool) -> Array:
    """The triangle that is read, with its diagonal."""
    half = F.half_lower(x) if lower else transposed(F, F.half_lower(transposed(F, x)))
    return half + 0.5 * (x * F.identity_like(x))


def _triangular_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, b: Array, lower: bool) -> Array:
    da, db = tangents

    def solve(a: Array, b: Array) -> Array:
        return F.solve_triangular(a, b, lower=lower)

    if da is None:
        return solve(a, db)
    moved = _on_vectors(F, F.matmul, _read_triangle(F, da, lower), out, b.ndim == 1)
    return _on_vectors(F, solve, a, -moved if db is None else db - moved, b.ndim == 1)


def _triangular_vjp(F: Any, g: Array, out: Array, a: Array, b: Array, lower: bool) -> Sequence[Array]:
    def solve(a: Array, b: Array) -> Array:
        return F.solve_triangular(a, b, lower=not lower)

    to_b = _on_vectors(F, solve, transposed(F, a), g, b.ndim == 1)
    if b.ndim > 1:
        return _read_triangle(F, -F.matmul(to_b, transposed(F, out)), lower), to_b
    n = out.ndim
    to_a = -F.expand_dims(to_b, axis=(n,)) * F.expand_dims(out, axis=(n - 1,))
    return _read_triangle(F, to_a, lower), to_b


def _with_a_diagonal(rng: np.random.Generator, shape: Shape) -> Any:
    x = rng.uniform(-1, 1, shape)
    if len(shape) > 1 and shape[-1] == shape[-2]:
        x = x + 2 * np.eye(shape[-1])
    return x


solve_triangular = primitive("solve_triangular", evaluate=_solve_triangular, shape=_Solution(),
                             dtype=lambda a, b, **_: join_floating(a, b),
                             derivative=Custom(_triangular_jvp, _triangular_vjp,
                                               reason="linear in the right-hand side only"),
                             rule=SOLUTION,
                             domain=Domain(text="a triangle without a zero on the diagonal", sample=_with_a_diagonal),
                             examples=tuple(example(a, b, lower=lower) for a, b, lower in (
                                 ((3, 3), (3,), True), ((3, 3), (3, 2), False), ((5, 3, 3), (3,), False),
                                 ((2, 3, 3), (2, 3, 2), True), ((3, 3), (5, 3, 2), True), ((1, 1), (1,), True),
                                 ((0, 0), (0,), True))))


# Determinants. The gradient of det is the matrix of cofactors, a polynomial: it exists where the matrix is singular and
# has no inverse. With A = U S V^H it is det(U) det(V^H) conj(U) cof(S) conj(V^H), and cof(S) is a diagonal of products.
# The second derivative is found in the same way; the third and higher ones go by the inverse of a regular matrix.


def _cofactor(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    without = np.prod(np.where(np.eye(n, dtype=bool), 1, s[..., None, :]), axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return np.conj(u) @ ((sign[..., None] * without)[..., None] * np.conj(vh))


def _cofactor_change(a: Any, h: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    between = np.cumprod(np.where(np.tri(n, dtype=bool), 1, s[..., None, :]), axis=-1)
    ones = np.ones((*s.shape[:-1], 1), s.dtype)
    before = np.cumprod(np.concatenate([ones, s[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, s[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    # The product of all singular values but those of a row and a column, without a division by one that may be zero.
    without = np.concatenate([np.broadcast_to(ones[..., None, :], (*s.shape, 1)), between[..., :-1]], axis=-1)
    without = np.triu(before[..., :, None] * without * after[..., None, :], 1)
    without = without + np.swapaxes(without, -1, -2)
    m = np.conj(np.swapaxes(u, -1, -2)) @ h @ np.conj(np.swapaxes(vh, -1, -2))
    diagonal = without @ np.diagonal(m, axis1=-2, axis2=-1)[..., None]
    change = np.eye(n, dtype=s.dtype) * diagonal - without * np.swapaxes(m, -1, -2)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * (np.conj(u) @ change @ np.conj(vh))


def _third(F: Any, a: Array, h: Array, k: Array) -> Array:
    """The third derivative of det in the directions H and K, as a matrix; symmetric in them, for a regular matrix."""
    x = F.inv(a)
    p, q = F.matmul(x, h), F.matmul(x, k)
    pq = F.matmul(p, q)
    tr_p, tr_q = F.trace(p), F.trace(q)
    mixed = pq + F.matmul(q, p) - scaled(F, tr_q, p) - scaled(F, tr_p, q)
    terms = F.matmul(mixed, x) + scaled(F, tr_p * tr_q - F.trace(pq), x)
    return scaled(F, F.det(a), transposed(F, terms))


def _cofactor_change_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, h: Array) -> Array:
    da, dh = tangents
    if da is None:
        return F.cofactor_change(a, dh)
    return _third(F, a, h, da) if dh is None else _third(F, a, h, da) + F.cofactor_change(a, dh)


def _cofactor_change_vjp(F: Any, g: Array, out: Array, a: Array, h: Array) -> Sequence[Any]:
    return (lambda: _third(F, a, h, g)), (lambda: F.cofactor_change(a, g))


det = primitive("det", evaluate=np.linalg.det, shape=square_to_scalar,
                derivative=Custom(lambda F, tangents, out, a: _paired(F, F.cofactor(a), tangents[0]),
                                  lambda F, g, out, a: (scaled(F, g, F.cofactor(a)),),
                                  reason="one number from a whole matrix, with the cofactors as its gradient"),
                notation=Call("det", latex=r"\det"), rule=DETERMINANT, domain=REGULAR, examples=_SQUARES)

cofactor = primitive("cofactor", evaluate=_cofactor, shape=square_to_square,
                     derivative=Custom(lambda F, tangents, out, a: F.cofactor_change(a, tangents[0]),
                                       lambda F, g, out, a: (F.cofactor_change(a, g),),
                                       reason="the second derivative of det, and that is symmetric"),
                     notation=Call("cof", latex=r"\operatorname{cof}"), rule=COFACTORS, domain=REGULAR,
                     examples=_SQUARES)

cofactor_change = primitive("cofactor_change", evaluate=_cofactor_change, shape=square_to_square,
                            derivative=Custom(_cofactor_change_jvp, _cofactor_change_vjp,
                                              reason="linear in the direction, and in the matrix a third derivative"),
                            notation=Call("dcof"), rule=COFACTORS, domain=REGULAR,
                            examples=tuple(example(shape, shape) for shape in (*_SHAPES, (4, 4))))


def _det_sign(a: Any) -> Any:
    return np.linalg.slogdet(a)[0]


def _logabsdet(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def _logabsdet_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array) -> Array:
    moved = _paired(F, transposed(F, F.inv(a)), tangents[0])
    return F.real(moved) if moved.dtype.kind == "c" else moved


def _log_det(a: Any) -> Any:
    """log det of a complex matrix: its imaginary part is the argument of det, which itself may overflow."""
    sign, logarithm = np.linalg.slogdet(a)
    return logarithm + 1j * np.angle(sign)


log_det = primitive("log_det", evaluate=_log_det, shape=square_to_scalar,
                    dtype=lambda a: np.result_type(a, np.complex64),
                    derivative=Custom(lambda F, tangents, out, a: _paired(F, transposed(F, F.inv(a)), tangents[0]),
                                      lambda F, g, out, a: (scaled(F, g, transposed(F, F.inv(a))),),
                                      reason="one number from a whole matrix, with A^-T as its gradient"),
                    notation=Call("log det", latex=r"\log\det"), rule=LOG_DETERMINANT, domain=REGULAR,
                    examples=_SQUARES)

det_sign = primitive("det_sign", evaluate=_det_sign, shape=square_to_scalar,
                     derivative=Constant(),
                     notation=Call("sign det", latex=r"\operatorname{sign}\det"), rule=rules.STEP, examples=_SQUARES,
                     domain=Domain(kinks=(Kink(lambda out, a: out == 0,
                                               "the sign of det of a singular matrix: its derivative is taken as 0"),),
                                   sample=_regular))

logabsdet = primitive("logabsdet", evaluate=_logabsdet, shape=square_to_scalar,
                      dtype=lambda a: np.empty(0, a).real.dtype,
                      derivative=Custom(_logabsdet_jvp,
                                        lambda F, g, out, a: (scaled(F, g, transposed(F, F.inv(a))),),
                                        reason="one number from a whole matrix, with A^-T as its gradient"),
                      notation=Call("logdet", latex=r"\log\det"), rule=LOG_DETERMINANT, domain=REGULAR,
                      examples=_SQUARES)


# Cholesky factor


def _phi(x: Any) -> Any:
    return (np.tril(x) + np.tril(x, -1)) / 2


def _cholesky_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array) -> Array:
    lower = F.half_lower(tangents[0])
    half = F.solve(out, lower + adjoint(F, lower))
    whole = adjoint(F, F.solve(out, adjoint(F, half)))
    return F.matmul(out, F.half_lower(whole))


def _cholesky_vjp(F: Any, g: Array, out: Array, a: Array) -> Sequence[Array]:
    upper = transposed(F, out)
    half = F.solve(upper, F.half_lower(F.matmul(upper, g)))
    whole = transposed(F, F.solve(adjoint(F, out), transposed(F, half)))
    return (F.half_lower(whole) + F.half_lower(adjoint(F, whole)),)


half_lower = primitive("half_lower", evaluate=_phi, shape=square_to_square,
                       derivative=Linear(lambda F, g, out, x: F.half_lower(g)),
                       notation=Call("Phi", latex=r"\Phi"), rule=rules.LINEAR_MAP, examples=_SQUARES)

cholesky = primitive("cholesky", evaluate=np.linalg.cholesky, shape=square_to_square,
                     derivative=Custom(_cholesky_jvp, _cholesky_vjp,
                                       reason="the factor is defined by the equation that it solves"),
                     notation=Call("chol", latex=r"\operatorname{chol}"), rule=CHOLESKY, domain=POSITIVE_DEFINITE,
                     examples=_SQUARES)
