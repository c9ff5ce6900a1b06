"""Simplify a graph: share what is equal and apply a table of rewrite rules.

The nodes are taken once, operands first, and each is built from operands that are simplified already; what a rule
builds is simplified as it is built. So one sweep reaches the fixed point, in time linear in the size of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.core.graph import Graph, Guard
from chainrule.passes.algebra import ALGEBRA
from chainrule.passes.building import Building
from chainrule.passes.plumbing import PLUMBING
from chainrule.passes.rewrites import VALUE_SAFE, Rewrite

__all__ = ["FOR_VIEW", "rewrite", "simplify"]

# A fraction such as 2/3 is not folded for a reader. Sums of sizes are letters before they are numbers.
FOR_VIEW = (*PLUMBING, *VALUE_SAFE[1:], *ALGEBRA)

_SWEEPS = 3  # what was used twice, and left whole for that, may be used once after a sweep


def simplify(graph: Graph, for_view: bool = False) -> Graph:
    """The graph with equal parts shared and the rules applied.

    Args:
        graph: any graph.
        for_view: also apply the algebraic rules, which hold in stated domains and turn sizes into letters. The result
            is for reading: it is equal at the shapes that the graph was made for, to rounding.

    Returns:
        A graph with the same inputs. Without `for_view` it has the same values at any shapes, to rounding and to the
        sign of a zero.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> formula_text(simplify(parse("1 x^1 - (-y) + 0")))
    'x + y'
    >>> formula_text(simplify(parse("2 (3x + 2) 3 - x (-x)"), for_view=True))
    '6(3x + 2) + x^2'
    """
    return rewrite(graph, FOR_VIEW if for_view else VALUE_SAFE)


def rewrite(graph: Graph, table: Sequence[Rewrite]) -> Graph:
    """The graph after the rules of one table."""
    for _ in range(_SWEEPS):
        build = Building(table, graph)
        new = build.swept()
        outputs = tuple(new[node] for node in graph.outputs)
        guards = tuple(Guard(new[guard.node], guard.outcome) for guard in graph.guards)
        graph = Graph(graph.inputs, outputs, guards, graph.name)
        if not build.passed_over:
            break
    return graph
