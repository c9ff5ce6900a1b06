"""What a derivation is: rules applied to terms, one after the other, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from chainrule.core.graph import Node
from chainrule.core.rule import Rule
from chainrule.passes.stepwise import replaced
from chainrule.views.derivation.differential import Differential
from chainrule.views.derivation.expression import Expression

__all__ = ["Detail", "Inner", "Part", "Step"]

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

    @cached_property
    def wholes(self) -> tuple[Expression, ...]:
        """The whole expression after each step."""
        done: dict[Node, Node] = {}
        found = []
        root = self.start.node
        for step in self.steps:
            if step.simplifies:
                root, done = step.after.node, {}
            else:
                done[step.before.node] = step.after.node
            found.append(replace(self.start, node=replaced(root, done)))
        return tuple(found)
