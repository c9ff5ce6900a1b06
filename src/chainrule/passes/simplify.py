"""Simplify a graph: share what is equal and apply a table of rewrite rules.

The nodes are taken once, operands first, and each is built from operands that are simplified already; what a rule
builds is simplified as it is built. So one sweep reaches the fixed point, in time linear in the size of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from chainrule.core.graph import Graph, Guard, Node
from chainrule.passes.algebra import ALGEBRA
from chainrule.passes.building import Building
from chainrule.passes.economy import ECONOMY
from chainrule.passes.plumbing import PLUMBING
from chainrule.passes.pruning import PRUNING
from chainrule.passes.rewrites import VALUE_SAFE, Rewrite, number

__all__ = ["FOR_RUNNING", "FOR_VIEW", "RewriteStep", "rewrite", "rewrite_steps", "simplify"]

# A fraction such as 2/3 is not folded for a reader. Sums of sizes are letters before they are numbers.
FOR_VIEW = (*PLUMBING, *VALUE_SAFE[1:], *ALGEBRA)

FOR_RUNNING = (*VALUE_SAFE, *PRUNING, *ECONOMY)

_SWEEPS = 3  # what was used twice, and left whole for that, may be used once after a sweep


def simplify(graph: Graph, for_view: bool = False, author: Graph | None = None) -> Graph:
    """The graph with equal parts shared and the rules applied.

    Args:
        graph: any graph.
        for_view: also apply the algebraic rules, which hold in stated domains and turn sizes into letters. The result
            is for reading: it is equal at the shapes that the graph was made for, to rounding.
        author: the formula that the graph was made from: its sums stay as they are, and its letters give the order.

    Returns:
        A graph with the same inputs. Without `for_view` it has the same values at any shapes, to rounding and to the
        sign of a zero.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> formula_text(simplify(parse("1 x^1 - (-y) + 0")))
    'x + y'
    >>> formula_text(simplify(parse("2 (3x + 2) 3 - x (-x)"), for_view=True))
    'x^2 + 18x + 12'
    """
    return rewrite(graph, FOR_VIEW, author) if for_view else rewrite(graph, VALUE_SAFE)


def simplify_to_run(graph: Graph, parts: Sequence[Node] = ()) -> tuple[Graph, list[Node]]:
    """The graph as it is emitted: with as few operations as values allow, and names handed on to what nodes become.

    Its derivative would be longer than that of what `simplify` gives, which shares more.

    Args:
        graph: any graph.
        parts: nodes of interest, which the graph need not use.

    Returns:
        The graph, and what became of those parts that it still uses.
    """
    followed = list(parts)
    simpler = _rewritten(graph, FOR_RUNNING, None, None, followed)
    used = set(simpler.nodes)
    return simpler, [node for node in followed if node in used]


def rewrite(graph: Graph, table: Sequence[Rewrite], author: Graph | None = None) -> Graph:
    """The graph after the rules of one table."""
    return _rewritten(graph, table, author, None)


def rewrite_steps(graph: Graph, table: Sequence[Rewrite] = FOR_VIEW, author: Graph | None = None) -> list[RewriteStep]:
    """The steps in which the rules of a table rewrite a graph of one output, in order; `author` as for `simplify`.

    What a rule builds is simplified as it is built, so a step may do more than its rule says. One that changes the
    grouping of a product only, x (2 y) to 2 (x y), may be written as the same line.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> for step in rewrite_steps(parse("(x (x^2 + 1) - (x^2 - 1) x)/(x^2 + 1)^2")):
    ...     print(f"{step.rule.name}: {formula_text(step.part)} = {formula_text(step.becomes)}")
    ...     print("  ", formula_text(step.after))
    usual order: (x^2 - 1) x = x (x^2 - 1)
       (x (x^2 + 1) - x (x^2 - 1))/(x^2 + 1)^2
    multiply out: x (x^2 + 1) - x (x^2 - 1) = 2x
       2x/(x^2 + 1)^2
    """
    steps: list[RewriteStep] = []
    _rewritten(graph, table, author, steps)
    return steps


@dataclass(frozen=True, slots=True, eq=False)
class RewriteStep:
    """One rule applied to one part of a formula.

    Attributes:
        rule: the rule; its name and its statement say what was done.
        part: what it was applied to.
        becomes: what it made of it.
    """

    rule: Rewrite
    part: Node
    becomes: Node
    _graph: Graph
    _position: int
    _new: Mapping[Node, Node]

    @property
    def before(self) -> Node:
        """The whole formula before the step."""
        return self._whole(self.part)

    @property
    def after(self) -> Node:
        """The whole formula after the step."""
        return self._whole(self.becomes)

    def _whole(self, part: Node) -> Node:
        whole: dict[Node, Node] = {}
        for i, node in enumerate(self._graph.nodes):
            operands = tuple([whole[operand] for operand in node.operands])
            if i < self._position:
                whole[node] = self._new[node]
            elif i == self._position:
                whole[node] = part
            elif all(new is old for new, old in zip(operands, node.operands, strict=True)):
                whole[node] = node
            else:
                whole[node] = Node(node.primitive, operands, node.parameters, node.shape, node.dtype, node.name)
        return whole[self._graph.outputs[0]]


def _rewritten(
    graph: Graph,
    table: Sequence[Rewrite],
    author: Graph | None,
    steps: list[RewriteStep] | None,
    followed: list[Node] | None = None,
) -> Graph:
    """The graph after the rules; nodes that are followed are replaced by what became of them, and names kept."""
    for _ in range(_SWEEPS):
        build = Building(table, graph, author, naming=followed is not None)
        new: dict[Node, Node] = {}
        if steps is not None:
            build.observe = partial(_note, steps, graph, new)
        build.sweep(new)
        outputs = tuple(new[node] for node in graph.outputs)
        guards = tuple(Guard(new[guard.node], guard.outcome) for guard in graph.guards)
        graph = Graph(graph.inputs, outputs, guards, graph.name)
        if followed:
            followed[:] = [new[node] for node in followed if node in new]
        if not build.passed_over:
            break
    return graph


def _note(
    steps: list[RewriteStep], graph: Graph, new: dict[Node, Node], rule: Rewrite, part: Node, becomes: Node
) -> None:
    if not _written_alike(part, becomes):
        steps.append(RewriteStep(rule, part, becomes, graph, len(new), new))


def _written_alike(x: Node, y: Node) -> bool:
    """Whether two terms differ in nothing that is written: 1 and 1.0 do not."""
    waiting = [(x, y)]
    while waiting:
        x, y = waiting.pop()
        if x is y:
            continue
        if x.primitive is not y.primitive or len(x.operands) != len(y.operands):
            return False
        if x.primitive is None and (number(x) is None or number(x) != number(y)):
            return False
        waiting += zip(x.operands, y.operands, strict=True)
    return True
