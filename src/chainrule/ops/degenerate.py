"""What the rules of decompositions divide by, gaps between values, and what holds where values coincide.

Values count as equal if they differ by no more than rounding can have moved them. There the vectors are any basis of
their common space, so the derivative exists only for functions that do not depend on it. What such a function has to
satisfy is checked here, and answered with the right number; what does not satisfy it raises and names the values.
`DegeneracyError` is raised by the shortcuts: the functions themselves are printed into source that is taken away, and
raise NumPy's own error there.

- `over_gaps`: x_ij / (w_j - w_i). Where w_i = w_j the block of x must be diagonal, and gives 0.
- `over_sums`, `over_values`: x_ij / (s_i + s_j), x_ij / s_j. Where the divisor is zero x must be, and gives 0.
- `equal_weights`: the cotangents of eigenvalues. Those of equal ones must be equal.
- `told_apart`: the cotangents of values and vectors together. Of equal values those of the vectors must be 0: whether
  they are used as in V phi(w) V^H, whose derivative has the slope of phi in it, cannot be seen in them.
- `known_basis`: that vectors which are read are known, in a graph, which no one runs with others.
- `phase_free`: that a function does not depend on the phases of complex vectors.
- `of_space`: that it does not depend on the basis of a null space.
- `value_changes`: how values move at first order; equal ones by the eigenvalues of their block (Kato, II.5.4).

Source: Kato (1995), Perturbation theory for linear operators; Magnus (1985), On differentiating eigenvalues and
eigenvectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from chainrule.core.coincidence import blocks_of, equal_values, rounding_level, tied_values
from chainrule.core.derivative import Custom, Linear
from chainrule.core.domain import Domain
from chainrule.core.matrices import (
    diagonal_matrix,
    diagonal_of,
    matrices_and_values,
    matrices_together,
    values_of_matrices,
    values_together,
)
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Dtype, Shape, join_dtypes
from chainrule.errors import DegeneracyError
from chainrule.ops import rules

GAPS = Rule("quotient by gaps", "(u_ij / (w_j - w_i))' = (u_ij' - (w_j' - w_i') u_ij / (w_j - w_i)) / (w_j - w_i)")

# The functions below stand alone: their source is printed into code that is taken away.


def _small(like: Any) -> Any:
    """What counts as zero beside an array: more than rounding leaves, and less than what would be seen in a result."""
    scale = np.max(np.abs(like), axis=(-2, -1), keepdims=True, initial=0)
    return np.finfo(like.dtype).eps ** 0.75 * scale


def _place(where: Any) -> Any:
    """The first component that a mask names, and the words for the matrix of a stack that it is in."""
    place = [int(k) for k in np.argwhere(where)[0]]
    depth = where.ndim - 2
    return place, f" of matrix {tuple(place[:depth])} of the stack" if depth else ""


def _refuse_pair(bad: Any, w: Any, of: Any, why: Any) -> None:
    """Raise for the first pair of equal values in `bad`."""
    if np.any(bad):
        place, where = _place(bad)
        i, j = sorted(place[-2:])
        own = w[tuple(place[:-2])]
        raise np.linalg.LinAlgError(
            f"{of} {i} and {j}{where} are equal within rounding: {own[i]:.9g} and {own[j]:.9g}, "
            f"{abs(own[i] - own[j]):.1e} apart\n  {why}"
        )


def _refuse_zero(bad: Any, s: Any, why: Any) -> None:
    """Raise for the first singular value that is zero, the last index of `bad`."""
    if np.any(bad):
        place, where = _place(bad)
        own = s[tuple(place[:-2])]
        raise np.linalg.LinAlgError(
            f"singular value {place[-1]}{where} is zero within rounding: {own[place[-1]]:.1e} beside {own[0]:.9g}\n"
            f"  {why}"
        )


def _refuse_split(x: Any, w: Any, like: Any, of: Any, *basis: Any, uneven: Any = False) -> Any:
    """Where values are equal; raises if a block of x there is no diagonal, or with `uneven` no multiple of 1."""
    equal = equal_values(w, *basis)
    small = _small(like)
    pairs = equal & ~np.eye(w.shape[-1], dtype=bool)
    bad = np.abs(x) > small
    if uneven:
        diagonal = np.diagonal(x, axis1=-2, axis2=-1)
        bad = bad | (np.abs(diagonal[..., None, :] - diagonal[..., :, None]) > small)
    why = (
        "their vectors are an arbitrary basis of a common space, on which this derivative depends: it does not exist\n"
        "  use a function of the space, such as V_b @ V_b.T; for values alone use eigvalsh, svdvals or eigvals"
    )
    _refuse_pair(pairs & bad, w, of, why)
    return equal


def _over_gaps(x: Any, w: Any, like: Any, *basis: Any, of: Any) -> Any:
    equal = _refuse_split(x, w, like, of, *basis)
    gap = w[..., None, :] - w[..., :, None]
    return np.where(equal, 0, x / np.where(equal, 1, gap))


def _over_sums(x: Any, s: Any, like: Any) -> Any:
    total = s[..., None, :] + s[..., :, None]
    zero = total <= rounding_level(s)[..., None, :]
    why = "the vectors that belong to it are arbitrary, and this derivative depends on them: it does not exist"
    _refuse_zero(zero & (np.abs(x) > _small(like)), s, why)
    return np.where(zero, 0, x / np.where(zero, 1, total))


def _over_values(x: Any, s: Any, like: Any) -> Any:
    zero = (s <= rounding_level(s))[..., None, :]
    why = "the vectors that belong to it are arbitrary, and this derivative depends on them: it does not exist"
    _refuse_zero(zero & (np.abs(x) > _small(like)), s, why)
    return np.where(zero, 0, x / np.where(zero, 1, s[..., None, :]))


def _equal_weights(g: Any, w: Any, *basis: Any, of: Any) -> Any:
    equal = equal_values(w, *basis)
    # The gradient is uncertain by the difference of the weights: below half the digits that is no harm.
    small = np.sqrt(np.finfo(w.dtype).eps) * np.max(np.abs(g), axis=-1, initial=0)[..., None, None]
    why = (
        "this function gives them different weights, and each by itself has a kink here: there is no derivative\n"
        "  use a function in which they count alike, such as a sum over both, or move them apart"
    )
    if of == "singular values":  # at zero each is a modulus, whose derivative is taken as 0
        g = np.where(w <= rounding_level(w), 0, g)
    _refuse_pair(equal & (np.abs(g[..., None, :] - g[..., :, None]) > small), w, of, why)
    return (np.where(equal, g[..., None, :], 0).sum(-1) / equal.sum(-1)).astype(g.dtype)


def _told_apart(g: Any, w: Any, *basis: Any, of: Any) -> Any:
    used = np.any(g[..., 1:, : w.shape[-1]] != 0, axis=-2)
    pairs = equal_values(w, *basis) & ~np.eye(w.shape[-1], dtype=bool)
    why = (
        "this function uses both the values and the vectors: what its derivative is cannot be told from these\n"
        "  for values alone use eigvalsh or svdvals, for the space alone the vectors; for a function of a matrix, as\n"
        "  V @ diag(f(w)) @ V.T, one that needs no vectors: solve, inv, matrix_power, chainrule.special.expm"
    )
    _refuse_pair(pairs & (used[..., None, :] | used[..., :, None]), w, of, why)
    if of == "singular values":
        _refuse_zero(((w <= rounding_level(w)) & used)[..., None, :], w, why)
    return g


def _known_basis(g: Any, out: Any, of: Any, values: Any, general: Any, read: Any, seen: Any) -> Any:
    tied = tied_values(out, of, values, general, read)
    for pair in seen:
        tied[pair] = False
    why = (
        "their vectors are an arbitrary basis of a common space, and whether the choice matters is found by running\n"
        "  the function again, which this code does not: chainrule.grad does"
    )
    _refuse_pair(tied, np.real(out[..., 0, :values]), of, why)
    return g


def _phase_free(x: Any, v: Any, like: Any, every: Any) -> Any:
    turned = np.abs(np.imag(np.diagonal(x, axis1=-2, axis2=-1)))
    bad = turned > _small(like)[..., 0]
    if not every:  # a real vector of a real matrix has a sign, but no phase
        bad = bad & np.any(np.imag(v) != 0, axis=-2)
    if np.any(bad):
        place, where = _place(bad[..., None, :])
        raise np.linalg.LinAlgError(
            f"the function depends on the phase of vector {place[-1]}{where}: a complex vector times any number of "
            "modulus 1 is as good\n  use a function in which phases cancel, such as abs(v)**2 or v v^H"
        )
    return x


def _of_space(g: Any, q: Any) -> Any:
    n = np.conj(np.swapaxes(q, -1, -2)) @ g
    bad = np.abs(n - np.conj(np.swapaxes(n, -1, -2))) / 2 > _small(g)
    if np.any(bad):
        _, where = _place(bad)
        raise np.linalg.LinAlgError(
            f"the function depends on the basis of a null space{where}, which is arbitrary: it has no derivative\n"
            "  use a function of the space, such as Q2 @ Q2.T, or leave it out: full_matrices=False, mode='reduced'"
        )
    return g


def _value_changes(x: Any, w: Any, of: Any) -> Any:
    changes = np.array(np.real(np.diagonal(x, axis1=-2, axis2=-1)))
    equal = equal_values(w)
    falling = of == "singular values"
    for place in np.ndindex(w.shape[:-1]):
        for block in blocks_of(equal[place]):
            if len(block) > 1:
                hermitian = x[place][np.ix_(block, block)]
                moves = np.linalg.eigvalsh((hermitian + np.conj(hermitian.T)) / 2)
                changes[place][block] = moves[::-1] if falling else moves
    zero = w <= rounding_level(w) if falling else np.zeros(w.shape, bool)
    return np.where(zero, 0, changes).astype(changes.dtype)


# The rules


def _named(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, raising the error of this library."""

    @wraps(function)
    def named(*operands: Any, **parameters: Any) -> Any:
        try:
            return function(*operands, **parameters)
        except np.linalg.LinAlgError as error:
            raise DegeneracyError(str(error)) from None

    return named


def _row(F: Any, w: Array) -> Array:
    return F.expand_dims(w, axis=(w.ndim - 1,))


def _column(F: Any, w: Array) -> Array:
    return F.expand_dims(w, axis=(w.ndim,))


def _along(F: Any, x: Array, axis: int) -> Array:
    return F.sum(x, axis=(x.ndim + axis,), keepdims=False)


def _quotient(name: str, spread: Callable[..., Array], gathered: Callable[..., Array]) -> Custom:
    """The rules of a quotient of matrices whose divisor is linear in the values.

    Args:
        name: of the primitive.
        spread: the divisor of values, `(F, w)`.
        gathered: its transpose, `(F, x)`.
    """

    def jvp(F: Any, tangents: Sequence[Array | None], out: Array, x: Array, w: Array, like: Array, *basis: Array,
            **given: Any) -> Array:
        dx, dw, scale = tangents[:3]
        moved = dx
        if dw is not None:
            fixed = out * spread(F, dw)
            moved = -fixed if dx is None else dx - fixed
        if moved is None:
            return F.zeros_like(out)
        return getattr(F, name)(moved, w, moved if scale is None else scale, *basis, **given)

    def vjp(F: Any, g: Array, out: Array, x: Array, w: Array, like: Array, *basis: Array,
            **given: Any) -> Sequence[Any]:
        divide = getattr(F, name)

        def to_values() -> Array:
            product = g * out
            return -gathered(F, divide(product, w, product, *basis, **given))

        return (lambda: divide(g, w, g, *basis, **given)), to_values, *[None] * (1 + len(basis))

    return Custom(jvp, vjp, reason="divided by differences of values, and a zero by construction where they are equal")


def _equal_weights_jvp(F: Any, tangents: Sequence[Array | None], out: Array, x: Array, *_: Array, **__: Any) -> Array:
    return F.zeros_like(out) if tangents[0] is None else tangents[0]


def _equal_weights_vjp(F: Any, g: Array, out: Array, x: Array, w: Array, *basis: Array, of: str) -> Sequence[Any]:
    return g, None, *[None] * len(basis)


def _value_changes_jvp(F: Any, tangents: Sequence[Array | None], out: Array, x: Array, w: Array, of: str) -> Array:
    if tangents[0] is None:  # the values only say which of them are equal
        return F.zeros_like(out)
    return F.real(diagonal_of(F, F.unsplit(tangents[0], w, of=of), w))


def _value_changes_vjp(F: Any, g: Array, out: Array, x: Array, w: Array, of: str) -> Sequence[Any]:
    return diagonal_matrix(F, F.equal_weights(g, w, of=of)), None


def _unsplit(x: Any, w: Any, *basis: Any, of: Any) -> Any:
    _refuse_split(x, w, x, of, *basis, uneven=True)
    return x


def _first(x: Dtype, *_: Dtype, **__: Any) -> Dtype:
    return np.dtype(x)


def _quotient_dtype(x: Dtype, w: Dtype, *_: Dtype, **__: Any) -> Dtype:
    return join_dtypes(x, w)


def _real(x: Dtype, *_: Dtype, **__: Any) -> Dtype:
    return np.empty(0, x).real.dtype


def _distinct(rng: np.random.Generator, shape: Shape) -> Any:
    """Positive numbers that differ, in falling order along the last axis."""
    return np.arange(shape[-1], 0, -1) + rng.uniform(-0.3, 0.3, shape)


DISTINCT = Domain(text="values that differ", sample=_distinct)
_SHAPES: tuple[tuple[Shape, Shape], ...] = (((3, 3), (3,)), ((2, 3, 3), (2, 3)), ((1, 1), (1,)), ((0, 0), (0,)))
_GAPS = tuple(example(x, w, np.ones(x), of="eigenvalues") for x, w in _SHAPES)
_OF = tuple(example(x, w, of="eigenvalues") for x, w in _SHAPES)
_VECTORS = tuple(example(w, w, of=of) for _, w in _SHAPES for of in ("eigenvalues", "singular values"))

over_gaps = primitive("over_gaps", evaluate=_over_gaps, shortcut=_named(_over_gaps), shape=matrices_and_values,
                      dtype=_quotient_dtype,
                      derivative=_quotient("over_gaps", lambda F, w: _row(F, w) - _column(F, w),
                                           lambda F, x: _along(F, x, -2) - _along(F, x, -1)),
                      rule=GAPS, domain=DISTINCT, examples=_GAPS)

over_sums = primitive("over_sums", evaluate=_over_sums, shortcut=_named(_over_sums), shape=matrices_and_values,
                      dtype=_quotient_dtype,
                      derivative=_quotient("over_sums", lambda F, w: _row(F, w) + _column(F, w),
                                           lambda F, x: _along(F, x, -2) + _along(F, x, -1)),
                      rule=GAPS, domain=DISTINCT, examples=tuple(example(x, w, np.ones(x)) for x, w in _SHAPES))

over_values = primitive("over_values", evaluate=_over_values, shortcut=_named(_over_values), shape=matrices_and_values,
                        dtype=_quotient_dtype,
                        derivative=_quotient("over_values", _row, lambda F, x: _along(F, x, -2)),
                        rule=GAPS, domain=DISTINCT,
                        examples=tuple(example(x, w, np.ones(x)) for x, w in (*_SHAPES, ((4, 2), (2,)))))

equal_weights = primitive("equal_weights", evaluate=_equal_weights, shortcut=_named(_equal_weights),
                          shape=values_together, dtype=_first,
                          derivative=Custom(_equal_weights_jvp, _equal_weights_vjp,
                                            reason="the operand itself, which is checked where values are equal"),
                          rule=rules.LINEAR_MAP, domain=DISTINCT, examples=_VECTORS)

told_apart = primitive("told_apart", evaluate=_told_apart, shortcut=_named(_told_apart), shape=matrices_and_values,
                       dtype=_first,
                       derivative=Linear(lambda F, g, out, x, w, *basis, of: g),
                       rule=rules.LINEAR_MAP, domain=DISTINCT,
                       examples=tuple(example(x, w, of="eigenvalues") for x, w in (((4, 3), (3,)), ((2, 1), (1,)))))

known_basis = primitive("known_basis", evaluate=_known_basis, shortcut=_named(_known_basis), shape=matrices_together,
                        dtype=_first,
                        derivative=Linear(lambda F, g, out, x, packed, of, values, general, read, seen: g),
                        rule=rules.LINEAR_MAP, domain=DISTINCT,
                        examples=tuple(example(x, x, of="eigenvalues", values=x[-1], general=False, read=None, seen=())
                                       for x in ((4, 3), (2, 3, 2))))

phase_free = primitive("phase_free", evaluate=_phase_free, shortcut=_named(_phase_free), shape=matrices_together,
                       dtype=_first,
                       derivative=Linear(lambda F, g, out, x, v, like, every: g),
                       rule=rules.LINEAR_MAP, examples=tuple(example(x, x, x, every=True) for x, _ in _SHAPES))

of_space = primitive("of_space", evaluate=_of_space, shortcut=_named(_of_space), shape=matrices_together,
                     dtype=_first,
                     derivative=Linear(lambda F, g, out, x, q: g),
                     rule=rules.LINEAR_MAP, examples=(example((3, 1), (3, 1)), example((2, 3, 1), (2, 3, 1))))

unsplit = primitive("unsplit", evaluate=_unsplit, shortcut=_named(_unsplit), shape=matrices_and_values, dtype=_first,
                    derivative=Linear(lambda F, g, out, x, w, *basis, of: g),
                    rule=rules.LINEAR_MAP, domain=DISTINCT, examples=_OF)

# `x` is the change of the matrix in the basis of its vectors. The values keep their order, so those of a block move
# apart in it: the derivative along the direction given, one-sided where it splits a block.
value_changes = primitive("value_changes", evaluate=_value_changes, shape=values_of_matrices, dtype=_real,
                          derivative=Custom(_value_changes_jvp, _value_changes_vjp,
                                            reason="the diagonal of a matrix, and eigenvalues of its blocks"),
                          rule=rules.LINEAR_MAP, domain=DISTINCT, examples=_OF)
