"""How the primitives on arrays compute with mpmath, where their own `evaluate` is for floats only.

An entry takes an mpmath context `m`, then the operands, arrays of Python objects, and the parameters. Primitives that
only move components about, add or multiply them need none: NumPy does these on objects.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from chainrule.core.registry import primitives
from chainrule.passes.precise_fourier import FOURIER

__all__ = ["ARRAYS"]

Array = np.ndarray[Any, Any]
Matrix = list[list[Any]]


def _elementwise(function: Callable[[Any], Any], x: Array) -> Any:
    return np.frompyfunc(function, 1, 1)(x)


def _count(x: Array, axis: tuple[int, ...]) -> int:
    return prod(x.shape[a] for a in axis)


# Reductions


def _sum(x: Array, axis: tuple[int, ...], keepdims: bool) -> Any:
    return np.asarray(x, object).sum(axis=axis, keepdims=keepdims)


def _mean(m: Any, x: Array, axis: tuple[int, ...], keepdims: bool) -> Any:
    return _sum(x, axis, keepdims) / m.mpf(_count(x, axis))


def _var(m: Any, x: Array, axis: tuple[int, ...], keepdims: bool, ddof: float) -> Any:
    deviation = x - _mean(m, x, axis, True)
    return _sum(deviation * deviation, axis, keepdims) / (m.mpf(_count(x, axis)) - ddof)


def _std(m: Any, x: Array, axis: tuple[int, ...], keepdims: bool, ddof: float) -> Any:
    return _elementwise(m.sqrt, np.asarray(_var(m, x, axis, keepdims, ddof), object))


def _norm(m: Any, x: Array, axis: tuple[int, ...], keepdims: bool, ord: float) -> Any:
    p = m.mpf(ord)
    total = _sum(_elementwise(lambda v: abs(v) ** p, x), axis, keepdims)
    return _elementwise(lambda v: m.sqrt(v) if ord == 2 else v ** (1 / p), np.asarray(total, object))


def _extremum(largest: bool) -> Callable[..., Any]:
    def reduce(m: Any, x: Array, axis: tuple[int, ...], keepdims: bool) -> Any:
        def chosen(u: Any, v: Any) -> Any:
            return u if m.isnan(u) or (u >= v if largest else u <= v) else v

        pairs = np.frompyfunc(chosen, 2, 1)
        for a in sorted(axis, reverse=True):
            x = np.asarray(pairs.reduce(x, axis=a, keepdims=keepdims), object)
        return x

    return reduce


def _softmax(m: Any, x: Array, axis: tuple[int, ...]) -> Any:
    e = _elementwise(m.exp, x)
    return e / _sum(e, axis, True)


def _logsumexp(m: Any, x: Array, axis: tuple[int, ...], keepdims: bool) -> Any:
    return _elementwise(m.log, np.asarray(_sum(_elementwise(m.exp, x), axis, keepdims), object))


def _log_softmax(m: Any, x: Array, axis: tuple[int, ...]) -> Any:
    return x - _logsumexp(m, x, axis, True)


def _einsum(m: Any, first: Array, *operands: Array, subscripts: str) -> Any:
    # One more axis, of size 1: of a single object NumPy would return the object and no array.
    extra = next(letter for letter in string.ascii_letters if letter not in subscripts)
    head, comma, rest = subscripts.partition(",") if operands else subscripts.partition("->")
    widened = primitives()["einsum"].evaluate(
        first[..., None], *operands, subscripts=f"{head}{extra}{comma}{rest}{extra}"
    )
    return widened[..., 0]


# Running products


def _recurrence(m: Any, a: Array, b: Array, axis: int, reverse: bool) -> Any:
    a, b = (np.moveaxis(x, axis, 0)[:: -1 if reverse else 1] for x in (a, b))
    out = b.copy()
    for i in range(1, len(out)):
        out[i] = a[i] * out[i - 1] + b[i]
    return np.moveaxis(out[:: -1 if reverse else 1], 0, axis)


def _products_before(m: Any, x: Array, axis: int, reverse: bool) -> Any:
    factors = np.moveaxis(x, axis, 0)[:: -1 if reverse else 1]
    out = np.full(factors.shape, m.one, object)
    for i in range(1, len(out)):
        out[i] = out[i - 1] * factors[i - 1]
    return np.moveaxis(out[:: -1 if reverse else 1], 0, axis)


def _prod_others(m: Any, x: Array, axis: int) -> Any:
    return _products_before(m, x, axis, False) * _products_before(m, x, axis, True)


# Linear algebra. Matrices are taken one by one as lists of rows: stacks are small, and exactness is what counts.


def _stacks(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return product(*map(range, shape))


def _each(function: Callable[[Matrix], Any], a: Array, shape: tuple[int, ...]) -> Any:
    """The function of each matrix of a stack; `shape` is that of its result."""
    out = np.empty(a.shape[:-2] + shape, object)
    for place in _stacks(a.shape[:-2]):
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
    for place in _stacks(a.shape[:-2]):
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
    for place in _stacks(stack):
        solved = _eliminated(m, a[place].tolist(), right[place].tolist())[1]
        out[place] = np.array(solved, object).reshape(out.shape[-2:])
    return out[..., 0] if vector else out


def _inv(m: Any, a: Array) -> Any:
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


def _is_complex(m: Any, values: Any) -> bool:
    return any(type(value) is m.mpc for value in np.asarray(values, object).flat)


ARRAYS: dict[str, Callable[..., Any]] = {
    "mean": _mean,
    "var": _var,
    "std": _std,
    "norm": _norm,
    "max": _extremum(largest=True),
    "min": _extremum(largest=False),
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "logsumexp": _logsumexp,
    "einsum": _einsum,
    "recurrence": _recurrence,
    "products_before": _products_before,
    "prod_others": _prod_others,
    "cast_like": lambda m, x, like: x if _is_complex(m, like) else np.frompyfunc(m.re, 1, 1)(x),
    "solve": _solve,
    "inv": _inv,
    "det": lambda m, a: _each(lambda rows: _determinant(m, rows), a, ()),
    "det_sign": lambda m, a: _each(lambda rows: m.sign(_determinant(m, rows)), a, ()),
    "log_det": lambda m, a: _each(lambda rows: m.log(_determinant(m, rows)), a, ()),
    "logabsdet": lambda m, a: _each(lambda rows: m.log(abs(_determinant(m, rows))), a, ()),
    "cofactor": lambda m, a: _each(lambda rows: _cofactors(m, rows), a, a.shape[-2:]),
    "cofactor_change": _cofactor_change,
    "cholesky": lambda m, a: _each(lambda rows: _cholesky(m, rows), a, a.shape[-2:]),
    **FOURIER,
}
