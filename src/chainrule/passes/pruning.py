"""Rewrite rules that leave out what need not be computed, for graphs that are run: masks, casts and changes of shape.

They keep every value to rounding, NaN and infinity included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from chainrule.core.axes import reduction
from chainrule.core.graph import Node, constant
from chainrule.core.shapes import broadcast_shapes, elementwise
from chainrule.passes.economy import is_finite_number, is_open
from chainrule.passes.plumbing import FILLED
from chainrule.passes.rewrites import Rewrite, is_one, is_zero, named, number, operation, scalar_node

__all__ = ["PRUNING"]


def _is_reduction(node: Node) -> bool:
    return node.primitive is not None and node.primitive.shape is reduction


def _all_axes(node: Node) -> tuple[int, ...]:
    return tuple(range(node.ndim))


def _size_of_reduced(F: Any, node: Node) -> Node | None:
    """A sum need not be computed for its size."""
    (x,), axis = node.operands, node.parameters["axis"]
    if not _is_reduction(x):
        return None
    reduced, kept = x.parameters["axis"], x.parameters["keepdims"]
    if kept:
        return F.size(x.operands[0], axis=tuple(a for a in axis if a not in reduced))
    places = [a for a in range(x.operands[0].ndim) if a not in reduced]
    return F.size(x.operands[0], axis=tuple(places[a] for a in axis))


def _no_axes(F: Any, node: Node) -> Node | None:
    return node.operands[0] if node.parameters["axis"] == () else None


def _spread_twice(F: Any, node: Node) -> Node | None:
    x, like = node.operands
    if operation(x) not in ("expand_like", "broadcast_like") or x.operands[0].ndim:
        return None
    return F.expand_like(x.operands[0], like, axis=tuple(range(node.ndim)), keepdims=False)


def _other_way_round(F: Any, node: Node) -> Node | None:
    condition, x, y = node.operands
    return F.where(condition.operands[0], y, x) if operation(condition) == "logical_not" else None


def _both_branches(F: Any, node: Node) -> Node | None:
    first, second = node.operands
    if not operation(first) == operation(second) == "where" or not (is_open(F, first) and is_open(F, second)):
        return None
    (condition, x, y), (other, z, w) = first.operands, second.operands
    if condition is not other:
        return None
    if is_zero(y) and is_zero(z):
        return F.where(condition, x, w)
    return F.where(condition, z, y) if is_zero(x) and is_zero(w) else None


def _unmasked(F: Any, node: Node, condition: Node, taken: int) -> Node | None:
    """A product without the masks in it that cut off what is cut off anyway; None if there are none."""
    name, operands = operation(node), node.operands
    if name == "where":
        return operands[taken] if operands[0] is condition and is_zero(operands[3 - taken]) else None
    if not is_open(F, node) or name not in ("multiply", "divide", "negative"):
        return None
    for i, operand in enumerate(operands[:1] if name == "divide" else operands):
        found = _unmasked(F, operand, condition, taken)
        if found is not None:
            return getattr(F, name)(*operands[:i], found, *operands[i + 1 :])
    return None


def _masked_twice(F: Any, node: Node) -> Node | None:
    condition, x, y = node.operands
    for i, branch in ((1, x), (2, y)):
        if is_zero((x, y)[2 - i]):
            found = _unmasked(F, branch, condition, i)
            if found is not None:
                return F.where(condition, *((found, y) if i == 1 else (x, found)))
    return None


def _infinite_divisor(F: Any, node: Node) -> Node | None:
    x, out = node.operands
    inverse = operation(out) == "divide" and out.operands[1] is x and number(out.operands[0]) is not None
    if (inverse and np.isfinite(number(out.operands[0]))) or (operation(out) == "reciprocal" and out.operands[0] is x):
        return F.logical_not(F.isinf(x))
    return None


def _needless_cast(F: Any, node: Node) -> Node | None:
    """NumPy makes float64 of integers by itself, where they meet float64."""
    for i, operand in enumerate(node.operands):
        if operation(operand) == "cast_like" and operand.dtype == node.dtype == np.float64:
            inner = operand.operands[0]
            if not isinstance(inner.dtype, type) and inner.dtype.kind in "iu" and len(node.operands) == 2:
                return getattr(F, operation(node))(*node.operands[:i], inner, *node.operands[i + 1 :])
    return None


def _cast_of_number(F: Any, node: Node) -> Node | None:
    value = number(node.operands[0])
    return None if value is None or np.iscomplexobj(value) or isinstance(node.dtype, type) else scalar_node(value, node)


def _with_operand(F: Any, node: Node, i: int, operand: Node) -> Node | None:
    """The node with another operand, if broadcasting gives the result the same shape."""
    operands = (*node.operands[:i], operand, *node.operands[i + 1 :])
    if broadcast_shapes(*(x.shape for x in operands)) != node.shape:
        return None
    return cast(Node, getattr(F, operation(node))(*operands, **node.parameters))


def _new_axis(F: Any, node: Node) -> Node | None:
    """Broadcasting repeats along an axis of size 1 by itself."""
    for i, operand in enumerate(node.operands):
        if operation(operand) == "expand_like" and operand.operands[0].ndim and not operand.parameters["keepdims"]:
            made = _with_operand(F, node, i, F.expand_dims(operand.operands[0], axis=operand.parameters["axis"]))
            if made is not None:
                return made
    return None


def _no_kept_axes(F: Any, node: Node) -> Node | None:
    """What is reduced over all axes is a number, which goes with any shape."""
    for i, operand in enumerate(node.operands):
        if operand.ndim and _is_reduction(operand) and operand.parameters["keepdims"]:
            (x,), axis = operand.operands, operand.parameters["axis"]
            if axis == _all_axes(x):
                reduced = getattr(F, operation(operand))(x, **{**operand.parameters, "keepdims": False})
                made = _with_operand(F, node, i, reduced)
                if made is not None:
                    return made
    return None


def _written_whole(F: Any, node: Node) -> Node | None:
    """What is written into all of an array of zeros is the array, but for axes of size 1."""
    like, g, *arrays = node.operands
    pattern = node.parameters["pattern"]
    if arrays or any(part is not None and part is not Ellipsis and part != slice(None) for part in pattern):
        return None
    new = list(_places_of_none(pattern, like.ndim))
    return F.squeeze(g, axis=tuple(new)) if new else g


def _places_of_none(pattern: tuple[Any, ...], ndim: int) -> Iterator[int]:
    place = 0
    for part in pattern:
        if part is None:
            yield place
        place += ndim - sum(p == slice(None) for p in pattern) if part is Ellipsis else 1


def _written_once(F: Any, node: Node) -> Node | None:
    """A number is written into a part as it is."""
    like, g, *arrays = node.operands
    if operation(g) not in ("expand_like", "broadcast_like") or g.operands[0].ndim or g.operands[0].dtype != node.dtype:
        return None
    return F.scatter(like, g.operands[0], *arrays, **node.parameters)


def _sum_without_axes(F: Any, node: Node) -> Node | None:
    """An axis that is summed and kept, and then dropped."""
    (x,), axis = node.operands, node.parameters["axis"]
    if operation(x) == "sum" and x.parameters["keepdims"] and x.parameters["axis"] == axis:
        return F.sum(x.operands[0], axis=axis, keepdims=False)
    if operation(x) == "sum_like" and is_open(F, x):
        whole = x.operands[0]
        rest = [(n, m) for a, (n, m) in enumerate(zip(whole.shape, x.shape, strict=False)) if a not in axis]
        if whole.ndim == x.ndim and all(n == m for n, m in rest):
            return F.sum(whole, axis=axis, keepdims=False)
    return None


def _sum_of_spread(F: Any, node: Node) -> Node | None:
    """A number that is summed as often as an array has components."""
    x = node.operands[0]
    if node.ndim or operation(x) not in ("expand_like", "broadcast_like") or not is_finite_number(x.operands[0]):
        return None
    return F.multiply(x.operands[0], F.size(x.operands[1], axis=_all_axes(x)))


def _any(F: Any, node: Node) -> Node | None:
    """Whether a mask is True anywhere, asked by a sum."""
    total, zero = node.operands
    if operation(total) not in ("sum", "sum_like") or total.ndim or not is_zero(zero):
        return None
    mask = total.operands[0]
    if operation(mask) != "where" or not is_one(mask.operands[1]) or not is_zero(mask.operands[2]):
        return None
    condition = mask.operands[0]
    return F.any(condition, axis=_all_axes(condition), keepdims=False) if condition.shape == mask.shape else None


def _number_in_einsum(F: Any, node: Node) -> Node | None:
    """A number is a factor of the whole sum."""
    terms, _, result = node.parameters["subscripts"].partition("->")
    terms = terms.split(",")
    for i, (term, operand) in enumerate(zip(terms, node.operands, strict=True)):
        if not term and len(terms) > 1:
            rest = [*node.operands[:i], *node.operands[i + 1 :]]
            subscripts = ",".join([*terms[:i], *terms[i + 1 :]]) + "->" + result
            return F.multiply(operand, F.einsum(*rest, subscripts=subscripts))
    return None


def _product_transposed(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    if node.ndim != 2 or node.parameters["axes"] != (1, 0) or operation(x) != "matmul" or not is_open(F, x):
        return None
    a, b = x.operands
    if "transpose" not in (operation(a), operation(b)) or a.ndim != 2 or b.ndim != 2:
        return None
    return F.matmul(F.transpose(b, axes=(1, 0)), F.transpose(a, axes=(1, 0)))


_TWO = constant(np.float64(2.0))

PRUNING: tuple[Rewrite, ...] = (
    FILLED,
    Rewrite("sum over no axes", "x summed over no axes = x", named("sum"), _no_axes,
            lambda F, x: F.sum(x, axis=(), keepdims=False)),
    Rewrite("spread once", "spread(spread(c, x), y) = spread(c, y) for a scalar c", named("expand_like"), _spread_twice,
            lambda F, x, y, c: F.expand_like(F.expand_like(c, x, axis=(0,), keepdims=False), y, axis=(1,),
                                             keepdims=False), ((2,), (2, 3), ())),
    Rewrite("drop a cast", "f(x, float(n)) = f(x, n) for integers n", lambda p: p.shape is elementwise, _needless_cast,
            lambda F, x: F.divide(x, F.cast_like(F.count_nonzero(x, axis=(0,), keepdims=False), x))),
    Rewrite("size without the sum", "the size of sums over rows = the number of columns", named("size"),
            _size_of_reduced, lambda F, x: F.multiply(F.size(F.sum(x, axis=(0,), keepdims=False), axis=(0,)), x),
            ((2, 3),)),
    Rewrite("where it is infinite", "x is finite or 1/x is not = x is not infinite", named("unsaturated"),
            _infinite_divisor, lambda F, x: F.unsaturated(x, F.divide(1.0, x))),
    Rewrite("the other way round", "where(not c, x, y) = where(c, y, x)", named("where"), _other_way_round,
            lambda F, x, y: F.where(F.logical_not(F.greater(x, 0.0)), x, y), ((3,), (3,))),
    Rewrite("mask once", "where(c, 2 where(c, x, 0), 0) = where(c, 2 x, 0)", named("where"), _masked_twice,
            lambda F, x: F.where(F.greater(x, 1.0), F.multiply(F.where(F.greater(x, 1.0), x, 0.0), 2.0), 0.0)),
    Rewrite("both branches", "where(c, x, 0) + where(c, 0, y) = where(c, x, y)", named("add"), _both_branches,
            lambda F, x, y: F.add(F.where(F.greater(x, 0.0), x, 0.0), F.where(F.greater(x, 0.0), 0.0, y)),
            ((3,), (3,))),
    Rewrite("cast a number", "float(2) = 2.0", named("cast_like"), _cast_of_number,
            lambda F, x: F.multiply(F.cast_like(constant(2), x), x)),
    Rewrite("new axis", "f(spread(x), y) = f(x[:, None], y) where y has the shape already",
            lambda p: p.shape is elementwise, _new_axis,
            lambda F, x, y: F.multiply(F.expand_like(x, y, axis=(1,), keepdims=False), y), ((2,), (2, 3))),
    Rewrite("no axes kept", "f(x, a mean with its axes kept) = f(x, mean)", lambda p: p.shape is elementwise,
            _no_kept_axes, lambda F, x: F.subtract(x, F.mean(x, axis=(0, 1), keepdims=True)), ((2, 3),)),
    Rewrite("written whole", "zeros with x in [:, None] = x without the new axis", named("scatter"), _written_whole,
            lambda F, x, y: F.scatter(x, y, pattern=(slice(None), None)), ((3,), (3, 1))),
    Rewrite("written once", "zeros with spread(c) in a part = zeros with c in it", named("scatter"), _written_once,
            lambda F, x, y, c: F.scatter(x, F.expand_like(c, y, axis=(0,), keepdims=False), pattern=(slice(1, 3),)),
            ((3,), (2,), ())),
    Rewrite("sum without axes", "squeeze(sum with axes kept) = sum", named("squeeze"), _sum_without_axes,
            lambda F, x: F.squeeze(F.sum(x, axis=(1,), keepdims=True), axis=(1,)), ((2, 3),)),
    Rewrite("sum of one number", "sum(spread(2, x)) = 2 times the size of x", named("sum", "sum_like"), _sum_of_spread,
            lambda F, x: F.multiply(F.sum(F.expand_like(_TWO, x, axis=(0,), keepdims=False), axis=(0,),
                                          keepdims=False), x)),
    Rewrite("ask for any", "sum(where(c, 1, 0)) > 0 = any(c)", named("greater"), _any,
            lambda F, x: F.greater(F.sum(F.where(F.greater(x, 0.0), F.ones_like(x), 0.0), axis=(0,), keepdims=False),
                                   0.0)),
    Rewrite("number in front", "einsum(c, x, y) = c einsum(x, y)", named("einsum"), _number_in_einsum,
            lambda F, x, y, c: F.einsum(c, x, y, subscripts=",ij,j->i"), ((2, 3), (3,), ())),
    Rewrite("transposed product", "(A^T B)^T = B^T A", named("transpose"), _product_transposed,
            lambda F, x, y: F.transpose(F.matmul(F.transpose(x, axes=(1, 0)), y), axes=(1, 0)), ((3, 2), (3, 4))),
)  # fmt: skip
