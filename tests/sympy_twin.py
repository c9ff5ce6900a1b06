"""A graph of scalars as an expression of SymPy: the oracle for derivatives and for how long they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from chainrule.core.graph import Graph, Node

__all__ = ["expression"]

_HALF = sympy.Rational(1, 2)


def _larger_share(x: Any, y: Any) -> Any:
    return sympy.Heaviside(x - y, _HALF)


def _smaller_share(x: Any, y: Any) -> Any:
    return sympy.Heaviside(y - x, _HALF)


TWINS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y, "negative": lambda x: -x, "power": lambda x, y: x**y, "square": lambda x: x**2,
    "sqrt": sympy.sqrt, "cbrt": sympy.cbrt, "exp": sympy.exp, "exp2": lambda x: 2**x,
    "expm1": lambda x: sympy.exp(x) - 1,
    "log": sympy.log, "log2": lambda x: sympy.log(x, 2), "log10": lambda x: sympy.log(x, 10),
    "log1p": lambda x: sympy.log(1 + x), "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "arcsin": sympy.asin,
    "arccos": sympy.acos, "arctan": sympy.atan, "sinh": sympy.sinh, "cosh": sympy.cosh, "tanh": sympy.tanh,
    "sech": sympy.sech, "arcsinh": sympy.asinh, "arccosh": sympy.acosh, "arctanh": sympy.atanh, "sign": sympy.sign,
    "expit": lambda x: 1 / (1 + sympy.exp(-x)), "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "relu": lambda x: sympy.Max(x, 0), "abs": sympy.Abs, "maximum": sympy.Max, "minimum": sympy.Min, "erf": sympy.erf,
    "erfc": sympy.erfc, "heaviside": sympy.Heaviside, "larger_share": _larger_share,
}  # fmt: skip


def expression(graph: Graph) -> Any:
    """The output of a graph; its inputs are real symbols of the same names."""
    found: dict[Node, Any] = {}
    for node in graph.nodes:
        if node.is_input:
            found[node] = sympy.Symbol(node.name, real=True)
        elif node.primitive is None:
            found[node] = _number(node)
        else:
            found[node] = TWINS[node.primitive.name](*(found[operand] for operand in node.operands))
    return found[graph.outputs[0]]


def _number(node: Node) -> Any:
    if node.name:
        return {"pi": sympy.pi, "π": sympy.pi, "e": sympy.E}[node.name]
    value = node.parameters["value"]
    return sympy.Integer(int(value)) if float(value).is_integer() else sympy.Rational(repr(float(value)))
