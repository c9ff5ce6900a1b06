"""What a derivation is: rules applied to terms, one after the other, each with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from chainrule.core.graph import Graph, Node
from chainrule.core.pending import is_pending, is_pending_limit
from chainrule.core.rule import Rule
from chainrule.passes.named_steps import times_written
from chainrule.passes.stepwise import replaced
from chainrule.views.derivation.differential import Differential
from chainrule.views.derivation.expression import Expression

__all__ = ["Content", "Detail", "Inner", "Moment", "Part", "Step"]

Detail = Literal["brief", "standard", "every"]


@dataclass(frozen=True, eq=False)
class Inner:
    """How a step used the chain rule: the outer function is differentiated by u, then u by x.

    Attributes:
        letter: u.
        function: the inner function, which u stands for.
        outer: the outer function of u.
        taken: the derivative of the outer function by u, still to be taken.
        derivative: the same, taken.
    """

    letter: Expression
    function: Expression
    outer: Expression
    taken: Expression
    derivative: Expression


@dataclass(frozen=True, eq=False)
class Step:
    """One rule applied to one term.

    Attributes:
        rule: the rule, with its name and its statement in letters.
        before: the term.
        after: what the rule makes of it.
        evidence: how it was checked that both are equal.
        substitution: what stands for the letters of the statement.
        statement: both sides of the rule in these letters, where it has such a form.
        inner: how the chain rule was used, where it was.
        depth: how many terms of which this is a part were taken up before it.
        elementary: a sum, a constant factor, a term that leaves nothing to derive, or a rewriting of the result.
        simplifies: it takes no derivative, but brings the result to another form.
        part: of such a step, what was rewritten in the whole expression, and what it became.
        stated: of such a step too the statement of its rule is shown.
    """

    rule: Rule
    before: Expression
    after: Expression
    evidence: Any
    substitution: tuple[tuple[str, Expression], ...] = ()
    statement: tuple[Expression, Expression] | None = None
    inner: Inner | None = None
    depth: int = 0
    elementary: bool = False
    simplifies: bool = False
    part: tuple[Expression, Expression] | None = None
    stated: bool = False

    def __str__(self) -> str:
        return f"{self.rule.name}: {self.before.text()} = {self.after.text()}"


@dataclass(frozen=True, eq=False)
class Part:
    """One derivative: of one expression by one variable.

    Attributes:
        of: what is differentiated.
        by: the variable.
        path: the variables that were differentiated by, this one last: more than one for a derivative of a derivative.
        start: the derivative, still to be taken.
        steps: the rules in the order they were applied.
        result: the derivative.
        evidence: how it was checked that the result is the derivative that the reverse pass gives.
        value: its value at the point given, or None.
        function: the name of the function.
        differential: where the derivative is a gradient that was derived by a differential.
        note: what is special at the point: a kink, a place where the function is not defined.
        by_term: each line is about the term that its step rewrites: of a large function, whose whole is too long to be
            repeated.
        whole: where the variable is a component of an array, this array.
        instead: the sizes at which the steps were checked in place of those given, in words; "" where they are these.
    """

    of: Expression
    by: Node
    path: tuple[str, ...]
    start: Expression
    steps: tuple[Step, ...]
    result: Expression
    evidence: Any
    value: Any = None
    function: str = "f"
    differential: Differential | None = None
    note: str = ""
    by_term: bool = False
    whole: Node | None = None
    instead: str = ""

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """The derivation after each step."""
        done: dict[Node, Node] = {}
        values: dict[Node, Expression] = {}
        found = []
        root = line = self.start.node
        for step in self.steps:
            places = times_written(line).get(step.before.node, 0)
            if step.simplifies:
                root, done = step.after.node, {}
            else:
                done[step.before.node] = step.after.node
            again = [node for node in _taken_up(step.after.node) if node in done] if not step.simplifies else []
            for node in again:
                values[node] = replace(step.after, node=replaced(node, done))
            line = replaced(root, done)
            repeated = tuple((replace(step.after, node=node), values[node]) for node in again)
            found.append(Moment(replace(step.after, node=line), places, repeated))
        return tuple(found)

    @property
    def wholes(self) -> tuple[Expression, ...]:
        """The whole expression after each step."""
        return tuple(moment.whole for moment in self.moments)


def _taken_up(term: Node) -> list[Node]:
    """The derivatives that stand in a term, not those inside them."""
    found: list[Node] = []
    seen: set[Node] = set()
    stack = [term]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if is_pending(node) or is_pending_limit(node):
            found.append(node)
        else:
            stack.extend(reversed(node.operands))
    return found


@dataclass(frozen=True, eq=False)
class Moment:
    """A derivation after one of its steps.

    Attributes:
        whole: the whole expression.
        places: in how many places the term stood that the step replaced.
        repeated: derivatives that the step leads to and that were taken before, each with what it is.
    """

    whole: Expression
    places: int
    repeated: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, eq=False)
class Content:
    """All that a derivation says, however it is written.

    Attributes:
        function: the function, as a graph.
        formula: the function as it is written; of several, the first.
        name: what it is called.
        parts: one for each derivative, in the order in which they were taken.
        detail: how much of it is shown: "brief", "standard", "every".
        names: parts of the function that are written as a name, with their names.
        at: the point at which the values stand, by name.
        components: where the function has several values, the name of each and what it is.
        notes: how the formula was read where people read in several ways.
        order: how many times it was differentiated.
    """

    function: Graph
    formula: Expression
    name: str
    parts: tuple[Part, ...]
    detail: Detail
    names: Mapping[Node, str]
    at: Mapping[str, Any]
    components: tuple[tuple[str, Expression], ...] = ()
    notes: tuple[str, ...] = ()
    order: int = 1
