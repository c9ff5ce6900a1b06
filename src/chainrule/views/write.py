"""Formulas in any notation: text, Unicode, LaTeX, MathML.

A new notation is a printer in a file of its own and a line in `NOTATIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.core.graph import Graph, Node
from chainrule.errors import ArgumentError
from chainrule.read.formula import Formula
from chainrule.views.latex import LatexPrinter
from chainrule.views.mathml import MathmlPrinter
from chainrule.views.text import TextPrinter, UnicodePrinter
from chainrule.views.tree import DerivativeNotation, Printer, Written

__all__ = ["NOTATIONS", "derivative_name", "formula", "gradient_name", "write"]

NOTATIONS: Mapping[str, type[Printer]] = {
    "text": TextPrinter,
    "unicode": UnicodePrinter,
    "latex": LatexPrinter,
    "mathml": MathmlPrinter,
}
_DERIVATIVES = ("prime", "leibniz", "partial")


def formula(
    graph: Graph | Node,
    notation: str = "text",
    derivative: DerivativeNotation = "prime",
    names: Mapping[Node, str] | None = None,
) -> str:
    r"""A graph's output, or a node, as one formula.

    Args:
        graph: a graph, or one of its nodes. Several outputs are written in parentheses, with commas.
        notation: "text", "unicode", "latex" (for math mode, without $) or "mathml" (a whole math element).
        derivative: how a derivative still to be taken is written: "prime" for u', "leibniz" for d/dx u, "partial".
        names: nodes that are written as a name, not as what they are computed from.

    Returns:
        The formula. What is used again and is large is named once, after the word "where".

    Raises:
        ArgumentError: there is no such notation.

    >>> from chainrule.read.formula import parse
    >>> print(formula(parse("sqrt(x)/(2 sigma^2) e^-x"), "latex"))
    \frac{\sqrt{x}}{2 \sigma^{2}} e^{-x}
    >>> formula(parse("sqrt(x)/(2 sigma^2) - 3*x"), "unicode")
    '√x/(2 sigma²) − 3x'
    """
    printer = _printer(notation, derivative, {**_letters(graph), **(names or {})})
    return printer.line(_written(printer, graph))


def write(
    graph: Graph | Node,
    notation: str = "text",
    derivative: DerivativeNotation = "prime",
    names: Mapping[Node, str] | None = None,
    share: bool = True,
) -> Written:
    """The outputs and what was named once, one by one, for views that set them in lines of their own.

    Args:
        graph: a graph, or one of its nodes.
        notation: as for `formula`; in MathML each part is an expression for a math element, without that element.
        derivative: as for `formula`.
        names: nodes that are written as a name, not as what they are computed from.
        share: name what is used again and is large, else write it out wherever it is used.

    >>> from chainrule.read.formula import parse
    >>> shared = parse("ln(x^2 + 3x + 1)").outputs[0]
    >>> write(shared * shared.F.sin(shared))
    Written(outputs=('v1 sin(v1)',), definitions=(('v1', 'ln(x^2 + 3x + 1)'),))
    """
    return _written(_printer(notation, derivative, {**_letters(graph), **(names or {})}, share), graph)


def derivative_name(
    function: str, variables: Sequence[str], notation: str = "text", derivative: DerivativeNotation = "prime"
) -> str:
    r"""How the derivative of a function by some variables in turn is called.

    As d/dy is put before df/dx, the variable that comes first stands last.

    >>> derivative_name("f", ["x"]), derivative_name("f", ["x", "x"], "unicode", "partial")
    ("f'", '∂²f/∂x²')
    >>> print(derivative_name("f", ["x", "y"], "latex", "partial"))
    \frac{\partial^{2} f}{\partial y \, \partial x}
    """
    return _printer(notation, derivative).derivative_name(function, variables)


def gradient_name(function: str, notation: str = "text") -> str:
    """How the gradient of a function is called.

    >>> gradient_name("f"), gradient_name("f", "unicode")
    ('grad f', '∇f')
    """
    return _printer(notation, "partial").gradient_name(function)


def _letters(graph: Graph | Node) -> Mapping[Node, str]:
    """The sizes that a formula writes as the letters of its declared shapes."""
    return graph.letters if isinstance(graph, Formula) else {}


def _written(printer: Printer, graph: Graph | Node) -> Written:
    return printer.write([graph] if isinstance(graph, Node) else graph.outputs)


def _printer(
    notation: str, derivative: DerivativeNotation, names: Mapping[Node, str] | None = None, share: bool = True
) -> Printer:
    for value, known, what in ((notation, NOTATIONS, "notation"), (derivative, _DERIVATIVES, "derivative")):
        if value not in known:
            raise ArgumentError(f"{what} is {value!r}: expected one of {', '.join(known)}")
    return NOTATIONS[notation](derivative, names, share)
