"""How the primitives on arrays compute with mpmath, where their own `evaluate` is for floats only.

An entry takes an mpmath context `m`, then the operands, arrays of Python objects, and the parameters. Primitives that
only move components about, add or multiply them need none: NumPy does these on objects.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from chainrule.core.registry import primitives
from chainrule.passes.precise_decompositions import DECOMPOSITIONS
from chainrule.passes.precise_fourier import FOURIER
from chainrule.passes.precise_linalg import LINALG

__all__ = ["ARRAYS"]

Array = np.ndarray[Any, Any]


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
    **LINALG,
    **DECOMPOSITIONS,
    **FOURIER,
}
