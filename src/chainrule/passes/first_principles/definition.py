"""A derivative from the definition: the limit of the difference quotient, taken one step at a time.

A step replaces LIM[term] by what is equal to it, in which limits of simpler terms may stand. Polynomials, rational
functions and roots are expanded until h can be cancelled; sums, products, quotients and powers are taken apart; exp,
ln, sin, cos and tan rest on the standard limits, also of an inner function. Nothing here uses a derivative that is
known already.
"""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.core.graph import Node, constant, topological
from chainrule.core.rule import Rule
from chainrule.errors import ArgumentError
from chainrule.passes.first_principles.algebraic import ALGEBRAIC
from chainrule.passes.first_principles.quotients import Quotients
from chainrule.passes.first_principles.standard_limits import STANDARD
from chainrule.passes.rewrites import operation
from chainrule.passes.stepwise import Application

__all__ = ["definition", "from_definition"]

NO_CHANGE = Rule("a constant does not change", "the difference is 0 for every h")
_METHODS = ALGEBRAIC | STANDARD


def definition(term: Node, x: Node) -> tuple[Node, Node]:
    """The limit that defines the derivative of a term by x, still to be taken, and its h."""
    name = next(letter for letter in ("h", "k", "t", "dx", "h_0") if letter not in _names(term))
    h = Node(None, (), {"name": name}, x.shape, x.dtype, name)
    return Quotients(x, h, _names(term)).limit(term), h


def from_definition(term: Node, x: Node, start: Node, h: Node) -> Iterator[Application]:
    """The steps from the limit of the difference quotient to the derivative.

    Args:
        term: what is differentiated.
        x: the variable.
        start: the limit, made by `definition`.
        h: its h.

    Raises:
        ArgumentError: for a part of the term no step is known; it is named.

    >>> from chainrule.read.formula import parse
    >>> graph = parse("x^2")
    >>> start, h = definition(graph.outputs[0], graph.inputs[0])
    >>> [step.rule.name for step in from_definition(graph.outputs[0], graph.inputs[0], start, h)]
    ['expand', 'cancel', 'factor out h', 'let h go to 0']
    """
    quotients = Quotients(x, h, _names(term))
    done: set[Node] = set()
    waiting = [(start, term)]
    while waiting:
        limit, of = waiting.pop()
        if limit in done:
            continue
        done.add(limit)
        yield from _steps(quotients, limit, of)
        waiting.extend(reversed(quotients.opened))
        quotients.opened.clear()


def _steps(quotients: Quotients, limit: Node, term: Node) -> Iterator[Application]:
    """The steps for one difference quotient; those that they leave open are noted."""
    if not quotients.moves(term):
        yield quotients.step(NO_CHANGE, limit, constant(0.0))
        return
    made = quotients.expanding(limit, term)
    if made is None:
        operands = [(operand, quotients.moves(operand)) for operand in term.operands]
        method = _METHODS.get(operation(term))
        made = None if method is None else method(quotients, limit, term, *operands)
    if made is None:
        raise ArgumentError(
            f"no derivation from the definition is known for {operation(term)}: known are polynomials, quotients, "
            "powers, roots, |u|, exp, ln, sin, cos, tan, hyperbolic functions, sigmoid, and what is composed of these\n"
            '  method="rules" derives every function'
        )
    yield from made


def _names(term: Node) -> frozenset[str]:
    return frozenset(node.name for node in topological([term]))
