"""Eigenvalues and eigenvectors of Hermitian and of general matrices.

Conventions:

- `eigh` and `eigvalsh` are NumPy's, which read one triangle (and the real part of the diagonal), so their gradient
  stands in that triangle, as that of `cholesky` does. It agrees with differences of NumPy's function.
- The result of `eigh` and `eig` is packed: the eigenvalues, then the rows of the matrix of eigenvectors.
- A vector has no component of its own change: v^H dv = 0. For real vectors this is what NumPy's do; a complex one has
  an arbitrary phase, on which a function must not depend (`phase_free`).
- Where eigenvalues are equal within rounding, see `degenerate`.

Source: Giles (2008), Collected matrix derivative results, section 3.1; Boeddeker et al. (2017), On the computation of
complex-valued gradients with application to statistically optimum beamforming, for eig.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from chainrule.core.coincidence import equal_values, first_pair, gradient_of_blocks, turn_apart, turns
from chainrule.core.domain import Domain, Kink
from chainrule.core.labels import Labels, leading_labels
from chainrule.core.matrices import (
    adjoint,
    columns_times,
    conjugate,
    diagonal_matrix,
    diagonal_of,
    square_to_square,
    square_to_vector,
)
from chainrule.core.notation import Subscript
from chainrule.core.packed import Choice, Decomposition, Packed, Part, pack, part_of_stack, rows, values
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule, join_floating, transposed
from chainrule.errors import DegeneracyError, ShapeError
from chainrule.ops import rules

EIGENVALUES = Rule("derivative of eigenvalues", "U v = w v gives dw_i = v_i^H dU v_i")
EIGENVECTORS = Rule("derivative of eigenvectors",
                    "U v = w v gives dv_j = sum over i of v_i (v_i^H dU v_j) / (w_j - w_i)")
BASIS = Rule("derivative of the inverse", "d(U^-1) = -U^-1 dU U^-1")


@dataclass(frozen=True)
class _ValuesAndVectors(ShapeRule):
    """A square matrix becomes its values on top of a matrix of vectors."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        (shape,) = shapes
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise ShapeError(f"a square matrix is needed, or a stack of them, not shape {shape}")
        return (*shape[:-2], shape[-1] + 1, shape[-1])

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return leading_labels(shapes, self.infer(shapes, parameters), [2], 2)


# What `core.packed` packs and takes apart


def _part(x: Any, name: Any, pattern: Any) -> Any:
    return x[pattern]


_PATTERNS = {"w": (Ellipsis, 0, slice(None, None)), "V": (Ellipsis, slice(1, None), slice(None, None)),
             "U": (Ellipsis, slice(1, 3), slice(None, 2))}

part = primitive("part", evaluate=_part, shape=part_of_stack,
                 derivative=Part(lambda F, g, out, x, name, pattern: F.scatter(x, g, pattern=pattern)),
                 notation=Subscript(), rule=rules.LINEAR_MAP,
                 examples=tuple(example(x, name=name, pattern=p) for x in ((4, 3), (2, 4, 3))
                                for name, p in _PATTERNS.items()))


# Hermitian matrices


def _eigh(a: Any, UPLO: Any) -> Any:
    w, v = np.linalg.eigh(a, UPLO)
    return np.concatenate([w[..., None, :], v], axis=-2)


def _triangle(F: Any, x: Array, UPLO: str) -> Array:
    """The triangle that NumPy reads, with half of the diagonal."""
    return F.half_lower(x) if UPLO == "L" else transposed(F, F.half_lower(transposed(F, x)))


def _hermitian(F: Any, a: Array, UPLO: str) -> Array:
    """The Hermitian matrix that NumPy reads in one triangle: a linear map, also of a change."""
    half = _triangle(F, a, UPLO)
    return half + adjoint(F, half)


def _to_triangle(F: Any, x: Array, UPLO: str) -> Array:
    """Its transpose for a Hermitian cotangent: what both triangles would get is given to the one that is read."""
    return conjugate(F, 2 * _triangle(F, x, UPLO))


def _real_part(F: Any, x: Array) -> Array:
    return F.real(x) if x.dtype.kind == "c" else x


def _parts(F: Any, x: Array) -> tuple[Array, Array]:
    """The values, which are real, and the vectors."""
    return _real_part(F, values(F, x, "w")), rows(F, x, "V", 1)


def _in_basis(F: Any, v: Array, change: Array) -> Array:
    return F.matmul(F.matmul(adjoint(F, v), change), v)


def _eigh_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, UPLO: str, reached: Any) -> Array:
    w, v = _parts(F, out)
    change = _in_basis(F, v, _hermitian(F, tangents[0], UPLO))
    if "V" not in reached:
        return pack(F, F.value_changes(change, w, of="eigenvalues"), F.zeros_like(v))
    return pack(F, diagonal_of(F, change, w), F.matmul(v, F.over_gaps(change, w, change, of="eigenvalues")))


def _eigh_vjp(F: Any, g: Array, out: Array, a: Array, UPLO: str, reached: Any, within: Any) -> Sequence[Array]:
    w, v = _parts(F, out)
    if "w" in reached and "V" in reached and within is None:
        g = F.told_apart(g, w, of="eigenvalues")
    inner = None
    if "V" in reached:
        n = F.matmul(adjoint(F, v), conjugate(F, rows(F, g, "V", 1)))
        if n.dtype.kind == "c":
            n = F.phase_free(n, v, g, every=True)
        inner = F.over_gaps((n - adjoint(F, n)) / 2, w, g, of="eigenvalues")
    if "w" in reached:
        weights = _real_part(F, values(F, g, "w"))
        weights = F.equal_weights(weights, w, of="eigenvalues") if within is None else F.where(within[1], weights, 0.0)
        diagonal = diagonal_matrix(F, weights)
        inner = diagonal if inner is None else inner + diagonal
    total = F.matmul(F.matmul(v, inner), adjoint(F, v))
    return (_to_triangle(F, total if within is None else total + within[0], UPLO),)


def _another_basis(rng: np.random.Generator, out: Any, a: Any, UPLO: str) -> Any:
    w, other = np.real(out[..., 0, :]), np.array(out)
    equal = equal_values(w)
    if out.dtype.kind != "c" and np.sum(equal) <= w.size:  # NaN is not even equal to itself
        return None
    other[..., 1:, :] = out[..., 1:, :] @ turns(rng, equal, out.dtype)
    return other


def _moved_apart(rng: np.random.Generator, out: Any, a: Any, tangent: Any, UPLO: str) -> Any:
    other = _another_basis(rng, out, a, UPLO)
    other = np.array(out) if other is None else other
    half = np.tril(tangent) if UPLO == "L" else np.triu(tangent)
    change = half + np.conj(np.swapaxes(half - half * np.eye(a.shape[-1]), -1, -2))
    v = other[..., 1:, :]
    turn_apart(np.conj(np.swapaxes(v, -1, -2)) @ change @ v, equal_values(np.real(out[..., 0, :])), 1, v)
    return other


def _open_in_words(out: Any, a: Any, **_: Any) -> str:
    w, v = out[..., 0, :], out[..., 1:, :]
    w = np.real(w) if np.all(np.imag(w) == 0) else w
    return first_pair(w, equal_values(w, np.linalg.pinv(v)), "eigenvalues") or "complex eigenvectors have any phase"


def _within_blocks(samples: Any, reached: Any, a: Any, UPLO: str) -> Any:
    if not ("w" in reached and "V" in reached):
        return None
    first = samples(1)[0][0]
    w, v = np.real(first[..., 0, :]), first[..., 1:, :]
    return gradient_of_blocks(samples, equal_values(w), v, v)


def _known(a: Array, general: bool) -> Mapping[str, Any]:
    return {"of": "eigenvalues", "values": a.shape[-1], "general": general}


def _eigvalsh_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, UPLO: str) -> Array:
    v = rows(F, F.eigh(a, UPLO=UPLO), "V", 1)
    return F.value_changes(_in_basis(F, v, _hermitian(F, tangents[0], UPLO)), out, of="eigenvalues")


def _eigvalsh_vjp(F: Any, g: Array, out: Array, a: Array, UPLO: str) -> Sequence[Array]:
    v = rows(F, F.eigh(a, UPLO=UPLO), "V", 1)
    weights = F.equal_weights(g, out, of="eigenvalues")
    return (_to_triangle(F, F.matmul(columns_times(F, v, weights), adjoint(F, v)), UPLO),)


def _equal_values(out: Any, a: Any, **_: Any) -> Any:
    """Whether neighbours of sorted values are equal within rounding, for each matrix of a stack."""
    level = 10 * out.shape[-1] * np.finfo(out.dtype).eps * np.max(np.abs(out), axis=-1, keepdims=True, initial=0)
    return np.any(np.abs(np.diff(out)) <= level, axis=-1, keepdims=True)


def _symmetric(rng: np.random.Generator, shape: Shape) -> Any:
    """Symmetric matrices whose eigenvalues differ by about 1."""
    q, _ = np.linalg.qr(rng.normal(size=shape))
    w = np.arange(shape[-1]) + rng.uniform(0.7, 1.3, (*shape[:-2], 1, shape[-1]))
    return (q * w) @ np.swapaxes(q, -1, -2)


SYMMETRIC = Domain(text="a Hermitian matrix whose eigenvalues differ", sample=_symmetric)
_SHAPES = ((3, 3), (2, 3, 3), (1, 1), (2, 1, 2, 2), (0, 0), (0, 2, 2))
_TRIANGLES = (*(example(shape, UPLO="L") for shape in _SHAPES), example((3, 3), UPLO="U"))


def _real_floating(a: Dtype, **_: Any) -> Dtype:
    return np.empty(0, join_floating(a)).real.dtype


eigh = primitive("eigh", evaluate=_eigh, shape=_ValuesAndVectors(), dtype=lambda a, **_: join_floating(a),
                 derivative=Packed(_eigh_jvp, _eigh_vjp, reason="defined by the equation that its parts solve",
                                   choice=Choice(("V",), _another_basis, _open_in_words, _within_blocks, _moved_apart,
                                                 lambda a, UPLO: _known(a, False))),
                 rule=EIGENVECTORS, domain=SYMMETRIC, examples=_TRIANGLES)

eigvalsh = primitive("eigvalsh", evaluate=np.linalg.eigvalsh, shape=square_to_vector, dtype=_real_floating,
                     derivative=Decomposition(_eigvalsh_jvp, _eigvalsh_vjp,
                                              reason="defined by the equation that the values solve"),
                     rule=EIGENVALUES, examples=_TRIANGLES,
                     domain=Domain(text=SYMMETRIC.text, sample=_symmetric, kinks=(Kink(
                         _equal_values, "eigenvalues that coincide: each has a kink, a function of all none"),)))


# General matrices. The packed result is complex, also where NumPy gives real numbers, as a change of the matrix may
# make a pair of complex eigenvalues of two real ones.


def _eig(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    packed = np.concatenate([w[..., None, :], v], axis=-2)
    return packed.astype(np.result_type(packed, np.complex64))


def _eigvals(a: Any) -> Any:
    w = np.linalg.eigvals(a)
    return w.astype(np.result_type(w, np.complex64))


def _complex(a: Dtype) -> Dtype:
    return np.result_type(join_floating(a), np.complex64)


def _basis_inverse(v: Any) -> Any:
    singular = np.linalg.svd(v, compute_uv=False)
    least = np.min(singular, axis=-1, initial=np.inf)
    bad = least <= np.sqrt(np.finfo(v.dtype).eps)
    if np.any(bad):
        place = [int(k) for k in np.argwhere(bad)[0]]
        where = f" of matrix {tuple(place)} of the stack" if place else ""
        raise np.linalg.LinAlgError(
            f"the eigenvectors{where} are dependent within half the digits: the smallest singular value of V is "
            f"{least[tuple(place)]:.1e}\n  the matrix is defective, or nearly so: an eigenvalue is multiple and has no "
            "basis of eigenvectors, and no derivative; coefficients of the characteristic polynomial have one"
        )
    return np.linalg.inv(v)


@wraps(_basis_inverse)
def _named_basis_inverse(v: Any) -> Any:
    try:
        return _basis_inverse(v)
    except np.linalg.LinAlgError as error:
        raise DegeneracyError(str(error)) from None


def _between(F: Any, outer: Array, inner: Array) -> Array:
    return F.matmul(F.matmul(outer, inner), outer)


def _well_conditioned(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=shape) + 3 * np.eye(shape[-1])


basis_inverse = primitive("basis_inverse", evaluate=_basis_inverse, shortcut=_named_basis_inverse,
                          shape=square_to_square,
                          derivative=Decomposition(
                              lambda F, tangents, out, v: -_between(F, out, tangents[0]),
                              lambda F, g, out, v: (-_between(F, transposed(F, out), g),),
                              reason="every entry depends on every entry of the matrix, and not linearly"),
                          rule=BASIS, domain=Domain(text="a basis", sample=_well_conditioned),
                          examples=tuple(example(shape) for shape in _SHAPES))


def _eig_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, reached: Any) -> Array:
    w, v = values(F, out, "w"), rows(F, out, "V", 1)
    inverse = F.basis_inverse(v)
    change = F.matmul(F.matmul(inverse, tangents[0]), v)
    if "V" not in reached:
        return pack(F, diagonal_of(F, F.unsplit(change, w, inverse, of="eigenvalues"), w), F.zeros_like(v))
    y = F.matmul(v, F.over_gaps(change, w, change, inverse, of="eigenvalues"))
    along = F.sum(F.conj(v) * y, axis=(v.ndim - 2,), keepdims=True)
    return pack(F, diagonal_of(F, change, w), y - v * along)


def _eig_vjp(F: Any, g: Array, out: Array, a: Array, reached: Any, within: Any) -> Sequence[Array]:
    w, v = values(F, out, "w"), rows(F, out, "V", 1)
    inverse = F.basis_inverse(v)
    inner = None
    if "w" in reached and "V" in reached:
        g = F.told_apart(g, w, inverse, of="eigenvalues")
    if "V" in reached:
        n = F.phase_free(F.matmul(transposed(F, v), rows(F, g, "V", 1)), v, g, every=a.dtype.kind == "c")
        angles = F.matmul(transposed(F, v), F.conj(v))
        n = n - columns_times(F, angles, diagonal_of(F, n, w))
        inner = F.over_gaps(n, w, g, inverse, of="eigenvalues")
    if "w" in reached:
        weights = F.equal_weights(values(F, g, "w"), w, inverse, of="eigenvalues")
        diagonal = diagonal_matrix(F, weights)
        inner = diagonal if inner is None else inner + diagonal
    return (F.matmul(F.matmul(transposed(F, inverse), inner), transposed(F, v)),)


def _other_vectors(rng: np.random.Generator, out: Any, a: Any) -> Any:
    w, v = out[..., 0, :], out[..., 1:, :]
    equal = equal_values(w, np.linalg.pinv(v))
    turned = np.any(np.imag(v) != 0, axis=-2) | (a.dtype.kind == "c")  # a real vector of a real matrix has a sign only
    if np.sum(equal) <= w.size and not np.any(turned):
        return None
    mixed = turns(rng, equal, out.dtype if np.any(turned) else float)
    alone = ~turned & (equal.sum(-1) == 1)
    vectors = np.where(alone[..., None, :], v, v @ mixed)
    other = np.array(out)
    other[..., 1:, :] = vectors / np.linalg.norm(vectors, axis=-2, keepdims=True)
    return other


def _eigvals_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array) -> Array:
    v = rows(F, F.eig(a), "V", 1)
    inverse = F.basis_inverse(v)
    change = F.matmul(F.matmul(inverse, tangents[0]), v)
    return diagonal_of(F, F.unsplit(change, out, inverse, of="eigenvalues"), out)


def _eigvals_vjp(F: Any, g: Array, out: Array, a: Array) -> Sequence[Array]:
    v = rows(F, F.eig(a), "V", 1)
    inverse = F.basis_inverse(v)
    weights = F.equal_weights(g, out, inverse, of="eigenvalues")
    return (F.matmul(transposed(F, inverse), transposed(F, columns_times(F, v, weights))),)


def _with_real_values(rng: np.random.Generator, shape: Shape) -> Any:
    """Matrices that are not symmetric, with real eigenvalues that differ by about 1."""
    x = _symmetric(rng, shape)
    d = rng.uniform(0.5, 2, (*shape[:-2], shape[-1], 1))
    return d * x / np.swapaxes(d, -1, -2)


DIAGONALISABLE = Domain(text="a matrix whose eigenvalues differ", sample=_with_real_values)
_SQUARES = tuple(example(shape) for shape in _SHAPES)

eig = primitive("eig", evaluate=_eig, shape=_ValuesAndVectors(), dtype=_complex,
                derivative=Packed(_eig_jvp, _eig_vjp, reason="defined by the equation that its parts solve",
                                  choice=Choice(("V",), _other_vectors, _open_in_words,
                                                known=lambda a: _known(a, True))),
                rule=EIGENVECTORS, domain=DIAGONALISABLE, examples=_SQUARES)

eigvals = primitive("eigvals", evaluate=_eigvals, shape=square_to_vector, dtype=_complex,
                    derivative=Decomposition(_eigvals_jvp, _eigvals_vjp,
                                             reason="defined by the equation that the values solve"),
                    rule=EIGENVALUES, domain=DIAGONALISABLE, examples=_SQUARES)
