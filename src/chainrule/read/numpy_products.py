"""NumPy's products of arrays, dot, tensordot, einsum, kron and the like, by matmul, einsum and multiply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced, apply
from chainrule.core.windows import look_into
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import array
from chainrule.read.subscripts import Subscripts, read_subscripts

__all__ = ["axes_last", "refuse"]

F = evaluating

_LETTERS = "ijklmnopqrstuvwxyzabcdefghABCDEFGHIJKLMNOPQRSTUVWXYZ"


def refuse(function: str, **options: Any) -> None:
    """Raise `ArgumentError` for an option that has no meaning in a trace, if it was given."""
    for name, value in options.items():
        if value is not None:
            raise ArgumentError(f"numpy.{function} with {name}= cannot be traced: leave it out, and use the result")


def axes_last(x: Any, *axes: int) -> Any:
    """The given axes moved behind the others."""
    last = [range(x.ndim)[axis] for axis in axes]
    order = (*(axis for axis in range(x.ndim) if axis not in last), *last)
    return x if order == tuple(range(x.ndim)) else F.transpose(x, axes=order)


def _conjugate(x: Any) -> Any:
    return np.conj(x) if x.dtype.kind == "c" else x


def _contract(name: str, a: Any, b: Any, a_axes: tuple[int, ...], b_axes: tuple[int, ...]) -> Any:
    """The sum of products over the paired axes; the result has the other axes of a, then those of b."""
    for i, j in zip(a_axes, b_axes, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"{name} of shapes {a.shape} and {b.shape}: axis {i} of the first has size {a.shape[i]}, "
                f"axis {j} of the second {b.shape[j]}"
            )
    if a_axes == (a.ndim - 1,) and b.ndim <= 2:
        if b_axes == (0,):
            return F.matmul(a, b)
        if b_axes == (1,):
            return F.matmul(a, F.transpose(b, axes=(1, 0)))
    if a.ndim == 1 and b_axes == (b.ndim - 2,):
        return F.matmul(a, b)
    if a.ndim == 1 and b_axes == (b.ndim - 1,):
        return F.matmul(b, a)
    a_term = _LETTERS[: a.ndim]
    b_term = list(_LETTERS[a.ndim : a.ndim + b.ndim])
    for i, j in zip(a_axes, b_axes, strict=True):
        b_term[j] = a_term[i]
    result = [s for s in a_term if s not in b_term] + [s for s in b_term if s not in a_term]
    return F.einsum(a, b, subscripts=f"{a_term},{''.join(b_term)}->{''.join(result)}")


@answers(np.linalg.matmul)
def _matmul(x1: Any, x2: Any, /) -> Any:
    return F.matmul(array(x1), array(x2))


@answers(np.dot)
def _dot(a: Any, b: Any, out: Any = None) -> Any:
    if out is not None:
        refuse("dot", out=out)
    a, b = array(a), array(b)
    left, right = a.shape, b.shape
    if left and 0 < len(right) <= 2 and left[-1] == right[0]:
        return apply(F.matmul, (a, b), {})
    if not left or not right:
        return F.multiply(a, b)
    return _contract("dot", a, b, (a.ndim - 1,), (max(b.ndim - 2, 0),))


@answers(np.inner)
def _inner(a: Any, b: Any, /) -> Any:
    a, b = array(a), array(b)
    if a.ndim == 0 or b.ndim == 0:
        return F.multiply(a, b)
    return _contract("inner", a, b, (a.ndim - 1,), (b.ndim - 1,))


def _flat(x: Any) -> Any:
    return x if x.ndim == 1 else F.reshape(x, shape=(x.size,))


@answers(np.vdot)
def _vdot(a: Any, b: Any, /) -> Any:
    return _contract("vdot", _flat(_conjugate(array(a))), _flat(array(b)), (0,), (0,))


@answers(np.vecdot, np.linalg.vecdot)
def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    a, b = _conjugate(array(x1)), array(x2)
    if a.shape[axis] != b.shape[axis]:
        raise ShapeError(f"vecdot of shapes {a.shape} and {b.shape}: axis {axis} differs in size")
    if a.ndim == b.ndim == 1:
        return F.matmul(a, b)
    product = F.multiply(axes_last(a, axis), axes_last(b, axis))
    return F.sum(product, axis=(product.ndim - 1,), keepdims=False)


def _matvec(x1: Any, x2: Any, /) -> Any:
    a, x = array(x1), array(x2)
    if a.ndim < 2 or x.ndim < 1:
        raise ShapeError(f"matvec of shapes {a.shape} and {x.shape}: expected matrices and vectors")
    product = F.matmul(a, F.expand_dims(x, axis=(x.ndim,)))
    return F.squeeze(product, axis=(product.ndim - 1,))


def _vecmat(x1: Any, x2: Any, /) -> Any:
    x, a = _conjugate(array(x1)), array(x2)
    if a.ndim < 2 or x.ndim < 1:
        raise ShapeError(f"vecmat of shapes {x.shape} and {a.shape}: expected vectors and matrices")
    product = F.matmul(F.expand_dims(x, axis=(x.ndim - 1,)), a)
    return F.squeeze(product, axis=(product.ndim - 2,))


if hasattr(np, "matvec"):  # from NumPy 2.2 on
    answers(np.matvec)(_matvec)
    answers(np.vecmat)(_vecmat)


@answers(np.outer)
def _outer(a: Any, b: Any, out: Any = None) -> Any:
    refuse("outer", out=out)
    return F.multiply(F.expand_dims(_flat(array(a)), axis=(1,)), _flat(array(b)))


@answers(np.linalg.outer)
def _outer_of_vectors(x1: Any, x2: Any, /) -> Any:
    a, b = array(x1), array(x2)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(f"numpy.linalg.outer takes two vectors, not shapes {a.shape} and {b.shape}: use numpy.outer")
    return _outer(a, b)


@answers(np.tensordot, np.linalg.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = array(a), array(b)
    if isinstance(axes, Sequence):
        a_axes, b_axes = (_axes(given, x.ndim) for given, x in zip(axes, (a, b), strict=True))
        if len(a_axes) != len(b_axes):
            raise ShapeError(f"tensordot: {len(a_axes)} axes of the first are paired with {len(b_axes)} of the second")
    else:
        count = axes.__index__()
        if count > min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot over {count} axes of shapes {a.shape} and {b.shape}: there are not so many")
        a_axes, b_axes = tuple(range(a.ndim - count, a.ndim)), tuple(range(count))
    return _contract("tensordot", a, b, a_axes, b_axes)


def _axes(given: Any, rank: int) -> tuple[int, ...]:
    return tuple(range(rank)[i] for i in ((given,) if np.ndim(given) == 0 else given))


@answers(np.einsum)
def _einsum(*operands: Any, out: Any = None, optimize: Any = False, **options: Any) -> Any:
    refuse("einsum", out=out, **options)
    given, subscripts = read_subscripts(operands, lambda x: array(x).shape)
    xs, terms = [array(x) for x in given], list(subscripts.terms)
    if len(xs) == 1 and type(xs[0]) is Traced and set(subscripts.result) == set(terms[0]) and terms[0]:
        return _rearranged(xs[0], terms[0], subscripts)
    for i, (x, term) in enumerate(zip(xs, terms, strict=True)):
        # An axis of size 1 that another operand has longer is there to be broadcast: without it the sum is the same.
        single = tuple(k for k, s in enumerate(term) if x.shape[k] == 1 != subscripts.sizes[s])
        if single:
            xs[i], terms[i] = F.squeeze(x, axis=single), "".join(s for k, s in enumerate(term) if k not in single)
    for i, term in enumerate(terms):
        elsewhere = "".join([*terms[:i], *terms[i + 1 :], subscripts.result])
        xs[i], terms[i] = _summed(xs[i], term, elsewhere)
    if len(xs) == 1 and len(set(terms[0])) == len(terms[0]):
        return _transposed(xs[0], terms[0], subscripts)
    return F.einsum(*xs, subscripts=f"{','.join(terms)}->{subscripts.result}")


def _transposed(x: Any, term: str, subscripts: Subscripts) -> Any:
    order = tuple(term.index(s) for s in subscripts.result)
    return x if order == tuple(range(len(order))) else F.transpose(x, axes=order)


def _rearranged(x: Any, term: str, subscripts: Subscripts) -> Any:
    """A transpose or a diagonal, which NumPy gives as a view."""
    result = subscripts.result

    def read(base: Any) -> Any:
        if len(result) == len(term):
            return _transposed(base, term, subscripts)
        return F.einsum(base, subscripts=f"{term}->{result}")

    def through(base: Any, changed: Any) -> Any:
        places = np.ix_(*(np.arange(subscripts.sizes[s]) for s in result))
        return F.set_item(base, changed, *(places[result.index(s)] for s in term), pattern=("#",) * len(term))

    out = read(x)
    if out is not x:
        look_into(x, out, read, through)
    return out


def _summed(x: Any, term: str, elsewhere: str) -> tuple[Any, str]:
    """Sum over the labels that no other operand has, nor the result: the earlier, the smaller what is left."""
    alone = {s for s in term if s not in elsewhere}
    if not alone:
        return x, term
    if any(term.count(s) > 1 for s in alone):
        diagonal = "".join(dict.fromkeys(term))
        x, term = F.einsum(x, subscripts=f"{term}->{diagonal}"), diagonal
    axis = tuple(k for k, s in enumerate(term) if s in alone)
    return F.sum(x, axis=axis, keepdims=False), "".join(s for s in term if s not in alone)


@answers(np.kron)
def _kron(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    rank = max(a.ndim, b.ndim)
    a, b = (F.expand_dims(x, axis=tuple(range(rank - x.ndim))) if x.ndim < rank else x for x in (a, b))
    if rank == 0:
        return F.multiply(a, b)
    # Axes of a and b in turn; each pair becomes one axis.
    blocks = F.multiply(
        F.expand_dims(a, axis=tuple(range(1, 2 * rank, 2))), F.expand_dims(b, axis=tuple(range(0, 2 * rank, 2)))
    )
    return F.reshape(blocks, shape=tuple(m * n for m, n in zip(a.shape, b.shape, strict=True)))


@answers(np.cross)
def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = axes_last(array(a), axisa), axes_last(array(b), axisb)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(f"the cross product is of vectors with 3 components, not of shapes {a.shape} and {b.shape}")
    after, before = [1, 2, 0], [2, 0, 1]
    out = a[..., after] * b[..., before] - a[..., before] * b[..., after]
    order = list(range(out.ndim - 1))
    order.insert(range(out.ndim)[axisc], out.ndim - 1)
    return F.transpose(out, axes=tuple(order))


@answers(np.linalg.cross)
def _cross_along(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return _cross(x1, x2, axis=axis)


@answers(np.linalg.multi_dot)
def _multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Any:
    refuse("linalg.multi_dot", out=out)
    factors = [array(x) for x in arrays]
    if len(factors) < 2:
        raise ArgumentError("multi_dot needs two arrays or more")
    shapes = ", ".join(str(x.shape) for x in factors)
    if any(x.ndim != 2 for x in factors[1:-1]) or any(x.ndim not in (1, 2) for x in factors):
        raise ShapeError(f"multi_dot takes matrices, with a vector first or last, not shapes {shapes}")
    first_rows = factors[0].shape[0] if factors[0].ndim == 2 else 1
    last_columns = factors[-1].shape[1] if factors[-1].ndim == 2 else 1
    sizes = [first_rows, *(x.shape[0] for x in factors[1:]), last_columns]
    products: dict[tuple[int, int], Any] = {}
    splits = _cheapest_splits(sizes)
    # Short chains first: each product's two factors are there before it.
    for first, last in _needed(splits, len(factors)):
        split = splits.get((first, last))
        products[first, last] = (
            factors[first] if split is None else F.matmul(products[first, split], products[split + 1, last])
        )
    return products[0, len(factors) - 1]


def _cheapest_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each chain of matrices, of sizes[i] rows and sizes[i + 1] columns, for the fewest multiplications.

    Source: Cormen et al., Introduction to Algorithms, section 15.2.
    """
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            cost[i, j], splits[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )
    return splits


def _needed(splits: dict[tuple[int, int], int], n: int) -> list[tuple[int, int]]:
    """The chains that the whole one is made of, shortest first."""
    needed = [(0, n - 1)]
    for first, last in needed:
        if first < last:
            needed += [(first, splits[first, last]), (splits[first, last] + 1, last)]
    return sorted(needed, key=lambda chain: chain[1] - chain[0])
