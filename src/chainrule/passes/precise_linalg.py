"""How linear algebra computes with mpmath. Matrices are taken one by one as lists of rows: stacks are small, and
exactness is what counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

__all__ = ["LINALG", "each", "inverse", "stacks"]

Array = np.ndarray[Any, Any]
Matrix = list[list[Any]]


def stacks(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return product(*map(range, shape))


def each(function: Callable[[Matrix], Any], a: Array, shape: tuple[int, ...]) -> Any:
    """The function of each matrix of a stack; `shape` is that of its result."""
    out = np.empty(a.shape[:-2] + shape, object)
    for place in stacks(a.shape[:-2]):
        found = function(a[place].tolist())
        if shape:
            out[place] = np.array(found, object).reshape(shape)
        else:
            out[place] = found
    return out


def _eliminated(m: Any, a: Matrix, b: Matrix) -> tuple[Any, Matrix]:
    """The determinant of A, and A^-1 B, by Gauss and Jordan with the largest pivot; NaN if A is singular."""
    n = len(a)
    rows = [[*left, *right] for left, right in zip(a, b, strict=True)]
    determinant = m.one
    for k in range(n):
        best = max(range(k, n), key=lambda i: abs(rows[i][k]))
        if not rows[best][k]:
            return m.zero, [[m.nan] * len(right) for right in b]
        if best != k:
            rows[k], rows[best] = rows[best], rows[k]
            determinant = -determinant
        pivot = rows[k][k]
        determinant *= pivot
        rows[k] = [v / pivot for v in rows[k]]
        for i in range(n):
            factor = rows[i][k]
            if i != k and factor:
                rows[i] = [v - factor * w for v, w in zip(rows[i], rows[k], strict=True)]
    return determinant, [row[n:] for row in rows]


def _determinant(m: Any, a: Matrix) -> Any:
    return _eliminated(m, a, [[] for _ in a])[0]


def _without(a: Matrix, i: int, j: int) -> Matrix:
    return [row[:j] + row[j + 1 :] for k, row in enumerate(a) if k != i]


def _cofactors(m: Any, a: Matrix) -> Matrix:
    n = range(len(a))
    return [[(-1) ** (i + j) * _determinant(m, _without(a, i, j)) for j in n] for i in n]


def _cofactor_change(m: Any, a: Array, h: Array) -> Any:
    """The derivative of a cofactor is that of a minor: the sum of its cofactors times the change of its entries."""
    a, h = np.broadcast_arrays(a, h)
    out = np.empty(a.shape, object)
    n = range(a.shape[-1])
    for place in stacks(a.shape[:-2]):
        matrix, change = a[place].tolist(), h[place].tolist()
        for i, j in product(n, n):
            cofactors, moved = _cofactors(m, _without(matrix, i, j)), _without(change, i, j)
            terms = [c * v for rows in zip(cofactors, moved, strict=True) for c, v in zip(*rows, strict=True)]
            out[(*place, i, j)] = (-1) ** (i + j) * sum(terms, m.zero)
    return out


def _solve(m: Any, a: Array, b: Array) -> Any:
    vector = b.ndim == 1
    right = b[:, None] if vector else b
    stack = np.broadcast_shapes(a.shape[:-2], right.shape[:-2])
    out = np.empty(stack + right.shape[-2:], object)
    a, right = np.broadcast_to(a, stack + a.shape[-2:]), np.broadcast_to(right, out.shape)
    for place in stacks(stack):
        solved = _eliminated(m, a[place].tolist(), right[place].tolist())[1]
        out[place] = np.array(solved, object).reshape(out.shape[-2:])
    return out[..., 0] if vector else out


def _solve_triangular(m: Any, a: Array, b: Array, lower: bool) -> Any:
    read = np.tri(a.shape[-1], dtype=bool)
    return _solve(m, np.where(read if lower else read.T, a, m.zero), b)


def inverse(m: Any, a: Array) -> Any:
    return _solve(m, a, np.broadcast_to(np.eye(a.shape[-1], dtype=object) * m.one, a.shape))


def _cholesky(m: Any, a: Matrix) -> Matrix:
    n = len(a)
    factor = [[m.zero] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = a[i][j] - sum((factor[i][k] * m.conj(factor[j][k]) for k in range(j)), m.zero)
            factor[i][j] = m.sqrt(rest) if i == j else rest / factor[j][j]
            if i == j and m.re(rest) <= 0:  # not positive definite: there is no factor
                return [[m.nan] * n for _ in range(n)]
    return factor


LINALG: dict[str, Callable[..., Any]] = {
    "solve": _solve,
    "solve_triangular": _solve_triangular,
    "inv": inverse,
    "det": lambda m, a: each(lambda rows: _determinant(m, rows), a, ()),
    "det_sign": lambda m, a: each(lambda rows: m.sign(_determinant(m, rows)), a, ()),
    "log_det": lambda m, a: each(lambda rows: m.log(_determinant(m, rows)), a, ()),
    "logabsdet": lambda m, a: each(lambda rows: m.log(abs(_determinant(m, rows))), a, ()),
    "cofactor": lambda m, a: each(lambda rows: _cofactors(m, rows), a, a.shape[-2:]),
    "cofactor_change": _cofactor_change,
    "cholesky": lambda m, a: each(lambda rows: _cholesky(m, rows), a, a.shape[-2:]),
}
