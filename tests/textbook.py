"""The table of textbook derivatives, and what a row of it exercises: rules of calculus, depth of nesting, variables."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from chainrule.core.graph import Graph, Node
from chainrule.core.shapes import elementwise
from chainrule.passes.rewrites import number, operation
from chainrule.read.formula import parse

__all__ = ["RULES", "TABLE", "Row", "depth_of", "rules_of", "written_operations"]

TABLE = Path(__file__).parent / "data" / "derivatives.csv"
RULES = (
    "constant", "variable", "linearity", "product", "quotient", "power-integer", "power-real", "power-general",
    "exponential", "logarithm", "trigonometric", "inverse-trigonometric", "hyperbolic", "inverse-hyperbolic",
    "sigmoid", "softplus", "relu", "abs", "max-min", "erf", "chain",
)  # fmt: skip
_FAMILIES = {
    "exponential": ("exp", "exp2", "expm1"), "logarithm": ("log", "log2", "log10", "log1p"),
    "trigonometric": ("sin", "cos", "tan"), "inverse-trigonometric": ("arcsin", "arccos", "arctan"),
    "hyperbolic": ("sinh", "cosh", "tanh"), "inverse-hyperbolic": ("arcsinh", "arccosh", "arctanh"),
    "sigmoid": ("expit",), "softplus": ("softplus",), "relu": ("relu",), "abs": ("abs",),
    "max-min": ("maximum", "minimum"), "erf": ("erf", "erfc"), "power-real": ("sqrt", "cbrt"),
    "power-integer": ("square",),
}  # fmt: skip
_LINES = ("add", "subtract", "negative", "multiply", "divide")


@dataclass(frozen=True)
class Row:
    """A formula, the variable of the derivative, the answer, and what it exercises."""

    formula: str
    variable: str
    answer: str
    rules: tuple[str, ...]
    depth: int
    variables: int
    sympy_operations: int

    def __str__(self) -> str:
        return f"{self.formula} by {self.variable}"

    def graph(self) -> Graph:
        graph = parse(self.formula)
        return graph if self.variable in [node.name for node in graph.inputs] else parse(self.formula, self.variable)

    @classmethod
    def read(cls) -> list[Row]:
        with TABLE.open(encoding="utf-8", newline="") as file:
            return [
                cls(
                    row["formula"], row["variable"], row["answer"], tuple(row["rules"].split()), int(row["depth"]),
                    int(row["variables"]), int(row["sympy_operations"]),
                )
                for row in csv.DictReader(file)
            ]  # fmt: skip


def written_operations(graph: Graph) -> int:
    """How many operations the output takes as it is written, with shared terms counted each time."""
    count: dict[Node, int] = {}
    for node in graph.nodes:
        count[node] = (node.primitive is not None) + sum(count[operand] for operand in node.operands)
    return count[graph.outputs[0]]


def _moving(graph: Graph, variable: str) -> dict[Node, bool]:
    moves: dict[Node, bool] = {}
    for node in graph.nodes:
        moves[node] = (node.is_input and node.name == variable) or any(moves[operand] for operand in node.operands)
    return moves


def depth_of(graph: Graph, variable: str) -> int:
    """How many functions and powers are nested in each other around the variable."""
    moves = _moving(graph, variable)
    depth: dict[Node, int] = {}
    for node in graph.nodes:
        inner = max((depth[operand] for operand in node.operands), default=0)
        function = moves[node] and node.primitive is not None and operation(node) not in _LINES
        depth[node] = inner + (function and node.primitive is not None and node.primitive.shape is elementwise)
    return depth[graph.outputs[0]]


def rules_of(graph: Graph, variable: str) -> tuple[str, ...]:
    """The rules of calculus that the derivative of a formula takes, in the order of `RULES`."""
    moves = _moving(graph, variable)
    found = set()
    if not moves[graph.outputs[0]]:
        found.add("constant")
    for node in graph.nodes:
        if node.primitive is None:
            if moves[node] and graph.outputs[0] is node:
                found.add("variable")
            continue
        if not moves[node]:
            continue
        found |= _rules_at(node, [moves[operand] for operand in node.operands])
        if operation(node) in _LINES and any(moves[operand] and operand.is_input for operand in node.operands):
            found.add("variable")
    return tuple(rule for rule in RULES if rule in found)


def _rules_at(node: Node, moves: list[bool]) -> set[str]:
    name = operation(node)
    found = {rule for rule, names in _FAMILIES.items() if name in names}
    if name in ("add", "subtract", "negative"):
        found.add("linearity")
        if not all(moves):
            found.add("constant")
    elif name == "multiply":
        found.add("product" if all(moves) else "linearity")
    elif name == "divide":
        found.add("quotient" if moves[1] else "linearity")
    elif name == "power" and moves[1]:
        found.add("power-general" if moves[0] else "exponential")
    elif name == "power":
        exponent = node.operands[1]
        value = number(exponent.operands[0] if operation(exponent) == "negative" else exponent)
        found.add("power-integer" if value is not None and float(value).is_integer() else "power-real")
    if name not in _LINES and any(
        move and operand.primitive is not None for move, operand in zip(moves, node.operands, strict=True)
    ):
        found.add("chain")
    return found
