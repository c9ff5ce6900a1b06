"""Rewrite rules for reading that take out what a formula does not show: plumbing, zeros and sums of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from chainrule.core.domain import POSITIVE
from chainrule.core.graph import Node, constant
from chainrule.core.shapes import elementwise
from chainrule.passes.rewrites import Rewrite, evaluated, is_zero, named, number, operation, scalar_node
from chainrule.passes.term import is_linear, linear_operands

__all__ = ["FILLED", "PLUMBING"]

_EXACT = ("add", "subtract", "multiply", "negative", "divide", "square", "power")
_LONG = 14  # digits: more are those of 1/3 or of the like, and no decimal
_POSITIVE = POSITIVE.interval(0)
_PI = Node(None, (), {"value": math.pi}, (), float, "pi")
_LETTERS: dict[Any, Callable[[Any], Node]] = {
    math.pi: lambda F: _PI,
    math.log(2): lambda F: F.log(2.0),
    math.log(10): lambda F: F.log(10.0),
    2 / math.sqrt(math.pi): lambda F: F.divide(2.0, F.sqrt(_PI)),
    math.pi / 180: lambda F: F.divide(_PI, 180.0),
    180 / math.pi: lambda F: F.divide(180.0, _PI),
}


def _letter(F: Any, node: Node) -> Node | None:
    shape = node.operands[0].shape
    counts = [shape[axis] for axis in node.parameters["axis"] if shape[axis] != 1]
    return reduce(F.multiply, F.size_letters(counts, node.dtype)) if counts else scalar_node(1, node)


def _filled(F: Any, node: Node) -> Node | None:
    return scalar_node(int(operation(node) == "ones_like"), node) if node.ndim == 0 else None


def _sum_written(F: Any, node: Node) -> Node | None:
    x = node.operands[0]
    lead = x.ndim - node.ndim
    if node.ndim == 0 or x.shape[lead:] == node.shape:
        return F.sum(x, axis=tuple(range(lead)), keepdims=False) if lead else None
    return None


def _unsaturated(F: Any, node: Node) -> Node | None:
    """Rules cut off what comes from beyond infinity: nothing, for finite numbers."""
    condition, kept, cut = node.operands
    if operation(condition) == "unsaturated" and is_zero(cut):
        return kept
    if operation(condition) == "logical_and" and "unsaturated" in map(operation, condition.operands):
        left, right = condition.operands
        return F.where(left if operation(right) == "unsaturated" else right, kept, cut)
    return None


def _off_the_point(F: Any, node: Node) -> Node | None:
    """where(x = 0, ..., y) is y but at that point: rules use it to give a value where a formula has none."""
    condition, at_point, elsewhere = node.operands
    if operation(condition) == "logical_and":
        condition = condition.operands[0]
    if operation(condition) == "equal" and is_zero(condition.operands[1]) and number(at_point) is not None:
        return elsewhere
    return None


def _quotient(F: Any, node: Node) -> Node | None:
    return F.divide(*node.operands)


def _by_identity(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return x if operation(y) == "identity_like" else y if operation(x) == "identity_like" else None


def _spread_number(F: Any, node: Node) -> Node | None:
    """A scalar that is spread to a matrix for a product of matrices is a factor, and ones."""
    for i, operand in enumerate(node.operands):
        if operation(operand) == "expand_like" and operand.operands[0].ndim == 0 and not operand.operands[0].is_input:
            factor, like = operand.operands
            operands = (*node.operands[:i], F.ones_like(like), *node.operands[i + 1 :])
            return F.multiply(factor, getattr(F, operation(node))(*operands, **node.parameters))
    return None


def _exact_value(F: Any, node: Node) -> Node | None:
    if operation(node) not in _EXACT or any(number(operand) is None for operand in node.operands):
        return _special_value(node)
    found = evaluated(node)
    if found is None:
        return None
    value = number(found)
    whole = value == int(value.real) if np.isrealobj(value) and abs(value) < 1e15 else False
    short = sum(_digits(number(operand)) for operand in node.operands)
    if whole or (operation(node) not in ("divide", "power") and _digits(value) <= min(short, _LONG)):
        return found
    return None


def _digits(value: Any) -> int:
    return len(repr(complex(value) if np.iscomplexobj(value) else float(value)))


def _special_value(node: Node) -> Node | None:
    """exp(0), ln(1), cos(0): a whole number at 0 or 1 is meant as one."""
    if len(node.operands) == 1 and number(node.operands[0]) in (0, 1):
        found = evaluated(node)
        return found if found is not None and number(found) in (0, 1) else None
    return None


def _in_letters(F: Any, node: Node) -> Node | None:
    """Entries hold pi, the logarithms of 2 and 10 and 2 / sqrt(pi) as numbers: a formula shows what they are."""
    for i, operand in enumerate(node.operands):
        build = _LETTERS.get(number(operand)) if operand.dtype is float else None
        if build is not None:
            operands = (*node.operands[:i], build(F), *node.operands[i + 1 :])
            return getattr(F, operation(node))(*operands)
    return None


def _multiply_zero(F: Any, node: Node) -> Node | None:
    if any(is_zero(operand) for operand in node.operands):
        return _zero(node)
    return None


def _zero(node: Node) -> Node | None:
    if node.ndim == 0:
        return scalar_node(0, node)
    return next((x for x in node.operands if is_zero(x) and x.shape == node.shape), None)


def _zero_over(F: Any, node: Node) -> Node | None:
    return _zero(node) if is_zero(node.operands[0]) else None


def _linear_zero(F: Any, node: Node) -> Node | None:
    if any(is_zero(node.operands[i]) for i in linear_operands(node)):
        return _zero(node)
    return None


FILLED = Rewrite("write as a number", "ones(x) = 1, zeros(x) = 0 for a scalar x", named("ones_like", "zeros_like"),
                 _filled, lambda F, x: F.ones_like(x), ((),))  # fmt: skip

PLUMBING: tuple[Rewrite, ...] = (
    Rewrite("name a size", "the size of x = N", named("size"), _letter,
            lambda F, x: F.multiply(F.size(x, axis=(0,)), x)),
    FILLED,
    Rewrite("write as a sum", "x summed to a shape = sum(x) over the axes in front", named("sum_like"), _sum_written,
            lambda F, x, y: F.sum_like(x, y), ((2, 3), (3,))),
    Rewrite("take the finite case", "where(y is finite, x, 0) = x, for finite y", named("where"), _unsaturated,
            lambda F, x, y: F.where(F.unsaturated(y, x), x, 0.0), ((3,), (3,))),
    Rewrite("leave out a point", "where(x = 0, 1, y) = y, for x other than 0", named("where"), _off_the_point,
            lambda F, x, y: F.where(F.equal(x, 0.0), 1.0, y), ((3,), (3,)), _POSITIVE),
    Rewrite("evaluate numbers", "a + b = its value, where that is exact", lambda p: p.shape is elementwise,
            _exact_value,
            lambda F, x: F.multiply(x, F.add(constant(2.0), constant(3.0)))),
    Rewrite("name a number", "0.6931471805599453 = ln(2)", named("multiply", "divide"), _in_letters,
            lambda F, x: F.multiply(x, math.log(2))),
    Rewrite("write as a quotient", "x / y = x / y, for y other than 0", named("divide_no_nan"), _quotient,
            lambda F, x, y: F.divide_no_nan(x, y), ((3,), (3,)), _POSITIVE),
    Rewrite("multiply by the identity", "A I = A", named("matmul"), _by_identity,
            lambda F, x: F.matmul(x, F.identity_like(x)), ((3, 3),)),
    Rewrite("write with ones", "A (c spread like B) = c A ones(B)", named("matmul"), _spread_number,
            lambda F, x, y, c: F.matmul(x, F.expand_like(F.sin(c), y, axis=(0,), keepdims=False)), ((2, 3), (3,), ())),
    Rewrite("multiply by zero", "0 x = 0, for finite x", named("multiply"), _multiply_zero,
            lambda F, x: F.multiply(0.0, x), ((),)),
    Rewrite("divide zero", "0 / x = 0, for x other than 0", named("divide"), _zero_over,
            lambda F, x: F.divide(0.0, x), ((),),
            _POSITIVE),
    Rewrite("map zero", "A 0 = 0, for a linear map A", is_linear, _linear_zero,
            lambda F, x: F.sum(F.zeros_like(x), axis=(0,), keepdims=False)),
)  # fmt: skip
