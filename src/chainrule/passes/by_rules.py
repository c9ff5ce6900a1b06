"""Derivatives as textbooks write them: by the rules of calculus, in the order of the formula, simplified for a reader.

The reverse pass adds up the paths to an input as it meets them, the last one first: 5 + 6x for the derivative of
3x^2 + 5x. The rules, applied one at a time, keep the order of the author: 6x + 5.
"""

from __future__ import annotations

from chainrule.core.graph import Graph, Node, topological
from chainrule.core.registry import building
from chainrule.limits import LIMITS
from chainrule.ops import rules
from chainrule.passes.algebra.products import PRODUCTS
from chainrule.passes.plumbing import PLUMBING
from chainrule.passes.rewrites import VALUE_SAFE
from chainrule.passes.simplify import RewriteStep, rewrite, rewrite_steps, simplify
from chainrule.passes.stepwise import applications, replaced

__all__ = ["by_rules", "simplified", "simplifying"]

_READ = 300  # nodes: a longer formula is not read as a whole, and bringing its sums to their form takes long
_LONG = (*PLUMBING, *VALUE_SAFE[1:], *PRODUCTS)


def by_rules(graph: Graph, x: Node, order: int = 1) -> Graph:
    """The derivative of a graph of one output by the scalar input x, as a textbook writes it.

    Args:
        graph: a graph of one output.
        x: one of its inputs.
        order: how many times it is taken.

    Returns:
        A graph with the same inputs, for reading: it is equal where the function is defined, to rounding. Where it is
        long, only its products are simplified, not its sums.

    Raises:
        LimitError: the derivatives grow too large; it is raised before the one that does is simplified.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> graph = parse("3x^2 + 5x")
    >>> formula_text(by_rules(graph, graph.inputs[0]))
    '6x + 5'
    """
    taken = rewrite(graph, ())  # what is equal is derived once
    nodes = 0
    for _ in range(order):
        (term,) = taken.outputs
        new = {made.before: made.after for made in applications(term, x)}
        raw = replaced(next(iter(new)), new)
        size = len(topological([raw]))
        nodes += size
        LIMITS.check("shown_derivative_nodes", nodes)
        taken = Graph(graph.inputs, (raw,), graph.guards, f"derivative of {graph.name}")
        taken = simplified(taken, graph) if size <= _READ else rewrite(taken, _LONG)
    return taken


def simplified(derivative: Graph, of: Graph) -> Graph:
    """A derivative that rules have made of a function, simplified for a reader.

    A rule may take a quotient for a power. It is a quotient again, unless the author writes u^(-n) for one.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> formula_text(simplified(parse("-x^(-2)"), of=parse("1/x")))
    '-1/x^2'
    """
    return simplify(_quotients_again(derivative, of), for_view=True, author=of)


def simplifying(derivative: Graph, of: Graph) -> tuple[Node, list[RewriteStep]]:
    """The steps of `simplified`: the derivative with its quotients as such, and what the rules then do to it."""
    quotients = _quotients_again(derivative, of)
    return quotients.outputs[0], rewrite_steps(quotients, author=of)


def _quotients_again(derivative: Graph, of: Graph) -> Graph:
    if _negative_powers(of):
        return derivative
    quotients = _negative_powers(derivative)
    outputs = tuple(replaced(output, quotients) for output in derivative.outputs)
    return Graph(derivative.inputs, outputs, derivative.guards, derivative.name)


def _negative_powers(graph: Graph) -> dict[Node, Node]:
    """For each u^(-n) in a graph, with a number n, the quotient 1 / u^n."""
    found = {}
    for node in graph.nodes:
        if node.primitive is not None and node.primitive.rule is rules.POWER:
            base, exponent = node.operands
            size = exponent.parameters.get("value") if exponent.is_constant and not exponent.name else None
            if size is not None and size < 0:
                power = base if size == -1 else building.square(base) if size == -2 else building.power(base, -size)
                found[node] = building.divide(1.0, power)
    return found
