"""A derivative taken one rule at a time: forward mode over D[u], each step one rule applied to one term.

A step replaces D[term] by what a rule of calculus makes of it, in which D of the term's own operands may stand. It
takes the derivative from the entry that the engine runs, in the layout of textbooks where the rule has one. Terms are
taken outermost first, and a term that occurs again is not derived again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.core.derivative import Constant, Elementwise
from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.pending import is_pending, pending
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.core.shapes import elementwise
from chainrule.ops import rules
from chainrule.passes.simplify import simplify

__all__ = ["KNOWN", "Application", "Chain", "applications", "in_letters", "replaced"]

KNOWN = Rule("from above", "")
_NOTHING: Mapping[Any, Any] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """The chain rule in a step: f(u) is differentiated by u, then u by x.

    Attributes:
        inner: the inner function.
        letter: an input that stands for it.
        outer: the outer function of the letter.
        derivative: the derivative of the outer function by the letter.
    """

    inner: Node
    letter: Node
    outer: Node
    derivative: Node


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """One rule applied to one term.

    Attributes:
        rule: the rule.
        before: the term, D[...].
        after: what the rule makes of it; D of smaller terms may stand in it.
        letters: what was substituted for the letters of the rule's statement.
        chain: how the chain rule was used, where it was.
        depth: how many terms of which this is a part were derived before it.
    """

    rule: Rule
    before: Node
    after: Node
    letters: tuple[tuple[str, Node], ...]
    chain: Chain | None
    depth: int

    @property
    def elementary(self) -> bool:
        """A sum, a constant factor, or a term that leaves nothing to derive."""
        taken = is_pending(self.before) and not any(is_pending(node) for node in topological([self.after]))
        return taken or self.rule in _LINEAR


def applications(
    term: Node,
    x: Node,
    names: Mapping[Node, str] = _NOTHING,
    letters: Mapping[str, str] = _NOTHING,
    known: Mapping[Node, Node] = _NOTHING,
) -> Iterator[Application]:
    """The steps that take the derivative of `term` by the scalar input x, outermost first.

    Args:
        term: of the input x.
        x: a scalar input.
        names: parts of the term that are written as a name; the chain rule calls them so.
        letters: other letters for those of the rules.
        known: derivatives that were taken before.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> graph = parse("x^2 sin(3x)")
    >>> for step in applications(graph.outputs[0], graph.inputs[0]):
    ...     print(f"{step.rule.name}: {formula_text(step.before)} = {formula_text(step.after)}")
    product rule: (x^2 sin(3x))' = (x^2)' sin(3x) + x^2 (sin(3x))'
    power rule: (x^2)' = 2x
    derivative of the sine: (sin(3x))' = cos(3x) (3x)'
    derivative of a line: (3x)' = 3
    """
    return _Stepwise(term, x, names, letters, known).run()


def replaced(root: Node, new: Mapping[Node, Node], inside: bool = True) -> Node:
    """The term with nodes replaced, also inside what replaces them unless `inside` is False."""
    done: dict[Node, Node] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        if node in new and not inside:
            done[node] = new[node]
            continue
        needed = (new[node],) if node in new else node.operands
        missing = [operand for operand in needed if operand not in done]
        if missing:
            stack.extend(reversed(missing))
            continue
        stack.pop()
        if node in new:
            done[node] = done[new[node]]
        elif all(done[operand] is operand for operand in node.operands):
            done[node] = node
        else:
            operands = tuple(done[operand] for operand in node.operands)
            done[node] = Node(node.primitive, operands, node.parameters, node.shape, node.dtype, node.name, node.site)
    return done[root]


def in_letters(made: Application) -> tuple[Node, Node] | None:
    """Both sides of the rule of a step in the letters of its statement: D[u v] and D[u] v + u D[v].

    It is built from what the step applied, so it says what was applied. None for a rule that has no letters.
    """
    term, x = made.before.operands[:2]
    if term.primitive is None or not made.letters or made.rule in (rules.CONSTANT, rules.VARIABLE):
        return None
    names = [name for name, _ in made.letters]
    letters = [Node(None, (), {"name": name}, x.shape, x.dtype, name) for name in names]
    out = Node(term.primitive, tuple(letters), term.parameters, x.shape, x.dtype)
    if made.rule.layout is not None:
        return pending(out, x), made.rule.layout(building, lambda u: pending(u, x), out, *letters)
    moving = [x in topological([operand]) for operand in term.operands]
    if moving.count(True) != 1 or not isinstance(term.primitive.derivative, Elementwise):
        return None
    position = moving.index(True)
    factor = _outer(out, made.rule, position, letters, out)
    return pending(out, x), building.multiply(factor, pending(letters[position], x))


class _Stepwise:
    def __init__(
        self, term: Node, x: Node, names: Mapping[Node, str], letters: Mapping[str, str], known: Mapping[Node, Node]
    ) -> None:
        self.x = x
        self.term = term
        self.names = names
        self.letters = letters
        self.known = known
        self.active: dict[Node, bool] = {}
        self.linear: dict[Node, bool] = {}
        self.reaching: set[Node] = set()  # what x reaches, be it through steps
        self.derivatives: dict[Node, Node] = {}
        self.inner: set[Node] = set()  # pending derivatives of inner functions

    def run(self) -> Iterator[Application]:
        self._look_at(self.term)
        done: set[Node] = set()
        waiting = [(self._pending(self.term), 0)]
        while waiting:
            before, depth = waiting.pop()
            if before in done:
                continue
            done.add(before)
            made = self._applied(before, depth)
            yield made
            inside = [node for node in self._in_order(made.after) if node not in done]
            waiting.extend((node, depth + 1) for node in reversed(inside))

    def _look_at(self, term: Node) -> None:
        """Note for each node below a term whether it changes with x, and whether it is a line."""
        for node in topological([term]):
            if node in self.active:
                continue
            self.active[node] = node is self.x or (
                not _is_constant(node) and any(self.active[operand] for operand in node.operands)
            )
            if node is self.x or any(operand in self.reaching for operand in node.operands):
                self.reaching.add(node)
            self.linear[node] = not self.active[node] or node is self.x or self._keeps_lines(node)

    def _keeps_lines(self, node: Node) -> bool:
        """Whether a node is a line in x because its operands are: sums, and products with constants."""
        if node.primitive is None or not isinstance(node.primitive.derivative, Elementwise):
            return False
        moving = [i for i, operand in enumerate(node.operands) if self.active[operand]]
        if any(node.operands[i] in self.names for i in moving):
            return False  # its slope has steps of its own
        rule = _rule(node, [self.active[operand] for operand in node.operands])
        sums = all(partial in (1, -1) for partial in node.primitive.derivative.partials)
        return all(self.linear[node.operands[i]] for i in moving) and (sums or rule in _SCALING)

    def _pending(self, term: Node) -> Node:
        if term not in self.derivatives:
            self.derivatives[term] = pending(term, self.x)
        return self.derivatives[term]

    def _applied(self, before: Node, depth: int) -> Application:
        term = before.operands[0]
        if term not in self.active:
            self._look_at(term)  # a rule has made it: a quotient written as a power
        if term in self.known:
            return Application(KNOWN, before, self.known[term], (), None, depth)
        if term is self.x:
            return Application(rules.VARIABLE, before, constant(1.0), ((rules.VARIABLE.letters[0], term),), None, depth)
        if not self.active[term]:
            if term in self.reaching:
                return Application(rules.STEP, before, constant(0.0), (), None, depth)
            return Application(rules.CONSTANT, before, constant(0.0), ((self._letter("c"), term),), None, depth)
        if before in self.inner and self.linear[term]:
            return Application(rules.LINEAR_FUNCTION, before, self._slope(term), (), None, depth)
        return self._by_rule(before, term, depth)

    def _by_rule(self, before: Node, term: Node, depth: int) -> Application:
        assert term.primitive is not None  # an input is x or constant
        active = [self.active[operand] for operand in term.operands]
        values = [_value(operand) for operand in term.operands]
        rule = _rule(term, active)
        fits = len(rule.letters) == len(term.operands) and term.primitive.shape is elementwise
        letters = tuple(zip(map(self._letter, rule.letters), term.operands, strict=True)) if fits else ()
        if rule.layout is not None and fits:
            after = rule.layout(building, self._pending, term, *term.operands)
            return Application(rule, before, after, letters, None, depth)
        if active.count(True) == 1 and isinstance(term.primitive.derivative, Elementwise):
            position = active.index(True)
            inner = term.operands[position]
            factor = _outer(term, rule if fits else None, position, values, term)
            if inner is self.x:
                return Application(rule, before, factor, letters, None, depth)
            derivative = self._pending(inner)
            self.inner.add(derivative)
            chain = self._chain(term, rule, fits, position)
            return Application(rule, before, building.multiply(factor, derivative), letters, chain, depth)
        tangents = [
            self._pending(operand) if moves else None for operand, moves in zip(term.operands, active, strict=True)
        ]
        record = Record(term.primitive, [None] * len(values), values, term, term.parameters)
        after = term.primitive.derivative.push(building, record, tangents)
        return Application(rule, before, constant(0.0) if after is None else after, letters, None, depth)

    def _letter(self, letter: str) -> str:
        return self.letters.get(letter, letter)

    def _chain(self, term: Node, rule: Rule, fits: bool, position: int) -> Chain:
        inner = term.operands[position]
        name = self.names.get(inner) or self._letter("u")
        letter = Node(None, (), {"name": name}, inner.shape, inner.dtype, name)
        operands = [letter if i == position else operand for i, operand in enumerate(term.operands)]
        outer = Node(term.primitive, tuple(operands), term.parameters, term.shape, term.dtype)
        values = [_value(operand) for operand in operands]
        return Chain(inner, letter, outer, _outer(outer, rule if fits else None, position, values, outer))

    def _slope(self, term: Node) -> Node:
        """The derivative of a line, from its values at 1 and 0: a sum of constants."""
        slopes: dict[Node, Node | None] = {self.x: constant(1.0)}
        for node in topological([term]):
            if node in slopes:
                continue
            if not self.active[node]:
                slopes[node] = None
                continue
            assert node.primitive is not None
            rule = _rule(node, [self.active[operand] for operand in node.operands])
            if rule.layout is not None and len(rule.letters) == len(node.operands):
                slopes[node] = rule.layout(building, lambda u: slopes[u] or constant(0.0), node, *node.operands)
                continue
            record = Record(node.primitive, (), [_value(operand) for operand in node.operands], node, node.parameters)
            tangents = [slopes[operand] for operand in node.operands]
            slopes[node] = node.primitive.derivative.push(building, record, tangents)
        slope = slopes[term]
        assert slope is not None  # the term depends on x
        return simplify(Graph((self.x,), (slope,)), for_view=True).outputs[0]

    def _in_order(self, term: Node) -> list[Node]:
        """The pending derivatives in a term, as they are read from left to right; not those inside them."""
        found: list[Node] = []
        seen: set[Node] = set()
        stack = [term]
        while stack:
            node = stack.pop()
            if node in seen or node in self.active:  # in what was looked at there is nothing left to derive
                continue
            seen.add(node)
            if is_pending(node):
                found.append(node)
            else:
                stack.extend(reversed(node.operands))
        return found


_SCALING = (rules.FACTOR_IN_FRONT, rules.FACTOR_BEHIND, rules.DIVISOR, rules.UNIT)
_LINEAR = (rules.SUM, rules.DIFFERENCE, rules.MINUS, *_SCALING)


def _is_constant(node: Node) -> bool:
    return node.primitive is None or isinstance(node.primitive.derivative, Constant)


def _value(node: Node) -> Any:
    """A number is given to a rule as a number: rules ask for its type. One with a name keeps it."""
    unnamed = node.is_constant and isinstance(node.dtype, type) and not node.name
    return node.parameters["value"] if unnamed else node


def _rule(term: Node, active: Sequence[bool]) -> Rule:
    assert term.primitive is not None
    rule = term.primitive.rule or Rule(f"derivative of {term.primitive.name}", "as its author defined it")
    return rule.of(active)


def _outer(out: Node, rule: Rule | None, position: int, values: Sequence[Any], term: Node) -> Node:
    """The derivative of a function of one moving operand by this operand."""
    assert term.primitive is not None
    derivative = term.primitive.derivative
    assert isinstance(derivative, Elementwise)
    if rule is not None and rule.partial is not None:
        operands = [constant(v) if not isinstance(v, Node) else v for v in values]
        found = rule.partial(building, out, *operands, **term.parameters)
    else:
        partial = derivative.partials[position]
        found = partial(building, out, *values, **term.parameters) if callable(partial) else float(partial)
    return found if isinstance(found, Node) else constant(found)
