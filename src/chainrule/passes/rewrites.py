"""Rewrite rules that keep values: what they leave is evaluated, emitted and compiled.

They keep every value to rounding, NaN and infinity included. One thing is given up: the sign of a zero, since x + 0
turns -0.0 into 0.0 and x does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.domain import Interval
from chainrule.core.graph import Node, constant
from chainrule.core.primitive import Primitive
from chainrule.core.shapes import Shape, broadcast_shapes, elementwise

__all__ = ["VALUE_SAFE", "Rewrite", "evaluated", "is_one", "is_zero", "named", "number", "operation", "scalar_node"]

Example = Callable[..., Node]
_REAL = Interval()


@dataclass(frozen=True, slots=True, eq=False)
class Rewrite:
    """A rule: what a node of certain primitives may be replaced by.

    Attributes:
        name: what is done, in a few words: "collect like terms".
        statement: the equation, left to right.
        on: which primitives it looks at.
        apply: (F, node) to the new node, or None where the rule does not apply. F builds nodes that are themselves
            simplified. A result of another shape or dtype is not taken.
        example: a left-hand side, built from inputs of the shapes `operands`; a test checks the rule on it.
        operands: the shapes of the example's inputs.
        domain: where the equation holds; the example's inputs are drawn from it.
        whole: it looks at a whole sum or product, and is tried at the outermost node of one only.
    """

    name: str
    statement: str
    on: Callable[[Primitive], bool]
    apply: Callable[[Any, Node], Node | None]
    example: Example
    operands: tuple[Shape, ...] = ((3,),)
    domain: Interval = _REAL
    whole: bool = False


def named(*names: str) -> Callable[[Primitive], bool]:
    return lambda primitive: primitive.name in names


def operation(node: Node) -> str:
    """The name of the node's primitive; "" for inputs and constants."""
    return "" if node.primitive is None else node.primitive.name


def number(node: Node) -> Any:
    """The value of a scalar constant, None for anything else, also for π and other constants with a name."""
    if node.primitive is None and node.shape == () and not node.name and node.is_constant:
        return node.parameters["value"]
    return None


def is_zero(node: Node) -> bool:
    value = number(node)
    return operation(node) == "zeros_like" if value is None else bool(value == 0)


def is_one(node: Node) -> bool:
    value = number(node)
    return operation(node) == "ones_like" if value is None else bool(value == 1)


def scalar_node(value: Any, like: Node) -> Node:
    """A scalar constant of the dtype of `like`, weak where that is weak."""
    return constant(like.dtype(value) if isinstance(like.dtype, type) else np.asarray(value, like.dtype))


def evaluated(node: Node) -> Node | None:
    """The constant that a node of scalar constants is; None where it is not finite: warnings are left to evaluation."""
    if node.primitive is None or any(x.primitive is not None or x.is_input or x.shape for x in node.operands):
        return None
    values = [operand.parameters["value"] for operand in node.operands]
    with np.errstate(all="ignore"):
        value = node.primitive.evaluate(*values, **node.parameters)
    return scalar_node(value, node) if node.shape == () and np.all(np.isfinite(value)) else None


def _is_elementwise(primitive: Primitive) -> bool:
    return primitive.shape is elementwise


def _add_zero(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return x if is_zero(y) else y if is_zero(x) else None


def _negative(F: Any, x: Node) -> Node | None:
    return None if np.dtype(x.dtype).kind == "b" else F.negative(x)  # NumPy has no minus for booleans


def _subtract_zero(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return x if is_zero(y) else _negative(F, y) if is_zero(x) else None


def _multiply_one(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return x if is_one(y) else y if is_one(x) else None


def _by_one(F: Any, node: Node) -> Node | None:
    return node.operands[0] if is_one(node.operands[1]) else None


def _multiply_minus_one(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return _negative(F, x) if number(y) == -1 else _negative(F, y) if number(x) == -1 else None


def _double_negative(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    return x.operands[0] if operation(x) == "negative" else None


def _add_negative(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    if operation(y) == "negative":
        return F.subtract(x, y.operands[0])
    return F.subtract(y, x.operands[0]) if operation(x) == "negative" else None


def _subtract_negative(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return F.add(x, y.operands[0]) if operation(y) == "negative" else None


def _both_negative(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    if operation(x) == operation(y) == "negative":
        return getattr(F, operation(node))(x.operands[0], y.operands[0])
    return None


def _same_shape(F: Any, node: Node) -> Node | None:
    return node.operands[0]  # taken only where shape and dtype are those of the node


def _transposed_twice(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    axes = node.parameters["axes"]
    if axes == tuple(range(len(axes))):
        return x
    if operation(x) == "transpose":
        return F.transpose(x.operands[0], axes=tuple(x.parameters["axes"][a] for a in axes))
    return None


def _undone(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    inverse = {"squeeze": "expand_dims", "expand_dims": "squeeze"}[operation(node)]
    if operation(x) == inverse and x.parameters["axis"] == node.parameters["axis"]:
        return x.operands[0]
    return None


def _reshaped_twice(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    return F.reshape(x.operands[0], **node.parameters) if operation(x) == "reshape" else None


def _same_branches(F: Any, node: Node) -> Node | None:
    _, x, y = node.operands
    return x if x is y else None


def _unbroadcast(node: Node) -> Node | None:
    """What a node broadcasts, if NumPy would line it up in the same way by itself."""
    if operation(node) in ("broadcast_like", "broadcast_to") or (
        operation(node) == "expand_dims" and node.operands[0].ndim == 0
    ):
        return node.operands[0]
    if operation(node) == "expand_like":
        axis, inner = node.parameters["axis"], node.operands[0]
        if inner.ndim == 0 or node.parameters["keepdims"] or axis == tuple(range(len(axis))):
            return inner
    return None


def _drop_broadcast(F: Any, node: Node) -> Node | None:
    for i, operand in enumerate(node.operands):
        inner = _unbroadcast(operand)
        if inner is None:
            continue
        operands = (*node.operands[:i], inner, *node.operands[i + 1 :])
        if broadcast_shapes(*(operand.shape for operand in operands)) == node.shape:
            return getattr(F, operation(node))(*operands, **node.parameters)
    return None


def _broadcast_last(F: Any, node: Node) -> Node | None:
    """f(broadcast(x), s) = broadcast(f(x, s)) for scalars s: the operation then runs on fewer numbers."""
    spread = [operand for operand in node.operands if operand.ndim]
    if len(spread) != 1 or operation(spread[0]) not in ("broadcast_like", "broadcast_to", "expand_like"):
        return None
    (wide,) = spread
    inner = wide.operands[0]
    applied = getattr(F, operation(node))(*(inner if x is wide else x for x in node.operands), **node.parameters)
    return getattr(F, operation(wide))(applied, *wide.operands[1:], **wide.parameters)


def _fold(F: Any, node: Node) -> Node | None:
    value = evaluated(node)
    if value is not None and operation(node) == "divide":
        # A quotient such as 1/2 or 2/3 stays one: x (1/2) is x / 2, and 2/3 has more digits.
        x, y = map(number, node.operands)
        if x == 1 or len(f"{number(value)}") > len(f"{x} / {y}"):
            return None
    return value


VALUE_SAFE: tuple[Rewrite, ...] = (
    Rewrite("evaluate numbers", "f(a, b) = its value, for numbers a and b", _is_elementwise, _fold,
            lambda F, x: F.multiply(x, F.add(constant(2.0), constant(3.0)))),
    Rewrite("drop a zero", "x + 0 = x", named("add"), _add_zero, lambda F, x: F.add(F.zeros_like(x), x)),
    Rewrite("drop a zero", "x - 0 = x, 0 - x = -x", named("subtract"), _subtract_zero, lambda F, x: F.subtract(0.0, x)),
    Rewrite("drop a factor 1", "x 1 = x", named("multiply"), _multiply_one, lambda F, x: F.multiply(F.ones_like(x), x)),
    Rewrite("drop a divisor 1", "x / 1 = x", named("divide"), _by_one, lambda F, x: F.divide(x, 1.0)),
    Rewrite("drop an exponent 1", "x^1 = x", named("power"), _by_one, lambda F, x: F.power(x, 1.0)),
    Rewrite("write as a sign", "x (-1) = -x", named("multiply"), _multiply_minus_one, lambda F, x: F.multiply(x, -1.0)),
    Rewrite("double negative", "-(-x) = x", named("negative"), _double_negative,
            lambda F, x: F.negative(F.negative(x))),
    Rewrite("write as a difference", "x + (-y) = x - y", named("add"), _add_negative,
            lambda F, x, y: F.add(F.negative(x), y), ((3,), (3,))),
    Rewrite("double negative", "x - (-y) = x + y", named("subtract"), _subtract_negative,
            lambda F, x, y: F.subtract(x, F.negative(y)), ((3,), (3,))),
    Rewrite("cancel the signs", "(-x)(-y) = x y, (-x)/(-y) = x/y", named("multiply", "divide"), _both_negative,
            lambda F, x, y: F.divide(F.negative(x), F.negative(y)), ((3,), (3,)), Interval(0.0, np.inf)),
    Rewrite("drop a change of shape", "x brought to its own shape = x",
            named("sum_like", "broadcast_like", "reshape_like", "reshape", "broadcast_to", "cast_like", "squeeze",
                  "expand_dims"), _same_shape, lambda F, x: F.sum_like(x, x)),
    Rewrite("drop what changes nothing", "+x = x, a copy of x = x", named("positive", "copy"), _same_shape,
            lambda F, x: F.positive(x)),
    Rewrite("transpose twice", "(X^T)^T = X", named("transpose"), _transposed_twice,
            lambda F, x: F.transpose(F.transpose(x, axes=(1, 2, 0)), axes=(2, 1, 0)), ((2, 3, 4),)),
    Rewrite("drop a change of shape", "squeeze(expand_dims(x)) = x", named("squeeze", "expand_dims"), _undone,
            lambda F, x: F.squeeze(F.expand_dims(x, axis=(1,)), axis=(1,))),
    Rewrite("drop a change of shape", "reshape(reshape(x)) = reshape(x)", named("reshape"), _reshaped_twice,
            lambda F, x: F.reshape(F.reshape(x, shape=(6,)), shape=(3, 2)), ((2, 3),)),
    Rewrite("same branches", "where(c, x, x) = x", named("where"), _same_branches,
            lambda F, x: F.where(F.greater(x, 0.0), x, x)),
    Rewrite("drop a broadcast", "f(broadcast(x), y) = f(x, y) where y has the shape already", _is_elementwise,
            _drop_broadcast,
            lambda F, x, y: F.multiply(F.expand_like(x, y, axis=(0,), keepdims=False), y), ((3,), (2, 3))),
    Rewrite("broadcast last", "f(broadcast(x), 2) = broadcast(f(x, 2))", _is_elementwise, _broadcast_last,
            lambda F, x, y: F.divide(F.expand_like(x, y, axis=(1,), keepdims=False), 2.0), ((2,), (2, 3))),
)  # fmt: skip
