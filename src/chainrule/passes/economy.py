"""Rewrite rules that save operations, for graphs that are run and not read: numbers and signs are gathered.

They keep every value to rounding, NaN and infinity included. Where a part of the left side over- or underflows on the
way to a value that does neither, the right side may have that value.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, cast

import numpy as np

from chainrule.core.graph import Node
from chainrule.passes.rewrites import Rewrite, is_one, is_zero, named, number, operation, scalar_node

__all__ = ["ECONOMY", "is_finite_number", "is_open"]

_LARGE = 1e100  # products of factors between 1/_LARGE and _LARGE are far from overflow


def is_open(F: Any, node: Node) -> bool:
    """Whether a term may be written otherwise: it is used here only, and is no line in the user's code."""
    return not (node.name and node.site) and not F.is_shared(node)


def _is_real(node: Node) -> bool:
    return bool(node.dtype is float or node.dtype is int or np.dtype(node.dtype).kind == "f")


def is_finite_number(node: Node) -> bool:
    """A number that shapes decide: of constants and sizes, which neither overflow nor are NaN."""
    if node.shape or node.name or not _is_real(node):
        return False
    value = number(node)
    if value is not None:
        return bool(value == 0 or 1 / _LARGE <= abs(float(value)) <= _LARGE)
    if operation(node) in ("multiply", "divide", "negative"):
        return all(map(is_finite_number, node.operands))
    return operation(node) == "size"


def _negative(F: Any, x: Node) -> Node | None:
    """The negative of a number that shapes decide, without another operation; None if there is no such form."""
    value = number(x)
    if value is not None:
        return scalar_node(-value, x)
    if operation(x) == "negative":
        return x.operands[0]
    if operation(x) in ("multiply", "divide"):
        for i, operand in enumerate(x.operands):
            minus = _negative(F, operand)
            if minus is not None:
                return cast(Node, getattr(F, operation(x))(*x.operands[:i], minus, *x.operands[i + 1 :]))
    return None


def _factor(F: Any, node: Node) -> tuple[Node, Node] | None:
    """A product as a number and the rest, if it may be taken apart."""
    if operation(node) == "multiply" and is_open(F, node):
        x, y = node.operands
        if is_finite_number(x):
            return x, y
        if is_finite_number(y):
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
        if not is_finite_number(x) or not _is_real(node):
            continue
        if is_finite_number(y):
            apart = operation(y) == "divide" and number(x) is not None and not is_one(x)
            return _product(F, x, y) if apart else None
        found = _factor(F, y)
        if found is not None:
            together = _product(F, x, found[0])
            return None if together is None else F.multiply(together, found[1])
        if operation(y) == "divide" and is_open(F, y) and is_finite_number(y.operands[0]):
            together = _product(F, x, y.operands[0])
            return None if together is None else F.divide(together, y.operands[1])
    return None


def _gather_divisor(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    found = _factor(F, x)
    if found is None or not is_finite_number(y) or is_zero(y) or not _is_real(node):
        return None
    if number(found[0]) is not None and number(y) is not None:
        return None
    return F.multiply(F.divide(found[0], y), found[1])


def _quotient(F: Any, node: Node) -> Node | None:
    for x, y in (node.operands, node.operands[::-1]):
        if not _is_real(node) or not (is_open(F, y) or is_finite_number(y)) or x.dtype != node.dtype:
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
    if not is_open(F, node) or not _is_real(node):
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
        flips = signs if name == "where" or is_finite_number(operands[i]) else min(signs, _Signs.NUMBERS)
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
        minus = _negative(F, y if found is None else found[0]) if found is not None or is_finite_number(y) else None
        if minus is None or not _is_real(node) or (opposite := _opposite(F, x, _Signs.OPERATIONS)) is None:
            continue
        return F.multiply(minus, opposite) if found is None else F.multiply(opposite, F.multiply(minus, found[1]))
    return None


def _sum_of_negative(F: Any, node: Node) -> Node | None:
    x, *rest = node.operands
    if operation(x) != "negative":
        return None
    return F.negative(getattr(F, operation(node))(x.operands[0], *rest, **node.parameters))


def _twice(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return F.multiply(2, x) if x is y and _is_real(node) else None


ECONOMY: tuple[Rewrite, ...] = (
    Rewrite("same term twice", "x + x = 2 x", named("add"), _twice, lambda F, x: F.add(x, x)),
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
)  # fmt: skip
