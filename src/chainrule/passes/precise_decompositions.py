"""How the decompositions compute with mpmath: by its own algorithms, or by their definition.

What a decomposition leaves open, signs and phases, the order of eigenvalues, a basis of a null space, is taken as NumPy
has it: vectors are turned to those of the floats, of which only the first digits count for that. A complex vector has
a whole circle of phases, so at a point that a difference has moved it is turned to the vector at the point itself: in
floats these are the same, and a phase that they set would change by as much as their rounding errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.core.registry import primitives
from chainrule.passes.precise_linalg import each, inverse, stacks

__all__ = ["DECOMPOSITIONS", "FOLLOWING"]

Array = np.ndarray[Any, Any]


def _adjoint(m: Any, x: Array) -> Array:
    return np.frompyfunc(m.conj, 1, 1)(np.swapaxes(x, -1, -2))


def _floats(m: Any, x: Array) -> Array:
    """The nearest floats."""
    is_complex = any(type(value) is m.mpc for value in x.flat)
    return np.array(np.frompyfunc(complex if is_complex else float, 1, 1)(x), complex if is_complex else float)


def _each_with_floats(name: str, function: Callable[..., Array]) -> Callable[..., Any]:
    """The function of each matrix of a stack and of what is near: what the floats have for it, or the value before."""

    def apply(m: Any, a: Array, *before: Array, **parameters: Any) -> Any:
        near = before[0] if before else np.asarray(primitives()[name].evaluate(_floats(m, a), **parameters))
        out = np.empty(near.shape, object)
        for place in stacks(a.shape[:-2]):
            out[place] = function(m, a[place], near[place], **parameters) if near[place].size else near[place]
        return out

    return apply


def _turned(m: Any, v: Array, near: Array) -> Any:
    """The number of modulus 1 that turns a vector to the one that is near."""
    along = sum((m.conj(x) * m.mpmathify(y) for x, y in zip(v, near.tolist(), strict=True)), m.zero)
    return along / abs(along)


def _columns_turned(m: Any, v: Array, near: Array) -> Array:
    """Each column turned to the near one, with the length 1."""
    columns = []
    for x, y in zip(v.T, near.T, strict=True):
        x = x / m.sqrt(sum((abs(entry) ** 2 for entry in x), m.zero))
        columns.append(x * _turned(m, x, y))
    return np.array(columns, object).T.reshape(v.shape)


def _completed(m: Any, q: Array, near: Array) -> Array:
    """The orthonormal columns q, and the near ones behind them made orthonormal: a basis of the null space."""
    columns = list(q.T)
    for y in near.T[len(columns) :]:
        x = np.array([m.mpmathify(entry) for entry in y.tolist()], object)
        for _ in range(2):  # once more, since the near one is orthogonal to sixteen digits only
            for c in columns:
                x = x - c * sum((m.conj(a) * b for a, b in zip(c, x, strict=True)), m.zero)
        columns.append(x / m.sqrt(sum((abs(entry) ** 2 for entry in x), m.zero)))
    return np.array(columns, object).T.reshape(near.shape)


def _array(x: Any, rows: int, columns: int) -> Array:
    return np.array(x.tolist(), object).reshape(rows, columns)


def _read_triangle(m: Any, a: Array, upper: bool) -> Array:
    a = _adjoint(m, a) if upper else a
    out = a.copy()
    for i in range(len(a)):
        out[i, i] = m.re(a[i, i])
        for j in range(i):
            out[j, i] = m.conj(a[i, j])
    return out


def _eigh(m: Any, a: Array, near: Array, UPLO: str) -> Array:
    n = len(a)
    w, v = m.eighe(m.matrix(_read_triangle(m, a, UPLO == "U").tolist()))
    v = _columns_turned(m, _array(v, n, n), near[1:])
    if not any(type(value) is m.mpc for value in a.flat):
        v = np.frompyfunc(m.re, 1, 1)(v)
    return np.concatenate([np.array(list(w), object)[None], v])


def _eigvalsh(m: Any, a: Array, near: Array, UPLO: str) -> Array:
    return np.array(list(m.eighe(m.matrix(_read_triangle(m, a, UPLO == "U").tolist()), eigvals_only=True)), object)


def _ordered(values: Sequence[Any], near: Array) -> list[int]:
    """Which value belongs to each of the near ones."""
    left = list(range(len(values)))
    return [left.pop(min(range(len(left)), key=lambda i: abs(complex(values[left[i]]) - y))) for y in near.tolist()]


def _eig(m: Any, a: Array, near: Array) -> Array:
    n = len(a)
    w, v = m.eig(m.matrix(a.tolist()))
    order = _ordered(w, near[0])
    vectors = _columns_turned(m, _array(v, n, n)[:, order], near[1:])
    return np.concatenate([np.array([m.mpc(w[i]) for i in order], object)[None], vectors])


def _eigvals(m: Any, a: Array, near: Array) -> Array:
    w, _ = m.eig(m.matrix(a.tolist()))
    return np.array([m.mpc(w[i]) for i in _ordered(w, near)], object)


def _svd(m: Any, a: Array, near: Array, full_matrices: bool) -> Array:
    rows, columns = a.shape
    k = min(a.shape)
    out = np.full(near.shape, m.zero, object)
    u, s, vh = m.svd(m.matrix(a.tolist()))
    u, v = _array(u, rows, k), _adjoint(m, _array(vh, k, columns))
    turns = [_turned(m, x, y) for x, y in zip(u.T, near[1 + columns :, :k].T, strict=True)]
    u, v = u * np.array(turns, object), v * np.array(turns, object)
    if full_matrices:
        v, u = _completed(m, v, near[1 : 1 + columns, :columns]), _completed(m, u, near[1 + columns :, :rows])
    out[0, :k] = list(s)
    out[1 : 1 + columns, : v.shape[1]] = v
    out[1 + columns :, : u.shape[1]] = u
    return out


def _svdvals(m: Any, a: Array, near: Array) -> Array:
    return np.array(list(m.svd(m.matrix(a.tolist()), compute_uv=False)), object)


def _qr(m: Any, a: Array, near: Array, complete: bool) -> Array:
    n = a.shape[1]
    k = min(a.shape)
    columns: list[Array] = []
    for x, y in zip(a.T[:k], near[n:, :k].T, strict=True):
        for _ in range(2):
            for c in columns:
                x = x - c * sum((m.conj(p) * q for p, q in zip(c, x, strict=True)), m.zero)
        x = x / m.sqrt(sum((abs(entry) ** 2 for entry in x), m.zero))
        columns.append(x * _turned(m, x, y))
    q = np.array(columns, object).T.reshape(len(a), k)
    r = np.dot(_adjoint(m, q), a)
    for i in range(k):  # zero by construction
        r[i, :i] = m.zero
    out = np.full(near.shape, m.zero, object)
    out[:n, :k] = r.T
    out[n:] = _completed(m, q, near[n:])
    return out


def _normal_solve(m: Any, a: Array, y: Array, rcond: float) -> Any:
    """(A^H A)^+ y, which is A^+ (A^+)^H y."""
    inverse = _pinv(m, a, rcond)
    return _product(inverse, _product(_adjoint(m, inverse), y))


def _pinv(m: Any, a: Array, rcond: float) -> Any:
    adjoint = _adjoint(m, a)
    if a.shape[-2] >= a.shape[-1]:
        return _product(inverse(m, _product(adjoint, a)), adjoint)
    return _product(adjoint, inverse(m, _product(a, adjoint)))


def _product(a: Array, b: Array) -> Array:
    """NumPy's product; of objects it has none over an axis of size 0."""
    if a.shape[-1] == 0:
        return np.zeros((*a.shape[:-1], b.shape[-1]), object)
    return np.matmul(a, b)


def _row(x: Array) -> Array:
    return x[..., None, :]


def _quotient(divisor: Callable[[Array], Array]) -> Callable[..., Any]:
    """x over a divisor of the values; where it is zero, zero by construction."""

    def divide(m: Any, x: Array, w: Array, like: Array, *basis: Array, **_: Any) -> Any:
        under = np.broadcast_to(divisor(w), x.shape)
        return np.frompyfunc(lambda a, b: m.zero if not b else a / b, 2, 1)(x, under)

    return divide


def _first(m: Any, x: Array, *_: Any, **__: Any) -> Any:
    return x


def _in_floats(name: str) -> Callable[..., Any]:
    return lambda m, a, **parameters: np.asarray(primitives()[name].evaluate(_floats(m, a), **parameters), object)


def _value_changes(m: Any, x: Array, w: Array, of: str) -> Any:
    return np.frompyfunc(m.re, 1, 1)(np.diagonal(x, axis1=-2, axis2=-1))


def _of_matrix(name: str) -> Callable[..., Array]:
    def function(m: Any, a: Array) -> Array:
        def value(rows: list[list[Any]]) -> Any:
            return getattr(m, name)(m.matrix(rows)).tolist() if rows else []

        return each(value, a, a.shape[-2:])

    return function


def _change_of(name: str) -> Callable[..., Array]:
    def function(m: Any, a: Array, e: Array) -> Array:
        n = a.shape[-1]
        a, e = np.broadcast_arrays(a, e)
        zeros = np.full(a.shape, m.zero, object)
        whole = np.concatenate([np.concatenate([a, e], -1), np.concatenate([zeros, a], -1)], -2)
        return _of_matrix(name)(m, whole)[..., :n, n:]

    return function


# What takes its own value at the point itself as a further operand, where a difference has moved it.
FOLLOWING = frozenset({"eig", "eigh"})

DECOMPOSITIONS: dict[str, Callable[..., Any]] = {
    "eigh": _each_with_floats("eigh", _eigh),
    "eigvalsh": _each_with_floats("eigvalsh", _eigvalsh),
    "eig": _each_with_floats("eig", _eig),
    "eigvals": _each_with_floats("eigvals", _eigvals),
    "svd": _each_with_floats("svd", _svd),
    "svdvals": _each_with_floats("svdvals", _svdvals),
    "qr": _each_with_floats("qr", _qr),
    "pinv": _pinv,
    "lstsq": lambda m, a, b, rcond: _product(_pinv(m, a, rcond), b),
    "normal_solve": _normal_solve,
    "unseen": lambda m, a, y, rcond: y - _product(_pinv(m, a, rcond), _product(a, y)),
    "matrix_rank": _in_floats("matrix_rank"),
    **{name: _of_matrix(name) for name in ("expm", "logm", "sqrtm")},
    **{f"{name}_change": _change_of(name) for name in ("expm", "logm", "sqrtm")},
    "basis_inverse": inverse,
    "over_gaps": _quotient(lambda w: w[..., None, :] - w[..., :, None]),
    "over_sums": _quotient(lambda w: w[..., None, :] + w[..., :, None]),
    "over_values": _quotient(_row),
    "value_changes": _value_changes,
    **dict.fromkeys(
        ("equal_weights", "told_apart", "known_basis", "phase_free", "of_space", "unsplit", "independent", "same_rank"),
        _first,
    ),
}
