"""The singular value decomposition A = U diag(s) V^H, and the singular values alone.

Conventions:

- The result of `svd` is packed: the singular values, the rows of V, then the rows of U, in as many columns as U and V
  have at most; a narrower part has zeros beside it. NumPy's V^H is the adjoint of V.
- With P = U^H dA V the singular values change by the real part of its diagonal. The vectors turn by
  U^H dU = (X + Y) / 2 and V^H dV = (X - Y) / 2, where X = (P + P^H)_ij / (s_j - s_i), Y = (P - P^H)_ij / (s_j + s_i):
  the quotient by s_j^2 - s_i^2 of the literature, in two parts that keep their digits where s_i is close to s_j.
- A pair u, v has a common sign, which NumPy's keep, or a common phase, on which a function must not depend.
- `full_matrices` adds a basis of the null space. It is arbitrary, so only the space that it spans has a derivative.
- A singular value of zero has a kink as |x| has; its derivative is taken as 0.
- Where singular values are equal within rounding, see `degenerate`.

Source: Giles (2008), Collected matrix derivative results, section 3.2; Townsend (2016), Differentiating the singular
value decomposition; Wan and Zhang (2019), Automatic differentiation for complex valued SVD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.coincidence import (
    equal_values,
    first_pair,
    gradient_of_blocks,
    rounding_level,
    turn_apart,
    turns,
    unitary,
)
from chainrule.core.domain import Domain, Kink
from chainrule.core.labels import Labels, leading_labels
from chainrule.core.matrices import adjoint, columns_times, conjugate, diagonal_matrix, diagonal_of
from chainrule.core.packed import Choice, Decomposition, Packed, pack, rows, values
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule, join_floating
from chainrule.errors import DegeneracyError, ShapeError

SINGULAR_VALUES = Rule("derivative of singular values", "U = P diag(s) Q^H gives ds_i = Re(p_i^H dU q_i)")
SINGULAR_VECTORS = Rule("derivative of the singular value decomposition",
                        "U = P diag(s) Q^H gives dP = P (X + Y) / 2 and dQ = Q (X - Y) / 2 within the two spaces")


@dataclass(frozen=True)
class _SingularShape(ShapeRule):
    """Matrices become their singular values, alone or on top of the vectors on both sides."""

    vectors: bool

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        (shape,) = shapes
        if len(shape) < 2:
            raise ShapeError(f"a matrix is needed, or a stack of them, not shape {shape}")
        m, n = shape[-2:]
        if not self.vectors:
            return (*shape[:-2], min(m, n))
        return (*shape[:-2], 1 + n + m, max(m, n) if parameters["full_matrices"] else min(m, n))

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return leading_labels(shapes, self.infer(shapes, parameters), [2], 2 if self.vectors else 1)


def _svd(a: Any, full_matrices: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=full_matrices)
    v = np.conj(np.swapaxes(vh, -1, -2))
    m, n = a.shape[-2:]
    out = np.zeros((*a.shape[:-2], 1 + n + m, max(u.shape[-1], v.shape[-1])), u.dtype)
    out[..., 0, : s.shape[-1]] = s
    out[..., 1 : 1 + n, : v.shape[-1]] = v
    out[..., 1 + n :, : u.shape[-1]] = u
    return out


def _svdvals(a: Any) -> Any:
    return np.linalg.svd(a, compute_uv=False)


def _real_part(F: Any, x: Array) -> Array:
    return F.real(x) if x.dtype.kind == "c" else x


def _thin(F: Any, x: Array, shape: Shape) -> tuple[Array, Array, Array]:
    """The singular values, V and U, without a basis of the null space."""
    m, n = shape[-2:]
    k = min(m, n)
    return _real_part(F, values(F, x, "s", k)), rows(F, x, "V", 1, 1 + n, k), rows(F, x, "U", 1 + n, None, k)


def _null(F: Any, x: Array, start: int, stop: int | None, k: int, count: int) -> Array:
    """The columns from k on, up to `count`, of some rows; contiguous, since of a column with gaps NumPy's two products
    round differently.
    """
    return F.copy(F.getitem(x, pattern=(Ellipsis, slice(start, stop), slice(k, count))))


def _beside(F: Any, v: Array, x: Array) -> Array:
    """What of the columns of x is orthogonal to those of v."""
    return x - F.matmul(v, F.matmul(adjoint(F, v), x))


def _svd_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, full_matrices: bool,
             reached: Any) -> Array:
    (change,) = tangents
    m, n = a.shape[-2:]
    k = min(m, n)
    s, v, u = _thin(F, out, a.shape)
    if "V" not in reached and "U" not in reached:
        return _of_values_alone(F, change, s, v, u, out)
    av, ua = F.matmul(change, v), F.matmul(adjoint(F, change), u)
    p = F.matmul(adjoint(F, u), av)
    q = adjoint(F, p)
    x = F.over_gaps(p + q, s, p, of="singular values")
    y = F.over_sums(p - q, s, p)
    du, dv = F.matmul(u, (x + y) / 2), F.matmul(v, (x - y) / 2)
    if m > k:
        du = du + F.over_values(_beside(F, u, av), s, av)
    if n > k:
        dv = dv + F.over_values(_beside(F, v, ua), s, ua)
    ds = _real_part(F, diagonal_of(F, p, s))
    if full_matrices and m != n:
        # The basis of the null space follows the turning of the others, and does not turn in itself.
        wide = n > m
        null = _null(F, out, *((1, 1 + n, k, n) if wide else (1 + n, None, k, m)))
        turned = F.matmul(adjoint(F, null), dv if wide else du)
        follow = -F.matmul(v if wide else u, adjoint(F, turned))
        ds = F.concatenate(ds, F.zeros_like(F.getitem(out, pattern=(Ellipsis, 0, slice(k, None)))), axis=ds.ndim - 1)
        beside = F.zeros_like(_null(F, out, *((1 + n, None, k, n) if wide else (1, 1 + n, k, m))))
        axis = du.ndim - 1
        dv = F.concatenate(dv, follow if wide else beside, axis=axis)
        du = F.concatenate(du, beside if wide else follow, axis=axis)
    return pack(F, ds, dv, du)


def _of_values_alone(F: Any, change: Array, s: Array, v: Array, u: Array, out: Array) -> Array:
    moves = F.value_changes(F.matmul(adjoint(F, u), F.matmul(change, v)), s, of="singular values")
    rest = F.zeros_like(F.getitem(out, pattern=(Ellipsis, 0, slice(s.shape[-1], None))))
    below = F.zeros_like(F.getitem(out, pattern=(Ellipsis, slice(1, None), slice(None))))
    return pack(F, moves if rest.shape[-1] == 0 else F.concatenate(moves, rest, axis=moves.ndim - 1), below)


def _svd_vjp(F: Any, g: Array, out: Array, a: Array, full_matrices: bool, reached: Any,
             within: Any) -> Sequence[Array]:
    s, v, u = _thin(F, out, a.shape)
    if "V" not in reached and "U" not in reached:
        return (_of_values(F, _thin(F, g, a.shape)[0], s, v, u),)
    if "s" in reached and within is None:
        g = F.told_apart(g, s, of="singular values")
    m, n = a.shape[-2:]
    k = min(m, n)
    weights, gv, gu = _thin(F, g, a.shape)
    gu, gv = conjugate(F, gu), conjugate(F, gv)
    if full_matrices and m != n:
        wide = n > m
        where = (1, 1 + n, k, n) if wide else (1 + n, None, k, m)
        null = _null(F, out, *where)
        in_null = F.of_space(conjugate(F, _null(F, g, *where)), null)
        follow = F.matmul(null, adjoint(F, F.matmul(adjoint(F, v if wide else u), in_null)))
        gu, gv = (gu, gv - follow) if wide else (gu - follow, gv)
    nu, nv = F.matmul(adjoint(F, u), gu), F.matmul(adjoint(F, v), gv)
    together, apart = nu + nv, nu - nv
    if together.dtype.kind == "c":
        together = F.phase_free(together, u, g, every=True)
    inner = F.over_gaps((together - adjoint(F, together)) / 2, s, g, of="singular values")
    inner = inner + F.over_sums((apart - adjoint(F, apart)) / 2, s, g)
    if "s" in reached:
        weights = (F.equal_weights(weights, s, of="singular values") if within is None
                   else F.where(within[1], weights, 0.0))
        inner = inner + diagonal_matrix(F, weights)
    total = F.matmul(F.matmul(u, inner), adjoint(F, v))
    if m > k:
        total = total + F.matmul(F.over_values(_beside(F, u, gu), s, g), adjoint(F, v))
    if n > k:
        total = total + F.matmul(u, adjoint(F, F.over_values(_beside(F, v, gv), s, g)))
    return (conjugate(F, total if within is None else total + within[0]),)


def _other_vectors(rng: np.random.Generator, out: Any, a: Any, full_matrices: bool) -> Any:
    m, n = a.shape[-2:]
    k, null = min(m, n), abs(m - n) if full_matrices else 0
    s, other = np.real(out[..., 0, :k]), np.array(out)
    equal, zero = equal_values(s), s <= rounding_level(s)
    if out.dtype.kind != "c" and np.sum(equal) <= s.size and not np.any(zero) and null < 2:
        return None
    right, left = other[..., 1 : 1 + n, :], other[..., 1 + n :, :]
    turn = turns(rng, equal, out.dtype)
    right[..., :k] = right[..., :k] @ turn
    for place in map(tuple, np.argwhere(np.any(zero, axis=-1))):  # the two sides of zero do not know of each other
        block = np.flatnonzero(zero[place])
        turn[place][np.ix_(block, block)] = -unitary(rng, len(block), out.dtype) @ turn[place][np.ix_(block, block)]
    left[..., :k] = left[..., :k] @ turn
    if null:
        side = left if m > n else right
        side[..., k:] = side[..., k:] @ turns(rng, np.ones((*s.shape[:-1], null, null), bool), out.dtype)
    return other


def _moved_apart(rng: np.random.Generator, out: Any, a: Any, tangent: Any, full_matrices: bool) -> Any:
    n, k = a.shape[-1], min(a.shape[-2:])
    other = _other_vectors(rng, out, a, full_matrices)
    other = np.array(out) if other is None else other
    s, v, u = np.real(out[..., 0, :k]), other[..., 1 : 1 + n, :k], other[..., 1 + n :, :k]
    equal = equal_values(s) & (s > rounding_level(s))[..., None]
    turn_apart(np.conj(np.swapaxes(u, -1, -2)) @ tangent @ v, equal, -1, v, u)
    return other


def _known(a: Array, full_matrices: bool) -> Mapping[str, Any]:
    return {"of": "singular values", "values": min(a.shape[-2:]), "general": False}


def _open_in_words(out: Any, a: Any, full_matrices: bool) -> str:
    m, n = a.shape[-2:]
    s = np.real(out[..., 0, : min(m, n)])
    found = first_pair(s, equal_values(s), "singular values")
    if not found and np.any(s <= rounding_level(s)):
        found = f"singular value {int(np.argwhere(s <= rounding_level(s))[0][-1])} is zero within rounding"
    if not found and full_matrices and abs(m - n) > 1:
        found = f"the last {abs(m - n)} vectors are any basis of a null space"
    return found or "complex singular vectors have any phase"


def _within_blocks(samples: Any, reached: Any, a: Any, full_matrices: bool) -> Any:
    if "s" not in reached or not ("V" in reached or "U" in reached):
        return None
    n = a.shape[-1]
    k = min(a.shape[-2:])
    first = samples(1)[0][0]
    s = np.real(first[..., 0, :k])
    zero = s <= rounding_level(s)
    for _, g in samples(2):
        # Beside a null space on one side only, the vectors of zero are more than these two.
        read = np.any(g[..., 1:, :k] != 0, axis=-2) | (g[..., 0, :k] != 0) & (a.shape[-2] != n)
        if np.any(zero & read):
            place = [int(i) for i in np.argwhere(zero & read)[0]]
            where = f" of matrix {tuple(place[:-1])} of the stack" if place[:-1] else ""
            raise DegeneracyError(
                f"singular value {place[-1]}{where} is zero within rounding, and this function uses both the values and"
                " the vectors, which are arbitrary there: what its derivative is cannot be told from these\n"
                "  for values alone use svdvals; for a function of a matrix one without vectors: solve, inv, pinv"
            )
    equal = equal_values(s) & ~zero[..., None]
    return gradient_of_blocks(samples, equal, first[..., 1 + n :, :k], first[..., 1 : 1 + n, :k])


def _of_values(F: Any, g: Array, s: Array, v: Array, u: Array) -> Array:
    weights = F.equal_weights(g, s, of="singular values")
    return conjugate(F, F.matmul(columns_times(F, u, weights), adjoint(F, v)))


def _svdvals_jvp(F: Any, tangents: Sequence[Array | None], out: Array, a: Array) -> Array:
    _, v, u = _thin(F, F.svd(a, full_matrices=False), a.shape)
    return F.value_changes(F.matmul(adjoint(F, u), F.matmul(tangents[0], v)), out, of="singular values")


def _svdvals_vjp(F: Any, g: Array, out: Array, a: Array) -> Sequence[Array]:
    _, v, u = _thin(F, F.svd(a, full_matrices=False), a.shape)
    return (_of_values(F, g, out, v, u),)


def _level(out: Any) -> Any:
    return 10 * out.shape[-1] * np.finfo(out.dtype).eps * np.max(out, axis=-1, keepdims=True, initial=0)


def _equal_values(out: Any, a: Any) -> Any:
    """Whether neighbours of sorted values are equal within rounding, for each matrix of a stack."""
    out = np.asarray(out)
    return np.any(np.abs(np.diff(out)) <= _level(out), axis=-1, keepdims=True)


def _zero_values(out: Any, a: Any) -> Any:
    out = np.asarray(out)
    return out <= _level(out)


def _apart(rng: np.random.Generator, shape: Shape) -> Any:
    """Matrices whose singular values differ by about 1, and from zero."""
    x = rng.normal(size=shape)
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return (u * (np.arange(s.shape[-1], 0, -1) + rng.uniform(-0.3, 0.3, s.shape))[..., None, :]) @ vh


def _real(a: Dtype) -> Dtype:
    return np.empty(0, join_floating(a)).real.dtype


APART = Domain(text="a matrix whose singular values differ", sample=_apart)
_SHAPES = ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1), (2, 1, 3), (0, 0), (0, 2, 2), (3, 0), (0, 2))

svd = primitive("svd", evaluate=_svd, shape=_SingularShape(vectors=True), dtype=lambda a, **_: join_floating(a),
                derivative=Packed(_svd_jvp, _svd_vjp, reason="defined by the equations that its parts solve",
                                  choice=Choice(("V", "U"), _other_vectors, _open_in_words, _within_blocks,
                                              _moved_apart, _known)),
                rule=SINGULAR_VECTORS, domain=APART,
                examples=(*(example(shape, full_matrices=False) for shape in _SHAPES),
                          *(example(shape, full_matrices=True) for shape in ((3, 3), (3, 2), (2, 2, 3)))))

svdvals = primitive("svdvals", evaluate=_svdvals, shape=_SingularShape(vectors=False), dtype=_real,
                    derivative=Decomposition(_svdvals_jvp, _svdvals_vjp,
                                             reason="defined by the equations that the values solve"),
                    rule=SINGULAR_VALUES, examples=tuple(example(shape) for shape in _SHAPES),
                    domain=Domain(text=APART.text, sample=_apart, kinks=(
                        Kink(_equal_values, "singular values that coincide: each has a kink, a function of all none"),
                        Kink(_zero_values, "a singular value of zero: its derivative is taken as 0"))))
