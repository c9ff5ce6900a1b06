"""The difference quotients of the parts of a term: what they are, and how one is expanded until its h cancels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from chainrule.core.graph import Graph, Node, topological
from chainrule.core.pending import pending_limit
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.passes.polynomials import Polynomial, added, polynomial
from chainrule.passes.simplify import rewrite
from chainrule.passes.stepwise import Application, replaced

__all__ = ["CANCEL", "LET", "PRODUCT", "Letters", "Moving", "Quotients"]

F = building
Moving = tuple[Node, bool]  # an operand, and whether it depends on x
Letters = Sequence[tuple[str, Node]]

EXPAND = Rule("expand", "what stands in parentheses is multiplied out")
CANCEL = Rule("cancel", "what is added and subtracted again is left out")
FACTOR_OUT = Rule("factor out h", "every term has a factor h, which the h below cancels")
LET = Rule("let h go to 0", "what is left is continuous in h")
PRODUCT = Rule("limit of a product", "lim (a b) = lim a lim b; a factor that does not depend on h stays")
_EXPANDED = 30  # terms: nobody reads a longer line
_LETTER = re.compile(r"\b[hku]\b")  # the letters of the rules that stand for something in particular


class Quotients:
    """The difference quotients of the parts of one term.

    Attributes:
        x, h: the variable and its change.
        opened: the limits that the steps so far have left to be taken, each with the term whose derivative it is.
    """

    def __init__(self, x: Node, h: Node, taken: frozenset[str]) -> None:
        self.x, self.h = x, h
        self.opened: list[tuple[Node, Node]] = []
        self._shifted = {x: F.add(x, h)}
        self._limits: dict[Node, Node] = {}
        free = [letter for letter in ("k", "u", "t", "s", "v", "w", "z", "p", "q") if letter not in (*taken, h.name)]
        self._letters = {"h": h.name, "k": "k" if "k" in free else free[-1], "u": "u" if "u" in free else free[-2]}

    @property
    def k(self) -> str:
        """The letter by which the change of an inner function is called."""
        return self._letters["k"]

    def step(self, rule: Rule, before: Node, after: Node, letters: Letters = ()) -> Application:
        """A step, its rule in the letters of this derivation: h is another one where the formula has an h."""
        if any(letter != name for letter, name in self._letters.items()):
            name, statement = (_LETTER.sub(lambda m: self._letters[m[0]], text) for text in (rule.name, rule.statement))
            rule = replace(rule, name=name, statement=statement)
        called = tuple((self._letters.get(letter, letter), node) for letter, node in letters)
        return Application(rule, before, after, called, None, 0)

    def moves(self, term: Node) -> bool:
        """Whether a term depends on x."""
        return any(node is self.x for node in topological([term]))

    def moved(self, term: Node) -> Node:
        """The term at x + h."""
        return replaced(term, self._shifted, inside=False)

    def rate(self, term: Node) -> Node:
        """The difference quotient of a term."""
        return F.divide(F.subtract(self.moved(term), term), self.h)

    def limit(self, term: Node) -> Node:
        """LIM of the difference quotient of a term, to be taken in its turn."""
        if term not in self._limits:
            self._limits[term] = pending_limit(self.rate(term), self.h)
        self.opened.append((self._limits[term], term))
        return self._limits[term]

    def going(self, term: Node) -> Node:
        """The limit of a term as h goes to 0."""
        return pending_limit(term, self.h)

    def at_zero(self, term: Node) -> Node:
        """The term with 0 for h; x + 0 is x."""
        return replaced(term, {self._shifted[self.x]: self.x}, inside=False)

    def change(self, inner: Node) -> Node:
        """k: by how much the inner function changes, expanded where it is a polynomial."""
        whole = self.expanded(inner)
        return F.subtract(self.moved(inner), inner) if whole is None else whole[0].plus(whole[1], -1).node

    def expanded(self, term: Node) -> tuple[Polynomial, Polynomial] | None:
        """The term at x + h and at x, if it is a polynomial in x that a person expands."""
        both = F.subtract(self.moved(term), term)
        moved = polynomial(both.operands[0], [self.x, self.h])
        still = polynomial(both.operands[1], [self.x, self.h])
        if moved is None or still is None or len(moved.terms) > _EXPANDED or moved.degree(self.h) > 8:
            return None
        return moved, still

    def by_expanding(
        self, limit: Node, written: Node, difference: Polynomial, below: Node | None = None, last: Node | None = None
    ) -> Iterator[Application]:
        """Expand, cancel, factor out h, let h go to 0.

        Args:
            limit: the limit of a quotient over h.
            written: what stands above the line, multiplied out.
            difference: the same with what cancels left out.
            below: what else stands below the line.
            last: the same for h = 0.
        """

        def over_h(above: Node) -> Node:
            return F.divide(above, self.h if below is None else F.multiply(self.h, below))

        def over(above: Node, below: Node | None) -> Node:
            return above if below is None else F.divide(above, below)

        first = limit
        if not _same(limit.operands[0], over_h(written)):
            first = self.going(over_h(written))
            yield self.step(EXPAND, limit, first)
        cancelled = self.going(over_h(difference.node))
        yield self.step(CANCEL, first, cancelled)
        rest = difference.over(self.h)
        assert rest is not None  # the difference vanishes at h = 0
        without = self.going(over(rest.node, below))
        yield self.step(FACTOR_OUT, cancelled, without)
        if last is None and below is not None:
            last = self.at_zero(below)
        yield self.step(LET, without, over(rest.at_zero(self.h).node, last))

    def expanding(self, limit: Node, term: Node) -> Iterator[Application] | None:
        """The steps for the difference quotient of a polynomial; None for another term."""
        whole = self.expanded(term)
        if whole is None:
            return None
        return self.by_expanding(limit, added(whole[0].node, whole[1], -1), whole[0].plus(whole[1], -1))

    def times_rate(self, factor: Node, inner: Node) -> Node:
        """A factor times the limit of an inner function's difference quotient, which is 1 for x itself."""
        return factor if inner is self.x else F.multiply(factor, self.limit(inner))

    def standard(self, rule: Rule, term: Callable[[Node], Node], k: Node, value: Node) -> tuple[Node, Application]:
        """A standard limit in k, and the step that takes it."""
        limit = self.going(term(k))
        return limit, self.step(rule, limit, value, (("k", k),))


def _same(one: Node, other: Node) -> bool:
    """Whether two terms are built alike, up to the order of two terms or factors."""
    shared = rewrite(Graph((), (one, other)), ())
    return shared.outputs[0] is shared.outputs[1]
