"""NumPy's polynomials as arrays of coefficients, the highest power first."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import array, cast, refuse_option
from chainrule.read.numpy_calculus import convolve

__all__: list[str] = []

F = evaluating


def _coefficients(p: Any, call: str) -> Any:
    p = np.atleast_1d(p) if isinstance(p, np.poly1d) else array(p)
    p = F.reshape(p, shape=(1,)) if p.ndim == 0 else p
    if p.ndim != 1:
        raise ShapeError(f"{call} of shape {p.shape}: coefficients are a vector")
    return p


def _zeros(count: int, like: Any) -> Any:
    return np.zeros(count, like.dtype)


@answers(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    p = _coefficients(p, "np.polyval")
    x = array(x)
    value = np.zeros_like(x)
    for k in range(p.shape[0]):
        value = value * x + p[k]
    return value


def _sum(sign: int, call: str) -> Any:
    def added(a1: Any, a2: Any) -> Any:
        a, b = _coefficients(a1, call), _coefficients(a2, call)
        n = max(a.size, b.size)
        a, b = (F.concatenate(_zeros(n - p.size, p), p, axis=0) if p.size < n else p for p in (a, b))
        return a + b if sign > 0 else a - b

    return added


answers(np.polyadd)(_sum(1, "np.polyadd"))
answers(np.polysub)(_sum(-1, "np.polysub"))


@answers(np.polymul)
def _polymul(a1: Any, a2: Any) -> Any:
    return convolve(_coefficients(a1, "np.polymul"), _coefficients(a2, "np.polymul"))


@answers(np.polyder)
def _polyder(p: Any, m: Any = 1) -> Any:
    p, order = _coefficients(p, "np.polyder"), operator.index(m)
    if order < 0:
        raise ArgumentError(f"np.polyder of order {order}: expected a number that is not negative")
    for _ in range(order):
        n = p.size - 1
        p = p[:-1] * np.arange(n, 0, -1) if n >= 0 else p
    return p


@answers(np.polyint)
def _polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    p, order = _coefficients(p, "np.polyint"), operator.index(m)
    if order < 0:
        raise ArgumentError(f"np.polyint of order {order}: expected a number that is not negative")
    constants = F.broadcast_to(array(0.0 if k is None else k), shape=(order,)) if np.size(k) == 1 else array(k)
    if constants.shape[0] < order:
        raise ShapeError(f"np.polyint: {constants.shape[0]} constants for {order} integrations")
    for i in range(order):
        p = F.concatenate(p / np.arange(p.size, 0, -1), constants[i : i + 1], axis=0)
    return p


@answers(np.polydiv)
def _polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    u, v = _coefficients(u, "np.polydiv") + 0.0, _coefficients(v, "np.polydiv") + 0.0
    m, n = u.size - 1, v.size - 1
    if not bool(v[0] != 0):
        raise ArgumentError("np.polydiv by a polynomial whose first coefficient is 0: leave leading zeros out")
    steps = []
    rest = u
    for k in range(m - n + 1):
        factor = rest[k] / v[0]
        steps.append(factor)
        rest = F.concatenate(rest[:k], rest[k : k + n + 1] - factor * v, rest[k + n + 1 :], axis=0)
    quotient = np.stack(steps) if steps else _zeros(max(m - n + 1, 1), rest)
    # What is zero but for rounding is left out in front of the remainder, as NumPy does.
    first = 0
    while first < m and bool(np.isclose(rest[first], 0, rtol=1e-14)):
        first += 1
    return quotient, rest[first:]


@answers(np.poly)
def _poly(seq_of_zeros: Any) -> Any:
    zeros = array(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] and zeros.shape[0]:
        zeros = np.linalg.eigvals(zeros)
    elif zeros.ndim > 1:
        raise ShapeError(f"np.poly of shape {zeros.shape}: expected a vector of roots or a square matrix")
    zeros = F.reshape(zeros, shape=(zeros.size,))
    p = np.ones(1, zeros.dtype)
    for k in range(zeros.size):
        p = convolve(p, F.concatenate(np.ones(1, zeros.dtype), -zeros[k : k + 1], axis=0))
    return p


@answers(np.roots)
def _roots(p: Any) -> Any:
    p = _coefficients(p, "np.roots")
    places = [k for k in range(p.size) if bool(p[k] != 0)]
    if not places:
        return np.zeros(0)
    trailing = p.size - 1 - places[-1]
    p = p[places[0] : places[-1] + 1]
    n = p.size - 1
    if n < 1:
        return np.zeros(trailing)
    companion = F.concatenate(F.reshape(-p[1:] / p[0], shape=(1, n)), np.eye(n - 1, n, dtype=p.dtype), axis=0)
    found = np.linalg.eigvals(companion)
    return F.concatenate(found, np.zeros(trailing, found.dtype), axis=0) if trailing else found


@answers(np.vander)
def _vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    x = array(x)
    if x.ndim != 1:
        raise ShapeError(f"np.vander of shape {x.shape}: expected a vector")
    x = cast(x, np.promote_types(x.dtype, int))
    count = x.size if N is None else operator.index(N)
    first = np.ones((x.size, min(count, 1)), x.dtype)
    factors = F.broadcast_to(F.expand_dims(x, axis=(1,)), shape=(x.size, max(count - 1, 0)))
    powers = F.cumprod(F.concatenate(first, factors, axis=1), axis=1)
    return powers if increasing else F.getitem(powers, pattern=(slice(None), slice(None, None, -1)))


@answers(np.polyfit)
def _polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    if full or cov:
        option = "full=True" if full else "cov="
        raise refuse_option("np.polyfit", option, "leave it out, and use np.linalg on np.vander(x, deg + 1)")
    x, y = array(x) + 0.0, array(y) + 0.0
    if x.ndim != 1 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise ShapeError(f"np.polyfit of places of shape {x.shape} and values of shape {y.shape}: one value for each")
    if operator.index(deg) < 0:
        raise ArgumentError(f"np.polyfit of degree {deg}: expected a number that is not negative")
    matrix = _vander(x, deg + 1)
    if w is not None:
        weights = F.expand_dims(array(w) + 0.0, axis=(1,))
        matrix = matrix * weights
        y = y * weights if y.ndim == 2 else y * w
    # Columns of one size keep the digits of high powers.
    scale = F.sqrt(F.sum(matrix * matrix, axis=(0,), keepdims=False))
    solution = np.linalg.lstsq(matrix / scale, y, rcond=x.shape[0] * np.finfo(x.dtype).eps if rcond is None else rcond)
    return (solution[0].T / scale).T
