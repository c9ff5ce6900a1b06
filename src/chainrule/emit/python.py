"""Plain Python source of a graph of numbers: `math` and nothing else, ten times faster than NumPy on one number."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.emit import scalars
from chainrule.emit.include import included_source
from chainrule.emit.layout import Binding, Expression, Printer, Program, known_name as _name
from chainrule.emit.literals import number_literal
from chainrule.errors import SourceError

__all__ = ["SPELLED", "python_program", "python_source"]

_SIGNS: dict[str, tuple[str, Binding]] = {
    "add": ("+", Binding.SUM),
    "subtract": ("-", Binding.SUM),
    "multiply": ("*", Binding.PRODUCT),
    "less": ("<", Binding.COMPARISON),
    "less_equal": ("<=", Binding.COMPARISON),
    "greater": (">", Binding.COMPARISON),
    "greater_equal": (">=", Binding.COMPARISON),
    "equal": ("==", Binding.COMPARISON),
    "not_equal": ("!=", Binding.COMPARISON),
}
# Functions that are defined, and finite where NumPy's are, for every float.
_TOTAL: dict[str, str] = {
    "abs": "abs",
    "arcsinh": "math.asinh",
    "arctan": "math.atan",
    "arctan2": "math.atan2",
    "cbrt": "math.cbrt",
    "copysign": "math.copysign",
    "deg2rad": "math.radians",
    "erf": "math.erf",
    "erfc": "math.erfc",
    "hypot": "math.hypot",
    "isfinite": "math.isfinite",
    "isinf": "math.isinf",
    "isnan": "math.isnan",
    "rad2deg": "math.degrees",
    "tanh": "math.tanh",
}
# The others come along as functions of their own, which know what NumPy gives where `math` raises.
_TAKEN_ALONG: dict[str, Callable[..., float]] = {
    name.removeprefix("_"): function for name, function in vars(scalars).items() if inspect.isfunction(function)
}
_TAKEN_ALONG["float_power"] = scalars._power
# Operations that leave a number what it is.
_NOTHING_TO_DO = frozenset((
    "broadcast_like", "broadcast_to", "cast_like", "conj", "copy", "expand_dims", "expand_like", "max", "mean", "min",
    "positive", "prod", "real", "reshape", "reshape_like", "squeeze", "stop_gradient", "sum", "sum_like", "transpose",
))  # fmt: skip
_OTHERS = frozenset((
    "logical_and", "logical_not", "logical_or", "logical_xor", "negative", "ones_like", "reciprocal", "size", "square",
    "where", "zeros_like",
))  # fmt: skip

SPELLED = _NOTHING_TO_DO | _OTHERS | {*_SIGNS, *_TOTAL, *_TAKEN_ALONG}


def python_source(graph: Graph, name: str = "f", docstring: str | None = None) -> str:
    """A graph of numbers as the source of a plain Python function of its inputs.

    It gives NumPy's values also where Python's own functions raise: infinity on overflow and at a pole, NaN outside
    the domain.

    Args:
        graph: every value in it is one real number or truth value; float64.
        name: of the function.
        docstring: its documentation, if any.

    Returns:
        Source that imports `math` and nothing else. Several outputs make a tuple.

    Raises:
        SourceError: the graph computes with arrays, or an operation has no form in plain Python; it is named.

    >>> import numpy as np
    >>> from chainrule.calculus.graphs import graph
    >>> print(python_source(graph(lambda x: x * np.exp(x), 1.0)))
    import math
    <BLANKLINE>
    <BLANKLINE>
    def _exp(x):
        try:
            return math.exp(x)
        except OverflowError:
            return math.inf
    <BLANKLINE>
    <BLANKLINE>
    def f(x):
        return x * _exp(x)
    <BLANKLINE>
    """
    return python_program(graph, name, docstring).source


def python_program(
    graph: Graph,
    name: str = "f",
    docstring: str | None = None,
    leading: Sequence[Node] = (),
    guard_error: str = "ValueError",
) -> Program:
    """As `python_source`; the arguments are those of `numpy_program`."""
    return PythonPrinter(graph, name, leading, guard_error).program(docstring)


class PythonPrinter(Printer):
    """Spells operations on numbers with Python and `math`."""

    module = "math"

    def __init__(self, graph: Graph, name: str, leading: Sequence[Node], guard_error: str) -> None:
        super().__init__(graph, name, leading, guard_error)
        self.functions: dict[str, str] = {}
        for node in graph.nodes:
            _require_number(node, graph)

    def above(self) -> list[str]:
        return list(self.functions.values())

    def is_literal(self, node: Node) -> bool:
        return node.is_constant or _name(node) in ("zeros_like", "ones_like", "size")

    def literal(self, node: Node, consumer: Node | None) -> Expression:
        if not node.is_constant:
            return number_literal(0.0 if _name(node) == "zeros_like" else 1 if _name(node) == "size" else 1.0)
        value = node.parameters["value"]
        number = value.item() if isinstance(value, (np.generic, np.ndarray)) else value
        if type(number) is int and abs(number) > 2**53:
            number = float(number)  # Python would compare and multiply it as the integer that it is
        return number_literal(number, "math")

    def references(self, node: Node) -> Sequence[Node]:
        if _name(node) in _NOTHING_TO_DO:
            return node.operands[:1]
        return () if self.is_literal(node) else node.operands

    def spell(self, node: Node) -> Expression:
        name, operands = _name(node), node.operands
        if name in _NOTHING_TO_DO:
            first = operands[0]
            return self.literal(first, node) if self.is_literal(first) else self.written[first]
        if name in _SIGNS:
            return self._infix(node, *_SIGNS[name])
        if name in _TOTAL:
            return Expression(f"{_TOTAL[name]}({', '.join(self.operand(x) for x in operands)})")
        if name == "divide" and operands[1].is_constant and operands[1].parameters["value"] != 0:
            return self._infix(node, "/", Binding.PRODUCT)
        if name in _TAKEN_ALONG:
            return self._call(name, [self.operand(x) for x in operands])
        return self._other(name, operands)

    def _infix(self, node: Node, sign: str, binding: Binding) -> Expression:
        left, right = node.operands
        comparison = binding is Binding.COMPARISON
        tighter = Binding.SUM if comparison else Binding(min(b for b in Binding if b > binding))
        first = self.operand(left, Binding.SUM if comparison else binding)
        return Expression(f"{first} {sign} {self.operand(right, tighter)}", binding)

    def _call(self, name: str, arguments: Sequence[str]) -> Expression:
        called, pieces = included_source(_TAKEN_ALONG[name])
        self.functions.update(pieces)
        return Expression(f"{called}({', '.join(arguments)})")

    def _other(self, name: str, operands: Sequence[Node]) -> Expression:
        if name == "square":
            x = self.atom(operands[0])
            return Expression(f"{x} * {x}", Binding.PRODUCT)
        if name == "negative":
            return Expression(f"-{self.operand(operands[0], Binding.SIGN)}", Binding.SIGN)
        if name == "reciprocal":
            return self._call("divide", ["1.0", self.operand(operands[0])])
        if name == "where":
            condition, x, y = (self.operand(operand, Binding.OR) for operand in operands)
            return Expression(f"{x} if {condition} else {y}", Binding.CONDITIONAL)
        truths = [self._truth(operand) for operand in operands]
        if name == "logical_not":
            return Expression(f"not {_in(truths[0], Binding.NOT)}", Binding.NOT)
        if name == "logical_xor":
            return Expression(f"{_in(truths[0], Binding.SUM)} != {_in(truths[1], Binding.SUM)}", Binding.COMPARISON)
        word, binding = ("and", Binding.AND) if name == "logical_and" else ("or", Binding.OR)
        return Expression(f"{_in(truths[0], Binding.NOT)} {word} {_in(truths[1], Binding.NOT)}", binding)

    def _truth(self, node: Node) -> Expression:
        if node.dtype in (bool, np.bool_):
            return self.literal(node, None) if self.is_literal(node) else self.written[node]
        return Expression(f"bool({self.operand(node)})")


def _in(expression: Expression, binding: Binding) -> str:
    return expression.text if expression.binding >= binding else f"({expression.text})"


_NUMBERS: Mapping[Any, str] = {np.dtype(np.float64): "float", np.dtype(bool): "bool"}


def _require_number(node: Node, graph: Graph) -> None:
    """Raise a `SourceError` unless the node is a number that plain Python computes as NumPy does."""
    where = f" ({node.site})" if node.site else ""
    what = f"the input {node.name}" if node.is_input else "a constant"
    if node.primitive is not None:
        what = node.primitive.name if node.primitive.module else f"the user's own operation {node.primitive.name}"
    remedy = "\n  write it in NumPy: language='numpy'"
    if node.shape != ():
        raise SourceError(
            f"{graph.name} computes with arrays ({what} has shape {node.shape}){where}: plain Python source is for "
            f"functions of numbers{remedy}"
        )
    # A weak dtype is a Python type; NumPy's int64 compares equal to int, and would be rounded to a float.
    if node.dtype not in ((bool, int, float) if isinstance(node.dtype, type) else _NUMBERS):
        raise SourceError(f"{what} has dtype {node.dtype}{where}: plain Python has float64 alone{remedy}")
    if node.primitive is None:
        return
    if _name(node) not in SPELLED or (node.parameters and _name(node) not in _NOTHING_TO_DO | {"size"}):
        raise SourceError(f"{what}{where} has no form in plain Python with math{remedy}")
    arithmetic = _name(node) in ("add", "subtract", "multiply", "negative", "square", "power")
    if arithmetic and node.dtype in (bool, np.bool_):
        raise SourceError(f"{what}{where} of truth values means something else in plain Python{remedy}")
