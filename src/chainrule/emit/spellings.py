"""How NumPy writes what derivative rules are made of: shapes that follow another value, sizes, transposes, indices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.index import ARRAY
from chainrule.emit.layout import Binding, Expression, Printer
from chainrule.emit.literals import dtype_literal

if TYPE_CHECKING:
    from chainrule.emit.numpy import NumPyPrinter

__all__ = ["FOLLOWED", "SPELLINGS", "index_text"]

# The operand that an operation uses for its shape alone.
FOLLOWED = {
    **dict.fromkeys(("sum_like", "broadcast_like", "expand_like", "reshape_like"), 1),
    **dict.fromkeys(("zeros_like", "ones_like", "size", "scatter", "identity_like"), 0),
}


def _same(printer: NumPyPrinter, node: Node) -> Expression:
    """The operand itself."""
    operand = node.operands[0]
    return printer.literal(operand, node) if printer.is_literal(operand) else printer.written[operand]


def _sum_like(printer: NumPyPrinter, node: Node) -> Expression | None:
    x, like = node.operands
    lead = x.ndim - like.ndim
    kept = tuple(lead + i for i, n in enumerate(like.shape) if n == 1 != x.shape[lead + i])
    if not lead and not kept:
        return _same(printer, node)
    text = printer.operand(x, consumer=node)
    if like.shape == ():
        return Expression(f"np.sum({text})")
    if not kept:
        return Expression(f"np.sum({text}, axis={0 if lead == 1 else tuple(range(lead))})")
    axes = (*range(lead), *kept)
    summed = f"np.sum({text}, axis={axes[0] if len(axes) == 1 else axes}, keepdims=True)"
    return Expression(f"{summed}.reshape({printer.shape_of(like)})" if lead else summed)


def _broadcast_like(printer: NumPyPrinter, node: Node) -> Expression | None:
    x, like = node.operands
    if x.shape == like.shape:
        return _same(printer, node)
    return Expression(f"np.broadcast_to({printer.operand(x, consumer=node)}, {printer.shape_of(like)})")


def _expand_like(printer: NumPyPrinter, node: Node) -> Expression | None:
    x, like = node.operands
    axis = node.parameters["axis"]
    if not axis:
        return _same(printer, node)
    if node in printer.graph.outputs and x.ndim == 0 and printer.models[like].dtype == node.dtype == x.dtype:
        value = printer.number(x, node)
        one = value == "1.0"
        return Expression(f"np.{'ones' if one else 'full'}_like({printer.model(like)}{'' if one else f', {value}'})")
    text = printer.operand(x, consumer=node)
    # Broadcasting puts missing axes in front by itself.
    if not node.parameters["keepdims"] and axis != tuple(range(len(axis))):
        text = f"np.expand_dims({text}, {axis[0] if len(axis) == 1 else axis})"
    return Expression(f"np.broadcast_to({text}, {printer.shape_of(like)})")


def _reshape_like(printer: NumPyPrinter, node: Node) -> Expression | None:
    x, like = node.operands
    return Expression(f"np.reshape({printer.operand(x, consumer=node)}, {printer.shape_of(like)})")


def _cast_like(printer: NumPyPrinter, node: Node) -> Expression | None:
    (x, _), dtype = node.operands, node.dtype
    if isinstance(dtype, type) or isinstance(x.dtype, type):
        return (
            None
            if isinstance(dtype, type)
            else Expression(f"{dtype_literal(dtype)}({printer.operand(x, consumer=node)})")
        )
    text, current = printer.operand(x, Binding.ATOM, node), x.dtype
    if current.kind == "c" and dtype.kind != "c":
        text, current = f"{text}.real", np.dtype(f"f{current.itemsize // 2}")
    if current == dtype:
        return Expression(text, Binding.POSTFIX)
    return Expression(f"{dtype_literal(dtype)}({text})" if x.shape == () else f"{text}.astype({dtype_literal(dtype)})")


def _filled_like(printer: NumPyPrinter, node: Node) -> Expression | None:
    if isinstance(node.dtype, type) or node.primitive is None:
        return None
    model = printer.models[node.operands[0]]
    dtype = "" if model.dtype == node.dtype else f", dtype={dtype_literal(node.dtype)}"
    return Expression(f"np.{node.primitive.name}({printer.model(node.operands[0])}{dtype})")


def _size(printer: NumPyPrinter, node: Node) -> Expression | None:
    (x,), axis = node.operands, node.parameters["axis"]
    if not axis:
        return Expression("1")
    model = printer.model(x)
    if axis == tuple(range(x.ndim)):
        return Expression(f"{model}.size")
    text = " * ".join(f"{model}.shape[{a}]" for a in axis)
    return Expression(text, Binding.PRODUCT if len(axis) > 1 else Binding.ATOM)


def _transpose(printer: NumPyPrinter, node: Node) -> Expression | None:
    (x,), axes = node.operands, node.parameters["axes"]
    if x.ndim >= 2 and axes == tuple(reversed(range(x.ndim))):
        return Expression(f"{printer.operand(x, Binding.ATOM, node)}.T")
    return None


def index_text(printer: Printer, node: Node, arrays: Sequence[Node]) -> str:
    """What stands in the brackets: the pattern of a node, with the arrays in it."""
    indices = iter(arrays)
    parts = []
    for part in node.parameters["pattern"]:
        if isinstance(part, slice):
            ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
            parts.append(":".join(ends if part.step is None else [*ends, str(part.step)]))
        elif isinstance(part, str) and part == ARRAY:
            parts.append(printer.operand(next(indices), consumer=node))
        else:
            parts.append("..." if part is Ellipsis else repr(part))
    return ", ".join(parts) or "()"


def _getitem(printer: NumPyPrinter, node: Node) -> Expression | None:
    x, *arrays = node.operands
    return Expression(f"{printer.operand(x, Binding.ATOM, node)}[{index_text(printer, node, arrays)}]")


def _expand_dims(printer: NumPyPrinter, node: Node) -> Expression | None:
    (x,), axis = node.operands, node.parameters["axis"]
    if not 0 < x.ndim < node.ndim <= 3:
        return None
    inside = ", ".join("None" if a in axis else ":" for a in range(max(axis) + 1))
    return Expression(f"{printer.operand(x, Binding.ATOM, node)}[{inside}]")


def _logical_not(printer: NumPyPrinter, node: Node) -> Expression | None:
    (x,) = node.operands
    if x.shape == () or x.dtype != np.bool_:  # ~ of Python's True is -2
        return None
    return Expression(f"~{printer.operand(x, Binding.SIGN, node)}", Binding.SIGN)


def _einsum(printer: NumPyPrinter, node: Node) -> Expression | None:
    terms, _, result = node.parameters["subscripts"].partition("->")
    if len(set(result)) != len(result) or node.shape == ():
        return None
    operands = ", ".join(printer.operand(x, consumer=node) for x in node.operands)
    # A path and BLAS pay from three operands or some thousand numbers on.
    large = len(node.operands) > 2 or sum(math.prod(x.shape) for x in node.operands) > 5000
    return Expression(f'np.einsum("{terms}->{result}", {operands}{", optimize=True" if large else ""})')


def _identity_like(printer: NumPyPrinter, node: Node) -> Expression | None:
    model = printer.model(node.operands[0])
    dtype = "" if node.dtype == np.float64 else f", dtype={dtype_literal(node.dtype)}"
    identity = f"np.eye({model}.shape[-1]{dtype})"
    return Expression(identity if node.ndim == 2 else f"np.broadcast_to({identity}, {model}.shape)")


# NumPy's own way to write what derivative rules are made of; everything else is a call of the operation's function.
SPELLINGS: dict[str, Callable[[NumPyPrinter, Node], Expression | None]] = {
    "sum_like": _sum_like,
    "broadcast_like": _broadcast_like,
    "expand_like": _expand_like,
    "reshape_like": _reshape_like,
    "cast_like": _cast_like,
    "zeros_like": _filled_like,
    "ones_like": _filled_like,
    "stop_gradient": _same,
    "size": _size,
    "transpose": _transpose,
    "getitem": _getitem,
    "expand_dims": _expand_dims,
    "logical_not": _logical_not,
    "part": _getitem,
    "einsum": _einsum,
    "identity_like": _identity_like,
}
