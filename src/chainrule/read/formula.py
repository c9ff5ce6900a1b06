"""Read a formula into a graph: as text, in Unicode, as Python writes it, or in LaTeX.

How it is read stands in `reader.py`; nothing of it is ever evaluated by Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.core.graph import Graph, Node, topological
from chainrule.core.notation import Power
from chainrule.errors import ArgumentError, FormulaError
from chainrule.limits import LIMITS
from chainrule.read.latex import latex_tokens
from chainrule.read.notes import Note
from chainrule.read.reader import Reader
from chainrule.read.refusals import SIGNS
from chainrule.read.shapes import ShapesLike, declared_shapes
from chainrule.read.statements import statement
from chainrule.read.tokens import plain, tokenize

__all__ = ["Formula", "FormulaNotation", "Note", "parse", "variable_names"]

FormulaNotation = Literal["text", "latex"]

_LATEX = re.compile(r"\\|[\^_] *\{|\A\s*\$")


@dataclass(frozen=True, eq=False)
class Formula(Graph):
    """The graph of a formula; its name is the formula as it was given.

    Attributes:
        sizes: the number that stands for each letter of the declared shapes. An input's parameter `sizes` has the
            letters of its axes.
        notes: the rules that were used where people read in several ways.
        arguments: those of the function that it defines, such as t for f(t) = A e^(-k t).
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def letters(self) -> dict[Node, str]:
        """The nodes that are a size for which the formula has a letter."""
        found: dict[Node, str] = {}
        for node in self.nodes:
            if node.primitive is not None and node.primitive.name == "size" and node.operands[0].is_input:
                (axis,) = node.parameters["axis"]
                found[node] = node.operands[0].parameters["sizes"][axis]
        return found


def parse(
    text: str,
    variables: Sequence[str] | str | None = None,
    shapes: ShapesLike | None = None,
    notation: FormulaNotation | None = None,
) -> Formula:
    """The graph of a formula; its inputs are the formula's variables, float64 arrays of the declared shapes or scalars.

    Args:
        text: the formula, such as "x^2 exp(x)"; of "f(x) = x^2" the right-hand side, with the arguments of f declared.
        variables: names that are variables whatever they look like, as a sequence or a text "x, rate"; they come first
            among the inputs, also where the formula does not use them. Those of `shapes` follow, then others in order
            of appearance.
        shapes: shapes of variables, as a text "X: N d, y: N" or a mapping {"X": "N d", "y": (20,)}. Each letter is a
            size; in the formula it stands for that number.
        notation: "latex" or "text" (which is also Unicode and Python); by default a backslash, a $ at the beginning or
            a brace after ^ or _ says that it is LaTeX.

    Raises:
        FormulaError: the formula cannot be read, or shapes do not fit; the place is marked.
        ArgumentError: a declaration cannot be read.
        LimitError: it is larger than `chainrule.limits.Limits` allows.

    >>> from chainrule.passes.evaluate import evaluate
    >>> graph = parse("3x^2 y + y")
    >>> [node.name for node in graph.inputs]
    ['x', 'y']
    >>> float(evaluate(graph, 2.0, 1.0)[0])
    13.0
    >>> parse("mean((y - X w)^2)", shapes="X: N d, y: N, w: d").sizes
    {'N': 5, 'd': 7}
    """
    if notation not in (None, "text", "latex"):
        raise ArgumentError(f"notation is {notation!r:.40}: expected text or latex")
    declaration = declared_shapes(shapes)
    names = variable_names(variables)
    names += [name for name in variable_names(list(declaration.axes)) if name not in names]
    for letter in variable_names(list(declaration.sizes)):
        if letter in names:
            raise ArgumentError(f"{letter} is declared as a variable and used as a size: give the size another letter")
    LIMITS.check("formula_length", len(text))
    given = statement(text, frozenset(names))
    names = names or variable_names(given.arguments)
    latex = notation == "latex" or (notation is None and _LATEX.search(given.text) is not None)
    shown = plain(text)
    if latex and text.count("$") % 2:
        raise FormulaError(f"a single $: {SIGNS['$']}", shown, text.index("$"), "LaTeX between two of them")
    reader = Reader(shown, names, declaration)
    if given.name:
        reader.notes[Note.RIGHT_SIDE] = None
    output = reader.read(latex_tokens(given.text) if latex else tokenize(given.text))
    if given.name and (given.name in reader.variables or not reader.variables):
        raise FormulaError("an equation is not a formula", shown, given.sign, "the formula of one side alone")
    if any(map(_is_power_of_zero, topological([output]))):
        reader.notes[Note.ZERO_BASE] = None
    return Formula(
        tuple(reader.variables.values()), (output,), name=given.text.strip() if given.name else text,
        sizes=declaration.sizes, notes=tuple(reader.notes), arguments=given.arguments,
    )  # fmt: skip


def _is_power_of_zero(node: Node) -> bool:
    if node.primitive is None or not isinstance(node.primitive.notation, Power) or len(node.operands) != 2:
        return False
    base, exponent = node.operands
    return base.is_constant and not exponent.is_constant and bool(np.all(base.parameters["value"] == 0))


def variable_names(variables: Sequence[Any] | str | None) -> list[str]:
    """Declared variables as a list; raises `ArgumentError` for what cannot be a name or is there twice."""
    if isinstance(variables, str):
        variables = variables.replace(",", " ").split()
    if variables is not None and not isinstance(variables, (str, list, tuple, set, dict)):
        raise ArgumentError(f"variables is {variables!r:.60}: expected names, such as 'x, y' or ['x', 'y']")
    names = [] if variables is None else [plain(name) if isinstance(name, str) else name for name in variables]
    for name in names:
        tokens = list(tokenize(name)) if isinstance(name, str) and len(name) < 100 else []
        if len(tokens) != 2 or tokens[0].kind != "word":
            raise ArgumentError(f"{name!r:.60} cannot be the name of a variable: use letters, digits and _")
        if names.count(name) > 1:
            raise ArgumentError(f"the variable {name} is declared twice")
    return names
