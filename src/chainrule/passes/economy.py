"""Rewrite rules that save operations, for graphs that are run and not read: numbers and signs gathered, masks merged.

They keep every value to rounding, NaN and infinity included. Where a part of the left side over- or underflows on the
way to a value that does neither, the right side may have that value.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, cast

import numpy as np

from chainrule.core.axes import reduction
from chainrule.core.graph import Node
from chainrule.core.shapes import elementwise
from chainrule.passes.plumbing import FILLED
from chainrule.passes.rewrites import Rewrite, is_one, is_zero, named, number, operation, scalar_node

__all__ = ["ECONOMY"]

_LARGE = 1e100  # products of factors between 1/_LARGE and _LARGE are far from overflow


def _is_open(F: Any, node: Node) -> bool:
    """Whether a term may be written otherwise: it is used here only, and is no line in the user's code."""
    return not (node.name and node.site) and not F.is_shared(node)


def _is_real(node: Node) -> bool:
    return bool(node.dtype is float or node.dtype is int or np.dtype(node.dtype).kind == "f")


def _is_number(node: Node) -> bool:
    """A number that shapes decide: of constants and sizes, which neither overflow nor are NaN."""
    if node.shape or node.name or not _is_real(node):
        return False
    value = number(node)
    if value is not None:
        return bool(value == 0 or 1 / _LARGE <= abs(value) <= _LARGE)
    if operation(node) in ("multiply", "divide", "negative"):
        return all(map(_is_number, node.operands))
    return operation(node) == "size"


def _negative(F: Any, x: Node) -> Node | None:
    """The negative of a number that shapes decide, without another operation; None if there is no such form."""
    value = number(x)
    if value is not None:
        return scalar_node(-value, x)
    if operation(x) == "negative":
        return x.operands[0]
    if operation(x) in ("multiply", "divide"):
        first = _negative(F, x.operands[0])
        return None if first is None else getattr(F, operation(x))(first, x.operands[1])
    return None


def _factor(F: Any, node: Node) -> tuple[Node, Node] | None:
    """A product as a number and the rest, if it may be taken apart."""
    if operation(node) == "multiply" and _is_open(F, node):
        x, y = node.operands
        if _is_number(x):
            return x, y
        if _is_number(y):
            return y, x
    return None


def _product(F: Any, x: Node, y: Node) -> Node | None:
    """The product of two numbers, unless it has more digits to write than they have together: 0.1 and 3."""
    a, b = number(x), number(y)
    if a is not None and b is not None and len(f"{a * b}") > len(f"{a}{b}"):
        return None
    if operation(y) == "divide" and operation(x) != "divide":
        return F.divide(F.multiply(x, y.operands[0]), y.operands[1])
    if operation(x) == "divide":
        return F.divide(F.multiply(x.operands[0], y), x.operands[1])
    return F.multiply(x, y)


def _gather_numbers(F: Any, node: Node) -> Node | None:
    for x, y in (node.operands, node.operands[::-1]):
        if not _is_number(x) or not _is_real(node) or _is_number(y):
            continue
        found = _factor(F, y)
        if found is not None:
            together = _product(F, x, found[0])
            return None if together is None else F.multiply(together, found[1])
        if operation(y) == "divide" and _is_open(F, y) and _is_number(y.operands[0]):
            together = _product(F, x, y.operands[0])
            return None if together is None else F.divide(together, y.operands[1])
    return None


def _gather_divisor(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    found = _factor(F, x)
    if found is None or not _is_number(y) or is_zero(y) or not _is_real(node):
        return None
    if number(found[0]) is not None and number(y) is not None:
        return None
    return F.multiply(F.divide(found[0], y), found[1])


def _quotient(F: Any, node: Node) -> Node | None:
    for x, y in (node.operands, node.operands[::-1]):
        if not _is_real(node) or not _is_open(F, y) or x.dtype != node.dtype:
            continue
        if operation(y) == "divide" and is_one(y.operands[0]):
            return F.divide(x, y.operands[1])
        if operation(y) == "reciprocal":
            return F.divide(x, y.operands[0])
    return None


class _Signs(IntEnum):
    """Where a sign is looked for, to be dropped."""

    OPERATIONS = 0  # -x
    NUMBERS = 1  # also of -2
    FREE = 2  # also where none is: the negative of 2 x is -2 x, that of x - y is y - x


def _opposite(F: Any, node: Node, signs: _Signs) -> Node | None:
    """The negative of a term, if it takes no operation more than the term."""
    if node.primitive is None:
        value = number(node)
        signed = value is not None and np.isrealobj(value) and (signs == _Signs.FREE or (value < 0 and signs))
        return scalar_node(-value, node) if signed else None
    if not _is_open(F, node) or not _is_real(node):
        return None
    name, operands = operation(node), node.operands
    if name == "negative":
        return operands[0]
    if name == "subtract" and signs == _Signs.FREE:
        return F.subtract(operands[1], operands[0])
    inside = {"multiply": (0, 1), "divide": (0, 1), "where": (1, 2), "sum": (0,), "sum_like": (0,)}.get(name, ())
    if name == "where" and not any(map(is_zero, operands[1:])):
        return None
    for i in inside:
        if name == "where" and is_zero(operands[i]):
            continue
        flips = signs if name == "where" or _is_number(operands[i]) else min(signs, _Signs.NUMBERS)
        found = _opposite(F, operands[i], flips)
        if found is not None:
            return cast(Node, getattr(F, name)(*operands[:i], found, *operands[i + 1 :], **node.parameters))
    return None


def _drop_sign(F: Any, node: Node) -> Node | None:
    return _opposite(F, node.operands[0], _Signs.FREE)


def _sign_of_sum(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    found = _opposite(F, y, _Signs.NUMBERS)
    if found is not None:
        return F.subtract(x, found) if operation(node) == "add" else F.add(x, found)
    found = _opposite(F, x, _Signs.NUMBERS) if operation(node) == "add" else None
    return None if found is None else F.subtract(y, found)


def _sign_in_number(F: Any, node: Node) -> Node | None:
    for x, y in (node.operands, node.operands[::-1]):
        found = _factor(F, y)
        minus = _negative(F, y if found is None else found[0]) if found is not None or _is_number(y) else None
        if minus is None or not _is_real(node) or (opposite := _opposite(F, x, _Signs.OPERATIONS)) is None:
            continue
        return F.multiply(minus, opposite) if found is None else F.multiply(opposite, F.multiply(minus, found[1]))
    return None


def _sum_of_negative(F: Any, node: Node) -> Node | None:
    x, *rest = node.operands
    if operation(x) != "negative":
        return None
    return F.negative(getattr(F, operation(node))(x.operands[0], *rest, **node.parameters))


def _size_of_reduced(F: Any, node: Node) -> Node | None:
    """A sum need not be computed for its size."""
    (x,), axis = node.operands, node.parameters["axis"]
    if x.primitive is None or x.primitive.shape is not reduction:
        return None
    reduced, kept = x.parameters["axis"], x.parameters["keepdims"]
    if kept:
        return F.size(x.operands[0], axis=tuple(a for a in axis if a not in reduced))
    places = [a for a in range(x.operands[0].ndim) if a not in reduced]
    return F.size(x.operands[0], axis=tuple(places[a] for a in axis))


def _twice(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return F.multiply(2, x) if x is y and _is_real(node) else None


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
    if not operation(first) == operation(second) == "where" or not (_is_open(F, first) and _is_open(F, second)):
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
    if not _is_open(F, node) or name not in ("multiply", "divide", "negative"):
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


ECONOMY: tuple[Rewrite, ...] = (
    FILLED,
    Rewrite("sum over no axes", "x summed over no axes = x", named("sum"), _no_axes,
            lambda F, x: F.sum(x, axis=(), keepdims=False)),
    Rewrite("same term twice", "x + x = 2 x", named("add"), _twice, lambda F, x: F.add(x, x)),
    Rewrite("spread once", "spread(spread(c, x), y) = spread(c, y) for a scalar c", named("expand_like"), _spread_twice,
            lambda F, x, y, c: F.expand_like(F.expand_like(c, x, axis=(0,), keepdims=False), y, axis=(1,),
                                             keepdims=False), ((2,), (2, 3), ())),
    Rewrite("drop a cast", "f(x, float(n)) = f(x, n) for integers n", lambda p: p.shape is elementwise, _needless_cast,
            lambda F, x: F.divide(x, F.cast_like(F.count_nonzero(x, axis=(0,), keepdims=False), x))),
    Rewrite("gather numbers", "2 (3 x) = 6 x, 2 (3 / x) = 6 / x", named("multiply"), _gather_numbers,
            lambda F, x: F.multiply(2.0, F.multiply(x, 3.0))),
    Rewrite("gather numbers", "2 x / N = (2 / N) x", named("divide"), _gather_divisor,
            lambda F, x: F.divide(F.multiply(2.0, x), F.size(x, axis=(0,)))),
    Rewrite("write as a quotient", "x (1 / y) = x / y", named("multiply"), _quotient,
            lambda F, x, y: F.multiply(x, F.divide(1.0, y)), ((3,), (3,))),
    Rewrite("sign in a number", "-x (2 y) = x (-2 y), -x 2 = -2 x", named("multiply"), _sign_in_number,
            lambda F, x, y: F.multiply(F.negative(x), F.multiply(2.0, y)), ((3,), (3,))),
    Rewrite("drop a sign", "-(-x y) = x y, -(2 x) = -2 x, -(x - y) = y - x", named("negative"), _drop_sign,
            lambda F, x, y: F.negative(F.multiply(F.negative(x), y)), ((3,), (3,))),
    Rewrite("drop a sign", "x + (-y) z = x - y z, x - (-y) z = x + y z", named("add", "subtract"), _sign_of_sum,
            lambda F, x, y: F.add(x, F.multiply(F.negative(y), x)), ((3,), (3,))),
    Rewrite("sign of a sum", "sum(-x) = -sum(x)", named("sum", "sum_like"), _sum_of_negative,
            lambda F, x: F.sum(F.negative(x), axis=(0,), keepdims=False)),
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
)  # fmt: skip
